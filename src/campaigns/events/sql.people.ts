/** Statements on events of people who are erased or merged. Buckets differ, so what moves is written anew and deleted. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { FLAG } from './time.ts';

/** Deletes all that contacts did, taken or not. Locks the rows. */
export async function deleteEventsOf(db: Db, contactIds: readonly number[]): Promise<void> {
  const buckets = [...new Set(contactIds.map(bucketOf))];
  const which = db`bucket = ANY(${buckets}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
  await db`DELETE FROM event_arrivals WHERE ${which}`;
  await db`DELETE FROM event_keys WHERE ${which}`;
  await db`DELETE FROM contact_events WHERE ${which}`;
  await db`DELETE FROM event_stats WHERE ${which}`;
}

/** Moves what a contact did. What both did at one moment under one key is one event. Locks the rows. True when any of it is held. */
export async function moveEvents(db: Db, fromId: number, toId: number): Promise<boolean> {
  const from = bucketOf(fromId);
  await db`
    INSERT INTO contact_events (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags, properties,
      arrival_id)
    SELECT ${bucketOf(toId)}::smallint, ${toId}::bigint, name_id, at_ms, key, workspace_id, received_ms, flags, properties, arrival_id
    FROM contact_events WHERE bucket = ${from} AND contact_id = ${fromId}
    ON CONFLICT DO NOTHING`;
  const gone = await db<{ held: boolean }[]>`
    WITH gone AS (DELETE FROM contact_events WHERE bucket = ${from} AND contact_id = ${fromId} RETURNING flags)
    SELECT coalesce(bool_or(flags & ${FLAG.held}::smallint <> 0), false) AS held FROM gone`;
  return gone[0]!.held;
}

/** Adds the counts of one contact to another's. Locks both's. */
export async function moveStats(db: Db, fromId: number, toId: number): Promise<void> {
  const from = bucketOf(fromId);
  await db`
    INSERT INTO event_stats AS s (bucket, contact_id, name_id, workspace_id, count, first_ms, last_ms)
    SELECT ${bucketOf(toId)}::smallint, ${toId}::bigint, name_id, workspace_id, count, first_ms, last_ms
    FROM event_stats WHERE bucket = ${from} AND contact_id = ${fromId}
    ON CONFLICT (bucket, contact_id, name_id) DO UPDATE SET count = s.count + excluded.count,
      first_ms = least(s.first_ms, excluded.first_ms), last_ms = greatest(s.last_ms, excluded.last_ms)`;
  await db`DELETE FROM event_stats WHERE bucket = ${from} AND contact_id = ${fromId}`;
}

/** Moves the keys by which repeats are known. Locks the rows. */
export async function moveKeys(db: Db, fromId: number, toId: number): Promise<void> {
  const from = bucketOf(fromId);
  await db`
    INSERT INTO event_keys (bucket, contact_id, key, seen_ms)
    SELECT ${bucketOf(toId)}::smallint, ${toId}::bigint, key, seen_ms
    FROM event_keys WHERE bucket = ${from} AND contact_id = ${fromId}
    ON CONFLICT DO NOTHING`;
  await db`DELETE FROM event_keys WHERE bucket = ${from} AND contact_id = ${fromId}`;
}

/** Moves what was not taken yet into the other's lane. Locks the rows. */
export async function moveArrivals(db: Db, fromId: number, toId: number): Promise<void> {
  const from = bucketOf(fromId);
  const to = bucketOf(toId);
  const [lane] = await db<{ lane: number }[]>`
    SELECT lane FROM lanes WHERE buckets @> ARRAY[${to}::smallint]`;
  await db`
    INSERT INTO event_arrivals (bucket, id, lane, workspace_id, contact_id, kind, name_id, at_ms, received_ms, key, flags, properties)
    SELECT ${to}::smallint, id, ${lane!.lane}::smallint, workspace_id, ${toId}::bigint, kind, name_id, at_ms, received_ms, key,
      flags, properties
    FROM event_arrivals WHERE bucket = ${from} AND contact_id = ${fromId}`;
  await db`DELETE FROM event_arrivals WHERE bucket = ${from} AND contact_id = ${fromId}`;
}
