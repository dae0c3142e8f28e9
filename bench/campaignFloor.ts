/**
 * The floor of campaigns: the least that each line does to a Postgres of its own, by bare statements in batches of 500. Nothing is looked
 * at, decided or rendered.
 */
import { pause, systemClock } from '../src/base/clock.ts';
import { silentLog } from '../src/base/log.ts';
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { openPool, type Db } from '../src/db/pool.ts';
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
    return await timed(count, (from, to) => keepEvents(sql, from, to));
  },
  /** Takes so many that wait, and writes of each a message, a delivery and what is due. */
  async timers(count: number) {
    await sql`TRUNCATE waiting, messages, deliveries, due`;
    await sql`INSERT INTO waiting SELECT (n % 4096)::smallint, n, 1 FROM generate_series(1, ${count}) n`;
    return await timed(count, writeToWaiting);
  },
  /** The source's example: so many do something and wait, half of them do something else and wait no more, the others are written to. */
  async example(people: number) {
    await sql`TRUNCATE events, waiting, messages, deliveries, due`;
    const signedUp = await timed(people, async (from, to) => {
      await sql.begin(async (tx) => {
        await keepEvents(tx, from, to);
        await tx`INSERT INTO waiting SELECT (n % 4096)::smallint, n, 1 FROM generate_series(${from}::bigint, ${to}::bigint) n`;
      });
    });
    const uploaded = await timed(people / 2, async (from, to) => {
      await sql.begin(async (tx) => {
        await keepEvents(tx, from, to);
        await tx`
          DELETE FROM waiting w USING generate_series(${from}::bigint, ${to}::bigint) n WHERE w.bucket = (n % 4096)::smallint AND w.id = n`;
      });
    });
    return signedUp + uploaded + (await timed(people / 2, writeToWaiting));
  },
  /** From an event to its message, while others come at a rate: a transaction that keeps it, and one that writes the message. */
  async latency({ perS, forMs }: { perS: number; forMs: number }) {
    await sql`TRUNCATE events, messages, deliveries, due`;
    const each = Math.max(1, Math.round(perS / 100));
    const beganMs = sharedMs();
    const untilMs = beganMs + forMs;
    const tell = async (from: number, to: number) => {
      await keepEvents(sql, from, to);
      await sql.begin(async (tx) => {
        const ids = Array.from({ length: to - from + 1 }, (_, i) => from + i);
        await writeTo(
          tx,
          ids.map((id) => id % 4096),
          ids,
        );
      });
    };
    let told = 0;
    const others = (async () => {
      while (sharedMs() < untilMs)
        if (((sharedMs() - beganMs) / 1000) * perS - told < each) await pause(systemClock, 2);
        else {
          void tell(told + 1, told + each);
          told += each;
        }
    })();
    const found: number[] = [];
    for (let n = 1; sharedMs() < untilMs; n++) {
      const fromMs = sharedMs();
      await tell(10_000_000 + n, 10_000_000 + n);
      found.push(sharedMs() - fromMs);
    }
    await others;
    return found;
  },
  /** Bytes of a row with its key: of an event, and of somebody who waits. After `events` and `timers`. */
  async bytes(count: number) {
    await commands.events(count);
    await sql`TRUNCATE waiting`;
    await sql`INSERT INTO waiting SELECT (n % 4096)::smallint, n, 1 FROM generate_series(1, ${count}) n`;
    const [row] = await sql<{ event: number; waiting: number }[]>`
      SELECT pg_total_relation_size('events')::float / ${count} AS event, pg_total_relation_size('waiting')::float / ${count} AS waiting`;
    return row!;
  },
  /** Counts the members of a 64th of all buckets. After `segment`. */
  async estimate() {
    const buckets = Array.from({ length: 64 }, (_, i) => i * 64);
    const fromMs = sharedMs();
    await sql`SELECT bucket, count(*) FROM members WHERE bucket = ANY(${buckets}::smallint[]) GROUP BY 1`;
    return sharedMs() - fromMs;
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

async function keepEvents(db: Db, from: number, to: number): Promise<void> {
  await db`
    INSERT INTO events SELECT (n % 4096)::smallint, n, ${sharedMs()}::float8::bigint, '{"shop": -1}'
    FROM generate_series(${from}::bigint, ${to}::bigint) n`;
}

/** Takes some who wait, and writes to them, in one transaction. */
async function writeToWaiting(): Promise<void> {
  await sql.begin(async (tx) => {
    const rows = await tx<{ bucket: number; id: number }[]>`
      DELETE FROM waiting w USING (
        SELECT bucket, id FROM waiting WHERE due_ms <= 1 ORDER BY due_ms LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) k
      WHERE w.bucket = k.bucket AND w.id = k.id RETURNING w.bucket, w.id`;
    await writeTo(
      tx,
      rows.map(({ bucket }) => bucket),
      rows.map(({ id }) => id),
    );
  });
}

/** A message, a delivery and what is due, of each. */
async function writeTo(db: Db, buckets: readonly number[], ids: readonly number[]): Promise<void> {
  for (const table of ['messages', 'deliveries', 'due'])
    await db.unsafe(
      `INSERT INTO ${table} SELECT b, i, '{"type": "text", "text": "out"}' FROM unnest($1::smallint[], $2::bigint[]) u (b, i)`,
      [[...buckets], [...ids]],
    );
}

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
