/** What the Web1on1 API v2 answers (api/web1on1.md §B). Lists, and single things that are asked for with `select`, may hold less. */
import { type Static, Type } from 'typebox';
import { AnyObject, Id, oneOf, Time } from '../fields.ts';

/** How this API says that something did not go well. */
export const FaultShown = Type.Object({
  error: Type.Object({
    message: Type.String(),
    code: Type.String(),
    field: Type.Optional(Type.String()),
  }),
});

/** What every thing begins with: the organization it is of, and the one above that. */
const owned = { organization: Id, orgPath: Type.String() };
const times = { createdAt: Time, updatedAt: Time };

/** A token for one organization. */
export const TokenGiven = Type.Object({
  tokenType: Type.Literal('Bearer'),
  token: Type.String(),
  refreshToken: Type.String(),
  user: Type.String(),
  organization: Id,
  expiresAt: Time,
  scope: Type.String(),
});
export type TokenGiven = Static<typeof TokenGiven>;

/** An organization. */
export const OrganizationShown = Type.Object({
  ...owned,
  id: Id,
  name: Type.String(),
  displayName: Type.String(),
  language: Type.String(),
  settings: Type.Object({ linkDomain: Type.Unsafe<string | null>(Type.Union([Type.String(), Type.Null()])) }),
  ...times,
});
export type OrganizationShown = Static<typeof OrganizationShown>;
/** Somebody who can act in an organization: an operator, or a bot by its key. */
export const UserShown = Type.Object({
  ...owned,
  id: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  email: Type.String(),
  role: Type.String(),
  avatar: Type.String(),
  status: Type.String(),
  enabled: Type.Boolean(),
});
export type UserShown = Static<typeof UserShown>;
/** The inbox of an organization. */
export const ChannelShown = Type.Object({ ...owned, id: Type.String(), name: Type.String() });

const text = Type.Optional(Type.String());
/** A contact. */
export const ContactShown = Type.Object({
  ...owned,
  id: Id,
  /** Its one conversation. */
  conversation: Type.Optional(Id),
  profile: Type.Object({
    name: text,
    givenName: text,
    familyName: text,
    telephone: text,
    email: text,
    locale: text,
    address: Type.Optional(Type.Unknown()),
  }),
  ...times,
});
export type ContactShown = Static<typeof ContactShown>;

/**
 * A message: as it was posted, with the fields it was posted with, or as it was heard. Which fields it has depends on its `type`.
 */
export const MessageShown = Type.Object({
  ...owned,
  id: Id,
  conversation: Id,
  type: Type.String(),
  role: Type.String(),
  user: Type.String(),
  text,
  contentType: text,
  isBackchannel: Type.Optional(Type.Boolean()),
  delay: Type.Optional(Type.Number()),
  touchpoint: text,
  actions: Type.Optional(Type.Array(AnyObject)),
  items: Type.Optional(Type.Array(AnyObject)),
  results: Type.Optional(Type.Array(Type.Unknown())),
  meta: Type.Optional(AnyObject),
  ...times,
});
export type MessageShown = Static<typeof MessageShown>;

const participant = Type.Object({
  ...times,
  name: Type.String(),
  avatar: Type.String(),
  user: Type.String(),
  unreadCount: Type.Integer({ minimum: 0 }),
  inbox: Type.Boolean(),
  accepted: Type.Boolean(),
  active: Type.Boolean(),
  role: Type.String(),
});
export type ParticipantShown = Static<typeof participant>;

const conversation = {
  ...owned,
  name: Type.String(),
  type: Type.String(),
  slug: Type.String(),
  url: Type.String(),
  status: Type.String(),
  contact: Type.Optional(Id),
  participants: Type.Array(participant),
  messages: Type.Array(Id),
  channels: Type.Array(Type.String()),
  channelsOffline: Type.Array(Type.String()),
  /** Where the contact can be reached: through which services, and which one is selected. */
  touchpoints: Type.Record(
    Type.String(),
    Type.Object({ services: Type.Array(Id), selected: Type.Boolean() }),
  ),
  forms: Type.Array(Type.Unknown()),
  results: Type.Array(Type.Unknown()),
  tags: Type.Array(Type.String()),
  meta: AnyObject,
  category: text,
  language: Type.String(),
  createdBy: Type.String(),
  ...times,
  id: Id,
};
/** A conversation. */
export const ConversationShown = Type.Object(conversation);
export type ConversationShown = Static<typeof ConversationShown>;
/** A conversation as it was asked for: `select` leaves fields out, `populate` puts things in the place of their ids. */
export const ConversationAsked = Type.Partial(
  Type.Object({
    ...conversation,
    organization: Type.Unsafe<string | OrganizationShown>(Type.Union([Id, OrganizationShown])),
    contact: Type.Unsafe<string | ContactShown>(Type.Union([Id, ContactShown])),
    messages: Type.Array(Type.Unsafe<string | MessageShown>(Type.Union([Id, MessageShown]))),
  }),
);
export type ConversationAsked = Static<typeof ConversationAsked>;
/** A page of conversations; where there are more, the Link header leads to them. */
export const ConversationList = Type.Array(ConversationAsked);
/** Messages. */
export const MessageList = Type.Array(Type.Partial(MessageShown));
/** What was posted: one message, or a list where a list was sent. */
export const Posted = Type.Union([MessageShown, Type.Array(MessageShown)]);
export type Posted = Static<typeof Posted>;
/** Contacts. */
export const ContactList = Type.Array(Type.Partial(ContactShown));

const webhook = {
  ...owned,
  id: Id,
  name: Type.String(),
  type: Type.Literal('webhook'),
  enabled: Type.Boolean(),
  status: oneOf(['active', 'inactive'] as const),
  params: Type.Object({ url: Type.String(), events: Type.Array(Type.String()), secret: Type.String() }),
  createdAt: Time,
};
/** A webhook, which this API calls a service of type webhook. */
export const WebhookShown = Type.Object(webhook);
export type WebhookShown = Static<typeof WebhookShown>;
/** A webhook that was made; `warnings` say what was taken and should be better. */
export const WebhookMade = Type.Object({ ...webhook, warnings: Type.Optional(Type.Array(Type.String())) });
/** The webhooks of an organization. */
export const WebhookList = Type.Array(Type.Partial(WebhookShown));

/** A code that brings a contact to the web as themselves. */
export const AuthCode = Type.Object({
  ...owned,
  contact: Id,
  authuser: Id,
  authtoken: Type.String(),
  expiresAt: Time,
});
/** Links that bring a contact to other channels as themselves. */
export const LinkRequests = Type.Array(
  Type.Object({
    ...owned,
    contact: Id,
    service: Id,
    type: Type.String(),
    code: Type.String(),
    url: Type.String(),
    expiresAt: Time,
  }),
);
export type LinkRequests = Static<typeof LinkRequests>;
