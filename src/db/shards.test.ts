/** Statements on tables that are spread over shards: what is asked shard by shard, and forms that Citus refuses. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { byShard, onEachShard, workedOut } from './shards.ts';
import { tagOn, type Rows } from './statement.ts';

type Asked = { text: string; values: unknown[] };
const asked: Asked[] = [];
const none = () => Object.assign([], { count: 0, command: '' }) as Rows<Record<string, unknown>[]>;
const on = (shardOf?: readonly number[]) =>
  tagOn(
    async (text, values) => {
      asked.push({ text, values });
      return none();
    },
    { distributed: shardOf !== undefined, ...(shardOf ? { shardOf } : {}) },
  );
const plain = on();
const spread = on([70, 60, 70, 60]);

test('rows are asked for in one statement, and where there are shards in one for each, in the order of shards', async () => {
  assert.deepEqual(
    byShard(plain, [0, 1, 2, 3], (one) => one),
    [[0, 1, 2, 3]],
  );
  assert.deepEqual(
    byShard(spread, [0, 1, 2, 3], (one) => one),
    [
      [1, 3],
      [0, 2],
    ],
  );
  for (const db of [plain, spread])
    await onEachShard(
      db,
      [0, 1, 2],
      (one) => one,
      async (some, buckets) =>
        await db<
          { n: number }[]
        >`SELECT n FROM t WHERE n = ANY(${[...some]}) ${db.onShard('bucket', buckets)}`,
    );
  assert.deepEqual(asked.splice(0), [
    { text: 'SELECT n FROM t WHERE n = ANY($1) ', values: ['{0,1,2}'] },
    { text: 'SELECT n FROM t WHERE n = ANY($1) AND bucket = ANY($2::smallint[])', values: ['{1}', '{1}'] },
    {
      text: 'SELECT n FROM t WHERE n = ANY($1) AND bucket = ANY($2::smallint[])',
      values: ['{0,2}', '{0,2}'],
    },
  ]);
});

test('what Citus takes no parameter for stands in the text there, and nothing but a whole number does', async () => {
  for (const db of [plain, spread])
    await db`WITH n AS ${workedOut(db)} (SELECT 1) SELECT ${db.inConflict(40)}`;
  assert.deepEqual(asked.splice(0), [
    { text: 'WITH n AS NOT MATERIALIZED (SELECT 1) SELECT $1', values: [40] },
    { text: 'WITH n AS MATERIALIZED (SELECT 1) SELECT (40)', values: [] },
  ]);
  assert.throws(() => spread.inConflict(1.5), /no whole number/);
  assert.throws(() => spread.inConflict('1) OR (true' as unknown as number), /no whole number/);
});

test('no statement has a form that Citus refuses wherever it stands', () => {
  const src = new URL('..', import.meta.url).pathname;
  for (const file of globSync('**/sql*.ts', { cwd: src })) {
    const text = readFileSync(`${src}${file}`, 'utf8');
    assert.doesNotMatch(text, /\(\s*SELECT FROM/, `${file}: a subquery of no column`);
    for (const [statement] of text.matchAll(/INSERT INTO[^`]*?SELECT[^`]*?DO UPDATE[^;]*?`[;.,]/g))
      assert.doesNotMatch(
        statement.slice(statement.indexOf('DO UPDATE')),
        /\$\{(?!db\.inConflict|columns|earlyFailure)/,
        `${file}: a parameter where rows of a SELECT collide`,
      );
  }
});
