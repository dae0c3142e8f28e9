/** Who says that their statements name rows by key gets plans that are kept; nobody else does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import type { Manner } from './statement.ts';

const { sql } = await testDatabase();

const modeOf = async (db: Pick<typeof sql, 'unsafe'>) =>
  (
    await db.unsafe<{ mode: string; seqscan: string }[]>(
      `SELECT current_setting('plan_cache_mode') AS mode, current_setting('enable_seqscan') AS seqscan`,
    )
  )[0];
const KEPT = { mode: 'force_generic_plan', seqscan: 'off' };
const FREE = { mode: 'auto', seqscan: 'on' };

test('a keyed transaction keeps its plans, and what comes after it on the same connection does not', async () => {
  for (let n = 0; n < 3; n++) {
    assert.deepEqual({ ...(await sql.begin(modeOf, 'keyed')) }, KEPT);
    assert.deepEqual({ ...(await modeOf(sql)) }, FREE);
    assert.deepEqual({ ...(await sql.begin(modeOf)) }, FREE);
  }
});

test('a keyed transaction that is rolled back leaves nothing behind, in either order', async () => {
  const fail = (manner: Manner) => sql.begin(() => Promise.reject(new Error('no')), manner);
  await assert.rejects(fail('keyed'), /no/);
  assert.deepEqual({ ...(await modeOf(sql)) }, FREE);
  await assert.rejects(fail('free'), /no/);
  assert.deepEqual({ ...(await sql.begin(modeOf, 'keyed')) }, KEPT);
  assert.deepEqual({ ...(await modeOf(sql)) }, FREE);
});

test('a kept plan goes by the index, also when it was made while there was next to nothing in the table', async () => {
  await sql`CREATE TABLE plans_kept (id bigint PRIMARY KEY, name text)`;
  await sql`INSERT INTO plans_kept VALUES (0, '0')`;
  await sql`ANALYZE plans_kept`;
  const look = (ids: number[]) =>
    sql.begin(
      async (tx) =>
        await tx<{ name: string }[]>`
        SELECT p.name FROM unnest(${ids}::bigint[]) AS k (id) JOIN plans_kept p ON p.id = k.id`,
      'keyed',
    );
  for (let n = 0; n < 8; n++) await look([n]);
  await sql`INSERT INTO plans_kept SELECT n, n::text FROM generate_series(1, 20000) n`;
  const read = async () =>
    (
      await sql<{ n: number }[]>`
      SELECT coalesce(seq_tup_read, 0) AS n FROM pg_stat_user_tables WHERE relname = 'plans_kept'`
    )[0]!.n;
  await sql`SELECT pg_stat_force_next_flush()`;
  const before = await read();
  for (let n = 1; n <= 20; n++)
    assert.deepEqual(
      (await look([n])).map(({ name }) => name),
      [String(n)],
    );
  await sql`SELECT pg_stat_force_next_flush()`;
  assert.equal((await read()) - before, 0);
});

test('rows that are locked in their order are found by their keys, not by going through the index that has the order', async () => {
  await sql`CREATE TABLE plans_locked (id bigint PRIMARY KEY)`;
  await sql`INSERT INTO plans_locked SELECT n FROM generate_series(1, 20000) n`;
  const read = await sql.begin(async (tx) => {
    await tx`
        SELECT p.id FROM unnest(${[3, 2, 1]}::bigint[]) AS k (id) JOIN plans_locked p ON p.id = k.id ORDER BY p.id FOR KEY SHARE OF p`;
    const [row] = await tx<{ n: number }[]>`
        SELECT idx_tup_fetch AS n FROM pg_stat_xact_user_tables WHERE relname = 'plans_locked'`;
    return row!.n;
  }, 'keyed');
  assert.ok(read < 100, `${read} rows were read for three`);
});
