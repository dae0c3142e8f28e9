/** Threads and what was said in them. A contact has one conversation; it is made when first needed. */
import type { Conversation, NewMessage, Source } from './message.ts';
import type { Content } from '../../contract/content.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import { holdContacts } from '../contacts/held.ts';
import { overtaken, type Db, type Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import {
  absorbConversation,
  insertConversations,
  insertInboundSeen,
  insertMessages,
  selectConversations,
  takeConversation,
  updateForIncoming,
  updateForOutgoing,
} from './sql.ts';

/**
 * With whom a conversation is. `said`: so much the business says in it in this very transaction; where it is made (`isNew`), that is counted with
 * it, since what is written and then changed is two rows.
 */
type With = { contactId: number; workspaceId: number; said?: number };

/**
 * Finds or makes the conversation of each contact, by contact id. Part of the caller's transaction. Whose is made is held until it ends: one
 * that is begun with somebody who is being erased would be left over. Throws `overtaken` where one is gone, for the transaction to be repeated.
 * `known`: what `conversationsOf` found of all of them in this transaction.
 */
export async function ensureConversations(
  tx: Tx,
  idSource: IdSource,
  nowMs: number,
  contacts: readonly With[],
  known?: ReadonlyMap<number, Conversation>,
): Promise<Map<number, Conversation & { isNew?: true }>> {
  const ids = contacts.map(({ contactId }) => contactId);
  const byContact = new Map<number, Conversation & { isNew?: true }>(
    known ?? (await conversationsOf(tx, ids)),
  );
  const missing = contacts.filter(({ contactId }) => !byContact.has(contactId));
  if (!missing.length) return byContact;
  // Held, and then written, in one go.
  const [held, made] = await Promise.all([
    holdContacts(tx, missing),
    insertConversations(
      tx,
      missing.map((contact) => ({ ...contact, id: idSource.inBucket(bucketOf(contact.contactId)) })),
      nowMs,
    ),
  ]);
  if (missing.some(({ contactId }) => !held.present.has(contactId)))
    throw overtaken('a contact was taken away meanwhile');
  for (const conversation of made) byContact.set(conversation.contactId, { ...conversation, isNew: true });
  // Another transaction may have been first with some.
  const others = ids.filter((contactId) => !byContact.has(contactId));
  return others.length ? new Map([...byContact, ...(await conversationsOf(tx, others))]) : byContact;
}

/**
 * Begins the conversations of contacts that were made in this very transaction: they have none, and nobody else can begin one, so their ids
 * hold before the rows are `written`.
 */
export function beginConversations(
  tx: Tx,
  idSource: IdSource,
  nowMs: number,
  contacts: readonly With[],
): { idOf: ReadonlyMap<number, number>; written: Promise<unknown> } {
  const rows = contacts.map((contact) => ({
    ...contact,
    id: idSource.inBucket(bucketOf(contact.contactId)),
  }));
  return {
    idOf: new Map(rows.map(({ contactId, id }) => [contactId, id])),
    written: rows.length ? insertConversations(tx, rows, nowMs) : Promise.resolve(),
  };
}

/** The conversations that contacts have, by contact id. */
export async function conversationsOf(
  db: Db,
  contactIds: readonly number[],
): Promise<Map<number, Conversation>> {
  const unique = [...new Set(contactIds)];
  return new Map(
    (await selectConversations(db, unique)).map((conversation) => [conversation.contactId, conversation]),
  );
}

/** The conversation of a contact that was merged into another: from now on it is read with the survivor's. */
export async function mergeConversations(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  merge: { workspaceId: number; survivingId: number; discardedId: number },
): Promise<void> {
  const taken = await takeConversation(tx, merge.discardedId);
  if (!taken) return;
  const contact = { contactId: merge.survivingId, workspaceId: merge.workspaceId };
  const conversations = await ensureConversations(tx, ids, nowMs, [contact]);
  await absorbConversation(tx, conversations.get(merge.survivingId)!.id, taken);
}

/** A message from a person, whose contact and destination are known. */
export type Incoming = {
  workspaceId: number;
  contactId: number;
  integrationId: number;
  channel: string;
  destinationId: number;
  externalId: string;
  content: Content;
  source: Source;
  metadata?: Record<string, string | number | boolean>;
  atMs: number;
  /** Its id, where it was given out before; one of the contact's bucket. */
  messageId?: number;
};

/** What is on the feed when a contact said something: `message.received`. */
export type MessageReceived = {
  messageId: number;
  contactId: number;
  conversationId: number;
  integrationId: number;
  destinationId: number;
  channel: string;
  /** They filled in a form. */
  isForm?: true;
};

/**
 * Takes in messages from people: each is kept once, whatever the provider repeats. Returns those that were new. The
 * contacts' conversations are made if need be.
 */
export async function receiveMessages(
  deps: { queue: Queue; ids: IdSource },
  tx: Tx,
  nowMs: number,
  incoming: readonly Incoming[],
): Promise<(Incoming & { messageId: number; conversationId: number })[]> {
  if (!incoming.length) return [];
  const numbered = incoming.map((message) => ({
    ...message,
    messageId: message.messageId ?? deps.ids.inBucket(bucketOf(message.contactId)),
  }));
  const fresh = await insertInboundSeen(tx, numbered, nowMs);
  const kept = numbered.filter(({ messageId }) => fresh.has(messageId));
  if (!kept.length) return [];
  const conversations = await ensureConversations(tx, deps.ids, nowMs, kept);
  const placed = kept.map((message) => ({
    ...message,
    conversationId: conversations.get(message.contactId)!.id,
  }));
  await insertMessages(
    tx,
    placed.map((m) => ({
      id: m.messageId,
      conversationId: m.conversationId,
      contactId: m.contactId,
      workspaceId: m.workspaceId,
      direction: 'in',
      kind: 'message',
      content: m.content,
      author: {},
      source: m.source,
      metadata: m.metadata,
      externalId: m.externalId,
      atMs: m.atMs,
    })),
  );
  await updateForIncoming(tx, countByConversation(placed));
  await deps.queue.append(
    tx,
    placed.map((m) => ({
      ownerId: m.contactId,
      workspaceId: m.workspaceId,
      type: 'message.received',
      atMs: m.atMs,
      payload: {
        messageId: m.messageId,
        contactId: m.contactId,
        conversationId: m.conversationId,
        integrationId: m.integrationId,
        destinationId: m.destinationId,
        channel: m.channel,
        ...(m.content.type === 'formResponse' ? { isForm: true as const } : {}),
      } satisfies MessageReceived,
    })),
  );
  return placed;
}

/**
 * Keeps what the business said; for `outbox/accept`. False when a conversation is not there any more. Confirmations are no part of it,
 * and count as nothing said; what is counted with its conversation already (`isCounted`) is not counted again. Locks the conversations.
 */
export async function keepOutgoing(
  tx: Tx,
  messages: readonly (Omit<NewMessage, 'direction'> & { conversationId: number; isCounted?: boolean })[],
): Promise<boolean> {
  const said = countByConversation(
    messages.filter(({ kind, isCounted }) => isSaid(kind) && isCounted !== true),
  );
  // Sent without waiting for each other's answers.
  const [there] = await Promise.all([
    said.length ? updateForOutgoing(tx, said) : 0,
    insertMessages(
      tx,
      messages.map((message) => ({ ...message, direction: 'out' as const })),
    ),
  ]);
  return there === said.length;
}

/** Whether a message of the business counts as something said in its conversation. */
export function isSaid(kind: NewMessage['kind']): boolean {
  return kind !== 'confirmation';
}

/** Remembers words of people that are kept nowhere else, by the provider's id; returns the ids of those that are new. */
export async function firstHeard(
  tx: Tx,
  words: readonly { integrationId: number; externalId: string; messageId: number }[],
  nowMs: number,
): Promise<Set<number>> {
  return await insertInboundSeen(tx, words, nowMs);
}

/** Messages per conversation, with the time of the last: one row per conversation, since a statement must not name a row twice. */
function countByConversation(
  messages: readonly { conversationId: number; atMs: number }[],
): { conversationId: number; count: number; atMs: number }[] {
  const counts = new Map<number, { conversationId: number; count: number; atMs: number }>();
  for (const { conversationId, atMs } of messages) {
    const row = counts.get(conversationId);
    if (row) {
      row.count++;
      row.atMs = Math.max(row.atMs, atMs);
    } else counts.set(conversationId, { conversationId, count: 1, atMs });
  }
  return [...counts.values()];
}
