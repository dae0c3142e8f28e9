/** The feed, statement by statement: whose events a lane's are, who may hand them on, what is forgotten of whom. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { firstIdAt, idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { testDatabase } from '../../test/support/database.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { createGiveWay } from './work/giveWay.ts';
import { createQueue, type Queue } from './queue.ts';
import { createDispatcher } from './feed/dispatch.ts';
import type { FeedEvent, FeedReader } from './feed/reader.ts';
import { createFailures, sweepFailures } from './feed/failures.ts';
import { eventsLogged } from './feed/history.ts';
import { deleteEvents, moveToHistory, selectFeed } from './feed/sql.ts';
import { oldestUnread } from './feed/unread.ts';
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
  const both = await selectFeed(sql, [lane, other], 2);
  assert.deepEqual(
    [lane, other].map((one) => both.filter((event) => event.lane === one.lane).map(({ atMs }) => atMs)),
    [
      [0, 1],
      [0, 1],
    ],
  );
  const first = (at: OwnedLane) => both.find((event) => event.lane === at.lane)!.id;
  assert.deepEqual(
    await oldestUnread(sql, [lane, other]),
    new Map([
      [lane.lane, first(lane)],
      [other.lane, first(other)],
    ]),
  );
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
  // One ring is enough for all there is.
  dispatcher.ring(lane.lane);
  await until('all is handed on', async () => (await sql`SELECT 1 FROM feed`).length === 0);
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
  // What was handed on, and what a reader failed on, is forgotten as well.
  const events = await selectFeed(sql, [lane], 10);
  await moveToHistory(sql, [lane], events, 'a reader failed');
  await sql`DELETE FROM feed_failures`;
  const core = { clock: systemClock, log: silentLog } as WorkerCore;
  await queue.transact((tx) =>
    createFailures(core, queue, []).keep(tx, lane, { name: 'one', read: async () => {} }, events[0]!, 'no'),
  );
  const kept = async () => [
    (await sql<{ error: string }[]>`SELECT error FROM feed_log WHERE workspace_id = ${WORKSPACE}`).filter(
      ({ error }) => error === 'a reader failed',
    ).length,
    (await sql`SELECT FROM feed_failures`).length,
  ];
  assert.deepEqual(await kept(), [1, 1]);
  await deleteEvents(sql, WORKSPACE, { type: 'x', name: 'contactId', ids: [somebody] });
  assert.deepEqual(await kept(), [0, 0]);
});

test('what several readers failed on is read again oldest first, by each; one lane that is lost costs the others nothing; what is old is forgotten', async () => {
  await sql`DELETE FROM feed_failures`;
  const clock = stillClock(systemClock.nowMs());
  const read: string[] = [];
  const readerOf = (name: string): FeedReader => ({
    name,
    async read(_tx, [event]) {
      read.push(`${name} ${event!.atMs}`);
      if (event!.atMs === 3 || name === 'two') throw new Error('never');
    },
  });
  const readers = ['one', 'two'].map(readerOf);
  const core = {
    sql,
    clock,
    log: silentLog,
    lanes: () => [{ ...lane, epoch: lane.epoch - 1 }, other],
    holds: () => true,
    stopping: { aborted: false },
  };
  const failures = createFailures(core as unknown as WorkerCore, queue, readers);
  const fail = (at: OwnedLane, reader: FeedReader, atMs: number, id = ids.inBucket(at.buckets[5]!)) =>
    queue.transact(async (tx) => {
      const event = { id, bucket: at.buckets[5]!, workspaceId: WORKSPACE, type: 'x', atMs, payload: {} };
      await failures.keep(tx, at, reader, event, new Error('no'));
      return id;
    });
  await fail(lane, readers[0]!, 1);
  const id = await fail(other, readers[0]!, 2);
  await fail(other, readers[1]!, 2, id);
  await fail(other, readers[0]!, 3);
  await failures.again();
  assert.deepEqual(read, ['one 2', 'two 2', 'one 3']);
  const waiting = await sql<{ reader: string }[]>`SELECT reader FROM feed_failures WHERE at_ms = 2`;
  assert.deepEqual([...waiting], [{ reader: 'two' }], 'what one has read at last the other has not');
  await sql`UPDATE feed_failures SET attempts = 30 WHERE at_ms = 3`;
  await clock.moveOn(120_000);
  await failures.again();
  const left = await sql<{ atMs: number; inMs: number; attempts: number }[]>`
    SELECT at_ms AS "atMs", again_ms - ${clock.nowMs()}::bigint AS "inMs", attempts FROM feed_failures ORDER BY at_ms`;
  assert.deepEqual(
    left.filter(({ atMs }) => atMs === 3),
    [{ atMs: 3, inMs: 3_600_000, attempts: 31 }],
    'an hour at the most',
  );
  await sweepFailures(sql, 3);
  assert.deepEqual(
    (await sql<{ atMs: number }[]>`SELECT at_ms AS "atMs" FROM feed_failures`).map(({ atMs }) => atMs),
    [3],
  );
});

test('what readers failed on that are not here keeps nobody else’s from being read', async () => {
  await sql`DELETE FROM feed_failures`;
  const read: number[] = [];
  const reader: FeedReader = { name: 'here', read: async (_tx, [event]) => void read.push(event!.atMs) };
  const core = {
    sql,
    clock: systemClock,
    log: silentLog,
    lanes: () => [other],
    stopping: { aborted: false },
  };
  const bucket = other.buckets[5]!;
  await sql`
    INSERT INTO feed_failures (bucket, id, reader, lane, workspace_id, type, at_ms, payload, error, attempts, again_ms)
    SELECT ${bucket}, n, CASE n WHEN 600 THEN 'here' ELSE 'gone' END, ${other.lane}, ${WORKSPACE}, 'x', n, '{}', 'no', 1, 1
    FROM generate_series(1, 600::integer) n`;
  await createFailures(core as unknown as WorkerCore, queue, [reader]).again();
  assert.deepEqual(read, [600]);
  const [left] = await sql<{ n: number }[]>`SELECT count(*) AS n FROM feed_failures`;
  assert.equal(left!.n, 599, 'they wait for whoever has those readers');
});

test('what happened, for who looks on: page by page, of whom and of what is asked, and from a place before which nothing more comes', async () => {
  const [mine, theirs] = [ids.spread(), ids.spread()];
  const [ann, bob] = [ids.inBucket(lane.buckets[5]!), ids.inBucket(lane.buckets[5]!)];
  for (const payload of [{ contactId: ann }, { contactId: bob }, { changes: [{ contactId: ann }] }, {}, {}])
    await append(lane, 1, { workspaceId: mine, payload });
  await append(lane, 1, { workspaceId: theirs, payload: { contactId: ann } });
  const events = await selectFeed(sql, [lane], 10);
  await moveToHistory(sql, [lane], events, null);
  const all = events.slice(0, 5).map(({ id }) => id);
  const look = (
    more: { beforeId?: number; afterId?: number; contactId?: number; type?: string },
    nowMs = 0,
  ) =>
    eventsLogged(
      sql,
      [lane, other],
      {
        workspaceId: mine,
        type: undefined,
        contactId: undefined,
        beforeId: undefined,
        afterId: undefined,
        limit: 2,
        ...more,
      },
      nowMs || systemClock.nowMs() + 60_000,
    );
  const pages: number[][] = [];
  for (let beforeId: number | undefined; pages.length < 5; ) {
    const page = await look(beforeId === undefined ? {} : { beforeId });
    pages.push(page.events.map(({ id }) => id));
    if (page.next === null) break;
    beforeId = page.next;
  }
  assert.deepEqual(pages, [[all[4], all[3]], [all[2], all[1]], [all[0]]]);
  const of = async (more: Parameters<typeof look>[0]) => (await look(more)).events.map(({ id }) => id);
  assert.deepEqual(
    [await of({ contactId: ann }), await of({ contactId: bob })],
    [[all[2], all[0]], [all[1]]],
  );
  assert.deepEqual(await of({ type: 'y' }), []);
  const since = await look({ afterId: all[1]! });
  assert.deepEqual(
    [since.events.map(({ id }) => id), since.next, since.skipped],
    [[all[4], all[3]], null, true],
    'more than are told',
  );
  const last = await look({ afterId: all[3]! });
  assert.deepEqual([last.events.map(({ id }) => id), last.skipped], [[all[4]], false]);
  // Nothing waits: what is made now may commit within some seconds.
  const nowMs = systemClock.nowMs();
  assert.equal((await look({}, nowMs)).cursor, firstIdAt(nowMs - 5_000));
  assert.ok((await look({ afterId: all[4]! }, nowMs)).cursor >= all[4]!, 'nobody is sent back');
  await append(lane, 1, { workspaceId: mine });
  const [waits] = await selectFeed(sql, [lane], 1);
  assert.equal((await look({})).cursor, waits!.id - 1, 'what waits is still to come');
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
