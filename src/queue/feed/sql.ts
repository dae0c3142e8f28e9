/** Every statement on the feed and on the history of events. */
import type { FeedEvent } from './reader.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';
import type { OwnedLane } from '../lanes/lane.ts';

/** Appends events. */
export async function insertFeed(db: Db, rows: readonly (FeedEvent & { lane: number })[]): Promise<void> {
  await db`
    INSERT INTO feed (bucket, id, lane, workspace_id, type, at_ms, payload)
    SELECT bucket, id, lane, workspace_id, type, at_ms, payload::jsonb FROM unnest(
      ${rows.map((r) => r.bucket)}::smallint[], ${rows.map((r) => r.id)}::bigint[], ${rows.map((r) => r.lane)}::smallint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.type)}::text[], ${rows.map((r) => r.atMs)}::bigint[],
      ${rows.map((r) => JSON.stringify(r.payload))}::text[])
      AS new (bucket, id, lane, workspace_id, type, at_ms, payload)`;
}

/** The next events of some lanes, up to `limit` of each, those of a lane oldest first. */
export async function selectFeed(
  db: Db,
  lanes: readonly OwnedLane[],
  limit: number,
): Promise<(FeedEvent & { lane: number })[]> {
  const [only] = lanes;
  // Most often it is one lane, and that is all that Citus takes to one shard.
  if (only && lanes.length === 1)
    return await db<(FeedEvent & { lane: number })[]>`
      SELECT lane, bucket, id, workspace_id AS "workspaceId", type, at_ms AS "atMs", payload FROM feed
      WHERE lane = ${only.lane} ${db.onShard('bucket', only.buckets)} ORDER BY id LIMIT ${limit}`;
  return await db<(FeedEvent & { lane: number })[]>`
    SELECT f.* FROM unnest(${lanes.map(({ lane }) => lane)}::smallint[]) AS k (lane)
    CROSS JOIN LATERAL (
      SELECT lane, bucket, id, workspace_id AS "workspaceId", type, at_ms AS "atMs", payload FROM feed
      WHERE feed.lane = k.lane ORDER BY id LIMIT ${limit}) f`;
}

/**
 * Moves events that were handed to every reader into history. `error` tells that a reader failed on them. A key is found as a range of one
 * (`work/sql.ts`): the feed is empty most of the time.
 */
export async function moveToHistory(
  db: Db,
  lanes: readonly OwnedLane[],
  events: readonly FeedEvent[],
  error: string | null,
): Promise<void> {
  await db`
    WITH gone AS (
      DELETE FROM feed USING unnest(${events.map((e) => e.bucket)}::smallint[], ${events.map((e) => e.id)}::bigint[]) AS k (bucket, id)
      WHERE (feed.bucket, feed.id) BETWEEN (k.bucket, k.id) AND (k.bucket, k.id) ${db.onShard(
        'feed.bucket',
        lanes.flatMap(({ buckets }) => buckets),
      )}
      RETURNING feed.bucket, feed.id, feed.workspace_id, feed.type, feed.at_ms, feed.payload
    )
    INSERT INTO feed_log (bucket, id, workspace_id, type, at_ms, payload, error)
    SELECT bucket, id, workspace_id, type, at_ms, payload, ${error} FROM gone
    ON CONFLICT DO NOTHING`;
}

/**
 * Forgets events of a type whose payload names one of these as `name`, handed on or not. Looks through the events of their buckets:
 * for what is rare. Locks the rows.
 */
export async function deleteEvents(
  db: Db,
  workspaceId: number,
  { type, name, ids }: { type: string; name: string; ids: readonly number[] },
): Promise<void> {
  const which = db`bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND workspace_id = ${workspaceId}
    AND type = ${type} AND (payload ->> ${name}::text)::bigint = ANY(${[...ids]}::bigint[])`;
  await db`DELETE FROM feed_failures WHERE ${which}`;
  await db`DELETE FROM feed WHERE ${which}`;
  await db`DELETE FROM feed_log WHERE ${which}`;
}

/** Lanes with events that nobody was handed yet: one probe of the index each, however much waits; Citus, which takes no such probes, reads all that waits. */
export async function selectFeedLanes(db: Db): Promise<number[]> {
  const rows = db.placement.distributed
    ? await db<{ lane: number }[]>`SELECT DISTINCT lane FROM feed`
    : await db<{ lane: number }[]>`
        SELECT l.lane FROM lanes l
        CROSS JOIN LATERAL (SELECT f.lane FROM feed f WHERE f.lane = l.lane ORDER BY f.lane, f.id LIMIT 1) first`;
  return rows.map(({ lane }) => lane);
}

/** How many events wait to be handed on, and when the oldest was; reads the index of the whole table. */
export async function selectFeedBacklog(db: Db): Promise<{ events: number; oldestMs: number | null }> {
  const rows = await db<{ events: number; oldestMs: number | null }[]>`
    SELECT count(*) AS events, min(at_ms) AS "oldestMs" FROM feed`;
  return rows[0]!;
}

/** The id of the oldest event of each of some lanes; lanes without are left out. One probe of the index each. */
export async function selectOldest(
  db: Db,
  lanes: readonly Omit<OwnedLane, 'epoch'>[],
): Promise<{ lane: number; id: number }[]> {
  const of = (some: typeof lanes) => db<{ lane: number; id: number }[]>`
    SELECT f.lane, f.id FROM unnest(${some.map(({ lane }) => lane)}::smallint[]) AS k (lane)
    CROSS JOIN LATERAL (
      SELECT lane, id FROM feed WHERE feed.lane = k.lane ${db.onShard('bucket', some[0]!.buckets)} ORDER BY id LIMIT 1) f`;
  return await onEachShard(
    db,
    lanes,
    ({ bucket }) => bucket,
    async (some) => await of(some),
  );
}
