/** Every statement on live_heads and live_log, and those that look at the feed for what is on its way there. */
import { bucketOf } from '../base/ids.ts';
import type { Db, Fragment, Tx } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';
import type { LogEntry, Head } from './entry.ts';

/** From now on what happens to the contact is logged. Nothing when it was so already. */
export async function insertHead(db: Db, contactId: number): Promise<void> {
  await db`INSERT INTO live_heads (bucket, contact_id) VALUES (${bucketOf(contactId)}, ${contactId}) ON CONFLICT DO NOTHING`;
}

/** The heads of those contacts that are logged. Locks nothing. */
export async function selectHeads(db: Db, contactIds: readonly number[]): Promise<Head[]> {
  return await db<Head[]>`
    SELECT h.contact_id AS "contactId", h.seq
    FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (bucket, contact_id)
    JOIN live_heads h ON h.bucket = k.bucket AND h.contact_id = k.contact_id`;
}

/**
 * Takes numbers for entries of contacts: `n` each; returns the new heads of those that are logged. Locks their heads until the
 * transaction ends, which is what makes numbers commit in order. Give the contacts in order of id, each once.
 */
export async function advanceHeads(
  tx: Tx,
  rows: readonly { contactId: number; n: number }[],
): Promise<Head[]> {
  return await tx<Head[]>`
    UPDATE live_heads h SET seq = h.seq + k.n
    FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.n)}::bigint[]) AS k (bucket, contact_id, n)
    WHERE h.bucket = k.bucket AND h.contact_id = k.contact_id
    RETURNING h.contact_id AS "contactId", h.seq`;
}

/**
 * Takes a number for each of a selection, as (bucket, contact_id), that is logged; returns their new heads. All are of one lane, whose
 * feed one process hands on: nobody else takes numbers of these meanwhile. Locks the heads.
 */
export async function advanceHeadsSelected(tx: Tx, selected: Fragment): Promise<Head[]> {
  return await tx<Head[]>`
    UPDATE live_heads h SET seq = h.seq + 1 FROM (${selected}) s
    WHERE h.bucket = s.bucket AND h.contact_id = s.contact_id
    RETURNING h.contact_id AS "contactId", h.seq`.unprepared();
}

/** Writes entries. Their numbers are new. */
export async function insertEntries(db: Db, rows: readonly LogEntry[]): Promise<void> {
  await db`
    INSERT INTO live_log (bucket, contact_id, seq, kind, message_id, detail, at_ms)
    SELECT * FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.seq)}::bigint[], ${rows.map((r) => r.kind)}::smallint[],
      ${rows.map((r) => r.messageId)}::bigint[], ${rows.map((r) => r.detail)}::smallint[],
      ${rows.map((r) => r.atMs)}::bigint[])`;
}

/** Deletes entries up to a number each: a client whose cursor is older is shown the last messages instead. */
export async function deleteEntries(db: Db, upTo: readonly Head[]): Promise<void> {
  await db`
    DELETE FROM live_log l USING unnest(
      ${upTo.map((r) => bucketOf(r.contactId))}::smallint[], ${upTo.map((r) => r.contactId)}::bigint[],
      ${upTo.map((r) => r.seq)}::bigint[]) AS k (bucket, contact_id, seq)
    WHERE l.bucket = k.bucket AND l.contact_id = k.contact_id AND l.seq <= k.seq`;
}

/** Forgets what was logged of contacts. Locks the rows. */
export async function deleteLogs(db: Db, contactIds: readonly number[]): Promise<void> {
  const buckets = [...new Set(contactIds.map(bucketOf))];
  await Promise.all([
    db`DELETE FROM live_heads WHERE bucket = ANY(${buckets}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`,
    db`DELETE FROM live_log WHERE bucket = ANY(${buckets}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`,
  ]);
}

/** The entries of contacts after a number each, in order, at most `limit` each. */
export async function selectEntries(db: Db, after: readonly Head[], limit: number): Promise<LogEntry[]> {
  return await onEachShard(
    db,
    after,
    (r) => bucketOf(r.contactId),
    async (some, buckets) =>
      await db<LogEntry[]>`
        SELECT l.* FROM unnest(
          ${some.map((r) => bucketOf(r.contactId))}::smallint[], ${some.map((r) => r.contactId)}::bigint[],
          ${some.map((r) => r.seq)}::bigint[]) AS k (bucket, contact_id, seq)
        CROSS JOIN LATERAL (
          SELECT contact_id AS "contactId", seq, kind, message_id AS "messageId", detail, at_ms AS "atMs" FROM live_log
          WHERE bucket = k.bucket AND contact_id = k.contact_id AND seq > k.seq ${db.onShard('bucket', buckets)} ORDER BY seq LIMIT ${limit}) l`,
  );
}

/** The number of the oldest entry that is kept; undefined when there is none. */
export async function selectOldest(db: Db, contactId: number): Promise<number | undefined> {
  const [row] = await db<{ seq: number | null }[]>`
    SELECT min(seq) AS seq FROM live_log WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}`;
  return row?.seq ?? undefined;
}

/** Messages of a contact whose event nobody was handed yet. The feed empties itself, so there are few. */
export async function selectPending(db: Db, contactId: number): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT (payload ->> 'messageId')::bigint AS id FROM feed
    WHERE bucket = ${bucketOf(contactId)} AND type IN ('message.accepted', 'message.received')
      AND (payload ->> 'contactId')::bigint = ${contactId}`;
  return rows.map(({ id }) => id);
}

/** All further statements of the transaction see the store as it is at the first of them. */
export async function seeOneMoment(tx: Tx): Promise<void> {
  await tx`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`;
}

/** Lets one transaction at a time make the web chat of a workspace. */
export async function lockWebChat(tx: Tx, workspaceId: number): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(hashtext('webchat'), ${workspaceId % 2 ** 31}::integer)`;
}
