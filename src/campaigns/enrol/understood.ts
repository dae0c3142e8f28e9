/**
 * Which tasks this code understands. While an install is upgraded, workers of two versions run beside each other: each task says what has to be
 * understood for it (`needs`), and a worker leaves what is too new for it where it is, for one to whom the lane goes that is newer. What was
 * written by this code or an older is understood by it, so nobody waits for long.
 */
import type { Audience } from '../../../contract/audience.ts';
import type { Pause } from '../steps/resumed.ts';

/** What a task goes by: times in milliseconds, how many in a turn (`each`), for whom. */
export type TaskParams = Partial<Pause> & {
  /** Of all who are in it, or are meant, this contact alone. */
  only?: number;
  sinceMs?: number;
  /** As of when they enter; now, unless it says so. */
  from?: 'event';
  each?: number;
  filled?: number;
  /** The zone of the workspace before it was another, at `sinceMs`. */
  zoneWas?: string;
  key?: string;
  audience?: Audience;
};

/**
 * What of tasks came when. Whoever adds a kind, or something that is said of one and that must not be passed over, gives it one more than the
 * highest; what may be passed over by an older worker has 0.
 */
const KINDS = { move: 0, resume: 0, end: 0, build: 0, since: 0, hand: 0, zone: 1 } as const;
const PARAMS: Readonly<Record<keyof TaskParams, number>> = {
  pausedMs: 0,
  byMs: 0,
  overMs: 0,
  only: 0,
  sinceMs: 0,
  from: 0,
  each: 0,
  filled: 0,
  zoneWas: 1,
  key: 0,
  audience: 0,
};

/** What is done with many; of `build` the campaign is a segment, of `zone` the workspace. */
export type TaskKind = keyof typeof KINDS;

/** The newest that this code understands. */
export const UNDERSTOOD = Math.max(...Object.values(KINDS), ...Object.values(PARAMS));

/** What has to be understood for a task. */
export function needsOf({ kind, params }: { kind: TaskKind; params: TaskParams }): number {
  return Math.max(KINDS[kind], ...Object.keys(params).map((one) => PARAMS[one as keyof TaskParams] ?? 0));
}
