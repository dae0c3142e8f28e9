/**
 * Statements by which workspaces share a lane. Ranges of whole keys, so that no plan takes the lane's other index and goes through all that
 * one workspace has waiting there.
 */
import { column } from '../db/column.ts';
import type { Db, Fragment } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { ARRIVED, type Arrival } from './events/sql.take.ts';
import { TIMER, type LaneUntil, type Timer } from './enrol/sql.read.ts';

/** What of a lane is one workspace's: up to `share` of it. */
export type ShareOf = LaneUntil & { workspaceId: number; share: number };

/** Workspaces behind one that have arrivals, or timers, due or not: up to `most`, in order. A probe of the index for each. Of lanes on one shard, on Citus. */
export async function selectWhose(
  db: Db,
  table: 'event_arrivals' | 'timers',
  lanes: readonly OwnedLane[],
  { afterId, most }: { afterId: number; most: number },
): Promise<number[]> {
  const from = table === 'timers' ? db`timers` : db`event_arrivals`;
  const shard = db.onShard(
    'bucket',
    lanes.flatMap(({ buckets }) => buckets),
  );
  const next = (behind: Fragment) => db`
    SELECT workspace_id FROM ${from} WHERE workspace_id > ${behind} ${shard} ORDER BY workspace_id LIMIT 1`;
  const rows = await db<{ id: number }[]>`
    WITH RECURSIVE whose (id) AS (
      (${next(db`${afterId}::bigint`)})
      UNION ALL
      SELECT n.workspace_id FROM whose CROSS JOIN LATERAL (${next(db`whose.id`)}) n
    )
    SELECT id FROM whose LIMIT ${most}`;
  return rows.map(({ id }) => id);
}

/** What arrived first of workspaces in lanes, each its share, in order. */
export async function selectArrivalsOf(
  db: Db,
  of: readonly ShareOf[],
): Promise<(Arrival & { lane: number })[]> {
  const next = ({ lane, id, share, shard }: Next) => db`
    SELECT ${ARRIVED(db)} FROM event_arrivals
    WHERE (workspace_id, lane, id) BETWEEN (${id}, ${lane}, 0::bigint) AND (${id}, ${lane}, ${Number.MAX_SAFE_INTEGER}::bigint) ${shard}
    ORDER BY workspace_id, event_arrivals.lane, event_arrivals.id LIMIT ${share}`;
  return await onEachShard(
    db,
    of,
    ({ lane }) => lane.bucket,
    async (some) => await db<(Arrival & { lane: number })[]>`${eachOf(db, some, next)}`,
  );
}

/** Timers of workspaces in lanes that may fire, each its share, in order. */
export async function selectTimersOf(db: Db, of: readonly ShareOf[]): Promise<(Timer & { lane: number })[]> {
  const next = ({ lane, id, untilMs, share, shard }: Next) => db`
    SELECT ${TIMER(db)} FROM timers
    WHERE (workspace_id, lane, due_ms) BETWEEN (${id}, ${lane}, ${Number.MIN_SAFE_INTEGER}::bigint) AND (${id}, ${lane}, ${untilMs}) ${shard}
    ORDER BY workspace_id, timers.lane, due_ms, at_ms LIMIT ${share}`;
  return await onEachShard(
    db,
    of,
    ({ lane }) => lane.bucket,
    async (some) => await db<(Timer & { lane: number })[]>`${eachOf(db, some, next)}`,
  );
}

/** One share, in words of SQL. */
type Next = { lane: Fragment; id: Fragment; untilMs: Fragment; share: Fragment; shard: Fragment };

/** What is asked of one share, for all of them. */
function eachOf(db: Db, of: readonly ShareOf[], next: (one: Next) => Fragment): Fragment {
  const one = { lane: db`k.lane`, id: db`k.workspace_id`, untilMs: db`k.until_ms`, share: db`k.share` };
  const shard = db.onShard('bucket', of[0]!.lane.buckets);
  return db`
    SELECT n.* FROM unnest(${of.map(({ lane }) => lane.lane)}::smallint[], ${column(of, (o) => o.workspaceId)}::bigint[],
      ${column(of, (o) => o.untilMs)}::bigint[], ${column(of, (o) => o.share)}::bigint[]) AS k (lane, workspace_id, until_ms, share)
    CROSS JOIN LATERAL (${next({ ...one, shard })}) n`;
}
