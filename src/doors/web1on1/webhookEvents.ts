/**
 * What this door tells of what happened: events of the feed, as calls of its webhooks (api/web1on1.md §B.10). Looks only at what
 * somebody asked to hear of, and loads what that takes for the whole batch.
 */
import { seeIntegrations } from '../../accounts/integrations.ts';
import { getWorkspace } from '../../accounts/workspaces.ts';
import { isoTime } from '../../base/clock.ts';
import { toHex24, toUuid } from '../../base/ids.ts';
import type { MessageReceived } from '../../conversations/conversations.ts';
import type { Db } from '../../db/pool.ts';
import type { MessageAccepted } from '../../ledger/events.ts';
import type { FeedEvent } from '../../queue/feed/reader.ts';
import { inboxOf } from '../../threads/posts.ts';
import { openThreads, postsById } from '../../threads/threads.ts';
import type { ThreadTold } from '../../threads/told.ts';
import type { Presenter, RenderedCall } from '../../webhooks/expand.ts';
import type { Webhook } from '../../webhooks/webhook.ts';
import { EVENTS, tells } from './events.ts';
import { loadMessages, loadShown, web1on1Conversation } from './present.ts';

/** One thing to tell. */
type Moment = {
  event: FeedEvent;
  index: number;
  what: 'message' | 'create' | 'update' | 'notify';
  conversationId: number;
  messageId?: number;
  channelId?: string;
};

type Facts = {
  workspaceId: number;
  conversations: ReadonlyMap<number, Record<string, unknown>>;
  messages: ReadonlyMap<string, Record<string, unknown>>;
};

/** The presenter of this door's webhooks. */
export const web1on1Presenter: Presenter = {
  door: 'web1on1',
  async present(db, events, webhooks) {
    if (!EVENTS.some((event) => webhooks.some(({ triggers }) => tells(triggers, event)))) return [];
    const moments = await momentsOf(db, events);
    if (moments.length === 0) return [];
    const facts = await loadFacts(db, events[0]!.workspaceId, moments);
    return moments.flatMap((moment) => callsFor(moment, facts, webhooks));
  },
};

async function momentsOf(db: Db, events: readonly FeedEvent[]): Promise<Moment[]> {
  const sent = events.flatMap(({ type, payload }) =>
    type === 'message.accepted' ? [(payload as MessageAccepted).messageId] : [],
  );
  // What was posted here is told as a post; what another door sent is told as a message.
  const posted = new Set((await postsById(db, events[0]!.workspaceId, sent)).map(({ id }) => id));
  return events.flatMap((event, index): Moment[] => {
    switch (event.type) {
      case 'message.received': {
        const { conversationId, messageId } = event.payload as MessageReceived;
        return [{ event, index, what: 'message', conversationId, messageId }];
      }
      case 'message.accepted': {
        const { conversationId, messageId, kind } = event.payload as MessageAccepted;
        return kind === 'confirmation' || posted.has(messageId)
          ? []
          : [{ event, index, what: 'message', conversationId, messageId }];
      }
      case 'thread.told': {
        const { what, conversationId, postId, channelId } = event.payload as ThreadTold;
        return [
          {
            event,
            index,
            what: what === 'posted' ? 'message' : what,
            conversationId,
            ...(postId === undefined ? {} : { messageId: postId }),
            ...(channelId === undefined ? {} : { channelId }),
          },
        ];
      }
      default:
        return [];
    }
  });
}

async function loadFacts(db: Db, workspaceId: number, moments: readonly Moment[]): Promise<Facts> {
  const conversationIds = [...new Set(moments.map(({ conversationId }) => conversationId))];
  const messageIds = [...new Set(moments.flatMap(({ messageId }) => messageId ?? []))];
  const [workspace, integrations, threads] = await Promise.all([
    getWorkspace(db, workspaceId),
    seeIntegrations(db, workspaceId),
    openThreads(db, workspaceId, conversationIds),
  ]);
  const organization = {
    id: workspaceId,
    name: workspace?.name ?? '',
    settings: workspace?.settings ?? {},
  };
  const [shown, messages] = await Promise.all([
    loadShown(db, workspaceId, threads),
    loadMessages(db, organization, messageIds),
  ]);
  return {
    workspaceId,
    conversations: new Map(
      shown.map((one) => [one.thread.id, web1on1Conversation(one, organization, integrations)]),
    ),
    messages: new Map(messages.map((message) => [message['id'], message])),
  };
}

function callsFor(moment: Moment, facts: Facts, webhooks: readonly Webhook[]): RenderedCall[] {
  const conversation = facts.conversations.get(moment.conversationId);
  const message = moment.messageId === undefined ? undefined : facts.messages.get(toHex24(moment.messageId));
  if (!conversation || (moment.what === 'message' && !message)) return [];
  const name = nameOf(moment, conversation, message);
  const asked = webhooks.filter(({ triggers }) => tells(triggers, name));
  if (asked.length === 0) return [];
  const body = bodyOf(moment, facts.workspaceId, name, conversation, message);
  return asked.map(({ id }) => ({
    webhookId: id,
    eventIndex: moment.index,
    trigger: name,
    body,
    contactId: moment.conversationId,
  }));
}

function nameOf(
  { what }: Moment,
  conversation: Record<string, unknown>,
  message: Record<string, unknown> | undefined,
): string {
  if (what === 'message') return `message.create.${String(conversation['type'])}.${String(message!['type'])}`;
  return what === 'notify' ? 'channel.notify' : `conversation.${what}`;
}

/** `activity` is there with every event: the client never answers one without (api/web1on1.md §B.11). */
function bodyOf(
  { event, what, channelId }: Moment,
  workspaceId: number,
  name: string,
  conversation: Record<string, unknown>,
  message: Record<string, unknown> | undefined,
): object {
  const isNotice = what === 'notify';
  const channel = channelOf(workspaceId, channelId);
  // A channel is told of the conversation in which somebody waits, whatever was said in it.
  const object =
    message && !isNotice
      ? { type: 'message', id: message['id'] }
      : { type: 'conversation', id: conversation['id'] };
  const links = {
    conversation: `/v2/conversations/${String(conversation['id'])}`,
    ...(message ? { message: `/v2/messages/${String(message['id'])}` } : {}),
  };
  return {
    id: toUuid(event.id),
    event: name,
    timestamp: isoTime(event.atMs),
    organization: toHex24(workspaceId),
    activity: {
      '@context': 'https://www.w3.org/ns/activitystreams',
      type: name.includes('update') ? 'Update' : isNotice ? 'Announce' : 'Create',
      actor: { type: 'Person', id: message?.['user'] ?? conversation['createdBy'] },
      object,
      ...(isNotice ? { target: { type: 'channel', id: channel['id'] } } : {}),
      summary: `${name} in ${String(conversation['name'])}`,
    },
    data: {
      conversation,
      ...(message ? { message } : {}),
      ...(isNotice ? { channel } : {}),
      links,
    },
  };
}

/** A channel as webhooks name it. */
function channelOf(workspaceId: number, id = inboxOf(workspaceId)): Record<string, unknown> {
  return { id, name: 'Inbox', organization: toHex24(workspaceId) };
}
