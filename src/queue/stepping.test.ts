/** Long work, part by part: how often what fails is tried again, by whose fault it is, and who is told. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { testDatabase } from '../../test/support/database.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { createQueue, type Queue } from './queue.ts';
import { stepping } from './stepping.ts';
import { claimDue } from './work/sql.ts';
import { createSteps } from './work/steps.ts';
import type { Batch } from './work/work.ts';

const { sql } = await testDatabase();
const clock = stillClock();
const ids = idSource(62, () => clock.nowMs());
const KIND = 1;
let queue: Queue;
let lane: OwnedLane;
before(async () => {
  queue = createQueue({ sql, ids, clock, log: silentLog });
  await queue.start();
  const lanes = await sql<OwnedLane[]>`SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane = 3`;
  lane = lanes[0]!;
});
after(() => queue.stop());

/** Takes a step of work that was tried so often before; when it is due next and what was told of it. */
async function stepOf(attempt: number, takePart: (n: number) => Promise<boolean>, isUnderWay = true) {
  const ownerId = ids.inBucket(lane.buckets[7]!);
  const causeId = ids.spread();
  const work = { kind: KIND, ownerId, causeId, seq: 0, stream: 0, workspaceId: 9, dueMs: 1_000 };
  await queue.transact((tx) => queue.put(tx, [work]));
  await sql`UPDATE due SET attempt = ${attempt} WHERE cause_id = ${causeId}`;
  const flightId = ids.inBucket(lane.bucket);
  const claim = { kind: KIND, stream: 0, after: { dueMs: 0, ownerId: 0 }, busy: [], passOver: [] };
  const limits = { limit: 10, wholeUpTo: 10 };
  const items = await claimDue(sql, { ...claim, ...limits, lane, flightId, nowMs: 5_000 });
  const batch: Batch = {
    lane,
    flightId,
    kind: KIND,
    stream: 0,
    items,
    abandoned: false,
    claimedMs: 5_000,
    noted: new Map(),
    steps: createSteps(sql, { lane, flightId, items, whole: true }),
    holds: () => true,
    wakeAt: () => {},
    settled: () => {},
  };
  let parts = 0;
  const told: { note: string; isOver: boolean }[] = [];
  await stepping(
    { queue, clock, log: silentLog },
    {
      kind: KIND,
      name: 'a thing',
      takePart: () => takePart(++parts),
      tell: async (_tx, _item, why) => told.push(why) > 0 && isUnderWay,
    },
  ).handle(batch);
  const [left] = await sql<{ inMs: number; attempt: number }[]>`
    DELETE FROM due WHERE cause_id = ${causeId} RETURNING due_ms - ${clock.nowMs()}::bigint AS "inMs", attempt`;
  assert.equal((await sql`SELECT 1 FROM flights WHERE id = ${flightId}`).length, 0, 'its flight is over');
  return { left, told: told.at(-1), parts };
}

const bug = () => Promise.reject(new Error('a bug'));
const away = () => Promise.reject(Object.assign(new Error('no room'), { code: '53100' }));

test('all parts are taken, and then it is over', async () => {
  const done = await stepOf(0, async (n) => n < 5);
  assert.deepEqual([done.left, done.told, done.parts], [undefined, undefined, 5]);
});

test('a bug in it is tried five times; whoever looks is told why it waits, and that it is over', async () => {
  const fourth = await stepOf(3, bug);
  assert.deepEqual(fourth.left, { inMs: 5_000, attempt: 4 });
  assert.deepEqual(fourth.told, { note: 'It waits, and is tried again: Error: a bug', isOver: false });
  const fifth = await stepOf(4, bug);
  assert.equal(fifth.left, undefined);
  assert.equal(fifth.told?.isOver, true);
});

test('what the store says of itself is waited for, up to five minutes and twenty times', async () => {
  assert.deepEqual((await stepOf(0, away)).left, { inMs: 5_000, attempt: 1 });
  assert.deepEqual((await stepOf(2, away)).left, { inMs: 20_000, attempt: 3 });
  assert.deepEqual((await stepOf(18, away)).left, { inMs: 300_000, attempt: 19 });
  assert.equal((await stepOf(19, away)).told?.isOver, true);
});

test('what got on before it failed begins to count anew', async () => {
  const { left } = await stepOf(4, (n) => (n < 3 ? Promise.resolve(true) : bug()));
  assert.deepEqual(left, { inMs: 5_000, attempt: 1 });
});

test('after a second others have their turn, and what goes on has failed at nothing', async () => {
  const { left, parts } = await stepOf(4, async () => {
    await clock.moveOn(400);
    return true;
  });
  assert.deepEqual([parts, left], [3, { inMs: 0, attempt: 0 }]);
});

test('what was taken back meanwhile is not tried again', async () => {
  assert.equal((await stepOf(0, bug, false)).left, undefined);
});
