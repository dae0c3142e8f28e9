/** `parley import`: a CSV sent as it is read, with what the server says of it. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { monotonicMs } from '../base/clock.ts';
import { authorization, reasonOf, refusal, type Api } from './api.ts';
import { CommandFailure, say } from './failure.ts';
import { countText, createFileProgress, timeText } from './progress.ts';
import { connect, type ConnectedTarget, type TargetFlags } from './target.ts';

type Flags = TargetFlags & { list?: string; tag?: string[]; country?: string; encoding?: string };

/** What the server says while it imports. */
type Line = {
  /** How much of the file it has taken. */
  bytes: number;
  rows: number;
  created: number;
  updated: number;
  rejected: number;
  done?: boolean;
  faults?: { line: number; field: string; rule: string }[];
  /** Where the file could be read no further. */
  stopped?: { line: number; reason: string };
  error?: { message: string };
};

const FAULTS_SHOWN = 20;

/** Sends a file of contacts. */
export async function importFile(file: string, flags: Flags): Promise<void> {
  const sizeBytes = await sizeOf(file);
  const server = await connect(flags);
  const query = new URLSearchParams((flags.tag ?? []).map((tag): [string, string] => ['tag', tag]));
  if (flags.list !== undefined) query.set('listId', await listNamed(server, flags.list));
  if (flags.country !== undefined) query.set('country', flags.country);
  if (flags.encoding !== undefined) query.set('encoding', flags.encoding);
  const startMs = monotonicMs();
  const last = await send(server, query, file, sizeBytes);
  if (last.error) throw new CommandFailure(last.error.message);
  if (!last.done) throw new CommandFailure('The server broke off; sending the file again doubles nothing.');
  for (const { line, field, rule } of last.faults?.slice(0, FAULTS_SHOWN) ?? [])
    say(`line ${line}: ${field} ${rule}`);
  const more = last.rejected - Math.min(FAULTS_SHOWN, last.faults?.length ?? 0);
  if (more > 0) say(`and ${countText(more)} more`);
  const tookMs = monotonicMs() - startMs;
  say(
    `${countText(last.rows)} rows in ${timeText(tookMs)}: ${countText(last.created)} created, ` +
      `${countText(last.updated)} updated, ${countText(last.rejected)} rejected`,
  );
  if (last.stopped)
    throw new CommandFailure(
      `Stopped at line ${last.stopped.line}: it ${last.stopped.reason}. That line and all after it were not imported.`,
    );
}

/** The bytes of a file; a failure where there is none. */
export async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size;
  } catch (error) {
    throw new CommandFailure(`${file}: ${(error as Error).message}`);
  }
  throw new CommandFailure(`${file} is not a file`);
}

/** The list by that name, made when there is none. */
export async function listNamed({ api, base }: { api: Api; base: string }, name: string): Promise<string> {
  const { lists } = await api.get<{ lists: { id: string; name: string }[] }>(`${base}/lists`);
  const found = lists.find((list) => list.name === name);
  return (found ?? (await api.post<{ id: string }>(`${base}/lists`, { name }))).id;
}

async function send(
  { target, base }: ConnectedTarget,
  query: URLSearchParams,
  file: string,
  sizeBytes: number,
): Promise<Line> {
  const progress = createFileProgress(sizeBytes, 'rows');
  let last: Line = { bytes: 0, rows: 0, created: 0, updated: 0, rejected: 0 };
  try {
    const answer = await request(`${target.url}${base}/contacts/import?${query.toString()}`, {
      method: 'POST',
      // An import takes as long as it takes; the server speaks up four times a second.
      dispatcher: new Agent({ headersTimeout: 0, bodyTimeout: 120_000 }),
      headers: { ...authorization(target), 'content-type': 'text/csv', 'content-length': String(sizeBytes) },
      body: createReadStream(file, { highWaterMark: 256 * 1024 }),
    });
    if (answer.statusCode >= 400) throw new CommandFailure(refusal(await answer.body.text()));
    for await (const line of createInterface({ input: answer.body })) {
      last = { ...last, ...(JSON.parse(line) as Line) };
      progress('show', last.bytes, last.rows);
    }
    progress('end', last.bytes, last.rows);
    return last;
  } catch (error) {
    throw brokenOff(error);
  }
}

/** How sending a file ended before its end. */
export function brokenOff(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  return new CommandFailure(
    `The import was broken off: ${reasonOf(error)} Sending the file again doubles nothing.`,
  );
}
