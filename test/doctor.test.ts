/** `parley doctor` beside what really is wrong: each fault is found, with the setting it comes from, and nothing is changed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { startBucket } from './support/bucket.ts';
import { testDatabase, TEST_SECRET } from './support/database.ts';
import { startWorld } from './support/world.ts';

const database = await testDatabase();
const { sql, connection } = database;
const bucket = await startBucket();
const temp = await mkdtemp(path.join(tmpdir(), 'parley-doctor-'));
const taken = net.createServer().listen(0, '127.0.0.1');
await once(taken, 'listening');
const takenPort = String((taken.address() as net.AddressInfo).port);
after(async () => {
  taken.close();
  await bucket.close();
  await rm(temp, { recursive: true, force: true });
});
// A database that an install was begun with.
await (await startWorld(connection)).stop();

const usual = {
  PARLEY_DATABASE_URL: database.url,
  PARLEY_DATA_DIR: temp,
  PARLEY_SECRET: TEST_SECRET,
  PARLEY_PORT: '0',
  ...bucket.env,
};
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_') && name !== 'npm_command'),
);

function doctor(more: Record<string, string> = {}): Promise<{ code: number; out: string }> {
  const bin = path.join(import.meta.dirname, '..', 'bin', 'parley.mjs');
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, 'doctor'], { env: { ...env, ...usual, ...more } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out: out + err }),
    );
  });
}

test('where nothing is wrong, all is said to be in order, and nothing was made', async () => {
  const { code, out } = await doctor({ PARLEY_MAIL_HOST: '127.0.0.1', PARLEY_MAIL_PORT: '0' });
  assert.equal(code, 0, out);
  for (const line of [
    /^✔ the settings are in order$/m,
    /^✔ Postgres \d+.* answers at the database URL$/m,
    /^✔ the role may read and write$/m,
    /^✔ the clocks agree$/m,
    /^✔ the schema is up to date$/m,
    /^✔ the secret is the one of this database$/m,
    /^✔ the bucket parley-files takes files$/m,
  ])
    assert.match(out, line);
  assert.doesNotMatch(out, /^[✘!]/m);
  assert.deepEqual([...bucket.objects.keys()], [], 'what it tried the bucket with is gone');
  assert.deepEqual(readdirSync(temp), []);
});

test('a read-only database, taken ports, a bucket that is not there, a proxy that is not trusted', async () => {
  await sql.unsafe(`ALTER DATABASE ${connection.database} SET default_transaction_read_only = on`);
  const { code, out } = await doctor({
    PARLEY_PORT: takenPort,
    PARLEY_MAIL_HOST: '127.0.0.1',
    PARLEY_MAIL_PORT: takenPort,
    PARLEY_PROBE_PORT: takenPort,
    PARLEY_S3_BUCKET: 'no-such-bucket',
    PARLEY_PUBLIC_URL: 'https://parley.example',
  });
  await sql.unsafe(`ALTER DATABASE ${connection.database} RESET default_transaction_read_only`);
  assert.equal(code, 1, out);
  for (const line of [
    /^✘ PARLEY_DATABASE_URL: the server or the role is read-only$/m,
    new RegExp(`^✘ PARLEY_PORT: 127\\.0\\.0\\.1:${takenPort} cannot be listened on: .*EADDRINUSE`, 'm'),
    /^✘ PARLEY_MAIL_PORT: .*EADDRINUSE/m,
    /^✘ PARLEY_PROBE_PORT: .*EADDRINUSE/m,
    /^✘ PARLEY_S3_BUCKET: the bucket no-such-bucket answers 404 \(NoSuchBucket\)$/m,
    /^! https:\/\/parley\.example .*PARLEY_TRUSTED_PROXIES/m,
    /^5 things would keep Parley from starting\.$|5 things would keep/m,
  ])
    assert.match(out, line);
});

test('a wrong secret and wrong keys of the bucket; with no secret none is made', async () => {
  await sql`
    INSERT INTO workspaces (id, name, environment, country, time_zone, settings, created_ms)
    VALUES (${8_001}, 'Trial', 'test', 'US', 'UTC', '{}', 1), (${8_002}, 'Shop', 'live', 'US', 'UTC', '{}', 1)`;
  const wrong = await doctor({
    PARLEY_ACCOUNT_MAIL: toHex24(8_001),
    PARLEY_SECRET: 'wrong secret wrong secret wrong secret',
    PARLEY_S3_SECRET_KEY: 'wrong',
    PARLEY_TRUSTED_PROXIES: 'loopback',
    PARLEY_PUBLIC_URL: 'https://parley.example',
  });
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /^✘ PARLEY_SECRET: is not the secret of this database$/m);
  assert.match(wrong.out, /^✘ PARLEY_S3_SECRET_KEY: .*SignatureDoesNotMatch/m);
  assert.match(wrong.out, /^✔ https:\/\/parley\.example must be passed on/m);
  // Who is to mail to operators: it starts all the same.
  assert.match(
    wrong.out,
    /^! PARLEY_ACCOUNT_MAIL: “Trial” is a test workspace: its mail reaches the simulator/m,
  );
  const none = await doctor({
    PARLEY_SECRET: '',
    PARLEY_S3_REGION: 'us-west-9',
    PARLEY_ACCOUNT_MAIL: toHex24(8_002),
  });
  assert.match(none.out, /^! PARLEY_ACCOUNT_MAIL: “Shop” has no mail integration in use/m);
  assert.match(none.out, /^✘ PARLEY_SECRET: is not the secret of this database$/m);
  assert.match(none.out, /^✘ PARLEY_S3_REGION: /m);
  assert.deepEqual(readdirSync(temp), []);
});

test('a newer schema beside which this code cannot work, one that only adds, and an older one', async () => {
  const newer = (minCode: number | null) => sql`
    INSERT INTO migrations (version, name, checksum, ran_ms, min_code) VALUES (9001, '9001_later.sql', 'x', 1, ${minCode})
    ON CONFLICT (version) DO UPDATE SET min_code = EXCLUDED.min_code`;
  await newer(null);
  assert.match(
    (await doctor()).out,
    /^✘ the database is newer than this Parley: it has migration 9001_later/m,
  );
  await newer(1);
  assert.match((await doctor()).out, /^✔ the schema is up to date; newer code has added 9001_later\.sql$/m);
  await sql`DELETE FROM migrations WHERE version IN (9001, 42)`;
  assert.match((await doctor()).out, /^✔ the schema lacks 1 migrations?, which a start brings$/m);
});

test('a clock that is elsewhere, a role that may make no tables', async () => {
  // A server of which the clock is wrong: what the name means to its sessions is changed.
  await sql.unsafe(`
    CREATE SCHEMA skewed;
    CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
      $$ SELECT pg_catalog.clock_timestamp() + interval '90 seconds' $$;
    ALTER DATABASE ${connection.database} SET search_path = public, skewed, pg_catalog`);
  assert.match(
    (await doctor()).out,
    /^✘ the clock of the database is (?:89|90|91) s away from ours: set both by NTP$/m,
  );
  await sql.unsafe(`ALTER DATABASE ${connection.database} SET search_path = nowhere`);
  assert.match((await doctor()).out, /^✘ PARLEY_DATABASE_URL: the role may not make tables/m);
  await sql.unsafe(`ALTER DATABASE ${connection.database} RESET search_path`);
});

test('a database and a bucket that do not answer are told by their settings', async () => {
  const { code, out } = await doctor({
    PARLEY_DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/none',
    PARLEY_S3_ENDPOINT: 'http://127.0.0.1:1/s3',
  });
  assert.equal(code, 1);
  assert.match(
    out,
    /^✘ PARLEY_DATABASE_URL \(postgres:\/\/nobody:…@127\.0\.0\.1:1\/none\): nothing listens there/m,
  );
  assert.match(out, /^✘ PARLEY_S3_ENDPOINT: http:\/\/127\.0\.0\.1:1\/s3: /m);
  assert.doesNotMatch(out, /hidden/);
});
