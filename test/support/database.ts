/**
 * A database of its own for a test file, copied from the migrated template. It is dropped by a file that comes later: at its own end a
 * Parley may still be on it, and Postgres waits up to two seconds until all of that one's connections are gone and stay away.
 */
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import { vault } from '../../src/base/crypto.ts';
import { openProofKey } from '../../src/contacts/consent/proof.ts';
import { learnPlacement } from '../../src/db/migrate.ts';
import { openPool, type Connection, type Sql } from '../../src/db/pool.ts';
import { isRunning } from './running.ts';

/** The secret every test install shares, so that processes of one database can open each other's keys. */
export const TEST_SECRET = 'test secret test secret test secret test';

export type TestDatabase = {
  sql: Sql;
  connection: Exclude<Connection, string>;
  url: string /** Hears the text of every statement from now on. */;
  hear(listener: ((text: string) => unknown) | undefined): void;
};

/** Makes the database; call it once at the top of a test file. */
export async function testDatabase(): Promise<TestDatabase> {
  const text = process.env['TEST_POSTGRES'];
  if (!text) throw new Error('run tests with: npm test -- <part of a path>');
  const server = JSON.parse(text) as Exclude<Connection, string>;
  const name = `parley_test_${process.pid}_${randomBytes(6).toString('hex')}`;
  const admin = openPool(server, { max: 1, name: 'test' });
  await admin`SELECT pg_advisory_lock(1)`;
  await dropLeft(admin);
  await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE parley_template`);
  await admin`SELECT pg_advisory_unlock(1)`;
  await admin.end();
  const connection = { ...server, database: name };
  let heard: ((text: string) => unknown) | undefined;
  const sql = openPool(connection, {
    max: 8,
    name: 'test',
    onStatement: (text) => heard?.(text),
    strict: true,
  });
  await learnPlacement(sql);
  await openProofKey(sql, vault(TEST_SECRET));
  after(() => sql.end({ timeout: 5 }));
  const host = server.host.startsWith('/') ? `localhost` : server.host;
  const socket = server.host.startsWith('/') ? `?host=${encodeURIComponent(server.host)}` : '';
  const url = `postgres://${server.username}:${encodeURIComponent(server.password)}@${host}:${server.port}/${name}${socket}`;
  return {
    sql,
    connection,
    url,
    hear(listener) {
      heard = listener;
    },
  };
}

/** Drops what files that have ended had. */
async function dropLeft(admin: Sql): Promise<void> {
  const found = await admin<{ name: string }[]>`
    SELECT datname AS name FROM pg_database WHERE starts_with(datname, 'parley_test_')`;
  for (const { name } of found)
    if (!isRunning(Number(name.split('_')[2]))) await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
}
