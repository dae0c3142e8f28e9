/**
 * Ids that two processes draw: hardly ever does one become a row of a table that has the other already, so ids are drawn to be compared.
 * After all have slept the loans of their places may be over, and who wakes first must not draw from those of the others
 * (db/idPlaces.ts).
 */
import type { Run } from './run.ts';

/** Who woke has renewed its loan by then. */
const DRAWN_FOR_MS = 80;
const DRAWN_EVERY_MS = 2;
/** Ids of this bucket are drawn, and used for nothing. */
const DRAWN_IN = 4095;

/** Draws ids of everybody who wakes at an instant, for as long as places may change hands. */
export function watchIds(run: Run, wakeMs: number): void {
  for (let afterMs = 0; afterMs <= DRAWN_FOR_MS; afterMs += DRAWN_EVERY_MS)
    run.stage.after(afterMs, 'ids are drawn', () => drawIds(run, wakeMs));
}

/** One of each: never one that another drew, now or before. Who slept longer than the others is let be. */
function drawIds({ players, drawn, sameIds }: Run, wakeMs: number): void {
  for (const { name, dead, asleepUntilMs, ctx } of players()) {
    if (dead || asleepUntilMs > wakeMs) continue;
    const id = ctx.ids.inBucket(DRAWN_IN);
    const other = drawn.get(id);
    if (other !== undefined) sameIds.add(`${other} and ${name} drew one id`);
    drawn.set(id, name);
  }
}
