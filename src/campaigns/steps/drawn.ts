/** Lots that fall the same way each time they are drawn. Pure. */
import { hash32 } from '../../base/crypto.ts';

/** One of weighted ways, by a hash: the same for the same text, always. */
export function drawn(weights: Readonly<Record<string, number>>, text: string): string {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  let left = ((hash32(text) >>> 0) / 2 ** 32) * total;
  for (const [key, weight] of Object.entries(weights)) {
    left -= weight;
    if (left < 0) return key;
  }
  return Object.keys(weights).at(-1)!;
}
