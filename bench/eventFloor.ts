/**
 * The floor of events and of orders: the least that keeps one durably and knows whose it is. In one transaction the owners of ids are
 * looked up, who is new is written, and the rows are inserted. No body is read, nothing is checked, nobody is asked who he is.
 */
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { openPool } from '../src/db/pool.ts';
import { silentLog } from '../src/base/log.ts';
import { serve } from './child.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';

/** As many as Postgres does point transactions best with (`scale.md`). */
const CONNECTIONS = 8;

const postgres = await startPostgres({ dataDir: process.argv[2]!, log: silentLog });
const sql = openPool(postgres.connection, { max: CONNECTIONS, name: 'event floor' });
await sql`CREATE TABLE IF NOT EXISTS owners (value text PRIMARY KEY, contact_id bigint NOT NULL)`;
await sql`
  CREATE TABLE IF NOT EXISTS arrivals (bucket smallint, id bigint, contact_id bigint NOT NULL, at_ms bigint NOT NULL,
    properties jsonb, PRIMARY KEY (bucket, id))`;
await sql`
  CREATE TABLE IF NOT EXISTS orders (bucket smallint, id bigint, contact_id bigint NOT NULL, reference text, total_cents bigint,
    line_items jsonb, at_ms bigint NOT NULL, PRIMARY KEY (bucket, id))`;
await sql`CREATE TABLE IF NOT EXISTS refs (reference text PRIMARY KEY, order_id bigint NOT NULL)`;
let made = 0;

const commands = {
  /** Writes `each` rows a transaction for so long; returns how many. */
  async run({ each, forMs, people, what = 'events' }: FloorRun) {
    const fromMs = sharedMs();
    let rows = 0;
    await inParallel(CONNECTIONS, CONNECTIONS, async () => {
      while (sharedMs() - fromMs < forMs) {
        const ids = Array.from({ length: each }, () => made++);
        await keep(
          what,
          ids,
          ids.map((n) => `u${(n * 7919) % people}`),
        );
        rows += each;
      }
    });
    return { rows, ms: sharedMs() - fromMs };
  },
};
/** What the floor can be asked. */
export type EventFloorCommands = typeof commands;

type FloorRun = { each: number; forMs: number; people: number; what?: 'events' | 'orders' };

async function keep(
  what: 'events' | 'orders',
  ids: readonly number[],
  values: readonly string[],
): Promise<void> {
  await sql.begin(async (tx) => {
    const distinct = [...new Set(values)].toSorted((a, b) => (a < b ? -1 : 1));
    const known = await tx<
      { value: string }[]
    >`SELECT value FROM owners WHERE value = ANY(${distinct}::text[])`;
    if (known.length < distinct.length)
      await tx`
        INSERT INTO owners SELECT v, hashtext(v) FROM unnest(${distinct}::text[]) v ORDER BY v ON CONFLICT DO NOTHING`;
    if (what === 'orders') {
      await tx`INSERT INTO refs SELECT 'r' || n, n FROM unnest(${[...ids]}::bigint[]) n ON CONFLICT DO NOTHING`;
      await tx`
        INSERT INTO orders SELECT (n % 4096)::smallint, n, hashtext(v), 'r' || n, 16800, ${LINES}::text::jsonb, ${Math.round(sharedMs())}::bigint
        FROM unnest(${[...ids]}::bigint[], ${[...values]}::text[]) AS u (n, v)`;
      return;
    }
    await tx`
      INSERT INTO arrivals SELECT (n % 4096)::smallint, n, hashtext(v), ${Math.round(sharedMs())}::bigint, '{"page": "/pricing", "n": 1}'
      FROM unnest(${[...ids]}::bigint[], ${[...values]}::text[]) AS u (n, v)`;
  });
}

const LINES = JSON.stringify([{ name: 'Tank Top', quantity: 2, eachPriceCents: 3500, priceCents: 7000 }]);

serve(commands, async () => {
  await sql.end({ timeout: 5 });
  await postgres.stop();
});
