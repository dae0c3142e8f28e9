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

/** What was moved: whether any of it is held, and by name how often both did what is one event. */
type EventsMoved = { hasHeld: boolean; twice: { nameId: number; n: number }[] };

/** Moves what a contact did. What both did at one moment under one key is one event. Locks the rows. */
export async function moveEvents(db: Db, fromId: number, toId: number): Promise<EventsMoved> {
  const from = bucketOf(fromId);
  const moved = await db<{ nameId: number; n: number }[]>`
    WITH moved AS (
      INSERT INTO contact_events (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags, properties,
        arrival_id)
      SELECT ${bucketOf(toId)}::smallint, ${toId}::bigint, name_id, at_ms, key, workspace_id, received_ms, flags, properties, arrival_id
      FROM contact_events WHERE bucket = ${from} AND contact_id = ${fromId}
      ON CONFLICT DO NOTHING RETURNING name_id)
    SELECT name_id AS "nameId", count(*) AS n FROM moved GROUP BY 1`;
  const gone = await db<{ nameId: number; n: number; hasHeld: boolean }[]>`
    WITH gone AS (DELETE FROM contact_events WHERE bucket = ${from} AND contact_id = ${fromId} RETURNING name_id, flags)
    SELECT name_id AS "nameId", count(*) AS n, bool_or(flags & ${FLAG.held}::smallint <> 0) AS "hasHeld" FROM gone GROUP BY 1`;
  const movedOf = new Map(moved.map(({ nameId, n }) => [nameId, n]));
  return {
    hasHeld: gone.some(({ hasHeld }) => hasHeld),
    twice: gone.flatMap(({ nameId, n }) => {
      const both = n - (movedOf.get(nameId) ?? 0);
      return both > 0 ? [{ nameId, n: both }] : [];
    }),
  };
}

/** Adds the counts of one contact to another's, but for what both did as one event (`twice`). Locks both's. */
export async function moveStats(
  db: Db,
  fromId: number,
  toId: number,
  twice: EventsMoved['twice'],
): Promise<void> {
  const from = bucketOf(fromId);
  await db`
    INSERT INTO event_stats AS s (bucket, contact_id, name_id, workspace_id, count, first_ms, last_ms)
    SELECT ${bucketOf(toId)}::smallint, ${toId}::bigint, f.name_id, f.workspace_id, f.count - coalesce(t.n, 0), f.first_ms, f.last_ms
    FROM event_stats f
    LEFT JOIN unnest(${twice.map(({ nameId }) => nameId)}::bigint[], ${twice.map(({ n }) => n)}::bigint[]) AS t (name_id, n)
      ON t.name_id = f.name_id
    WHERE f.bucket = ${from} AND f.contact_id = ${fromId}
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

/** Moves what was not taken yet into the other's lane; returns that, where there was anything. Locks the rows. */
export async function moveArrivals(db: Db, fromId: number, toId: number): Promise<number | undefined> {
  const from = bucketOf(fromId);
  const to = bucketOf(toId);
  const [lane] = await db<{ lane: number }[]>`
    SELECT lane FROM lanes WHERE buckets @> ARRAY[${to}::smallint]`;
  await db`
    INSERT INTO event_arrivals (bucket, id, lane, workspace_id, contact_id, kind, name_id, at_ms, received_ms, key, flags, properties)
    SELECT ${to}::smallint, id, ${lane!.lane}::smallint, workspace_id, ${toId}::bigint, kind, name_id, at_ms, received_ms, key,
      flags, properties
    FROM event_arrivals WHERE bucket = ${from} AND contact_id = ${fromId}`;
  const gone = await db`DELETE FROM event_arrivals WHERE bucket = ${from} AND contact_id = ${fromId}`;
  return gone.count > 0 ? lane!.lane : undefined;
}
