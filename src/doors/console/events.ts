/** What contacts did: of one contact, and what it is called in a workspace. */
import { Type } from 'typebox';
import { EventCursor, EventNamesPage, EventsPage } from '../../../contract/doors/console/events.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { eventNames, eventsOf, isHistory } from '../../campaigns/events/history.ts';
import { EVENT_LIMITS } from '../../campaigns/events/time.ts';
import { findContact } from './people/contacts.ts';
import { readLimit, reads, timeText, type Call, type Route } from './route.ts';

/** `…/contacts/{id}/events`, `…/events/names`. */
export const eventRoutes: readonly Route[] = [
  reads({
    path: '/contacts/:contactId/events',
    action: 'contacts.read',
    does: 'What a contact did, newest first.',
    query: { limit: NEWEST_FIRST.limit, before: EventCursor },
    answer: EventsPage,
    handle: events,
  }),
  reads({
    path: '/events/names',
    action: 'contacts.read',
    does: 'The names of events, with how often each was done, and by how many contacts: about, where there are many.',
    // A sign of a name may be two units here: `next` is taken as it was given.
    query: { limit: NEWEST_FIRST.limit, after: Type.String({ maxLength: 2 * EVENT_LIMITS.name }) },
    answer: EventNamesPage,
    handle: names,
  }),
];

async function events(call: Call): Promise<EventsPage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const { before } = call.query;
  const from = before === undefined ? undefined : cursorIn(before);
  if (isFault(from)) return from;
  const contact = await findContact(call);
  if (isFault(contact)) return contact;
  const of = { workspaceId: call.workspace.id, contactId: contact.id };
  const page = await eventsOf(call.ctx.sql, of, { limit, before: from });
  return {
    events: page.events.map((event) => ({
      name: event.name,
      at: timeText(event.atMs),
      receivedAt: timeText(event.receivedMs),
      properties: event.properties ?? {},
      history: isHistory(event),
    })),
    next: page.next ? `${page.next.atMs}.${page.next.key}` : null,
  };
}

function cursorIn(text: string): { beforeMs: number; beforeKey: number } | Fault {
  const [beforeMs, beforeKey] = text.split('.').map(Number);
  return /^\d{1,16}\.\d{1,16}$/.test(text) &&
    Number.isSafeInteger(beforeMs) &&
    Number.isSafeInteger(beforeKey)
    ? { beforeMs: beforeMs!, beforeKey: beforeKey! }
    : breaks('before', 'must be `next` of the page before');
}

async function names(call: Call): Promise<EventNamesPage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const page = await eventNames(call.ctx.sql, call.workspace.id, { limit, after: call.query['after'] });
  return {
    names: page.names.map(({ name, createdMs, times, contacts }) => ({
      name,
      createdAt: timeText(createdMs),
      times,
      contacts,
    })),
    next: page.next ?? null,
    exact: page.isExact,
  };
}
