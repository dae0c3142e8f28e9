/** Claiming, by itself: what may begin without a further word is shared out among lanes, and what is in flight is known of every batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { systemClock } from '../base/clock.ts';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { createQueue } from './queue.ts';
import { createBusy, createClaims, placeOf, type Flight } from './work/claims.ts';
import type { Handler } from './work/core.ts';

const { sql } = await testDatabase();
const clock = systemClock;
const ids = idSource(61, () => clock.nowMs());
const queue = createQueue({ sql, ids, clock, log: silentLog });
await queue.start();
test.after(() => queue.stop());
const WORKSPACE = ids.spread();
const handler: Handler = {
  kind: 1,
  batchSize: 10,
  inFlight: 100,
  wholeUpTo: () => 4,
  handle: () => Promise.resolve(),
};

/** Two lanes in which so much is due of each. */
async function twoLanes(each: number): Promise<OwnedLane[]> {
  const lanes = await sql<
    OwnedLane[]
  >`SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane IN (5, 6) ORDER BY lane`;
  const due = lanes.flatMap(({ buckets }) =>
    Array.from({ length: each }, (_, n) => ({
      kind: handler.kind,
      ownerId: ids.inBucket(buckets[n]!),
      causeId: ids.spread(),
      seq: 0,
      stream: 0,
      workspaceId: WORKSPACE,
      dueMs: 1,
    })),
  );
  await queue.transact((tx) => queue.put(tx, due));
  return lanes;
}

test('what begins with its claim is shared out among the lanes; what is in flight is not claimed again, of whichever batch', async () => {
  const lanes = await twoLanes(3);
  const flown: Flight[] = [];
  const busy = createBusy();
  const landed: (() => void)[] = [];
  const lost = { watch: <T>(_flights: unknown, claim: () => Promise<T>) => claim() };
  const claims = createClaims({ sql, ids, clock, lost }, busy, (_handler, flight) => {
    flown.push(flight);
    landed.push(busy.add(placeOf(flight.lane, handler, flight.stream), flight.items));
    return Promise.resolve();
  });
  const claim = (limit: number) =>
    claims.claimOfLanes({ handler, lanes, stream: 0, limit, passOver: [], left: () => {} });
  await claim(10);
  assert.deepEqual(
    flown.map(({ items, whole }) => [items.length, whole]),
    [
      [3, false],
      [3, false],
    ],
    'four in all may begin as they are: two of each lane',
  );
  assert.equal((await sql`SELECT 1 FROM flights WHERE whole`).length, 0);
  assert.equal((await claim(10)).size, 0);
  for (const land of landed.splice(0)) land();
  flown.length = 0;
  for (let n = 1; n <= 3; n++) {
    await claim(1);
    assert.equal(flown.length, 2 * n, 'one of each lane at a time, beside those in flight');
  }
  assert.ok(flown.every(({ whole }) => whole));
  assert.equal(new Set(flown.flatMap(({ items }) => items.map(({ causeId }) => causeId))).size, 6);
  landed[0]!();
  assert.equal((await claim(10)).size, 1, 'what has landed is free again, and nothing beside it');
});
