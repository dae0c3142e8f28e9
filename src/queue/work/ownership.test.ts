/** Which lanes may be claimed from, on a real Postgres. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../base/clock.ts';
import { idSource } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { Flights } from './flights.ts';
import type { Handler } from './core.ts';
import { createOwnership } from './ownership.ts';
import { claimDue } from './sql.ts';

const { sql } = await testDatabase();
const clock = systemClock;
const ids = idSource(64, () => clock.nowMs());

test('a lane that was lost while the database was, and comes back, is not claimed from before what another left there is settled', async () => {
  const handler: Handler = { kind: 1, batchSize: 9, inFlight: 9, handle: () => Promise.resolve() };
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  let left = 0;
  const flights = {
    run: () => (left++, settled),
    track: (work: Promise<void>) => work,
    isUnderWay: () => false,
  } as unknown as Flights;
  let losing = false;
  const lossy = new Proxy(sql, {
    apply(target, self, given: [TemplateStringsArray, ...never[]]) {
      if (losing && given[0].join('').includes('epoch = lanes.epoch + 1'))
        return Promise.reject(Object.assign(new Error('lost'), { code: 'ECONNRESET' }));
      return Reflect.apply(target, self, given) as unknown;
    },
  });
  const deps = {
    sql: lossy,
    ids,
    clock,
    log: silentLog,
    leaseMs: 60_000,
    handlers: [handler],
    total: () => 32,
  };
  const ownership = createOwnership(
    deps,
    new AbortController().signal,
    () => flights,
    () => {},
  );
  await ownership.start();
  assert.equal(ownership.lanes().length, 32);

  // Another takes a lane, claims in it, and dies; and this one hears of it when it can take none.
  const owner = ids.spread();
  const [lane] = await sql<{ lane: number; bucket: number; buckets: number[]; epoch: number }[]>`
    UPDATE lanes SET owner = 'another', leased_until_ms = ${clock.nowMs() - 1}, epoch = epoch + 1
    WHERE ${owner % 4096} = ANY(buckets) RETURNING lane, bucket, buckets, epoch`;
  await sql`INSERT INTO due (bucket, lane, kind, owner_id, cause_id, seq, stream, workspace_id, due_ms)
    VALUES (${owner % 4096}, ${lane!.lane}, 1, ${owner}, 5, 0, 0, 1, 1)`;
  const claim = {
    lane: lane!,
    flightId: ids.inBucket(lane!.bucket),
    kind: 1,
    stream: 0,
    nowMs: clock.nowMs(),
  };
  const bounds = { after: { dueMs: 0, ownerId: 0 }, busy: [], passOver: [], limit: 9, wholeUpTo: 9 };
  assert.equal((await claimDue(sql, { ...claim, ...bounds })).length, 1);
  losing = true;
  await assert.rejects(ownership.round(), /lost/);
  losing = false;
  await ownership.round();
  await until('what was left is being settled', () => left === 1);
  assert.equal(ownership.isReady(lane!.lane), false);
  assert.equal(ownership.lanes().length, 31);
  settle();
  await until('then it is', () => ownership.lanes().length === 32);
  await ownership.release();
});
