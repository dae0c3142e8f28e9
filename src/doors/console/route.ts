/**
 * What a route of the console's API is: data, so that one place authorises, reads, audits and answers for all of them, and
 * tests can walk them. Holds no route.
 */
import type { Static, TSchema } from 'typebox';
import type { ConsoleCaller } from '../../accounts/authenticate.ts';
import { isoTime, parseIsoTime } from '../../base/clock.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { firstIdAt, fromHex24, readId, toHex24 } from '../../base/ids.ts';
import { CONSOLE_LIMITS } from '../../../contract/doors/console/fields.ts';
import type { Tx } from '../../db/pool.ts';
import type { Note } from '../kit/change.ts';
import { readLimit as readLimitOf } from '../kit/query.ts';
import { routesOf, type Call as CallOf, type Route as RouteOf } from '../kit/route.ts';

/** The console's kind of route. */
export type ConsoleKind = {
  /** Nobody (no roles) where the route asks for no credentials. */
  caller: ConsoleCaller;
  query: Readonly<Record<string, string>>;
  more: {
    /** What the query may hold; other names are refused. */
    query?: Readonly<Record<string, TSchema>>;
  };
};

/** A request that was authorised and read. */
export type Call<B = undefined> = CallOf<ConsoleKind, B>;

/** A change that was made, and its answer. */
export type Done<S extends number = number, B = unknown> = { status: S; body: B; audit: Note };

/** The second half of a change: all of it in one transaction. May be run again when the database asks for it. */
export type Work<S extends number = number, B = unknown> = (tx: Tx) => Promise<Done<S, B> | Fault>;

/** A route of this door: below `/api/workspaces/{workspaceId}`, or below `/api` when it is of no workspace. */
export type Route = RouteOf<ConsoleKind>;

const written = routesOf<ConsoleKind>();
/** Routes of this door that change something, with a body and without. */
export const { writes, acts } = written;
/** A question that takes a body: it changes nothing, and nobody is told of it. */
export const asks = written.keeps;

type GivenRead = Omit<Parameters<typeof written.reads>[0], 'handle' | 'answers'>;

/** A route that changes nothing; its handler answers the body. */
export function reads<A extends TSchema>({
  answer,
  handle,
  ...route
}: GivenRead & { answer: A; handle: (call: Call) => Promise<Static<A> | Fault> }): Route {
  return written.reads<Record<200, A>>({
    ...route,
    answers: { 200: answer },
    async handle(call) {
      const body = await handle(call);
      return isFault(body) ? body : { status: 200, body };
    },
  });
}

/** How the audit log names a caller. */
export function actorOf(caller: ConsoleCaller): string {
  if (caller.keyId !== undefined) return `key:${caller.keyId}`;
  return caller.operatorId === undefined ? 'nobody' : `operator:${caller.operatorId}`;
}

/** A fault for something that is not there. */
export function missing(what: string, field?: string): Fault {
  return fault('not_found', `There is no such ${what}.`, field === undefined ? {} : { field });
}

/** The id in a part of the path. What is no id of ours names nothing, as does 0. */
export function idIn(call: Call<unknown>, name: string): number {
  return readId(call.params[name] ?? '') ?? 0;
}

/** An id in a body, whose form the schema has checked. */
export function idOf(text: string): number {
  return fromHex24(text) ?? 0;
}

/** An id in the query. */
export function queryId(call: Call<unknown>, name: string): number | undefined | Fault {
  const text = call.query[name];
  if (text === undefined) return undefined;
  // An id of the right form that we never gave out names nothing, as in a path.
  return /^(?:[0-9a-f]{24}|\d{1,16}|[0-9a-f-]{32,36})$/i.test(text)
    ? (readId(text) ?? 0)
    : breaks(name, 'must be an id: 24 hex digits, a UUID or a number');
}

/** `limit` and `before` of a list that is read from its newest entry on. */
export function readPage(call: Call<unknown>, cursor = 'before'): { limit: number; before?: number } | Fault {
  const limit = readLimit(call);
  if (typeof limit !== 'number') return limit;
  const before = queryId(call, cursor);
  if (typeof before === 'object') return before;
  return before === undefined ? { limit } : { limit, before };
}

/** The same of a list whose ids tell when its entries were made: with `until`, those that were made before a time. */
export function readPageUntil(call: Call<unknown>): { limit: number; before?: number } | Fault {
  const page = readPage(call);
  const { until } = call.query;
  if (until === undefined || isFault(page)) return page;
  const untilMs = readTime(until, 'until');
  if (isFault(untilMs)) return untilMs;
  return { ...page, before: Math.min(page.before ?? Number.MAX_SAFE_INTEGER, firstIdAt(untilMs)) };
}

/** The revision in If-Match, as our answers write it or as an entity tag. */
export function revisionIn({ ifMatch }: Call<unknown>): number | undefined | Fault {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const [, digits] = /^"?(\d{1,9})"?$/.exec(ifMatch) ?? [];
  return digits === undefined ? breaks('If-Match', 'must be a revision, such as "3"') : Number(digits);
}

/** `limit` of a list. */
export function readLimit(call: Call<unknown>): number | Fault {
  const { usualPage: usual, page: most } = CONSOLE_LIMITS;
  return readLimitOf(call.query['limit'], { usual, most });
}

/** One of a set of words in the query. */
export function queryWord<T extends string>(
  call: Call<unknown>,
  name: string,
  words: readonly T[],
): T | undefined | Fault {
  const text = call.query[name];
  if (text === undefined || words.includes(text as T)) return text as T | undefined;
  return breaks(name, `must be one of ${words.join(', ')}`);
}

/** A time in a body or query. */
export function readTime(text: string, field: string): number | Fault {
  const ms = parseIsoTime(text);
  return ms === undefined || ms < 0
    ? breaks(field, 'must be a time with a zone, such as 2026-11-20T08:00:00Z')
    : ms;
}

/** A time as this API writes it; null when there is none. */
export function timeText<T extends number | null | undefined>(ms: T): TextOf<T> {
  return (typeof ms === 'number' ? isoTime(ms) : null) as TextOf<T>;
}

/** Null only of what may not be there. */
type TextOf<T> = T extends number ? string : null;

/** An id as this API writes it; null when there is none. */
export function idText<T extends number | null | undefined>(id: T): TextOf<T> {
  return (typeof id === 'number' ? toHex24(id) : null) as TextOf<T>;
}
