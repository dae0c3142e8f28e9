/** Lots that fall the same way each time they are drawn. Pure. */
import { hash32 } from '../../base/crypto.ts';

/**
 * One of weighted ways, by a hash: the same for the same text, always, in whichever order they are written. They are taken in the order in which
 * the store keeps them.
 */
export function drawn(given: Readonly<Record<string, number>>, text: string): string {
  const inOrder = Object.entries(given).toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  const weights = Object.fromEntries(inOrder);
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  let left = ((hash32(text) >>> 0) / 2 ** 32) * total;
  for (const [key, weight] of Object.entries(weights)) {
    left -= weight;
    if (left < 0) return key;
  }
  return Object.keys(weights).at(-1)!;
}
