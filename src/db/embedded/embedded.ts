/**
 * A Postgres of Parley's own, for installs that bring none: made on first use, started, watched, restarted
 * when it dies, and stopped with Parley. It outlives a killed Parley and is adopted by the next one.
 *
 * The data directory holds `cluster/` (Postgres's own files), `run/` (its socket), `password`, `postgres.log`
 * and, while a Parley runs, `owner.json`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DataDirectory,
  lockDirectory,
  prepareDirectory,
  processStamp,
  readPidFile,
} from './dataDirectory.ts';
import { openPool } from '../pool.ts';
import { chooseBinaries, type PostgresBinaries, PostgresRefusal } from './postgresBinaries.ts';
import { chooseAddress, USER, type EmbeddedConnection } from './address.ts';
import { keptPassword, makeCluster } from './cluster.ts';
import { launch } from './launch.ts';
import { leftServer, type ServerProcess } from './leftServer.ts';
import { trimLog } from './serverLog.ts';

/** The part of a pino logger that is used here. */
type EmbeddedLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** A running Postgres under supervision. */
export type EmbeddedPostgres = {
  /** Stays the same over restarts of the server. */
  readonly connection: EmbeddedConnection;
  /** The same for psql and pg_dump. Not for the `postgres` client, which cannot read a socket from a URL. */
  readonly url: string;
  readonly version: number;
  /** The server process; another one after a restart. */
  readonly pid: number;
  /** True when the server was left running by a Parley that was killed. */
  readonly adopted: boolean;
  /** Calls back after the server died and is up again. Connections were lost, acknowledged commits were not. */
  onRestart(listener: () => void): void;
  /** Fast shutdown: open transactions are rolled back. Safe to call twice; leaves nothing running. */
  stop(): Promise<void>;
};

/** What `startPostgres` needs; `settings` are Postgres settings that take the place of ours. */
type EmbeddedOptions = {
  dataDir: string;
  log: EmbeddedLog;
  settings?: Record<string, string>;
};

/**
 * Starts the Postgres of `dataDir`, or adopts the one still running there. Throws a PostgresRefusal, whose
 * message says what to do, when there is no server program, the directory is in use by another Parley, was
 * made by another major version, or Postgres does not come up.
 */
export async function startPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const wanted = path.resolve(options.dataDir);
  const binaries = chooseBinaries(path.join(wanted, 'cluster'));
  const directory = prepareDirectory(wanted, binaries, options.log);
  const unlock = lockDirectory(directory.dir);
  const server = new Supervisor(directory, binaries, options, unlock);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

class Supervisor implements EmbeddedPostgres {
  adopted = false;
  connection!: EmbeddedConnection;
  readonly version: number;
  readonly #directory: DataDirectory;
  readonly #binaries: PostgresBinaries;
  readonly #log: EmbeddedLog;
  readonly #settings: EmbeddedOptions['settings'];
  readonly #unlock: () => void;
  readonly #listeners: (() => void)[] = [];
  readonly #stopping = new AbortController();
  #process: ServerProcess = { pid: 0, stamp: undefined };
  #restart: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(
    directory: DataDirectory,
    binaries: PostgresBinaries,
    options: EmbeddedOptions,
    unlock: () => void,
  ) {
    this.#directory = directory;
    this.#binaries = binaries;
    this.#log = options.log;
    this.#settings = options.settings;
    this.#unlock = unlock;
    this.version = binaries.version;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get url(): string {
    const { host, port, username, password, database } = this.connection;
    return `postgres://${username}:${password}@${encodeURIComponent(host)}:${port}/${database}`;
  }

  onRestart(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async start(): Promise<void> {
    const { dir, cluster } = this.#directory;
    const password = keptPassword(this.#directory);
    if (!fs.existsSync(cluster)) {
      this.#log.info({ dir, version: this.version }, 'making the database');
      makeCluster(this.#directory, this.#binaries, password);
    }
    this.connection = { ...(await chooseAddress(dir)), username: USER, password, database: 'parley' };
    this.adopted = await this.#adopt();
    if (!this.adopted) await this.#launchPatiently();
    await this.#createDatabase();
    // Also watches a server that is not our child, of whose end the system does not tell us.
    this.#watch = setInterval(() => this.#look(), 500);
    this.#watch.unref();
    const { host } = this.connection;
    const { pid, adopted, version } = this;
    this.#log.info({ pid, version, host, binaries: this.#binaries.binDir, adopted }, 'Postgres is up');
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  /** Waits as long as the server lives: recovery after a crash takes minutes on a slow disk. */
  async #untilReady(): Promise<boolean> {
    for (let round = 1; ; round++) {
      const said = readPidFile(this.#directory.cluster);
      if (said?.pid === this.pid && said.status === 'ready') return true;
      if (!this.#alive()) return false;
      if (round % 400 === 0)
        this.#log.info({ pid: this.pid, status: said?.status }, 'Postgres is still starting');
      await sleep(25, undefined, { signal: this.#stopping.signal });
    }
  }

  async #launchPatiently(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const fault = await this.#launch();
      if (!fault) return;
      // What a killed server leaves behind goes away by itself: its backends end within moments.
      const passing = /shared memory block|Is another postmaster/.test(fault);
      if (!passing || attempt === 100) {
        throw new PostgresRefusal('failed', `Postgres did not start. It said: ${fault}`);
      }
      await sleep(250, undefined, { signal: this.#stopping.signal });
    }
  }

  /** Takes over the server a killed Parley left running. False when there is none. */
  async #adopt(): Promise<boolean> {
    const left = await leftServer(this.#directory);
    if (!left) return false;
    const { pid, stamp, host, port } = left;
    this.#process = { pid, stamp };
    this.connection = { ...this.connection, host, port };
    return this.#untilReady();
  }

  /** Starts a server and waits until it is ready; returns what it said when it is not. */
  async #launch(): Promise<string | undefined> {
    const server = await launch(this.#directory, this.#binaries, this.connection, this.#settings);
    if ('fault' in server) return server.fault;
    this.#process = { pid: server.pid, stamp: server.stamp };
    server.exited(() => this.#look());
    return (await this.#untilReady()) ? undefined : server.said();
  }

  #alive(): boolean {
    const { pid, stamp } = this.#process;
    return stamp !== undefined && processStamp(pid) === stamp;
  }

  /** Called at the child's end and twice a second. Before the first start is done, nothing is watched. */
  #look(): void {
    if (!this.#watch || this.#stopping.signal.aborted || this.#restart) return;
    if (!this.#alive()) this.#restart = this.#revive();
    else trimLog(path.join(this.#directory.dir, 'postgres.log'));
  }

  async #revive(): Promise<void> {
    this.#log.error({ pid: this.pid }, 'Postgres died, starting it again');
    for (let delay = 100; ; delay = Math.min(delay * 2, 5000)) {
      const fault = await this.#launch().catch(String);
      if (!fault || this.#stopping.signal.aborted) break;
      this.#log.error({ fault, retryInMs: delay }, 'Postgres did not start again');
      await sleep(delay, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    this.#restart = undefined;
    if (this.#stopping.signal.aborted) return;
    this.#log.warn({ pid: this.pid }, 'Postgres is up again');
    for (const listener of this.#listeners) listener();
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#watch);
    await this.#restart;
    // SIGINT is Postgres's fast shutdown, with a last checkpoint; SIGQUIT leaves that to the next start.
    for (const [signal, patienceMs] of [
      ['SIGINT', 60_000],
      ['SIGQUIT', 10_000],
      ['SIGKILL', 10_000],
    ] as const) {
      if (!this.#alive()) break;
      endProcess(this.pid, signal);
      const deadline = performance.now() + patienceMs;
      while (this.#alive() && performance.now() < deadline) await sleep(20);
    }
    this.#unlock();
  }

  async #createDatabase(): Promise<void> {
    const sql = openPool({ ...this.connection, database: 'postgres' }, { max: 1, name: 'supervisor' });
    try {
      const { database } = this.connection;
      const found = await sql`SELECT 1 FROM pg_database WHERE datname = ${database}`;
      if (found.length === 0) await sql.unsafe(`CREATE DATABASE "${database}"`);
    } catch (error) {
      const file = path.join(this.#directory.dir, 'password');
      const hint = `The password is in ${file}.`;
      throw new PostgresRefusal('failed', `Postgres is up but does not let us in: ${String(error)}. ${hint}`);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }
}

function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
