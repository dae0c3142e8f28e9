/** Statements on what imports made, and on taking it back. */
import { bucketOf } from '../../base/ids.ts';
import { column } from '../../db/column.ts';
import type { Db } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';

/** Why somebody stays whom an import made. */
export type StayReason = 'changed' | 'address' | 'list' | 'import' | 'used';

/** What an import made of a contact. `atMs`: when it wrote it first; of one that it made, that is when the contact was changed last. */
export type MadeRow = { contactId: number; made: boolean; setIds: number[]; atMs: number };

/**
 * Keeps what a part of an import made. Of who stands in a second part again, the time stays: what that part changed cannot be told from what
 * somebody changed in between.
 */
export async function insertMade(db: Db, importId: number, rows: readonly MadeRow[]): Promise<void> {
  await db`
    INSERT INTO import_made AS m (bucket, import_id, contact_id, made, set_ids, at_ms)
    SELECT n.bucket, ${importId}::bigint, n.contact_id, n.made, n.set_ids::bigint[], n.at_ms
    FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${rows.map(({ made }) => made)}::boolean[], ${column(rows, (r) => `{${r.setIds.join(',')}}`)}::text[], ${column(rows, (r) => r.atMs)}::bigint[])
      n (bucket, contact_id, made, set_ids, at_ms)
    ON CONFLICT (bucket, import_id, contact_id) DO UPDATE SET made = m.made OR excluded.made, set_ids = m.set_ids || excluded.set_ids`;
}

/** The next of what an import made, in the order of contacts. Locks nothing: whoever takes it back holds the import. */
export async function selectMade(db: Db, importId: number, limit: number): Promise<MadeRow[]> {
  return await db<MadeRow[]>`
    SELECT contact_id AS "contactId", made, set_ids AS "setIds", at_ms AS "atMs" FROM import_made
    WHERE import_id = ${importId} ORDER BY bucket, contact_id LIMIT ${limit}`;
}

/** Forgets what an import made of some contacts, or of all of them. */
export async function deleteMade(db: Db, importId: number, contactIds?: readonly number[]): Promise<void> {
  if (contactIds)
    await db`
      DELETE FROM import_made m USING ${keys(db, contactIds)}
      WHERE m.bucket = k.bucket AND m.import_id = ${importId} AND m.contact_id = k.id`;
  else await db`DELETE FROM import_made WHERE import_id = ${importId}`;
}

/** Forgets what imports made of contacts that are erased. Locks the rows. */
export async function deleteMadeOf(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`DELETE FROM import_made m USING ${keys(db, contactIds)} WHERE m.bucket = k.bucket AND m.contact_id = k.id`;
}

/** Takes memberships away, pair by pair; returns which there were. Locks the rows. */
export async function deletePairs(
  db: Db,
  pairs: readonly { contactId: number; setId: number }[],
): Promise<{ contactId: number; setId: number }[]> {
  return await db<{ contactId: number; setId: number }[]>`
    DELETE FROM set_members m
    USING unnest(${column(pairs, (p) => bucketOf(p.contactId))}::smallint[], ${column(pairs, (p) => p.setId)}::bigint[],
      ${column(pairs, (p) => p.contactId)}::bigint[]) k (bucket, set_id, contact_id)
    WHERE m.bucket = k.bucket AND m.set_id = k.set_id AND m.contact_id = k.contact_id
    RETURNING m.contact_id AS "contactId", m.set_id AS "setId"`;
}

/** Contacts that are there, locked against everybody who adds to them, in the order of their keys; and whether anybody has changed them since. */
export async function lockMade(
  db: Db,
  workspaceId: number,
  rows: readonly MadeRow[],
): Promise<{ id: number; isChanged: boolean }[]> {
  return await onEachShard(
    db,
    rows,
    (r) => bucketOf(r.contactId),
    async (some, buckets) =>
      await db<{ id: number; isChanged: boolean }[]>`
        SELECT c.id, c.changed_ms <> k.at_ms OR c.last_inbound_ms IS NOT NULL AS "isChanged"
        FROM unnest(${column(some, (r) => bucketOf(r.contactId))}::smallint[], ${column(some, (r) => r.contactId)}::bigint[],
          ${column(some, (r) => r.atMs)}::bigint[]) k (bucket, id, at_ms)
        JOIN contacts c ON c.bucket = k.bucket AND c.workspace_id = ${workspaceId} AND c.id = k.id ${db.onShard('c.bucket', buckets)}
        ORDER BY c.bucket, c.workspace_id, c.id FOR UPDATE OF c`,
  );
}

/** Of contacts that an import made, those of whom this room knows more than the import said, and what. Locks nothing. */
export async function selectMore(
  db: Db,
  importId: number,
  rows: readonly MadeRow[],
): Promise<{ id: number; why: StayReason }[]> {
  return await db<{ id: number; why: StayReason }[]>`
    WITH k AS (
      SELECT * FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
        ${column(rows, (r) => r.atMs)}::bigint[]) k (bucket, id, at_ms))
    SELECT DISTINCT k.id, 'address' AS why FROM k
      JOIN destinations d ON d.bucket = k.bucket AND d.contact_id = k.id WHERE d.linked_ms <> k.at_ms OR d.last_inbound_ms IS NOT NULL
    UNION SELECT k.id, 'list' FROM k JOIN set_members m ON m.bucket = k.bucket AND m.contact_id = k.id
    UNION SELECT k.id, 'changed' FROM k JOIN merged_contacts g ON g.into_id = k.id
    UNION SELECT k.id, 'import' FROM k
      JOIN import_made o ON o.bucket = k.bucket AND o.contact_id = k.id WHERE o.import_id <> ${importId}`;
}

/** Deletes contacts with what is theirs in this room, but for what they are known by. Locks all of it. */
export async function deleteWhole(db: Db, workspaceId: number, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM contacts c USING ${keys(db, contactIds)}
    WHERE c.bucket = k.bucket AND c.workspace_id = ${workspaceId} AND c.id = k.id`;
  await db`DELETE FROM destinations d USING ${keys(db, contactIds)} WHERE d.bucket = k.bucket AND d.contact_id = k.id`;
  await db`DELETE FROM segment_members m USING ${keys(db, contactIds)} WHERE m.bucket = k.bucket AND m.contact_id = k.id`;
}

const keys = (db: Db, ids: readonly number[]) =>
  db`unnest(${column(ids, bucketOf)}::smallint[], ${column(ids, Number)}::bigint[]) k (bucket, id)`;
