/**
 * What a route of this door is: data, so that one place authorises, reads and answers for all of them, and tests can walk
 * them. Holds no route.
 */
import type { AccessScope } from '../../accounts/accessTokens.ts';
import { breaks, fault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Note } from '../kit/change.ts';
import { routesOf, type Call as CallOf, type Route as RouteOf } from '../kit/route.ts';
import type { Caller } from './callers.ts';

/** What came of a request; `next` is the query of the next page of a list. */
export type RouteOutcome<S extends number = number, B = unknown> =
  | { status: S; body: B; audit?: Note; next?: string }
  | Fault;

/** The second half of a change: all of it in one transaction. May be run again when the database asks for it. */
export type Work<S extends number = number, B = unknown> = (tx: Tx) => Promise<RouteOutcome<S, B>>;

/** This door's kind of route. The workspace is the organization; the query is as it came, without its question mark. */
export type Web1on1Kind = {
  caller: Caller;
  query: string;
  more: {
    /** The least scope that a token needs, besides what the role behind it may do (api/web1on1.md §B.1). */
    scope: AccessScope;
    /** What is said to who sends no body at all, where that is not just a mistake. */
    withoutBody?: Fault;
  };
};

/** A request that was authorised and read. */
export type Call<B = undefined> = CallOf<Web1on1Kind, B>;
/** A route of this door. */
export type Route = RouteOf<Web1on1Kind>;
/** A route of this door that changes something. */
export type Write = Extract<Route, { kind: 'write' }>;

/** The ways in which routes of this door are written down. */
export const { reads, writes, writesMany, acts } = routesOf<Web1on1Kind>();

/** A fault for something that is not there. */
export function missing(what: string): Fault {
  return fault('not_found', `There is no such ${what}.`);
}

/** An id as this door writes them, or a fault that names the field. */
export function readId(text: string, field: string): number | Fault {
  if (!/^[0-9a-f]{24}$/i.test(text)) return breaks(field, 'must be an id of 24 hex digits');
  // Well formed, but not one that was ever given out: like one that is not there.
  return fromHex24(text) ?? 0;
}

/** The time in the caller's workspace. */
export function theirNowMs({ nowMs, workspace }: Pick<Call<unknown>, 'nowMs' | 'workspace'>): number {
  return nowMs + workspace.clockAheadMs;
}
