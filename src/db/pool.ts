/**
 * The connection pool, transactions and notifications, over `pg`. Knows no table of the domain.
 *
 * postgres.js is faster per statement, but throws outside any promise when a backend dies within a transaction
 * (its issues 1154 and 1208): a Postgres that is restarted would take Parley with it. Everything hot here is a batch, for which
 * the two cost the same.
 */
import { isConnectionLost, isDiskFull } from './errors.ts';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Writable } from 'node:stream';
import pg from 'pg';
import { configOf, type Connection } from './connection.ts';
import { listenOn } from './listen.ts';
import { createTurns, type Turns } from '../base/turns.ts';
import { createPlans } from './plans.ts';
import {
  tagOn,
  type Execute,
  type AskedManner,
  type Placement,
  type Rows,
  type Statement,
  type Tag,
  type Manner,
} from './statement.ts';

import { inTransaction, type Tx } from './transaction.ts';

export type { Connection } from './connection.ts';
export type { Tx } from './transaction.ts';

/** Whatever a statement can run on: the pool, or a transaction. */
export type Db = Tag;
/** The pool. */
export type Sql = Tag & {
  /** Runs `work` in a transaction; what it throws rolls back. */
  begin<T>(work: (tx: Tx) => Promise<T>, manner?: Manner): Promise<T>;
  /**
   * One connection for statements that are asked at the same time, without a transaction: they leave in one write and run one after the
   * other, each seeing what is committed by then. One wait instead of one each.
   */
  together<T>(work: (db: Db) => Promise<T>, manner?: Manner): Promise<T>;
  /** A connection of one's own, until it is released. */
  reserve(): Promise<Tag & { release(): void }>;
  /** Hears notifications on a channel; reconnects by itself. What is sent meanwhile is missed, and `missed` says so. */
  listen(
    channel: string,
    heard: (payload: string) => void,
    missed?: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
  notify(channel: string, payload: string): Promise<void>;
  /** Connections of the pool now, and statements that wait for one. */
  use: () => { open: number; idle: number; waiting: number };
  /** Whether a statement met a full disk since `diskHasRoom` was told. */
  diskWasFull: () => boolean;
  diskHasRoom: () => void;
  /** Waits for what runs, at most `timeout` seconds, and closes. */
  end(options?: { timeout?: number }): Promise<void>;
};
/** A part of a statement. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Fragment = Statement<any>;

/** What the pool needs of pg's. */
export type Connections = {
  connect(): Promise<Pick<pg.PoolClient, 'query' | 'release'> & { connection?: { stream: Writable } }>;
  query: pg.PoolClient['query'];
  end(): Promise<void>;
} & Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>;
type Asked = Pick<Connections, 'query'> & { connection?: { stream: Writable } };

const INT8_OID = 20;
/** int2[], int4[], int8[] */
const INT_ARRAY_OIDS: ReadonlySet<number> = new Set([1005, 1007, 1016]);
const parseAnyArray = pg.types.getTypeParser(1005 as never) as (text: string) => (number | null)[];

/** pg's own parser goes through an array sign by sign, for dimensions and quotes that whole numbers hardly have: ten times as dear. */
function wholeNumbers(text: string): (number | null)[] {
  if (text === '{}') return [];
  return text.startsWith('{') && !text.includes('{', 1)
    ? text
        .slice(1, -1)
        .split(',')
        .map((item) => (item === 'NULL' ? null : Number(item)))
    : parseAnyArray(text);
}

/** Integers come as numbers: ids and times are under 2^53 by construction (base/ids.ts). */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8_OID) return Number;
    if (INT_ARRAY_OIDS.has(oid)) return wholeNumbers;
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- any oid may come
    return pg.types.getTypeParser(oid, format);
  },
};

/** What a pool is opened with. */
type PoolOptions = {
  max: number;
  /** Shows in pg_stat_activity. */
  name: string;
  /** Hears every text, for tests. */
  onStatement?: (text: string) => void;
  /** Told of each outage once: when the first statement meets it, and when one succeeds again. */
  onOutage?: (state: 'lost' | 'back', error?: unknown) => void;
  /** Refuses a second connection inside a transaction. */
  strict?: boolean;
  /**
   * Connections that only `keyed` work gets (statement.ts): it does not wait behind the batches of a broadcast, an import, or the lists of a
   * page. None when absent.
   */
  keptForKeyed?: number;
  /** Brings connections of its own making, for the simulation. */
  pool?: (settings: pg.PoolConfig) => Connections;
};

/**
 * Opens a pool; connections are made on first use.
 *
 * A `strict` pool, as tests have it, refuses whoever asks it for a connection inside one of its own transactions. Such work holds one
 * connection while it waits for another: as many at once as there are connections, and they wait for each other until they time out.
 * Inside a transaction everything goes to the transaction, or to a pool that has none (`aside` in db/store.ts).
 */
export function openPool(connection: Connection, options: PoolOptions): Sql {
  const settings = { ...configOf(connection), application_name: options.name, types };
  const pool = (options.pool ?? createPool)({ ...settings, max: options.max });
  const names = statementNames();
  const heard = options.onStatement;
  const outage = outageOf(options.onOutage);
  const listeners = new Set<{ close(): Promise<void> }>();
  const placement: Placement = { distributed: false };
  const rule = options.strict ? noneWithin() : undefined;

  const run = async (client: Asked, text: string, values: unknown[], prepare: boolean) => {
    heard?.(text);
    inOneWrite(client);
    const name = prepare ? names(text) : undefined;
    const result = await client
      .query(name ? { name, text, values } : values.length ? { text, values } : text)
      .catch(outage.failed);
    outage.succeeded();
    return rowsOf(result);
  };
  const on =
    (client: Asked): Execute =>
    (text, values, prepare) =>
      run(client, text, values, prepare);

  const inTurn = options.keptForKeyed
    ? createTurns(options.max - options.keptForKeyed, { ms: LONGEST_WAIT_MS, tooLate: noConnection })
    : AT_ONCE;
  const using = usingOne(pool, outage, placement, inTurn);
  const begin: Sql['begin'] = async (work, manner = 'free') => {
    rule?.check('BEGIN');
    const watched = rule ? rule.watching(work) : work;
    return await using(manner, (client) => inTransaction(on(client), placement, watched));
  };

  return Object.assign(
    tagOn(async (text, values, prepare, manner) => {
      rule?.check(text);
      return await using(manner, (client) => run(client, text, values, prepare));
    }, placement),
    {
      begin,
      async together<T>(work: (db: Db) => Promise<T>, manner: Manner = 'free') {
        rule?.check('statements together');
        return await using(manner, (client) => work(tagOn(on(client), placement)));
      },
      async reserve() {
        rule?.check('a connection of its own');
        const client = await pool.connect().catch(lost);
        return Object.assign(tagOn(on(client), placement), { release: () => client.release() });
      },
      async listen(channel: string, told: (payload: string) => void, missed?: () => void) {
        const listener = await listenOn(settings, channel, told, missed);
        listeners.add(listener);
        return {
          async unlisten() {
            listeners.delete(listener);
            await listener.close();
          },
        };
      },
      notify: async (channel: string, payload: string) =>
        void (await pool.query('SELECT pg_notify($1, $2)', [channel, payload]).catch(lost)),
      ...seenOf(pool, outage),
      async end({ timeout }: { timeout?: number } = {}) {
        await Promise.allSettled([...listeners].map((listener) => listener.close()));
        const ended = pool.end();
        if (timeout === undefined) return await ended;
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, timeout * 1000).unref())]);
      },
    },
  );
}

/** Work on one connection of the pool, for as long as it takes; what is free, and a batch, waits for its turn first. */
function usingOne(
  pool: Connections,
  outage: ReturnType<typeof outageOf>,
  placement: Placement,
  inTurn: Turns,
) {
  const plan = createPlans();
  const use = async <T>(manner: AskedManner, work: (client: Asked) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch(outage.failed);
    inOneWrite(client);
    plan(client, placement.distributed ? 'free' : manner);
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      client.release(isConnectionLost(error));
      throw error;
    }
  };
  return async <T>(manner: AskedManner, work: (client: Asked) => Promise<T>): Promise<T> =>
    manner === 'free' || manner === 'keyed batch'
      ? await inTurn(() => use(manner, work))
      : await use(manner, work);
}

/** For a connection. */
const LONGEST_WAIT_MS = 30_000;
const AT_ONCE: Turns = (work) => work();
const noConnection = () =>
  Object.assign(new Error(`no connection in ${LONGEST_WAIT_MS} ms`), { code: 'CONNECTION_LOST' });

/** Knows, by whatever was begun in it, what runs inside a transaction. Nobody waits for a notification, so those are let be. */
function noneWithin() {
  const within = new AsyncLocalStorage<{ open: boolean }>();
  return {
    check(what: string): void {
      if (!within.getStore()?.open) return;
      throw new Error(
        `inside a transaction the pool was asked for another connection: ${what.trim().slice(0, 200)}`,
      );
    },
    watching:
      <T>(work: (tx: Tx) => Promise<T>) =>
      async (tx: Tx): Promise<T> => {
        // What outlives the transaction (a timer that was set in it) may ask again.
        const mark = { open: true };
        try {
          return await within.run(mark, () => work(tx));
        } finally {
          mark.open = false;
        }
      },
  };
}

function createPool(settings: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    ...settings,
    // Statements of a transaction that do not wait for each other go out together, each with a sync of its own.
    pipeline: true,
    idleTimeoutMillis: 60_000,
    // Covers waiting for a free connection too.
    connectionTimeoutMillis: LONGEST_WAIT_MS,
    // A connection is renewed now and then, so that the memory a backend has gathered (plans, catalog) is given back.
    maxLifetimeSeconds: 30 * 60,
  });
  // A connection that dies while idle is dropped by the pool; whoever uses one that dies hears of it through their statement.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const corked = new WeakSet<Writable>();

/** What is asked of a connection in one turn leaves in one write: each of its own wakes the backend, and costs more than the bytes. */
function inOneWrite({ connection }: Asked): void {
  const stream = connection?.stream;
  if (!stream || corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  process.nextTick(() => {
    corked.delete(stream);
    stream.uncork();
  });
}

/** Statements that come back are prepared under a name; a text that is seen once (a filter somebody made up) is not. */
function statementNames(): (text: string) => string | undefined {
  const MOST = 2_000;
  const names = new Map<string, string | undefined>();
  let count = 0;
  return (text) => {
    const known = names.get(text);
    if (known) return known;
    if (!names.has(text)) {
      if (names.size < MOST) names.set(text, undefined);
      return undefined;
    }
    const name = `p${++count}`;
    names.set(text, name);
    return name;
  };
}

type Result = pg.QueryResult<Record<string, unknown>>;

function rowsOf(result: Result | Result[]): Rows<Record<string, unknown>[]> {
  const last = Array.isArray(result) ? result.at(-1)! : result;
  // Not enumerable: rows compare and print as the rows they are.
  return Object.defineProperties(last.rows ?? [], {
    count: { value: last.rowCount ?? 0 },
    command: { value: last.command },
  }) as unknown as Rows<Record<string, unknown>[]>;
}

/** What the pool tells of itself. */
function seenOf(pool: Connections, { diskWasFull, diskHasRoom }: ReturnType<typeof outageOf>) {
  const use = () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount });
  return { use, diskWasFull, diskHasRoom };
}

/** Follows whether the database is there, and whether its disk has room, by how statements end. */
function outageOf(told: ((state: 'lost' | 'back', error?: unknown) => void) | undefined) {
  let away = false;
  let full = false;
  return {
    failed: (error: Error & { code?: string }): never => {
      try {
        return lost(error);
      } finally {
        if (isDiskFull(error)) full = true;
        else if (!away && isConnectionLost(error)) {
          away = true;
          told?.('lost', error);
        }
      }
    },
    succeeded: () => {
      if (!away) return;
      away = false;
      told?.('back');
    },
    diskWasFull: () => full,
    diskHasRoom: () => void (full = false),
  };
}

/** Gives errors of a lost connection a code; some of pg's have none. */
function lost(error: Error & { code?: string }): never {
  if (!error.code && /terminated|connection|not queryable|timeout|ended/i.test(error.message))
    error.code = 'CONNECTION_LOST';
  throw error;
}

/**
 * Thrown where what a transaction builds on was taken away by another one: rolled back and asked again, whoever asks sees it as it is.
 * The code is that of a serialization failure, which says just this.
 */
export function overtaken(what: string): Error {
  return Object.assign(new Error(what), { code: '40001' });
}
