/**
 * What a route of any door is: data, so that one place authorises, reads, runs, audits and answers for all of them, and tests
 * can walk them. A door adds what only it knows (`Kind`). Holds no route.
 */
import { beginningOf } from '../../base/text.ts';
import type { Static, TSchema } from 'typebox';
import type { Answer } from '../../accounts/idempotency.ts';
import { can } from '../../accounts/roles.ts';
import { type Action, type Holder } from '../../../contract/roles.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { breaks, fault, type Fault } from '../../base/fault.ts';
import type { Tx } from '../../db/pool.ts';
import type { Joined, Note } from './change.ts';
import type { HttpContext } from './context.ts';

/** What tells the routes of one door from those of another: who calls, how its query is read, and what a route says besides. */
export type Kind = { caller: object; query: unknown; more: object };

/** What came of a request; `next` is the query of the next page of a list, `leaves` why something of it was not done all the same. */
type Outcome = (Answer & { audit?: Note; next?: string; leaves?: Fault }) | Fault;

/** The second half of a change: all of it in one transaction. May be run again when the database asks for it. */
type Work = (tx: Tx) => Promise<Outcome>;

/** What a route answers when all is well: the schema of the body by status. Faults have the door's form. */
export type Answers = Readonly<Record<number, TSchema>>;

/** An outcome with one of these answers. */
type OutcomeOf<A extends Answers> =
  | {
      [S in keyof A & number]: { status: S; body: Static<A[S]>; audit?: Note; next?: string; leaves?: Fault };
    }[keyof A & number]
  | Fault;

/** Work that comes to one of these answers. */
type WorkOf<A extends Answers> = (tx: Tx) => Promise<OutcomeOf<A>>;

/** A request that was authorised and read. */
export type Call<K extends Kind, B = undefined> = {
  ctx: HttpContext;
  caller: K['caller'];
  /** As what the caller is let in here; none where the route is of no workspace. */
  holder: Holder | undefined;
  /** The workspace of the path or of the credentials. Routes of no workspace never look at it. */
  workspace: Workspace;
  params: Readonly<Record<string, string>>;
  query: K['query'];
  body: B;
  /** The body as it came, for routes that take files. */
  rawBody: Buffer;
  contentType: string;
  /** The state of a thing that is to be changed, as the caller knows it. */
  ifMatch: string | undefined;
  /** By our clock. */
  nowMs: number;
  /** By the workspace's clock. */
  workspaceNowMs: number;
  /** What the Authorization header holds after its scheme. */
  credential: string;
  /** Absolute URL of the path that was asked for, without query. */
  url: string;
  /** Runs something once the transaction has committed. */
  afterCommit: (run: () => void | Promise<void>) => void;
};

/** Who may call a route: somebody of a workspace whose role has the action, somebody known, or anybody. */
export type Guarded = {
  of: 'workspace' | 'caller' | 'nobody';
  /** What the caller must be allowed to do in the workspace, by the table of roles. */
  action: Action;
};

type Common = Guarded & {
  path: string;
  /** What it is for, in one line: the summary in the API's reference. */
  does?: string;
  answers?: Answers;
  /** What its answer is, where that is not JSON: a text, or a stream of one. */
  mediaType?: string;
};

/** A route that changes nothing. */
type Read<K extends Kind> = Common &
  K['more'] & { kind: 'read'; method: 'GET'; handle(call: Call<K>): Promise<Outcome> };

/**
 * A route that changes something, once per Idempotency-Key. Reads and checks what it needs first and then gives its work: what
 * holds a transaction must not wait for another connection, as a look-up in the directory may.
 */
export type Write<K extends Kind> = Common &
  K['more'] & {
    kind: 'write';
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    body?: TSchema;
    /** Most that its body may be, where that is not what the door takes anywhere. */
    bodyBytes?: number;
    /** Takes a body of parts, up to so many bytes. */
    upload?: number;
    /** Takes a list of such bodies, too. */
    orArray?: boolean;
    /** Its answer holds a secret, which is kept sealed where answers are kept for repeats. */
    secret?: boolean;
    /** A field of the body that names the request, as an Idempotency-Key does, where there is none. */
    keyField?: string;
    /** Fields that hold a secret: they do not count when two requests are compared. */
    secretFields?: readonly string[];
    /** Its work calls a provider or has transactions of its own, so that only few of its kind run at a time. */
    outside?: boolean;
    handle(call: Call<K, never>): Promise<Work | Joined | Outcome>;
  };

/** A route. */
export type Route<K extends Kind> = Read<K> | Write<K>;

/** What is written down of a route; it is of a workspace where it does not say. */
type Given<K extends Kind, R> = Omit<R, 'kind' | 'handle' | 'of' | 'body' | 'method' | 'answers'> &
  K['more'] & { of?: Guarded['of'] };
type GivenWrite<K extends Kind> = Given<K, Write<K>> & { method?: Write<K>['method'] };

/** The ways in which a door writes its routes down. */
export function routesOf<K extends Kind>() {
  const read = { kind: 'read', method: 'GET', of: 'workspace' } as const;
  const write = { kind: 'write', method: 'POST', of: 'workspace' } as const;
  return {
    /** A route that changes nothing. */
    reads: <A extends Answers>(
      route: Given<K, Read<K>> & { answers?: A; handle(call: Call<K>): Promise<OutcomeOf<NoInfer<A>>> },
    ) => ({ ...read, ...route }) as unknown as Read<K>,
    /** A route that takes a body and changes something. */
    writes: <B extends TSchema, A extends Answers>(
      route: GivenWrite<K> & {
        body: B;
        answers?: A;
        handle(call: Call<K, Static<B>>): Promise<WorkOf<NoInfer<A>> | Joined | Fault>;
      },
    ) => ({ ...write, ...route }) as unknown as Write<K>,
    /** A route that takes one body or a list of them, where the door's `readBody` reads it so. */
    writesMany: <B extends TSchema, A extends Answers>(
      route: GivenWrite<K> & {
        body: B;
        answers?: A;
        handle(call: Call<K, Many<Static<B>>>): Promise<WorkOf<NoInfer<A>> | Fault>;
      },
    ) => ({ ...write, ...route, orArray: true }) as unknown as Write<K>,
    /**
     * A route in a flood: its handler keeps what it is given in a transaction with what comes at the same time, and answers when that
     * is committed. Nothing is remembered by Idempotency-Key here.
     */
    keeps: <B extends TSchema, A extends Answers>(
      route: GivenWrite<K> & {
        body: B;
        answers?: A;
        handle(call: Call<K, Static<B>>): Promise<OutcomeOf<NoInfer<A>>>;
      },
    ) => ({ ...write, ...route }) as unknown as Write<K>,
    /** A route that changes something without being told more than its path. */
    acts: <A extends Answers>(
      route: GivenWrite<K> & { answers?: A; handle(call: Call<K>): Promise<WorkOf<NoInfer<A>> | Fault> },
    ) => ({ ...write, ...route }) as unknown as Write<K>,
  };
}

/** The bodies of a route that takes a list; `many` says that they came as one. */
type Many<B> = { many: boolean; bodies: B[] };

/** True when the caller may do it, by the table of roles: for what a route decides by its body. */
export function may({ holder }: { holder: Holder | undefined }, action: Action): true | Fault {
  return holder === undefined ? fault('forbidden', 'This is of a workspace.') : can(holder, action);
}

/** A fault for the first part of a URL that no name can hold: Postgres knows no such text. */
export function oddText(parts: Iterable<readonly [string, string]>): Fault | undefined {
  for (const [name, text] of parts)
    if ([name, text].some((one) => one.includes('\0') || !one.isWellFormed()))
      return breaks(
        beginningOf(name.replaceAll('\0', '').toWellFormed(), 64),
        'must not hold the character U+0000 or half a surrogate pair',
      );
  return undefined;
}

/** A query whose names are each given once. */
export function queryOnce(query: unknown): Readonly<Record<string, string>> | Fault {
  const given = query as Record<string, string | string[]>;
  const twice = Object.keys(given).find((name) => Array.isArray(given[name]));
  if (twice !== undefined) return fault('bad_request', `${beginningOf(twice, 64)}: is given twice`);
  const once = given as Record<string, string>;
  return oddText(Object.entries(once)) ?? once;
}
