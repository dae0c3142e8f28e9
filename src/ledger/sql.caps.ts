/** Statements on caps: what marketing each person was sent lately, in workspaces that cap it. One row a contact, in the contact's bucket. */
import { bucketOf } from '../base/ids.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import type { Db } from '../db/pool.ts';
import type { DeliveryKey } from './ref.ts';
import { STATE } from './states.ts';

/** The marks of a contact: when it was written to, and for which cause. Two arrays of one length. */
export type Marks = { contactId: number; atMs: number[]; causeIds: number[] };

/** Reads the marks of contacts. Locks nothing. */
export async function selectMarks(db: Db, contactIds: readonly number[]): Promise<Marks[]> {
  return await db<Marks[]>`
    SELECT c.contact_id AS "contactId", c.at_ms AS "atMs", c.cause_ids AS "causeIds" FROM caps c
    WHERE c.bucket = ANY(${contactIds.map(bucketOf)}::smallint[]) AND c.contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** Reads the marks of contacts and locks them until the transaction ends, in order of the contacts. Who has none has no row. */
export async function lockMarks(db: Db, contactIds: readonly number[]): Promise<Marks[]> {
  return await db<Marks[]>`
    SELECT c.contact_id AS "contactId", c.at_ms AS "atMs", c.cause_ids AS "causeIds" FROM caps c
    WHERE (c.bucket, c.contact_id) IN (SELECT * FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]))
      ${db.onShard('c.bucket', [...new Set(contactIds.map(bucketOf))])}
    ORDER BY c.bucket, c.contact_id FOR UPDATE`;
}

/**
 * Makes rows for contacts that have none, and locks them: what they were sent before the workspace had a cap is in their deliveries.
 * A row that another transaction makes meanwhile is waited for, and is the one returned. In order of the contacts.
 */
export async function seedMarks(db: Db, contactIds: readonly number[], sinceMs: number): Promise<Marks[]> {
  return await db<Marks[]>`
    INSERT INTO caps AS c (bucket, contact_id, at_ms, cause_ids)
    SELECT k.bucket, k.contact_id, coalesce(s.at_ms, '{}'), coalesce(s.cause_ids, '{}')
    FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) k (bucket, contact_id)
    LEFT JOIN LATERAL (
      SELECT array_agg(one.at_ms ORDER BY one.at_ms) AS at_ms, array_agg(one.cause_id ORDER BY one.at_ms) AS cause_ids FROM (
        SELECT max(d.sent_ms) AS at_ms, d.cause_id FROM deliveries d
        WHERE d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.sent_ms >= ${sinceMs} AND d.class = ${CLASS_BIT.marketing}
        GROUP BY d.cause_id) one) s ON true
    ORDER BY k.bucket, k.contact_id
    ON CONFLICT (bucket, contact_id) DO UPDATE SET at_ms = c.at_ms
    RETURNING c.contact_id AS "contactId", c.at_ms AS "atMs", c.cause_ids AS "causeIds"`;
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

/**
 * Takes the marks of causes off contacts, where nothing of the cause was sent, may have been sent or waits to be: a person's devices,
 * and the next way to reach them, share one mark. The marks must be locked already, or two that end at once each take the other for
 * waiting. Where deliveries are looked at one by one, no plan can read all there are.
 */
export async function dropMarks(db: Db, keys: readonly Omit<DeliveryKey, 'seq'>[]): Promise<void> {
  await db`
    UPDATE caps c SET
      at_ms = c.at_ms[: array_position(c.cause_ids, n.cause_id) - 1] || c.at_ms[array_position(c.cause_ids, n.cause_id) + 1 :],
      cause_ids = array_remove(c.cause_ids, n.cause_id)
    FROM unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
      ${keys.map((k) => k.causeId)}::bigint[]) n (bucket, contact_id, cause_id)
    WHERE c.bucket = n.bucket AND c.contact_id = n.contact_id AND array_position(c.cause_ids, n.cause_id) IS NOT NULL
      AND (SELECT count(*) FROM deliveries d WHERE d.bucket = n.bucket AND d.contact_id = n.contact_id AND d.cause_id = n.cause_id
        AND (d.sent_ms IS NOT NULL OR d.state < ${STATE.failed})) = 0`;
}

/** Unites the marks of two contacts that are one. Locks both. */
export async function mergeMarks(db: Db, fromId: number, intoId: number): Promise<void> {
  const [gone] = await db<Marks[]>`
    DELETE FROM caps WHERE bucket = ${bucketOf(fromId)} AND contact_id = ${fromId}
    RETURNING contact_id AS "contactId", at_ms AS "atMs", cause_ids AS "causeIds"`;
  if (!gone?.atMs.length) return;
  await db`
    INSERT INTO caps AS c (bucket, contact_id, at_ms, cause_ids)
    VALUES (${bucketOf(intoId)}, ${intoId}, ${gone.atMs}::bigint[], ${gone.causeIds}::bigint[])
    ON CONFLICT (bucket, contact_id) DO UPDATE SET at_ms = c.at_ms || excluded.at_ms, cause_ids = c.cause_ids || excluded.cause_ids`;
}

/** Forgets what contacts were sent. */
export async function deleteMarks(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM caps WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}
