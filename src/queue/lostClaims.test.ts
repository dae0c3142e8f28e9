/** Claims that are made and whose answer is lost: nothing of them stays. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import pg from 'pg';
import { testDatabase } from '../../test/support/database.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../base/clock.ts';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { openPool, type Connections } from '../db/pool.ts';
import { createQueue } from './queue.ts';
import { createWorker } from './worker.ts';
import { createLostClaims } from './work/lostClaims.ts';
import { settle } from './work/settle.ts';
import { callOff } from './work/streams.ts';

const { sql, connection } = await testDatabase();
const clock = systemClock;
const ids = idSource(62, () => clock.nowMs());
const WORKSPACE = ids.spread();
const KIND = 1;

/** What is asked of the database: the answers of claims are lost while `losing` says so, though they are made. */
let losing = 0;
const lossy = openPool(connection, {
  max: 4,
  name: 'lossy',
  pool: (settings) => {
    const pool = new pg.Pool({ ...settings, pipeline: true });
    const lostAfter = async <T>(asked: Promise<T>): Promise<T> => {
      const answer = await asked;
      losing--;
      throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET', answer });
    };
    return {
      async connect() {
        const client = await pool.connect();
        let within = false;
        let claims = false;
        const query = async (asked: string | pg.QueryConfig) => {
          const text = typeof asked === 'string' ? asked : asked.text;
          if (text === 'BEGIN') within = true;
          if (text.includes('INSERT INTO flights')) claims = true;
          const ends = claims && (!within || text === 'COMMIT');
          const answer = client.query(asked);
          return ends && losing > 0 ? lostAfter(answer) : answer;
        };
        return { query: query as never, release: (error?: boolean | Error) => client.release(error) };
      },
      query: pool.query.bind(pool) as never,
      end: () => pool.end(),
      totalCount: 0,
      idleCount: 0,
      waitingCount: 0,
    } satisfies Connections;
  },
});
const queue = createQueue({ sql, ids, clock, log: silentLog });
before(() => queue.start());
after(async () => {
  await queue.stop();
  await lossy.end();
});
beforeEach(async () => {
  for (const table of ['due', 'flights', 'flight_steps', 'streams']) await sql.unsafe(`DELETE FROM ${table}`);
});

const RUN = ids.spread();
const flights = async () => (await sql`SELECT 1 FROM flights`).length;

/** A worker whose first claims are made and not answered; its work is put off to the next day. */
async function hired() {
  const seen: boolean[] = [];
  const worker = createWorker({
    sql: lossy,
    queue,
    ids: idSource(63, () => clock.nowMs()),
    clock,
    log: silentLog,
    leaseMs: 600,
    readers: [],
    handlers: [
      {
        kind: KIND,
        batchSize: 50,
        inFlight: 200,
        async handle(batch) {
          for (const _ of batch.items) seen.push(batch.abandoned);
          const later = batch.items.map((item) => ({ item, dueMs: clock.nowMs() + 86_400_000, attempt: 1 }));
          await queue.transact((tx) => settle(tx, batch, { done: [], later, landed: true }));
        },
      },
    ],
  });
  await worker.start();
  return { seen, stop: () => worker.stop() };
}

for (const [what, stream] of [
  ['interactive work', 0],
  ['a run', RUN],
  ['what a sender has set apart', -RUN],
] as const) {
  test(`${what}: a claim that is made and not answered leaves no flight; what is put off can be called off, and is nobody’s loss`, async () => {
    const owners = Array.from({ length: 40 }, () => ids.spread());
    losing = 3;
    const first = await hired();
    await queue.transact(async (tx) => {
      if (stream !== 0)
        await queue.flow(tx, { stream, kind: KIND, workspaceId: WORKSPACE, flowing: true, ratePerS: null });
      const dueMs = clock.nowMs();
      await queue.put(
        tx,
        owners.map((ownerId) => ({
          kind: KIND,
          ownerId,
          causeId: RUN,
          seq: 0,
          stream,
          workspaceId: WORKSPACE,
          dueMs,
        })),
      );
    });
    await until('all is put off', () => first.seen.length === owners.length);
    assert.equal(losing, 0, 'answers were lost');
    await until('no flight is left', async () => (await flights()) === 0);
    assert.deepEqual(new Set(first.seen), new Set([false]), 'nothing was taken for begun and gone');
    await first.stop();

    const next = await hired();
    if (stream !== 0) {
      let off = 0;
      for (const lane of queue.lanes())
        off += (await queue.transact((tx) => callOff(tx, lane, KIND, stream, 100))).length;
      assert.equal(off, owners.length);
    }
    await next.stop();
    assert.deepEqual(next.seen, [], 'the next owner finds nothing of the first');
  });
}

test('a worker that stops takes back what it has lost before it gives its lanes back', async () => {
  losing = Infinity;
  const first = await hired();
  const ownerId = ids.spread();
  const dueMs = clock.nowMs();
  await queue.transact((tx) =>
    queue.put(tx, [{ kind: KIND, ownerId, causeId: RUN, seq: 0, stream: 0, workspaceId: WORKSPACE, dueMs }]),
  );
  await until('a claim is lost', async () => (await flights()) > 0);
  await first.stop();
  losing = 0;
  assert.equal(await flights(), 0);
  const next = await hired();
  await until('it is done by the next', () => next.seen.length > 0);
  assert.deepEqual(next.seen, [false]);
  await next.stop();
});

test('a claim that the server comes to after its connection is gone is taken back as well, for as long as a lease', async () => {
  const still = stillClock();
  const lost = createLostClaims({ sql, clock: still, leaseMs: 30_000 });
  const [lane] = queue.lanes();
  const flightId = ids.inBucket(lane!.bucket);
  const flight = { bucket: lane!.bucket, flightId };
  const arrives = () => sql`
    INSERT INTO flights (bucket, id, lane, epoch, kind, owner_ids, cause_ids, seqs, at_ms, whole)
    VALUES (${flight.bucket}, ${flightId}, ${lane!.lane}, 1, ${KIND}, '{}', '{}', '{}', 0, true)`;
  await assert.rejects(
    lost.watch([flight], () => Promise.reject(new Error('gone'))),
    /gone/,
  );
  await lost.watch([], async () => {});
  await arrives();
  await still.moveOn(29_000);
  await lost.takeBack();
  assert.equal(await flights(), 0);
  await arrives();
  await still.moveOn(2_000);
  await lost.takeBack();
  assert.equal(await flights(), 0);
  // By now its lane has another epoch, or the claim was there; nothing is asked for ever.
  await arrives();
  await lost.takeBack();
  assert.equal(await flights(), 1);
});

test('no claim is made before what the last one may have left is gone', async () => {
  const nowhere = openPool({ ...connection, port: 1 }, { max: 1, name: 'nowhere' });
  const away = createLostClaims({ sql: nowhere, clock, leaseMs: 30_000 });
  const flight = { bucket: 1, flightId: ids.inBucket(1) };
  await assert.rejects(
    away.watch([flight], () => Promise.reject(new Error('gone'))),
    /gone/,
  );
  let claims = 0;
  for (let i = 0; i < 2; i++)
    await assert.rejects(
      away.watch([], async () => void claims++),
      /ECONNREFUSED|ENOENT/,
    );
  await assert.rejects(away.takeBack(), /ECONNREFUSED|ENOENT/);
  assert.equal(claims, 0);
  await nowhere.end();
});
