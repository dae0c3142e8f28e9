/**
 * A turn: what has arrived in a lane is taken, in one transaction behind the lane's fence. It calls nobody, so it may die and be
 * repeated at will.
 */
import type { Clock } from '../base/clock.ts';
import type { Sql } from '../db/pool.ts';
import { fence } from '../queue/work/settle.ts';
import type { Queue } from '../queue/queue.ts';
import type { TurnTaker } from '../queue/turns.ts';
import { selectArrivalLanes } from './events/sql.take.ts';
import { takeArrivals } from './events/take.ts';

/** Takes the turns of campaigns. */
export function turnTaker(deps: { sql: Sql; queue: Queue; clock: Clock }): TurnTaker {
  return {
    name: 'campaigns',
    take: (lane) =>
      deps.queue.transact(async (tx) => {
        await fence(tx, lane);
        const { more } = await takeArrivals(deps, tx, lane, deps.clock.nowMs());
        return more;
      }),
    look: async () => ({ lanes: await selectArrivalLanes(deps.sql) }),
  };
}
