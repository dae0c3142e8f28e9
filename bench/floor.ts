/**
 * The durable floor: the least that a design with one Postgres row per recipient does around the loop of the ceiling. Rows
 * are claimed in batches of 500, posted, and settled in batches: deleted, and written to a history. No contact is read,
 * nothing is rendered, no rule is looked at. On a Postgres of its own with Parley's settings.
 */
import { openPool, type Sql } from '../src/db/pool.ts';
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { silentLog } from '../src/base/log.ts';
import { serve } from './child.ts';
import { CONNECTIONS, openPoster, phoneOf, type Poster } from './load.ts';
import { sharedMs } from './measure.ts';

const BATCH = 500;
/** So that claiming, posting and settling overlap. */
const BATCHES_AT_ONCE = 3;

const dataDir = process.argv[2]!;
const postgres = await startPostgres({ dataDir, log: silentLog });
const sql = openPool(postgres.connection, { max: 6, name: 'floor' });
let poster: Poster | undefined;

type Row = { id: number; phone: string };

const commands = {
  /** Makes the tables and a row for each recipient. */
  async load(count: number) {
    await sql`DROP TABLE IF EXISTS queue, history`;
    await sql`
      CREATE TABLE queue (id bigint PRIMARY KEY, phone text NOT NULL, claimed boolean NOT NULL DEFAULT false)
      WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1)`;
    await sql`CREATE INDEX queue_next ON queue (id) WHERE NOT claimed`;
    await sql`CREATE TABLE history (id bigint PRIMARY KEY, phone text NOT NULL, state smallint NOT NULL, sent_ms bigint NOT NULL)`;
    const first = phoneOf(0);
    await sql`
      INSERT INTO queue (id, phone)
      SELECT n, '+' || (${first.slice(1)}::bigint + n) FROM generate_series(0, ${count - 1}) n`;
    await sql`VACUUM ANALYZE queue`;
    await sql`CHECKPOINT`;
  },
  /** Sends to everyone in the queue; returns how long that took. */
  async run(sinkUrl: string) {
    poster ??= openPoster(sinkUrl);
    const out = poster;
    const fromMs = sharedMs();
    const places = createPlaces(CONNECTIONS);
    const pump = async () => {
      for (let rows = await claim(sql); rows.length; rows = await claim(sql)) {
        await Promise.all(rows.map((row) => places.run(() => out.post(row.phone, row.id))));
        await settle(sql, rows);
      }
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, pump));
    const ms = sharedMs() - fromMs;
    const [left] = await sql<{ settled: number; queued: number }[]>`
      SELECT (SELECT count(*) FROM history) AS settled, (SELECT count(*) FROM queue) AS queued`;
    return { ms, ...left! };
  },
};
/** What the floor can be asked. */
export type FloorCommands = typeof commands;

async function claim(db: Sql): Promise<Row[]> {
  return await db<Row[]>`
    UPDATE queue SET claimed = true
    WHERE id = ANY (ARRAY(
      SELECT id FROM queue WHERE NOT claimed ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))
    RETURNING id, phone`;
}

async function settle(db: Sql, rows: readonly Row[]): Promise<void> {
  const nowMs = Math.round(sharedMs());
  await db.begin((tx) =>
    Promise.all([
      tx`DELETE FROM queue WHERE id = ANY (${rows.map(({ id }) => id)}::bigint[])`,
      tx`
        INSERT INTO history (id, phone, state, sent_ms)
        SELECT id, phone, 4, ${nowMs}::bigint
        FROM unnest(${rows.map(({ id }) => id)}::bigint[], ${rows.map(({ phone }) => phone)}::text[]) AS done (id, phone)`,
    ]),
  );
}

/** So many calls at a time over all batches, as the ceiling has. */
function createPlaces(most: number) {
  let free = most;
  const waiting: (() => void)[] = [];
  return {
    async run(call: () => Promise<void>): Promise<void> {
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free--;
      try {
        await call();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}

serve(commands, async () => {
  await poster?.close();
  await sql.end({ timeout: 5 });
  await postgres.stop();
});
