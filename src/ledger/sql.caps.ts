/** Statements on caps: what marketing each person was sent lately, in workspaces that cap it. One row a contact, in the contact's bucket. */
import { bucketOf } from '../base/ids.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import type { Db } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';
import type { DeliveryKey } from './ref.ts';
import { STATE } from './states.ts';

/** The marks of a contact: when it was written to, and for which cause; two arrays of one length. */
export type Marks = { contactId: number; atMs: number[]; causeIds: number[] };
/** As they are kept: with the moment, by our clock, at which they were last filled from the deliveries. */
type KeptMarks = Marks & { filledMs: number };

const columns = (db: Db) =>
  db`c.contact_id AS "contactId", c.at_ms AS "atMs", c.cause_ids AS "causeIds", c.filled_ms AS "filledMs"`;

/** Reads the marks of contacts. Locks nothing. */
export async function selectMarks(db: Db, contactIds: readonly number[]): Promise<KeptMarks[]> {
  const ids = [...new Set(contactIds)];
  return await db<KeptMarks[]>`
    SELECT ${columns(db)} FROM unnest(${ids.map(bucketOf)}::smallint[], ${ids}::bigint[]) AS k (bucket, contact_id)
    JOIN caps c ON c.bucket = k.bucket AND c.contact_id = k.contact_id`;
}

/** Reads the marks of contacts and locks them until the transaction ends, in order of the contacts. Who has none has no row. */
export async function lockMarks(db: Db, contactIds: readonly number[]): Promise<KeptMarks[]> {
  return await db<KeptMarks[]>`
    SELECT ${columns(db)} FROM caps c
    WHERE (c.bucket, c.contact_id) IN (SELECT * FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]))
      ${db.onShard('c.bucket', [...new Set(contactIds.map(bucketOf))])}
    ORDER BY c.bucket, c.contact_id FOR UPDATE`;
}

/**
 * Fills the marks of contacts from their deliveries, and locks them: what they were sent, or may have been, while nothing was marked.
 * To marks that are there those are added, also of causes that have one. A row that another transaction makes meanwhile is waited
 * for. In order of the contacts.
 */
export async function fillMarks(
  db: Db,
  contactIds: readonly number[],
  { sinceMs, nowMs }: { sinceMs: number; nowMs: number },
): Promise<KeptMarks[]> {
  return await onEachShard(
    db,
    contactIds,
    bucketOf,
    async (some, buckets) =>
      await db<KeptMarks[]>`
        INSERT INTO caps AS c (bucket, contact_id, at_ms, cause_ids, filled_ms)
        SELECT k.bucket, k.contact_id, coalesce(s.at_ms, '{}'), coalesce(s.cause_ids, '{}'), ${nowMs}
        FROM unnest(${some.map(bucketOf)}::smallint[], ${[...some]}::bigint[]) k (bucket, contact_id)
        LEFT JOIN LATERAL (
          SELECT array_agg(one.at_ms ORDER BY one.at_ms) AS at_ms, array_agg(one.cause_id ORDER BY one.at_ms) AS cause_ids FROM (
            SELECT max(coalesce(d.sent_ms, d.state_ms)) AS at_ms, d.cause_id FROM deliveries d
            WHERE d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.class = ${CLASS_BIT.marketing}
              ${db.onShard('d.bucket', buckets)}
              AND (d.sent_ms >= ${sinceMs} OR (d.state = ${STATE.unknown} AND d.state_ms >= ${sinceMs}))
            GROUP BY d.cause_id) one) s ON true
        ORDER BY k.bucket, k.contact_id
        ON CONFLICT (bucket, contact_id) DO UPDATE SET
          at_ms = c.at_ms || excluded.at_ms, cause_ids = c.cause_ids || excluded.cause_ids, filled_ms = excluded.filled_ms
        RETURNING ${columns(db)}`,
  );
}

/** Writes the marks of contacts that are locked. */
export async function writeMarks(db: Db, rows: readonly Marks[]): Promise<void> {
  await db`
    UPDATE caps c SET at_ms = string_to_array(n.at_ms, ',')::bigint[], cause_ids = string_to_array(n.cause_ids, ',')::bigint[]
    FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.atMs.join(','))}::text[], ${rows.map((r) => r.causeIds.join(','))}::text[])
      n (bucket, contact_id, at_ms, cause_ids)
    WHERE c.bucket = n.bucket AND c.contact_id = n.contact_id`;
}

/** Of causes of contacts, those of which nothing was sent, may have been sent or waits to be. */
export async function selectUnsent(
  db: Db,
  keys: readonly Omit<DeliveryKey, 'seq'>[],
): Promise<{ contactId: number; causeId: number }[]> {
  // Deliveries are looked at one by one: no plan can read all there are.
  return await onEachShard(
    db,
    keys,
    (key) => bucketOf(key.contactId),
    async (some, buckets) =>
      await db<{ contactId: number; causeId: number }[]>`
        SELECT n.contact_id AS "contactId", n.cause_id AS "causeId"
        FROM unnest(${some.map((k) => bucketOf(k.contactId))}::smallint[], ${some.map((k) => k.contactId)}::bigint[],
          ${some.map((k) => k.causeId)}::bigint[]) n (bucket, contact_id, cause_id)
        LEFT JOIN LATERAL (
          SELECT count(*) AS n FROM deliveries d WHERE d.bucket = n.bucket AND d.contact_id = n.contact_id AND d.cause_id = n.cause_id
            AND (d.sent_ms IS NOT NULL OR d.state < ${STATE.failed}) ${db.onShard('d.bucket', buckets)}) sent ON true
        WHERE sent.n = 0`,
  );
}

/**
 * Unites the marks of two contacts that are one, to be filled again: who has no marks may have been sent something. Locks both; a row is
 * made also where neither has any, so that who fills the survivor's at this moment waits for the deliveries that come over.
 */
export async function mergeMarks(db: Db, fromId: number, intoId: number): Promise<void> {
  const [gone] = await db<KeptMarks[]>`
    DELETE FROM caps c WHERE c.bucket = ${bucketOf(fromId)} AND c.contact_id = ${fromId} RETURNING ${columns(db)}`;
  await db`
    INSERT INTO caps AS c (bucket, contact_id, at_ms, cause_ids)
    VALUES (${bucketOf(intoId)}, ${intoId}, ${gone?.atMs ?? []}::bigint[], ${gone?.causeIds ?? []}::bigint[])
    ON CONFLICT (bucket, contact_id) DO UPDATE SET
      at_ms = c.at_ms || excluded.at_ms, cause_ids = c.cause_ids || excluded.cause_ids, filled_ms = 0`;
}

/** Forgets what contacts were sent. */
export async function deleteMarks(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM caps WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}
