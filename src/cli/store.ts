/**
 * The database itself, for whoever administers the machine: to let the first person in, nobody can be asked by the API. Works
 * beside a Parley that runs, and without one.
 */
import { join, resolve } from 'node:path';
import { installSecret, openInstall } from '../accounts/secret.ts';
import { systemClock } from '../base/clock.ts';
import { readConfig, type Config } from '../base/config.ts';
import type { Vault } from '../base/crypto.ts';
import { idSource, type IdSource } from '../base/ids.ts';
import { createLog, type Log } from '../base/log.ts';
import { runningConnection } from '../db/embedded/leftServer.ts';
import { borrowIdPlaces } from '../db/idPlaces.ts';
import type { Sql } from '../db/pool.ts';
import { openStore } from '../db/store.ts';
import { CommandFailure } from './failure.ts';
import { readRuntime } from './runtime.ts';

/** The flags that name an install. */
export type StoreFlags = { data?: string };

/** What commands on the database work with. */
export type Admin = { sql: Sql; ids: IdSource; vault: Vault; config: Config; nowMs: number };

/** The settings in force for a command; the faults end it. */
export function settingsFor(flags: StoreFlags): Config {
  const env = { ...process.env, ...(flags.data === undefined ? {} : { PARLEY_DATA_DIR: flags.data }) };
  const config = readConfig(env);
  if (!('faults' in config)) return config;
  throw new CommandFailure(
    `These settings are wrong:\n${config.faults.map((fault) => `  ${fault}`).join('\n')}`,
    2,
  );
}

/** Runs work on the database alone: for what must not ask for the secret first. */
export async function withDatabase<T>(config: Config, work: (sql: Sql) => Promise<T>): Promise<T> {
  const log = logOf(config);
  const running = config.databaseUrl
    ? undefined
    : runningConnection(join(resolve(config.dataDir), 'postgres'));
  const few = { ...config, poolSize: 2 };
  const store = await openStore({
    config: few,
    connection: running,
    clock: systemClock,
    log,
    name: 'parley admin',
  });
  try {
    return await work(store.sql);
  } finally {
    await store.stop();
  }
}

/** Runs work on the database of an install, under its secret. */
export async function withInstall<T>(flags: StoreFlags, work: (admin: Admin) => Promise<T>): Promise<T> {
  const config = settingsFor(flags);
  return await withDatabase(config, async (sql) => {
    const whence = config.secret ? 'PARLEY_SECRET' : `the secret kept in ${config.dataDir}`;
    const vault = await openInstall(sql, await installSecret(config), whence);
    const places = await borrowIdPlaces({ sql, clock: systemClock, log: logOf(config) });
    try {
      const ids = idSource(places.current, () => systemClock.nowMs());
      return await work({ sql, ids, vault, config, nowMs: systemClock.nowMs() });
    } finally {
      await places.stop();
    }
  });
}

/** A command says what it did by itself; of the log only what is amiss, unless more is asked for. */
function logOf(config: Config): Log {
  return createLog(process.env['PARLEY_LOG_LEVEL'] ? config.logLevel : 'warn');
}

/** Where people reach the server of an install, as far as is known here. */
export async function addressOf(config: Config): Promise<string> {
  const listens = `http://${config.host}:${config.port}`;
  return config.publicUrl || ((await readRuntime(config.dataDir))?.url ?? listens);
}
