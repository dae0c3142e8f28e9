/**
 * A turn: what has arrived in a lane is taken, then what is due, in one transaction behind the lane's fence. It calls nobody, so it may
 * die and be repeated at will; nobody else writes what a lane's contacts have here, so an event and a timer never race.
 *
 * A timer fires only when nothing that was received by then waits unread in the lane, as an arrival or on the feed.
 */
import { timeOfId } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { oldestUnread } from '../queue/feed/unread.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { fence } from '../queue/work/settle.ts';
import type { TurnTaker } from '../queue/turns.ts';
import type { LiveSource } from './enrol/live.ts';
import { selectNextTimerMs, selectTimerLanes, selectTimers, type Timer } from './enrol/sql.read.ts';
import { selectArrivalLanes } from './events/sql.take.ts';
import { takeArrivals } from './events/take.ts';
import { selectTaskLanes } from './enrol/sql.tasks.ts';
import { takeTask } from './tasks.ts';
import { byWorkspace, takeTurn, type TurnDeps } from './turnPart.ts';

/** Timers in one turn. */
const TIMERS_A_TURN = 500;

/** Takes the turns of campaigns. */
export function turnTaker(deps: TurnDeps, source: LiveSource): TurnTaker {
  return {
    name: 'campaigns',
    take: (lane) =>
      deps.queue.transact(async (tx) => {
        await fence(tx, lane);
        const nowMs = deps.clock.nowMs();
        const { taken, more } = await takeArrivals(deps, tx, lane, nowMs);
        // What waits behind may have come before what is due now.
        const timers = more ? [] : await dueTimers(tx, lane, nowMs);
        const liveOf = await source(tx);
        if (!taken.length && !timers.length) return await takeTask(deps, tx, lane, liveOf, nowMs);
        for (const [workspaceId, part] of byWorkspace(taken, timers))
          await takeTurn(deps, tx, await liveOf(workspaceId), workspaceId, part, nowMs);
        // Tasks wait until nothing else does.
        return true;
      }),
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

async function dueTimers(tx: Tx, lane: OwnedLane, nowMs: number): Promise<Timer[]> {
  const unread = await oldestUnread(tx, lane);
  const untilMs = unread === undefined ? nowMs : Math.min(nowMs, timeOfId(unread) - 1);
  return await selectTimers(tx, lane, untilMs, TIMERS_A_TURN);
}
