/** What callers of the Web1on1 API send (api/web1on1.md §B): the shapes of its bodies. Rules that span fields are the door's. */
import { type Static, Type } from 'typebox';
import { WorkspaceSettings } from '../console/workspaces.ts';
import { LIMITS } from '../../limits.ts';

/** The types a message can have. */
export const MESSAGE_TYPES = [
  'chat',
  'card',
  'postback',
  'mention',
  'tag',
  'search',
  'command',
  'form',
  'field',
  'results',
  'report',
  'status',
] as const;
/** The type of a message. */
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** Messages that one request may post. */
export const MOST_POSTED = 50;
/** A message waits at most so long. */
export const LONGEST_DELAY_MS = 7 * 24 * 3600_000;

const hex24 = Type.String({ pattern: '^[0-9a-fA-F]{24}$', rule: 'must be an id of 24 hex digits' });
const fields = Type.Record(Type.String(), Type.Unknown());
const short = Type.String({ minLength: 1, maxLength: 128 });

/** A message to be posted. */
export const WebMessage = Type.Object({
  type: Type.Optional(Type.Unsafe<MessageType>(Type.Union(MESSAGE_TYPES.map((name) => Type.Literal(name))))),
  role: Type.Optional(Type.Union([Type.Literal('contact'), Type.Literal('agent'), Type.Literal('bot')])),
  text: Type.Optional(Type.String({ maxLength: LIMITS.text })),
  contentType: Type.Optional(
    Type.String({
      maxLength: 127,
      pattern: '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:;.*)?$',
      rule: 'must be a media type, such as image/png',
    }),
  ),
  isBackchannel: Type.Optional(Type.Boolean()),
  user: Type.Optional(hex24),
  delay: Type.Optional(Type.Integer({ minimum: 0, maximum: LONGEST_DELAY_MS })),
  touchpoint: Type.Optional(short),
  actions: Type.Optional(Type.Array(fields, { maxItems: LIMITS.actions })),
  items: Type.Optional(Type.Array(fields, { maxItems: LIMITS.items })),
  results: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 100 })),
  meta: Type.Optional(fields),
  conversation: Type.Optional(hex24),
});
/** A message to be posted. */
export type WebMessage = Static<typeof WebMessage>;

/** What is known of the person a conversation is begun with. */
export const WebProfile = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  givenName: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  familyName: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  telephone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  email: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
  locale: Type.Optional(
    Type.String({
      maxLength: 35,
      pattern: '^[A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8})*$',
      rule: 'must be a language tag, such as nl or en-GB',
    }),
  ),
  address: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
});
/** What is known of a person. */
export type WebProfile = Static<typeof WebProfile>;

const tags = Type.Array(short, { maxItems: 50 });
const language = Type.String({
  pattern: '^[a-z]{2,3}([_-][A-Za-z]{2,4})?$',
  rule: 'must be a language code, such as nl or nl_NL',
});

/** A conversation to be begun. */
export const NewConversation = Type.Object({
  organization: Type.Optional(hex24),
  type: Type.Optional(
    Type.Union([Type.Literal('contact'), Type.Literal('bot'), Type.Literal('agent'), Type.Literal('system')]),
  ),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  tags: Type.Optional(tags),
  meta: Type.Optional(fields),
  touchpoint: Type.Optional(short),
  /** Of message templates that name none (W18). */
  language: Type.Optional(language),
  contact: Type.Optional(Type.Object({ profile: WebProfile })),
  messages: Type.Optional(Type.Array(WebMessage, { maxItems: MOST_POSTED })),
});
/** A conversation to be begun. */
export type NewConversation = Static<typeof NewConversation>;

/** What can be changed of a conversation. */
export const ChangedConversation = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  tags: Type.Optional(tags),
  meta: Type.Optional(fields),
  category: Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Null()])),
  touchpoint: Type.Optional(short),
  language: Type.Optional(Type.Union([language, Type.Null()])),
});
/** What can be changed of a conversation. */
export type ChangedConversation = Static<typeof ChangedConversation>;

/** What can be changed of an organization. */
export const ChangedOrganization = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  displayName: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  language: Type.Optional(Type.Union([language, Type.Null()])),
  settings: Type.Optional(
    Type.Pick(WorkspaceSettings, ['linkDomain', 'language', 'parentOrganization', 'avatarUrl']),
  ),
});
/** What can be changed of an organization. */
export type ChangedOrganization = Static<typeof ChangedOrganization>;

/** What can be changed of a message. */
export const ChangedMessage = Type.Object({
  text: Type.Optional(Type.String({ maxLength: LIMITS.text })),
  meta: Type.Optional(fields),
});
/** What can be changed of a message. */
export type ChangedMessage = Static<typeof ChangedMessage>;

/** What can be changed of a contact. */
export const ChangedContact = Type.Object({ profile: WebProfile });

/** A sign-in, or a refresh token to be changed for an access token. */
export const TokenRequest = Type.Object({
  email: Type.Optional(Type.String({ maxLength: 254 })),
  password: Type.Optional(Type.String({ maxLength: 200 })),
  clientId: Type.Optional(Type.String({ maxLength: 254 })),
  refreshToken: Type.Optional(Type.String({ maxLength: 1024 })),
  /** Of a second factor, where the operator has one. */
  code: Type.Optional(Type.String({ maxLength: 40 })),
  /** The organization to sign in to, for those who belong to more than one. */
  organization: Type.Optional(Type.String({ maxLength: 24 })),
});
/** What can be changed of a contact. */
export type ChangedContact = Static<typeof ChangedContact>;

const params = {
  secret: Type.Optional(Type.String({ maxLength: 256 })),
  events: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { minItems: 1, maxItems: 200 })),
};

/** A webhook to be made. */
export const NewWebhook = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 255 })),
  organization: Type.Optional(hex24),
  type: Type.Literal('webhook'),
  params: Type.Object({ url: Type.String({ maxLength: 2048 }), ...params }),
});
/** A webhook to be made. */
export type NewWebhook = Static<typeof NewWebhook>;

/** What can be changed of a webhook. */
export const ChangedWebhook = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 255 })),
  enabled: Type.Optional(Type.Boolean()),
  params: Type.Optional(
    Type.Object({ url: Type.Optional(Type.String({ maxLength: 2048 })), events: params.events }),
  ),
});
/** What can be changed of a webhook. */
export type ChangedWebhook = Static<typeof ChangedWebhook>;
