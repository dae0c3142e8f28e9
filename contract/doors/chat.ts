/** Answers of the web chat (docs/links.md), which our own page and pages of other sites ask. */
import { type Static, Type } from 'typebox';
import { Content } from '../content.ts';
import { Count, Id, oneOf, orNull, Time } from './fields.ts';

/** A conversation, and how much of it the person has not read. */
const ChatConversation = Type.Object({ id: Id, unreadCount: Count });
export type ChatConversation = Static<typeof ChatConversation>;

/** A session: its token is shown once. */
export const ChatSession = Type.Object({
  token: Type.String(),
  expiresAt: Time,
  workspace: Type.Object({ id: Id, name: Type.String() }),
  contact: Type.Object({ id: Id, givenName: orNull(Type.String()), surname: orNull(Type.String()) }),
  conversation: ChatConversation,
});
export type ChatSession = Static<typeof ChatSession>;

/** One thing said. `fallback` says all of it as text; `author` is of what the business says. */
export const ChatMessage = Type.Object({
  id: Id,
  from: oneOf(['contact', 'business'] as const),
  author: Type.Optional(
    Type.Object({ name: Type.Optional(Type.String()), avatarUrl: Type.Optional(Type.String()) }),
  ),
  at: Time,
  content: Content,
  fallback: Type.String(),
});
export type ChatMessage = Static<typeof ChatMessage>;

/** Some of what was said, oldest first. `cursor` asks for what comes `after`, `previous` for what was `before`. */
export const ChatMessages = Type.Object({
  /** Absent while nothing was said. */
  conversation: Type.Optional(ChatConversation),
  messages: Type.Array(ChatMessage),
  cursor: Type.String(),
  previous: orNull(Type.String()),
});
export type ChatMessages = Static<typeof ChatMessages>;

/** What was kept of what the person said; null where it is gone already. */
export const ChatSaid = Type.Object({ message: orNull(ChatMessage) });
export type ChatSaid = Static<typeof ChatSaid>;
