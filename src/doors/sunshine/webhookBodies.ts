/** The bodies of this door's webhooks (api/sunshine.md §6.1, §8.3). Pure: everything was loaded. */
import type { Adapter } from '../../channels/adapter.ts';
import { toHex24, toUuid } from '../../base/ids.ts';
import type { Destination } from '../../contacts/destinations.ts';
import type { Contact } from '../../contacts/contacts.ts';
import type { Conversation, Message } from '../../conversations/message.ts';
import type { DeliveryChange } from '../../ledger/events.ts';
import { toRef } from '../../ledger/ref.ts';
import type { Delivery, Tried } from '../../ledger/delivery.ts';
import { isWaiting, STATE } from '../../ledger/states.ts';
import {
  integrationFor,
  presentClient,
  presentUser,
  presentUserBriefly,
  primaryOf,
  type KnownIntegration,
  type User,
} from './present.ts';
import { platformOf } from './names.ts';
import { sunshineMessage } from './messageShown.ts';
import type { Trigger } from '../../../contract/doors/sunshine/triggers.ts';

/** Something to tell of. */
export type Moment = {
  trigger: Trigger;
  workspaceId: number;
  eventIndex: number;
  contactId: number;
  messageId?: number;
  destinationId?: number;
  change?: DeliveryChange;
  more?: Record<string, unknown>;
  appUser?: Record<string, unknown>;
};

/** What was loaded for a batch of moments. */
export type MomentFacts = {
  contacts: ReadonlyMap<number, Contact>;
  conversations: ReadonlyMap<number, Conversation>;
  destinations: ReadonlyMap<number, readonly Destination[]>;
  messages: ReadonlyMap<number, Message>;
  /** By ref. */
  deliveries: ReadonlyMap<string, Delivery>;
  /** All deliveries of messages of which one failed, by message. */
  tried: ReadonlyMap<number, readonly Tried[]>;
  integrations: readonly KnownIntegration[];
  adapters: Readonly<Record<string, Adapter | undefined>>;
  /** Notifications since the message before, by message. */
  recent: Map<number, Message[]>;
  /** Messages whose postback was clicked, by the message that says so. */
  clicked: Map<number, Message>;
  /** The app wants clicks to be messages, too (`echoPostback`). */
  echoes: boolean;
};

/** How much a webhook wants to be told. */
type Form = { full: boolean; client: boolean };

/** The body of a call; undefined when what it would tell of is gone. */
export function bodyOf(moment: Moment, facts: MomentFacts, form: Form): object | undefined {
  const head = {
    trigger: moment.trigger,
    app: { _id: toHex24(moment.workspaceId) },
    version: 'v1.1',
  };
  const contact = facts.contacts.get(moment.contactId);
  if (!contact) return moment.appUser ? { ...head, appUser: moment.appUser, ...moment.more } : undefined;
  const user: User = {
    contact,
    destinations: facts.destinations.get(contact.id) ?? [],
    conversation: facts.conversations.get(contact.id),
  };
  if (moment.change) return aboutDelivery(head, moment, moment.change, user, facts, form);
  const common = {
    ...head,
    ...sharedOf(user, facts, form),
    ...(form.client ? clientOf(user, moment.destinationId, facts) : {}),
  };
  if (moment.messageId === undefined)
    return {
      ...common,
      ...moment.more,
      ...(moment.trigger === 'client:add' ? addedOf(user, moment, facts) : {}),
      ...(moment.trigger === 'conversation:start' ? startOf(user, moment, facts) : {}),
    };
  const message = facts.messages.get(moment.messageId);
  if (!message) return undefined;
  if (moment.trigger === 'postback') return { ...common, postbacks: postbacksOf(message, contact, facts) };
  const recent = facts.recent.get(message.id) ?? [];
  return {
    ...common,
    messages: [sunshineMessage(message, contact)],
    ...(recent.length > 0
      ? { recentNotifications: recent.map((notification) => sunshineMessage(notification, contact)) }
      : {}),
  };
}

/** What was clicked, in the message that offered it (api/sunshine.md §8.3). */
function postbacksOf({ id, content }: Message, contact: Contact, facts: MomentFacts): object[] {
  const message = facts.clicked.get(id);
  if (!message) return [];
  const shown = sunshineMessage(message, contact);
  const items = (shown['items'] ?? []) as { actions?: Record<string, unknown>[] }[];
  const all = [
    ...((shown['actions'] ?? []) as Record<string, unknown>[]),
    ...items.flatMap(({ actions = [] }) => actions),
  ];
  const action = all.find(({ type, payload }) => type === 'postback' && payload === content.payload);
  return action ? [{ message: shown, action }] : [];
}

function aboutDelivery(
  head: object,
  moment: Moment,
  change: DeliveryChange,
  user: User,
  facts: MomentFacts,
  form: Form,
): object | undefined {
  const delivery = facts.deliveries.get(toRef(change));
  const message = facts.messages.get(change.causeId);
  if (!delivery || !message) return undefined;
  const notification = message.kind === 'notification';
  const destination = destinationOf(delivery, user, facts);
  const what = {
    timestamp: change.atMs / 1000,
    destination: notification ? destination : { ...destination, destinationId: undefined },
    isFinalEvent: isFinal(moment.trigger, delivery, user, facts),
    ...(delivery.externalIds?.length ? { externalMessages: delivery.externalIds.map((id) => ({ id })) } : {}),
    ...(moment.trigger.endsWith(':failure') ? { error: errorOf(delivery) } : {}),
  };
  const client = form.client ? clientOf(user, delivery.destinationId ?? undefined, facts) : {};
  if (!notification)
    return {
      ...head,
      ...sharedOf(user, facts, form),
      ...client,
      message: { _id: toHex24(message.id) },
      ...what,
    };
  return {
    ...head,
    ...what,
    notification: { _id: toUuid(message.id) },
    matchResult: { ...sharedOf(user, facts, form), ...client },
  };
}

function sharedOf(user: User, facts: MomentFacts, form: Form): object {
  return {
    appUser: form.full ? presentUser(user, facts.integrations) : presentUserBriefly(user),
    ...(user.conversation ? { conversation: { _id: toHex24(user.conversation.id) } } : {}),
  };
}

/** The client an event is about; of one that is about none, the one the user used last. */
function clientOf(user: User, destinationId: number | undefined, facts: MomentFacts): object {
  const named = destinationId ? user.destinations.find(({ id }) => id === destinationId) : undefined;
  const destination = named ?? (destinationId ? undefined : primaryOf(user.destinations));
  return destination ? { client: presentClient(destination, user.destinations, facts.integrations) } : {};
}

function addedOf(user: User, moment: Moment, facts: MomentFacts): object {
  const added = user.destinations.filter(({ id }) => id === moment.destinationId);
  return { clients: added.map((one) => presentClient(one, user.destinations, facts.integrations)) };
}

/** Where a conversation began; said already when it was through this API. */
function startOf(user: User, { destinationId, more }: Moment, facts: MomentFacts): object {
  const on = user.destinations.find(({ id }) => id === destinationId);
  if (!on || more?.['source'] !== undefined) return {};
  const integration = integrationFor(on, facts.integrations);
  // What this API calls the messenger in a browser.
  const source = { type: platformOf(integration?.provider ?? on.channel) };
  return {
    source: integration ? { ...source, integrationId: toHex24(integration.id) } : source,
  };
}

function destinationOf(delivery: Delivery, user: User, facts: MomentFacts): Record<string, unknown> {
  const linked = user.destinations.find(({ id }) => id === delivery.destinationId);
  const integrationId = delivery.integrationId ?? linked?.integrationId ?? null;
  return {
    type: typeOf(delivery, user, facts),
    ...(integrationId === null ? {} : { integrationId: toHex24(integrationId) }),
    destinationId: delivery.address ?? linked?.address,
  };
}

function typeOf(delivery: Delivery | Tried, user: User, facts: MomentFacts): string {
  const linked = user.destinations.find(({ id }) => id === delivery.destinationId);
  const integrationId = delivery.integrationId ?? linked?.integrationId ?? null;
  const integration =
    facts.integrations.find(({ id }) => id === integrationId) ??
    (linked && integrationFor(linked, facts.integrations));
  return platformOf(integration?.provider ?? delivery.channel ?? linked?.channel ?? 'unknown');
}

/**
 * Whether no more can come of this message and type of destination: what a channel took is its last word when it never tells what
 * became of it, and a failure is when no other delivery of that type is under way (devices, or a second number).
 */
function isFinal(trigger: Trigger, delivery: Delivery, user: User, facts: MomentFacts): boolean {
  if (trigger.endsWith(':user')) return true;
  if (trigger.endsWith(':channel')) return !confirms(delivery, facts);
  const type = typeOf(delivery, user, facts);
  return !(facts.tried.get(delivery.causeId) ?? []).some(
    (other) =>
      other.contactId === delivery.contactId &&
      other.seq !== delivery.seq &&
      typeOf(other, user, facts) === type &&
      stillTells(other, delivery, facts),
  );
}

function confirms({ integrationId }: { integrationId: number | null }, facts: MomentFacts): boolean {
  const provider = facts.integrations.find(({ id }) => id === integrationId)?.provider;
  return (provider === undefined ? undefined : facts.adapters[provider]?.confirms) !== 'nothing';
}

/** True when the last that is told of `other` comes after what is told of `own` now. */
function stillTells(other: Tried, own: Delivery, facts: MomentFacts): boolean {
  if (isWaiting(other.state)) return true;
  if (other.state === STATE.accepted) return confirms(other, facts);
  return other.stateMs > own.stateMs || (other.stateMs === own.stateMs && other.seq > own.seq);
}

/** WhatsApp's own code for "more than 24 hours have passed" (Cloud API, error codes), which clients look for. */
const WINDOW_CODE = 131_047;

/** Why it failed, in this API's words, and in the provider's (api/sunshine.md §7.3, §8.3). */
export function errorOf({ state, code, detail }: Delivery): object {
  const message = detail ?? code ?? 'The message was not delivered.';
  const window = code === 'whatsapp_window';
  const number = window ? WINDOW_CODE : /^\d{1,9}$/.test(code ?? '') ? Number(code) : code;
  return {
    code: state === STATE.suppressed && !window ? 'blocked' : 'uncategorized_error',
    message,
    underlyingError: { code: number, message, errors: [{ code: number, title: message }] },
  };
}
