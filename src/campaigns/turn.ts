/**
 * A turn: what has arrived in a lane is taken, then what is due, in one transaction behind the lane's fence. It calls nobody, so it may
 * die and be repeated at will; nobody else writes what a lane's contacts have here, so an event and a timer never race.
 *
 * A timer fires only when nothing that was received by then waits unread in the lane, as an arrival or on the feed.
 */
import { timeOfId } from '../base/ids.ts';
import { type Tx } from '../db/pool.ts';
import { isPassing } from '../db/errors.ts';
import { oldestUnread } from '../queue/feed/unread.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { fence, LaneLost } from '../queue/work/settle.ts';
import type { TurnTaker } from '../queue/turns.ts';
import type { LiveSource } from './enrol/live.ts';
import { putOffTimers } from './enrol/sql.write.ts';
import { selectNextTimerMs, selectTimerLanes, selectTimers, type Timer } from './enrol/sql.read.ts';
import { selectArrivalLanes } from './events/sql.take.ts';
import { takeArrivals } from './events/take.ts';
import { selectTaskLanes } from './enrol/sql.tasks.ts';
import { takeTask } from './tasks.ts';
import { byWorkspace, takeTurn, type TurnDeps } from './turnPart.ts';

/** Arrivals, and timers, in one turn. */
const MOST_A_TURN = 500;
/** A timer that could not be taken is taken again after this. */
const PUT_OFF_MS = 60_000;

/**
 * Takes the turns of campaigns. Where one fails, the lane is gone through one by one: what cannot be taken costs its own contact (an event
 * is kept and counted, a timer comes again in a minute) and nobody else.
 */
export function turnTaker(deps: TurnDeps, source: LiveSource): TurnTaker {
  const alone = new Map<number, number>();
  const turn = (lane: OwnedLane, most: number, what: 'taken' | 'put aside') =>
    deps.queue.transact(async (tx) => {
      await fence(tx, lane);
      const nowMs = deps.clock.nowMs();
      const { taken, more } = await takeArrivals(deps, tx, lane, nowMs, most);
      // What waits behind may have come before what is due now.
      const timers = more ? [] : await dueTimers(tx, lane, nowMs, most);
      if (what === 'put aside') {
        await putOffTimers(tx, timers, nowMs + PUT_OFF_MS);
        return true;
      }
      const liveOf = await source(tx);
      if (!taken.length && !timers.length) return await takeTask(deps, tx, lane, liveOf, nowMs);
      for (const [workspaceId, part] of byWorkspace(taken, timers))
        await takeTurn(deps, tx, await liveOf(workspaceId), workspaceId, part, nowMs);
      // Tasks wait until nothing else does.
      return true;
    });
  return {
    name: 'campaigns',
    async take(lane) {
      const left = alone.get(lane.lane) ?? 0;
      try {
        const more = await turn(lane, left > 0 ? 1 : MOST_A_TURN, 'taken');
        if (left > 0) alone.set(lane.lane, left - 1);
        return more;
      } catch (error) {
        if (error instanceof LaneLost || isPassing(error)) throw error;
        // Somebody in it cannot be taken: one at a time, until whoever it is stands alone.
        if (left === 0) alone.set(lane.lane, 2 * MOST_A_TURN);
        else {
          deps.log.error(
            { error, lane: lane.lane },
            'what arrived or fell due was not taken through campaigns',
          );
          await turn(lane, 1, 'put aside');
        }
        return true;
      }
    },
    async look(nowMs) {
      const lanes = [
        ...(await selectArrivalLanes(deps.sql)),
        ...(await selectTimerLanes(deps.sql, nowMs)),
        ...(await selectTaskLanes(deps.sql)),
      ];
      return { lanes: [...new Set(lanes)], nextMs: await selectNextTimerMs(deps.sql, nowMs) };
    },
  };
}

async function dueTimers(tx: Tx, lane: OwnedLane, nowMs: number, most: number): Promise<Timer[]> {
  const unread = await oldestUnread(tx, lane);
  const untilMs = unread === undefined ? nowMs : Math.min(nowMs, timeOfId(unread) - 1);
  return await selectTimers(tx, lane, untilMs, most);
}
