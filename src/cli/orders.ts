/**
 * `parley orders import`: orders of a file, one JSON object a line as `POST …/orders` takes them, told in batches as it is read. Nothing
 * is set off by them unless that is asked for. Each batch has an Idempotency-Key of its own content and place, so that the same file sent
 * again within a day doubles nothing; an order with a reference that is there already is left as it is, whenever that is.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { request } from 'undici';
import { authorization, refusal } from './api.ts';
import { CommandFailure, say } from './failure.ts';
import { brokenOff, sizeOf } from './import.ts';
import { countText, createFileProgress } from './progress.ts';
import { connect, type ConnectedTarget, type TargetFlags } from './target.ts';

type Flags = TargetFlags & { live?: boolean; connectId?: string; userId?: string };

type Line = { at: number; order: object };
type Taken = { created: number; refused: number; results: { error?: Refused }[] };
type Refused = { code: string; message: string; field?: string };

/** Orders in one call. */
const BATCH = 500;
const FAULTS_SHOWN = 20;

/** Sends a file of orders. */
export async function importOrders(file: string, flags: Flags): Promise<void> {
  const sizeBytes = await sizeOf(file);
  const server = await connect(flags);
  const totals = { read: 0, created: 0, there: 0, refused: 0, bytes: 0 };
  const faults: string[] = [];
  const progress = createFileProgress(sizeBytes, 'orders');
  const refuse = (at: number, message: string) => {
    totals.refused++;
    if (faults.length < FAULTS_SHOWN) faults.push(`line ${at}: ${message}`);
  };
  const send = async (batch: readonly Line[], place: number) => {
    const { results } = await tell(server, flags, batch, place);
    for (const [i, { error }] of results.entries()) {
      if (!error) totals.created++;
      else if (isThere(error)) totals.there++;
      else refuse(batch[i]!.at, error.message.replace(/^orders\[\d+\]\.?/, ''));
    }
    progress('show', totals.bytes, totals.read);
  };
  let batch: Line[] = [];
  let batches = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    totals.bytes += Buffer.byteLength(text) + 1;
    totals.read++;
    const order = orderIn(text);
    if (order === undefined) totals.read--;
    else if (typeof order === 'string') refuse(totals.read, order);
    else if (batch.push({ at: totals.read, order }) === BATCH) {
      await send(batch, batches++);
      batch = [];
    }
  }
  if (batch.length) await send(batch, batches);
  progress('end', totals.bytes, totals.read);
  tellResult(totals, faults);
}

function tellResult(
  { created, there, refused }: { created: number; there: number; refused: number },
  faults: readonly string[],
): void {
  const parts = [
    `${countText(created)} told`,
    ...(there ? [`${countText(there)} there already`] : []),
    ...(refused ? [`${countText(refused)} refused`] : []),
  ];
  say(`${parts.join(', ')}.`);
  for (const one of faults) say(`  ${one}`);
  if (refused > faults.length) say(`  … and ${countText(refused - faults.length)} more`);
  if (refused)
    throw new CommandFailure(
      `${countText(refused)} orders were refused; sending the file again tells only those anew.`,
    );
}

/** Whether an order was refused since another has its reference; one that can be none is a bad request. */
function isThere({ code, field }: Refused): boolean {
  return code === 'unprocessable' && field?.endsWith('.reference') === true;
}

/** The order on a line; a text says why there is none, undefined that there is nothing. */
function orderIn(text: string): object | string | undefined {
  if (!text.trim()) return undefined;
  try {
    const order: unknown = JSON.parse(text);
    return typeof order === 'object' && order !== null && !Array.isArray(order)
      ? order
      : 'must be a JSON object';
  } catch {
    return 'is no JSON';
  }
}

async function tell(
  { target, base }: ConnectedTarget,
  { live = false, connectId, userId }: Flags,
  batch: readonly Line[],
  place: number,
): Promise<Taken> {
  const orders = batch.map(({ order }) => (live ? order : { quiet: true, ...order }));
  const body = JSON.stringify({ referencesOnce: true, orders });
  const query = new URLSearchParams();
  if (connectId !== undefined) query.set('connectId', connectId);
  if (userId !== undefined) query.set('userId', userId);
  const key = createHash('sha256').update(`${place} ${query.toString()} ${body}`).digest('hex');
  try {
    const answer = await request(
      `${target.url}${base}/orders/batch${query.size ? `?${query.toString()}` : ''}`,
      {
        method: 'POST',
        headers: { ...authorization(target), 'content-type': 'application/json', 'idempotency-key': key },
        body,
      },
    );
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new CommandFailure(refusal(text));
    return JSON.parse(text) as Taken;
  } catch (error) {
    throw brokenOff(error);
  }
}
