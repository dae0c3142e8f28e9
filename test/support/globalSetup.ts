/**
 * Starts one Postgres for the whole test run and a template database in it, migrated once; each test file copies the
 * template (about 60 ms). Given to `node --test` as --test-global-setup; its environment reaches the test processes. Where `TEST_POSTGRES`
 * is set already, that server has such a template: a Citus (docs/citus.md).
 */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startPostgres, type EmbeddedPostgres } from '../../src/db/embedded/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { ensurePartitions } from '../../src/db/partitions.ts';
import { openPool } from '../../src/db/pool.ts';
import { memoryFolder } from './memoryFolder.ts';

let server: EmbeddedPostgres | undefined;
let dataDir: string | undefined;

export async function globalSetup(): Promise<void> {
  if (process.env['TEST_POSTGRES']) return;
  dataDir = join(await memoryFolder(), 'postgres');
  server = await startPostgres({ dataDir, log: silentLog, settings: { max_connections: '200' } });
  const sql = openPool(server.connection, { max: 1, name: 'test set-up' });
  await sql`CREATE DATABASE parley_template`;
  const template = openPool(
    { ...server.connection, database: 'parley_template' },
    { max: 1, name: 'test set-up' },
  );
  await migrate(template, systemClock.nowMs());
  await ensurePartitions(template, systemClock.nowMs());
  await template.end();
  await sql.end();
  process.env['TEST_POSTGRES'] = JSON.stringify(server.connection);
}

export async function globalTeardown(): Promise<void> {
  await server?.stop();
  if (dataDir) await rm(dirname(dataDir), { recursive: true, force: true });
}
