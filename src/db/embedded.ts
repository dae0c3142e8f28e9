/**
 * A Postgres of Parley's own, for installs that bring none: made on first use, started, watched, restarted
 * when it dies, and stopped with Parley. It outlives a killed Parley and is adopted by the next one.
 *
 * The data directory holds `cluster/` (Postgres's own files), `run/` (its socket), `password`, `postgres.log`
 * and, while a Parley runs, `owner.json`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DataDirectory,
  lockDirectory,
  prepareDirectory,
  processName,
  processStamp,
  readPidFile,
} from './dataDirectory.ts';
import { openPool } from './pool.ts';
import { chooseBinaries, type PostgresBinaries, PostgresRefusal } from './postgresBinaries.ts';

/** The part of a pino logger that is used here. */
export type EmbeddedLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** What is needed to connect. `host` is a folder when the server listens on a socket. */
export type EmbeddedConnection = {
  host: string;
  port: number;
  username: string;
  password: string;
  database: string;
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
export type EmbeddedOptions = {
  dataDir: string;
  log: EmbeddedLog;
  settings?: Record<string, string>;
};

const USER = 'parley';
const PORT = 5432;

// sockaddr_un holds 104 bytes on macOS and 108 on Linux, the final zero included.
const LONGEST_SOCKET_PATH = 99;
const LOG_LIMIT_BYTES = 10_000_000;

/**
 * For a small machine that runs Parley too. What is not here is as Postgres has it: fsync, full page writes
 * and synchronous commits are on, since an accepted message must survive a power cut.
 */
const ourSettings: Record<string, string> = {
  shared_buffers: '64MB',
  max_connections: '60',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  // A broadcast writes hundreds of MB; with the stock 5 minutes, full page images double that.
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // What is looked up by key is in memory or on flash. With the stock 4, made for turning disks, a batch of 500 look-ups
  // reads all of a table of 100,000 rows instead (21 ms for 0.5).
  random_page_cost: '1.1',
  // Compiling pays off for statements of seconds. Ours take milliseconds, and each backend would load LLVM.
  jit: 'off',
  // Queue tables turn over completely within a broadcast: look often, and do not pause while cleaning.
  autovacuum_naptime: '10s',
  autovacuum_vacuum_scale_factor: '0.05',
  autovacuum_analyze_scale_factor: '0.05',
  autovacuum_vacuum_cost_limit: '2000',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  // Statements and row values hold phone numbers and names; they stay out of the log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  cluster_name: 'parley',
};

/**
 * Starts the Postgres of `dataDir`, or adopts the one still running there. Throws a PostgresRefusal, whose
 * message says what to do, when there is no server program, the directory is in use by another Parley, was
 * made by another major version, or Postgres does not come up.
 */
export async function startPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const wanted = path.resolve(options.dataDir);
  const binaries = chooseBinaries(path.join(wanted, 'cluster'));
  const place = prepareDirectory(wanted, binaries, options.log);
  const unlock = lockDirectory(place.dir);
  const server = new Supervisor(place, binaries, options, unlock);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** How to reach the server that runs on a data directory now, for who may read its password; undefined when none does. */
export function runningConnection(dataDir: string): EmbeddedConnection | undefined {
  let password: string;
  let cluster: string;
  try {
    password = fs.readFileSync(path.join(dataDir, 'password'), 'utf8').trim();
    cluster = path.join(fs.realpathSync(dataDir), 'cluster');
  } catch {
    return undefined;
  }
  const left = readPidFile(cluster);
  if (!left || left.dir !== cluster || !processStamp(left.pid) || !isServer(left.pid)) return undefined;
  return {
    host: left.socketDir || '127.0.0.1',
    port: left.port,
    username: USER,
    password,
    database: 'parley',
  };
}

class Supervisor implements EmbeddedPostgres {
  adopted = false;
  connection!: EmbeddedConnection;
  readonly version: number;
  readonly #place: DataDirectory;
  readonly #binaries: PostgresBinaries;
  readonly #log: EmbeddedLog;
  readonly #settings: Record<string, string>;
  readonly #unlock: () => void;
  readonly #listeners: (() => void)[] = [];
  readonly #stopping = new AbortController();
  #process: { pid: number; stamp: string | undefined } = { pid: 0, stamp: undefined };
  #restart: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(
    place: DataDirectory,
    binaries: PostgresBinaries,
    options: EmbeddedOptions,
    unlock: () => void,
  ) {
    this.#place = place;
    this.#binaries = binaries;
    this.#log = options.log;
    this.#settings = { ...ourSettings, ...options.settings };
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
    const password = this.#password();
    if (!fs.existsSync(this.#place.cluster)) this.#initialise(password);
    this.connection = { ...(await this.#address()), username: USER, password, database: 'parley' };
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

  #password(): string {
    const file = path.join(this.#place.dir, 'password');
    const kept = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
    if (kept) return kept;
    if (fs.existsSync(this.#place.cluster)) {
      throw new PostgresRefusal(
        'failed',
        `The database's password file ${file} is missing or empty: restore it.`,
      );
    }
    fs.rmSync(file, { force: true });
    const password = randomBytes(24).toString('base64url');
    fs.writeFileSync(file, password, { mode: 0o600, flag: 'wx', flush: true });
    return password;
  }

  /** initdb works beside the final place, so that one that was cut short is never taken for a cluster. */
  #initialise(password: string): void {
    const { dir, cluster, account } = this.#place;
    this.#log.info({ dir, version: this.version }, 'making the database');
    const draft = `${cluster}.new`;
    const told = path.join(dir, 'run', 'password');
    fs.rmSync(told, { force: true });
    fs.writeFileSync(told, password, { mode: 0o600, flag: 'wx' });
    if (account) fs.lchownSync(told, account.uid, account.gid);
    // C compares bytes, which is the fastest order and the same on every machine; C.UTF-8 knows the case of
    // letters outside ASCII. macOS may lack C.UTF-8 before Postgres 17, which has its own.
    const locales =
      this.version >= 17
        ? [['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']]
        : [['--lc-collate=C', '--lc-ctype=C.UTF-8', '--locale=C'], ['--locale=C']];
    const args = ['-D', draft, '--encoding=UTF8', '--auth=scram-sha-256', `--username=${USER}`];
    let fault = '';
    for (const locale of locales) {
      fs.rmSync(draft, { recursive: true, force: true });
      fs.mkdirSync(draft, { mode: 0o700 });
      if (account) fs.chownSync(draft, account.uid, account.gid);
      try {
        execFileSync(path.join(this.#binaries.binDir, 'initdb'), [...args, ...locale, `--pwfile=${told}`], {
          ...account,
          cwd: draft,
          env: serverEnvironment(),
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        fs.rmSync(told);
        fs.renameSync(draft, cluster);
        return;
      } catch (error) {
        fault = (error as Error).message;
      }
    }
    throw new PostgresRefusal('failed', `Postgres could not make its data directory. ${fault}`);
  }

  /** A socket is faster than TCP and only our account can reach it; its path must fit, though. */
  async #address(): Promise<{ host: string; port: number }> {
    const runDir = path.join(this.#place.dir, 'run');
    if (Buffer.byteLength(socketFile(runDir, PORT)) <= LONGEST_SOCKET_PATH)
      return { host: runDir, port: PORT };
    return { host: '127.0.0.1', port: await freePort() };
  }

  /** Takes over the server a killed Parley left running. False when there is none. */
  async #adopt(): Promise<boolean> {
    const { cluster, dir } = this.#place;
    const left = readPidFile(cluster);
    // Another directory's name: a copy made of a running cluster. Postgres itself decides about that.
    if (!left || left.dir !== cluster) return false;
    const host = left.socketDir || '127.0.0.1';
    const stamp = processStamp(left.pid);
    if (!stamp) {
      if (!(await answers(host, left.port))) return false;
      throw new PostgresRefusal(
        'in-use',
        `The data directory ${dir} is served by a Postgres that is not visible from here, for example in another ` +
          'container. Stop that one first.',
      );
    }
    // The number was given to another program since.
    if (!isServer(left.pid)) return false;
    this.#process = { pid: left.pid, stamp };
    this.connection = { ...this.connection, host, port: left.port };
    return this.#untilReady();
  }

  /** Waits as long as the server lives: recovery after a crash takes minutes on a slow disk. */
  async #untilReady(): Promise<boolean> {
    for (let round = 1; ; round++) {
      const said = readPidFile(this.#place.cluster);
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

  /** Starts a server and waits until it is ready; returns what it said when it is not. */
  async #launch(): Promise<string | undefined> {
    const { cluster, dir, account } = this.#place;
    const logFile = path.join(dir, 'postgres.log');
    const output = openLog(logFile);
    const from = fs.fstatSync(output).size;
    const { host, port } = this.connection;
    const settings: Record<string, string> = {
      ...this.#settings,
      port: String(port),
      listen_addresses: host.startsWith('/') ? '' : host,
      unix_socket_directories: host.startsWith('/') ? host : '',
      unix_socket_permissions: '0700',
      fsync: 'on',
      // No worker processes for I/O: an idle server of 6 processes takes 19 MB (PSS), with 3 workers 28 MB.
      ...(this.version >= 18 ? { io_method: 'sync' } : {}),
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // In a process group of its own: a terminal's Ctrl-C is for Parley, which still needs its database to drain.
    const child = spawn(path.join(this.#binaries.binDir, 'postgres'), ['-D', cluster, ...flags], {
      ...account,
      cwd: cluster,
      detached: true,
      env: { ...serverEnvironment(), ...ignoreDeadServer(cluster) },
      stdio: ['ignore', output, output],
    });
    fs.closeSync(output);
    let failed: Error | undefined;
    child.once('error', (error) => (failed = error));
    child.unref();
    const pid = child.pid;
    if (pid === undefined) {
      await sleep(0);
      return failed?.message ?? 'it could not be run';
    }
    this.#process = { pid, stamp: processStamp(pid) };
    child.once('exit', () => this.#look());
    if (await this.#untilReady()) return undefined;
    return fs.readFileSync(logFile).subarray(from).toString('utf8').trim() || 'nothing';
  }

  #alive(): boolean {
    const { pid, stamp } = this.#process;
    return stamp !== undefined && processStamp(pid) === stamp;
  }

  /** Called at the child's end and twice a second. Before the first start is done, nothing is watched. */
  #look(): void {
    if (!this.#watch || this.#stopping.signal.aborted || this.#restart) return;
    if (!this.#alive()) this.#restart = this.#revive();
    else trimLog(path.join(this.#place.dir, 'postgres.log'));
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
      const file = path.join(this.#place.dir, 'password');
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

/** Nothing of ours: PGPORT, PGDATA or a locale of the shell would change what the server does. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C' };
}

function isServer(pid: number): boolean {
  return processStamp(pid) !== undefined && processName(pid).includes('postgres');
}

/**
 * Postgres takes the number in a left postmaster.pid for a server as long as any process has it: another
 * program, or the dead server itself until it was waited for, which can take for ever where process 1 is no
 * init. This variable, made for pg_ctl, exempts one number from that check (CreateLockFile in Postgres's
 * miscinit.c). Removing the file would also skip the check for backends that still use the shared memory.
 */
function ignoreDeadServer(cluster: string): NodeJS.ProcessEnv {
  const left = readPidFile(cluster);
  return left && !isServer(left.pid) ? { PG_GRANDPARENT_PID: String(left.pid) } : {};
}

function socketFile(dir: string, port: number): string {
  return path.join(dir, `.s.PGSQL.${port}`);
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // A port of this machine may be anyone's; only a socket in our own folder proves something.
    if (!host.startsWith('/')) return resolve(false);
    const socket = net.connect(socketFile(host, port));
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Made by root in a directory of another user's, the log belongs to that user, who may start Parley next. */
function openLog(file: string): number {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = fs.constants;
  const output = fs.openSync(file, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
  const owner = fs.statSync(path.dirname(file));
  if (process.getuid?.() === 0) fs.fchownSync(output, owner.uid, owner.gid);
  return output;
}

/** Keeps one former piece. The server appends, so it goes on at the start of the emptied file. */
function trimLog(file: string): void {
  try {
    if (fs.lstatSync(file).size < LOG_LIMIT_BYTES) return;
    fs.rmSync(`${file}.1`, { force: true });
    fs.copyFileSync(file, `${file}.1`, fs.constants.COPYFILE_EXCL);
    const output = openLog(file);
    fs.ftruncateSync(output);
    fs.closeSync(output);
  } catch {
    // A log that cannot be trimmed, on a full disk say, is no reason to stop the database.
  }
}
