/** Claims, settling, steps and the word that a run flows, statement by statement on a real Postgres. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { bucketOf, idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { openPool, type Tx } from '../db/pool.ts';
import { testDatabase } from '../../test/support/database.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { fenceLane, fenceLanes } from './lanes/sql.ts';
import { holdLane, holdLanes, waitOut } from './lanes/still.ts';
import { createQueue, type Queue } from './queue.ts';
import { createBulk } from './work/bulk.ts';
import type { WorkerCore } from './work/core.ts';
import { createRooms } from './work/fair.ts';
import { createFlights } from './work/flights.ts';
import { createFlow, FLOW_LIFE_MS } from './work/flow.ts';
import { createGiveWay } from './work/giveWay.ts';
import { fenced, heldOf, settle, settleHeld, settleStep } from './work/settle.ts';
import {
  bringForward,
  claimDue,
  claimDueOfLanes,
  deleteStream,
  deleteStreamRow,
  selectFlowing,
  selectStreams,
  upsertStream,
} from './work/sql.ts';
import { selectInteractiveAhead, selectStreamsAhead } from './work/sql.coming.ts';
import { selectInteractiveLanes } from './work/sql.look.ts';
import { insertSteps, selectSteps } from './work/sql.steps.ts';
import { bulkWorkOf, callOffOf } from './work/streams.ts';
import { createSteps, leftBehind, stepsTogether } from './work/steps.ts';
import type { Batch, NewWork, WorkItem } from './work/work.ts';

const database = await testDatabase();
const { sql } = database;
const clock = systemClock;
const ids = idSource(61, () => clock.nowMs());
const NOW = 5_000;
const [OURS, THEIRS] = [ids.spread(), ids.spread()];
let queue: Queue;
let lane: OwnedLane;
let other: OwnedLane;
before(async () => {
  queue = createQueue({ sql, ids, clock, log: silentLog });
  await queue.start();
});
after(() => queue.stop());
beforeEach(async () => {
  await sql`DELETE FROM due`;
  await sql`DELETE FROM flights`;
  await sql`DELETE FROM flight_steps`;
  await sql`DELETE FROM streams`;
  const lanes = await sql<
    OwnedLane[]
  >`SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane IN (3, 4) ORDER BY lane`;
  [lane, other] = [lanes[0]!, lanes[1]!];
});

/** Somebody whose work is in a lane. */
const owner = (at = lane) => ids.inBucket(at.buckets[7]!);
const work = (more: Partial<NewWork> = {}): NewWork => ({
  kind: 1,
  ownerId: owner(),
  causeId: ids.spread(),
  seq: 0,
  stream: 0,
  workspaceId: OURS,
  dueMs: 1_000,
  ...more,
});
const put = (...all: NewWork[]) => queue.transact((tx) => queue.put(tx, all));
type Claim = Parameters<typeof claimDue>[1];
const claim = async (more: Partial<Claim> = {}) => {
  const from = more.lane ?? lane;
  const flightId = ids.inBucket(from.bucket);
  const items = await claimDue(sql, {
    lane: from,
    flightId,
    kind: 1,
    stream: 0,
    nowMs: NOW,
    after: { dueMs: 0, ownerId: 0 },
    busy: [],
    passOver: [],
    limit: 100,
    wholeUpTo: 100,
    ...more,
  });
  return { items, flightId };
};
const causes = async (more: Partial<Claim> = {}) => (await claim(more)).items.map(({ causeId }) => causeId);
const batchOf = (
  claimed: { items: WorkItem[]; flightId: number },
  told: { settled: WorkItem[]; woken: number[] },
): Batch => ({
  lane,
  flightId: claimed.flightId,
  kind: 1,
  stream: 0,
  items: claimed.items,
  abandoned: false,
  claimedMs: NOW,
  noted: new Map(),
  steps: createSteps(sql, { lane, flightId: claimed.flightId, items: claimed.items, whole: true }),
  holds: () => true,
  wakeAt: (dueMs) => told.woken.push(dueMs),
  settled: (items) => told.settled.push(...items),
});

test('a claim takes what is due of its lane, kind and stream, in order, and nothing else', async () => {
  const one = owner();
  const [first, second] = [ids.spread(), ids.spread()].toSorted((a, b) => a - b) as [number, number];
  const mine = [
    work({ ownerId: one, dueMs: 900 }),
    work({ ownerId: one, causeId: second, dueMs: 1_000 }),
    work({ ownerId: one, causeId: first, dueMs: 1_000 }),
    work({ dueMs: NOW }),
  ];
  await put(
    ...mine.toReversed(),
    work({ dueMs: NOW + 1 }),
    work({ kind: 2 }),
    work({ stream: 77 }),
    work({ ownerId: owner(other) }),
  );
  const expected = [mine[0]!.causeId, first, second, mine[3]!.causeId];
  const { items, flightId } = await claim();
  assert.deepEqual(
    items.map(({ causeId }) => causeId),
    expected,
  );
  const [flight] = await sql<{ causes: number[]; whole: boolean; kind: number }[]>`
    SELECT cause_ids AS causes, whole, kind FROM flights WHERE id = ${flightId}`;
  assert.deepEqual([new Set(flight!.causes), flight!.whole, flight!.kind], [new Set(expected), true, 1]);
  assert.deepEqual(await causes({ busy: items }), []);
  assert.deepEqual(await causes({ limit: 2 }), expected.slice(0, 2));
  assert.deepEqual(
    await causes({ after: { dueMs: 1_000, ownerId: one } }),
    expected.slice(3),
    'after where the last one ended',
  );
  const large = await claim({ wholeUpTo: 3 });
  assert.equal(
    (await sql<{ whole: boolean }[]>`SELECT whole FROM flights WHERE id = ${large.flightId}`)[0]!.whole,
    false,
  );
  assert.deepEqual(await causes({ lane: { ...lane, epoch: lane.epoch - 1 } }), [], 'a sleeper gets nothing');
});

test('a claim of several lanes takes of each what a claim of one would, into a flight of its own', async () => {
  const mine = [work({ dueMs: 900 }), work(), work()];
  const theirs = [work({ ownerId: owner(other) }), work({ ownerId: owner(other), workspaceId: THEIRS })];
  await put(...mine, ...theirs, work({ dueMs: NOW + 1 }), work({ kind: 2 }), work({ stream: 77 }));
  const flights = [lane, other].map((one) => ({ lane: one, flightId: ids.inBucket(one.bucket) }));
  const wanted = {
    lanes: flights,
    kind: 1,
    stream: 0,
    nowMs: NOW,
    passOver: [THEIRS],
    limit: 2,
    wholeUpTo: 1,
  };
  const all = await claimDueOfLanes(sql, { ...wanted, busy: [] });
  const of = (number: number) => all.filter((item) => item.lane === number).map(({ causeId }) => causeId);
  assert.equal(of(lane.lane).length, 2, 'the limit is of each lane');
  assert.ok(of(lane.lane).includes(mine[0]!.causeId), 'the oldest first');
  assert.deepEqual(of(other.lane), [theirs[0]!.causeId]);
  const flown = await sql<{ lane: number; n: number; whole: boolean }[]>`
    SELECT lane, cardinality(cause_ids) AS n, whole FROM flights WHERE id = ANY(${flights.map(({ flightId }) => flightId)}::bigint[])`;
  assert.deepEqual(
    flown.toSorted((a, b) => b.n - a.n),
    [
      { lane: lane.lane, n: 2, whole: false },
      { lane: other.lane, n: 1, whole: true },
    ],
  );
  const rest = await claimDueOfLanes(sql, {
    ...wanted,
    lanes: [
      { lane, flightId: ids.inBucket(lane.bucket) },
      // Another owner has it: a sleeper gets nothing, and keeps its other lanes.
      { lane: { ...other, epoch: other.epoch - 1 }, flightId: ids.inBucket(other.bucket) },
    ],
    busy: all,
    passOver: [],
  });
  assert.deepEqual(
    rest.map(({ causeId }) => causeId),
    mine.map(({ causeId }) => causeId).filter((causeId) => !of(lane.lane).includes(causeId)),
  );
});

test('settling batches of several lanes: what another owner has stands as it is, the rest is settled', async () => {
  const [mine, theirs] = [work(), work({ ownerId: owner(other) })];
  await put(mine, theirs);
  const told = { settled: [] as WorkItem[], woken: [] as number[] };
  const claimed = await claim();
  const batch = batchOf(claimed, told);
  const lost = { ...batchOf(await claim({ lane: other }), told), lane: { ...other, epoch: other.epoch - 1 } };
  const held = await queue.transact(async (tx) => {
    const still = await heldOf(tx, [batch, lost]);
    const parts = [batch, lost].filter((one) => still.has(one));
    await settleHeld(
      tx,
      parts.map((one) => ({ batch: one, settlement: { done: one.items, later: [], landed: true } })),
    );
    return still;
  });
  assert.deepEqual([...held], [batch]);
  assert.deepEqual(
    (await sql<{ causeId: number }[]>`SELECT cause_id AS "causeId" FROM due`).map(({ causeId }) => causeId),
    [theirs.causeId],
  );
  assert.equal((await sql`SELECT FROM flights WHERE id = ${claimed.flightId}`).length, 0);
  assert.deepEqual(told.settled, batch.items);
  // A lane that was lost and came back: what was claimed before is settled by whoever took it up, and that is in the same transaction.
  const before = { ...batch, lane: { ...lane, epoch: lane.epoch - 1 } };
  for (const both of [
    [before, batch],
    [batch, before],
  ])
    assert.deepEqual([...(await queue.transact((tx) => heldOf(tx, both)))], [batch]);
});

test('a lane that is fenced changes no hands, one that is held still is nobody’s, and what is under way in any is waited for', async (t) => {
  const beside = openPool(database.connection, { max: 2, name: 'beside' });
  t.after(() => beside.end());
  const both = [lane, other];
  /** Those of the two lanes that somebody else can take, or may settle in, at this moment. */
  const free = async (by: 'taken' | 'settled in') =>
    (
      await beside<{ lane: number }[]>`
        SELECT lane FROM lanes WHERE lane IN (3, 4) ORDER BY lane ${by === 'taken' ? beside`FOR UPDATE SKIP LOCKED` : beside`FOR KEY SHARE SKIP LOCKED`}`
    ).map((row) => row.lane);
  const during = (work: (tx: Tx) => Promise<unknown>, by: 'taken' | 'settled in') =>
    sql.begin(async (tx) => {
      await work(tx);
      return await free(by);
    });
  assert.deepEqual(await during((tx) => fenceLane(tx, lane), 'taken'), [4]);
  assert.deepEqual(await during((tx) => fenceLanes(tx, both), 'taken'), []);
  assert.deepEqual(await during((tx) => fenceLanes(tx, both), 'settled in'), [3, 4]);
  assert.deepEqual(await during((tx) => holdLane(tx, lane), 'settled in'), [4]);
  assert.deepEqual(await during((tx) => holdLanes(tx, queue, [owner(), owner(other)]), 'settled in'), []);
  const lost = { ...other, epoch: other.epoch - 1 };
  assert.deepEqual(await sql.begin((tx) => fenced(tx, [lane, lost])), [lane]);
  let isOver = false;
  let waiting: Promise<void> | undefined;
  await beside.begin(async (tx) => {
    await tx`SELECT FROM lanes WHERE lane = 4 FOR KEY SHARE`;
    waiting = waitOut(sql, queue).then(() => void (isOver = true));
    await until('it waits', async () => {
      const rows = await tx`SELECT FROM pg_locks WHERE NOT granted`;
      return rows.length > 0 || isOver;
    });
    assert.equal(isOver, false);
  });
  await waiting;
});

test('a step that ends where the lane is another’s leaves nothing of what it noted', async () => {
  await put(work());
  const claimed = await claim();
  const batch = batchOf(claimed, { settled: [], woken: [] });
  const lost = { ...batch, lane: { ...lane, epoch: lane.epoch - 1 } };
  const note = async (tx: Tx) => {
    await tx`INSERT INTO streams (stream, kind, workspace_id, flowing) VALUES (7, 1, 1, true)`;
    return { dueMs: 9_000, attempt: 3 };
  };
  const standing = async () => [
    (await sql`SELECT FROM streams`).length,
    (await sql<{ dueMs: number }[]>`SELECT due_ms AS "dueMs" FROM due`)[0]?.dueMs,
  ];
  await settleStep(queue.transact, lost, claimed.items[0]!, note);
  assert.deepEqual(await standing(), [0, 1_000]);
  await settleStep(queue.transact, batch, claimed.items[0]!, note);
  assert.deepEqual(await standing(), [1, 9_000]);
});

test('what has begun of somebody’s: all of a small claim, of a large one what is on record; not what was put off, nor others’', async () => {
  const [ann, bob] = [owner(), owner()];
  const of = (causeId: number, ownerId: number) => ({ ownerId, causeId, seq: 0 });
  const small = [work({ ownerId: ann }), work({ ownerId: bob })];
  await put(...small);
  const first = await claim();
  assert.deepEqual(await queue.begunOf(sql, 1, [ann, ann]), [of(small[0]!.causeId, ann)]);
  const batch = batchOf(first, { settled: [], woken: [] });
  const later = [{ item: first.items[0]!, dueMs: NOW + 9_000, attempt: 1 }];
  await queue.transact((tx) => settle(tx, batch, { done: [], later, landed: false }));
  assert.equal((await queue.begunOf(sql, 1, [ann, bob])).length, 1);
  await sql`DELETE FROM due`;
  await sql`DELETE FROM flights`;
  const large = [ann, bob, ann].map((ownerId) => work({ ownerId }));
  await put(...large);
  const { items, flightId } = await claim({ wholeUpTo: 0 });
  const steps = createSteps(sql, { lane, flightId, items, whole: false });
  assert.deepEqual(await queue.begunOf(sql, 1, [ann, bob]), []);
  await steps.begin([items[1]!]);
  assert.deepEqual(await queue.begunOf(sql, 1, [ann, bob]), [of(items[1]!.causeId, items[1]!.ownerId)]);
});

test('what was never tried before a piece of work: the newest that is older, of the same cause', async () => {
  const causeId = ids.spread();
  const owners = Array.from({ length: 5 }, () => owner()).toSorted((a, b) => a - b);
  const [tried, oldest, newer, stranger, last] = owners.map((ownerId) => ({ ownerId, causeId }));
  await put(
    ...owners.map((ownerId, n) =>
      work({ ownerId, causeId: n === 3 ? ids.spread() : causeId, dueMs: 100 + n }),
    ),
  );
  await sql`UPDATE due SET attempt = 1 WHERE owner_id = ${tried!.ownerId}`;
  assert.ok(stranger);
  assert.deepEqual(await queue.untriedBefore(sql, 1, [last!, oldest!, newer!]), [
    { ownerId: newer!.ownerId, dueMs: 102 },
    null,
    { ownerId: oldest!.ownerId, dueMs: 101 },
  ]);
});

test('what senders set apart is called off by cause, but for what is in flight and what others say', async () => {
  const one = work({ stream: -5 });
  const others = [
    { ...one, seq: 1, stream: -6 },
    work({ ownerId: one.ownerId, stream: -5 }),
    work({ ownerId: one.ownerId }),
    work({ ownerId: one.ownerId, stream: 5 }),
  ];
  await put(one, ...others);
  assert.deepEqual(
    (await bulkWorkOf(sql, 1, [one.ownerId])).map(({ causeId }) => causeId),
    [others[3]!.causeId],
    'runs alone',
  );
  const callOff = () => queue.transact((tx) => callOffOf(tx, lane, 1, [-5], [one]));
  const { flightId } = await claim({ stream: -5, limit: 2 });
  assert.deepEqual(await callOff(), []);
  await sql`DELETE FROM flights WHERE id = ${flightId}`;
  assert.deepEqual(
    (await callOff()).map(({ causeId, seq }) => [causeId, seq]),
    [[one.causeId, 0]],
  );
  assert.equal((await sql`SELECT FROM due`).length, others.length);
});

test('what is selected is put in once; what is added to a transaction is waited for; a try that is repeated wakes for nothing of the first', async () => {
  const ownerId = owner();
  const putAll = (causeId: number) =>
    queue.transact((tx) => {
      const what = { kind: 1, causeId, seq: 0, stream: 9, workspaceId: OURS, dueMs: 1 };
      return queue.putSelected(
        tx,
        lane.lane,
        what,
        tx`SELECT ${bucketOf(ownerId)}::smallint AS bucket, ${ownerId}::bigint AS owner_id`,
      );
    });
  const causeId = ids.spread();
  assert.deepEqual([await putAll(causeId), await putAll(causeId)], [1, 0]);
  assert.equal(queue.firstBucketOf([{ bucket: lane.buckets[7]! }]), lane.bucket);
  const adding = createQueue({ sql, ids, clock, log: silentLog });
  await adding.start();
  adding.beforeCommit(async () => {});
  adding.beforeCommit(async (tx) => {
    await tx`SELECT 1`;
    throw new Error('cannot be added');
  });
  await assert.rejects(adding.transact((tx) => adding.put(tx, [work({ stream: 9 })])));
  await adding.stop();
  assert.equal((await sql`SELECT FROM due WHERE stream = 9`).length, 1);
  const heard: string[] = [];
  queue.onWake((wakes) => wakes.forEach((wake) => heard.push(`${wake.lane}:${wake.what}`)));
  let tries = 0;
  await queue.transact(async (tx) => {
    if (tries++) return;
    await queue.put(tx, [work()]);
    throw Object.assign(new Error('deadlock'), { code: '40P01' });
  });
  assert.deepEqual(heard, []);
  const nowMs = clock.nowMs();
  await queue.transact((tx) =>
    queue.putForLater(tx, [work({ dueMs: nowMs + 20 }), work({ dueMs: nowMs + 40 })]),
  );
  await until('each rings at its time', () => heard.length === 2);
});

test('what falls due soon rings when it is due, and not before', async (t) => {
  const still = stillClock(clock.nowMs());
  const timed = createQueue({ sql, ids, clock: still, log: silentLog });
  await timed.start();
  t.after(() => timed.stop());
  const heard: number[] = [];
  // Of a run of its own: what other tests put in is heard of as well.
  timed.onWake((wakes) =>
    heard.push(...wakes.filter(({ stream }) => stream === 4_242).map(({ lane: at }) => at)),
  );
  const soon = work({ stream: 4_242, dueMs: still.nowMs() + 1_000 });
  await timed.transact((tx) => timed.putForLater(tx, [soon]));
  await still.moveOn(999);
  assert.deepEqual(heard, [], 'whoever looks now finds nothing');
  await still.moveOn(2);
  assert.deepEqual(heard, [lane.lane]);
});

test('room of each item is given back once, however often it is said to be settled', async () => {
  await put(work(), work());
  const { items, flightId } = await claim();
  const flights = createFlights(
    { sql, ids, clock, log: silentLog, leaseMs: 1_000, handlers: [] },
    { stopping: new AbortController().signal, holds: () => true, wakeAt() {} },
  );
  const handler = {
    kind: 1,
    batchSize: 10,
    inFlight: 10,
    async handle(batch: Batch) {
      batch.settled(batch.items.slice(0, 1));
      batch.settled(batch.items.slice(0, 1));
    },
  };
  const left: WorkItem[] = [];
  const flight = {
    lane,
    flightId,
    stream: 0,
    items,
    whole: true,
    claimedMs: NOW,
    abandoned: false,
    noted: new Map(),
  };
  await flights.run(handler, flight, (some) => left.push(...some));
  assert.deepEqual(left, items);
});

test('what is left behind is taken up in the order in which it was claimed', async () => {
  await put(work({ dueMs: 1 }), work({ dueMs: 2 }));
  const flightIds = [];
  for (const _ of ['first', 'second']) flightIds.push((await claim({ limit: 1 })).flightId);
  const left = await leftBehind(sql, { ...lane, epoch: lane.epoch + 1 });
  assert.deepEqual(
    left.map(({ flightId }) => flightId),
    flightIds.toSorted((a, b) => a - b),
  );
});

test('workspaces whose room is full are passed over', async () => {
  const [ours, theirs] = [work(), work({ workspaceId: THEIRS })];
  await put(ours, theirs);
  assert.deepEqual(await causes({ passOver: [OURS] }), [theirs.causeId]);
});

test('settling: finished goes, other work is put off with its tries, the flight ends with the last of it, rooms are told', async () => {
  const [done, later, open] = [work(), work(), work()];
  const twin = work({ kind: 2, ownerId: done.ownerId, causeId: done.causeId });
  await put(done, later, open, twin);
  const claimed = await claim();
  const itemOf = ({ causeId }: NewWork) => claimed.items.find((item) => item.causeId === causeId)!;
  const told = { settled: [] as WorkItem[], woken: [] as number[] };
  const batch = batchOf(claimed, told);
  const some = {
    done: [itemOf(done)],
    later: [{ item: itemOf(later), dueMs: 9_000, attempt: 4 }],
    landed: false,
  };
  assert.equal(await queue.transact((tx) => settle(tx, batch, some)), true);
  const left = await sql<{ causeId: number; kind: number; dueMs: number; attempt: number }[]>`
    SELECT cause_id AS "causeId", kind, due_ms AS "dueMs", attempt FROM due ORDER BY kind, due_ms`;
  assert.deepEqual(left, [
    { causeId: open.causeId, kind: 1, dueMs: 1_000, attempt: 0 },
    { causeId: later.causeId, kind: 1, dueMs: 9_000, attempt: 4 },
    { causeId: done.causeId, kind: 2, dueMs: 1_000, attempt: 0 },
  ]);
  assert.deepEqual([told.woken, new Set(told.settled)], [[9_000], new Set([itemOf(done), itemOf(later)])]);
  const flights = () => sql`SELECT 1 FROM flights WHERE id = ${claimed.flightId}`;
  assert.equal((await flights()).length, 1);
  const lost = { ...batch, lane: { ...lane, epoch: lane.epoch - 1 } };
  assert.equal(
    await queue.transact((tx) => settle(tx, lost, { done: [itemOf(open)], later: [], landed: true })),
    false,
  );
  assert.equal((await sql`SELECT 1 FROM due WHERE cause_id = ${open.causeId}`).length, 1);
  await queue.transact((tx) => settle(tx, batch, { done: [itemOf(open)], later: [], landed: true }));
  assert.equal((await flights()).length, 0);
});

test('what is left behind: those that may have begun, with what was noted of them; what is settled, or had not begun, is not', async () => {
  const all = [work(), work(), work(), work()];
  await put(...all);
  const { items, flightId } = await claim();
  await sql`UPDATE flights SET whole = false WHERE id = ${flightId}`;
  const steps = createSteps(sql, { lane, flightId, items, whole: false });
  assert.equal(await steps.begin([items[0]!, items[1]!]), true);
  steps.note(items[0]!, { kind: 'accepted' });
  assert.equal(await steps.begin([items[2]!]), true);
  assert.deepEqual(steps.begun(), items.slice(0, 3));
  await sql`DELETE FROM due WHERE cause_id = ${items[1]!.causeId}`;
  assert.deepEqual(await leftBehind(sql, lane), [], 'one’s own');
  const next = { ...lane, epoch: lane.epoch + 1 };
  const elsewhere = await claim({ lane: other });
  assert.equal(elsewhere.items.length, 0);
  const [left, ...more] = await leftBehind(sql, next);
  assert.equal(more.length, 0);
  assert.deepEqual(
    left!.items.map(({ causeId }) => causeId),
    [items[0]!.causeId, items[2]!.causeId],
  );
  assert.deepEqual([...left!.notes.values()], [{ kind: 'accepted' }]);
  await sql`UPDATE flights SET whole = true WHERE id = ${flightId}`;
  assert.equal((await leftBehind(sql, next))[0]!.items.length, 3, 'a claim of a few began as a whole');
  await sql`UPDATE flights SET lane = ${other.lane} WHERE id = ${flightId}`;
  assert.deepEqual(await leftBehind(sql, next), [], 'another lane’s');
  const sleeper = createSteps(sql, {
    lane: { ...lane, epoch: lane.epoch - 1 },
    flightId,
    items,
    whole: false,
  });
  assert.equal(await sleeper.begin([items[3]!]), false, 'nothing begins for who has lost the lane');
  await steps.close();
  assert.equal(await steps.begin([items[3]!]), false);
  const told = { settled: [] as WorkItem[], woken: [] as number[] };
  await queue.transact((tx) =>
    settle(tx, batchOf({ items, flightId }, told), { done: [], later: [], landed: true }),
  );
  assert.equal((await sql`SELECT 1 FROM flight_steps`).length, 0, 'steps end with their flight');
});

test('what was not answered that it may begin has not begun: it is not unclear when its batch is taken up again', async () => {
  const { items, flightId } = await (async () => {
    await put(work(), work(), work());
    return await claim({ wholeUpTo: 1 });
  })();
  const [one, two] = items as [WorkItem, WorkItem, WorkItem];
  let lost = false;
  const steps = createSteps(sql, { lane, flightId, whole: false, items }, async (step) => {
    const [written] = await insertSteps(sql, [step]);
    if (lost) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    return written!;
  });
  assert.equal(await steps.begin([one]), true);
  lost = true;
  await assert.rejects(steps.begin([two]), /gone/);
  await steps.close();
  assert.deepEqual(steps.begun(), [one]);
});

test('steps of flights in several lanes are written together, each by its own fence', async () => {
  const step = (more: Partial<Parameters<typeof insertSteps>[1][number]> = {}) => ({
    lane,
    flightId: ids.inBucket(lane.bucket),
    n: 0,
    begun: [0, 2],
    notes: null,
    ...more,
  });
  const one = step();
  const sleeper = { lane: { ...other, epoch: other.epoch - 1 }, flightId: ids.inBucket(other.bucket) };
  const next = step({ flightId: one.flightId, n: 1, begun: [], notes: '{"0":"it\\"s"}' });
  assert.deepEqual(await insertSteps(sql, [one, step(sleeper), next]), [true, false, true]);
  assert.deepEqual(
    (await selectSteps(sql, lane, [one.flightId])).map((row) => ({ ...row })),
    [
      { flightId: one.flightId, begun: [0, 2], notes: null },
      { flightId: one.flightId, begun: [], notes: next.notes },
    ],
  );
  assert.equal((await selectSteps(sql, other, [sleeper.flightId])).length, 0);
  const together = stepsTogether({ sql, clock })('single');
  const elsewhere = step({ lane: other, flightId: ids.inBucket(other.bucket) });
  const written = [elsewhere, step(sleeper), step()].map((each) => together(each));
  assert.deepEqual(await Promise.all(written), [true, false, true]);
  assert.equal((await selectSteps(sql, other, [elsewhere.flightId])).length, 1);
});

test('calling off leaves what is in flight, and other runs', async () => {
  const mine = [work({ stream: 77 }), work({ stream: 77 }), work({ stream: 77 })];
  const others = [work({ stream: 78 }), work()];
  await put(...mine, ...others);
  const { items } = await claim({ stream: 77, limit: 1 });
  const gone = await sql.begin((tx) => deleteStream(tx, lane, 1, 77, 10));
  assert.deepEqual(
    new Set(gone.map(({ causeId }) => causeId)),
    new Set(mine.map(({ causeId }) => causeId).filter((id) => id !== items[0]!.causeId)),
  );
  assert.equal((await sql`SELECT 1 FROM due`).length, 3);
});

test('runs: what is written of one is of it alone; only interactive work that is due rings', async () => {
  const stream = (id: number, more = {}) => ({
    stream: id,
    kind: 1,
    workspaceId: OURS,
    flowing: true,
    ratePerS: null,
    ...more,
  });
  await upsertStream(sql, stream(77));
  await upsertStream(sql, stream(78, { flowing: false }));
  assert.deepEqual(await selectFlowing(sql, [77, 78, 79]), [77]);
  await upsertStream(sql, stream(77, { flowing: false, ratePerS: 5 }));
  assert.deepEqual(await selectFlowing(sql, [77, 78]), []);
  assert.equal((await selectStreams(sql))[0]!.ratePerS, 5);
  await deleteStreamRow(sql, 77);
  assert.deepEqual(
    (await selectStreams(sql)).map((one) => one.stream),
    [78],
  );
  await put(
    work(),
    work({ ownerId: owner(other), stream: 77 }),
    work({ ownerId: owner(other), kind: 2, dueMs: NOW + 1 }),
  );
  assert.deepEqual(await selectInteractiveLanes(sql, [1, 2], NOW), [{ lane: lane.lane, kind: 1 }]);
});

test('a test workspace’s clock brings forward its own work only', async () => {
  await put(work({ dueMs: 9_000 }), work({ dueMs: 9_000, workspaceId: THEIRS }));
  await bringForward(sql, OURS, 8_000);
  const due = await sql<
    { ours: boolean; dueMs: number }[]
  >`SELECT workspace_id = ${OURS} AS ours, due_ms AS "dueMs" FROM due ORDER BY 1`;
  assert.deepEqual(due, [
    { ours: false, dueMs: 9_000 },
    { ours: true, dueMs: 1_000 },
  ]);
});

test('what comes due in a workspace is of its own runs, and of its own single messages', async () => {
  const at = owner();
  for (const [stream, workspaceId] of [
    [71, OURS],
    [72, THEIRS],
  ] as const) {
    await upsertStream(sql, { stream, kind: 1, workspaceId, flowing: true, ratePerS: null });
    await put(work({ stream, workspaceId, dueMs: 9_000, ownerId: at, causeId: stream }));
    await put(work({ workspaceId, dueMs: 9_000, ownerId: at, causeId: 100 + stream }));
  }
  const of = { workspaceId: OURS, afterMs: 8_000, most: 10 };
  const causes = ({ work: found }: { work: readonly { causeId: number }[] }) =>
    found.map(({ causeId }) => causeId);
  await upsertStream(sql, { stream: 73, kind: 1, workspaceId: OURS, flowing: false, ratePerS: null });
  await put(work({ stream: 73, dueMs: 9_000, ownerId: at, causeId: 73 }));
  assert.deepEqual(causes(await selectStreamsAhead(sql, of)), [71], 'and not of what stands still');
  const single = await selectInteractiveAhead(sql, of);
  assert.deepEqual([causes(single), single.lastMs], [[171], null]);
  const most = await selectInteractiveAhead(sql, { ...of, most: 2 });
  assert.equal(most.lastMs, 9_000, 'of what is looked at no further it is said how far');
});

test('what is in the queue already stays as it is when it is put in again', async () => {
  const one = work({ dueMs: 2_000 });
  await put(one);
  await put({ ...one, dueMs: 9_000, stream: 77 });
  assert.deepEqual(
    (await claim()).items.map(({ causeId, dueMs, stream }) => [causeId, dueMs, stream]),
    [[one.causeId, 2_000, 0]],
  );
});

test('whether a run flows is known for half a second and no longer; what is not known waits; who stops it is heard', async () => {
  let nowMs = 100_000;
  const timers: (() => void)[] = [];
  const hand = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_ms: number, run: () => void) => {
      timers.push(run);
      return () => {};
    },
  };
  const flow = createFlow({ sql, clock: hand });
  const stream = { stream: 77, kind: 1, workspaceId: OURS, flowing: true, ratePerS: null };
  await upsertStream(sql, stream);
  assert.equal(flow.leave(77), 'wait');
  const letGo = flow.watch(77);
  assert.equal(flow.leave(77), 'wait', 'it was asked, and is not answered yet');
  await until('it flows', () => flow.leave(77) === 'go');
  flow.watch(77)();
  assert.equal(flow.leave(77), 'go', 'another who was asking has gone');
  nowMs += FLOW_LIFE_MS - 1;
  assert.equal(flow.leave(77), 'go');
  nowMs += 1;
  assert.equal(flow.leave(77), 'wait', 'what was said is too old');
  await upsertStream(sql, { ...stream, flowing: false });
  await until('it is asked again', () => {
    timers.splice(0).forEach((run) => run());
    return flow.leave(77) === 'back';
  });
  letGo();
  assert.equal(flow.leave(77), 'wait', 'nobody asks about it any more');
});

test('bulk gives way: while single messages come it claims less at a time and has less in flight, and then all of it again', async () => {
  const still = stillClock();
  const stopping = new AbortController();
  const asked: number[] = [];
  let inFlight = 0;
  const over: (() => void)[] = [];
  const core: WorkerCore = {
    sql,
    clock: still,
    log: silentLog,
    stopping: stopping.signal,
    giveWay: createGiveWay(still),
    lanes: () => [lane],
    holds: () => true,
    async claim({ limit, left }) {
      asked.push(limit);
      const items = Array.from({ length: limit }, () => ({ dueMs: 1, ownerId: 1 }) as WorkItem);
      inFlight += limit;
      const ran = new Promise<void>((resolve) => {
        over.push(() => {
          inFlight -= limit;
          left(items);
          resolve();
        });
      });
      return { items, ran };
    },
    claimOfLanes: () => Promise.reject(new Error('not asked')),
  };
  await upsertStream(sql, { stream: 77, kind: 1, workspaceId: OURS, flowing: true, ratePerS: null });
  const handle = () => Promise.resolve();
  const bulk = createBulk(core, [{ kind: 1, batchSize: 90, inFlight: 270, handle }]);
  const allOver = () => over.splice(0).forEach((end) => end());
  core.giveWay.came();
  await bulk.look();
  await until('it waits for room', () => inFlight === 90);
  assert.deepEqual(asked, [30, 30, 30]);
  // A provider that hangs single messages is no reason to wait: none came for a while.
  await still.moveOn(250);
  allOver();
  await until('it has all of its room', () => inFlight >= 270);
  assert.deepEqual(asked, [30, 30, 30, 30, 90, 90, 90], 'the fourth was asked for before');
  stopping.abort();
  allOver();
  await bulk.stop();
});

test('who waits for room is let in before who comes later', async () => {
  const rooms = createRooms<string>(10);
  await rooms.enter('a', 10);
  const order: number[] = [];
  const first = rooms.enter('a', 10).then(() => order.push(1));
  const second = rooms.enter('a', 1).then(() => order.push(2));
  rooms.leave('a', 10);
  await first;
  rooms.leave('a', 10);
  await second;
  assert.deepEqual(order, [1, 2]);
});

test('what is put in wakes whoever listens once it is committed, soon again when it falls due soon, and never when it is rolled back', async () => {
  const heard: string[] = [];
  queue.onWake((wakes) => wakes.forEach((wake) => heard.push(`${wake.lane}:${wake.what}`)));
  await assert.rejects(
    queue.transact(async (tx) => {
      await queue.put(tx, [work()]);
      throw new Error('no');
    }),
  );
  assert.deepEqual(heard, []);
  await put(work(), work({ ownerId: owner(other), stream: 77 }));
  assert.deepEqual(new Set(heard.splice(0)), new Set([`${lane.lane}:1`, `${other.lane}:bulk`]));
  await queue.transact((tx) =>
    queue.append(tx, [{ ownerId: owner(), workspaceId: OURS, type: 'x', atMs: 1, payload: {} }]),
  );
  assert.deepEqual(heard.splice(0), [`${lane.lane}:feed`]);
  assert.deepEqual(await sql`SELECT DISTINCT lane FROM feed`, [{ lane: lane.lane }]);
  await put(work({ dueMs: clock.nowMs() + 30 }));
  heard.splice(0);
  await until('it rings when it is due', () => heard.some((one) => one === `${lane.lane}:1`));
});

test('a wake reaches other processes; of however many that are busy each has some room', async () => {
  const elsewhere = createQueue({ sql, ids, clock, log: silentLog });
  await elsewhere.start();
  const heard: string[] = [];
  elsewhere.onWake((wakes) =>
    wakes.forEach(({ lane: at, what, stream }) => heard.push(`${at}:${what}${stream ? ` ${stream}` : ''}`)),
  );
  await put(work());
  await until('it is heard', () => heard.some((one) => one === `${lane.lane}:1`));
  await queue.transact((tx) => Promise.resolve(queue.turn(tx, new Set([lane.lane, other.lane]))));
  for (const at of [lane.lane, other.lane])
    await until('so are turns, of each lane', () => heard.includes(`${at}:turn`));
  await put(work({ stream: 777 }));
  await until('of a run it is heard which', () => heard.includes(`${lane.lane}:bulk 777`));
  await upsertStream(sql, { stream: 778, kind: 1, workspaceId: OURS, flowing: true, ratePerS: null });
  heard.length = 0;
  await queue.transact((tx) => queue.bringForward(tx, OURS, 1));
  await until('a clock that is put forward wakes runs', () => heard.includes(`${lane.lane}:bulk 778`));
  assert.ok(heard.includes(`${lane.lane}:turn`), 'and turns');
  // Whose lane it is makes no difference to a run: others have lanes of it, too.
  queue.ownedBy(() => true);
  const run = { stream: 779, kind: 1, workspaceId: OURS, flowing: true, ratePerS: null };
  await queue.transact((tx) => queue.flow(tx, run));
  queue.ownedBy(() => false);
  await until('a run that flows is heard of', () => heard.includes('0:streams'), 5_000);
  await elsewhere.stop();
  const rooms = createRooms<number>(100);
  for (let key = 0; key < 1_000; key++) rooms.take(key, 1);
  assert.equal(rooms.isFull(7), false);
});

test('a deadlock is repeated, a failure is not', async () => {
  let tries = 0;
  const fail = (code: string, times: number) =>
    queue.transact(async (tx) => {
      tries++;
      await tx`SELECT 1`;
      if (tries <= times) throw Object.assign(new Error(code), { code });
      return 'done';
    });
  assert.equal(await fail('40P01', 2), 'done');
  assert.equal(tries, 3);
  tries = 0;
  await assert.rejects(fail('23505', 1));
  assert.equal(tries, 1);
  assert.ok(bucketOf(owner()) >= 0);
});
