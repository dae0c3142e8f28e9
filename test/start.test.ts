/** What a start meets in its database and secret, and what a rotation of the secret leaves behind. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { openInstall, rotateSecret } from '../src/accounts/secret.ts';
import { vault } from '../src/base/crypto.ts';
import { toHex24 } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { migrate, schemaState } from '../src/db/migrate.ts';
import type { Sql } from '../src/db/pool.ts';
import { sharesConnections } from '../src/db/pooler.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';
import { newTwilio, newWorkspace, startWorld, TEST_SECRET } from './support/world.ts';

const database = await testDatabase();
const temp = await mkdtemp(path.join(tmpdir(), 'parley-start-'));
after(() => rm(temp, { recursive: true, force: true }));
const THIRD_SECRET = 'a third secret a third secret a third secret';
const NEXT_SECRET = 'another secret another secret another secret';

test('a start on a database that newer code has only added to works; on any other it is refused', async () => {
  const newer = (minCode: number | null) => database.sql`
    INSERT INTO migrations (version, name, checksum, ran_ms, min_code) VALUES (9001, '9001_later.sql', 'x', 1, ${minCode})
    ON CONFLICT (version) DO UPDATE SET min_code = EXCLUDED.min_code`;
  await newer(19);
  const told: unknown[] = [];
  assert.deepEqual(await migrate(database.sql, 1, { info: (fields) => told.push(fields) }), []);
  assert.deepEqual(told, [{ newer: ['9001_later.sql'] }]);
  for (const minCode of [9001, null]) {
    await newer(minCode);
    await assert.rejects(
      migrate(database.sql, 1),
      /newer than this Parley: it has migration 9001_later\.sql/,
    );
    assert.match((await schemaState(database.sql)).refused!, /9001_later/);
  }
  await database.sql`DELETE FROM migrations WHERE version = 9001`;
  assert.deepEqual(await schemaState(database.sql), { missing: [], newer: [] });
});

test('a migration that was written in another way, to the same end, is the one that ran; one that was changed is not', async () => {
  const ranAs = (checksum: string) =>
    database.sql`UPDATE migrations SET checksum = ${checksum} WHERE version = 75`;
  const [now] = await database.sql<
    { checksum: string }[]
  >`SELECT checksum FROM migrations WHERE version = 75`;
  await ranAs('8992da2ce5988ed43212cfa7604c40ffc87f62b5e8ac12ee27275d3e5ecd785e');
  assert.deepEqual(await migrate(database.sql, 1), []);
  await ranAs('a'.repeat(64));
  await assert.rejects(migrate(database.sql, 1), /0075_campaign_brake\.sql was changed after it ran/);
  await ranAs(now!.checksum);
});

test('a wrong PARLEY_SECRET stops the start, and nothing was changed', async () => {
  const world = await startWorld(database.connection);
  const { id } = await newWorkspace(world.ctx, 'live');
  await newTwilio(world.ctx, id, 'http://127.0.0.1:1');
  await world.stop();
  const wrong = { PARLEY_SECRET: NEXT_SECRET };
  await assert.rejects(startWorld(database.connection, wrong), /PARLEY_SECRET: is not the secret/);
  await (await startWorld(database.connection)).stop();
});

test('without a check, as older versions left it, what is sealed tells', async () => {
  await database.sql`DELETE FROM install`;
  await assert.rejects(openInstall(database.sql, NEXT_SECRET, 'PARLEY_SECRET'), /PARLEY_SECRET/);
  await openInstall(database.sql, TEST_SECRET, 'PARLEY_SECRET');
});

test('a rotation that is cut short is finished by running it again; links that are out go on working', async () => {
  const { sql } = database;
  const before = await openInstall(sql, TEST_SECRET, '');
  const outside = before.lasting.seal('a link', 'link');
  await sql.unsafe(`
    CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'cut short'; END $$;
    CREATE TRIGGER stop_here BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION stop_here()`);
  await assert.rejects(rotateSecret(sql, TEST_SECRET, NEXT_SECRET), /cut short/);
  await sql.unsafe('DROP FUNCTION stop_here CASCADE');
  for (const secret of [TEST_SECRET, NEXT_SECRET])
    await assert.rejects(openInstall(sql, secret, ''), /begun and not finished/);
  await assert.rejects(rotateSecret(sql, TEST_SECRET, `${NEXT_SECRET}2`), /another new secret/);
  const { resealed, unreadable } = await rotateSecret(sql, TEST_SECRET, NEXT_SECRET);
  assert.deepEqual([resealed > 0, unreadable], [true, []]);
  await assert.rejects(openInstall(sql, TEST_SECRET, 'PARLEY_SECRET'), /PARLEY_SECRET/);
  const now = await openInstall(sql, NEXT_SECRET, '');
  assert.equal(now.lasting.open(outside, 'link'), 'a link');
  const [row] = await sql<{ id: number; sealed: Uint8Array }[]>`
    SELECT id, secrets_sealed AS sealed FROM integrations`;
  assert.match(now.open(row!.sealed, `integration:${row!.id}`)!, /token-of-the-test/);
  assert.equal(vault(TEST_SECRET).open(row!.sealed, `integration:${row!.id}`), undefined);
  assert.equal((await rotateSecret(sql, TEST_SECRET, NEXT_SECRET)).resealed, 0, 'a second time does nothing');
  // What cannot be opened by any secret is named, and sends nothing.
  await sql`UPDATE integrations SET secrets_sealed = ${vault('lost').seal('{}', `integration:${row!.id}`)}`;
  const lost = await rotateSecret(sql, NEXT_SECRET, THIRD_SECRET, { newLinks: true });
  assert.deepEqual(lost.unreadable, [`integration:${row!.id}`]);
  assert.equal((await openInstall(sql, THIRD_SECRET, '')).lasting.open(outside, 'link'), undefined);
  const world = await startWorld(database.connection, { PARLEY_SECRET: THIRD_SECRET });
  assert.equal(await world.ctx.senders.open(row!.id), undefined);
  await assert.rejects(rotateSecret(sql, THIRD_SECRET, TEST_SECRET), /is running on this database/);
  await world.stop();
  await rotateSecret(sql, THIRD_SECRET, TEST_SECRET);
});

test('callback keys are sealed; addresses that providers have go on working, also after a rotation', async () => {
  const { sql } = database;
  const [row] = await sql<{ id: number }[]>`SELECT id FROM integrations WHERE deleted_ms IS NULL`;
  // As code before this one kept it.
  await sql`UPDATE integrations SET callback_key = 'key-at-the-provider', callback_key_sealed = NULL WHERE id = ${row!.id}`;
  const address = `/callbacks/${toHex24(row!.id)}/key-at-the-provider/inbound`;
  const statusWith = async (secret: string) => {
    const world = await startWorld(database.connection, { PARLEY_SECRET: secret });
    const call = async (path: string) =>
      (await fetch(world.url + path, { method: 'POST', body: '{}' })).status;
    const found = [await call(address), await call(address.replace('key-at', 'another'))];
    await world.stop();
    return found;
  };
  // Unsigned, and refused by who knows the integration.
  assert.deepEqual(await statusWith(TEST_SECRET), [403, 404]);
  const [kept] = await sql<
    { all: string }[]
  >`SELECT row_to_json(i)::text AS all FROM integrations i WHERE id = ${row!.id}`;
  assert.doesNotMatch(kept!.all, /key-at-the-provider/);
  await rotateSecret(sql, TEST_SECRET, NEXT_SECRET, { newLinks: true });
  assert.deepEqual(await statusWith(NEXT_SECRET), [403, 404]);
  await rotateSecret(sql, NEXT_SECRET, TEST_SECRET);
});

test('connections of one’s own are told from those that a pooler lends', async () => {
  assert.equal(await sharesConnections(database.sql), false);
  // A pooler with one server connection to spare: whoever asks gets it.
  const lent = (spare: () => number) => {
    const tag = { unsafe: async () => [{ pid: spare() }], release() {} };
    return { reserve: async () => tag } as unknown as Sql;
  };
  assert.equal(await sharesConnections(lent(() => 7)), true);
  let turn = 0;
  assert.equal(await sharesConnections(lent(() => turn++)), true);
});

const PGBOUNCER = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find((file) =>
  existsSync(file),
);
for (const mode of ['transaction', 'statement', 'session'])
  test(`PgBouncer, pool_mode = ${mode}: ${mode === 'session' ? 'works' : 'is refused with the way out'}`, {
    skip: PGBOUNCER ? false : 'there is no pgbouncer (Debian: `apt-get install pgbouncer`)',
  }, async () => {
    const pooler = await startPgBouncer(mode);
    try {
      const starting = startWorld(pooler.url, { PARLEY_DATABASE_WAIT_MS: '20000' });
      if (mode === 'session') await (await starting).stop();
      else await assert.rejects(starting, /pool_mode = transaction.*pool_mode = session/s);
    } finally {
      await pooler.stop();
    }
  });

async function startPgBouncer(mode: string) {
  const { host, port, username, password, database: name } = database.connection;
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const listens = (free.address() as net.AddressInfo).port;
  free.close();
  await once(free, 'close');
  const dir = await mkdtemp(path.join(temp, 'pgbouncer-'));
  const ini = path.join(dir, 'pgbouncer.ini');
  await writeFile(
    ini,
    `[databases]
${name} = host=${host} port=${port} user=${username} password=${password} dbname=${name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listens}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
ignore_startup_parameters = extra_float_digits
`,
  );
  for (const place of [temp, dir]) await chmod(place, 0o755);
  // As whom the server runs, whose socket nobody else may pass to; PgBouncer does not run as root.
  const owner = execFileSync('id', ['-un', String(statSync(host).uid)], { encoding: 'utf8' }).trim();
  const as = process.getuid?.() === 0 ? ['-u', owner] : [];
  const child = spawn(PGBOUNCER!, [...as, ini], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await until('pgbouncer listens', async () => {
    const socket = net.connect(listens, '127.0.0.1');
    return await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(!socket.destroy().connecting)).once('error', () => resolve(false)),
    );
  });
  return {
    url: `postgres://any@127.0.0.1:${listens}/${name}`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test('a database that comes up later is waited for; what is wrong is said with its setting', async () => {
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as net.AddressInfo;
  free.close();
  await once(free, 'close');
  const { host, port: serverPort, username, password, database: name } = database.connection;
  const url = `postgres://${username}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`;
  const { openStore } = await import('../src/db/store.ts');
  const { systemClock } = await import('../src/base/clock.ts');
  const config = { databaseUrl: url, databaseWaitMs: 20_000, dataDir: temp, poolSize: 2 };
  const waits: string[] = [];
  const up = Promise.withResolvers<void>();
  const log = {
    ...silentLog,
    warn(_fields: object, message: string) {
      waits.push(message);
      up.resolve();
    },
    info: (_fields: object, message: string) => void waits.push(message),
  };
  const opening = openStore({ config, clock: systemClock, log });
  await up.promise;
  const gate = net.createServer((near) => {
    const far = host.startsWith('/')
      ? net.connect(`${host}/.s.PGSQL.${serverPort}`)
      : net.connect(serverPort, host);
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on('error', () => (near.destroy(), far.destroy()));
  });
  after(() => gate.close());
  gate.listen(port, '127.0.0.1');
  const store = await opening;
  await store.stop();
  assert.deepEqual(waits.slice(0, 2), [
    'the database does not answer yet; waiting for it',
    'the database answers',
  ]);
  const wrong = async (text: string) => {
    const starting = openStore({
      config: { ...config, databaseUrl: text, databaseWaitMs: 0 },
      clock: systemClock,
      log: silentLog,
    });
    const error = await starting.then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    assert.equal(error?.name, 'StartRefusal', String(error));
    assert.ok(!error.message.includes(password));
    return error.message;
  };
  assert.match(await wrong(`${url}_none`), /^PARLEY_DATABASE_URL .*there is no such database/);
  assert.match(await wrong(url.replace(encodeURIComponent(password), 'nope')), /password or the user/);
  await database.sql.unsafe(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  assert.match(await wrong(url), /read-only/);
  await database.sql.unsafe(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
  gate.close();
  await once(gate, 'close');
  assert.match(await wrong(url), /nothing listens there/);
});
