/**
 * A queue is empty when nobody sends, and that is when Postgres cleans it and learns how much is in it: nothing. Plans that a connection
 * made then are kept when a broadcast fills the queue. They must be good for it all the same. And in the midst of a broadcast it learns that
 * the queue is full: what is planned then must not go through all of a lane to find its first.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { idSource } from '../base/ids.ts';
import { openPool } from '../db/pool.ts';
import { testDatabase } from '../../test/support/database.ts';
import { rowsRead } from '../../test/support/rowsRead.ts';
import { selectFeedLanes } from './feed/sql.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { fenceLane } from './lanes/sql.ts';
import { selectInteractiveLanes, selectStreamsWithWork } from './work/sql.look.ts';
import {
  claimDue,
  claimDueOfLanes,
  deleteDue,
  deleteOfCauses,
  deleteStream,
  insertDue,
  putOffDue,
  selectDue,
  selectNextOfStream,
  selectOfCauses,
} from './work/sql.ts';

const { sql, connection } = await testDatabase();
/** One connection, so that what it has planned is what is asked. */
const one = openPool(connection, { max: 1, name: 'test' });
after(() => one.end());
const ids = idSource(62, () => 1_000);
const FULL = 20_000;
const STREAM = 77;
const [lane] = await sql<OwnedLane[]>`SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane = 3`;

const fill = (count: number, stream: number) => sql`
  INSERT INTO due (bucket, kind, owner_id, cause_id, seq, lane, stream, workspace_id, due_ms)
  SELECT ${lane!.buckets[7]!}, 1, ${ids.inBucket(lane!.buckets[7]!)}::bigint + 4096 * n::bigint, 5, 0, ${lane!.lane}, ${stream}::bigint, 9, 1000 + n
  FROM generate_series(1, ${count}::integer) n`;

/** What a worker asks while it goes through work: claimed, put off, claimed again, settled. */
async function round(stream: number): Promise<void> {
  const asked = {
    kind: 1,
    nowMs: 1_000_000,
    busy: [],
    passOver: [],
    limit: 100,
    wholeUpTo: 100,
  };
  const flightId = ids.inBucket(lane!.bucket);
  const after = { dueMs: 0, ownerId: 0 };
  const claim = { ...asked, lane: lane!, flightId, stream, after };
  const items =
    stream === 0
      ? await claimDueOfLanes(one, { ...asked, stream, lanes: [{ lane: lane!, flightId }] })
      : await one.begin(async (tx) => {
          await fenceLane(tx, lane!);
          return await claimDue(tx, claim);
        }, 'keyed');
  assert.ok(items.length > 0);
  await selectDue(one, 1, items);
  await selectNextOfStream(one, [{ ...lane!, afterMs: 0 }], 1, stream);
  const [first, second, ...rest] = items;
  await one.begin(async (tx) => {
    const later = items.slice(0, 2).map((item) => ({ item, dueMs: 999_999, attempt: 1 }));
    await putOffDue(tx, lane!.buckets, 1, later);
    assert.equal((await selectOfCauses(tx, 1, [stream], items)).length, items.length);
    assert.deepEqual(await deleteOfCauses(tx, lane!, 1, [stream], items), [], 'all of it is in flight');
    await deleteDue(tx, 1, [first!, ...rest], lane!.buckets);
    await deleteDue(tx, 1, second ? [second] : []);
    await tx`DELETE FROM flights`;
  }, 'keyed');
}

const readOf = (table: string) => rowsRead(sql, one, [table]);

for (const [name, stream] of [
  ['of a broadcast', STREAM],
  ['of single messages', 0],
] as const)
  test(`a batch ${name} reads what it is about, planned while the queue was empty and asked when it is full`, async () => {
    await sql`ALTER TABLE due SET (autovacuum_enabled = false)`;
    await sql`DELETE FROM due`;
    await fill(FULL, stream);
    await sql`DELETE FROM due`;
    // As autovacuum leaves it where somebody looks meanwhile: many pages, and nothing in them.
    await sql.unsafe('VACUUM (ANALYZE, TRUNCATE off) due');
    for (let n = 0; n < 8; n++) {
      await insertDue(sql, [
        {
          bucket: lane!.buckets[7]!,
          kind: 1,
          ownerId: ids.inBucket(lane!.buckets[7]!),
          causeId: 6,
          seq: 0,
          lane: lane!.lane,
          stream,
          workspaceId: 9,
          dueMs: 1_000,
        },
      ]);
      await round(stream);
    }
    await fill(FULL, stream);
    const before = await readOf('due');
    for (let n = 0; n < 5; n++) await round(stream);
    const read = (await readOf('due')) - before;
    assert.ok(read < 5_000, `${read} read for five batches of a hundred, with ${FULL} in the queue`);
  });

test('the next of a run is found by one look into each lane, also where Postgres has learnt how full the queue is', async () => {
  await sql`DELETE FROM due`;
  await sql`
    INSERT INTO due (bucket, kind, owner_id, cause_id, seq, lane, stream, workspace_id, due_ms)
    SELECT n % 4096, 1, n::bigint * 4096 + n % 4096, 5, 0, l.lane, ${STREAM}::bigint, 9, 1000
    FROM generate_series(1, ${FULL}::integer) n JOIN lanes l ON (n % 4096)::smallint = ANY(l.buckets)`;
  await sql.unsafe('ANALYZE due');
  const lanes = await sql<OwnedLane[]>`SELECT lane, bucket, buckets, epoch FROM lanes ORDER BY lane`;
  const before = await readOf('due');
  const next = await selectNextOfStream(
    one,
    lanes.map((lane) => ({ ...lane, afterMs: -1 })),
    1,
    STREAM,
  );
  assert.equal(next.length, 32);
  const claimed = await one.begin(async (tx) => {
    const flightId = ids.inBucket(lane!.bucket);
    const asked = { kind: 1, nowMs: 1_000_000, busy: [], passOver: [], limit: 10, wholeUpTo: 100 };
    return await claimDue(tx, {
      ...asked,
      lane: lane!,
      flightId,
      stream: STREAM,
      after: { dueMs: 0, ownerId: 0 },
    });
  }, 'keyed');
  assert.equal(claimed.length, 10);
  assert.equal((await deleteStream(sql, lane!, 1, STREAM, 10)).length, 10);
  const read = (await readOf('due')) - before;
  assert.ok(read < 300, `${read} read for 32 looks and two batches of ten, with ${FULL} in the queue`);
});

test('which lanes have single messages that are due is found by one look into each, asked when few wait and when many do', async () => {
  await sql`ALTER TABLE due SET (autovacuum_enabled = false)`;
  await sql`DELETE FROM due`;
  for (let n = 0; n < 8; n++) assert.deepEqual(await selectInteractiveLanes(one, [1, 2], 1_000_000), []);
  await fill(FULL, 0);
  for (const analyzed of [false, true]) {
    if (analyzed) await sql.unsafe('ANALYZE due');
    const before = await readOf('due');
    assert.deepEqual(await selectInteractiveLanes(one, [1, 2], 1_000_000), [{ lane: lane!.lane, kind: 1 }]);
    assert.deepEqual(await selectInteractiveLanes(one, [2], 1_000_000), []);
    const read = (await readOf('due')) - before;
    assert.ok(read < 100, `${read} read to find one lane`);
  }
});

test('which of many streams have anything is found by a look for each into each lane, asked when few wait and when many do', async () => {
  await sql`ALTER TABLE due SET (autovacuum_enabled = false)`;
  await sql`DELETE FROM due`;
  const lanes = await sql<{ lane: number }[]>`SELECT lane FROM lanes`;
  const streams = Array.from({ length: 100 }, (_, n) => ({ stream: -1 - n, kind: 1 }));
  const ask = () =>
    selectStreamsWithWork(
      one,
      lanes.map(({ lane }) => lane),
      streams,
    );
  for (let n = 0; n < 8; n++) assert.deepEqual(await ask(), []);
  await fill(FULL, -70);
  for (const analyzed of [false, true]) {
    if (analyzed) await sql.unsafe('ANALYZE due');
    const before = await readOf('due');
    assert.deepEqual(await ask(), [-70]);
    const read = (await readOf('due')) - before;
    assert.ok(read < 100, `${read} read to find one of a hundred`);
  }
  assert.deepEqual(
    await selectStreamsWithWork(one, [lane!.lane + 1], streams),
    [],
    'in lanes that are asked',
  );
  assert.deepEqual(await selectStreamsWithWork(one, [lane!.lane], [{ stream: -70, kind: 2 }]), []);
});

test('which lanes have events to hand on is found by one look into each, asked when few wait and when many do', async () => {
  await sql`ALTER TABLE feed SET (autovacuum_enabled = false)`;
  const tell = (from: number, to: number) => sql`
    INSERT INTO feed (bucket, id, lane, workspace_id, type, at_ms, payload)
    SELECT ${lane!.buckets[7]!}, n, ${lane!.lane}, 9, 'told', 0, '{}' FROM generate_series(${from}::integer, ${to}::integer) n`;
  for (let n = 0; n < 8; n++) {
    await tell(n, n);
    assert.deepEqual(await selectFeedLanes(one), [lane!.lane]);
  }
  await tell(8, FULL);
  for (const analyzed of [false, true]) {
    if (analyzed) await sql.unsafe('ANALYZE feed');
    const before = await readOf('feed');
    assert.deepEqual(await selectFeedLanes(one), [lane!.lane]);
    const read = (await readOf('feed')) - before;
    assert.ok(read < 40, `${read} read to find one lane`);
  }
});
