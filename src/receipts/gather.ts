/**
 * Receipts in a flood: after a broadcast a provider makes a call for each message. What comes while a transaction is under way
 * waits for the next one and goes into it together, so that the dearer a transaction is, the more it takes along; each call is
 * still answered when its own receipt is committed. Alone, a receipt waits for nobody.
 */
import type { Receipt } from '../channels/adapter.ts';
import { isConnectionLost } from '../db/pool.ts';

/** Takes receipts in; resolves when they are committed. */
export type TakeReceipts = (integrationId: number, receipts: readonly Receipt[]) => Promise<void>;

/** Receipts in one transaction, at most. */
const MOST_TOGETHER = 500;

type Waiting = { receipts: readonly Receipt[]; settle: (error?: Error) => void };

/** The same, together with others of the same integration. */
export function gatherReceipts(take: TakeReceipts): TakeReceipts {
  const lines = new Map<number, Waiting[]>();

  async function work(integrationId: number, line: Waiting[]): Promise<void> {
    while (line.length) {
      const batch = nextOf(line);
      const error = await failureOf(take(integrationId, receiptsOf(batch)));
      // One that cannot be stored does not keep the others from it; without a database nothing is tried twice.
      if (error && batch.length > 1 && !isConnectionLost(error))
        for (const one of batch) one.settle(await failureOf(take(integrationId, one.receipts)));
      else for (const one of batch) one.settle(error);
    }
    lines.delete(integrationId);
  }

  return (integrationId, receipts) =>
    new Promise((resolve, reject) => {
      const settle = (error?: Error) => (error ? reject(error) : resolve());
      const line = lines.get(integrationId);
      if (line) return void line.push({ receipts, settle });
      const begun = [{ receipts, settle }];
      lines.set(integrationId, begun);
      return void work(integrationId, begun);
    });
}

/**
 * Takes from a line what goes together. Two receipts of one delivery do not: of those in one transaction only the furthest is
 * told, and what was delivered and then read would never have been delivered.
 */
function nextOf(line: Waiting[]): Waiting[] {
  const refs = new Set<string | undefined>();
  let count = 0;
  let end = 0;
  for (const { receipts } of line) {
    const names = receipts.map(({ ref }) => ref);
    count += receipts.length;
    if (end > 0 && (count > MOST_TOGETHER || names.some((ref) => refs.has(ref)))) break;
    for (const ref of names) refs.add(ref);
    end++;
  }
  return line.splice(0, end);
}

function receiptsOf(batch: readonly Waiting[]): readonly Receipt[] {
  return batch.flatMap(({ receipts }) => receipts);
}

async function failureOf(work: Promise<void>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
