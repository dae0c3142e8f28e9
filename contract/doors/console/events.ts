/** `…/contacts/{id}/events` and `…/events/names`: what contacts did, and what it is called. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, orNull, Time } from '../fields.ts';

/** Where a page of events ended, and the next one begins. */
export const EventCursor = Type.String({
  pattern: '^[0-9]{1,16}\\.[0-9]{1,16}$',
  rule: 'must be `next` of the page before',
});

const event = Type.Object({
  name: Type.String(),
  /** When it was done. */
  at: Time,
  /** When it was told. */
  receivedAt: Time,
  properties: AnyObject,
  /** Told as history: it started nothing. */
  history: Type.Boolean(),
});
/** What a contact did, newest first. */
export const EventsPage = Type.Object({ events: Type.Array(event), next: orNull(Type.String()) });
export type EventsPage = Static<typeof EventsPage>;

/** The names of events, in order, with how often and by how many contacts each was done. */
export const EventNamesPage = Type.Object({
  names: Type.Array(Type.Object({ name: Type.String(), createdAt: Time, times: Count, contacts: Count })),
  next: orNull(Type.String()),
  /** All was counted; else the numbers are about right, from a part of the contacts. */
  exact: Type.Boolean(),
});
export type EventNamesPage = Static<typeof EventNamesPage>;
