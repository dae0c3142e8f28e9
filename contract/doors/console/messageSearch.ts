/** `GET …/messages/search`: what was said, by its words. */
import { type Static, Type } from 'typebox';
import { Id, oneOf, orNull, Time } from '../fields.ts';
import { pageOf } from './fields.ts';

/** A message in which all words were found. */
export const MessageFound = Type.Object({
  id: Id,
  at: Time,
  direction: oneOf(['in', 'out'] as const),
  conversationId: Id,
  contact: Type.Object({ id: Id, name: orNull(Type.String()) }),
  /** The part of it in which they stand. */
  text: Type.String(),
  /** Where they stand in `text`: from and to, in UTF-16 units. */
  marks: Type.Array(Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 0 })])),
});
export type MessageFound = Static<typeof MessageFound>;
/** A page of them, the newest first; a page may hold fewer than asked for, or none, and yet not be the last. */
export const MessagesFound = pageOf('messages', MessageFound);
export type MessagesFound = Static<typeof MessagesFound>;
