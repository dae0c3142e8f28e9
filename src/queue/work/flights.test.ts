/** A batch in flight: what a handler that fails leaves, when who waits is rung, and what is on record of what began. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '../../../test/support/stillClock.ts';
import { idSource } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { Db, Sql } from '../../db/pool.ts';
import { createFlights } from './flights.ts';
import type { Handler, Wake } from './core.ts';
import { createSteps } from './steps.ts';
import type { Step } from './sql.steps.ts';
import type { Batch, WorkItem } from './work.ts';

const LEASE_MS = 12_000;
const lane = { lane: 3, bucket: 3, buckets: [3, 35], epoch: 7 };
const ids = idSource(60, () => 1_700_000_000_000);
const item = (): WorkItem => ({
  bucket: 3,
  ownerId: ids.inBucket(3),
  causeId: ids.spread(),
  seq: 0,
  attempt: 0,
  stream: 0,
  workspaceId: 1,
  dueMs: 1,
});
/** Nothing is asked of the store: all of a flight begins with its claim. */
const sql = { placement: { distributed: false } } as unknown as Sql;

/** One flight on a clock that stands; `holds` is as it is asked for. */
function fly(handle: Handler['handle'], holds: () => boolean, whole = true) {
  const clock = stillClock();
  const rung: { wake: Wake; dueMs: number }[] = [];
  const stopping = new AbortController();
  const flights = createFlights(
    { sql, ids, clock, log: silentLog, leaseMs: LEASE_MS, handlers: [] },
    { stopping: stopping.signal, holds, wakeAt: (wake, dueMs) => rung.push({ wake, dueMs }) },
  );
  const handler: Handler = { kind: 1, batchSize: 9, inFlight: 9, handle };
  const flight = { lane, flightId: 5, stream: 0, items: [item(), item()], whole };
  const claimed = { abandoned: false, claimedMs: clock.nowMs(), noted: new Map() };
  return { clock, rung, ran: flights.run(handler, { ...flight, ...claimed }, () => {}) };
}

test('a handler that lost the database waits out a lease that seems to be over, and settles what had begun as left behind', async () => {
  let isHeld = true;
  const seen: Pick<Batch, 'abandoned' | 'items'>[] = [];
  const { clock, ran } = fly(
    (batch) => {
      seen.push(batch);
      if (seen.length > 1) return Promise.resolve();
      isHeld = false;
      return Promise.reject(Object.assign(new Error('terminating connection'), { code: '57P01' }));
    },
    () => isHeld,
  );
  await clock.moveOn(1_500);
  assert.equal(seen.length, 1, 'it may be another’s by now');
  isHeld = true;
  await clock.moveOn(LEASE_MS);
  await ran;
  assert.deepEqual(
    seen.map(({ abandoned, items }) => [abandoned, items.length]),
    [
      [false, 2],
      [true, 2],
    ],
  );
});

test('what was put off for a time that has come before the flight had landed rings by the first of it', async () => {
  const { clock, rung, ran } = fly(
    (batch) => {
      const nowMs = 1_000_000;
      batch.wakeAt(nowMs - 5);
      batch.wakeAt(nowMs + 60_000);
      return Promise.resolve();
    },
    () => true,
  );
  await ran;
  const [wake, dueMs] = [{ lane: 3, what: 1 }, clock.nowMs() - 5];
  assert.deepEqual(rung.slice(2), [{ wake, dueMs }]);
});

test('what a handler that lost the database had not begun is due as it was, and rings: it was passed over until then', async () => {
  let calls = 0;
  const { clock, rung, ran } = fly(
    (batch) => {
      calls++;
      if (!batch.abandoned) return Promise.reject(Object.assign(new Error('deadlock'), { code: '40P01' }));
      assert.deepEqual(batch.items, []);
      return Promise.resolve();
    },
    () => true,
    false,
  );
  await clock.moveOn(1_500);
  await ran;
  assert.equal(calls, 2);
  assert.deepEqual(
    rung.map(({ wake, dueMs }) => [wake, dueMs <= clock.nowMs()]),
    [[{ lane: 3, what: 1 }, true]],
  );
});

test('what came of an item is written once, with the step after it; who closes waits for the steps under way', async () => {
  const items = [item(), item(), item()];
  const written: Step[] = [];
  const ends: (() => void)[] = [];
  const steps = createSteps({} as Db, { lane, flightId: 5, whole: false, items }, (step) => {
    written.push(step);
    return new Promise<boolean>((resolve) => ends.push(() => resolve(true)));
  });
  const begun = items.map((one, n) => {
    const beginning = steps.begin([one]);
    steps.note(one, `came ${n}`);
    return beginning;
  });
  assert.deepEqual(
    written.map(({ notes }) => notes),
    [null, '{"0":"came 0"}', '{"1":"came 1"}'],
  );
  let isClosed = false;
  const closing = steps.close().then(() => (isClosed = true));
  ends[0]!();
  ends[1]!();
  await Promise.all(begun.slice(0, 2));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, false, 'the third would outlive its flight');
  ends[2]!();
  await closing;
  assert.deepEqual(await Promise.all(begun), [true, true, true]);
});
