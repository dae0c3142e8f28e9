/** What was said in conversations, as others read it. Changes nothing. */
import type { Db } from '../db/pool.ts';
import type { Message } from './message.ts';
import {
  selectConversationsById,
  selectMergedFrom,
  selectMessages,
  selectNotificationsSince,
  selectPage,
  selectPostbacks,
  selectThread,
} from './sql.ts';
import { selectSeenMessage } from './sql.live.ts';

/** Which messages of a conversation. Both times are exclusive. */
type Page = {
  conversationId: number;
  beforeMs?: number | undefined;
  afterMs?: number | undefined;
  limit: number;
};

/**
 * A page of a conversation and those merged into it, oldest first: the newest before `beforeMs`, or the oldest after `afterMs`.
 * A conversation that others were merged into is read in a second step: their messages are in other buckets.
 */
export async function historyPage(db: Db, page: Page): Promise<Message[]> {
  const [own, mergedFrom] = await Promise.all([
    selectPage(db, page, [page.conversationId]),
    selectMergedFrom(db, page.conversationId),
  ]);
  if (mergedFrom.length === 0) return own;
  const all = [...own, ...(await selectPage(db, page, mergedFrom))];
  all.sort((a, b) => a.atMs - b.atMs || a.id - b.id);
  return page.afterMs === undefined ? all.slice(-page.limit) : all.slice(0, page.limit);
}

/** A place in a conversation. */
export type ThreadPlace = { atMs: number; id: number };

/**
 * Part of a conversation and those merged into it, oldest first: the newest before a place (or of all), or the oldest after one. The
 * message at the place itself is not among it.
 */
export async function threadPart(
  db: Db,
  conversationId: number,
  from: { before?: ThreadPlace | undefined; after?: ThreadPlace | undefined; limit: number },
): Promise<Message[]> {
  return await selectThread(db, await withMerged(db, conversationId), from);
}

/** Messages by id; those of other workspaces are not found. */
export async function messagesById(db: Db, workspaceId: number, ids: readonly number[]): Promise<Message[]> {
  return ids.length ? await selectMessages(db, workspaceId, ids) : [];
}

/** The message that was kept for an id of a provider's. */
export async function messageKeptAs(
  db: Db,
  integrationId: number,
  externalId: string,
): Promise<number | undefined> {
  return await selectSeenMessage(db, integrationId, externalId);
}

/** Notifications to a contact since the message it sent before this one (N16): oldest first, at most `limit`. */
export async function notificationsSinceReply(
  db: Db,
  at: { conversationId: number; messageId: number; atMs: number; limit: number },
): Promise<Message[]> {
  return await selectNotificationsSince(db, await withMerged(db, at.conversationId), at);
}

/** Of answers with a payload, those that are clicks on a postback, with the newest message of the conversation that offers it. */
export async function postbacksAmong(
  db: Db,
  answers: readonly { id: number; conversationId: number; payload: string }[],
): Promise<{ id: number; messageId: number }[]> {
  return answers.length ? await selectPostbacks(db, answers) : [];
}

/** Conversations by id, whether or not anybody has looked at them; those of other workspaces are not found. */
export async function conversationsById(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<{ id: number; contactId: number; workspaceId: number; createdMs: number }[]> {
  return await selectConversationsById(db, workspaceId, ids);
}

/** A conversation and those that were merged into it. */
export async function withMerged(db: Db, conversationId: number): Promise<number[]> {
  return [conversationId, ...(await selectMergedFrom(db, conversationId))];
}
