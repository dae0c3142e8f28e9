/** How far a list grows as one scrolls. Pure. */

/** Rows below which more are asked for. */
const AHEAD_ROWS = 15;
/** Nobody reads on from here; who has come so far looks for something, and finds it by a filter. */
export const MOST_ROWS = 50_000;

type Loaded = { loaded: number; hasNext: boolean };

/** Whether the next page is asked for. */
export function wantsMore({ lastShown, loaded, hasNext }: Loaded & { lastShown: number }): boolean {
  return hasNext && loaded < MOST_ROWS && lastShown > loaded - AHEAD_ROWS;
}

/** Whether it ends before its end. */
export function isCut({ loaded, hasNext }: Loaded): boolean {
  return hasNext && loaded >= MOST_ROWS;
}
