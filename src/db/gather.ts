/**
 * Calls in a flood: what comes while a transaction is under way waits for the next one and goes into it together, so that the dearer
 * a transaction is, the more it takes along; each call is still answered when its own part is committed. Alone, a call waits for
 * nobody. Knows nothing of what is done.
 */
import { isPassing } from './errors.ts';

type Waiting<T, R> = { item: T; resolve: (result: R) => void; reject: (error: Error) => void };

/**
 * What `take` does for many of one key, asked for one at a time. It answers in the order of what it was given; `together` says how
 * many from the front of those that wait may go at once, at least one. One that cannot be stored is found by trying each alone; what
 * passes (`isPassing`) says nothing of any of them, and is told to all.
 */
export function gather<T, R>(
  take: (key: number, items: readonly T[]) => Promise<readonly R[]>,
  together: (waiting: readonly T[]) => number,
): (key: number, item: T) => Promise<R> {
  const lines = new Map<number, Waiting<T, R>[]>();

  async function settle(key: number, batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const items = batch.map(({ item }) => item);
      const results = await take(key, items);
      batch.forEach(({ resolve }, at) => resolve(results[at]!));
    } catch (error) {
      // One that cannot be stored does not keep the others from it; without a database nothing is tried twice.
      if (batch.length > 1 && !isPassing(error)) for (const one of batch) await settle(key, [one]);
      else for (const { reject } of batch) reject(error as Error);
    }
  }

  async function work(key: number, line: Waiting<T, R>[]): Promise<void> {
    while (line.length) await settle(key, line.splice(0, together(line.map(({ item }) => item))));
    lines.delete(key);
  }

  return (key, item) =>
    new Promise((resolve, reject) => {
      const one = { item, resolve, reject };
      const line = lines.get(key);
      if (line) return void line.push(one);
      const begun = [one];
      lines.set(key, begun);
      return void work(key, begun);
    });
}
