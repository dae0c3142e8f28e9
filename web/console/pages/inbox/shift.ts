/** How a list moves under who reads it. Pure. */

/** Which row stands first in view, and where it goes: what `useHoldPlace` decides, without a page. */
export function shiftOf(
  before: readonly string[],
  after: readonly string[],
  first: number,
): { rows: number; fresh: string[] } {
  // The first row in view that is still there is what one reads.
  const at = before.findIndex((id, n) => n >= first && after.includes(id));
  if (at < 0) return { rows: 0, fresh: [] };
  const now = after.indexOf(before[at]!);
  const above = new Set(before.slice(0, at));
  return { rows: now - at, fresh: after.slice(0, now).filter((id) => !above.has(id)) };
}
