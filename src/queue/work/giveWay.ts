/**
 * Bulk gives way: while single messages come, less of it is claimed at once and in flight, so that what stands between a message and its
 * call is shorter. As many batches overlap, so that bulk goes on nearly as fast. What is asked is whether one came just now, and not whether one is under way: a provider that hangs
 * is no reason to hold up anybody's broadcast.
 */
import type { Clock } from '../../base/clock.ts';

/** So long after the last one bulk has all of its room again. */
const FOR_MS = 250;
/** What there is of its batches and of its room till then. */
const PART = 1 / 3;

/** Who gives way, and since when. */
export type GiveWay = {
  /** Single work was claimed. */
  came(): void;
  /** The part of a batch that bulk claims, and of its room that it has. */
  part(): number;
};

/** One for all pumps of a worker. */
export function createGiveWay(clock: Pick<Clock, 'monotonicMs'>): GiveWay {
  let cameMs = -Infinity;
  return {
    came() {
      cameMs = clock.monotonicMs();
    },
    part: () => (clock.monotonicMs() - cameMs < FOR_MS ? PART : 1),
  };
}
