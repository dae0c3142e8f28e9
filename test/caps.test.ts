/** The frequency cap under what happens at once: two broadcasts, both orders, a worker that dies, a provider that refuses, a call-off. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { updateWorkspace } from '../src/accounts/workspaces.ts';
import { bucketOf } from '../src/base/ids.ts';
import { cancelBroadcast, createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import type { BroadcastInput } from '../src/broadcasts/broadcast.ts';
import { forecastBroadcast, previewOf } from '../src/broadcasts/forecast.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { giveRoomBack } from '../src/ledger/caps.ts';
import { selectDeliveriesOf } from '../src/ledger/sql.ts';
import { STATE } from '../src/ledger/states.ts';
import { testDatabase } from './support/database.ts';
import { startProcess } from './support/processes.ts';
import { startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import {
  must,
  newContacts,
  newTwilio,
  newWorkspace,
  startWorld,
  TEST_SECRET,
  type World,
} from './support/world.ts';

const database = await testDatabase();
const HOUR_MS = 3_600_000;
let world: World;
let sink: TwilioSink;
before(async () => {
  sink = await startTwilioSink();
  world = await startWorld(database.connection, { PARLEY_LEASE_MS: '2000' });
});
after(async () => {
  await world.stop();
  await sink.close();
});
beforeEach(() => {
  sink.byNumber.clear();
  sink.calls.length = 0;
  sink.answer = () => 'accept';
});

let numbers = 7_000_000;

/** A workspace with a cap and contacts. */
async function capped(count: number, most = 1, ctx = world.ctx) {
  const app = await newWorkspace(ctx, 'live');
  await newTwilio(ctx, app.id, sink.url);
  const settings = { frequencyCap: { most, perHours: 24 } };
  must(
    await ctx.queue.transact((tx) => updateWorkspace(tx, { id: app.id, settings, nowMs: ctx.clock.nowMs() })),
  );
  ctx.directory.forget(app.id);
  const contactIds = await newContacts(ctx, app.id, count, numbers);
  const phones = contactIds.map((_, i) => `+1555${numbers + i}`);
  numbers += count;
  const start = async (more: BroadcastInput = {}) => {
    const nowMs = ctx.clock.nowMs();
    const input = {
      name: 'x',
      content: { type: 'text', text: 'Hi' },
      channel: 'sms',
      audience: { include: { all: true } },
      ...more,
    };
    const made = must(
      await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, app.id, input, nowMs)),
    );
    const begun = must(
      await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, app.id, made.id, nowMs)),
    );
    return begun;
  };
  const read = async (id: number) => (await selectBroadcast(ctx.sql, app.id, id))!;
  return { app, contactIds, phones, start, read };
}

async function statesOf(workspaceId: number, runIds: readonly number[]) {
  return await world.ctx.sql<{ causeId: number; contactId: number; state: number; code: string | null }[]>`
    SELECT cause_id AS "causeId", contact_id AS "contactId", state, code FROM deliveries
    WHERE workspace_id = ${workspaceId} AND cause_id = ANY(${[...runIds]}::bigint[])`;
}

test('9.6 two broadcasts at once under a cap of 1: one each, and the other is held to the instant at which the first leaves', async () => {
  const { app, contactIds, phones, start } = await capped(500);
  const [a, b] = await Promise.all([start(), start()]);
  const runs = [a.runId!, b.runId!];
  await until(
    'all are decided on',
    async () => (await statesOf(app.id, runs)).length === 2 * contactIds.length,
    30_000,
  );
  assert.deepEqual(
    phones.filter((phone) => sink.countOf(phone) !== 1),
    [],
    'one each',
  );
  const rows = await statesOf(app.id, runs);
  for (const contactId of contactIds) {
    const own = rows
      .filter((row) => row.contactId === contactId)
      .sort((a, b) => a.state - b.state)
      .map(({ state, code }) => [state, code]);
    assert.deepEqual(own, [
      [STATE.held, 'cap_full'],
      [STATE.accepted, null],
    ]);
  }
  const held = await world.ctx.sql<{ dueMs: number; atMs: number }[]>`
    SELECT w.due_ms AS "dueMs", c.at_ms[1] AS "atMs" FROM due w JOIN caps c ON c.bucket = w.bucket AND c.contact_id = w.owner_id
    WHERE w.workspace_id = ${app.id} AND w.stream = ANY(${runs}::bigint[])`;
  assert.equal(held.length, contactIds.length);
  // Who waited a moment for their turn has taken the mark along: whoever is held for it is looked at again a little early.
  for (const { dueMs, atMs } of held) {
    assert.ok(dueMs <= atMs + 24 * HOUR_MS);
    assert.ok(dueMs > atMs + 23 * HOUR_MS);
  }
});

test('9.6 a worker that is killed between taking room and the call has taken it: nobody gets two, and who may have got one keeps its mark', async () => {
  const elsewhere = await testDatabase();
  const env = {
    PARLEY_DATABASE_URL: elsewhere.url,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_PORT: '0',
    PARLEY_LEASE_MS: '2000',
  };
  const own = await startWorld(elsewhere.connection, { PARLEY_ROLES: 'http', PARLEY_LEASE_MS: '2000' });
  let worker = await startProcess({ ...env, PARLEY_ROLES: 'worker' });
  try {
    const { app, phones, start } = await capped(1_000, 1, own.ctx);
    const [a, b] = [await start(), await start()];
    await until('some are sent', () => sink.calls.length > 100, 30_000);
    await worker.kill();
    worker = await startProcess({ ...env, PARLEY_ROLES: 'worker' });
    const decided = async () => {
      const [row] = await own.ctx.sql<{ n: number }[]>`
        SELECT count(*) AS n FROM deliveries WHERE workspace_id = ${app.id} AND cause_id = ANY(${[a.runId!, b.runId!]}::bigint[])`;
      return row!.n === 2 * phones.length;
    };
    await until('all are decided on', decided, 60_000);
    assert.deepEqual(
      phones.filter((phone) => sink.countOf(phone) > 1),
      [],
    );
    const [row] = await own.ctx.sql<
      { n: number }[]
    >`SELECT count(*) AS n FROM caps WHERE cardinality(at_ms) <> 1`;
    assert.equal(row!.n, 0, 'one mark each');
  } finally {
    await worker.stop();
    await own.stop();
  }
});

test('9.6 room that was taken for what the provider did not take is free again, for the next in either order', async () => {
  const { app, contactIds, phones, start, read } = await capped(20);
  sink.answer = () => ({ status: 400, body: JSON.stringify({ code: 21408, message: 'no' }) });
  const refused = await start();
  await until('it is over', async () => (await read(refused.id)).state === 'done', 30_000);
  sink.byNumber.clear();
  sink.answer = () => 'accept';
  const taken = await start();
  await until('it is over', async () => (await read(taken.id)).state === 'done', 30_000);
  assert.ok(phones.every((phone) => sink.countOf(phone) === 1));
  assert.ok((await statesOf(app.id, [refused.runId!])).every(({ state }) => state === STATE.failed));
  const forecast = await forecastBroadcast(world.ctx.broadcasts, taken, world.ctx.clock.nowMs());
  assert.deepEqual([forecast.reachable, forecast.held], [20, { cap_full: 20 }]);
  const told = await previewOf(world.ctx.broadcasts, taken, contactIds[0]!, world.ctx.clock.nowMs());
  assert.equal(told!.verdict.verdict === 'hold' && told!.verdict.code, 'cap_full');
});

test('9.6 what was sent before there was a cap counts, once per cause, and unclear counts too', async () => {
  const { app, contactIds, start, read } = await capped(10);
  const settings = (frequencyCap: object | null) =>
    world.ctx.queue.transact((tx) =>
      updateWorkspace(tx, { id: app.id, settings: { frequencyCap }, nowMs: world.ctx.clock.nowMs() }),
    );
  must(await settings(null));
  world.ctx.directory.forget(app.id);
  const before = await start();
  await until('it is over', async () => (await read(before.id)).state === 'done', 30_000);
  must(await settings({ most: 1, perHours: 24 }));
  world.ctx.directory.forget(app.id);
  const after = await start();
  await until(
    'all are held',
    async () => (await statesOf(app.id, [after.runId!])).length === contactIds.length,
    30_000,
  );
  assert.ok((await statesOf(app.id, [after.runId!])).every(({ code }) => code === 'cap_full'));
  const nowMs = world.ctx.clock.nowMs();
  must(
    await world.ctx.queue.transact((tx) =>
      cancelBroadcast(world.ctx.broadcasts, tx, app.id, after.id, nowMs),
    ),
  );
  const [first] = await selectDeliveriesOf(world.ctx.sql, app.id, contactIds[0]!, before.runId!);
  assert.equal(first!.state, STATE.accepted);
});

test('9.1 a broadcast that is called off gives back the room of whoever it did not reach: deferred, unstarted or waiting', async () => {
  const { app, contactIds, phones, start, read } = await capped(30);
  const { ctx } = world;
  const cancel = async (id: number) =>
    must(
      await ctx.queue.transact((tx) => cancelBroadcast(ctx.broadcasts, tx, app.id, id, ctx.clock.nowMs())),
    );
  // Of three people the first is reached, the second is put off, of the third it is not known.
  const third = (to: string) => Number(to.slice(-7)) % 3;
  sink.answer = ({ to }) =>
    third(to) === 0
      ? 'accept'
      : third(to) === 1
        ? { status: 429, headers: { 'retry-after': '86400' }, body: '{"code":20429,"message":"later"}' }
        : 'reset';
  const first = await start();
  const all = async () => (await statesOf(app.id, [first.runId!])).length === contactIds.length;
  await until('all are decided on', all, 30_000);
  await cancel(first.id);
  const over = async () => {
    const rows = await statesOf(app.id, [first.runId!]);
    return rows.filter(({ state }) => state === STATE.canceled).length === 10;
  };
  await until('who waited is taken out', over, 30_000);
  sink.byNumber.clear();
  sink.answer = () => 'accept';
  const second = await start();
  const decided = async () => (await statesOf(app.id, [second.runId!])).length === contactIds.length;
  await until('all are decided on', decided, 30_000);
  assert.deepEqual(
    phones.filter((phone) => sink.countOf(phone) > 0),
    phones.filter((phone) => third(phone) === 1),
    'those whose room is free again, and nobody else',
  );
  assert.equal((await read(second.id)).state, 'running');
  await cancel(second.id);
});

test('9.1 room is kept while another delivery of the same cause was sent or waits, and goes with the last of them', async () => {
  const { app, contactIds } = await capped(1);
  const { ctx } = world;
  const contactId = contactIds[0]!;
  const causeId = ctx.ids.inBucket(bucketOf(contactId));
  const keys = [0, 1].map((seq) => ({ contactId, causeId, seq }));
  const states = async (...two: [number, number | null][]) => {
    await ctx.sql`DELETE FROM deliveries WHERE cause_id = ${causeId}`;
    for (const [seq, [state, sentMs]] of two.entries())
      await ctx.sql`
        INSERT INTO deliveries (bucket, contact_id, cause_id, seq, class, workspace_id, state, state_ms, sent_ms, code)
        VALUES (${bucketOf(contactId)}, ${contactId}, ${causeId}, ${seq}, 2, ${app.id}, ${state}, 1, ${sentMs}, 'x')`;
    await ctx.sql`DELETE FROM caps WHERE contact_id = ${contactId}`;
    await ctx.sql`INSERT INTO caps (bucket, contact_id, at_ms, cause_ids)
      VALUES (${bucketOf(contactId)}, ${contactId}, ARRAY[1, 2, 3]::bigint[], ARRAY[7, ${causeId}, 9]::bigint[])`;
    await ctx.sql.begin((tx) => giveRoomBack(tx, [keys[0]!]));
    const [row] = await ctx.sql<{ atMs: number[] }[]>`
      SELECT at_ms AS "atMs" FROM caps WHERE contact_id = ${contactId}`;
    return row!.atMs;
  };
  const { failed, accepted, queued, held, unknown } = STATE;
  assert.deepEqual(await states([failed, null], [accepted, 5]), [1, 2, 3], 'another was sent');
  assert.deepEqual(await states([failed, null], [failed, 5]), [1, 2, 3], 'another was sent, and came back');
  for (const state of [queued, held, unknown])
    assert.deepEqual(await states([failed, null], [state, null]), [1, 2, 3], `another is ${state}`);
  assert.deepEqual(await states([failed, null], [failed, null]), [1, 3], 'none is left');
  assert.deepEqual(await states([failed, null]), [1, 3], 'there is no other');
  // Two that end at once: whichever is second sees the first.
  await states([failed, null], [queued, null]);
  const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: go } = Promise.withResolvers<void>();
  const one = ctx.sql.begin(async (tx) => {
    await tx`UPDATE deliveries SET state = ${STATE.canceled} WHERE cause_id = ${causeId} AND seq = 1`;
    await giveRoomBack(tx, [keys[1]!]);
    isLocked();
    await goOn;
  });
  await locked;
  const other = ctx.sql.begin((tx) => giveRoomBack(tx, [keys[0]!]));
  go();
  await Promise.all([one, other]);
  const [row] = await ctx.sql<
    { atMs: number[] }[]
  >`SELECT at_ms AS "atMs" FROM caps WHERE contact_id = ${contactId}`;
  assert.deepEqual(row!.atMs, [1, 3]);
});
