/** Many runs side by side, each on a database of its own: each waits for its database most of its time. */
import { monotonicMs } from '../src/base/clock.ts';
import type { Log } from '../src/base/log.ts';
import type { Databases } from './databases.ts';
import { KEPT } from './kept.ts';
import { planOf } from './plan.ts';
import { playRun, type Step, type Verdict } from './run.ts';

/** A run to play, and what it broke once. */
export type Wanted = { seed: number; steps: readonly Step[]; was?: string };

/** What came of many runs. */
export type Tally = {
  held: number;
  broken: Verdict[];
  /** Not begun, or not played to their end, when the time was over. */
  left: number;
  counts: Map<string, number>;
};

export type PlayOptions = {
  atOnce?: number;
  /** After so long no further run is begun; after twice that, those that play are broken off. */
  withinMs?: number;
  log?: Log;
  /** No further run is begun once one is broken. */
  untilBroken?: boolean;
  /** Told of each run that came to its end. */
  told?: (verdict: Verdict, wanted: Wanted, played: number) => void;
};

/** Seeds one after the other; with `focus` of few steps, of these kinds. */
export function seedsFrom(first: number, count: number, focus: readonly string[] = [], steps?: number): Wanted[] {
  return Array.from({ length: count }, (_, i) => ({ seed: first + i, steps: planOf(first + i, focus, steps) }));
}

/** Runs that failed once. */
export function keptRuns(): Wanted[] {
  return KEPT.map(({ seed, steps, was }) => ({ seed, steps: steps ?? planOf(seed), was }));
}

/** Plays them all, or as many as there is time for. */
export async function playAll(
  databases: Pick<Databases, 'use'>,
  wanted: readonly Wanted[],
  { atOnce = 3, withinMs = Infinity, untilBroken = false, log, told }: PlayOptions = {},
): Promise<Tally> {
  const beganMs = monotonicMs();
  const isOver = (times: number) => monotonicMs() - beganMs > withinMs * times;
  const tally: Tally = { held: 0, broken: [], left: wanted.length, counts: new Map() };
  const waiting = [...wanted];
  const one = async () => {
    for (let next = waiting.shift(); next && !isOver(1) && !(untilBroken && tally.broken.length); next = waiting.shift()) {
      const { seed, steps } = next;
      const verdict = await databases.use((connection) =>
        playRun(connection, seed, steps, { ...(log ? { log } : {}), isOver: () => isOver(2) }),
      );
      if (verdict.unfinished) continue;
      for (const [what, n] of verdict.counts) tally.counts.set(what, (tally.counts.get(what) ?? 0) + n);
      tally.left--;
      if (verdict.broken.length) tally.broken.push(verdict);
      else tally.held++;
      told?.(verdict, next, wanted.length - tally.left);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, wanted.length) }, one));
  return tally;
}
