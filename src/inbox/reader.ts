/**
 * The reader of the feed that keeps the inbox: what contacts said opens a conversation or moves it, what the business said answers it.
 * Once that is committed, every process that has operators connected is told which conversations have changed.
 */
import { holdContacts } from '../contacts/held.ts';
import { survivorsAmong } from '../contacts/merge.ts';
import { conversationsOf, type MessageReceived } from '../conversations/conversations.ts';
import type { ConversationRead, MessagesRemoved } from '../conversations/events.ts';
import type { DeliveryChanged, MessageAccepted } from '../ledger/events.ts';
import type { LinkClicked } from '../links/links.ts';
import type { News, Notices } from '../live/notices.ts';
import type { Tx } from '../db/pool.ts';
import type { FeedEvent, FeedReader } from '../queue/feed/reader.ts';
import { takeBack } from './takenBack.ts';
import { takeOverSeen } from './seenBefore.ts';
import { selectPresent, updateSaid, upsertHeard, type Heard } from './sql.ts';

/** What a batch of events says of one contact. */
type Happened = {
  workspaceId: number;
  heard: (MessageReceived & { atMs: number })[];
  said: { messageId: number; atMs: number }[];
  /** Messages of which something is new. */
  messages: Set<number>;
  /** Some of what was said is not kept any more. */
  isLess: boolean;
};

/** The reader. */
export function inboxReader(notices: Pick<Notices, 'send'>): FeedReader {
  // What is to be told once a batch is committed. A batch whose transaction is repeated is another list of events.
  const news = new WeakMap<readonly FeedEvent[], News[]>();
  return {
    name: 'inbox',
    async read(tx, events) {
      const happened = gather(events);
      if (!happened.size) return;
      const all = [...happened];
      // In order of contact, as everybody locks rows who locks several.
      all.sort(([a], [b]) => a - b);
      const heard = await held(
        tx,
        all.flatMap(([contactId, one]) => heardOf(contactId, one) ?? []),
      );
      const said = all.flatMap(([contactId, one]) => (one.heard.length ? [] : saidOf(contactId, one)));
      const rest = all.filter(([, one]) => !one.heard.length && !one.said.length).map(([id]) => id);
      // Whoever was quicker than this reader has seen what had no row then.
      if (heard.length) await takeOverSeen(tx, await upsertHeard(tx, heard));
      // Before anything is taken back: what was said may be among that.
      const answered = said.length ? await updateSaid(tx, said) : [];
      const less = all.flatMap(([contactId, { workspaceId, isLess }]) =>
        isLess ? { workspaceId, contactId } : [],
      );
      if (less.length) await takeBack(tx, less);
      const there = new Set([
        ...heard.map(({ contactId }) => contactId),
        ...answered,
        ...(rest.length ? await selectPresent(tx, rest) : []),
      ]);
      const shown = await shownWith(tx, all, there);
      news.set(
        events,
        all.flatMap(([contactId, one]) => {
          const shownWithId = shown.get(contactId);
          return shownWithId === undefined ? [] : newsOf(shownWithId, one);
        }),
      );
    },
    committed(events) {
      const told = news.get(events);
      if (told?.length) notices.send(told);
    },
  };
}

/**
 * Holds the contacts that were heard, so that none is erased before its row is there to be erased, too. Who has become another meanwhile
 * is heard as that one, whose conversation has it all; who is gone is not heard.
 */
async function held(tx: Tx, heard: readonly Heard[]): Promise<Heard[]> {
  if (!heard.length) return [];
  const { present, became } = await holdContacts(tx, heard);
  const kept = heard.filter(({ contactId }) => present.has(contactId));
  const moved = heard.flatMap((one) => {
    const contactId = became.get(one.contactId);
    return contactId === undefined || present.has(contactId) ? [] : [{ ...one, contactId }];
  });
  if (!moved.length) return kept;
  const again = await holdContacts(tx, moved);
  const conversations = await conversationsOf(tx, [...again.present]);
  // One row each: a statement must not name one twice.
  const byContact = new Map(moved.map((one) => [one.contactId, one]));
  for (const [contactId, one] of byContact) {
    const conversation = conversations.get(contactId);
    if (conversation) kept.push({ ...one, conversationId: conversation.id });
  }
  return kept;
}

/**
 * In whose conversation it is shown what happened to contacts: in that of whom one has become who is not there any more. Whoever was
 * only spoken to is not looked up: most of them have never been in the inbox.
 */
async function shownWith(
  tx: Tx,
  all: readonly [contactId: number, one: Happened][],
  there: ReadonlySet<number>,
): Promise<Map<number, number>> {
  const absent = all.filter(([id, { heard, said }]) => !there.has(id) && (heard.length || !said.length));
  const became = await survivorsAmong(
    tx,
    absent.map(([contactId, { workspaceId }]) => ({ workspaceId, contactId })),
  );
  return new Map(
    all.flatMap(([contactId, { isLess }]): [number, number][] => {
      if (there.has(contactId)) return [[contactId, contactId]];
      const survivor = became.get(contactId);
      if (survivor !== undefined) return [[contactId, survivor]];
      return isLess ? [[contactId, contactId]] : [];
    }),
  );
}

function gather(events: readonly FeedEvent[]): Map<number, Happened> {
  const byContact = new Map<number, Happened>();
  const of = (contactId: number, workspaceId: number) => {
    const known = byContact.get(contactId);
    if (known) return known;
    const made: Happened = { workspaceId, heard: [], said: [], messages: new Set(), isLess: false };
    byContact.set(contactId, made);
    return made;
  };
  for (const { type, payload, workspaceId, atMs } of events)
    switch (type) {
      case 'message.received': {
        const message = payload as MessageReceived;
        const one = of(message.contactId, workspaceId);
        one.heard.push({ ...message, atMs });
        one.messages.add(message.messageId);
        break;
      }
      case 'message.accepted': {
        const { contactId, messageId, kind } = payload as MessageAccepted;
        if (kind === 'confirmation') break;
        const one = of(contactId, workspaceId);
        one.said.push({ messageId, atMs });
        one.messages.add(messageId);
        break;
      }
      case 'delivery.changed': {
        const { bulk, changes } = payload as DeliveryChanged;
        if (!bulk)
          for (const { contactId, causeId } of changes) of(contactId, workspaceId).messages.add(causeId);
        break;
      }
      case 'message.removed': {
        const { contactId, messageIds } = payload as MessagesRemoved;
        const one = of(contactId, workspaceId);
        one.isLess = true;
        for (const id of messageIds) one.messages.add(id);
        break;
      }
      case 'link.clicked': {
        // What was offered is taken. A link of many is in no message of this person.
        const { contactId, causeId, kind, isOwn } = payload as LinkClicked;
        if (kind === 'transfer' && isOwn) of(contactId, workspaceId).messages.add(causeId);
        break;
      }
      case 'conversation.read':
        of((payload as ConversationRead).contactId, workspaceId);
        break;
      default:
    }
  return byContact;
}

function heardOf(contactId: number, { workspaceId, heard, said }: Happened): Heard | undefined {
  const last = heard.reduce<(typeof heard)[number] | undefined>(
    (latest, one) => (latest && latest.atMs > one.atMs ? latest : one),
    undefined,
  );
  if (!last) return undefined;
  const answer = lastOf(said);
  const lastOutMs = answer?.atMs ?? 0;
  const unanswered = heard.map(({ atMs }) => atMs).filter((atMs) => atMs > lastOutMs);
  const newest = answer && answer.atMs > last.atMs ? answer : last;
  return {
    workspaceId,
    contactId,
    conversationId: last.conversationId,
    channel: last.channel,
    destinationId: last.destinationId,
    lastMessageId: newest.messageId,
    lastMs: newest.atMs,
    lastInMs: last.atMs,
    lastOutMs,
    waitingMs: unanswered.length ? Math.min(...unanswered) : null,
  };
}

function saidOf(contactId: number, { said }: Happened) {
  const last = lastOf(said);
  return last ? [{ contactId, ...last }] : [];
}

function lastOf(said: Happened['said']) {
  return said.reduce<(typeof said)[number] | undefined>(
    (latest, one) => (latest && latest.atMs > one.atMs ? latest : one),
    undefined,
  );
}

/** A conversation by itself says that it has moved; with a message, that the message is new or has changed. */
function newsOf(contactId: number, { workspaceId, messages }: Happened): News[] {
  const told = { kind: 'inbox', workspaceId, contactId } as const;
  return messages.size ? [...messages].map((entryId) => ({ ...told, entryId })) : [told];
}
