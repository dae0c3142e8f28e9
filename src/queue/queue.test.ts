/** The durable hand-off on a real Postgres: lanes, fences, flights, streams, the feed. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { bucketOf, idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import type { FeedReader, FeedEvent } from './feed/reader.ts';
import { waitingFailures } from './feed/failures.ts';
import { createQueue, type Queue } from './queue.ts';
import { LaneLost, settle } from './work/settle.ts';
import type { Batch, WorkItem } from './work/work.ts';
import { bringForward, claimDue } from './work/sql.ts';
import { callOff, dueOfStream } from './work/streams.ts';
import { createSteps } from './work/steps.ts';
import { createWorker, type Handler } from './worker.ts';

const database = await testDatabase();
const { sql } = database;
const clock = systemClock;
let node = 0;
const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const ids = idSource(60, () => clock.nowMs());
const WORKSPACE = ids.spread();
const KIND = 1;

async function newQueue(): Promise<Queue> {
  const queue = createQueue({ sql, ids, clock, log: silentLog });
  await queue.start();
  stops.push(() => queue.stop());
  return queue;
}

const work = (ownerId: number, causeId: number, more = {}) => ({
  kind: KIND,
  ownerId,
  causeId,
  seq: 0,
  stream: 0,
  workspaceId: WORKSPACE,
  dueMs: clock.nowMs(),
  ...more,
});

/** A worker with this clock looks by itself only after ten minutes, so what it does, it was told of. */
const seldom = {
  ...clock,
  after: (delayMs: number, run: () => void) => clock.after(delayMs === 1000 ? 600_000 : delayMs, run),
};

/** A handler that notes what it gets and settles it as told. */
function noting(
  options: {
    kind?: number;
    act?: (batch: Batch, item: WorkItem) => Promise<number | undefined> | number | undefined;
  } = {},
) {
  const seen: { item: WorkItem; abandoned: boolean; stream: number }[] = [];
  const make = (queue: Queue): Handler => ({
    kind: options.kind ?? KIND,
    batchSize: 50,
    inFlight: 200,
    async handle(batch) {
      const later: { item: WorkItem; dueMs: number; attempt: number }[] = [];
      const done: WorkItem[] = [];
      for (const item of batch.items) {
        seen.push({ item, abandoned: batch.abandoned, stream: batch.stream });
        const dueMs = await options.act?.(batch, item);
        if (dueMs === undefined) done.push(item);
        else later.push({ item, dueMs, attempt: item.attempt + 1 });
      }
      await queue.transact((tx) => settle(tx, batch, { done, later, landed: true }));
    },
  });
  return { seen, make };
}

async function newWorker(
  queue: Queue,
  handlers: Handler[],
  readers: FeedReader[] = [],
  leaseMs = 3_000,
  timers = clock,
) {
  const worker = createWorker({
    sql,
    queue,
    ids: idSource(++node, () => clock.nowMs()),
    clock: timers,
    log: silentLog,
    leaseMs,
    handlers,
    readers,
  });
  await worker.start();
  let stopped = false;
  const stop = async () => {
    if (!stopped) await worker.stop();
    stopped = true;
  };
  stops.push(stop);
  return { worker, stop };
}

test('the same work put in twice is one piece of work; what commits is done, what rolls back is not', async () => {
  const queue = await newQueue();
  const { seen, make } = noting();
  const { stop } = await newWorker(queue, [make(queue)]);
  const [owner, cause, never] = [ids.spread(), ids.spread(), ids.spread()];
  await queue.transact((tx) => queue.put(tx, [work(owner, cause)]));
  await queue.transact((tx) => queue.put(tx, [work(owner, cause)])).catch(() => {});
  await assert.rejects(
    queue.transact(async (tx) => {
      await queue.put(tx, [work(owner, never)]);
      throw new Error('no');
    }),
  );
  await until('it is done', () => seen.length > 0);
  await until('the queue is empty', async () => (await sql`SELECT 1 FROM due`).length === 0);
  assert.ok(seen.every(({ item }) => item.causeId === cause));
  assert.deepEqual((await sql`SELECT 1 FROM flights`).length, 0);
  await stop();
});

test('work put off for soon starts soon, each at its own time, with its attempts counted', async () => {
  const queue = await newQueue();
  const [near, far] = [ids.spread(), ids.spread()];
  const { seen, make } = noting({
    act: (_batch, { attempt, causeId }) =>
      attempt < 2 ? clock.nowMs() + (causeId === near ? 20 : 60) : undefined,
  });
  // What is set for later than half a second never comes: nobody finds it by looking.
  const after = (delayMs: number, run: () => void) => (delayMs > 500 ? () => {} : clock.after(delayMs, run));
  const { stop } = await newWorker(queue, [make(queue)], [], 120_000, { ...clock, after });
  const owner = ids.spread();
  await queue.transact((tx) => queue.put(tx, [work(owner, near), work(owner, far)]));
  for (const cause of [near, far])
    await until('three tries', () => seen.filter(({ item }) => item.causeId === cause).length === 3);
  assert.deepEqual(
    seen.filter(({ item }) => item.causeId === far).map(({ item }) => item.attempt),
    [0, 1, 2],
  );
  await stop();
});

test('what a process put in and told of, and died before it could wake anybody, is found by looking', async () => {
  const queue = await newQueue();
  const deaf = new Proxy(sql, {
    get: (of, what) => (what === 'notify' ? () => Promise.resolve() : Reflect.get(of, what)),
  });
  const dying = createQueue({ sql: deaf, ids, clock, log: silentLog });
  await dying.start();
  const read: number[] = [];
  const reader: FeedReader = {
    name: 'looking',
    read: (_tx, events) => Promise.resolve(void read.push(...events.map(({ atMs }) => atMs))),
  };
  const { seen, make } = noting();
  const { worker, stop } = await newWorker(queue, [make(queue)], [reader]);
  await until('it has all lanes', () => worker.heldLanes() === queue.lanes().length);
  const owner = ids.spread();
  await dying.transact(async (tx) => {
    await dying.put(tx, [work(owner, ids.spread())]);
    await dying.append(tx, [{ ownerId: owner, workspaceId: WORKSPACE, type: 'told', atMs: 17, payload: {} }]);
  });
  await until('the work is done', () => seen.length === 1);
  await until('the event is read', () => read.includes(17));
  await stop();
  await dying.stop();
});

test('a lane that was lost and came back is worked in once what was left in flight is settled, and as what it was', async () => {
  const queue = await newQueue();
  const settling = Promise.withResolvers<void>();
  const { seen, make } = noting({
    async act({ abandoned }) {
      if (abandoned) await settling.promise;
      return undefined;
    },
  });
  const { worker, stop } = await newWorker(queue, [make(queue)], [], 900);
  await until('it has all lanes', () => worker.heldLanes() === queue.lanes().length);
  const [left, run] = [ids.spread(), ids.spread()];
  const number = queue.laneOf(bucketOf(left));
  const another = queue.lanes().find(({ lane }) => lane !== number)!.buckets[0]!;
  // Another takes the lane, claims in it, and dies.
  await sql.begin(async (tx) => {
    const [lane] = await tx<Batch['lane'][]>`
      UPDATE lanes SET owner = 'dead', leased_until_ms = ${clock.nowMs() - 1}, epoch = epoch + 1
      WHERE lane = ${number} RETURNING lane, bucket, buckets, epoch`;
    const item = { bucket: bucketOf(left), lane: number, ...work(left, run, { stream: run }) };
    await tx`INSERT INTO due (bucket, lane, kind, owner_id, cause_id, seq, stream, workspace_id, due_ms)
      VALUES (${item.bucket}, ${number}, ${KIND}, ${left}, ${run}, 0, ${run}, ${WORKSPACE}, ${item.dueMs})`;
    const claim = { lane: lane!, flightId: ids.inBucket(lane!.bucket), kind: KIND, stream: run };
    const bounds = { nowMs: clock.nowMs(), after: { dueMs: 0, ownerId: 0 }, limit: 9, wholeUpTo: 9 };
    const claimed = await claimDue(tx, { ...claim, ...bounds, passOver: [], busy: [] });
    assert.equal(claimed.length, 1);
  });
  await until('what it left is taken up', () => seen.length === 1);
  const put = (owner: number) => queue.transact((tx) => queue.put(tx, [work(owner, ids.spread())]));
  const waits = ids.inBucket(bucketOf(left));
  await put(waits);
  await put(ids.inBucket(another));
  await until('work of another lane is done', () => seen.length > 1);
  assert.ok(!seen.some(({ item }) => item.ownerId === waits), 'and of this one none');
  settling.resolve();
  await until('then it is', () => seen.some(({ item }) => item.ownerId === waits));
  assert.deepEqual(
    seen.flatMap(({ item, abandoned, stream }) => (item.ownerId === left ? [[abandoned, stream]] : [])),
    [[true, run]],
  );
  await stop();
});

test('a claim is written as a flight in the same statement; a sleeper whose lane was taken changes nothing', async () => {
  const queue = await newQueue();
  const [owner, cause] = [ids.spread(), ids.spread()];
  await queue.transact((tx) => queue.put(tx, [work(owner, cause)]));
  const number = queue.laneOf(bucketOf(owner));
  await sql`UPDATE lanes SET owner = 'sleeper', leased_until_ms = ${clock.nowMs() + 60_000}, epoch = epoch + 1 WHERE lane = ${number}`;
  const [lane] = await sql<{ lane: number; bucket: number; buckets: number[]; epoch: number }[]>`
    SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane = ${number}`;
  const flightId = ids.inBucket(lane!.bucket);
  const claim = {
    lane: lane!,
    flightId,
    kind: KIND,
    stream: 0,
    nowMs: clock.nowMs(),
    after: { dueMs: 0, ownerId: 0 },
    busy: [],
    passOver: [],
    limit: 10,
    wholeUpTo: 10,
  };
  const items = await claimDue(sql, claim);
  assert.equal(items.length, 1);
  assert.equal((await sql`SELECT 1 FROM flights WHERE id = ${flightId}`).length, 1);
  assert.deepEqual(
    await claimDue(sql, { ...claim, flightId: ids.inBucket(lane!.bucket), busy: items }),
    [],
    'what is in flight is passed over',
  );

  await sql`UPDATE lanes SET owner = 'other', epoch = epoch + 1 WHERE lane = ${number}`;
  const batch: Batch = {
    lane: lane!,
    flightId,
    kind: KIND,
    stream: 0,
    items,
    abandoned: false,
    claimedMs: 0,
    noted: new Map(),
    steps: createSteps(sql, { lane: lane!, flightId, items, whole: true }),
    holds: () => true,
    wakeAt() {},
    settled() {},
  };
  await assert.rejects(
    queue.transact(async (tx) => {
      if (!(await settle(tx, batch, { done: items, later: [], landed: true }))) throw new LaneLost(number);
    }),
    LaneLost,
  );
  assert.equal((await sql`SELECT 1 FROM due WHERE owner_id = ${owner}`).length, 1);
  assert.deepEqual(
    await claimDue(sql, { ...claim, flightId: ids.inBucket(lane!.bucket) }),
    [],
    'nor does it claim',
  );
  await sql`UPDATE lanes SET owner = NULL, leased_until_ms = 0`;

  const { seen, make } = noting();
  const { stop } = await newWorker(queue, [make(queue)]);
  await until('the next owner settles it', () => seen.length === 1);
  assert.equal(seen[0]!.abandoned, true);
  await until(
    'nothing is left',
    async () => (await sql`SELECT 1 FROM flights UNION ALL SELECT 1 FROM due`).length === 0,
  );
  await stop();
});

test('two workers share the lanes, every piece is done once, and one takes over from the other', async () => {
  const [first, second] = [await newQueue(), await newQueue()];
  const { seen, make } = noting();
  const a = await newWorker(first, [make(first)], [], 600);
  assert.equal(a.worker.heldLanes(), 32);
  const b = await newWorker(second, [make(second)], [], 600);
  await until('they share', () => a.worker.heldLanes() === 16 && b.worker.heldLanes() === 16);
  const owners = Array.from({ length: 400 }, () => ids.spread());
  await first.transact((tx) =>
    first.put(
      tx,
      owners.map((owner) => work(owner, ids.spread())),
    ),
  );
  await until('all is done', () => seen.length >= 400);
  assert.equal(new Set(seen.map(({ item }) => item.ownerId)).size, 400);
  assert.equal(seen.length, 400);
  await b.stop();
  await until('the other has all lanes again', () => a.worker.heldLanes() === 32);
  await a.stop();
});

test('who joins gets a lane when what is under way in it is over: none of it is taken for left by the dead', async () => {
  const [first, second] = [await newQueue(), await newQueue()];
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const { seen, make } = noting({ act: () => answered.then(() => undefined) });
  const a = await newWorker(first, [make(first)], [], 9_000);
  // Of the second half of lanes, which who joins will get.
  const owners = [20, 25, 30].map((lane) => ids.inBucket(first.lanes()[lane]!.buckets[0]!));
  await first.transact((tx) =>
    first.put(
      tx,
      owners.map((owner) => work(owner, ids.spread())),
    ),
  );
  await until('all are under way', () => seen.length === 3);
  const b = await newWorker(second, [make(second)], [], 900);
  await until('it has lanes of which nothing is under way', () => b.worker.heldLanes() >= 13);
  assert.equal(seen.length, 3);
  answer();
  await until('it has its share', () => b.worker.heldLanes() === 16);
  await until('all is settled', async () => (await sql`SELECT 1 FROM flights`).length === 0);
  assert.deepEqual(
    seen.map(({ abandoned }) => abandoned),
    [false, false, false],
  );
  assert.equal((await sql`SELECT 1 FROM due`).length, 0);
  await b.stop();
  await a.stop();
});

test('a bulk run flows, pauses, is called off, and never stands before interactive work', async () => {
  const queue = await newQueue();
  let slow = Promise.withResolvers<void>();
  const { seen, make } = noting({
    act: async (_batch, item) => void (item.stream !== 0 && (await slow.promise)),
  });
  const { stop } = await newWorker(queue, [make(queue)]);
  const stream = ids.spread();
  const bulk = Array.from({ length: 600 }, () => work(ids.spread(), stream, { stream }));
  await queue.transact(async (tx) => {
    await queue.flow(tx, { stream, kind: KIND, workspaceId: WORKSPACE, flowing: true, ratePerS: null });
    await queue.put(tx, bulk);
  });
  await until('the bulk run is under way', () => seen.length > 0);
  const single = ids.spread();
  await queue.transact((tx) => queue.put(tx, [work(single, ids.spread())]));
  await until(
    'the single one is done meanwhile',
    () => seen.some(({ item }) => item.ownerId === single),
    3_000,
  );

  await queue.transact((tx) =>
    queue.flow(tx, { stream, kind: KIND, workspaceId: WORKSPACE, flowing: false, ratePerS: null }),
  );
  await until(
    'the pause is seen',
    async () => (await sql`SELECT 1 FROM streams WHERE NOT flowing`).length === 1,
  );
  slow.resolve();
  await until('what was in flight is settled', async () => (await sql`SELECT 1 FROM flights`).length === 0);
  assert.ok((await dueOfStream(sql, queue.lanes(), KIND, stream)).length > 0, 'the rest waits');
  let gone = 0;
  await queue.transact(async (tx) => {
    for (const lane of queue.lanes()) gone += (await callOff(tx, lane, KIND, stream, 1_000)).length;
  });
  assert.equal(
    gone + seen.filter(({ item }) => item.stream === stream).length,
    600,
    'each was done or called off',
  );
  slow = Promise.withResolvers();
  await stop();
});

/** A handler of bulk work with small batches, and three pieces of work of one lane, due one after the other. */
async function threeOfOneRun(act: (batch: Batch, queue: Queue) => Promise<void>) {
  const queue = await newQueue();
  // A run of which nothing is due sleeps long.
  let sleeps = 0;
  const after = (delayMs: number, run: () => void) => {
    if (delayMs < 30_000) return clock.after(delayMs, run);
    sleeps++;
    const cancel = clock.after(delayMs, run);
    return () => (sleeps--, cancel());
  };
  const handler: Handler = { kind: KIND, batchSize: 2, inFlight: 20, handle: (batch) => act(batch, queue) };
  const { stop } = await newWorker(queue, [handler], [], 3_000, { ...clock, after });
  const stream = ids.spread();
  const first = ids.spread();
  const owners = [first, ids.inBucket(bucketOf(first)), ids.inBucket(bucketOf(first))];
  const nowMs = clock.nowMs();
  await queue.transact(async (tx) => {
    await queue.flow(tx, { stream, kind: KIND, workspaceId: WORKSPACE, flowing: true, ratePerS: null });
    const each = owners.map((ownerId, at) => work(ownerId, stream, { stream, dueMs: nowMs - 10 + at }));
    await queue.put(tx, each);
  });
  return {
    owners,
    isAsleep: () => sleeps > 0,
    end: async () => (await stop(), await sql`DELETE FROM streams`),
  };
}

test('9.2 what of a run goes back unstarted is claimed again at once, though the lane was read beyond it meanwhile', async () => {
  const seen: number[] = [];
  const { owners, end } = await threeOfOneRun(async (batch, queue) => {
    const isFirst = seen.length === 0;
    for (const { ownerId } of batch.items) seen.push(ownerId);
    const back = isFirst ? batch.items.slice(0, 1) : [];
    const done = batch.items.filter((item) => !back.includes(item));
    const later = back.map((item) => ({ item, dueMs: item.dueMs, attempt: item.attempt }));
    await queue.transact((tx) => settle(tx, batch, { done, later, landed: true }));
  });
  await until('the first is back', () => seen.filter((owner) => owner === owners[0]).length === 2);
  await until('the queue is empty', async () => (await sql`SELECT 1 FROM due`).length === 0);
  await end();
});

test('9.2 what goes back while others of its batch are in flight is claimed as soon as those have landed', async () => {
  const { promise: landing, resolve: land } = Promise.withResolvers<void>();
  const seen: number[] = [];
  const { owners, isAsleep, end } = await threeOfOneRun(async (batch, queue) => {
    const isFirst = seen.length === 0;
    for (const { ownerId } of batch.items) seen.push(ownerId);
    if (!isFirst)
      return void (await queue.transact((tx) =>
        settle(tx, batch, { done: batch.items, later: [], landed: true }),
      ));
    const [back, ...done] = batch.items;
    const later = [{ item: back!, dueMs: back!.dueMs, attempt: 0 }];
    await queue.transact((tx) => settle(tx, batch, { done: [], later, landed: false }));
    await landing;
    await queue.transact((tx) => settle(tx, batch, { done, later: [], landed: true }));
  });
  await until('the others are done', () => seen.includes(owners[2]!));
  await until('the run has gone to sleep', isAsleep);
  assert.equal(
    seen.filter((owner) => owner === owners[0]).length,
    1,
    'it is in flight until the batch has landed',
  );
  land();
  await until('the first is back', () => seen.filter((owner) => owner === owners[0]).length === 2);
  await until('the queue is empty', async () => (await sql`SELECT 1 FROM due`).length === 0);
  await end();
});

test('a handler that throws gets its batch again as abandoned', async () => {
  const queue = await newQueue();
  let failed = false;
  const { seen, make } = noting({
    act: () => {
      if (failed) return undefined;
      failed = true;
      throw new Error('a bug');
    },
  });
  const { stop } = await newWorker(queue, [make(queue)]);
  await queue.transact((tx) => queue.put(tx, [work(ids.spread(), ids.spread())]));
  await until('it was handled again', () => seen.length === 2);
  assert.deepEqual(
    seen.map(({ abandoned }) => abandoned),
    [false, true],
  );
  await until('and is over', async () => (await sql`SELECT 1 FROM flights`).length === 0);
  await stop();
});

test('what is in flight is not claimed again, whatever rings; of a batch that failed what had not begun is claimed anew', async () => {
  const queue = await newQueue();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const owner = ids.spread();
  const [first, second] = [ids.spread(), ids.spread()];
  const { seen, make } = noting({
    act: async (_, { causeId }) => void (causeId === first && (await released)),
  });
  const begun: { abandoned: boolean; items: number }[] = [];
  const failing: Handler = {
    kind: KIND + 1,
    batchSize: 50,
    inFlight: 200,
    wholeUpTo: () => 0,
    async handle(batch) {
      begun.push({ abandoned: batch.abandoned, items: batch.items.length });
      if (begun.length === 1) {
        await batch.steps.begin(batch.items.slice(0, 1));
        throw new Error('a bug');
      }
      const done = batch.items;
      await queue.transact((tx) => settle(tx, batch, { done, later: [], landed: true }));
    },
  };
  const { stop } = await newWorker(queue, [make(queue), failing]);
  const put = (...all: ReturnType<typeof work>[]) => queue.transact((tx) => queue.put(tx, all));
  await put(work(owner, first));
  await until('the first is in flight', () => seen.length === 1);
  await put(work(owner, second));
  await until('the second is done', () => seen.some(({ item }) => item.causeId === second));
  assert.equal(seen.filter(({ item }) => item.causeId === first).length, 1);
  release();
  await put(...Array.from({ length: 3 }, () => work(owner, ids.spread(), { kind: KIND + 1 })));
  await until('all are done', () => begun.reduce((sum, { items }) => sum + items, 0) === 6);
  assert.deepEqual(begun, [
    { abandoned: false, items: 3 },
    { abandoned: true, items: 1 },
    { abandoned: false, items: 2 },
  ]);
  await stop();
});

test('the feed: every event once, in the order of its lane; a reader that fails costs the others nothing, and gets it again', async () => {
  const queue = await newQueue();
  const noted = (name: string, isBad: (event: FeedEvent) => boolean) => {
    const read: FeedEvent[] = [];
    const reader: FeedReader = {
      name,
      async read(tx, events) {
        // Fails in the database and half-way: what it did before is not to stand.
        await tx`INSERT INTO migrations (version, name, checksum, ran_ms) VALUES (${900_000 + read.length}, ${name}, '', 0)`;
        if (events.some(isBad)) await tx`SELECT 1 / 0`;
        await tx`DELETE FROM migrations WHERE name = ${name}`;
      },
      committed: (events) => void read.push(...events),
    };
    return { read, reader };
  };
  let mended = false;
  const first = noted('first', ({ type }) => type === 'bad' && !mended);
  const second = noted('second', () => false);
  const { stop } = await newWorker(queue, [], [first.reader, second.reader]);
  const owner = ids.spread();
  const entry = (type: string, n: number) => ({
    ownerId: owner,
    workspaceId: WORKSPACE,
    type,
    atMs: n,
    payload: { n },
  });
  await queue.transact((tx) =>
    queue.append(
      tx,
      Array.from({ length: 20 }, (_, n) => entry(n === 7 || n === 9 ? 'bad' : 'good', n)),
    ),
  );
  const all = Array.from({ length: 20 }, (_, n) => n);
  await until('all are in history', async () => (await sql`SELECT 1 FROM feed`).length === 0);
  await until('all are told', () => second.read.length === 20 && first.read.length === 18);
  assert.deepEqual(
    second.read.map(({ atMs }) => atMs),
    all,
  );
  assert.deepEqual(
    first.read.map(({ atMs }) => atMs),
    all.filter((n) => n !== 7 && n !== 9),
  );
  assert.equal((await sql`SELECT 1 FROM migrations WHERE name IN ('first', 'second')`).length, 0);
  assert.equal(await waitingFailures(sql), 2);
  await stop();

  mended = true;
  const again = await newWorker(queue, [], [second.reader, first.reader]);
  await until('a new worker reads them again', async () => (await waitingFailures(sql)) === 0);
  await until('and tells', () => first.read.length === 20);
  assert.deepEqual(
    first.read.slice(18).map(({ atMs }) => atMs),
    [7, 9],
  );
  assert.equal(second.read.length, 20);
  await again.stop();
});

test('a wake reaches the worker of another process', async () => {
  const [door, workers] = [await newQueue(), await newQueue()];
  const { seen, make } = noting();
  const { worker, stop } = await newWorker(workers, [make(workers)], [], 2_400, seldom);
  // A worker of before may hold lanes until its leases are over.
  await until('it has all lanes', () => worker.heldLanes() === workers.lanes().length);
  await door.transact((tx) => door.put(tx, [work(ids.spread(), ids.spread())]));
  await until('it is done', () => seen.length === 1);
  await stop();
});

test('a test workspace’s clock brings its work forward', async () => {
  const [door, workers] = [await newQueue(), await newQueue()];
  const { seen, make } = noting();
  const { stop } = await newWorker(workers, [make(workers)]);
  const day = 24 * 3600_000;
  await door.transact((tx) =>
    door.put(tx, [work(ids.spread(), ids.spread(), { dueMs: clock.nowMs() + day })]),
  );
  await bringForward(sql, WORKSPACE, day);
  await until('tomorrow’s is done', () => seen.length === 1);
  await stop();
});

test('a worker that stops waits for what is in flight, and keeps its lanes till then', async () => {
  const queue = await newQueue();
  const begun = Promise.withResolvers<void>();
  const ends = Promise.withResolvers<void>();
  const { make } = noting({
    async act() {
      begun.resolve();
      await ends.promise;
      return undefined;
    },
  });
  const { worker } = await newWorker(queue, [make(queue)]);
  const owner = ids.spread();
  await queue.transact((tx) => queue.put(tx, [work(owner, ids.spread())]));
  await begun.promise;
  let isOver = false;
  const stopping = worker.stop().then(() => (isOver = true));
  // A stop that waits for nothing is over after a few statements.
  for (let looks = 0; looks < 50; looks++) await sql`SELECT count(*) FROM lanes`;
  assert.equal(isOver, false);
  const [lane] = await sql<{ isHeld: boolean }[]>`
    SELECT owner IS NOT NULL AS "isHeld" FROM lanes WHERE lane = ${queue.laneOf(bucketOf(owner))}`;
  assert.equal(lane!.isHeld, true);
  ends.resolve();
  await stopping;
  assert.equal((await sql`SELECT 1 FROM due WHERE owner_id = ${owner}`).length, 0);
});
