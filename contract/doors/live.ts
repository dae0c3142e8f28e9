/**
 * What goes over the live channel (`contract/live.ts`), as schemas: a frame is a JSON text. Types of them are imported as types only,
 * so that a browser loads no validator.
 */
import { type Static, Type } from 'typebox';
import { Content } from '../content.ts';
import { Id, oneOf } from './fields.ts';

/** Unix milliseconds. */
const AtMs = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const ClientId = Type.String({ pattern: '^[\\w-]{1,64}$', rule: 'must be 1 to 64 letters, digits, - or _' });
const Side = oneOf(['contact', 'business'] as const);

/** Where a message of the business stands. */
export const LiveState = oneOf(['sent', 'accepted', 'delivered', 'read', 'failed'] as const);
export type LiveState = Static<typeof LiveState>;

/** One thing said, as the messenger shows it. Messages stand in the order of (`atMs`, `id`). */
export const LiveMessage = Type.Object({
  id: Id,
  from: Side,
  content: Content,
  atMs: AtMs,
  author: Type.Optional(
    Type.Object({ name: Type.Optional(Type.String()), avatarUrl: Type.Optional(Type.String()) }),
  ),
  /** What the client that said it called it. */
  clientId: Type.Optional(Type.String()),
  /** Of messages of the business. */
  state: Type.Optional(LiveState),
  /** It was posted to many; what is posted as a notice goes one way. */
  posted: Type.Optional(oneOf(['direct', 'notices'] as const)),
});
export type LiveMessage = Static<typeof LiveMessage>;

/** One thing said in a group that the person is in. Those of a group stand in the order of `position`. */
export const LivePost = Type.Object({
  id: Id,
  groupId: Id,
  position: Type.Integer({ minimum: 0 }),
  content: Content,
  atMs: AtMs,
  author: Type.Optional(
    Type.Object({ name: Type.Optional(Type.String()), avatarUrl: Type.Optional(Type.String()) }),
  ),
  /** The person said it. */
  own: Type.Optional(Type.Literal(true)),
  /** It was taken back. */
  deleted: Type.Optional(Type.Literal(true)),
});
export type LivePost = Static<typeof LivePost>;

/** The conversation's marks. */
export const LiveConversation = Type.Object({
  started: Type.Boolean(),
  unreadCount: Type.Integer({ minimum: 0 }),
  /** Times up to which each side has read. */
  businessReadMs: Type.Optional(AtMs),
  contactReadMs: Type.Optional(AtMs),
});
export type LiveConversation = Static<typeof LiveConversation>;

/** What a client sends. */
export const ClientFrame = Type.Union([
  Type.Object({
    type: Type.Literal('hello'),
    version: Type.Number(),
    token: Type.String(),
    cursor: Type.Optional(Type.String()),
  }),
  /** Says something. `clientId` names it: said twice under one name, it is kept once. */
  Type.Object({ type: Type.Literal('say'), clientId: ClientId, content: Content }),
  /** Starts the conversation without saying anything. */
  Type.Object({ type: Type.Literal('start'), clientId: ClientId }),
  Type.Object({ type: Type.Literal('typing'), on: Type.Boolean() }),
  /** These messages of the business are here now. */
  Type.Object({ type: Type.Literal('got'), messageIds: Type.Array(Id) }),
  /** Read up to this message. */
  Type.Object({ type: Type.Literal('read'), upTo: Id }),
  /** Asks for what was said before a time. */
  Type.Object({ type: Type.Literal('history'), beforeMs: AtMs }),
]);
export type ClientFrame = Static<typeof ClientFrame>;

/** What happened. */
export const LiveEvent = Type.Union([
  Type.Object({ kind: Type.Literal('message'), message: LiveMessage }),
  /** In a group: it is shown beside the conversation. */
  Type.Object({ kind: Type.Literal('post'), post: LivePost }),
  /** May come before its message, and before an earlier state: the furthest counts. */
  Type.Object({ kind: Type.Literal('state'), messageId: Id, state: LiveState, atMs: AtMs }),
  /** It is not kept any more, and not to be shown. */
  Type.Object({ kind: Type.Literal('removed'), messageId: Id }),
  Type.Object({ kind: Type.Literal('read'), by: Side, atMs: AtMs }),
  /** Passing: it is not sent again to who was away. */
  Type.Object({ kind: Type.Literal('typing'), by: Side, on: Type.Boolean() }),
]);
export type LiveEvent = Static<typeof LiveEvent>;

/** What the server sends. */
export const ServerFrame = Type.Union([
  Type.Object({
    type: Type.Literal('welcome'),
    version: Type.Number(),
    cursor: Type.String(),
    /** Absent while there is none: connecting makes nothing. */
    conversation: Type.Optional(LiveConversation),
    /**
     * The last messages, to be shown instead of all that was shown: there was no cursor, or it was too old. Absent when the
     * events after the cursor follow.
     */
    messages: Type.Optional(Type.Array(LiveMessage)),
    /** There is more before those. */
    more: Type.Optional(Type.Boolean()),
  }),
  Type.Object({ type: Type.Literal('event'), cursor: Type.String(), event: LiveEvent }),
  /** Kept. The message itself comes as an event, before or after this. */
  Type.Object({ type: Type.Literal('ack'), clientId: ClientId, messageId: Type.Optional(Id) }),
  /** Not kept, and why: `field` is at fault. Saying the same again leads nowhere unless `retry`. */
  Type.Object({
    type: Type.Literal('refused'),
    clientId: Type.Optional(ClientId),
    code: Type.String(),
    reason: Type.String(),
    field: Type.Optional(Type.String()),
    retry: Type.Boolean(),
  }),
  Type.Object({
    type: Type.Literal('history'),
    beforeMs: AtMs,
    messages: Type.Array(LiveMessage),
    more: Type.Boolean(),
  }),
  /** Nothing happened for a while; who hears nothing for `SILENCE_MS` has lost the connection. */
  Type.Object({ type: Type.Literal('alive') }),
]);
export type ServerFrame = Static<typeof ServerFrame>;
