/**
 * What a route of this door is: data, so that one place authorises, reads and answers for all of them, and tests can walk
 * them. Holds no route.
 */
import type { Static, TSchema } from 'typebox';
import type { AccessScope } from '../../accounts/accessTokens.ts';
import type { Answer } from '../../accounts/idempotency.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Note } from '../kit/change.ts';
import type { HttpContext } from '../kit/context.ts';
import type { Caller } from './callers.ts';

/** What came of a request; `next` is the query of the next page of a list. */
export type Outcome = (Answer & { audit?: Note; next?: string }) | Fault;

/** A request that was authorised and read. */
export type Call<B = undefined> = {
  ctx: HttpContext;
  caller: Caller;
  /** The organization. */
  workspace: Workspace;
  params: Readonly<Record<string, string>>;
  /** The query as it came, without its question mark. */
  query: string;
  body: B;
  nowMs: number;
};

type Common = { path: string; scope: AccessScope };

/** A route that changes nothing. */
export type Read = Common & { kind: 'read'; method: 'GET'; handle(call: Call): Promise<Outcome> };

/** The second half of a change: all of it in one transaction. May be run again when the database asks for it. */
export type Work = (tx: Tx) => Promise<Outcome>;

/** A route that changes something, once per Idempotency-Key. Reads what it needs first and then gives its work. */
export type Write = Common & {
  kind: 'write';
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: TSchema;
  /** Takes an array of such bodies, too. */
  orArray?: boolean;
  /** Its answer holds a secret, which is kept sealed where answers are kept for repeats. */
  secret?: boolean;
  handle(call: Call<never>): Promise<Work | Fault>;
};

/** A route of this door. */
export type Route = Read | Write;

/** A route that changes nothing. */
export function reads(route: Omit<Read, 'kind' | 'method'>): Route {
  return { kind: 'read', method: 'GET', ...route };
}

/** A route that takes a body and changes something. */
export function writes<B extends TSchema>(
  route: Omit<Write, 'kind' | 'body' | 'orArray' | 'handle'> & {
    body: B;
    handle(call: Call<Static<B>>): Promise<Work | Fault>;
  },
): Route {
  return { kind: 'write', ...route };
}

/** A route that takes one body or an array of them. */
export function writesMany<B extends TSchema>(
  route: Omit<Write, 'kind' | 'body' | 'orArray' | 'handle'> & {
    body: B;
    handle(call: Call<{ many: boolean; bodies: Static<B>[] }>): Promise<Work | Fault>;
  },
): Route {
  return { kind: 'write', orArray: true, ...route };
}

/** A route that changes something without being told more than its path. */
export function acts(
  route: Omit<Write, 'kind' | 'body' | 'orArray' | 'handle'> & { handle(call: Call): Promise<Work | Fault> },
): Route {
  return { kind: 'write', ...route };
}

/** A fault for something that is not there. */
export function missing(what: string): Fault {
  return fault('not_found', `There is no such ${what}.`);
}

/** A fault that names a field and the rule it broke. */
export function breaks(field: string, rule: string): Fault {
  return fault('bad_request', `${field}: ${rule}`, { field });
}

/** A fault for what is well formed, but cannot be done as things stand. */
export function refuses(field: string, rule: string): Fault {
  return fault('unprocessable', `${field}: ${rule}`, { field });
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
