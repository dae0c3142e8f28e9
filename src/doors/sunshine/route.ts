/**
 * What a route of this door is: data, so that one place authorises, reads and answers for all of them, and tests can walk
 * them. Holds no route.
 */
import type { Static, TObject } from 'typebox';
import type { SunshineCaller } from '../../accounts/authenticate.ts';
import type { Answer } from '../../accounts/idempotency.ts';
import type { Action } from '../../accounts/roles.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Note } from '../kit/change.ts';
import type { HttpContext } from '../kit/context.ts';

/** What a token may be for (api/sunshine.md §1.2). */
export type Scope = SunshineCaller['scope'];

/** The names of faults that this door tells apart where the catalogue has one (api/sunshine.md §1.3). */
export type SunshineCode =
  | 'app_not_found'
  | 'user_not_found'
  | 'integration_not_found'
  | 'client_not_found'
  | 'conversation_not_found';

/** A fault with this door's own name for it. */
export type SunshineFault = Fault & { readonly code?: SunshineCode };

/** What came of a request. */
export type Outcome = (Answer & { audit?: Note }) | SunshineFault;

/** A request that was authorised and read. */
export type Call<B = undefined> = {
  ctx: HttpContext;
  caller: SunshineCaller;
  /** The app. */
  workspace: Workspace;
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  body: B;
  /** The body as it came, for routes that take files. */
  rawBody: Buffer;
  contentType: string;
  nowMs: number;
  /** Absolute URL of the path that was asked for, without query. */
  url: string;
  /** Runs something once the transaction has committed. */
  afterCommit(run: () => void): void;
};

type Common = {
  /** Below the app: `/appusers/:userId`. */
  path: string;
  /** What the operator of an account key must be allowed to do. */
  action: Action;
  /** Scopes that may call it; account and app by default. */
  scopes?: readonly Scope[];
  /** Also under /v1, as the generated clients have it. */
  alsoV1?: boolean;
};

/** A route that changes nothing. */
export type Read = Common & {
  kind: 'read';
  method: 'GET';
  handle(call: Call): Promise<Outcome>;
};

/** The second half of a change: all of it in one transaction. May be run again when the database asks for it. */
export type Work = (tx: Tx) => Promise<Outcome>;

/**
 * A route that changes something, once per Idempotency-Key. Reads and checks what it needs first and then gives its work: what
 * holds a transaction must not wait for another connection, as a look-up in the directory may.
 */
export type Write = Common & {
  kind: 'write';
  method: 'POST' | 'PUT' | 'DELETE';
  body?: TObject;
  /** Takes a body of parts, up to so many bytes. */
  upload?: number;
  /** Its answer holds a secret, which is kept sealed where answers are kept for repeats. */
  secret?: boolean;
  /** Its work calls a provider, so that only few of its kind run at a time. */
  outside?: boolean;
  handle(call: Call<never>): Promise<Work | SunshineFault>;
};

/** A route of this door. */
export type Route = Read | Write;

/** A route that changes nothing. */
export function reads(route: Omit<Read, 'kind' | 'method'>): Route {
  return { kind: 'read', method: 'GET', ...route };
}

/** A route that takes a body and changes something. */
export function writes<B extends TObject>(
  route: Omit<Write, 'kind' | 'body' | 'handle'> & {
    body: B;
    handle(call: Call<Static<B>>): Promise<Work | SunshineFault>;
  },
): Route {
  return { kind: 'write', ...route };
}

/** A route that changes something without being told more than its path. */
export function acts(
  route: Omit<Write, 'kind' | 'body' | 'handle'> & { handle(call: Call): Promise<Work | SunshineFault> },
): Route {
  return { kind: 'write', ...route };
}

/** A fault of this door for something that is not there. */
export function missing(what: 'app' | 'user' | 'integration' | 'client' | 'conversation'): SunshineFault {
  return { ...fault('not_found', `There is no such ${what}.`), code: `${what}_not_found` };
}

/** A fault that names a field and the rule it broke. */
export function breaks(field: string, rule: string): Fault {
  return fault('bad_request', `${field}: ${rule}`, { field });
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
