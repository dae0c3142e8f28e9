/** What is due in lanes, as far as nothing waits unread there that came before it. */
import { timeOfId } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { selectTimers, type Timer } from './enrol/sql.read.ts';

/** Timers that may fire, up to `most` of each lane; `unread` was read before what arrived there. */
export async function dueTimers(
  tx: Tx,
  lanes: readonly OwnedLane[],
  { nowMs, unread }: { nowMs: number; unread: ReadonlyMap<number, number> },
  most: number,
): Promise<(Timer & { lane: number })[]> {
  const untilMs = ({ lane }: OwnedLane) => {
    const oldest = unread.get(lane);
    return oldest === undefined ? nowMs : Math.min(nowMs, timeOfId(oldest) - 1);
  };
  return await selectTimers(
    tx,
    lanes.map((lane) => ({ lane, untilMs: untilMs(lane) })),
    most,
  );
}
