/** `…/simulator`: the devices of a test workspace. */
import { type Static, Type } from 'typebox';
import { mediaType, mediaUri } from '../../content.ts';
import { AnyObject, Id, oneOf, orNull, Time } from '../fields.ts';
import { DELIVERY_STATES } from './messages.ts';
import { Address, Channel, pageOf } from './fields.ts';

/** `POST …/simulator/reply`. */
export const SimulatedReply = Type.Object({
  channel: Channel,
  address: Address,
  text: Type.String({ maxLength: 10_000 }),
  integrationId: Type.Optional(Id),
  payload: Type.Optional(Type.String({ maxLength: 1000 })),
  subject: Type.Optional(Type.String({ maxLength: 255 })),
  profileName: Type.Optional(Type.String({ maxLength: 255 })),
  /** Files, each at an address that it can be had from; the text may be empty then. */
  media: Type.Optional(
    Type.Array(
      Type.Object({
        url: mediaUri,
        mediaType: Type.Optional(mediaType),
        name: Type.Optional(Type.String({ maxLength: 255 })),
      }),
      { maxItems: 10 },
    ),
  ),
  /** Where the person is; the text may be empty then. */
  location: Type.Optional(
    Type.Object({
      lat: Type.Number({ minimum: -90, maximum: 90 }),
      long: Type.Number({ minimum: -180, maximum: 180 }),
      name: Type.Optional(Type.String({ maxLength: 255 })),
    }),
  ),
  /** The message on the device that this answers; true: the last one. */
  asReplyTo: Type.Optional(Type.Union([Id, Type.Literal(true)])),
});
/** `POST …/simulator/press`. */
export const KeyPress = Type.Object({
  address: Address,
  keys: Type.String({ minLength: 1, maxLength: 64 }),
});
/** `POST …/simulator/messages/{id}/click`. */
export const LinkClick = Type.Object({ url: Type.String({ minLength: 1, maxLength: 2048 }) });
/** `POST …/simulator/rules`. */
export const NewRule = Type.Object({
  channel: Type.Optional(Channel),
  addressPattern: Type.String({ minLength: 1, maxLength: 300 }),
  outcome: Type.Union([Type.String({ minLength: 1, maxLength: 64 }), AnyObject]),
  times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
});
/** A phone that somebody has in hand rings so long, by the workspace's clock. */
export const RINGS_MS = 45_000;
/** A phone is in somebody's hand for so long after that was said; a page says it again before. */
export const HAND_MS = 90_000;
/** `PUT …/simulator/hand`. */
export const PhoneNamed = Type.Object({ address: Type.String({ minLength: 1, maxLength: 200 }) });

/** `POST …/simulator/look`. */
export const DeviceNamed = Type.Object({ channel: Channel, address: Address });

const LastShown = orNull(
  Type.Object({
    direction: Type.Union([Type.Literal('in'), Type.Literal('out')]),
    text: Type.String(),
    at: Time,
  }),
);
/** Somebody with their devices: what each got last, and how much of it nobody has looked at (up to 10). */
const PersonOfDirectory = Type.Object({
  id: Id,
  name: orNull(Type.String()),
  unread: Type.Number(),
  /** The newest of all devices. */
  last: LastShown,
  devices: Type.Array(
    Type.Object({ channel: Channel, address: Type.String(), unread: Type.Number(), last: LastShown }),
  ),
});
export type PersonOfDirectory = Static<typeof PersonOfDirectory>;
/** People with devices, those who came last first. */
export const DirectoryPage = pageOf('people', PersonOfDirectory);
export type DirectoryPage = Static<typeof DirectoryPage>;

/** Where a visitor's web chat is, on this server; good once, for ten minutes. */
export const ChatOpened = Type.Object({ path: Type.String() });

/** The addresses of a contact: its phones and mailboxes. */
export const DevicesShown = Type.Object({
  devices: Type.Array(
    Type.Object({
      destinationId: Id,
      channel: Channel,
      address: Type.String(),
      integrationId: orNull(Id),
      displayName: orNull(Type.String()),
      status: Type.String(),
    }),
  ),
});
/** A message on a device. */
export const DeviceMessageShown = Type.Object({
  id: Id,
  integrationId: Id,
  channel: Channel,
  address: Type.String(),
  /** `out` is what the device received, `in` what the person sent. */
  direction: Type.Union([Type.Literal('in'), Type.Literal('out')]),
  ref: orNull(Type.String()),
  externalId: Type.String(),
  /** As rendered for its channel. */
  content: AnyObject,
  at: Time,
  /** In a list: how far whoever sent it knows that it is, by the receipts so far; null of what the person sent. */
  state: Type.Optional(orNull(oneOf(DELIVERY_STATES))),
});
export type DeviceMessageShown = Static<typeof DeviceMessageShown>;
/** A page of a device, newest last; `next` leads to what is older. */
export const DevicePage = pageOf('messages', DeviceMessageShown);
export type DevicePage = Static<typeof DevicePage>;
/** The link that was followed; opening it is left to the caller. */
export const LinkFollowed = Type.Object({ url: Type.String() });
/** What messages to some addresses meet. */
export const RuleShown = Type.Object({
  id: Id,
  channel: orNull(Channel),
  addressPattern: Type.String(),
  outcome: Type.Object({
    outcome: Type.String(),
    latencyMs: Type.Optional(Type.Number()),
    code: Type.Optional(Type.String()),
    class: Type.Optional(Type.String()),
    retryAfterMs: Type.Optional(Type.Number()),
    receiptAfterMs: Type.Optional(Type.Number()),
  }),
  timesLeft: orNull(Type.Number()),
  createdAt: Time,
});
export type RuleShown = Static<typeof RuleShown>;
/** The rules of a workspace; and by outcome the addresses that have it always, without a rule: a phone, a mailbox, and what any other holds. */
export const RulesShown = Type.Object({
  rules: Type.Array(RuleShown),
  addresses: Type.Array(
    Type.Object({
      outcome: Type.String(),
      phone: Type.String(),
      mail: Type.String(),
      infix: Type.String(),
      means: Type.String(),
    }),
  ),
});
