/** Every statement on links and clicks. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import type { LinkKind } from './addresses.ts';

/** A link as it is stored. Times are by the workspace's clock. */
export type LinkRow = {
  causeId: number;
  position: number;
  workspaceId: number;
  /** null: it is for all whom the cause reached. */
  contactId: number | null;
  kind: LinkKind;
  longUri: string;
  createdMs: number;
  expiresMs: number;
};

const COLUMNS = (db: Db) => db`
  cause_id AS "causeId", position, workspace_id AS "workspaceId", contact_id AS "contactId", kind, long_uri AS "longUri",
  created_ms AS "createdMs", expires_ms AS "expiresMs"`;

/** Writes links down; one that is there stays as it is. */
export async function insertLinks(db: Db, rows: readonly LinkRow[]): Promise<void> {
  await db`
    INSERT INTO links (bucket, cause_id, position, workspace_id, contact_id, kind, long_uri, created_ms, expires_ms)
    SELECT * FROM unnest(${rows.map((r) => bucketOf(r.causeId))}::smallint[], ${rows.map((r) => r.causeId)}::bigint[],
      ${rows.map((r) => r.position)}::smallint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => r.contactId)}::bigint[], ${rows.map((r) => r.kind)}::text[], ${rows.map((r) => r.longUri)}::text[],
      ${rows.map((r) => r.createdMs)}::bigint[], ${rows.map((r) => r.expiresMs)}::bigint[])
    ON CONFLICT (bucket, cause_id, position) DO NOTHING`;
}

/** The links of a cause, in order; one of them when `position` is given. Locks nothing. */
export async function selectLinks(db: Db, causeId: number, position?: number): Promise<LinkRow[]> {
  return await db<LinkRow[]>`
    SELECT ${COLUMNS(db)} FROM links WHERE bucket = ${bucketOf(causeId)} AND cause_id = ${causeId}
      ${position === undefined ? db`` : db`AND position = ${position}`}
    ORDER BY position`;
}

/** Counts a click, unless the last was less than `sameWithinMs` ago; returns how many there are now when it counted. Locks the row. */
export async function upsertClick(
  db: Db,
  click: { contactId: number; causeId: number; position: number; workspaceId: number },
  nowMs: number,
  sameWithinMs: number,
): Promise<number | undefined> {
  const [row] = await db<{ n: number }[]>`
    INSERT INTO link_clicks AS c (bucket, contact_id, cause_id, position, workspace_id, n, first_ms, last_ms)
    VALUES (${bucketOf(click.contactId)}, ${click.contactId}, ${click.causeId}, ${click.position}, ${click.workspaceId}, 1,
      ${nowMs}, ${nowMs})
    ON CONFLICT (bucket, contact_id, cause_id, position) DO UPDATE SET n = c.n + 1, last_ms = excluded.last_ms
      WHERE c.last_ms <= excluded.last_ms - ${sameWithinMs}::bigint
    RETURNING n`;
  return row?.n;
}

/** What was opened of a link in an hour. `people` opened it for the first time. */
export type LinkHour = {
  causeId: number;
  position: number;
  workspaceId: number;
  hourMs: number;
  people: number;
  clicks: number;
};

/** Adds to the hours of links; each is named once. `bucket` is where they are kept. Locks the rows. */
export async function addHours(db: Db, bucket: number, rows: readonly LinkHour[]): Promise<void> {
  await db`
    INSERT INTO link_hours AS h (bucket, cause_id, position, workspace_id, hour_ms, people, clicks)
    SELECT ${bucket}::smallint, * FROM unnest(${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.position)}::smallint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.hourMs)}::bigint[],
      ${rows.map((r) => r.people)}::integer[], ${rows.map((r) => r.clicks)}::integer[]) AS r (cause_id, position, workspace_id, hour_ms, people, clicks)
    ORDER BY r.cause_id, r.position, r.hour_ms
    ON CONFLICT (bucket, cause_id, position, hour_ms) DO UPDATE
    SET people = h.people + excluded.people, clicks = h.clicks + excluded.clicks`;
}

/** Clicks of a cause by link and hour, the first hour first; the first `most` of them. Looks in every shard. Locks nothing. */
export async function selectHours(
  db: Db,
  workspaceId: number,
  causeId: number,
  most: number,
): Promise<Omit<LinkHour, 'causeId' | 'workspaceId'>[]> {
  return await db<Omit<LinkHour, 'causeId' | 'workspaceId'>[]>`
    SELECT position, hour_ms AS "hourMs", sum(people)::integer AS people, sum(clicks)::integer AS clicks FROM link_hours
    WHERE cause_id = ${causeId} AND workspace_id = ${workspaceId} GROUP BY 1, 2 ORDER BY 2, 1 LIMIT ${most}`;
}

/** What one contact opened. */
export type ClickRow = { causeId: number; position: number; n: number; firstMs: number; lastMs: number };

/** Clicks of a contact, newest first; of one cause when it is given. Locks nothing. */
export async function selectClicks(
  db: Db,
  of: { workspaceId: number; contactId: number; causeId?: number | undefined; limit: number },
): Promise<ClickRow[]> {
  return await db<ClickRow[]>`
    SELECT cause_id AS "causeId", position, n, first_ms AS "firstMs", last_ms AS "lastMs" FROM link_clicks
    WHERE bucket = ${bucketOf(of.contactId)} AND contact_id = ${of.contactId} AND workspace_id = ${of.workspaceId}
      ${of.causeId === undefined ? db`` : db`AND cause_id = ${of.causeId}`}
    ORDER BY last_ms DESC LIMIT ${of.limit}`;
}

/** When a contact first opened each link of some causes. Locks nothing. */
export async function selectFirstClicks(
  db: Db,
  of: { workspaceId: number; contactId: number; causeIds: readonly number[] },
): Promise<{ causeId: number; position: number; firstMs: number }[]> {
  return await db<{ causeId: number; position: number; firstMs: number }[]>`
    SELECT cause_id AS "causeId", position, first_ms AS "firstMs" FROM link_clicks
    WHERE bucket = ${bucketOf(of.contactId)} AND contact_id = ${of.contactId} AND workspace_id = ${of.workspaceId}
      AND cause_id = ANY(${[...of.causeIds]}::bigint[])`;
}

/** Where links of some causes lead. Locks nothing. */
export async function selectUris(
  db: Db,
  causeIds: readonly number[],
): Promise<{ causeId: number; position: number; longUri: string }[]> {
  return await db<{ causeId: number; position: number; longUri: string }[]>`
    SELECT cause_id AS "causeId", position, long_uri AS "longUri" FROM links
    WHERE bucket = ANY(${[...new Set(causeIds.map(bucketOf))]}::smallint[]) AND cause_id = ANY(${[...causeIds]}::bigint[])`;
}

/** Takes the clicks of a contact out, to be written under another. Locks them. */
export async function takeClicks(db: Db, contactId: number): Promise<(ClickRow & { workspaceId: number })[]> {
  return await db<(ClickRow & { workspaceId: number })[]>`
    DELETE FROM link_clicks WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}
    RETURNING workspace_id AS "workspaceId", cause_id AS "causeId", position, n, first_ms AS "firstMs", last_ms AS "lastMs"`;
}

/** Writes clicks under a contact; where both had opened a link they are added up. Returns how many there are now. Locks the rows. */
export async function insertClicks(
  db: Db,
  contactId: number,
  rows: readonly (ClickRow & { workspaceId: number })[],
): Promise<Pick<ClickRow, 'causeId' | 'position' | 'n'>[]> {
  return await db<Pick<ClickRow, 'causeId' | 'position' | 'n'>[]>`
    INSERT INTO link_clicks AS c (bucket, contact_id, cause_id, position, workspace_id, n, first_ms, last_ms)
    SELECT ${bucketOf(contactId)}::smallint, ${contactId}::bigint, r.* FROM unnest(
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.position)}::smallint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.n)}::integer[],
      ${rows.map((r) => r.firstMs)}::bigint[], ${rows.map((r) => r.lastMs)}::bigint[]) r
    ON CONFLICT (bucket, contact_id, cause_id, position) DO UPDATE SET n = c.n + excluded.n,
      first_ms = least(c.first_ms, excluded.first_ms), last_ms = greatest(c.last_ms, excluded.last_ms)
    RETURNING cause_id AS "causeId", position, n`;
}

/** Deletes what this room knows of contacts. Looks in every shard: an erasure is rare. */
export async function deleteOfContacts(db: Db, contactIds: readonly number[]): Promise<void> {
  const ids = [...contactIds];
  await db`DELETE FROM links WHERE contact_id = ANY(${ids}::bigint[])`;
  await db`DELETE FROM link_clicks WHERE bucket = ANY(${ids.map(bucketOf)}::smallint[]) AND contact_id = ANY(${ids}::bigint[])`;
  await db`DELETE FROM auth_codes WHERE contact_id = ANY(${ids}::bigint[])`;
  await db`DELETE FROM link_requests WHERE contact_id = ANY(${ids}::bigint[])`;
  await db`DELETE FROM chat_sessions WHERE contact_id = ANY(${ids}::bigint[])`;
  await db`DELETE FROM chat_presence WHERE bucket = ANY(${ids.map(bucketOf)}::smallint[]) AND contact_id = ANY(${ids}::bigint[])`;
}

/** Deletes what is over: links a while after their end, so that until then they say they have expired. */
export async function deleteOver(
  db: Db,
  before: { linksMs: number; clicksMs: number; codesMs: number },
): Promise<void> {
  await db`DELETE FROM links WHERE expires_ms < ${before.linksMs}`;
  await db`DELETE FROM link_clicks WHERE first_ms < ${before.clicksMs}`;
  await db`DELETE FROM link_hours WHERE hour_ms < ${before.clicksMs}`;
  await db`DELETE FROM auth_codes WHERE expires_ms < ${before.codesMs}`;
  await db`DELETE FROM link_requests WHERE expires_ms < ${before.codesMs}`;
  await db`DELETE FROM chat_sessions WHERE expires_ms < ${before.codesMs}`;
}
