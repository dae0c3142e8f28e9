/**
 * What a route of this door is: data, so that one place authorises, reads and answers for all of them, and tests can walk
 * them. Holds no route.
 */
import type { SunshineCaller } from '../../accounts/authenticate.ts';
import { breaks, fault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Note } from '../kit/change.ts';
import { routesOf, type Call as CallOf, type Route as RouteOf } from '../kit/route.ts';

/** What a token may be for (api/sunshine.md §1.2). */
export type TokenScope = SunshineCaller['scope'];

/** The names of faults that this door tells apart where the catalogue has one (api/sunshine.md §1.3). */
type SunshineCode =
  | 'app_not_found'
  | 'user_not_found'
  | 'integration_not_found'
  | 'client_not_found'
  | 'conversation_not_found';

/** A fault with this door's own name for it. */
export type SunshineFault = Fault & { readonly code?: SunshineCode };

/** What came of a request. */
export type RouteOutcome<S extends number = number, B = unknown> =
  | { status: S; body: B; audit?: Note }
  | SunshineFault;

/** The second half of a change: all of it in one transaction. May be run again when the database asks for it. */
export type Work<S extends number = number, B = unknown> = (tx: Tx) => Promise<RouteOutcome<S, B>>;

/** This door's kind of route. The workspace is the app; a path is below it: `/appusers/:userId`. */
export type SunshineKind = {
  caller: SunshineCaller;
  query: Readonly<Record<string, string>>;
  more: {
    /** Scopes that may call it; account and app by default. */
    scopes?: readonly TokenScope[];
    /** Also under /v1, as the generated clients have it. */
    alsoV1?: boolean;
  };
};

/** A request that was authorised and read. */
export type Call<B = undefined> = CallOf<SunshineKind, B>;
/** An app, and the time: what a call and a call of an SDK have in common. */
export type InApp = Pick<Call<unknown>, 'ctx' | 'workspace' | 'nowMs'>;
/** A route of this door. */
export type Route = RouteOf<SunshineKind>;
/** A route of this door that changes something. */
export type Write = Extract<Route, { kind: 'write' }>;

/** The ways in which routes of this door are written down. */
export const { reads, writes, acts } = routesOf<SunshineKind>();

/** A fault of this door for something that is not there. */
export function missing(what: 'app' | 'user' | 'integration' | 'client' | 'conversation'): SunshineFault {
  return { ...fault('not_found', `There is no such ${what}.`), code: `${what}_not_found` };
}

/** An id as this door writes them, or a fault that names the field. */
export function readId(text: string, field: string): number | Fault {
  if (!/^[0-9a-f]{24}$/i.test(text)) return breaks(field, 'must be an id of 24 hex digits');
  // Well formed, but not one that was ever given out: like one that is not there.
  return fromHex24(text) ?? 0;
}

/** `limit` and `offset` of a list (api/sunshine.md §1.4). */
export function readPage(query: Readonly<Record<string, string>>): { limit: number; offset: number } | Fault {
  const limit = readCount(query['limit'], 'limit', { otherwise: 25, min: 1, max: 100 });
  if (typeof limit !== 'number') return limit;
  const offset = readCount(query['offset'], 'offset', { otherwise: 0, min: 0, max: 1_000_000 });
  return typeof offset === 'number' ? { limit, offset } : offset;
}

/** A page of a list that is short enough to be read whole. */
export function pageOf<T>(
  all: readonly T[],
  page: { limit: number; offset: number },
): { rows: T[]; hasMore: boolean; offset: number } {
  const end = page.offset + page.limit;
  return { rows: all.slice(page.offset, end), hasMore: all.length > end, offset: page.offset };
}

function readCount(
  text: string | undefined,
  field: string,
  range: { otherwise: number; min: number; max: number },
): number | Fault {
  if (text === undefined) return range.otherwise;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= range.min && value <= range.max
    ? value
    : breaks(field, `must be a whole number from ${range.min} to ${range.max}`);
}
