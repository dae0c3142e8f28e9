/** The feed, statement by statement: whose events a lane's are, who may hand them on, what is forgotten of whom. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { testDatabase } from '../../test/support/database.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { createGiveWay } from './work/giveWay.ts';
import { createQueue, type Queue } from './queue.ts';
import { createDispatcher } from './feed/dispatch.ts';
import type { FeedEvent, FeedReader } from './feed/reader.ts';
import { createFailures } from './feed/failures.ts';
import { deleteEvents, selectFeed } from './feed/sql.ts';
import type { WorkerCore } from './work/core.ts';

const { sql } = await testDatabase();
const ids = idSource(62, () => systemClock.nowMs());
const WORKSPACE = ids.spread();
let queue: Queue;
let lane: OwnedLane;
let other: OwnedLane;
before(async () => {
  queue = createQueue({ sql, ids, clock: systemClock, log: silentLog });
  await queue.start();
});
after(() => queue.stop());
beforeEach(async () => {
  await sql`DELETE FROM feed`;
  const lanes = await sql<
    OwnedLane[]
  >`SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane IN (3, 4) ORDER BY lane`;
  [lane, other] = [lanes[0]!, lanes[1]!];
});

const append = (at: OwnedLane, n: number, more: { workspaceId?: number; payload?: unknown } = {}) =>
  queue.transact((tx) =>
    queue.append(
      tx,
      Array.from({ length: n }, (_, i) => ({
        ownerId: ids.inBucket(at.buckets[5]!),
        workspaceId: WORKSPACE,
        type: 'x',
        atMs: i,
        payload: {},
        ...more,
      })),
    ),
  );

test('a lane’s events are its own, oldest first', async () => {
  await append(lane, 3);
  await append(other, 2);
  assert.deepEqual(
    (await selectFeed(sql, [lane], 10)).map(({ atMs }) => atMs),
    [0, 1, 2],
  );
  assert.equal((await selectFeed(sql, [other], 10)).length, 2);
  assert.equal((await selectFeed(sql, [lane], 2)).length, 2);
});

test('who has lost the lane hands nothing on; who has it hands each event on once, and more than one batch', async () => {
  const read: FeedEvent[] = [];
  const told: FeedEvent[] = [];
  const reader: FeedReader = { name: 'one', read: async (_tx, events) => void read.push(...events) };
  const second: FeedReader = {
    name: 'two',
    read: async () => {},
    committed: (events) => void told.push(...events),
  };
  const third: FeedReader = { name: 'three', read: async (_tx, events) => void also.push(...events) };
  const also: FeedEvent[] = [];
  const stop = new AbortController();
  let held = { ...lane, epoch: lane.epoch - 1 };
  const core = {
    sql,
    clock: systemClock,
    log: silentLog,
    stopping: stop.signal,
    giveWay: createGiveWay(systemClock),
    lanes: () => [held],
    holds: () => true,
    claim: () => Promise.reject(new Error('not asked')),
    claimOfLanes: () => Promise.reject(new Error('not asked')),
  };
  let tries = 0;
  const watched: Pick<Queue, 'transact'> = {
    async transact(...given) {
      const done = await queue.transact(...given);
      tries++;
      return done;
    },
  };
  const dispatcher = createDispatcher(core, watched, [reader, second, third]);
  const running = dispatcher.run();
  await append(lane, 450);
  dispatcher.ring(lane.lane);
  await until('it has looked', () => tries > 0);
  assert.equal((await sql`SELECT 1 FROM feed`).length, 450);
  assert.equal(read.length, 0);
  held = lane;
  await until('all is handed on', async () => {
    dispatcher.ring(lane.lane);
    return (await sql`SELECT 1 FROM feed`).length === 0;
  });
  assert.deepEqual([read.length, told.length, also.length], [450, 450, 450]);
  assert.equal(new Set(read.map(({ id }) => id)).size, 450);
  assert.equal((await sql`SELECT 1 FROM feed_log`).length, 450);
  stop.abort();
  dispatcher.wake();
  await running;
});

test('of a person only the person’s events are forgotten, in that workspace', async () => {
  const [person, somebody] = [ids.inBucket(lane.buckets[5]!), ids.inBucket(lane.buckets[5]!)];
  await append(lane, 1, { payload: { contactId: person } });
  await append(lane, 1, { payload: { contactId: somebody } });
  await append(lane, 1, { payload: { contactId: person }, workspaceId: ids.spread() });
  await deleteEvents(sql, WORKSPACE, { type: 'x', name: 'contactId', ids: [person] });
  const left = await sql<{ payload: { contactId: number } }[]>`SELECT payload FROM feed ORDER BY id`;
  assert.deepEqual(
    left.map(({ payload }) => payload.contactId),
    [somebody, person],
  );
  await deleteEvents(sql, WORKSPACE, { type: 'y', name: 'contactId', ids: [somebody] });
  assert.equal((await sql`SELECT 1 FROM feed`).length, 2);
});

test('what a reader fails on again comes more and more seldom, at once where its lane is new, and is told of when it is read', async () => {
  const clock = stillClock(systemClock.nowMs());
  let fails = true;
  const told: string[] = [];
  const reader: FeedReader = {
    name: 'picky',
    async read(_tx, [event]) {
      told.push(`read ${event!.type}`);
      if (fails) throw new Error('not yet');
    },
    committed: (events) => void told.push(`committed ${events.length}`),
  };
  let holds = [lane];
  const core = {
    sql,
    clock,
    log: silentLog,
    lanes: () => holds,
    holds: () => true,
    stopping: { aborted: false },
  };
  const failures = createFailures(core as unknown as WorkerCore, queue, [reader]);
  const id = ids.inBucket(lane.buckets[5]!);
  const event = { id, bucket: lane.buckets[5]!, workspaceId: WORKSPACE, type: 'x', atMs: 1, payload: {} };
  await queue.transact((tx) => failures.keep(tx, lane, reader, event as FeedEvent, new Error('no')));
  const againMs = async () => {
    const [row] = await sql<{ inMs: number }[]>`
      SELECT again_ms - ${clock.nowMs()}::bigint AS "inMs" FROM feed_failures WHERE reader = 'picky'`;
    return row?.inMs;
  };
  assert.equal(await againMs(), 60_000);
  await failures.again();
  assert.deepEqual([told.splice(0), await againMs()], [['read x'], 120_000], 'the lane is new here');
  await failures.again();
  assert.deepEqual(told, [], 'its time has not come');
  await clock.moveOn(120_000);
  await failures.again();
  assert.deepEqual([told.splice(0), await againMs()], [['read x'], 240_000]);
  await clock.moveOn(240_000);
  fails = false;
  holds = [{ ...lane, epoch: lane.epoch - 1 }];
  await failures.again();
  assert.deepEqual([told.splice(0), await againMs()], [[], 0], 'of a lane that is another’s nothing is read');
  holds = [lane];
  await failures.again();
  assert.deepEqual([told, await againMs()], [['read x', 'committed 1'], undefined]);
});
