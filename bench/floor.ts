/**
 * The durable floor: the least that a design with one Postgres row per recipient does around the loop of the ceiling. Rows
 * are claimed in batches of 500, posted, and settled in batches: deleted, and written to a history. No contact is read,
 * nothing is rendered, no rule is looked at. On a Postgres of its own with Parley's settings.
 *
 * The packed floor has one row for 500 recipients, and settles them in one statement: the least of a design that can stop
 * nobody among them and tries nobody again by himself.
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
type Pack = { id: number; ids: number[]; phones: string[] };

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
  /** Makes of the rows one for each batch. */
  async pack() {
    await sql`DROP TABLE IF EXISTS packs`;
    await sql`
      CREATE TABLE packs (id bigint PRIMARY KEY, ids bigint[] NOT NULL, phones text[] NOT NULL, claimed boolean NOT NULL DEFAULT false)`;
    await sql`
      INSERT INTO packs (id, ids, phones)
      SELECT id / ${BATCH}, array_agg(id ORDER BY id), array_agg(phone ORDER BY id) FROM queue GROUP BY 1`;
    await sql`TRUNCATE queue, history`;
    await sql`CHECKPOINT`;
  },
  /** Sends to everyone in the packs; returns how long that took. */
  runPacked: (sinkUrl: string) =>
    run(sinkUrl, async (post) => {
      for (let pack = await claimPack(sql); pack; pack = await claimPack(sql)) {
        const { ids, phones } = pack;
        await Promise.all(ids.map((id, at) => post(phones[at]!, id)));
        await settlePack(sql, pack);
      }
    }),
  /** Sends to everyone in the queue; returns how long that took. */
  run: (sinkUrl: string) =>
    run(sinkUrl, async (post) => {
      for (let rows = await claim(sql); rows.length; rows = await claim(sql)) {
        await Promise.all(rows.map((row) => post(row.phone, row.id)));
        await settle(sql, rows);
      }
    }),
};
/** What the floor can be asked. */
export type FloorCommands = typeof commands;

/** Lets `pump` send all there is, some batches at once. */
async function run(
  sinkUrl: string,
  pump: (post: (phone: string, id: number) => Promise<void>) => Promise<void>,
) {
  poster ??= openPoster(sinkUrl);
  const out = poster;
  const fromMs = sharedMs();
  const places = createPlaces(CONNECTIONS);
  const post = (phone: string, id: number) => places.run(() => out.post(phone, id));
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, () => pump(post)));
  const ms = sharedMs() - fromMs;
  const [left] = await sql<{ settled: number; queued: number }[]>`
    SELECT (SELECT count(*) FROM history) AS settled, (SELECT count(*) FROM queue) AS queued`;
  return { ms, ...left! };
}

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

async function claimPack(db: Sql): Promise<Pack | undefined> {
  const [pack] = await db<Pack[]>`
    UPDATE packs SET claimed = true
    WHERE id = (SELECT id FROM packs WHERE NOT claimed ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, ids, phones`;
  return pack;
}

async function settlePack(db: Sql, { id }: Pack): Promise<void> {
  await db`
    WITH done AS (DELETE FROM packs WHERE id = ${id} RETURNING ids, phones)
    INSERT INTO history (id, phone, state, sent_ms)
    SELECT r.id, r.phone, 4, ${Math.round(sharedMs())}::bigint FROM done, unnest(done.ids, done.phones) AS r (id, phone)`;
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
