/**
 * The reader of the feed that writes the log: what happened to contacts who have been on the web chat gets its number here, and
 * once that is committed every process is told. Broadcasts are not among it: they are no messages of a conversation; but posts are, to
 * groups and to connected accounts.
 */
import type { MessageReceived } from '../conversations/conversations.ts';
import type { DeliveryChanged, MessageAccepted } from '../ledger/events.ts';
import { STATE } from '../ledger/states.ts';
import type { FeedReader, FeedEvent } from '../queue/feed/reader.ts';
import type { ConversationRead, ConversationTyping, MessagesRemoved } from '../conversations/events.ts';
import type { PostShown } from '../conversations/groups/events.ts';
import { shownIn } from '../conversations/groups/reach.ts';
import type { Tx } from '../db/pool.ts';
import { ENTRY, type Head, type NewEntry } from './entry.ts';
import { appendEntries, appendToAll } from './log.ts';
import type { News, Notices } from './notices.ts';

/** The reader. */
export function liveReader(notices: Pick<Notices, 'send'>): FeedReader {
  // What is to be told once a batch is committed. A batch whose transaction is repeated is another list of events.
  const news = new WeakMap<readonly FeedEvent[], News[]>();
  return {
    name: 'live',
    async read(tx, events) {
      const entries = events.flatMap(entriesOf);
      const heads = entries.length ? await appendEntries(tx, entries) : [];
      const told: News[] = heads.map(({ contactId }) => ({ kind: 'changed', contactId }));
      for (const event of events) {
        if (event.type !== 'post.shown') continue;
        for (const { contactId } of await appendPost(tx, event)) told.push({ kind: 'changed', contactId });
      }
      for (const { type, payload } of events) {
        if (type !== 'conversation.typing') continue;
        const { contactId, by, on } = payload as ConversationTyping;
        told.push({ kind: 'typing', contactId, by, on });
      }
      if (told.length) news.set(events, told);
    },
    committed(events) {
      const told = news.get(events);
      if (told) notices.send(told);
    },
  };
}

/** A post in the log of all whom it is for: asked for here, so that the event is one however many they are. */
async function appendPost(tx: Tx, { payload, atMs }: FeedEvent): Promise<Head[]> {
  const { runId, broadcastId, origin, buckets } = payload as PostShown;
  const isGroup = origin.kind === 'group';
  return await appendToAll(tx, shownIn(tx, { runId, origin }, buckets), {
    kind: ENTRY.post,
    messageId: isGroup ? origin.postId : broadcastId,
    detail: isGroup ? 0 : 1,
    atMs,
  });
}

const SHOWN: readonly number[] = [
  STATE.accepted,
  STATE.delivered,
  STATE.read,
  STATE.failed,
  STATE.suppressed,
  STATE.expired,
  STATE.canceled,
];

function entriesOf({ type, payload, atMs }: FeedEvent): NewEntry[] {
  switch (type) {
    case 'message.received': {
      const { contactId, messageId } = payload as MessageReceived;
      return [{ contactId, messageId, kind: ENTRY.message, detail: null, atMs }];
    }
    case 'message.accepted': {
      const { contactId, messageId, kind } = payload as MessageAccepted;
      return kind === 'confirmation'
        ? []
        : [{ contactId, messageId, kind: ENTRY.message, detail: null, atMs }];
    }
    case 'delivery.changed': {
      const { bulk, changes } = payload as DeliveryChanged;
      if (bulk) return [];
      return changes.flatMap(({ contactId, causeId, to, atMs: changedMs }) =>
        SHOWN.includes(to)
          ? [{ contactId, messageId: causeId, kind: ENTRY.state, detail: to, atMs: changedMs }]
          : [],
      );
    }
    case 'message.removed': {
      const { contactId, messageIds } = payload as MessagesRemoved;
      return messageIds.map((messageId) => ({
        contactId,
        messageId,
        kind: ENTRY.removed,
        detail: null,
        atMs,
      }));
    }
    case 'conversation.read': {
      const { contactId, by, atMs: readMs } = payload as ConversationRead;
      return [
        { contactId, messageId: null, kind: ENTRY.read, detail: by === 'contact' ? 0 : 1, atMs: readMs },
      ];
    }
    default:
      return [];
  }
}
