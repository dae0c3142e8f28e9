/**
 * One bad item hurts one item: work on a batch that throws is done again on its halves, until whoever is at fault stands alone. It
 * costs nothing while nothing throws, and about 2·log2(n) repeats for one culprit, so what is done must be repeatable.
 */
import { isPassing } from './errors.ts';

/**
 * Does `work` on all of `items`; returns what it came to for each part, in order. An item that fails by itself goes to `alone`,
 * whose word it then is. What says nothing of the items (a lost database, a deadlock, or what `isOfAll` names) is thrown on.
 */
export async function apart<T, R>(
  items: readonly T[],
  work: (part: readonly T[]) => Promise<R>,
  alone: (item: T, error: unknown) => Promise<R> | R,
  isOfAll: (error: unknown) => boolean = () => false,
): Promise<R[]> {
  try {
    return [await work(items)];
  } catch (error) {
    if (isPassing(error) || isOfAll(error) || items.length === 0) throw error;
    if (items.length === 1) return [await alone(items[0]!, error)];
    const half = Math.ceil(items.length / 2);
    const first = await apart(items.slice(0, half), work, alone, isOfAll);
    return [...first, ...(await apart(items.slice(half), work, alone, isOfAll))];
  }
}
