/**
 * The two conversations of a connect client with each connected account. The direct one is the contact's conversation, in which both
 * write. In that of notices only the client does: what it says there are notifications of the same contact. Both are open while the
 * account is connected, which whoever connects and disconnects it says in the transaction that does.
 */
import { fault, type Fault } from '../../base/fault.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { ensureConversations } from '../conversations.ts';
import {
  closeChatRows,
  selectChats,
  selectPosted,
  updateChat,
  upsertChats,
  type Chat,
  type ChatKind,
  type OpenKind,
} from './sql.chats.ts';
import { deleteMemberships } from './sql.groups.ts';

export type { Chat, ChatKind, OpenKind } from './sql.chats.ts';

/** Opens conversations with a contact who is connected now: those that the account allows; others are closed. */
export async function openChats(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  { contactId, workspaceId }: { contactId: number; workspaceId: number },
  kinds: readonly OpenKind[],
): Promise<void> {
  const direct = await ensureConversations(tx, ids, nowMs, [{ contactId, workspaceId }]);
  const idOf = (kind: OpenKind) =>
    kind === 'direct' ? direct.get(contactId)!.id : ids.inBucket(bucketOf(contactId));
  await closeChatRows(tx, [contactId], nowMs);
  const rows = kinds.map((kind) => ({ contactId, workspaceId, kind, id: idOf(kind) }));
  if (rows.length) await upsertChats(tx, rows, nowMs);
}

/**
 * Closes the conversations of contacts who are not connected any more, and takes them out of all groups: nothing is posted to them from
 * now on, nor of what is on its way.
 */
export async function closeChats(tx: Tx, nowMs: number, contactIds: readonly number[]): Promise<void> {
  if (!contactIds.length) return;
  await closeChatRows(tx, contactIds, nowMs);
  await deleteMemberships(tx, contactIds);
}

/**
 * One of the two conversations with a contact, to be written in: it stays open until the transaction ends, so that a disconnect
 * comes before what is said, or after it.
 */
export async function openChatOf(
  tx: Tx,
  workspaceId: number,
  contactId: number,
  kind: ChatKind,
): Promise<Chat | Fault> {
  const found = (await selectChats(tx, [contactId], true)).find((chat) => chat.kind === kind);
  return found?.workspaceId === workspaceId && found.closedMs === null
    ? found
    : fault('forbidden', 'This account is not connected.');
}

/** The two conversations with a contact. */
export async function chatsOf(db: Db, contactId: number): Promise<Chat[]> {
  return await selectChats(db, [contactId]);
}

/** Whether the account may write in a conversation: the reason why not (S57). */
export function mayReply(chat: Pick<Chat, 'kind' | 'closedMs'>): Fault | undefined {
  if (chat.closedMs !== null) return fault('forbidden', 'This account is not connected any more.');
  return chat.kind === 'direct'
    ? undefined
    : fault(
        'forbidden',
        'Notifications go one way and take no reply. Write to the company in the direct conversation.',
      );
}

/** True when something said in a conversation now is to be told to the account's devices. */
export function isTold(chat: Chat, nowMs: number): boolean {
  return chat.closedMs === null && chat.notify === 'all' && (chat.mutedUntilMs ?? 0) <= nowMs;
}

/** Sets what an account is told of in a conversation; what is not given stays. */
export async function changeChat(
  tx: Tx,
  chat: Pick<Chat, 'contactId' | 'kind'>,
  to: Parameters<typeof updateChat>[2],
): Promise<Chat | Fault> {
  return (await updateChat(tx, chat, to)) ?? fault('not_found', 'There is no such conversation.');
}

/** The broadcasts that were posted to a contact before a time, newest first. */
export async function postedTo(
  db: Db,
  contactId: number,
  page: Parameters<typeof selectPosted>[2],
): ReturnType<typeof selectPosted> {
  return await selectPosted(db, contactId, page);
}
