/** Messages, conversations and notifications of the Sunshine Conversations API (api/sunshine.md §3.4, §3.5, §5, §6). */
import { type Static, Type } from 'typebox';
import { Metadata } from '../../content.ts';
import { AnyObject, Id, oneOf } from '../fields.ts';
import { anyObject, authorFields, messageSchema } from './fields.ts';

const role = Type.Union([Type.Literal('appUser'), Type.Literal('appMaker')]);

/** `POST …/messages`: fields that are not its content. The content's own are checked as content. */
export const PostedMessage = Type.Object(
  {
    role,
    ...authorFields,
    destination: Type.Optional(
      Type.Object({
        integrationId: Type.Optional(Type.String()),
        integrationType: Type.Optional(Type.String()),
      }),
    ),
    messageSchema,
    message: Type.Optional(anyObject),
  },
  { additionalProperties: true },
);
/** `POST …/conversation/activity`. */
export const Activity = Type.Object({
  role: Type.Literal('appMaker'),
  type: Type.Union([
    Type.Literal('typing:start'),
    Type.Literal('typing:stop'),
    Type.Literal('conversation:read'),
  ]),
  ...authorFields,
});
/** `POST …/conversation/postback`. */
export const Postback = Type.Object({ actionId: Type.String({ minLength: 1, maxLength: 64 }) });
/** `POST /notifications`. */
export const Notification = Type.Object({
  destination: Type.Object({ integrationId: Type.String(), destinationId: Type.String() }),
  author: Type.Object({ role: Type.Literal('appMaker'), ...authorFields }),
  messageSchema,
  message: anyObject,
});

/** An action of a message, with the fields the server adds. */
export const ActionShown = Type.Object({
  _id: Id,
  type: Type.String(),
  /** Empty where the action leads nowhere. */
  uri: Type.String(),
  text: Type.Optional(Type.String()),
  payload: Type.Optional(Type.String()),
  longUri: Type.Optional(Type.String()),
  default: Type.Optional(Type.Boolean()),
  iconUrl: Type.Optional(Type.String()),
  fallback: Type.Optional(Type.String()),
  size: Type.Optional(Type.String()),
  openOnReceive: Type.Optional(Type.Boolean()),
  amount: Type.Optional(Type.Number()),
  currency: Type.Optional(Type.String()),
  state: Type.Optional(oneOf(['offered', 'paid'] as const)),
  extraChannelOptions: Type.Optional(AnyObject),
  metadata: Type.Optional(Metadata),
});
export type ActionShown = Static<typeof ActionShown>;
const actions = Type.Optional(Type.Array(ActionShown));

/** One entry of a carousel or list. */
export const ItemShown = Type.Object({
  _id: Id,
  title: Type.String(),
  size: oneOf(['compact', 'large'] as const),
  description: Type.Optional(Type.String()),
  mediaUrl: Type.Optional(Type.String()),
  mediaType: Type.Optional(Type.String()),
  altText: Type.Optional(Type.String()),
  actions,
  metadata: Type.Optional(Metadata),
});
export type ItemShown = Static<typeof ItemShown>;

const option = Type.Object({ name: Type.String(), label: Type.String() });
/** A question of a form, or the answer to one. */
export const FieldShown = Type.Object({
  _id: Id,
  type: oneOf(['text', 'email', 'select'] as const),
  name: Type.String(),
  label: Type.String(),
  placeholder: Type.Optional(Type.String()),
  minSize: Type.Optional(Type.Number()),
  maxSize: Type.Optional(Type.Number()),
  selectSize: Type.Optional(Type.Number()),
  options: Type.Optional(Type.Array(option)),
  text: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  select: Type.Optional(Type.Array(option)),
});
export type FieldShown = Static<typeof FieldShown>;

/** A message: which fields it has depends on its `type`; `text` is what it comes to where nothing else can be shown. */
export const MessageShown = Type.Object({
  _id: Id,
  type: oneOf(['text', 'image', 'file', 'location', 'carousel', 'list', 'form', 'formResponse'] as const),
  text: Type.String(),
  role,
  authorId: Type.String(),
  name: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  avatarUrl: Type.Optional(Type.String()),
  /** Unix seconds with decimals. */
  received: Type.Number(),
  source: Type.Object({
    type: Type.String(),
    id: Type.Optional(Type.String()),
    integrationId: Type.Optional(Id),
    originalMessageId: Type.Optional(Type.String()),
    originalMessageTimestamp: Type.Optional(Type.Number()),
    /** What this kind of message has that others do not. */
    facts: Type.Optional(AnyObject),
  }),
  /** What it answers, by our id, else by the channel's. */
  quotedMessage: Type.Optional(
    Type.Union([
      Type.Object({ type: Type.Literal('externalMessageId'), externalMessageId: Type.String() }),
      Type.Object({ type: Type.Literal('message'), content: Type.Object({ _id: Id }) }),
    ]),
  ),
  metadata: Type.Optional(Metadata),
  payload: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
  actions,
  mediaUrl: Type.Optional(Type.String()),
  mediaType: Type.Optional(Type.String()),
  mediaSize: Type.Optional(Type.Number()),
  altText: Type.Optional(Type.String()),
  coordinates: Type.Optional(Type.Object({ lat: Type.Number(), long: Type.Number() })),
  location: Type.Optional(
    Type.Object({ address: Type.Optional(Type.String()), name: Type.Optional(Type.String()) }),
  ),
  items: Type.Optional(Type.Array(ItemShown)),
  displaySettings: Type.Optional(Type.Object({ imageAspectRatio: Type.Optional(Type.String()) })),
  fields: Type.Optional(Type.Array(FieldShown)),
  submitted: Type.Optional(Type.Boolean()),
  blockChatInput: Type.Optional(Type.Boolean()),
  textFallback: Type.Optional(Type.String()),
});
export type MessageShown = Static<typeof MessageShown>;

/** The one conversation of a user. Marks are unix seconds with decimals. */
export const ConversationOf = Type.Object({
  _id: Id,
  unreadCount: Type.Integer({ minimum: 0 }),
  appMakerLastRead: Type.Optional(Type.Number()),
  appUserLastRead: Type.Optional(Type.Number()),
});
export type ConversationOf = Static<typeof ConversationOf>;
/** A conversation. */
export const ConversationShown = Type.Object({ conversation: ConversationOf });
/** A page of what was said; `previous` and `next` are the addresses of the pages around it. */
export const MessagePage = Type.Object({
  conversation: ConversationOf,
  messages: Type.Array(MessageShown),
  previous: Type.Optional(Type.String()),
  next: Type.Optional(Type.String()),
});
export type MessagePage = Static<typeof MessagePage>;
/** What was added; `extraMessages` where a text with a template came to several. */
export const MessagesAdded = Type.Object({
  message: MessageShown,
  extraMessages: Type.Optional(Type.Array(MessageShown)),
  conversation: ConversationOf,
});
export type MessagesAdded = Static<typeof MessagesAdded>;
/** A notification was let in. Its id is a UUID. */
export const NotificationAccepted = Type.Object({ notification: Type.Object({ _id: Type.String() }) });
