/** `GET …/event-stream`: what happened in the workspace, to look at while one builds. */
import { EventStream, EventType } from '../../../contract/doors/console/feed.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Id } from '../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { beginningOf } from '../../base/text.ts';
import { toHex24, isId } from '../../base/ids.ts';
import { eventsLogged, type LoggedEvent } from '../../queue/feed/history.ts';
import { stateName } from '../../ledger/states.ts';
import { queryId, readLimit, reads, timeText, type Call, type Route } from './route.ts';

const TYPE = /^[a-z]{1,32}\.[a-z]{1,32}$/;

/** The route. */
export const feedRoutes: readonly Route[] = [
  reads({
    path: '/event-stream',
    action: 'webhooks.manage',
    does: 'What happened in the workspace, newest first, by type and contact; with `after`, what came since.',
    query: { limit: NEWEST_FIRST.limit, before: Id, after: Id, type: EventType, contact: Id },
    answer: EventStream,
    handle: list,
  }),
];

async function list(call: Call): Promise<EventStream | Fault> {
  const { ctx, workspace, query, nowMs } = call;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const [beforeId, afterId, contactId] = (['before', 'after', 'contact'] as const).map((name) =>
    queryId(call, name),
  );
  for (const id of [beforeId, afterId, contactId]) if (isFault(id)) return id;
  const { type } = query;
  if (type !== undefined && !TYPE.test(type))
    return breaks('type', 'must be a type of event, such as message.received');
  const ids = { beforeId, afterId, contactId } as Record<string, number | undefined>;
  const page = await eventsLogged(
    ctx.sql,
    ctx.queue.lanes(),
    {
      workspaceId: workspace.id,
      type,
      limit,
      beforeId: ids['beforeId'],
      afterId: ids['afterId'],
      contactId: ids['contactId'],
    },
    nowMs,
  );
  return {
    events: page.events.map(present),
    next: page.next === null ? null : toHex24(page.next),
    cursor: toHex24(page.cursor),
    skipped: page.skipped,
  };
}

function present({ id, type, atMs, payload, failed }: LoggedEvent): EventStream['events'][number] {
  return {
    id: toHex24(id),
    type,
    at: timeText(atMs),
    payload: shown(payload) as Record<string, unknown>,
    failed,
  };
}

/** Entries of a list that are shown, at most. */
const MOST_OF_A_LIST = 20;
const LONGEST_TEXT = 500;

/** A payload as this API writes things: ids and times as texts, states by name, and nothing without an end. */
function shown(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const first = value.slice(0, MOST_OF_A_LIST).map((one) => shown(one, name.replace(/Ids$/, 'Id')));
    return value.length > MOST_OF_A_LIST ? [...first, `… ${value.length - MOST_OF_A_LIST} more`] : first;
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key.replace(/Ms$/, ''), shown(one, key)]),
    );
  if (typeof value === 'number') {
    if (/(?:^i|I)d$/.test(name) && isId(value)) return toHex24(value);
    if (name.endsWith('Ms') && value > 0) return timeText(value);
    if (name === 'from' || name === 'to') return stateName(value) ?? value;
  }
  return typeof value === 'string' && value.length > LONGEST_TEXT
    ? `${beginningOf(value, LONGEST_TEXT)}…`
    : value;
}
