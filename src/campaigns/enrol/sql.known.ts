/** Statements on events that would have let in somebody who was not known yet. They name rows by key. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { FLAG } from '../events/time.ts';
import { those } from '../sql.keys.ts';

/** An event by its key. */
type EventKey = { contactId: number; nameId: number; atMs: number; key: number };

/** Marks events as held. Locks them. */
export async function markHeld(db: Db, rows: readonly EventKey[]): Promise<void> {
  await db`
    UPDATE contact_events e SET flags = e.flags | ${FLAG.held}::smallint
    FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.nameId)}::bigint[], ${rows.map((r) => r.atMs)}::bigint[], ${rows.map((r) => r.key)}::bigint[])
      AS k (bucket, contact_id, name_id, at_ms, key)
    WHERE e.bucket = k.bucket AND e.contact_id = k.contact_id AND e.name_id = k.name_id AND e.at_ms = k.at_ms AND e.key = k.key`;
}

/** An event that was held. */
type Held = EventKey & { receivedMs: number; order: number; properties: Record<string, unknown> | null };

/** Takes what is held of contacts since a moment, in the order in which it came: nobody takes it again. Locks the rows. */
export async function takeHeld(db: Db, contactIds: readonly number[], sinceMs: number): Promise<Held[]> {
  return await db<Held[]>`
    WITH taken AS (
      UPDATE contact_events e SET flags = flags & ~${FLAG.held}::smallint
      FROM ${those(db, contactIds)}
      WHERE e.bucket = k.bucket AND e.contact_id = k.contact_id AND e.at_ms >= ${sinceMs} AND e.flags & ${FLAG.held}::smallint <> 0
      RETURNING e.contact_id, e.name_id, e.at_ms, e.key, e.received_ms, e.arrival_id, e.properties
    )
    SELECT contact_id AS "contactId", name_id AS "nameId", at_ms AS "atMs", key, received_ms AS "receivedMs",
      arrival_id AS "order", properties FROM taken ORDER BY arrival_id`;
}
