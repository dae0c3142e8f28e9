/** What pages are told of conversations in which something is new, read from the store: how each stands, and what was said in it or taken away. */
import type { ConsoleEvent } from '../../../contract/consoleLive.ts';
import { toHex24 } from '../../base/ids.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import { messagesById } from '../../conversations/history.ts';
import type { Message } from '../../conversations/message.ts';
import type { Db, Sql } from '../../db/pool.ts';
import { selectRows } from '../../inbox/inbox.ts';
import { selectNotesById, type InboxNote } from '../../inbox/notes.ts';
import { operatorNames, presentConversations, presentMessages, presentNote } from '../console/inbox/shown.ts';

/** What is to be looked at: contacts, each with the entries that are new. */
type Changed = readonly [contactId: number, entryIds: ReadonlySet<number>][];
/** Where a contact's conversation is, as pages know it; undefined where there is none. */
type ConversationOf = (contactId: number) => string | undefined;

/** The new state of conversations and of what is in them: four statements, however many there are. */
export async function eventsOf(sql: Sql, workspaceId: number, changed: Changed): Promise<ConsoleEvent[]> {
  const contactIds = changed.map(([contactId]) => contactId);
  const entryIds = changed.flatMap(([, ids]) => [...ids]);
  const [rows, messages, notes] = await Promise.all([
    selectRows(sql, workspaceId, contactIds),
    entryIds.length ? messagesById(sql, workspaceId, entryIds) : [],
    entryIds.length ? selectNotesById(sql, entryIds) : [],
  ]);
  const shown = await presentConversations(sql, workspaceId, rows);
  // A contact that was merged has its conversation read with another's.
  const conversations = await conversationsOf(sql, contactIds);
  const conversationOf = (contactId: number) => {
    const conversation = conversations.get(contactId);
    return conversation && toHex24(conversation.id);
  };
  const present = new Set(rows.map(({ contactId }) => contactId));
  const own = notes.filter((note) => note.workspaceId === workspaceId);
  return [
    ...shown.map((conversation) => ({ kind: 'conversation' as const, conversation })),
    ...leftEvents(
      contactIds.filter((id) => !present.has(id)),
      conversationOf,
    ),
    ...(await messageEvents(sql, workspaceId, changed, messages, conversationOf)),
    ...removedEvents(changed, new Set([...messages, ...notes].map(({ id }) => id)), conversationOf),
    ...(own.length ? noteEvents(own, await operatorNames(sql, workspaceId), conversationOf) : []),
  ];
}

/** Conversations that are in the inbox no more. */
function leftEvents(contactIds: readonly number[], conversationOf: ConversationOf): ConsoleEvent[] {
  return contactIds.flatMap((contactId) => {
    const conversationId = conversationOf(contactId);
    return conversationId === undefined ? [] : { kind: 'left', conversationId };
  });
}

/** What was said. Of a contact that became another since, a message is still the old one's; it is shown where it was told of. */
async function messageEvents(
  sql: Db,
  workspaceId: number,
  changed: Changed,
  messages: readonly Message[],
  conversationOf: ConversationOf,
): Promise<ConsoleEvent[]> {
  const said = messages.filter(({ kind }) => kind !== 'confirmation');
  const presented = await presentMessages(sql, workspaceId, said);
  const toldWith = new Map(changed.flatMap(([contactId, ids]) => [...ids].map((id) => [id, contactId])));
  return presented.flatMap((entry): ConsoleEvent[] => {
    const message = said.find(({ id }) => toHex24(id) === entry.id)!;
    const conversationId = conversationOf(toldWith.get(message.id) ?? message.contactId);
    return conversationId === undefined ? [] : [{ kind: 'entry', conversationId, entry }];
  });
}

/** What was told of and is not there any more: it was taken away, and whoever told of it says whose it was. */
function removedEvents(
  changed: Changed,
  there: ReadonlySet<number>,
  conversationOf: ConversationOf,
): ConsoleEvent[] {
  return changed.flatMap(([contactId, told]) => {
    const conversationId = conversationOf(contactId);
    const gone = conversationId === undefined ? [] : [...told].filter((id) => !there.has(id));
    return gone.map((id) => ({
      kind: 'removed' as const,
      conversationId: conversationId!,
      messageId: toHex24(id),
    }));
  });
}

function noteEvents(
  notes: readonly InboxNote[],
  names: ReadonlyMap<number, string>,
  conversationOf: ConversationOf,
): ConsoleEvent[] {
  return notes.flatMap((note): ConsoleEvent[] => {
    const conversationId = conversationOf(note.contactId);
    return conversationId === undefined
      ? []
      : [{ kind: 'entry', conversationId, entry: presentNote(note, names) }];
  });
}
