/** Statements by which the owner of a lane takes what has arrived there. They name rows by key, and the lane's buckets on Citus. */
import { column } from '../../db/column.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import type { OwnedLane } from '../../queue/lanes/lane.ts';
import { ofAllLanes } from '../../queue/lanes/all.ts';
import type { ARRIVAL } from './sql.ts';

/** An arrival as it is taken. */
export type Arrival = {
  id: number;
  workspaceId: number;
  contactId: number;
  kind: (typeof ARRIVAL)[keyof typeof ARRIVAL];
  nameId: number | null;
  atMs: number;
  receivedMs: number;
  key: number;
  flags: number;
  properties: Record<string, unknown> | null;
};

const buckets = (rows: readonly { contactId: number }[]) => column(rows, (r) => bucketOf(r.contactId));

/** An arrival's columns. */
export const ARRIVED = (db: Db) => db`
  lane, id, workspace_id AS "workspaceId", contact_id AS "contactId", kind, name_id AS "nameId", at_ms AS "atMs",
  received_ms AS "receivedMs", key, flags, properties`;

/** The next arrivals of some lanes, up to `limit` of each, those of a lane in order. Locks nothing. */
export async function selectArrivals(
  db: Db,
  lanes: readonly OwnedLane[],
  limit: number,
): Promise<(Arrival & { lane: number })[]> {
  const [only] = lanes;
  // Most often it is one lane, and that is all that Citus takes to one shard.
  if (only && lanes.length === 1)
    return await db<(Arrival & { lane: number })[]>`
      SELECT ${ARRIVED(db)} FROM event_arrivals a WHERE ${ALL_OF(db, db`${only.lane}::smallint`)} ${db.onShard('bucket', only.buckets)}
      ORDER BY a.lane, a.id LIMIT ${limit}`;
  return await db<(Arrival & { lane: number })[]>`
    SELECT n.* FROM unnest(${lanes.map(({ lane }) => lane)}::smallint[]) AS k (lane)
    CROSS JOIN LATERAL (
      SELECT ${ARRIVED(db)} FROM event_arrivals a WHERE ${ALL_OF(db, db`k.lane`)} ORDER BY a.lane, a.id LIMIT ${limit}) n`;
}

/** All that waits in a lane, as a range of the lane's own index, and read in its order: the index by workspaces (`sql.fair.ts`) would be gone through whole. */
const ALL_OF = (db: Db, lane: Fragment) =>
  db`(a.lane, a.id) BETWEEN (${lane}, 0::bigint) AND (${lane}, ${Number.MAX_SAFE_INTEGER}::bigint)`;

/** Deletes arrivals and returns the ids of those that were still there. A key is found as a range of one (`queue/work/sql.ts`). */
export async function deleteArrivals(
  db: Db,
  lanes: readonly OwnedLane[],
  rows: readonly Arrival[],
): Promise<Set<number>> {
  const gone = await db<{ id: number }[]>`
    DELETE FROM event_arrivals a USING unnest(${buckets(rows)}::smallint[], ${column(rows, (r) => r.id)}::bigint[]) AS k (bucket, id)
    WHERE (a.bucket, a.id) BETWEEN (k.bucket, k.id) AND (k.bucket, k.id)
      ${db.onShard(
        'a.bucket',
        lanes.flatMap((lane) => lane.buckets),
      )} RETURNING a.id`;
  return new Set(gone.map(({ id }) => id));
}

/** Remembers keys; returns those that were not known yet, as `contact|key`. None may be there twice. */
export async function insertKeys(
  db: Db,
  rows: readonly { contactId: number; key: number }[],
  nowMs: number,
): Promise<Set<string>> {
  const fresh = await db<{ contactId: number; key: number }[]>`
    INSERT INTO event_keys (bucket, contact_id, key, seen_ms)
    SELECT k.bucket, k.contact_id, k.key, ${nowMs}::bigint
    FROM unnest(${buckets(rows)}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[], ${column(rows, (r) => r.key)}::bigint[])
      AS k (bucket, contact_id, key)
    ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
    RETURNING contact_id AS "contactId", key`;
  return new Set(fresh.map(({ contactId, key }) => `${contactId}|${key}`));
}

/** Keeps events; returns the keys of those that were not there, as `contact|name|key`. None may be there twice. */
export async function insertEvents(db: Db, rows: readonly Arrival[]): Promise<Set<string>> {
  const kept = await db<{ contactId: number; nameId: number; key: number }[]>`
    INSERT INTO contact_events (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags, properties, arrival_id)
    SELECT n.bucket, n.contact_id, n.name_id, n.at_ms, n.key, n.workspace_id, n.received_ms, n.flags, n.properties::jsonb, n.id
    FROM unnest(${buckets(rows)}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[], ${column(rows, (r) => r.nameId)}::bigint[],
      ${column(rows, (r) => r.atMs)}::bigint[], ${column(rows, (r) => r.key)}::bigint[],
      ${column(rows, (r) => r.workspaceId)}::bigint[], ${column(rows, (r) => r.receivedMs)}::bigint[],
      ${column(rows, (r) => r.flags)}::smallint[], ${column(rows, (r) => r.properties && JSON.stringify(r.properties))}::text[],
      ${column(rows, (r) => r.id)}::bigint[])
      AS n (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags, properties, id)
    ORDER BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING
    RETURNING contact_id AS "contactId", name_id AS "nameId", key`;
  return new Set(kept.map(({ contactId, nameId, key }) => `${contactId}|${nameId}|${key}`));
}

/** How often a contact did something, and when first and last. */
export type Count = {
  contactId: number;
  nameId: number;
  workspaceId: number;
  count: number;
  firstMs: number;
  lastMs: number;
};

/** Adds to counts. One row per contact and name. */
export async function addCounts(db: Db, rows: readonly Count[]): Promise<void> {
  if (!rows.length) return;
  await db`
    INSERT INTO event_stats AS s (bucket, contact_id, name_id, workspace_id, count, first_ms, last_ms)
    SELECT n.* FROM unnest(${buckets(rows)}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.nameId)}::bigint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.count)}::bigint[], ${column(rows, (r) => r.firstMs)}::bigint[], ${column(rows, (r) => r.lastMs)}::bigint[])
      AS n (bucket, contact_id, name_id, workspace_id, count, first_ms, last_ms)
    ORDER BY 1, 2, 3
    ON CONFLICT (bucket, contact_id, name_id) DO UPDATE SET count = s.count + excluded.count,
      first_ms = least(s.first_ms, excluded.first_ms), last_ms = greatest(s.last_ms, excluded.last_ms)`;
}

/** Lanes in which something waits to be taken: one probe of the index each. */
export async function selectArrivalLanes(db: Db): Promise<number[]> {
  const rows = await ofAllLanes(
    db,
    async (lanes, onShard) =>
      await db<{ lane: number }[]>`
        SELECT l.lane FROM ${lanes}
        CROSS JOIN LATERAL (
          SELECT a.lane FROM event_arrivals a WHERE ${ALL_OF(db, db`l.lane`)} ${onShard('a.bucket')}
          ORDER BY a.lane, a.id LIMIT 1) first`,
  );
  return rows.map(({ lane }) => lane);
}

/** Forgets keys, and events past their time that have no month of their own to be dropped with. */
export async function sweepEvents(db: Db, keysBeforeMs: number, eventsBeforeMs: number): Promise<void> {
  await db`DELETE FROM event_keys WHERE seen_ms < ${keysBeforeMs}`;
  await db`DELETE FROM contact_events WHERE received_ms < ${eventsBeforeMs} AND at_ms < ${eventsBeforeMs}`;
  // Months that no partition was made for: who entered as of then.
  await db`DELETE FROM enrolment_log WHERE at_ms < ${eventsBeforeMs}`;
}
