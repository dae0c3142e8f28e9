/**
 * What comes due next in a test workspace, by its clock: of all rooms, put together by the minute, by what it belongs to and by its sort.
 * Bounded, however much waits: where more comes due at one minute than is read, the group says that there is more.
 */
import { isFault, type Fault } from '../base/fault.ts';
import type { Db, Sql } from '../db/pool.ts';
import type { Coming, ComingKind, ComingOf, ComesOf } from '../db/room.ts';
import type { Clock } from '../base/clock.ts';
import { workAhead, type WorkAhead } from '../queue/coming.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Rules } from './rules.ts';
import { snapshot } from './sql.clock.ts';

/** What comes due within a minute, of one sort and of one sender. */
type ComingGroup = {
  /** When the first of it is due, by the workspace's clock. */
  atMs: number;
  kind: ComingKind;
  of: ComingOf | null;
  count: number;
  /** There may be more of it. */
  more: boolean;
  /** Some of the people whom it is about. */
  contactIds: number[];
};

/** A page: the groups, and after which moment the next begins; undefined at the end. */
export type ComingPage = { groups: ComingGroup[]; nextMs: number | undefined };

/** What looking ahead needs. */
type ComingDeps = {
  sql: Sql;
  clock: Clock;
  rules: Pick<Rules, 'world'>;
  rooms?: () => readonly WorkingRoom[];
};

const MINUTE_MS = 60_000;
/** Rows that are read of each queue: as many as a page has groups, at most. */
const MOST_ROWS = 50;
const MOST_NAMED = 3;

/** A page of what comes due after a moment of the workspace's clock (now, when it is not said or earlier). */
export async function comingIn(
  deps: ComingDeps,
  workspaceId: number,
  page: { afterMs?: number | undefined; limit: number },
): Promise<ComingPage | Fault> {
  const world = await deps.rules.world(workspaceId);
  if (isFault(world)) return world;
  const { clockAheadMs: aheadMs } = world;
  const nowMs = deps.clock.nowMs();
  const afterMs = Math.max(nowMs, page.afterMs === undefined ? 0 : page.afterMs - aheadMs);
  const { items, untilMs } = await deps.sql.begin(async (tx) => {
    await snapshot(tx);
    return await lookAhead(tx, deps.rooms?.() ?? [], { workspaceId, aheadMs, afterMs, most: MOST_ROWS });
  });
  return pageOf(items, { aheadMs, untilMs, limit: page.limit });
}

/** When the next of a workspace is due, by our clock; undefined when nothing is. */
export async function nextDueMs(
  db: Db,
  rooms: readonly WorkingRoom[],
  of: Omit<ComesOf, 'most'>,
): Promise<{ nextMs: number | undefined; items: readonly Coming[]; untilMs: number | undefined }> {
  const found = await lookAhead(db, rooms, { ...of, most: MOST_ROWS });
  // Where others' work stands before it, it may be at the end of what was looked at.
  const times = [...found.items.map(({ dueMs }) => dueMs), found.untilMs ?? Number.POSITIVE_INFINITY];
  const nextMs = Math.min(...times);
  return { ...found, nextMs: Number.isFinite(nextMs) ? nextMs : undefined };
}

async function lookAhead(
  db: Db,
  rooms: readonly WorkingRoom[],
  of: ComesOf,
): Promise<{ items: Coming[]; untilMs: number | undefined }> {
  const { work, untilMs } = await workAhead(db, of);
  const handlers = rooms.flatMap((room) => room.handlers ?? []);
  const sorts = new Map(handlers.map(({ kind, comesAs }) => [kind, comesAs]));
  const items: Coming[] = work.flatMap((one) => comingOf(one, sorts.get(one.kind)));
  const ends = untilMs === undefined ? [] : [untilMs];
  for (const room of rooms) {
    const found = await room.comes?.(db, of);
    if (!found) continue;
    items.push(...found.items);
    if (found.untilMs !== undefined) ends.push(found.untilMs);
  }
  return { items, untilMs: ends.length ? Math.min(...ends) : undefined };
}

/** What a piece of work is to who looks at it. Jobs of operators are nothing that comes due. */
function comingOf(
  { kind, ownerId, causeId, stream, dueMs }: WorkAhead,
  sort: ComingKind | undefined,
): Coming[] {
  if (!sort) return [];
  const ofPerson = sort === 'message' || sort === 'fallback';
  return [{ dueMs, kind: sort, contactId: ofPerson ? ownerId : null, of: senderOf() }];

  function senderOf(): ComingOf | null {
    if (kind === KIND.broadcast) return { type: 'broadcast', id: ownerId };
    if (kind !== KIND.delivery || stream === 0) return null;
    return stream > 0 ? { type: 'run', id: causeId } : { type: 'campaign', id: -stream };
  }
}

/** Groups of items, the earliest first. Pure. */
export function pageOf(
  items: readonly Coming[],
  of: { aheadMs: number; untilMs?: number | undefined; limit: number },
): ComingPage {
  const minuteOf = (dueMs: number) => minuteAt(dueMs + of.aheadMs);
  const untilMinute = of.untilMs === undefined ? Number.POSITIVE_INFINITY : minuteOf(of.untilMs);
  const seen = items.filter(({ dueMs }) => minuteOf(dueMs) <= untilMinute);
  const byGroup = Map.groupBy(
    seen.toSorted((a, b) => a.dueMs - b.dueMs),
    ({ dueMs, kind, of: sender }) =>
      `${minuteOf(dueMs)} ${kind} ${sender ? `${sender.type}${sender.id}` : ''}`,
  );
  const groups = [...byGroup.values()].map((some): ComingGroup => {
    const { dueMs, kind, of: sender } = some[0]!;
    const people = new Set(some.flatMap(({ contactId }) => contactId ?? []));
    return {
      atMs: dueMs + of.aheadMs,
      kind,
      of: sender,
      count: countOf(some),
      more: minuteOf(dueMs) === untilMinute,
      contactIds: [...people].slice(0, MOST_NAMED),
    };
  });
  // A page ends with a minute. The one in which a look ended is not known whole: it is shown only where it is the first.
  const minutes = [...new Set(groups.map(({ atMs }) => minuteAt(atMs)))];
  let last = minutes[0];
  for (const minute of minutes.slice(1)) {
    if (minute === untilMinute || groups.filter(({ atMs }) => minuteAt(atMs) <= minute).length > of.limit)
      break;
    last = minute;
  }
  if (last === undefined)
    return { groups: [], nextMs: of.untilMs === undefined ? undefined : endOf(untilMinute) };
  const shown = groups.filter(({ atMs }) => minuteAt(atMs) <= last);
  const isAll = shown.length === groups.length && of.untilMs === undefined;
  return {
    groups: shown,
    nextMs: isAll ? undefined : endOf(last),
  };
}

function countOf(some: readonly Coming[]): number {
  const parts = new Set(some.flatMap(({ part }) => part ?? []));
  return parts.size + some.filter(({ part }) => part === undefined).length;
}

const minuteAt = (atMs: number): number => Math.floor(atMs / MINUTE_MS);

/** The last millisecond of a minute: what is due after it is in the next. */
function endOf(minute: number): number {
  return (minute + 1) * MINUTE_MS - 1;
}
