/** Every statement on conversations, messages and inbound_seen. */
import { bucketOf } from '../base/ids.ts';
import { hash32 } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';
import type { Conversation, Message, NewMessage } from './message.ts';

const conversationColumns = (db: Db) => db`
  id, contact_id AS "contactId", workspace_id AS "workspaceId", started, unread_count AS "unreadCount",
  business_read_ms AS "businessReadMs", contact_read_ms AS "contactReadMs", message_count AS "messageCount", created_ms AS "createdMs"`;

const messageColumns = (db: Db) => db`
  id, conversation_id AS "conversationId", contact_id AS "contactId", workspace_id AS "workspaceId", direction, kind, class,
  content, author, source, metadata, external_id AS "externalId", at_ms AS "atMs"`;

/**
 * Makes the conversations that are missing, and returns these; those that are there stay as they are. `said`: so much the business says in it
 * at once, which is counted with it.
 */
export async function insertConversations(
  db: Db,
  rows: readonly { id: number; contactId: number; workspaceId: number; said?: number }[],
  nowMs: number,
): Promise<Conversation[]> {
  return await db<Conversation[]>`
    INSERT INTO conversations (bucket, id, contact_id, workspace_id, created_ms, unread_count, message_count, started, business_read_ms)
    SELECT n.bucket, n.id, n.contact_id, n.workspace_id, ${nowMs}::bigint, n.said, n.said, n.said > 0, CASE WHEN n.said > 0 THEN ${nowMs}::bigint END
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.id)}::bigint[],
      ${rows.map((r) => r.contactId)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.said ?? 0)}::integer[])
      AS n (bucket, id, contact_id, workspace_id, said)
    ON CONFLICT (bucket, contact_id) DO NOTHING RETURNING ${conversationColumns(db)}`;
}

/** The conversations of contacts. */
export async function selectConversations(db: Db, contactIds: readonly number[]): Promise<Conversation[]> {
  return await db<Conversation[]>`
    SELECT ${conversationColumns(db)} FROM conversations
    JOIN unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (key_bucket, key_contact)
      ON conversations.bucket = k.key_bucket AND conversations.contact_id = k.key_contact`;
}

/** Conversations by id, whether or not anybody has looked at them; those of other workspaces are not found. */
export async function selectConversationsById(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<{ id: number; contactId: number; workspaceId: number; createdMs: number }[]> {
  return await db<{ id: number; contactId: number; workspaceId: number; createdMs: number }[]>`
    SELECT id, contact_id AS "contactId", workspace_id AS "workspaceId", created_ms AS "createdMs" FROM conversations
    WHERE bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND id = ANY(${[...ids]}::bigint[])
      AND workspace_id = ${workspaceId}`;
}

/** Writes messages down. */
export async function insertMessages(db: Db, rows: readonly NewMessage[]): Promise<void> {
  const json = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(value));
  await db`
    INSERT INTO messages (bucket, id, conversation_id, contact_id, workspace_id, direction, kind, class, content, author, source,
      metadata, external_id, at_ms)
    SELECT bucket, id, conversation_id, contact_id, workspace_id, direction, kind, class, content::jsonb, author::jsonb,
      source::jsonb, metadata::jsonb, external_id, at_ms
    FROM unnest(
      ${rows.map((r) => bucketOf(r.id))}::smallint[], ${rows.map((r) => r.id)}::bigint[],
      ${rows.map((r) => r.conversationId)}::bigint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.direction)}::text[], ${rows.map((r) => r.kind)}::text[],
      ${rows.map((r) => r.class ?? null)}::text[], ${rows.map((r) => json(r.content))}::text[],
      ${rows.map((r) => json(r.author))}::text[], ${rows.map((r) => json(r.source))}::text[],
      ${rows.map((r) => json(r.metadata))}::text[], ${rows.map((r) => r.externalId ?? null)}::text[],
      ${rows.map((r) => r.atMs)}::bigint[])
      AS new (bucket, id, conversation_id, contact_id, workspace_id, direction, kind, class, content, author, source, metadata,
        external_id, at_ms)`;
}

/**
 * Notes what the business said: one unread message more each, read by the business up to now. Confirmations do not count. Locks the rows;
 * returns how many conversations there are.
 */
export async function updateForOutgoing(
  db: Db,
  rows: readonly { conversationId: number; count: number; atMs: number }[],
): Promise<number> {
  const result = await db`
    UPDATE conversations SET unread_count = unread_count + said.n, message_count = message_count + said.n, started = true,
      business_read_ms = greatest(business_read_ms, said.at_ms)
    FROM unnest(
      ${rows.map((r) => bucketOf(r.conversationId))}::smallint[], ${rows.map((r) => r.conversationId)}::bigint[],
      ${rows.map((r) => r.count)}::integer[], ${rows.map((r) => r.atMs)}::bigint[]) AS said (bucket, id, n, at_ms)
    WHERE conversations.bucket = said.bucket AND conversations.id = said.id`;
  return result.count;
}

/** Notes what the contact said: nothing is unread any more. */
export async function updateForIncoming(
  db: Db,
  rows: readonly { conversationId: number; count: number; atMs: number }[],
): Promise<void> {
  await db`
    UPDATE conversations SET unread_count = 0, message_count = message_count + said.n, started = true,
      contact_read_ms = greatest(contact_read_ms, said.at_ms)
    FROM unnest(
      ${rows.map((r) => bucketOf(r.conversationId))}::smallint[], ${rows.map((r) => r.conversationId)}::bigint[],
      ${rows.map((r) => r.count)}::integer[], ${rows.map((r) => r.atMs)}::bigint[]) AS said (bucket, id, n, at_ms)
    WHERE conversations.bucket = said.bucket AND conversations.id = said.id`;
}

/** Notes that a conversation has begun; true for the one that began it. Locks the row. */
export async function updateStarted(db: Db, conversationId: number, nowMs: number): Promise<boolean> {
  const result = await db`
    UPDATE conversations SET started = true, contact_read_ms = greatest(contact_read_ms, ${nowMs}::bigint)
    WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId} AND NOT started`;
  return result.count > 0;
}

/** Moves read marks forward: by the contact (nothing unread any more) or by the business. */
export async function updateRead(
  db: Db,
  conversationId: number,
  by: 'contact' | 'business',
  nowMs: number,
): Promise<void> {
  await (by === 'contact'
    ? db`UPDATE conversations SET unread_count = 0, contact_read_ms = greatest(contact_read_ms, ${nowMs}::bigint)
         WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`
    : db`UPDATE conversations SET business_read_ms = greatest(business_read_ms, ${nowMs}::bigint)
         WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`);
}

/** The business has read up to a time; false, and nothing is changed, when it had read that far. Locks the row. */
export async function updateSeenUpTo(db: Db, conversationId: number, atMs: number): Promise<boolean> {
  const result = await db`
    UPDATE conversations SET business_read_ms = ${atMs}
    WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}
      AND (business_read_ms IS NULL OR business_read_ms < ${atMs}::bigint)`;
  return result.count > 0;
}

/** Messages by id; those of other workspaces are not found. */
export async function selectMessages(
  db: Db,
  workspaceId: number,
  messageIds: readonly number[],
): Promise<Message[]> {
  return await db<Message[]>`
    SELECT ${messageColumns(db)} FROM messages
    JOIN unnest(${messageIds.map(bucketOf)}::smallint[], ${[...messageIds]}::bigint[]) AS k (key_bucket, key_id)
      ON messages.bucket = k.key_bucket AND messages.id = k.key_id
    WHERE workspace_id = ${workspaceId}`;
}

/** A page of what was said in some conversations; oldest first. */
export async function selectPage(
  db: Db,
  page: { beforeMs?: number | undefined; afterMs?: number | undefined; limit: number },
  conversationIds: readonly number[],
): Promise<Message[]> {
  const forward = page.afterMs !== undefined;
  const rows = await db<Message[]>`
    SELECT ${messageColumns(db)} FROM messages
    WHERE ${inConversations(db, conversationIds)} AND kind <> 'confirmation'
      ${page.beforeMs === undefined ? db`` : db`AND at_ms < ${page.beforeMs}`}
      ${page.afterMs === undefined ? db`` : db`AND at_ms > ${page.afterMs}`}
    ORDER BY at_ms ${forward ? db`ASC` : db`DESC`}, id ${forward ? db`ASC` : db`DESC`} LIMIT ${page.limit}`;
  return forward ? [...rows] : [...rows].reverse();
}

type Place = { atMs: number; id: number };

/** Part of what was said in some conversations, oldest first: the newest before a place (or of all), or the oldest after one. */
export async function selectThread(
  db: Db,
  ids: readonly number[],
  from: { before?: Place | undefined; after?: Place | undefined; limit: number },
): Promise<Message[]> {
  const { before, after, limit } = from;
  const way = after ? db`ASC` : db`DESC`;
  const rows = await db<Message[]>`
    SELECT ${messageColumns(db)} FROM messages
    WHERE ${inConversations(db, ids)} AND kind <> 'confirmation'
      ${before ? db`AND (at_ms, id) < (${before.atMs}::bigint, ${before.id}::bigint)` : db``}
      ${after ? db`AND (at_ms, id) > (${after.atMs}::bigint, ${after.id}::bigint)` : db``}
    ORDER BY at_ms ${way}, id ${way} LIMIT ${limit}`;
  return after ? [...rows] : [...rows].reverse();
}

/** The conversations merged into one. */
export async function selectMergedFrom(db: Db, conversationId: number): Promise<number[]> {
  const [row] = await db<{ mergedFrom: number[] }[]>`
    SELECT merged_from AS "mergedFrom" FROM conversations
    WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`;
  return row?.mergedFrom ?? [];
}

/** What was said in some conversations. One is asked for by equality, so that its index gives the order, too. */
export function inConversations(db: Db, ids: readonly number[]) {
  return ids.length === 1
    ? db`bucket = ${bucketOf(ids[0]!)} AND conversation_id = ${ids[0]!}`
    : db`bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND conversation_id = ANY(${[...ids]}::bigint[])`;
}

/** Notifications in some conversations since what was said there before a message: oldest first, at most `limit`. */
export async function selectNotificationsSince(
  db: Db,
  ids: readonly number[],
  at: { messageId: number; atMs: number; limit: number },
): Promise<Message[]> {
  return await db<Message[]>`
    SELECT ${messageColumns(db)} FROM messages
    WHERE ${inConversations(db, ids)} AND kind = 'notification'
      AND (at_ms, id) < (${at.atMs}::bigint, ${at.messageId}::bigint)
      AND at_ms >= coalesce((
        SELECT max(at_ms) FROM messages
        WHERE ${inConversations(db, ids)} AND direction = 'in'
          AND (at_ms, id) < (${at.atMs}::bigint, ${at.messageId}::bigint)), 0)
    ORDER BY at_ms, id LIMIT ${at.limit}`;
}

/** Remembers inbound messages by the provider's id; returns the indexes of those that are new. */
export async function insertInboundSeen(
  db: Db,
  rows: readonly { integrationId: number; externalId: string; messageId: number }[],
  nowMs: number,
): Promise<Set<number>> {
  const fresh = await db<{ messageId: number }[]>`
    INSERT INTO inbound_seen (hash, integration_id, external_id, message_id, at_ms)
    SELECT *, ${nowMs}::bigint FROM unnest(
      ${rows.map((r) => hash32(`${r.integrationId}|${r.externalId}`))}::integer[], ${rows.map((r) => r.integrationId)}::bigint[],
      ${rows.map((r) => r.externalId)}::text[], ${rows.map((r) => r.messageId)}::bigint[])
    ON CONFLICT DO NOTHING RETURNING message_id AS "messageId"`;
  return new Set(fresh.map(({ messageId }) => messageId));
}

/** Forgets inbound ids older than any provider repeats (WhatsApp redelivers for up to seven days). */
export async function deleteInboundSeen(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM inbound_seen WHERE at_ms < ${beforeMs}`;
}

/** Removes all messages of conversations. */
export async function deleteMessages(db: Db, conversationIds: readonly number[]): Promise<void> {
  await db`DELETE FROM messages WHERE ${inConversations(db, conversationIds)}`;
}

/** What people sent in conversations, as JSON text, where it has files. */
export async function selectFileTexts(db: Db, ids: readonly number[]): Promise<string[]> {
  const rows = await db<{ text: string }[]>`
    SELECT content::text AS text FROM messages
    WHERE ${inConversations(db, ids)} AND direction = 'in' AND content ? 'mediaUrl'`;
  return rows.map(({ text }) => text);
}

/** A conversation that is taken away, to be read with another. */
type TakenConversation = Conversation & { mergedFrom: number[] };

/** Takes the conversation of a contact away; its messages stay. Locks the row. */
export async function takeConversation(db: Db, contactId: number): Promise<TakenConversation | undefined> {
  const [row] = await db<TakenConversation[]>`
    DELETE FROM conversations WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}
    RETURNING ${conversationColumns(db)}, merged_from AS "mergedFrom"`;
  return row;
}

/** Makes what was said in a conversation that was taken away part of another. Locks the row. */
export async function absorbConversation(
  db: Db,
  conversationId: number,
  taken: TakenConversation,
): Promise<void> {
  await db`
    UPDATE conversations c SET merged_from = c.merged_from || ${[taken.id, ...taken.mergedFrom]}::bigint[],
      started = c.started OR ${taken.started}, unread_count = c.unread_count + ${taken.unreadCount},
      message_count = c.message_count + ${taken.messageCount},
      business_read_ms = greatest(c.business_read_ms, ${taken.businessReadMs}::bigint),
      contact_read_ms = greatest(c.contact_read_ms, ${taken.contactReadMs}::bigint)
    WHERE c.bucket = ${bucketOf(conversationId)} AND c.id = ${conversationId}`;
}

/** Removes a conversation; its messages stay. Locks the row. */
export async function deleteConversation(db: Db, conversationId: number): Promise<void> {
  await db`DELETE FROM conversations WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`;
}

/** Of answers with a payload, those that are clicks on a postback, with the newest message of the conversation that offers it. */
export async function selectPostbacks(
  db: Db,
  answers: readonly { id: number; conversationId: number; payload: string }[],
): Promise<{ id: number; messageId: number }[]> {
  return await db<{ id: number; messageId: number }[]>`
    SELECT DISTINCT ON (a.id) a.id, m.id AS "messageId" FROM unnest(
      ${answers.map((a) => bucketOf(a.conversationId))}::smallint[], ${answers.map((a) => a.conversationId)}::bigint[],
      ${answers.map((a) => a.id)}::bigint[], ${answers.map((a) => a.payload)}::text[]) AS a (bucket, conversation_id, id, payload)
    JOIN messages m ON m.bucket = a.bucket AND m.conversation_id = a.conversation_id AND m.direction = 'out'
      AND jsonb_path_exists(m.content, '$.** ? (@.type == "postback" && @.payload == $p)', jsonb_build_object('p', a.payload))
    ORDER BY a.id, m.at_ms DESC, m.id DESC`;
}
