/** What is due in lanes, as far as nothing waits unread there that came before it. */
import { timeOfId } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { oldestUnread } from '../queue/feed/unread.ts';
import { selectTimers, type Timer } from './enrol/sql.read.ts';
import { selectArrivals } from './events/sql.take.ts';

/** Until when all that came to a lane has been taken, by our clock: what waits there unread came later. */
export async function comeUntil(tx: Tx, lane: OwnedLane, nowMs: number): Promise<number> {
  // The feed first: what is handed on meanwhile has arrived by the time that arrivals are read.
  const [unread, [arrival]] = await Promise.all([oldestUnread(tx, [lane]), selectArrivals(tx, [lane], 1)]);
  const waiting = [unread.get(lane.lane), arrival?.id].filter((id) => id !== undefined);
  return Math.min(nowMs, ...waiting.map((id) => timeOfId(id) - 1));
}

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
