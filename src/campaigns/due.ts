/** What is due in lanes, as far as nothing waits unread there that came before it. */
import { timeOfId } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { oldestUnread } from '../queue/feed/unread.ts';
import { selectArrivals } from './events/sql.take.ts';
import type { LaneUntil } from './enrol/sql.read.ts';

/** Until when all that came to a lane has been taken, by our clock: what waits there unread came later. */
export async function comeUntil(tx: Tx, lane: OwnedLane, nowMs: number): Promise<number> {
  // The feed first: what is handed on meanwhile has arrived by the time that arrivals are read.
  const [unread, [arrival]] = await Promise.all([oldestUnread(tx, [lane]), selectArrivals(tx, [lane], 1)]);
  const waiting = [unread.get(lane.lane), arrival?.id].filter((id) => id !== undefined);
  return Math.min(nowMs, ...waiting.map((id) => timeOfId(id) - 1));
}

/** Up to when timers of lanes may fire: `unread` was read before what arrived there. */
export function firingUntil(
  lanes: readonly OwnedLane[],
  nowMs: number,
  unread: ReadonlyMap<number, number>,
): LaneUntil[] {
  return lanes.map((lane) => {
    const oldest = unread.get(lane.lane);
    return { lane, untilMs: oldest === undefined ? nowMs : Math.min(nowMs, timeOfId(oldest) - 1) };
  });
}
