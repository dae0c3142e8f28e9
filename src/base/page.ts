/**
 * Pages of lists. A list is asked for one row more than a page shows: where that row comes there is another page, and no count is needed to
 * know it. Pure.
 */

/** A page of what was found; `last` is its last row where the list goes on behind it. `found` was asked for one row more than `limit`. */
export function cutPage<T>(found: readonly T[], limit: number): { rows: T[]; last: T | undefined } {
  const rows = found.slice(0, limit);
  return { rows, last: found.length > limit ? rows.at(-1) : undefined };
}
