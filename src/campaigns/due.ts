/** What is due in a lane, as far as nothing waits unread that came before it. */
import { timeOfId } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { oldestUnread } from '../queue/feed/unread.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { selectTimers, type Timer } from './enrol/sql.read.ts';

/** Timers that may fire. */
export async function dueTimers(tx: Tx, lane: OwnedLane, nowMs: number, most: number): Promise<Timer[]> {
  const unread = await oldestUnread(tx, lane);
  const untilMs = unread === undefined ? nowMs : Math.min(nowMs, timeOfId(unread) - 1);
  return await selectTimers(tx, lane, untilMs, most);
}
