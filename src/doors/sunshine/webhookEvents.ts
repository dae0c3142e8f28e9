/**
 * What this door tells of what happened: events of the feed, as calls of v1.1 webhooks (api/sunshine.md §6.1, §8). Looks only
 * at what somebody asked to hear of, and loads what that takes with one statement per kind of row for the whole batch.
 */
import { seeIntegrations } from '../../accounts/integrations.ts';
import { getWorkspace } from '../../accounts/workspaces.ts';
import type { Adapter } from '../../channels/adapter.ts';
import { destinationsOf, type Destination } from '../../contacts/destinations.ts';
import { survivorsOf } from '../../contacts/merge.ts';
import { getContacts, type Contact } from '../../contacts/contacts.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { Conversation, Message } from '../../conversations/message.ts';
import { messagesById, notificationsSinceReply, postbacksAmong } from '../../conversations/history.ts';
import type { Db } from '../../db/pool.ts';
import type { DeliveryChange } from '../../ledger/events.ts';
import { deliveriesNamed } from '../../ledger/deliveries.ts';
import { triedFor } from '../../ledger/onward.ts';
import { STATE } from '../../ledger/states.ts';
import { toRef } from '../../ledger/ref.ts';
import type { Presenter, RenderedCall } from '../../webhooks/expand.ts';
import type { Webhook } from '../../webhooks/webhook.ts';
import { LINKED_BY, momentsOf } from './moments.ts';
import { tells, type Trigger } from '../../../contract/doors/sunshine/triggers.ts';
import { appSettings } from './settings.ts';
import { SUNSHINE_TOLD } from './told.ts';
import { bodyOf, errorOf, type MomentFacts, type Moment } from './webhookBodies.ts';

/** Notifications shown with an answer. Nothing is documented; this many are one page of a conversation. */
const MOST_RECENT = 100;

/** The presenter of this door's webhooks. */
export function sunshinePresenter(deps: {
  adapters: Readonly<Record<string, Adapter | undefined>>;
}): Presenter {
  return {
    door: 'sunshine',
    personalEvents: [SUNSHINE_TOLD],
    async present(db, events, webhooks) {
      const wanted = new Set<Trigger>();
      const heard = (trigger: Trigger) => {
        if (wanted.has(trigger)) return true;
        if (!webhooks.some(({ triggers }) => tells(triggers, trigger))) return false;
        wanted.add(trigger);
        return true;
      };
      const moments = events.flatMap((event, index) => momentsOf(event, index, heard));
      if (moments.length === 0) return [];
      const facts = await loadFacts(db, events[0]!.workspaceId, moments, deps.adapters);
      const told = await settleKinds(db, facts, moments, heard);
      return told.flatMap((moment) => callsFor(moment, facts, webhooks));
    },
  };
}

/** Deliveries of notifications have triggers of their own, those of confirmations tell of the link they confirm. */
async function settleKinds(
  db: Db,
  facts: MomentFacts,
  moments: readonly Moment[],
  heard: (trigger: Trigger) => boolean,
): Promise<Moment[]> {
  await findClicked(db, facts, moments);
  const settled = moments.flatMap((moment): Moment[] => {
    if (!isToldSo(moment, facts)) return [];
    if (!moment.change) return [moment];
    const message = facts.messages.get(moment.messageId!);
    if (!message) return [];
    if (message.kind === 'confirmation')
      return linksOf(moment, message, facts).filter(({ trigger }) => heard(trigger));
    const trigger =
      message.kind === 'notification'
        ? (moment.trigger.replace('message:', 'notification:') as Trigger)
        : moment.trigger;
    return heard(trigger) ? [{ ...moment, trigger }] : [];
  });
  // Pipelined on one connection; a person's messages come one at a time.
  await Promise.all(
    settled.map(async ({ trigger, messageId }) => {
      const message = trigger === 'message:appUser' ? facts.messages.get(messageId!) : undefined;
      if (message) facts.recent.set(message.id, await recentBefore(db, message));
    }),
  );
  return settled;
}

/** What was heard is told as a click or as a message; as both where the app wants clicks to be messages, too. */
function isToldSo({ trigger, messageId }: Moment, { clicked, echoes }: MomentFacts): boolean {
  // A click that was made through the API names no message of its own.
  if (messageId === undefined) return true;
  if (trigger === 'postback') return clicked.has(messageId);
  return trigger !== 'message:appUser' || echoes || !clicked.has(messageId);
}

/** Which of what was heard are clicks on a postback, and of which message. */
async function findClicked(db: Db, facts: MomentFacts, moments: readonly Moment[]): Promise<void> {
  const heard = [...new Set(moments.flatMap(({ change, messageId }) => (change ? [] : (messageId ?? []))))];
  const answers = heard.flatMap((id) => {
    const message = facts.messages.get(id);
    const payload = message?.direction === 'in' ? message.content.payload : undefined;
    return payload === undefined ? [] : [{ id, conversationId: message!.conversationId, payload }];
  });
  if (answers.length === 0) return;
  const offered = await postbacksAmong(db, answers);
  const workspaceId = moments[0]!.workspaceId;
  const [messages, workspace] = await Promise.all([
    offered.length > 0
      ? messagesById(
          db,
          workspaceId,
          offered.map(({ messageId }) => messageId),
        )
      : [],
    getWorkspace(db, workspaceId),
  ]);
  for (const { id, messageId } of offered) {
    const message = messages.find((one) => one.id === messageId);
    if (message) facts.clicked.set(id, message);
  }
  facts.echoes = workspace !== undefined && appSettings(workspace.settings).settings.echoPostback;
}

function linksOf(moment: Moment, message: Message, facts: MomentFacts): Moment[] {
  const { change, messageId: _messageId, ...rest } = moment;
  const { channel, waits, ...criteria } = message.metadata ?? {};
  if (channel === undefined || !change) return [];
  const delivery = facts.deliveries.get(toRef(change));
  const step = moment.trigger.slice('message:delivery:'.length) as 'channel' | 'user' | 'failure';
  const destination = facts.destinations
    .get(change.contactId)
    ?.find(({ id }) => id === delivery?.destinationId);
  // The person answered before it failed, and the link stays.
  if (step === 'failure' && waits && destination?.status === 'active') return [];
  const more = {
    channel,
    criteria,
    ...(step === 'failure' && delivery ? { error: errorOf(delivery) } : {}),
    timestamp: change.atMs / 1000,
  };
  // What waits for the person is linked by the person's answer.
  const linked = LINKED_BY[step].filter(
    (trigger) => !waits || trigger === 'link:match' || step === 'failure',
  );
  return linked.map((trigger) => ({
    ...rest,
    trigger,
    more: trigger === 'client:add' ? { ...REASON, timestamp: more.timestamp } : more,
    ...(delivery?.destinationId ? { destinationId: delivery.destinationId } : {}),
  }));
}

const REASON = { reason: 'channelLinking', source: { type: 'api' } };

async function recentBefore(db: Db, message: Message): Promise<Message[]> {
  const { conversationId, id: messageId, atMs } = message;
  return await notificationsSinceReply(db, { conversationId, messageId, atMs, limit: MOST_RECENT });
}

async function loadFacts(
  db: Db,
  workspaceId: number,
  moments: readonly Moment[],
  adapters: Readonly<Record<string, Adapter | undefined>>,
): Promise<MomentFacts> {
  const contactIds = [...new Set(moments.map(({ contactId }) => contactId))];
  const messageIds = [...new Set(moments.flatMap(({ messageId }) => messageId ?? []))];
  const changes = new Map(
    moments.flatMap(({ change }) => (change ? [[toRef(change), change] as const] : [])),
  );
  const failed = [...changes.values()].filter(({ to }) => to > STATE.read);
  const [contacts, conversations, destinations, messages, deliveries, tried, integrations] =
    await Promise.all([
      getContacts(db, workspaceId, contactIds),
      conversationsOf(db, contactIds),
      destinationsOf(db, workspaceId, contactIds),
      messageIds.length > 0 ? messagesById(db, workspaceId, messageIds) : [],
      deliveriesNamed(db, [...changes.values()]),
      triedFor(db, eachMessage(failed)),
      seeIntegrations(db, workspaceId),
    ]);
  const people = {
    contacts: new Map(contacts.map((contact) => [contact.id, contact])),
    conversations,
    destinations: Map.groupBy(destinations, ({ contactId }) => contactId),
  };
  const absent = contactIds.filter((id) => !people.contacts.has(id));
  if (absent.length > 0) await addSurvivors(db, workspaceId, absent, people);
  return {
    ...people,
    messages: new Map(messages.map((message) => [message.id, message])),
    deliveries: new Map(deliveries.map((delivery) => [toRef(delivery), delivery])),
    tried: Map.groupBy(tried, ({ causeId }) => causeId),
    integrations,
    adapters,
    recent: new Map(),
    clicked: new Map(),
    echoes: false,
  };
}

function eachMessage(changes: readonly DeliveryChange[]): { contactId: number; causeId: number }[] {
  return [...new Map(changes.map((change) => [`${change.contactId}.${change.causeId}`, change])).values()];
}

/** What happened to somebody who was merged since is told of whom they became. */
async function addSurvivors(
  db: Db,
  workspaceId: number,
  absent: readonly number[],
  people: {
    contacts: Map<number, Contact>;
    conversations: Map<number, Conversation>;
    destinations: Map<number, Destination[]>;
  },
): Promise<void> {
  const became = await survivorsOf(db, workspaceId, absent);
  if (became.size === 0) return;
  const ids = [...new Set(became.values())];
  const [contacts, conversations, destinations] = await Promise.all([
    getContacts(db, workspaceId, ids),
    conversationsOf(db, ids),
    destinationsOf(db, workspaceId, ids),
  ]);
  for (const [from, into] of became) {
    const contact = contacts.find(({ id }) => id === into);
    if (contact) people.contacts.set(from, contact);
  }
  for (const conversation of conversations.values())
    people.conversations.set(conversation.contactId, conversation);
  for (const [id, some] of Map.groupBy(destinations, ({ contactId }) => contactId))
    people.destinations.set(id, some);
}

/** The same text for all webhooks that want to be told the same way. */
function callsFor(moment: Moment, facts: MomentFacts, webhooks: readonly Webhook[]): RenderedCall[] {
  const bodies = new Map<string, object | undefined>();
  return webhooks
    .filter(({ triggers }) => tells(triggers, moment.trigger))
    .flatMap((webhook) => {
      const form = `${webhook.includeFullContact} ${webhook.includeDestination}`;
      if (!bodies.has(form))
        bodies.set(
          form,
          bodyOf(moment, facts, { full: webhook.includeFullContact, client: webhook.includeDestination }),
        );
      const body = bodies.get(form);
      const { trigger, eventIndex, contactId } = moment;
      return body ? [{ webhookId: webhook.id, eventIndex, trigger, body, contactId }] : [];
    });
}
