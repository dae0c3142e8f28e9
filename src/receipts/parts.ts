/** What a provider tells of at once, taken in part by part, so that very much of it holds up nobody else. */

/** As much as Meta tells of at the most. */
const MOST_AT_ONCE = 1_000;

/** Does it for each part, one after the other; where one fails, the rest waits for the provider to come again. */
export async function inParts<T>(
  all: readonly T[],
  take: (part: readonly T[]) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < all.length; from += MOST_AT_ONCE)
    await take(all.slice(from, from + MOST_AT_ONCE));
}
