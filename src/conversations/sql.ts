/** Every statement on conversations, messages and inbound_seen. */
import { bucketOf } from '../base/ids.ts';
import { hash32 } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';
import type { Conversation, Message, NewMessage } from './conversations.ts';

const conversationColumns = (db: Db) => db`
  id, contact_id AS "contactId", workspace_id AS "workspaceId", started, unread_count AS "unreadCount",
  business_read_ms AS "businessReadMs", contact_read_ms AS "contactReadMs", message_count AS "messageCount", created_ms AS "createdMs"`;

const messageColumns = (db: Db) => db`
  id, conversation_id AS "conversationId", contact_id AS "contactId", workspace_id AS "workspaceId", direction, kind, class,
  content, author, source, metadata, external_id AS "externalId", at_ms AS "atMs"`;

/** Makes the conversations that are missing; those that are there stay as they are. */
export async function insertConversations(
  db: Db,
  rows: readonly { id: number; contactId: number; workspaceId: number }[],
  nowMs: number,
): Promise<void> {
  await db`
    INSERT INTO conversations (bucket, id, contact_id, workspace_id, created_ms)
    SELECT *, ${nowMs}::bigint FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.id)}::bigint[],
      ${rows.map((r) => r.contactId)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[])
    ON CONFLICT (bucket, contact_id) DO NOTHING`;
}

/** The conversations of contacts. */
export async function selectConversations(db: Db, contactIds: readonly number[]): Promise<Conversation[]> {
  return await db<Conversation[]>`
    SELECT ${conversationColumns(db)} FROM conversations
    JOIN unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (key_bucket, key_contact)
      ON conversations.bucket = k.key_bucket AND conversations.contact_id = k.key_contact`;
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

/** Notes what the business said: one unread message more each, read by the business up to now. Confirmations do not count. */
export async function noteOutgoing(
  db: Db,
  rows: readonly { conversationId: number; count: number; atMs: number }[],
): Promise<void> {
  await db`
    UPDATE conversations SET unread_count = unread_count + said.n, message_count = message_count + said.n, started = true,
      business_read_ms = greatest(business_read_ms, said.at_ms)
    FROM unnest(
      ${rows.map((r) => bucketOf(r.conversationId))}::smallint[], ${rows.map((r) => r.conversationId)}::bigint[],
      ${rows.map((r) => r.count)}::integer[], ${rows.map((r) => r.atMs)}::bigint[]) AS said (bucket, id, n, at_ms)
    WHERE conversations.bucket = said.bucket AND conversations.id = said.id`;
}

/** Notes what the contact said: nothing is unread any more. */
export async function noteIncoming(
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

/** Sets read marks: by the contact (nothing unread any more) or by the business. */
export async function markRead(
  db: Db,
  conversationId: number,
  by: 'contact' | 'business',
  nowMs: number,
): Promise<void> {
  await (by === 'contact'
    ? db`UPDATE conversations SET unread_count = 0, contact_read_ms = ${nowMs}
         WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`
    : db`UPDATE conversations SET business_read_ms = ${nowMs}
         WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`);
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

/** A page of a conversation, oldest first: the newest before `beforeMs`, or the oldest after `afterMs`. Both are exclusive. */
export async function selectPage(
  db: Db,
  page: {
    conversationId: number;
    beforeMs?: number | undefined;
    afterMs?: number | undefined;
    limit: number;
  },
): Promise<Message[]> {
  const forward = page.afterMs !== undefined;
  const rows = await db<Message[]>`
    SELECT ${messageColumns(db)} FROM messages
    WHERE bucket = ${bucketOf(page.conversationId)} AND conversation_id = ${page.conversationId} AND kind <> 'confirmation'
      ${page.beforeMs === undefined ? db`` : db`AND at_ms < ${page.beforeMs}`}
      ${page.afterMs === undefined ? db`` : db`AND at_ms > ${page.afterMs}`}
    ORDER BY at_ms ${forward ? db`ASC` : db`DESC`}, id ${forward ? db`ASC` : db`DESC`} LIMIT ${page.limit}`;
  return forward ? [...rows] : [...rows].reverse();
}

/** Notifications to a contact since the message it sent before this one (N16): oldest first, at most `limit`. */
export async function selectNotificationsSinceLastReply(
  db: Db,
  at: { conversationId: number; messageId: number; atMs: number; limit: number },
): Promise<Message[]> {
  const bucket = bucketOf(at.conversationId);
  return await db<Message[]>`
    SELECT ${messageColumns(db)} FROM messages
    WHERE bucket = ${bucket} AND conversation_id = ${at.conversationId} AND kind = 'notification'
      AND (at_ms, id) < (${at.atMs}::bigint, ${at.messageId}::bigint)
      AND at_ms >= coalesce((
        SELECT max(at_ms) FROM messages
        WHERE bucket = ${bucket} AND conversation_id = ${at.conversationId} AND direction = 'in'
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

/** Removes messages of a conversation: one, or all. */
export async function deleteMessages(db: Db, conversationId: number, messageId?: number): Promise<number> {
  const result = await db`
    DELETE FROM messages WHERE bucket = ${bucketOf(conversationId)} AND conversation_id = ${conversationId}
      ${messageId === undefined ? db`` : db`AND id = ${messageId}`}`;
  return result.count;
}

/** Removes a conversation whose messages are gone. Locks the row. */
export async function deleteConversation(db: Db, conversationId: number): Promise<void> {
  await db`DELETE FROM conversations WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`;
}
