/** What this room declares. */
import type { Clock } from '../base/clock.ts';
import type { Queue } from '../queue/queue.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { sweepEvents } from './events/sql.take.ts';
import { EVENT_LIMITS } from './events/time.ts';
import { turnTaker } from './turn.ts';
import type { Sql } from '../db/pool.ts';

/** How long events are kept. */
const EVENTS_KEPT_MS = 400 * 86_400_000;

/** Campaigns. */
export function campaignsRoom(deps: { sql: Sql; queue: Queue; clock: Clock }): WorkingRoom {
  return {
    name: 'campaigns',
    turns: [turnTaker(deps)],
    sweep: ({ sql, nowMs }) => sweepEvents(sql, nowMs - EVENT_LIMITS.keysKeptMs, nowMs - EVENTS_KEPT_MS),
  };
}
