/**
 * Going through tables to delete rows of a workspace, part by part: each part in a transaction of its own with how far it is, so that a
 * restart goes on where it was. As many parts at once as are quick. Knows neither tables nor why.
 */
import type { Clock } from '../base/clock.ts';
import type { Sql, Tx } from '../db/pool.ts';

/** A step that takes less than this is followed by one of twice as many parts, one that takes more than the other by half as many. */
const QUICK_MS = 50;
const SLOW_MS = 500;
const FIRST_WIDTH = 16;
/** How long one round of housekeeping goes on with it. */
const ROUND_MS = 60_000;

/** One of the things that are gone through. */
export type WalkStep = {
  name: string;
  /** How many parts it has, and most of them at once. */
  parts: number;
  most: number;
  /** Deletes what is to go of some parts; returns how many rows. */
  remove(tx: Tx, range: { from: number; to: number }): Promise<number>;
};

/** How far it is: what is gone through, the first part that is not done, and how many rows went since it was begun. */
type WalkAt = { step: string; part: number; gone: number };

/** What came of a stretch: there is more, all of it is done, or somebody else is at it. */
export type WalkState = 'goes on' | 'done' | 'not ours';

/** Does one stretch of so many parts. */
type Stretch = (tx: Tx, width: number) => Promise<WalkState>;

/** Goes on with what is due in workspaces, one after the other, until the time of a round is over; returns those that are done. */
export async function goThroughEach<One extends { workspaceId: number }>(
  deps: { sql: Sql; clock: Pick<Clock, 'nowMs'> },
  due: readonly One[],
  stretchFor: (one: One, untilMs: number) => Stretch | Promise<Stretch>,
): Promise<number[]> {
  const untilMs = deps.clock.nowMs() + ROUND_MS;
  const done: number[] = [];
  for (const one of due)
    if ((await goThrough({ ...deps, untilMs }, await stretchFor(one, untilMs))) === 'done')
      done.push(one.workspaceId);
  return done;
}

/** Goes on until it is done, is somebody else's, or the time is over. */
async function goThrough(
  { sql, clock, untilMs }: { sql: Sql; clock: Pick<Clock, 'nowMs'>; untilMs: number },
  stretch: Stretch,
): Promise<WalkState> {
  let width = FIRST_WIDTH;
  for (let nowMs = clock.nowMs(); nowMs < untilMs; ) {
    const state = await sql.begin((tx) => stretch(tx, width));
    if (state !== 'goes on') return state;
    const tookMs = clock.nowMs() - nowMs;
    if (tookMs < QUICK_MS) width *= 2;
    else if (tookMs > SLOW_MS) width = Math.max(1, Math.floor(width / 2));
    nowMs += tookMs;
  }
  return 'goes on';
}

/** Does one stretch from where it is; returns where it is then. With no step any more all have been gone through. */
export async function stretchOf(
  tx: Tx,
  steps: readonly WalkStep[],
  at: WalkAt,
  width: number,
): Promise<Omit<WalkAt, 'step'> & { step: string | undefined }> {
  // A step that other code knew is begun with the first again: what is gone is gone.
  const known = steps.findIndex(({ name }) => name === at.step);
  const index = Math.max(0, known);
  const from = known < 0 ? 0 : at.part;
  const step = steps[index]!;
  const to = Math.min(step.parts, from + Math.min(width, step.most));
  const gone = at.gone + (await step.remove(tx, { from, to }));
  return to < step.parts
    ? { step: step.name, part: to, gone }
    : { step: steps[index + 1]?.name, part: 0, gone };
}
