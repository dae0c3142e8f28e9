/**
 * The floor of campaigns: the least that each line does to a Postgres of its own, by bare statements in batches of 500. Nothing is looked
 * at, decided or rendered.
 */
import { silentLog } from '../src/base/log.ts';
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { openPool } from '../src/db/pool.ts';
import { serve } from './child.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';

const BATCH = 500;
const AT_ONCE = 4;
const postgres = await startPostgres({ dataDir: process.argv[2]!, log: silentLog });
const sql = openPool(postgres.connection, { max: AT_ONCE, name: 'campaign floor' });

await sql`CREATE TABLE people (bucket smallint, id bigint, attributes jsonb NOT NULL, PRIMARY KEY (bucket, id))`;
await sql`CREATE TABLE members (bucket smallint, id bigint, PRIMARY KEY (bucket, id))`;
await sql`CREATE TABLE events (bucket smallint, id bigint, at_ms bigint, properties jsonb, PRIMARY KEY (bucket, id, at_ms))`;
await sql`CREATE TABLE waiting (bucket smallint, id bigint, due_ms bigint, PRIMARY KEY (bucket, id))`;
await sql`CREATE INDEX waiting_next ON waiting (due_ms)`;
for (const table of ['messages', 'deliveries', 'due'])
  await sql.unsafe(
    `CREATE TABLE ${table} (bucket smallint, id bigint, body jsonb, PRIMARY KEY (bucket, id))`,
  );

const commands = {
  /** Keeps so many events. */
  async events(count: number) {
    await sql`TRUNCATE events`;
    return await timed(count, async (from, to) => {
      await sql`
        INSERT INTO events SELECT (n % 4096)::smallint, n, n, '{"shop": -1}' FROM generate_series(${from}::bigint, ${to}::bigint) n`;
    });
  },
  /** Takes so many that wait, and writes of each a message, a delivery and what is due. */
  async timers(count: number) {
    await sql`TRUNCATE waiting, messages, deliveries, due`;
    await sql`INSERT INTO waiting SELECT (n % 4096)::smallint, n, 1 FROM generate_series(1, ${count}) n`;
    return await timed(count, async () => {
      await sql.begin(async (tx) => {
        const rows = await tx<{ bucket: number; id: number }[]>`
          DELETE FROM waiting w USING (
            SELECT bucket, id FROM waiting WHERE due_ms <= 1 ORDER BY due_ms LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) k
          WHERE w.bucket = k.bucket AND w.id = k.id RETURNING w.bucket, w.id`;
        const [buckets, ids] = [rows.map(({ bucket }) => bucket), rows.map(({ id }) => id)];
        for (const table of ['messages', 'deliveries', 'due'])
          await tx.unsafe(
            `INSERT INTO ${table} SELECT b, i, '{"type": "text", "text": "out"}' FROM unnest($1::smallint[], $2::bigint[]) u (b, i)`,
            [buckets, ids],
          );
      });
    });
  },
  /** Finds who of so many has an attribute, and keeps them. */
  async segment(count: number) {
    await sql`TRUNCATE people, members`;
    await sql`
      INSERT INTO people SELECT (n % 4096)::smallint, n, jsonb_build_object('n', n % 100) FROM generate_series(1, ${count}) n`;
    const fromMs = sharedMs();
    await sql`INSERT INTO members SELECT bucket, id FROM people WHERE (attributes ->> 'n')::integer < 10`;
    return sharedMs() - fromMs;
  },
  /** Reads what a 64th of so many did. */
  async sample(count: number) {
    await commands.events(count);
    const buckets = Array.from({ length: 64 }, (_, i) => i * 64);
    const fromMs = sharedMs();
    await sql`SELECT bucket, id, at_ms, properties FROM events WHERE bucket = ANY(${buckets}::smallint[]) ORDER BY id`;
    return sharedMs() - fromMs;
  },
};
/** What it can be asked. */
export type CampaignFloorCommands = typeof commands;

/** Runs batches, some at once; how many milliseconds all take. */
async function timed(count: number, run: (from: number, to: number) => Promise<void>): Promise<number> {
  const fromMs = sharedMs();
  await inParallel(AT_ONCE, Math.ceil(count / BATCH), (n) =>
    run(n * BATCH + 1, Math.min(count, (n + 1) * BATCH)),
  );
  return sharedMs() - fromMs;
}

serve(commands, async () => {
  await sql.end({ timeout: 5 });
  await postgres.stop();
});
