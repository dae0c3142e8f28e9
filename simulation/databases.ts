/** Databases for runs: one Postgres, a template that is migrated once, and a copy of it for each run. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '../src/base/log.ts';
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { ensurePartitions } from '../src/db/partitions.ts';
import { openPool, type Connection, type Sql } from '../src/db/pool.ts';
import { memoryFolder } from '../test/support/memoryFolder.ts';

/** Where a Postgres is. */
export type Server = Exclude<Connection, string>;

/** Gives each run a database. `server` is where they are, for others that use them too. */
export type Databases = {
  server: Server;
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
};

/**
 * Nothing here outlives the run, so that nothing need reach the disk. Statistics that were gathered by themselves would change
 * plans, and with them the order of rows, from one play of a run to the next. Two that wait for each other are parted soon: a run
 * has many of them.
 */
const SETTINGS = {
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  deadlock_timeout: '20ms',
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  track_activities: 'off',
  update_process_title: 'off',
  fsync: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  track_counts: 'off',
  max_connections: '250',
};

const TEMPLATE = 'simulation_template';

/** A Postgres of its own, whose data nobody will miss; its tables are made for the time at which runs begin. */
export async function startDatabases(beginMs: number): Promise<Databases> {
  const dir = await memoryFolder();
  const server = await startPostgres({ dataDir: join(dir, 'postgres'), log: silentLog, settings: SETTINGS });
  const admin = openPool(server.connection, { max: 1, name: 'simulations' });
  await admin.unsafe(`CREATE DATABASE ${TEMPLATE}`);
  const template = openPool({ ...server.connection, database: TEMPLATE }, { max: 1, name: 'simulations' });
  await migrate(template, beginMs);
  await ensurePartitions(template, beginMs);
  await fewerLanes(template);
  await template.end();
  const copies = copiesOf(server.connection, admin);
  return {
    ...copies,
    async stop() {
      await copies.stop();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Databases of a Postgres that somebody else has started, and stops. */
export function databasesAt(server: Server): Databases {
  return copiesOf(server, openPool(server, { max: 1, name: 'simulations' }));
}

function copiesOf(server: Server, admin: Sql): Databases {
  let made = 0;
  return {
    server,
    async use(work) {
      const name = `simulation_${process.pid}_${++made}`;
      await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
      try {
        return await work({ ...server, database: name });
      } finally {
        await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }
    },
    stop: () => admin.end({ timeout: 5 }),
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

/** Ends backends and waits until they are gone. What Postgres has for that looks every 100 ms, for each. */
export async function terminated(look: Sql, pids: readonly number[]): Promise<void> {
  const LOOK_MS = 2;
  await look`SELECT pg_terminate_backend(pid) FROM unnest(${[...pids]}::integer[]) AS k (pid)`;
  for (let left = 1; left > 0; ) {
    const [row] = await look<{ n: number }[]>`SELECT count(*)::integer AS n FROM pg_stat_activity WHERE pid = ANY(${[...pids]}::integer[])`;
    left = row!.n;
    if (left) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
