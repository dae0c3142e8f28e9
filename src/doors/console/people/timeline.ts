/**
 * All that happened to or by somebody, newest first: what was said and sent, done, opened, agreed to and refused, whom they became, what they
 * entered and ordered. Each kind is read by itself, a page of it at most, and only the kinds that are asked for.
 */
import { Type } from 'typebox';
import { MESSAGE_CLASSES } from '../../../../contract/channels.ts';
import { NEWEST_FIRST, TimeGiven } from '../../../../contract/doors/console/fields.ts';
import { TimelinePage, type TimelineEntry } from '../../../../contract/doors/console/people.ts';
import { TIMELINE_KINDS, type TimelineKind } from '../../../../contract/timelineKinds.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24, MAX_ID } from '../../../base/ids.ts';
import { msOf } from '../../../base/microseconds.ts';
import { eventsOf, isHistory } from '../../../campaigns/events/history.ts';
import { enteredBy } from '../../../campaigns/report/lists.ts';
import { CLASS_BIT } from '../../../contacts/consent/classes.ts';
import { consentOf } from '../../../contacts/destinations.ts';
import { mergesInto } from '../../../contacts/merge.ts';
import { clicksOfContact, urisOfClicks } from '../../../links/links.ts';
import { listOrders } from '../../../orders/orders.ts';
import { findContact } from './contacts.ts';
import { everyIdOf, onePage, passedBefore } from '../history.ts';
import { presentOrder } from '../ordersShown.ts';
import { readLimit, reads, readTime, timeText, type Call, type Route } from '../route.ts';

/** Rows of a kind that is kept whole that are looked at: more than anybody has. */
const MOST_LOOKED_AT = 1_000;

/** `…/contacts/{id}/timeline`. */
export const timelineRoutes: readonly Route[] = [
  reads({
    path: '/contacts/:contactId/timeline',
    // Who may see a contact may see what was said, in every role.
    action: 'messages.read',
    does: 'All that happened to or by a contact, newest first; only some kinds when they are named, with commas between.',
    query: { kinds: Type.String({ maxLength: 200 }), limit: NEWEST_FIRST.limit, before: TimeGiven },
    answer: TimelinePage,
    handle: timeline,
  }),
];

type Without<E> = E extends TimelineEntry ? Omit<E, 'at'> : never;
type Part = { atMs: number; body: Without<TimelineEntry> };
/** Whose, and which page. */
type Asked = {
  call: Call;
  contactId: number;
  everyId: readonly [number, ...number[]];
  /** Who was merged into them. */
  merged: Awaited<ReturnType<typeof mergesInto>>;
  beforeMs: number | undefined;
  limit: number;
};

async function timeline(call: Call): Promise<TimelinePage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const kinds = readKinds(call.query['kinds']);
  if (isFault(kinds)) return kinds;
  const { before } = call.query;
  const beforeMs = before === undefined ? undefined : readTime(before, 'before');
  if (isFault(beforeMs)) return beforeMs;
  const contact = await findContact(call);
  if (isFault(contact)) return contact;
  const merged = await mergesInto(call.ctx.sql, call.workspace.id, contact.id);
  const everyId = everyIdOf(contact.id, merged);
  tellShown(call, everyId);
  const asked = { call, contactId: contact.id, everyId, merged, beforeMs, limit: limit + 1 };
  const parts = await Promise.all(
    SOURCES.filter((source) => source.kinds.some((kind) => kinds.has(kind))).map(({ read }) => read(asked)),
  );
  const all = parts
    .flat()
    .filter(({ atMs, body }) => kinds.has(body.type) && (beforeMs === undefined || atMs < beforeMs))
    .toSorted((a, b) => b.atMs - a.atMs);
  const page = onePage(all, limit);
  return {
    entries: page.map(({ atMs, body }) => ({ at: timeText(atMs), ...body })),
    next: page.length < all.length ? timeText(page.at(-1)!.atMs) : null,
  };
}

/** A page that shows somebody is told what happens to them from here on. Before anything is read: what happens meanwhile is told of. */
function tellShown({ ctx, workspace, caller }: Call, everyId: readonly [number, ...number[]]): void {
  if (caller.keyId !== undefined) return;
  const shown = { kind: 'shown', workspaceId: workspace.id, ofId: everyId[0] } as const;
  ctx.notices.send(everyId.map((contactId) => ({ ...shown, contactId })));
}

function readKinds(text: string | undefined): ReadonlySet<TimelineKind> | Fault {
  if (text === undefined) return new Set(TIMELINE_KINDS);
  const given = text.split(',');
  return given.every((one) => (TIMELINE_KINDS as readonly string[]).includes(one))
    ? new Set(given as TimelineKind[])
    : breaks('kinds', `must be some of ${TIMELINE_KINDS.join(', ')}, with commas between`);
}

const SOURCES: readonly { kinds: readonly TimelineKind[]; read: (asked: Asked) => Promise<Part[]> }[] = [
  {
    kinds: ['message', 'broadcast'],
    read: ({ call, everyId, beforeMs, limit }) => passedBefore(call, everyId, { beforeMs, limit }),
  },
  { kinds: ['event'], read: events },
  { kinds: ['click'], read: clicks },
  { kinds: ['consent'], read: consent },
  { kinds: ['merge'], read: merges },
  { kinds: ['enrolment'], read: enrolments },
  { kinds: ['order'], read: orders },
];

async function events({ call, contactId, beforeMs, limit }: Asked): Promise<Part[]> {
  const before = beforeMs === undefined ? undefined : { beforeMs, beforeKey: 0 };
  const of = { workspaceId: call.workspace.id, contactId };
  const page = await eventsOf(call.ctx.sql, of, { limit, before });
  return page.events.map((event) => ({
    atMs: event.atMs,
    body: { type: 'event', name: event.name, properties: event.properties ?? {}, history: isHistory(event) },
  }));
}

async function clicks({ call, contactId, beforeMs, limit }: Asked): Promise<Part[]> {
  const { sql } = call.ctx;
  const of = { workspaceId: call.workspace.id, contactId, limit: MOST_LOOKED_AT };
  const found = (await clicksOfContact(sql, of))
    .filter(({ lastMs }) => beforeMs === undefined || lastMs < beforeMs)
    .slice(0, limit);
  const uris = await urisOfClicks(sql, found);
  return found.map(({ causeId, position, n, firstMs, lastMs }) => ({
    atMs: lastMs,
    body: {
      type: 'click',
      uri: uris.get(`${causeId}.${position}`) ?? null,
      times: n,
      firstAt: timeText(firstMs),
      causeId: toHex24(causeId),
    },
  }));
}

async function consent({ call, contactId }: Asked): Promise<Part[]> {
  const rows = await consentOf(call.ctx.sql, call.workspace.id, contactId);
  return rows.map(({ channel, address, blockedClasses, reason, atMs }) => ({
    atMs,
    body: {
      type: 'consent',
      channel,
      address,
      blocked: MESSAGE_CLASSES.filter((name) => (blockedClasses & CLASS_BIT[name]) !== 0),
      reason,
    },
  }));
}

async function merges({ merged }: Asked): Promise<Part[]> {
  return merged.map((row) => ({
    atMs: row.mergedMs,
    body: { type: 'merge', contactId: toHex24(row.contactId) },
  }));
}

async function enrolments({
  call,
  contactId,
  beforeMs = Number.MAX_SAFE_INTEGER,
  limit,
}: Asked): Promise<Part[]> {
  const rows = await enteredBy(call.ctx.sql, { workspaceId: call.workspace.id, contactId, beforeMs, limit });
  return rows.map(({ campaignId, name, enteredMs, endedMs, ending }) => ({
    atMs: enteredMs,
    body: {
      type: 'enrolment',
      campaign: { id: toHex24(campaignId), name },
      endedAt: timeText(endedMs),
      ending,
    },
  }));
}

async function orders({ call, contactId }: Asked): Promise<Part[]> {
  const page = { beforeId: MAX_ID, limit: MOST_LOOKED_AT, contactId };
  const found = await listOrders(call.ctx.sql, { workspaceId: call.workspace.id }, page);
  return found.map((order) => {
    const { id, reference, description, status, total } = presentOrder(order);
    return {
      atMs: msOf(order.createdUs),
      body: { type: 'order', order: { id, reference, description, status, total } },
    };
  });
}
