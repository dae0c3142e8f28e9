/** The pumps of bulk runs: a run's rate, room that comes back, and what is claimed of a lane and when. Claims are counted, not carried out. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { testDatabase } from '../../test/support/database.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { createBulk } from './work/bulk.ts';
import type { Claim, Flown, WorkerCore } from './work/core.ts';
import { createGiveWay } from './work/giveWay.ts';
import { deleteStreamRow, upsertStream } from './work/sql.ts';
import type { Stream, WorkItem } from './work/work.ts';

const { sql } = await testDatabase();
const RUN: Stream = { stream: 77, kind: 1, workspaceId: 9, flowing: true, ratePerS: null };
const APART: Stream = { ...RUN, stream: -5 };
const lanes = await sql<OwnedLane[]>`
  SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane IN (3, 4) ORDER BY lane`;
beforeEach(() => sql`DELETE FROM streams`);
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const itemsOf = (n: number, from = 1) =>
  Array.from({ length: n }, (_, at) => ({ dueMs: from + at, ownerId: from + at }) as WorkItem);

/** Pumps of a worker that owns two lanes, or others; `found` says what a claim finds, of several lanes with what is to find in each. */
function world(
  found: (claim: Claim) => WorkItem[] | Promise<WorkItem[]>,
  more: { inFlight?: number; owned?: () => OwnedLane[] } = {},
) {
  const clock = stillClock();
  const stopping = new AbortController();
  const over: (() => void)[] = [];
  const claims: Claim[] = [];
  const core: WorkerCore = {
    sql,
    clock,
    log: silentLog,
    stopping: stopping.signal,
    giveWay: createGiveWay(clock),
    lanes: more.owned ?? (() => lanes),
    holds: () => true,
    async claim(claim) {
      claims.push(claim);
      const items = await found(claim);
      const { promise: ran, resolve } = Promise.withResolvers<void>();
      over.push(() => {
        claim.left(items);
        resolve();
      });
      return { items, ran };
    },
    async claimOfLanes({ lanes: asked, ...claim }) {
      const claimed = new Map<number, Flown>();
      for (const lane of asked)
        claimed.set(lane.lane, await core.claim({ ...claim, lane, after: { dueMs: -1, ownerId: 0 } }));
      return claimed;
    },
  };
  const handle = () => Promise.resolve();
  const bulk = createBulk(core, [{ kind: 1, batchSize: 90, inFlight: more.inFlight ?? 90, handle }]);
  const settleAll = () => over.splice(0).forEach((end) => end());
  stops.push(async () => {
    stopping.abort();
    settleAll();
    // A pump that waits for room which a fault keeps would not stop.
    claims[0]?.left(itemsOf(1_000));
    await bulk.stop();
  });
  return { bulk, clock, claims, settleAll };
}

test('a worker sends its part of a run’s rate, by its lanes; another rate counts from when it is read; a run that is closed ends', async () => {
  let taken = 0;
  const { bulk, clock, settleAll } = world(({ limit }) => {
    taken += limit;
    setImmediate(settleAll);
    return itemsOf(limit);
  });
  const pass = async (seconds: number) => {
    const before = taken;
    await clock.moveOn(seconds * 1_000);
    return taken - before;
  };
  await upsertStream(sql, { ...RUN, ratePerS: 64 });
  await bulk.look();
  const first = await pass(10);
  assert.ok(first >= 36 && first <= 41, `two lanes of 32 have 4 a second, were ${first} in ten`);
  await upsertStream(sql, { ...RUN, ratePerS: 640 });
  await bulk.look();
  const second = await pass(10);
  assert.ok(second >= 360 && second <= 425, `and 40 of 640, were ${second}`);
  await deleteStreamRow(sql, RUN.stream);
  await bulk.look();
  await pass(1);
  assert.equal(await pass(10), 0);
  assert.equal(bulk.ring(3, RUN.stream), false, 'nobody knows it any more');
});

test('room that a claim did not need, or that is settled, is there for the next', async () => {
  const { bulk, claims, settleAll } = world(({ lane }) => itemsOf(lane.lane === 3 ? 45 : 0));
  await upsertStream(sql, RUN);
  await bulk.look();
  for (let n = 1; n <= 6; n++) {
    await until(
      `claim ${n} of the first lane`,
      () => claims.filter(({ lane }) => lane.lane === 3).length >= n,
    );
    settleAll();
    bulk.ring(3, RUN.stream);
  }
});

test('a claim that finds nothing keeps no room, however often one is made', async () => {
  const { bulk, claims } = world(() => [], { inFlight: 2 });
  await upsertStream(sql, RUN);
  await bulk.look();
  const asked = () => claims.filter(({ lane }) => lane.lane === 3).length;
  for (let n = 1; n <= 4; n++) {
    await until(`claim ${n} of the first lane`, () => asked() >= n, 5_000);
    bulk.ring(3, RUN.stream);
  }
});

test('what is paused while it waits for room is not claimed when there is some', async () => {
  const { bulk, claims, settleAll } = world(({ limit }) => itemsOf(limit));
  await upsertStream(sql, RUN);
  await bulk.look();
  await until('it has filled its room', () => claims.length === 1);
  await upsertStream(sql, { ...RUN, flowing: false });
  await bulk.look();
  settleAll();
  await upsertStream(sql, { ...RUN, stream: 78 });
  await bulk.look();
  await until('the room is there for another run', () => claims.at(-1)!.stream === 78);
  assert.deepEqual(
    claims.map(({ stream }) => stream).filter((stream) => stream === RUN.stream),
    [RUN.stream],
  );
});

test('a pass goes on where the last claim ended, and the next begins at the front again', async () => {
  const passes = new Map<number, number[]>();
  const { bulk } = world(
    ({ lane, limit, after }) => {
      const asked = passes.get(lane.lane) ?? [];
      passes.set(lane.lane, [...asked, after.dueMs]);
      return itemsOf([limit, 10, 0][asked.length] ?? 0, 500);
    },
    { inFlight: 900 },
  );
  await upsertStream(sql, RUN);
  await bulk.look();
  await until('each lane has no more', () => lanes.every(({ lane }) => passes.get(lane)?.length === 3));
  assert.deepEqual(
    [...passes.values()],
    [
      [0, 589, 0],
      [0, 589, 0],
    ],
  );
});

test('a lane that rings while it is asked is asked again', async () => {
  let answer: ((items: WorkItem[]) => void) | undefined;
  const { bulk, claims } = world(({ lane }) =>
    lane.lane === 3 && !answer ? new Promise((resolve) => (answer = resolve)) : [],
  );
  await upsertStream(sql, RUN);
  await bulk.look();
  await until('it is asked', () => answer !== undefined);
  bulk.ring(3, RUN.stream);
  answer!([]);
  await until('it is asked again', () => claims.filter(({ lane }) => lane.lane === 3).length === 2);
});

test('what campaigns send is asked of all lanes, many together; one that has much goes on by itself', async () => {
  const many = Array.from({ length: 20 }, (_, at): OwnedLane => ({ ...lanes[0]!, lane: at }));
  const { bulk, clock, claims, settleAll } = world(
    ({ lane, limit, after }) => {
      setImmediate(() => settleAll());
      return itemsOf(lane.lane === 7 && after.dueMs < 500 ? limit : 0, 500);
    },
    { inFlight: 900, owned: () => many },
  );
  await upsertStream(sql, APART);
  await bulk.look();
  bulk.ring(0, APART.stream);
  await until('each lane is asked', () => new Set(claims.map(({ lane }) => lane.lane)).size === 20);
  const more = () => claims.some(({ lane, after }) => lane.lane === 7 && after.dueMs >= 500);
  await clock.moveOn(20);
  assert.equal(more(), false, 'what rings meanwhile goes with it');
  await until('the one that has much is asked where it was', async () => {
    await clock.moveOn(5);
    return more();
  });
});

/** Puts a piece of work in without a word, as by a process that died before it rang. */
async function putSilently({ lane, buckets }: OwnedLane, { stream, kind, workspaceId }: Stream, dueMs = 1) {
  await sql`
    INSERT INTO due (bucket, kind, owner_id, cause_id, seq, lane, stream, workspace_id, due_ms)
    VALUES (${buckets[0]!}, ${kind}, ${buckets[0]!}, 1, 0, ${lane}, ${stream}, ${workspaceId}, ${dueMs})`;
}

/** What the pumps are at, a pause of theirs after the other; statements are not virtual. */
async function goOn(clock: ReturnType<typeof world>['clock'], ms: number) {
  for (let left = ms; left > 0; left -= 5_000) {
    await clock.moveOn(Math.min(left, 5_000));
    for (let n = 0; n < 5; n++) {
      await sql`SELECT 1`;
      await clock.moveOn(0);
    }
  }
}

test('a stream that has nothing rests: where it rings that lane alone is asked, and it rests again when that is settled', async () => {
  const found: WorkItem[][] = [];
  const { bulk, clock, claims, settleAll } = world(() => found.shift() ?? []);
  await upsertStream(sql, APART);
  await bulk.look();
  await goOn(clock, 100_000);
  assert.equal(claims.length, 0, 'nothing is asked of it before it rings');
  bulk.ring(3, APART.stream);
  await until('both lanes are asked, since nothing is known yet', async () => {
    await clock.moveOn(5);
    return new Set(claims.map(({ lane }) => lane.lane)).size === 2;
  });
  await goOn(clock, 5_000);
  assert.equal(clock.waiting(), 0, 'it has no timer');
  claims.length = 0;
  found.push(itemsOf(1));
  bulk.ring(4, APART.stream);
  await until('the lane is asked', async () => {
    await clock.moveOn(5);
    return claims.length > 0;
  });
  await goOn(clock, 3_000);
  await until('while something is under way it stays', () => clock.waiting() > 0);
  settleAll();
  await goOn(clock, 5_000);
  assert.deepEqual([...new Set(claims.map(({ lane }) => lane.lane))], [4]);
  assert.equal(clock.waiting(), 0, 'and rests again');
});

test('a stream that rests wakes when it rings in the very step in which it comes to rest', async () => {
  const { bulk, clock, claims } = world(() => []);
  await upsertStream(sql, APART);
  await bulk.look();
  const asked = () => claims.filter(({ lane }) => lane.lane === 3).length;
  for (let turns = 0; turns < 40; turns++) {
    bulk.ring(3, APART.stream);
    const before = asked();
    await clock.moveOn(30);
    for (let n = 0; n < turns % 8; n++) await Promise.resolve();
    const between = asked();
    bulk.ring(3, APART.stream);
    await until('it is asked again', async () => {
      await clock.moveOn(30);
      return asked() > between && asked() > before;
    });
  }
});

test('what rests and was put into without a word is found within a minute, when its lane came back, and when it flows again', async (t) => {
  t.after(() => sql`DELETE FROM due`);
  let owned: OwnedLane[] = [lanes[0]!];
  const { bulk, clock, claims } = world(() => [], { owned: () => owned });
  const others = [-6, -7, -8].map((stream) => ({ ...APART, stream }));
  for (const stream of [APART, ...others]) await upsertStream(sql, stream);
  await bulk.look();
  for (const { stream } of [APART, ...others]) bulk.ring(3, stream);
  await goOn(clock, 5_000);
  claims.length = 0;

  await putSilently(lanes[0]!, APART);
  await bulk.look();
  await goOn(clock, 5_000);
  assert.equal(claims.length, 0, 'it is not asked of at each look');
  await goOn(clock, 60_000);
  await bulk.look();
  await until('it is found', () => claims.length > 0);
  assert.deepEqual([...new Set(claims.map(({ stream }) => stream))], [APART.stream], 'it alone');

  await putSilently(lanes[1]!, others[0]!);
  owned = lanes;
  assert.equal(bulk.ring(4), false, 'a look is due when a lane is taken');
  await bulk.look();
  await until('what is in it is found', () => claims.some(({ stream }) => stream === -6));

  await upsertStream(sql, { ...others[1]!, flowing: false });
  await bulk.look();
  assert.equal(bulk.ring(3, -7), true);
  await goOn(clock, 5_000);
  assert.ok(
    claims.every(({ stream }) => stream !== -7),
    'what is paused is not asked of',
  );
  await putSilently({ ...lanes[0]!, buckets: [lanes[0]!.buckets[1]!] }, others[1]!);
  await upsertStream(sql, others[1]!);
  await bulk.look();
  await until('it is when it flows', () => claims.some(({ stream }) => stream === -7));
  assert.ok(claims.every(({ stream }) => stream !== -8));
});

test('a lane that had nothing is asked when what it has falls due, when it rings, when it came back, and now and then', async (t) => {
  t.after(() => sql`DELETE FROM due`);
  let owned: OwnedLane[] = lanes;
  let has = false;
  const { bulk, clock, claims, settleAll } = world(
    ({ limit }) => {
      if (!has) return [];
      has = false;
      setImmediate(() => settleAll());
      return itemsOf(Math.min(limit, 1));
    },
    { owned: () => owned },
  );
  // A kind that nobody does stops nobody.
  await upsertStream(sql, { ...RUN, stream: 5, kind: 99 });
  await upsertStream(sql, RUN);
  await bulk.look();
  const asked = async (what: string, more: () => boolean) => {
    const before = claims.length;
    await until(what, async () => {
      await clock.moveOn(0);
      return claims.length > before && more();
    });
  };
  await asked('both are asked', () => new Set(claims.map(({ lane }) => lane.lane)).size === 2);
  await clock.moveOn(30_000);
  const rested = claims.length;
  await clock.moveOn(20_000);
  assert.equal(claims.length, rested, 'nothing is asked of who has nothing');
  owned = lanes.map((lane) => ({ ...lane, epoch: lane.epoch + 1 }));
  bulk.ring(99, RUN.stream);
  await asked('they came back', () => claims.at(-1)!.lane.epoch === lanes[0]!.epoch + 1);
  await clock.moveOn(1_000);
  await putSilently(owned[0]!, RUN);
  const before = claims.length;
  await until('it is found all the same', async () => {
    await clock.moveOn(10_000);
    return claims.length > before;
  });
});

test('what is put off falls due when it says, though its lane was asked while it was under way; and what waits behind one that hangs does not wait for it', async (t) => {
  t.after(() => sql`DELETE FROM due`);
  const [lane] = lanes;
  let has = 1;
  const { bulk, clock, claims, settleAll } = world(
    ({ lane: asked }) => itemsOf(asked.lane === lane!.lane && has-- > 0 ? 1 : 0),
    { owned: () => [lane!] },
  );
  const putOff = async (ownerId: number, dueMs: number) => {
    await sql`
      INSERT INTO due (bucket, kind, owner_id, cause_id, seq, lane, stream, workspace_id, due_ms)
      VALUES (${lane!.buckets[0]!}, 1, ${ownerId}, 1, 0, ${lane!.lane}, ${RUN.stream}, 9, ${dueMs})`;
  };
  await upsertStream(sql, RUN);
  await bulk.look();
  const claimed = async (what: string, n: number) =>
    await until(
      what,
      async () => {
        // The pump's pauses are virtual, its statements are not.
        await clock.moveOn(0);
        return claims.length >= n;
      },
      10_000,
    );
  await claimed('it has found one and no more', 1);
  await clock.moveOn(1_500);
  for (let n = 0; n < 20; n++) {
    await sql`SELECT 1`;
    await clock.moveOn(0);
  }
  const backMs = clock.nowMs() + 5_000;
  await putOff(lane!.buckets[0]!, backMs);
  settleAll();
  await clock.moveOn(4_000);
  assert.equal(claims.length, 1, 'it is not due yet');
  has = 1;
  await clock.moveOn(1_500);
  await claimed('it is claimed when it is', 2);
  // That one hangs. Another of the lane, put off long ago, is due meanwhile.
  await sql`DELETE FROM due`;
  await putOff(lane!.buckets[1]!, clock.nowMs() + 3_000);
  await clock.moveOn(2_000);
  assert.equal(claims.length, 2);
  await clock.moveOn(2_000);
  await claimed('nobody waits for one that hangs', 3);
});

test('what was put in without a word is found within a minute', async (t) => {
  t.after(() => sql`DELETE FROM due`);
  const [lane] = lanes;
  const { bulk, clock, claims } = world(() => [], { owned: () => [lane!] });
  await upsertStream(sql, RUN);
  await bulk.look();
  await goOn(clock, 100_000);
  const before = claims.length;
  await putSilently(lane!, RUN);
  await goOn(clock, 65_000);
  assert.ok(claims.length > before);
});

test('after a rest a run sends no more at once than a quarter of its rate', async () => {
  let taken = 0;
  let rests = true;
  const { bulk, clock, settleAll } = world(({ limit }) => {
    setImmediate(() => settleAll());
    if (rests) return [];
    taken += limit;
    return itemsOf(limit);
  });
  await upsertStream(sql, { ...RUN, ratePerS: 640 });
  await bulk.look();
  await clock.moveOn(50_000);
  rests = false;
  const fromMs = clock.monotonicMs();
  for (const lane of [3, 4]) bulk.ring(lane, RUN.stream);
  await until('it goes on', async () => {
    await clock.moveOn(10);
    return taken > 0;
  });
  await clock.moveOn(500);
  const most = 10 + (40 * (clock.monotonicMs() - fromMs)) / 1_000;
  assert.ok(taken <= most + 1, `two lanes of 32 have 40 a second, and ten before it: ${taken} of ${most}`);
});

test('a run that flows again, or at another rate, goes on at once', async () => {
  const { bulk, clock, claims, settleAll } = world(({ limit }) => {
    setImmediate(() => settleAll());
    return itemsOf(limit);
  });
  for (const [at, waits] of [{ flowing: false }, { ratePerS: 0.001 }].entries()) {
    const stream = 80 + at;
    await upsertStream(sql, { ...RUN, stream, ...waits });
    await bulk.look();
    await clock.moveOn(2_000);
    assert.equal(claims.filter((claim) => claim.stream === stream).length, 0);
    await upsertStream(sql, { ...RUN, stream, ratePerS: at ? 640 : null });
    await bulk.look();
    await until('it goes on', async () => {
      await clock.moveOn(5);
      return claims.some((claim) => claim.stream === stream);
    });
    await deleteStreamRow(sql, stream);
    await bulk.look();
  }
});
