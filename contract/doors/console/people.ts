/** What the pages of people ask besides contacts themselves: two that become one, and all that happened to somebody. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Channel, Class, pageOf } from './fields.ts';
import { HistoryEntry } from './messages.ts';

/** `POST …/contacts/merge`. */
export const MergeGiven = Type.Object({ survivingId: Id, discardedId: Id });
/** What a merge would make: every field on both sides, and what moves. Attributes are `attributes.NAME`. */
export const MergeShown = Type.Object({
  fields: Type.Array(
    Type.Object({
      name: Type.String(),
      surviving: Type.Unknown(),
      discarded: Type.Unknown(),
      result: Type.Unknown(),
    }),
  ),
  /** False where attributes of both are too many together: then those of the one that goes are not kept. */
  attributesFit: Type.Boolean(),
  moves: Type.Object({
    destinations: Type.Array(
      Type.Object({ channel: Channel, address: Type.String(), known: Type.Boolean() }),
    ),
    lists: Type.Array(Type.String()),
    tags: Type.Array(Type.String()),
    consent: Count,
    conversation: Type.Boolean(),
  }),
});
export type MergeShown = Static<typeof MergeShown>;

/** One thing that happened to or by somebody. */
export const TimelineEntry = Type.Union([
  HistoryEntry,
  Type.Object({
    at: Time,
    type: Type.Literal('event'),
    name: Type.String(),
    properties: AnyObject,
    history: Type.Boolean(),
  }),
  Type.Object({
    at: Time,
    type: Type.Literal('click'),
    /** Null where the link is not kept any more. */
    uri: orNull(Type.String()),
    times: Count,
    firstAt: Time,
    causeId: Id,
  }),
  Type.Object({
    at: Time,
    type: Type.Literal('consent'),
    channel: Type.String(),
    address: Type.String(),
    blocked: Type.Array(Class),
    reason: Type.String(),
  }),
  Type.Object({ at: Time, type: Type.Literal('merge'), contactId: Id }),
  Type.Object({
    at: Time,
    type: Type.Literal('enrolment'),
    campaign: Type.Object({ id: Id, name: Type.String() }),
    endedAt: orNull(Time),
    ending: orNull(Type.String()),
  }),
  Type.Object({
    at: Time,
    type: Type.Literal('order'),
    order: Type.Object({
      id: Id,
      reference: orNull(Type.String()),
      description: orNull(Type.String()),
      status: oneOf(['refunded', 'shipped', 'paid', 'invoiced', 'pending'] as const),
      total: orNull(Type.String()),
    }),
  }),
]);
export type TimelineEntry = Static<typeof TimelineEntry>;
/** A page of it, newest first; `next` is a time. */
export const TimelinePage = pageOf('entries', TimelineEntry);
export type TimelinePage = Static<typeof TimelinePage>;
