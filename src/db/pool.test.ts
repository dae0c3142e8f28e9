/** What a failed transaction is told to have failed on, and what is sent comes back as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { openPool } from './pool.ts';

const { sql, connection } = await testDatabase();

/** Hears of an answer later than others do. */
async function late<T>(answer: PromiseLike<T>): Promise<T> {
  try {
    return await answer;
  } finally {
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  }
}

test('9.2 of statements that go out together the one that failed is told, and not one that could not run any more', async () => {
  const divided = (error: { code?: string }) => error.code === '22012';
  const both = (tx: typeof sql | Parameters<Parameters<typeof sql.begin>[0]>[0]) =>
    Promise.all([late(tx`SELECT 1 / 0`), tx`SELECT 1`]);
  await assert.rejects(
    sql.begin((tx) => both(tx)),
    divided,
  );
  await sql.begin(async (tx) => {
    await assert.rejects(
      tx.savepoint((inner) => both(inner)),
      divided,
    );
    // What failed in it is over: the next failure has a cause of its own.
    await assert.rejects(
      tx.savepoint((inner) => Promise.all([late(inner`SELECT 'x'::integer`), inner`SELECT 1`])),
      (error: { code?: string }) => error.code === '22P02',
    );
    assert.equal((await tx`SELECT 1`).length, 1);
  });
});

test('an array comes back as it was sent, whatever stands in its elements', async () => {
  const texts = [
    '',
    'plain',
    'a"b',
    'a\\b',
    String.raw`\"`,
    '{',
    '}',
    ',',
    ' x ',
    'NULL',
    '\n',
    "it's",
    '€😀',
    null,
    '{"a":"b\\n"}',
  ];
  const [row] =
    await sql`SELECT ${texts}::text[] AS texts, ${[1, -2, null, 2 ** 53 - 1]}::bigint[] AS numbers,
    ${[true, null, false]}::boolean[] AS truths, ${[]}::text[] AS none, ${[0.5, 1e21]}::float8[] AS parts,
    ${[[1, 2], [3, 4]]}::int[] AS nested, ${[new Date(0)]}::timestamptz[] AS times`;
  assert.deepEqual(row!['texts'], texts);
  assert.deepEqual(row!['numbers'], [1, -2, null, 2 ** 53 - 1]);
  assert.deepEqual(row!['truths'], [true, null, false]);
  assert.deepEqual(row!['none'], []);
  assert.deepEqual(row!['parts'], [0.5, 1e21]);
  assert.deepEqual(row!['nested'], [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(row!['times'], [new Date(0)]);
});

test('arrays of whole numbers come as numbers, with what is not there, and with dimensions', async () => {
  const [row] = await sql`
    SELECT '{1,NULL,-3}'::int8[] AS some, '{}'::int2[] AS none, '{{1,2},{3,4}}'::int4[] AS square, '[0:1]={7,8}'::int8[] AS shifted`;
  assert.deepEqual(
    { ...row },
    {
      some: [1, null, -3],
      none: [],
      square: [
        [1, 2],
        [3, 4],
      ],
      shifted: [7, 8],
    },
  );
});

test('what names its rows by key gets a connection while all else waits for one another, also statements that go together', async () => {
  const pool = openPool(connection, { max: 3, name: 'divided', keptForKeyed: 2 });
  const order: string[] = [];
  const began = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const list = pool.begin(async (tx) => {
    await tx`SELECT 1`;
    began.resolve();
    await over.promise;
    order.push('list');
  });
  await began.promise;
  const behind = pool`SELECT 1`.then(() => order.push('behind'));
  const batch = pool.begin(async (tx) => await tx`SELECT 1`, 'keyed batch').then(() => order.push('batch'));
  for (let n = 0; n < 10; n++) await pool`SELECT 1`.keyed();
  await pool.begin(async (tx) => await tx`SELECT 1`, 'keyed');
  const both = await pool.together((db) => Promise.all([db`SELECT 1 AS n`, db`SELECT 2 AS n`]), 'keyed');
  assert.deepEqual(
    both.map(([row]) => row?.['n']),
    [1, 2],
  );
  assert.deepEqual(order, []);
  over.resolve();
  await Promise.all([list, behind, batch]);
  assert.deepEqual(order, ['list', 'behind', 'batch']);
  await pool.end({ timeout: 5 });
});
