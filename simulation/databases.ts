/** Databases for runs: one Postgres, a template that is migrated once, and a copy of it for each run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { silentLog } from '../src/base/log.ts';
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { ensurePartitions } from '../src/db/partitions.ts';
import { openPool, type Connection, type Sql } from '../src/db/pool.ts';

/** Gives each run a database. */
export type Databases = { use<T>(work: (connection: Connection) => Promise<T>): Promise<T>; stop(): Promise<void> };

/** A Postgres of its own, whose data nobody will miss. */
export async function startDatabases(): Promise<Databases> {
  const dir = await mkdtemp(join(tmpdir(), 'parley-simulations-'));
  const server = await startPostgres({ dataDir: join(dir, 'postgres'), log: silentLog });
  const admin = openPool(server.connection, { max: 1, name: 'simulations' });
  await admin`CREATE DATABASE simulation_template`;
  const template = openPool({ ...server.connection, database: 'simulation_template' }, { max: 1, name: 'simulations' });
  await migrate(template, systemClock.nowMs());
  await ensurePartitions(template, systemClock.nowMs());
  await template.end();
  return {
    ...databasesOf(server.connection, 'simulation_template'),
    async stop() {
      await admin.end({ timeout: 5 });
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Copies of a template on a server that is there already. */
export function databasesOf(
  server: Exclude<Connection, string>,
  template: string,
): Pick<Databases, 'use'> {
  let made = 0;
  return {
    async use(work) {
      const name = `simulation_${process.pid}_${++made}`;
      const admin = openPool(server, { max: 1, name: 'simulations' });
      try {
        await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`);
        // Nothing here outlives the run: a commit need not reach the disk.
        await admin.unsafe(`ALTER DATABASE ${name} SET synchronous_commit = off`);
        const connection = { ...server, database: name };
        const sql = openPool(connection, { max: 1, name: 'simulations' });
        await fewerLanes(sql);
        await sql.end();
        return await work(connection);
      } finally {
        await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        await admin.end({ timeout: 5 });
      }
    },
  };
}

/** Four lanes instead of 32: as many workers and races as before, and an eighth of the statements. */
async function fewerLanes(sql: Sql): Promise<void> {
  await sql`DELETE FROM lanes`;
  await sql`
    INSERT INTO lanes (bucket, lane, buckets)
    SELECT l * 1024, l, (SELECT array_agg(b::smallint ORDER BY b) FROM generate_series(l * 1024, l * 1024 + 1023) b)
    FROM generate_series(0, 3) l`;
}
