/** Statements on segments and who is in them. A segment's row is written before its members. */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db, Fragment } from '../db/pool.ts';

/** A segment, or what a campaign's trigger looks at (then it has no key). `rule` is read by `campaigns`. */
export type Segment = {
  id: number;
  workspaceId: number;
  key: string | null;
  name: string;
  campaignId: number | null;
  kind: 'rule' | 'value' | 'date';
  rule: object;
  state: 'building' | 'live';
  createdMs: number;
  changedMs: number;
};

const COLUMNS = (db: Db) => db`
  s.id, s.workspace_id AS "workspaceId", s.key, s.name, s.campaign_id AS "campaignId", s.kind, s.rule, s.state,
  s.created_ms AS "createdMs", s.changed_ms AS "changedMs"`;

/** Writes a segment; false when there is one by that key. Waits for another who writes one by it. */
export async function insertSegment(db: Db, s: Segment): Promise<boolean> {
  const result = await db`
    INSERT INTO segments (id, workspace_id, key, name, campaign_id, kind, rule, state, created_ms, changed_ms)
    VALUES (${s.id}, ${s.workspaceId}, ${s.key}, ${s.name}, ${s.campaignId}, ${s.kind}, ${JSON.stringify(s.rule)}::text::jsonb, ${s.state},
      ${s.createdMs}, ${s.changedMs}) ON CONFLICT DO NOTHING`;
  return result.count > 0;
}

/** How many segments a workspace has, with those of triggers. Locks nothing. */
export async function countSegments(db: Db, workspaceId: number): Promise<number> {
  const rows = await db<
    { n: number }[]
  >`SELECT count(*)::integer AS n FROM segments WHERE workspace_id = ${workspaceId}`;
  return rows[0]!.n;
}

/** Writes a segment over what it was. Locks it. */
export async function updateSegment(db: Db, s: Segment): Promise<void> {
  await db`
    UPDATE segments SET name = ${s.name}, rule = ${JSON.stringify(s.rule)}::text::jsonb, state = ${s.state}, changed_ms = ${s.changedMs}
    WHERE id = ${s.id}`;
}

/** A segment by id; with `lock` it stays as it is until the transaction ends. */
export async function selectSegment(
  db: Db,
  workspaceId: number,
  id: number,
  lock = false,
): Promise<Segment | undefined> {
  const rows = await db<Segment[]>`
    SELECT ${COLUMNS(db)} FROM segments s WHERE s.id = ${id} AND s.workspace_id = ${workspaceId} ${lock ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** Segments by their ids. Locks nothing. */
export async function selectIn(db: Db, workspaceId: number, ids: readonly number[]): Promise<Segment[]> {
  return await db<Segment[]>`
    SELECT ${COLUMNS(db)} FROM segments s WHERE s.id = ANY(${[...ids]}::bigint[]) AND s.workspace_id = ${workspaceId}`;
}

/** Segments of a workspace by their keys: they are there until the transaction ends, and change as they like. */
export async function holdByKey(db: Db, workspaceId: number, keys: readonly string[]): Promise<Segment[]> {
  return await db<Segment[]>`
    SELECT ${COLUMNS(db)} FROM segments s WHERE s.key = ANY(${[...keys]}::text[]) AND s.workspace_id = ${workspaceId}
    ORDER BY s.id FOR KEY SHARE`;
}

/** Segments of a workspace that people named, newest first. Locks nothing. */
export async function selectPage(
  db: Db,
  workspaceId: number,
  page: { beforeId: number; limit: number },
): Promise<Segment[]> {
  return await db<Segment[]>`
    SELECT ${COLUMNS(db)} FROM segments s
    WHERE s.workspace_id = ${workspaceId} AND s.key IS NOT NULL AND s.id < ${page.beforeId} ORDER BY s.id DESC LIMIT ${page.limit}`;
}

/** All that is kept of a workspace's segments, and what its campaigns' triggers look at. Locks nothing. */
export async function selectAll(db: Db, workspaceId: number): Promise<Segment[]> {
  return await db<Segment[]>`
    SELECT ${COLUMNS(db)} FROM segments s WHERE s.workspace_id = ${workspaceId} ORDER BY s.id`;
}

/** What is kept for one campaign's trigger. Locks nothing. */
export async function selectOfCampaign(db: Db, campaignId: number): Promise<Segment[]> {
  return await db<Segment[]>`
    SELECT ${COLUMNS(db)} FROM segments s WHERE s.campaign_id = ${campaignId} ORDER BY s.id`;
}

/** Workspaces in which something is kept. Locks nothing. */
export async function selectKeeping(db: Db): Promise<number[]> {
  const rows = await db<{ id: number }[]>`SELECT DISTINCT workspace_id AS id FROM segments`;
  return rows.map(({ id }) => id);
}

/** Deletes segments and who is in them. Locks them. Reads every bucket. */
export async function deleteSegments(db: Db, ids: readonly number[]): Promise<void> {
  await db`DELETE FROM segments WHERE id = ANY(${[...ids]}::bigint[])`;
  await db`DELETE FROM segment_members WHERE segment_id = ANY(${[...ids]}::bigint[]) AND bucket >= 0`;
}

/** A membership as it is kept; a digest of the value, where that is watched. */
export type Inside = { contactId: number; segmentId: number; sinceMs: number; value: string | null };

/** What contacts are in. Locks nothing. */
export async function selectInside(db: Db, contactIds: readonly number[]): Promise<Inside[]> {
  const unique = [...new Set(contactIds)];
  return await db<Inside[]>`
    SELECT m.contact_id AS "contactId", m.segment_id AS "segmentId", m.since_ms AS "sinceMs", m.value
    FROM unnest(${column(unique, bucketOf)}::smallint[], ${column(unique, (id) => id)}::bigint[]) AS k (bucket, contact_id)
    JOIN segment_members m ON (m.bucket, m.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id)`;
}

/** Writes who is in what, over what there is. Locks the rows. */
export async function upsertMembers(db: Db, rows: readonly Inside[]): Promise<void> {
  await db`
    INSERT INTO segment_members (bucket, segment_id, contact_id, since_ms, value)
    SELECT n.* FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.segmentId)}::bigint[],
      ${column(rows, (r) => r.contactId)}::bigint[], ${column(rows, (r) => r.sinceMs)}::bigint[], ${column(rows, (r) => r.value)}::text[])
      AS n (bucket, segment_id, contact_id, since_ms, value)
    ORDER BY 1, 2, 3
    ON CONFLICT (bucket, segment_id, contact_id) DO UPDATE SET since_ms = excluded.since_ms, value = excluded.value`;
}

/** Deletes memberships. Locks the rows. */
export async function deleteMembersOf(
  db: Db,
  rows: readonly { contactId: number; segmentId: number }[],
): Promise<void> {
  await db`
    DELETE FROM segment_members m USING unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[],
      ${column(rows, (r) => r.segmentId)}::bigint[], ${column(rows, (r) => r.contactId)}::bigint[]) AS k (bucket, segment_id, contact_id)
    WHERE m.bucket = k.bucket AND m.segment_id = k.segment_id AND m.contact_id = k.contact_id`;
}

/** Takes contacts out of every segment. Locks the rows. */
export async function deleteInside(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM segment_members
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/**
 * Makes who is in a segment, in some buckets, those for whom a condition on `contacts c` holds; `value` is what is kept of each. One
 * statement: who leaves, stays and comes is by one look at the contacts. Never prepared: it is planned for its condition.
 */
export async function fillSegment(
  db: Db,
  segment: Pick<Segment, 'id' | 'workspaceId'>,
  buckets: readonly number[],
  condition: Fragment,
  value: Fragment,
  nowMs: number,
): Promise<void> {
  await db`
    WITH inside AS MATERIALIZED (
      SELECT c.bucket, c.id, ${value} AS value FROM contacts c
      WHERE c.workspace_id = ${segment.workspaceId} AND c.bucket = ANY(${[...buckets]}::smallint[]) AND ${condition}
    ), gone AS (
      DELETE FROM segment_members m WHERE m.segment_id = ${segment.id} AND m.bucket = ANY(${[...buckets]}::smallint[])
        AND NOT EXISTS (SELECT 1 FROM inside i WHERE i.bucket = m.bucket AND i.id = m.contact_id)
    )
    INSERT INTO segment_members AS m (bucket, segment_id, contact_id, since_ms, value)
    SELECT i.bucket, ${segment.id}::bigint, i.id, ${nowMs}::bigint, i.value FROM inside i
    ON CONFLICT (bucket, segment_id, contact_id) DO UPDATE SET value = excluded.value
      WHERE m.value IS DISTINCT FROM excluded.value`.unprepared();
}

/** The next contacts of some buckets for whom a condition holds, in the order of bucket and id. */
export async function selectNextWhere(
  db: Db,
  workspaceId: number,
  buckets: readonly number[],
  condition: Fragment,
  page: { afterId: number; limit: number },
): Promise<number[]> {
  const from = page.afterId === 0 ? -1 : bucketOf(page.afterId);
  const rows = await db<{ id: number }[]>`
    SELECT c.bucket, c.id FROM contacts c
    WHERE c.workspace_id = ${workspaceId} AND c.bucket = ANY(${[...buckets]}::smallint[])
      AND (c.bucket, c.id) > (${from}::smallint, ${page.afterId}::bigint) AND ${condition}
    ORDER BY c.bucket, c.id LIMIT ${page.limit}`.unprepared();
  return rows.map(({ id }) => id);
}

/** The values of contacts at a path, as digests; null where there is none. */
export async function selectValues(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
  value: Fragment,
): Promise<{ contactId: number; value: string | null }[]> {
  const unique = [...new Set(contactIds)];
  return await db<{ contactId: number; value: string | null }[]>`
    SELECT c.id AS "contactId", ${value} AS value
    FROM unnest(${column(unique, bucketOf)}::smallint[], ${column(unique, (id) => id)}::bigint[]) AS k (bucket, id)
    JOIN contacts c ON (c.bucket, c.workspace_id, c.id)
      BETWEEN (k.bucket, ${workspaceId}::bigint, k.id) AND (k.bucket, ${workspaceId}::bigint, k.id)`;
}

/** How many of some buckets are in a segment, of all without. */
export async function countInside(
  db: Db,
  segmentId: number,
  buckets: readonly number[] | undefined,
): Promise<number> {
  const where = buckets ? db`bucket = ANY(${[...buckets]}::smallint[])` : db`bucket >= 0`;
  const [row] = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM segment_members WHERE segment_id = ${segmentId} AND ${where}`;
  return row!.n;
}

/** How many contacts of some buckets there are for whom a condition holds. */
export async function countWhere(
  db: Db,
  workspaceId: number,
  buckets: readonly number[],
  condition: Fragment,
): Promise<number> {
  const [row] = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM contacts c
    WHERE c.workspace_id = ${workspaceId} AND c.bucket = ANY(${[...buckets]}::smallint[]) AND ${condition}`.unprepared();
  return row!.n;
}

/** Who is in a segment, in the order of bucket and id. */
export async function selectMembers(
  db: Db,
  segmentId: number,
  page: { afterId: number; limit: number },
): Promise<{ contactId: number; sinceMs: number }[]> {
  const from = page.afterId === 0 ? -1 : bucketOf(page.afterId);
  return await db<{ contactId: number; sinceMs: number }[]>`
    SELECT contact_id AS "contactId", since_ms AS "sinceMs" FROM segment_members
    WHERE segment_id = ${segmentId} AND bucket >= ${from} AND (bucket, contact_id) > (${from}::smallint, ${page.afterId}::bigint)
    ORDER BY bucket, contact_id LIMIT ${page.limit}`;
}
