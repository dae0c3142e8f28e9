/**
 * Callbacks in a flood: after a broadcast a provider makes a call for each message. What comes while a transaction is under way
 * waits for the next one and goes into it together, so that the dearer a transaction is, the more it takes along; each call is
 * still answered when its own part is committed. Alone, a call waits for nobody.
 */
import type { Receipt } from '../channels/adapter.ts';
import { isConnectionLost } from '../db/pool.ts';

/** Takes receipts in; resolves when they are committed. */
export type TakeReceipts = (integrationId: number, receipts: readonly Receipt[]) => Promise<void>;

/** Receipts in one transaction, at most. */
const MOST_TOGETHER = 500;

/** The same, together with others of the same integration. */
export function gatherReceipts(take: TakeReceipts): TakeReceipts {
  const one = gather<readonly Receipt[], void>(async (integrationId, calls) => {
    await take(integrationId, calls.flat());
    return calls.map(() => undefined);
  }, receiptsTogether);
  return one;
}

type Waiting<T, R> = { item: T; resolve: (result: R) => void; reject: (error: Error) => void };

/**
 * What `take` does for many of one integration, asked for one at a time. It answers in the order of what it was given; `together`
 * says how many from the front of those that wait may go at once.
 */
export function gather<T, R>(
  take: (integrationId: number, items: readonly T[]) => Promise<readonly R[]>,
  together: (waiting: readonly T[]) => number,
): (integrationId: number, item: T) => Promise<R> {
  const lines = new Map<number, Waiting<T, R>[]>();

  async function settle(integrationId: number, batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const items = batch.map(({ item }) => item);
      const results = await take(integrationId, items);
      batch.forEach(({ resolve }, at) => resolve(results[at]!));
    } catch (error) {
      // One that cannot be stored does not keep the others from it; without a database nothing is tried twice.
      if (batch.length > 1 && !isConnectionLost(error))
        for (const one of batch) await settle(integrationId, [one]);
      else for (const { reject } of batch) reject(error as Error);
    }
  }

  async function work(integrationId: number, line: Waiting<T, R>[]): Promise<void> {
    while (line.length) await settle(integrationId, line.splice(0, together(line.map(({ item }) => item))));
    lines.delete(integrationId);
  }

  return (integrationId, item) =>
    new Promise((resolve, reject) => {
      const one = { item, resolve, reject };
      const line = lines.get(integrationId);
      if (line) return void line.push(one);
      const begun = [one];
      lines.set(integrationId, begun);
      return void work(integrationId, begun);
    });
}

/**
 * Two receipts of one delivery do not go together: of those in one transaction only the furthest is told, and what was delivered and
 * then read would never have been delivered.
 */
function receiptsTogether(waiting: readonly (readonly Receipt[])[]): number {
  const refs = new Set<string | undefined>();
  let count = 0;
  let end = 0;
  for (const receipts of waiting) {
    const names = receipts.map(({ ref }) => ref);
    count += receipts.length;
    if (end > 0 && (count > MOST_TOGETHER || names.some((ref) => refs.has(ref)))) break;
    for (const ref of names) refs.add(ref);
    end++;
  }
  return end;
}
