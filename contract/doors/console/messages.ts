/** `…/messages`, `…/contacts/{id}/history` and `…/why`: what was said, what became of it, and why. */
import { type Static, Type } from 'typebox';
import { Content, Metadata } from '../../content.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Address, Channel, Class, LifeMs, pageOf, TimeGiven } from './fields.ts';

/** `POST …/messages`. */
export const NewMessage = Type.Object({
  contactId: Type.Optional(Id),
  destination: Type.Optional(Type.Object({ channel: Channel, address: Address })),
  content: AnyObject,
  class: Type.Optional(Class),
  integrationId: Type.Optional(Id),
  notBefore: Type.Optional(TimeGiven),
  expiresAfterMs: Type.Optional(LifeMs),
  metadata: Type.Optional(Metadata),
});
/** A message was let in. */
export const MessageAccepted = Type.Object({ messageId: Id, contactId: Id, conversationId: Id });
export type MessageAccepted = Static<typeof MessageAccepted>;

/** States of a delivery. */
export const DELIVERY_STATES = [
  'queued',
  'held',
  'unknown',
  'accepted',
  'delivered',
  'read',
  'failed',
  'suppressed',
  'expired',
  'canceled',
] as const;

const known = orNull(Type.String());
const delivery = {
  /** Its key on the wire: providers carry it back with their receipts. */
  ref: Type.String(),
  state: oneOf(DELIVERY_STATES),
  channel: known,
  address: known,
  integrationId: orNull(Id),
  destinationId: orNull(Id),
  attempts: Count,
  code: known,
  detail: known,
  externalIds: Type.Array(Type.String()),
  /** What its text was filled in with. */
  variables: AnyObject,
  /** How many text messages it is; null on other channels, and where its text is not at hand. */
  segments: orNull(Type.Object({ encoding: oneOf(['GSM-7', 'UCS-2'] as const), count: Count })),
  trail: Type.Array(Type.Object({ at: Time, what: Type.String(), why: Type.String() })),
  sentAt: orNull(Time),
  stateAt: Time,
};
/** One message to one address, and how it stands. */
export const DeliveryShown = Type.Object(delivery);
export type DeliveryShown = Static<typeof DeliveryShown>;
/** A delivery, and whom it is for. */
export const RecipientShown = Type.Object({ contactId: Id, ...delivery });
/** What became of a message. */
export const DeliveriesShown = Type.Object({ deliveries: Type.Array(DeliveryShown) });

const message = {
  id: Id,
  conversationId: Id,
  contactId: Id,
  direction: oneOf(['in', 'out'] as const),
  kind: oneOf(['message', 'notification', 'confirmation'] as const),
  class: orNull(Class),
  content: Content,
  author: Type.Object({
    id: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    avatarUrl: Type.Optional(Type.String()),
  }),
  /** Where it came from, or how it was asked for. */
  source: Type.Object({
    type: Type.String(),
    id: Type.Optional(Type.String()),
    integrationId: Type.Optional(Id),
    originalMessageId: Type.Optional(Type.String()),
    originalMessageMs: Type.Optional(Type.Number()),
    repliesTo: Type.Optional(Type.Object({ externalId: Type.String(), messageId: orNull(Id) })),
    /** What this kind of message has that others do not. */
    facts: Type.Optional(AnyObject),
    mail: Type.Optional(
      Type.Object({ references: Type.Array(Type.String()), fullText: Type.Optional(Type.String()) }),
    ),
  }),
  metadata: orNull(Metadata),
  at: Time,
};
/** One thing said. */
export const MessageShown = Type.Object(message);
export type MessageShown = Static<typeof MessageShown>;
/** One thing said, and what became of it. */
export const MessageWhole = Type.Object({ ...message, deliveries: Type.Array(DeliveryShown) });

/** One thing that passed between a workspace and a contact. */
export const HistoryEntry = Type.Union([
  Type.Object({
    at: Time,
    type: Type.Literal('message'),
    message: MessageShown,
    deliveries: Type.Array(DeliveryShown),
  }),
  Type.Object({
    at: Time,
    type: Type.Literal('broadcast'),
    broadcast: Type.Object({ id: Id, name: Type.String(), class: Class, content: Content }),
    deliveries: Type.Array(DeliveryShown),
  }),
]);
export type HistoryEntry = Static<typeof HistoryEntry>;
/** A page of it, newest first; `next` is a time. */
export const HistoryPage = pageOf('entries', HistoryEntry);
export type HistoryPage = Static<typeof HistoryPage>;

/** Every decision on the way of a message to somebody, in order. */
export const WhyShown = Type.Object({
  sent: Type.Boolean(),
  /** The state of the delivery that came furthest; where there is none, why there is none. */
  state: Type.String(),
  decisions: Type.Array(Type.Object({ at: Time, what: Type.String(), why: Type.String() })),
  deliveries: Type.Array(DeliveryShown),
});
export type WhyShown = Static<typeof WhyShown>;

/** What a workspace used in a month. On SMS `segments` are the text messages that its messages took: what they cost. */
export const UsageShown = Type.Object({
  month: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}$' }),
  messages: Type.Array(Type.Object({ channel: Channel, count: Count, segments: Type.Optional(Count) })),
  messagesTotal: Count,
  activePeople: Count,
});
export type UsageShown = Static<typeof UsageShown>;
