/** Statements on lists and tags, and who is in them. A set's row is written before its members. */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';

/** What a set is: all are named sets of contacts, and each kind has names of its own. */
export type SetKind = 'list' | 'tag' | 'label' | 'bot';

/** A list, a tag, a shipping label, or those to whom a bot is assigned. */
export type ContactSet = {
  id: number;
  workspaceId: number;
  kind: SetKind;
  name: string;
  createdMs: number;
};

const COLUMNS = (db: Db) =>
  db`s.id, s.workspace_id AS "workspaceId", s.kind, s.name, s.created_ms AS "createdMs"`;

/** Makes sets, and returns those that were not there by that name. Waits for another who makes one by that name. */
export async function insertSets(
  db: Db,
  workspaceId: number,
  kind: SetKind,
  rows: readonly { id: number; name: string }[],
  nowMs: number,
): Promise<ContactSet[]> {
  return await db<ContactSet[]>`
    INSERT INTO sets AS s (id, workspace_id, kind, name, created_ms)
    SELECT n.id, ${workspaceId}::bigint, ${kind}::text, n.name, ${nowMs}::bigint
    FROM unnest(${column(rows, (r) => r.id)}::bigint[], ${column(rows, (r) => r.name)}::text[]) n (id, name)
    ON CONFLICT DO NOTHING RETURNING ${COLUMNS(db)}`;
}

/** The sets of a workspace, by name. Locks nothing. */
export async function selectSets(db: Db, workspaceId: number, kind?: SetKind): Promise<ContactSet[]> {
  return await db<ContactSet[]>`
    SELECT ${COLUMNS(db)} FROM sets s
    WHERE s.workspace_id = ${workspaceId} ${kind ? db`AND s.kind = ${kind}` : db``} ORDER BY s.name, s.id`;
}

/** Sets of a kind by name. Locks nothing. */
export async function selectNamed(
  db: Db,
  workspaceId: number,
  kind: SetKind,
  names: readonly string[],
): Promise<ContactSet[]> {
  return await db<ContactSet[]>`
    SELECT ${COLUMNS(db)} FROM sets s
    WHERE s.workspace_id = ${workspaceId} AND s.kind = ${kind} AND s.name = ANY(${[...names]}::text[])`;
}

/** One set. Locks nothing. */
export async function selectSet(db: Db, workspaceId: number, id: number): Promise<ContactSet | undefined> {
  const [row] = await db<ContactSet[]>`
    SELECT ${COLUMNS(db)} FROM sets s WHERE s.id = ${id} AND s.workspace_id = ${workspaceId}`;
  return row;
}

/** Sets by their ids. Locks nothing. */
export async function selectSetsIn(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<ContactSet[]> {
  return await db<ContactSet[]>`
    SELECT ${COLUMNS(db)} FROM sets s WHERE s.id = ANY(${[...ids]}::bigint[]) AND s.workspace_id = ${workspaceId}`;
}

/** One set, which nobody else changes or names until the transaction ends. */
export async function lockSetRow(db: Db, workspaceId: number, id: number): Promise<ContactSet | undefined> {
  const [row] = await db<ContactSet[]>`
    SELECT ${COLUMNS(db)} FROM sets s WHERE s.id = ${id} AND s.workspace_id = ${workspaceId} FOR UPDATE`;
  return row;
}

/** Sets of a kind by name: they are there, and are called so, until the transaction ends. */
export async function holdNamed(
  db: Db,
  workspaceId: number,
  kind: SetKind,
  names: readonly string[],
): Promise<ContactSet[]> {
  return await db<ContactSet[]>`
    SELECT ${COLUMNS(db)} FROM sets s
    WHERE s.workspace_id = ${workspaceId} AND s.kind = ${kind} AND s.name = ANY(${[...names]}::text[]) ORDER BY s.id FOR KEY SHARE`;
}

/** Renames a set; undefined when it is not there. Breaks the unique constraint when the name is taken. Locks the set. */
export async function updateSetName(
  db: Db,
  workspaceId: number,
  id: number,
  name: string,
): Promise<ContactSet | undefined> {
  const [row] = await db<ContactSet[]>`
    UPDATE sets s SET name = ${name} WHERE s.id = ${id} AND s.workspace_id = ${workspaceId} RETURNING ${COLUMNS(db)}`;
  return row;
}

/** Deletes a set; false when it is not there. Locks it. */
export async function deleteSetRow(db: Db, workspaceId: number, id: number): Promise<boolean> {
  const result = await db`DELETE FROM sets WHERE id = ${id} AND workspace_id = ${workspaceId}`;
  return result.count > 0;
}

/** Deletes all members of a set. Locks them. Reads every bucket. */
export async function deleteAllMembers(db: Db, setId: number): Promise<void> {
  await db`DELETE FROM set_members WHERE set_id = ${setId} AND bucket >= 0`;
}

/** Puts contacts of the workspace into sets, each into each; returns how many memberships are new. Locks the new rows. */
export async function insertMembers(
  db: Db,
  workspaceId: number,
  setIds: readonly number[],
  contactIds: readonly number[],
): Promise<number> {
  return (await insertPairs(db, workspaceId, setIds, contactIds)).length;
}

/** As insertMembers; returns which memberships are new. */
export async function insertPairs(
  db: Db,
  workspaceId: number,
  setIds: readonly number[],
  contactIds: readonly number[],
): Promise<{ contactId: number; setId: number }[]> {
  return await db<{ contactId: number; setId: number }[]>`
    INSERT INTO set_members AS m (bucket, set_id, contact_id)
    SELECT c.bucket, s.id, c.id FROM ${keyRows(db, contactIds)}
    JOIN contacts c ON c.bucket = k.bucket AND c.workspace_id = ${workspaceId} AND c.id = k.id
    CROSS JOIN unnest(${[...setIds]}::bigint[]) s (id)
    ON CONFLICT DO NOTHING RETURNING m.contact_id AS "contactId", m.set_id AS "setId"`;
}

/** Takes contacts out of a set; returns how many were in it. Locks the rows. */
export async function deleteMembers(db: Db, setId: number, contactIds: readonly number[]): Promise<number> {
  const result = await db`
    DELETE FROM set_members m USING ${keyRows(db, contactIds)}
    WHERE m.bucket = k.bucket AND m.set_id = ${setId} AND m.contact_id = k.id`;
  return result.count;
}

/** Pairs, not two lists: with `= ANY` for each, a plan may try every bucket with every id, or read all of the workspace's. */
function keyRows(db: Db, contactIds: readonly number[]) {
  return db`unnest(${column(contactIds, bucketOf)}::smallint[], ${column(contactIds, Number)}::bigint[]) AS k (bucket, id)`;
}

/** Takes contacts out of every set; returns what they were in. Locks the rows. */
export async function deleteMemberships(
  db: Db,
  contactIds: readonly number[],
): Promise<{ setId: number; contactId: number }[]> {
  return await db<{ setId: number; contactId: number }[]>`
    DELETE FROM set_members
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND contact_id = ANY(${[...contactIds]}::bigint[])
    RETURNING set_id AS "setId", contact_id AS "contactId"`;
}

/** How many contacts are in each set, up to `most`: a part of an index is read for each. Locks nothing. Reads every bucket. */
export async function countMembersOf(
  db: Db,
  setIds: readonly number[],
  most: number,
): Promise<{ setId: number; n: number }[]> {
  const each = setIds.map(
    (id) => db`
      SELECT ${id}::bigint AS "setId", count(*)::integer AS n
      FROM (SELECT 1 FROM set_members WHERE set_id = ${id} AND bucket >= 0 LIMIT ${most}) AS up_to`,
  );
  return await db<{ setId: number; n: number }[]>`${each.reduce((all, one) => db`${all} UNION ALL ${one}`)}`;
}

/** The lists and tags that contacts are in. Locks nothing. */
export async function selectMemberships(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<{ contactId: number; kind: SetKind; name: string }[]> {
  return await onEachShard(
    db,
    [...new Set(contactIds)],
    bucketOf,
    async (some, buckets) =>
      await db<{ contactId: number; kind: SetKind; name: string }[]>`
        SELECT m.contact_id AS "contactId", s.kind, s.name
        FROM unnest(${column(some, bucketOf)}::smallint[], ${column(some, (id) => id)}::bigint[]) AS k (bucket, contact_id)
        -- Looked up for each: all members of a set are never gone through, whatever is believed of how many there are.
        CROSS JOIN LATERAL (
          SELECT set_id, contact_id FROM set_members
          WHERE bucket = k.bucket AND contact_id = k.contact_id ${db.onShard('bucket', buckets)} OFFSET 0) m
        JOIN sets s ON s.id = m.set_id AND s.workspace_id = ${workspaceId}`,
  );
}

/** Contacts that are in a set, up to `most`, in no order. Locks nothing. Reads every bucket. */
export async function selectMembers(db: Db, setId: number, most: number): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT contact_id AS "contactId" FROM set_members WHERE set_id = ${setId} AND bucket >= 0 LIMIT ${most}`;
  return rows.map(({ contactId }) => contactId);
}

/** Those of some contacts that are in a set. Costs what they are, however many others are in it. Locks nothing. */
export async function selectMembersAmong(
  db: Db,
  setId: number,
  contactIds: readonly number[],
): Promise<number[]> {
  const rows = await onEachShard(
    db,
    contactIds,
    bucketOf,
    async (some, buckets) =>
      await db<{ contactId: number }[]>`
        SELECT k.contact_id AS "contactId"
        FROM unnest(${some.map(bucketOf)}::smallint[], ${[...some]}::bigint[]) AS k (bucket, contact_id)
        -- Looked up for each: all members of a set are never gone through, whatever is believed of how many there are.
        CROSS JOIN LATERAL (
          SELECT 1 FROM set_members
          WHERE bucket = k.bucket AND set_id = ${setId} AND contact_id = k.contact_id ${db.onShard('bucket', buckets)} OFFSET 0) m`,
  );
  return rows.map(({ contactId }) => contactId);
}
