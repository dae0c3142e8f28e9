/** `POST …/render`: what content is on a channel for somebody, and what is wrong with it. */
import { type Static, Type } from 'typebox';
import { MADE_UP } from '../../preview.ts';
import { AnyObject, Count, Id, oneOf, orNull } from '../fields.ts';
import { Channel } from './fields.ts';

/** For a contact, or for somebody made up. `content` may name a stored template. */
export const RenderAsked = Type.Object({
  content: AnyObject,
  channel: Channel,
  contactId: Type.Optional(Id),
  madeUp: Type.Optional(oneOf(MADE_UP)),
  locale: Type.Optional(Type.String({ minLength: 2, maxLength: 35 })),
});
export type RenderAsked = Static<typeof RenderAsked>;

const text = orNull(Type.String());
/** Something that is wrong: an `error` keeps it from being sent, or from being sent to this person. Lines and columns count from 1. */
export const Problem = Type.Object({
  severity: oneOf(['error', 'warning'] as const),
  message: Type.String(),
  field: text,
  line: orNull(Count),
  column: orNull(Count),
});
export type Problem = Static<typeof Problem>;

/** What is shown. */
export const RenderShown = Type.Object({
  channel: Channel,
  person: Type.Object({ contactId: orNull(Id), name: text, locale: text }),
  /** The content, filled in; null where it cannot be. */
  content: orNull(AnyObject),
  /** As its channel takes it (`Rendered` of `contract/channels.ts`). */
  shown: orNull(AnyObject),
  segments: orNull(Type.Object({ encoding: oneOf(['GSM-7', 'UCS-2'] as const), count: Count, units: Count })),
  problems: Type.Array(Problem),
});
export type RenderShown = Static<typeof RenderShown>;
