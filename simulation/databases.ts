/** Databases for runs: one Postgres, a template that is migrated once, and a copy of it for each run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../src/base/log.ts';
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { ensurePartitions } from '../src/db/partitions.ts';
import { openPool, type Connection, type Sql } from '../src/db/pool.ts';

/** Gives each run a database. */
export type Databases = { use<T>(work: (connection: Connection) => Promise<T>): Promise<T>; stop(): Promise<void> };

/**
 * Nothing here outlives the run, so that nothing need reach the disk. Statistics that were gathered by themselves would change
 * plans, and with them the order of rows, from one play of a run to the next. Two that wait for each other are parted soon: a run
 * has many of them.
 */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  deadlock_timeout: '20ms',
  max_connections: '250',
};

/** A Postgres of its own, whose data nobody will miss; its tables are made for the time at which runs begin. */
export async function startDatabases(beginMs: number): Promise<Databases> {
  const dir = await mkdtemp(join(tmpdir(), 'parley-simulations-'));
  const server = await startPostgres({ dataDir: join(dir, 'postgres'), log: silentLog, settings: SETTINGS });
  const admin = openPool(server.connection, { max: 1, name: 'simulations' });
  await admin`CREATE DATABASE simulation_template`;
  const template = openPool({ ...server.connection, database: 'simulation_template' }, { max: 1, name: 'simulations' });
  await migrate(template, beginMs);
  await ensurePartitions(template, beginMs);
  await fewerLanes(template);
  await template.end();
  let made = 0;
  return {
    async use(work) {
      const name = `simulation_${++made}`;
      await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE simulation_template`);
      try {
        return await work({ ...server.connection, database: name });
      } finally {
        await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }
    },
    async stop() {
      await admin.end({ timeout: 5 });
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** How many lanes there are. */
export const LANES = 2;

/** Two lanes instead of 32: workers and races as before, and a sixteenth of the statements. */
async function fewerLanes(sql: Sql): Promise<void> {
  await sql`DELETE FROM lanes`;
  await sql`
    INSERT INTO lanes (bucket, lane, buckets)
    SELECT l * 2048, l, (SELECT array_agg(b::smallint ORDER BY b) FROM generate_series(l * 2048, l * 2048 + 2047) b)
    FROM generate_series(0, 1) l`;
}
