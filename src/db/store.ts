/**
 * The database as a start finds it: waited for while it comes up, looked at for what would break Parley silently, brought up to
 * date. What is wrong is said with the setting that is wrong.
 */
import { join, resolve } from 'node:path';
import { pause, type Clock } from '../base/clock.ts';
import type { Config } from '../base/config.ts';
import type { Log } from '../base/log.ts';
import { StartRefusal } from '../base/refusal.ts';
import { startPostgres } from './embedded/embedded.ts';
import { migrate } from './migrate.ts';
import { ensurePartitions } from './partitions.ts';
import { openPool, type Connection, type Sql } from './pool.ts';
import { isConnectionLost } from './errors.ts';
import { sharesConnections } from './pooler.ts';

/**
 * The database, open. `aside` is one connection for what is read in the middle of a transaction and kept in memory: were it of the
 * pool, as many transactions as there are connections would wait for each other to give one back.
 */
export type Store = { sql: Sql; aside: Sql; stop(): Promise<void> };

/** What opening takes: `connection` instead of what the settings name. */
export type StoreDeps = {
  config: Pick<Config, 'databaseUrl' | 'databaseWaitMs' | 'dataDir' | 'poolSize'>;
  connection?: Connection | undefined;
  /** Whoever asks the pool for a second connection inside a transaction is refused (db/pool.ts). */
  strict?: boolean | undefined;
  clock: Clock;
  log: Log;
  /** What the server calls the connections. */
  name?: string;
};

const LOOK_AGAIN_MS = 250;
/** Connections kept for statements by key, where the pool is large enough to be divided. */
const KEPT_FOR_KEYED = 2;
const POOL_DIVIDED = 6;

/** Opens the database and brings it up to date. Throws a StartRefusal for what a setting can mend. */
export async function openStore(deps: StoreDeps): Promise<Store> {
  const { config, connection: given, clock, log, name = 'parley' } = deps;
  const embedded =
    given || config.databaseUrl
      ? undefined
      : await startPostgres({ dataDir: join(resolve(config.dataDir), 'postgres'), log });
  const connection = given ?? (config.databaseUrl || embedded!.connection);
  let wasUp = false;
  const sql = openPool(connection, {
    max: config.poolSize,
    keptForKeyed: config.poolSize >= POOL_DIVIDED ? KEPT_FOR_KEYED : 0,
    name,
    strict: deps.strict === true,
    onOutage: (state, error) => {
      // What is not there yet is waited for, and was not lost.
      if (!wasUp) return;
      if (state === 'lost') log.warn({ error }, 'the database is lost');
      else log.warn({}, 'the database is back');
    },
  });
  const aside = openPool(connection, { max: 1, name: `${name} aside` });
  const stop = async () => {
    await Promise.all([sql.end({ timeout: 5 }), aside.end({ timeout: 5 })]);
    await embedded?.stop();
  };
  try {
    await waitUntilUp(sql, clock, log, config.databaseWaitMs);
    wasUp = true;
    if (!embedded && (await sharesConnections(sql))) throw new StartRefusal(POOLED);
    await bringUpToDate([sql, aside], connection, deps);
    await ensurePartitions(sql, clock.nowMs());
  } catch (error) {
    await stop();
    throw config.databaseUrl && !given ? refusalOf(error, config.databaseUrl) : error;
  }
  return { sql, aside, stop };
}

/** On a connection that is closed then: one that has made all tables keeps 8 MB of what it knew of them, for as long as it is used. */
async function bringUpToDate(
  pools: readonly Sql[],
  connection: Connection,
  { clock, log, name }: StoreDeps,
): Promise<void> {
  const once = openPool(connection, { max: 1, name: `${name ?? 'parley'} migrations` });
  try {
    const ran = await migrate(once, clock.nowMs(), log);
    if (ran.length) log.info({ ran }, 'the store was brought up to date');
    for (const { placement } of pools) Object.assign(placement, once.placement);
  } finally {
    await once.end();
  }
}

/** What is said of a pooler that shares connections. */
export const POOLED =
  'PARLEY_DATABASE_URL leads to a pooler that lends connections by the transaction (PgBouncer: pool_mode = transaction). ' +
  'Parley keeps prepared statements, locks and LISTEN on its connections, which break there without an error. ' +
  'Name Postgres itself, or a database of the pooler with pool_mode = session; Parley has a pool of its own (PARLEY_POOL_SIZE).';

/** Waits while the server cannot be reached or is starting; anything else goes on at once. */
async function waitUntilUp(sql: Sql, clock: Clock, log: Log, waitMs: number): Promise<void> {
  const startMs = clock.monotonicMs();
  for (let told = false; ; told = true) {
    try {
      await sql.unsafe('SELECT 1');
      if (told) log.info({}, 'the database answers');
      return;
    } catch (error) {
      if (!isComingUp(error) || clock.monotonicMs() - startMs >= waitMs) throw error;
      if (!told) log.warn({ error, waitMs }, 'the database does not answer yet; waiting for it');
      await pause(clock, LOOK_AGAIN_MS);
    }
  }
}

/** A server that is away or starting, or a name that is not there yet, as with containers that start together. */
function isComingUp(error: unknown): boolean {
  const { code } = error as { code?: string };
  return isConnectionLost(error) && code !== '25006';
}

/** SQLSTATEs and system errors that a setting can mend, with what is wrong. */
const REASONS: Readonly<Record<string, string>> = {
  '28P01': 'the password or the user is not accepted',
  '28000': 'the server does not let this user in',
  '3D000': 'there is no such database; make it (createdb)',
  '42501':
    'the role may not do what a start needs; it must own the database, or its schema (GRANT CREATE, USAGE)',
  '25006': 'the server or the role is read-only (a standby, or default_transaction_read_only)',
  '53300': 'the server has no connection left (max_connections)',
  '53100': 'the disk of the server is full',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host cannot be looked up',
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'there is no such socket',
  ETIMEDOUT: 'there is no answer',
  CONNECTION_LOST: 'there is no answer',
};

/** The error with the setting it comes from, when it comes from one; as it is otherwise. */
export function refusalOf(error: unknown, databaseUrl: string): unknown {
  const { code, message } = error as { code?: string; message?: string };
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason === undefined) return error;
  return new StartRefusal(`PARLEY_DATABASE_URL (${shown(databaseUrl)}): ${reason}: ${message || code}`);
}

/** The URL without its password. */
function shown(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/, '$1:…@');
}
