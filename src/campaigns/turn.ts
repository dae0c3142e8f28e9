/**
 * A turn: what has arrived in a lane is taken, then what is due, in one transaction behind the lane's fence. It calls nobody, so it may
 * die and be repeated at will; nobody else writes what a lane's contacts have here, so an event and a timer never race.
 *
 * A timer fires only when nothing that was received by then waits unread in the lane, as an arrival or on the feed.
 */
import { type Tx } from '../db/pool.ts';
import { isPassing } from '../db/errors.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { fence } from '../queue/work/settle.ts';
import type { TurnTaker } from '../queue/turns.ts';
import type { LiveSource } from './enrol/live.ts';
import { selectNextTimerMs, selectTimerLanes, selectWaiting } from './enrol/sql.read.ts';
import { selectArrivalLanes } from './events/sql.take.ts';
import { takeArrivals } from './events/take.ts';
import { selectTaskLanes } from './enrol/sql.tasks.ts';
import { dueTimers } from './due.ts';
import { setAside } from './aside.ts';
import { takeTask } from './tasks.ts';
import { byWorkspace, takeTurn, type TurnDeps } from './turnPart.ts';

/** Arrivals, timers or people in one turn. */
const A_TURN = 500;

/** Takes the turns of campaigns. */
export function turnTaker(deps: TurnDeps, source: LiveSource): TurnTaker {
  return {
    name: 'campaigns',
    take: (lane, alone) =>
      deps.queue.transact(async (tx) => {
        await fence(tx, lane);
        const nowMs = deps.clock.nowMs();
        if (!alone) return await takeSome(deps, tx, lane, source, nowMs);
        try {
          return await tx.savepoint((inner) => takeSome(deps, inner, lane, source, nowMs, 1));
        } catch (error) {
          if (isPassing(error)) throw error;
          return await setAside(deps, tx, lane, { nowMs, error });
        }
      }),
    async look(nowMs) {
      const tasks = await selectTaskLanes(deps.sql);
      const lanes = [
        ...(await selectArrivalLanes(deps.sql)),
        ...(await selectTimerLanes(deps.sql, nowMs)),
        ...tasks.filter(({ dueMs }) => dueMs <= nowMs).map(({ lane }) => lane),
      ];
      const later = tasks.map(({ dueMs }) => dueMs).filter((dueMs) => dueMs > nowMs);
      const nextMs = Math.min((await selectNextTimerMs(deps.sql, nowMs)) ?? Infinity, ...later);
      return { lanes: [...new Set(lanes)], ...(nextMs < Infinity ? { nextMs } : {}) };
    },
  };
}

/**
 * Takes what arrived, then what is due, then what is to be done with many; up to `most` of what comes first. True when
 * there may be more: behind it, or by what it led to.
 */
async function takeSome(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  source: LiveSource,
  nowMs: number,
  most = A_TURN,
): Promise<boolean> {
  const { taken, more } = await takeArrivals(deps, tx, lane, nowMs, most);
  const waits = await selectWaiting(tx, lane, nowMs);
  // What waits behind may have come before what is due now.
  const timers = more || !waits.hasTimers ? [] : await dueTimers(tx, lane, nowMs, most);
  const liveOf = await source(tx, waits.stamp);
  let again = more || timers.length > 0;
  for (const [workspaceId, part] of byWorkspace(taken, timers))
    again = (await takeTurn(deps, tx, lane, await liveOf(workspaceId), workspaceId, part, nowMs)) || again;
  // Tasks wait for what lies before them, and not until nothing comes any more.
  const isLast = waits.hasTask && !more && timers.length < most;
  const hasTask = isLast && (await takeTask(deps, tx, lane, liveOf, nowMs, most));
  // What arrives meanwhile wakes the lane itself: a look that finds nothing would cost as much as a turn.
  return again || hasTask || (waits.hasTask && !isLast);
}
