/** Every statement on connect_chats and broadcast_posts. */
import { bucketOf } from '../../base/ids.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { bucketsOf } from './sql.groups.ts';

/** Which conversation of a client with an account: `direct` goes both ways, `notices` one. */
export type ChatKind = 'direct' | 'notices';

/** What a client may have open with an account: its conversations, and the account's place in the announcements. */
export type OpenKind = ChatKind | 'announcements';

/** One of them. Closed: the account is not connected, or does not allow it. */
export type Chat = {
  id: number;
  contactId: number;
  workspaceId: number;
  kind: OpenKind;
  notify: 'all' | 'none';
  mutedUntilMs: number | null;
  readMs: number;
  openedMs: number;
  closedMs: number | null;
};

const columns = (db: Db) => db`
  h.id, h.contact_id AS "contactId", h.workspace_id AS "workspaceId", h.kind, h.notify, h.muted_until_ms AS "mutedUntilMs",
  h.read_ms AS "readMs", h.opened_ms AS "openedMs", h.closed_ms AS "closedMs"`;

/** Opens chats; those that were closed are open again, with what their account had set. */
export async function upsertChats(
  db: Db,
  rows: readonly Pick<Chat, 'id' | 'contactId' | 'workspaceId' | 'kind'>[],
  nowMs: number,
): Promise<void> {
  await db`
    INSERT INTO connect_chats (bucket, contact_id, kind, id, workspace_id, opened_ms)
    SELECT *, ${nowMs}::bigint FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.kind)}::text[], ${rows.map((r) => r.id)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[])
    ON CONFLICT (bucket, contact_id, kind) DO UPDATE SET closed_ms = NULL, opened_ms = excluded.opened_ms
    WHERE connect_chats.closed_ms IS NOT NULL`;
}

/** Closes the chats of contacts. */
export async function closeChatRows(db: Db, contactIds: readonly number[], nowMs: number): Promise<void> {
  await db`
    UPDATE connect_chats SET closed_ms = ${nowMs}
    WHERE bucket = ANY(${bucketsOf(contactIds)}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[]) AND closed_ms IS NULL`;
}

/** The chats of contacts, open or closed. With `share`, they stay as they are until the transaction ends. */
export async function selectChats(db: Db, contactIds: readonly number[], share = false): Promise<Chat[]> {
  return await db<Chat[]>`
    SELECT ${columns(db)} FROM connect_chats h
    WHERE h.bucket = ANY(${bucketsOf(contactIds)}::smallint[]) AND h.contact_id = ANY(${[...contactIds]}::bigint[])
    ORDER BY h.contact_id, h.kind ${share ? db`FOR SHARE` : db``}`;
}

/** Sets what an account is told of in a chat; what is undefined stays. */
export async function updateChat(
  db: Db,
  of: { contactId: number; kind: OpenKind },
  to: {
    notify?: 'all' | 'none' | undefined;
    mutedUntilMs?: number | null | undefined;
    readMs?: number | undefined;
  },
): Promise<Chat | undefined> {
  const [row] = await db<Chat[]>`
    UPDATE connect_chats h SET notify = coalesce(${to.notify ?? null}::text, h.notify),
      muted_until_ms = ${to.mutedUntilMs === undefined ? db`h.muted_until_ms` : to.mutedUntilMs},
      read_ms = greatest(h.read_ms, ${to.readMs ?? 0}::bigint)
    WHERE h.bucket = ${bucketOf(of.contactId)} AND h.contact_id = ${of.contactId} AND h.kind = ${of.kind}
    RETURNING ${columns(db)}`;
  return row;
}

/** The contacts of a workspace that are connected and take its announcements, as (bucket, contact_id). */
export function connectedContacts(db: Db, workspaceId: number): Fragment {
  return db`
    SELECT h.bucket, h.contact_id FROM connect_chats h
    WHERE h.bucket >= 0 AND h.workspace_id = ${workspaceId} AND h.kind = 'announcements' AND h.closed_ms IS NULL`;
}

/** Posts a broadcast to those of a selection, as (bucket, owner_id), whose chat is open: all within some buckets. Returns how many. */
export async function insertBroadcastPosts(
  db: Db,
  of: { runId: number; broadcastId: number; kind: ChatKind; atMs: number },
  selected: Fragment,
): Promise<number> {
  const result = await db`
    INSERT INTO broadcast_posts (bucket, run_id, contact_id, broadcast_id, kind, at_ms)
    SELECT s.bucket, ${of.runId}::bigint, s.owner_id, ${of.broadcastId}::bigint, ${of.kind}::text, ${of.atMs}::bigint
    FROM (${selected}) s
    JOIN connect_chats h ON h.bucket = s.bucket AND h.contact_id = s.owner_id AND h.kind = ${of.kind} AND h.closed_ms IS NULL
    ON CONFLICT DO NOTHING`.unprepared();
  return result.count;
}

/** To whom a run was posted who want to be told, in some buckets, as (bucket, owner_id). */
export function postedAndTold(
  db: Db,
  of: { runId: number; kind: ChatKind },
  at: { buckets: readonly number[]; nowMs: number },
): Fragment {
  return db`
    SELECT b.bucket, b.contact_id AS owner_id FROM broadcast_posts b
    JOIN connect_chats h ON h.bucket = b.bucket AND h.contact_id = b.contact_id AND h.kind = ${of.kind}
    WHERE b.bucket = ANY(${[...at.buckets]}::smallint[]) AND b.run_id = ${of.runId} AND ${wants(db, at.nowMs)}`;
}

/** To whom a run was posted in some buckets, as (bucket, contact_id). */
export function postedIn(db: Db, runId: number, buckets: readonly number[]): Fragment {
  return db`
    SELECT b.bucket, b.contact_id FROM broadcast_posts b
    WHERE b.bucket = ANY(${[...buckets]}::smallint[]) AND b.run_id = ${runId}`;
}

/** Which of these contacts are connected and want to be told of what is in a chat. */
export async function selectTold(
  db: Db,
  kind: ChatKind,
  contactIds: readonly number[],
  nowMs: number,
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT h.contact_id AS "contactId" FROM connect_chats h
    WHERE h.bucket = ANY(${bucketsOf(contactIds)}::smallint[]) AND h.contact_id = ANY(${[...contactIds]}::bigint[])
      AND h.kind = ${kind} AND ${wants(db, nowMs)}`;
  return rows.map(({ contactId }) => contactId);
}

function wants(db: Db, nowMs: number): Fragment {
  return db`h.closed_ms IS NULL AND h.notify = 'all' AND coalesce(h.muted_until_ms, 0) <= ${nowMs}`;
}

/** The newest broadcasts that were posted to a contact before a time, newest first. */
export async function selectPosted(
  db: Db,
  contactId: number,
  page: { kind?: ChatKind | undefined; beforeMs?: number | undefined; limit: number },
): Promise<{ broadcastId: number; kind: ChatKind; atMs: number }[]> {
  return await db<{ broadcastId: number; kind: ChatKind; atMs: number }[]>`
    SELECT b.broadcast_id AS "broadcastId", b.kind, b.at_ms AS "atMs" FROM broadcast_posts b
    WHERE b.bucket = ${bucketOf(contactId)} AND b.contact_id = ${contactId}
      ${page.kind === undefined ? db`` : db`AND b.kind = ${page.kind}`}
      ${page.beforeMs === undefined ? db`` : db`AND b.at_ms < ${page.beforeMs}`}
    ORDER BY b.at_ms DESC, b.broadcast_id DESC LIMIT ${page.limit}`;
}

/** Lets go of what contacts had: their chats, and which broadcasts were posted to them. */
export async function deleteChats(db: Db, contactIds: readonly number[]): Promise<void> {
  const buckets = bucketsOf(contactIds);
  await db`DELETE FROM connect_chats WHERE bucket = ANY(${buckets}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
  await db`DELETE FROM broadcast_posts WHERE bucket = ANY(${buckets}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** What one contact had is another's, who keeps what they have. */
export async function copyChats(db: Db, fromId: number, toId: number): Promise<void> {
  await db`
    INSERT INTO connect_chats (bucket, contact_id, kind, id, workspace_id, notify, muted_until_ms, read_ms, opened_ms, closed_ms)
    SELECT ${bucketOf(toId)}::smallint, ${toId}::bigint, kind, id, workspace_id, notify, muted_until_ms, read_ms, opened_ms, closed_ms
    FROM connect_chats WHERE bucket = ${bucketOf(fromId)} AND contact_id = ${fromId}
    ON CONFLICT DO NOTHING`;
  await db`
    INSERT INTO broadcast_posts (bucket, run_id, contact_id, broadcast_id, kind, at_ms)
    SELECT ${bucketOf(toId)}::smallint, run_id, ${toId}::bigint, broadcast_id, kind, at_ms
    FROM broadcast_posts WHERE bucket = ${bucketOf(fromId)} AND contact_id = ${fromId}
    ON CONFLICT DO NOTHING`;
}
