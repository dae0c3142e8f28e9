/** Broadcasts at once, called off, held, beside one whose provider hangs: each gets on by itself, and each recipient counts once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  cancelBroadcast,
  createBroadcast,
  pauseBroadcast,
  resumeBroadcast,
  startBroadcast,
} from '../src/broadcasts/broadcasts.ts';
import { countBroadcast } from '../src/broadcasts/forecast.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { updateWorkspace } from '../src/accounts/workspaces.ts';
import { monotonicMs } from '../src/base/clock.ts';
import { testDatabase } from './support/database.ts';
import { startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { must, newContacts, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const sink: TwilioSink = await startTwilioSink();
let world: World;
let numbers = 1_000_000;

before(async () => {
  // Few connections, so that whoever holds one and waits for another is found out.
  world = await startWorld(database.connection, {
    PARLEY_POOL_SIZE: '3',
    // What hangs, hangs for longer than anybody here waits.
    PARLEY_PROVIDER_DEADLINE_MS: '120000',
  });
});
after(async () => {
  await world.stop();
  await sink.close();
});

/** A workspace with people, and a provider that answers as told. */
async function newPlace(people: number, url = sink.url) {
  const app = await newWorkspace(world.ctx, 'live');
  const integration = await newTwilio(world.ctx, app.id, url);
  const from = (numbers += 100_000);
  await newContacts(world.ctx, app.id, people, from);
  return { ...app, integrationId: integration.id, from };
}

type Place = Awaited<ReturnType<typeof newPlace>>;

async function newBroadcast(place: Place, more: Record<string, unknown> = {}) {
  const { ctx } = world;
  const input = {
    name: 'news',
    channel: 'sms',
    class: 'transactional',
    integrationId: place.integrationId,
    audience: { include: { all: true } },
    content: { type: 'text', text: 'News' },
    ...more,
  };
  return must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, place.id, input, ctx.clock.nowMs())),
  );
}

async function start(place: Place, more: Record<string, unknown> = {}) {
  const { ctx } = world;
  const made = await newBroadcast(place, more);
  return must(
    await ctx.queue.transact((tx) =>
      startBroadcast(ctx.broadcasts, tx, place.id, made.id, ctx.clock.nowMs()),
    ),
  );
}

const act = async (place: Place, id: number, what: typeof cancelBroadcast) =>
  must(
    await world.ctx.queue.transact((tx) =>
      what(world.ctx.broadcasts, tx, place.id, id, world.ctx.clock.nowMs()),
    ),
  );
const stateOf = async (place: Place, id: number) =>
  (await selectBroadcast(database.sql, place.id, id))?.state;
const countsOf = async (place: Place, id: number) =>
  await countBroadcast(world.ctx, database.sql, (await selectBroadcast(database.sql, place.id, id))!);

/** Marketing waits for some hours. */
async function makeQuiet(place: Place): Promise<void> {
  const hour = (ahead: number) =>
    new Date(world.ctx.clock.nowMs() + ahead * 3600_000).toISOString().slice(11, 16);
  const settings = { quietHours: { from: hour(-6), to: hour(10) } };
  await database.sql.begin((tx) => updateWorkspace(tx, { id: place.id, settings, nowMs: Date.now() }));
  world.ctx.directory.forget(place.id);
}

/** Nothing of a broadcast is left in the queue, and every one of its recipients counts once. */
async function isSettled(place: Place, id: number, people: number) {
  const { runId } = (await selectBroadcast(database.sql, place.id, id))!;
  await until(
    'nothing of it is left in the queue',
    async () => {
      const rows = await database.sql`
      SELECT 1 FROM due WHERE cause_id = ${runId} OR owner_id = ${id} UNION ALL SELECT 1 FROM streams WHERE stream = ${runId}`;
      return rows.length === 0;
    },
    90_000,
  );
  const { matched, fannedOut: _, queued, ...states } = await countsOf(place, id);
  assert.equal(queued, 0);
  assert.ok(matched <= people);
  assert.equal(
    Object.values(states).reduce((sum, n) => sum + n, 0),
    matched,
    JSON.stringify(states),
  );
  assert.ok(Object.values(states).every((n) => n >= 0));
  return { matched, ...states };
}

test('30 broadcasts to 60 people at once, with three connections, are done', async () => {
  const place = await newPlace(60);
  const begun = await Promise.all(Array.from({ length: 30 }, () => start(place)));
  for (const { id } of begun)
    await until('it is done', async () => (await stateOf(place, id)) === 'done', 240_000);
  assert.equal((await isSettled(place, begun[7]!.id, 60)).accepted, 60);
});

for (const shared of [false, true])
  test(`a provider that hangs in one workspace: a broadcast of another goes as if it were not there, ${shared ? 'at the same provider' : 'at another'}`, async () => {
    const slow = await startTwilioSink();
    const hangs = await newPlace(3_000, slow.url);
    slow.answer = ({ to }) => (Number(to.slice(5)) < hangs.from + 3_000 ? 'hang' : 'accept');
    const works = await newPlace(100, shared ? slow.url : undefined);
    const stuck = await start(hangs);
    await until('its provider hangs', () => slow.calls.length >= world.config.concurrency);
    const begun = await start(works);
    await until('the other is done', async () => (await stateOf(works, begun.id)) === 'done', 90_000);
    assert.equal((await isSettled(works, begun.id, 100)).accepted, 100);
    assert.equal(await stateOf(hangs, stuck.id), 'running');
    await act(hangs, stuck.id, cancelBroadcast);
    await slow.close();
    await isSettled(hangs, stuck.id, 3_000);
  });

test('100 recipients get all the calls at once that the provider may have', async (t) => {
  const open: (() => void)[] = [];
  const slow = await startTwilioSink();
  // Also when it fails: what hangs keeps the file from its end.
  t.after(() => slow.close());
  slow.onCall = () => new Promise<void>((resolve) => open.push(resolve));
  const place = await newPlace(100, slow.url);
  const begun = await start(place);
  const most = world.config.concurrency;
  await until('as many as may be are out', () => open.length === Math.min(100, most));
  await until('all have been', () => {
    open.shift()?.();
    return slow.calls.length === 100;
  });
  for (const answer of open) answer();
  await until('it is done', async () => (await stateOf(place, begun.id)) === 'done');
});

test('called off before, while and after it is put in: nobody counts twice, nothing is left', async () => {
  for (const delayed of [0, 1, 3, 8, 20, 32]) {
    const place = await newPlace(400);
    const begun = await start(place, { ratePerS: 20 });
    await until(`${delayed} lanes are in`, async () => {
      const rows = await database.sql`SELECT 1 FROM broadcast_lanes WHERE run_id = ${begun.runId}`;
      return rows.length >= delayed;
    });
    await act(place, begun.id, cancelBroadcast);
    const { matched, canceled, accepted } = await isSettled(place, begun.id, 400);
    assert.equal(canceled + accepted, matched);
    assert.equal(await stateOf(place, begun.id), 'canceled');
    const sent = Array.from({ length: 400 }, (_, i) => sink.countOf(`+1555${place.from + i}`));
    assert.equal(sent.filter(Boolean).length, accepted, 'what counts as canceled was not sent');
    assert.ok(sent.every((n) => n <= 1));
  }
});

test('called off while held: what was held is canceled, and counts once', async () => {
  const place = await newPlace(40);
  await makeQuiet(place);
  const begun = await start(place, { class: 'marketing' });
  await until('all are held', async () => (await countsOf(place, begun.id)).held === 40);
  await act(place, begun.id, cancelBroadcast);
  const { canceled, held } = await isSettled(place, begun.id, 40);
  assert.deepEqual({ canceled, held }, { canceled: 40, held: 0 });
  const rows = await database.sql<{ state: number; n: number }[]>`
    SELECT state, count(*)::int AS n FROM deliveries WHERE cause_id = ${begun.runId} GROUP BY state`;
  assert.deepEqual([...rows], [{ state: 13, n: 40 }]);
});

test('called off while in flight: what comes back to be tried again is canceled too', async () => {
  const place = await newPlace(40);
  const answers: (() => void)[] = [];
  sink.onCall = () => new Promise<void>((resolve) => answers.push(resolve));
  sink.answer = () => ({ status: 429, body: '{"code":20429,"message":"Too many requests"}' });
  const begun = await start(place);
  await until('all are in flight', () => answers.length === 40);
  await act(place, begun.id, cancelBroadcast);
  for (const answer of answers) answer();
  const { canceled } = await isSettled(place, begun.id, 40);
  assert.equal(canceled, 40);
  sink.onCall = () => {};
  sink.answer = () => 'accept';
});

test('called off while it is paused, and paused, resumed and called off at once: one state, one step, nothing left', async () => {
  const place = await newPlace(200);
  const paused = await start(place, { ratePerS: 5 });
  await act(place, paused.id, pauseBroadcast);
  await until('a broadcast that is paused has no step', async () => {
    const rows = await database.sql`SELECT 1 FROM due WHERE owner_id = ${paused.id}`;
    return rows.length === 0;
  });
  await act(place, paused.id, resumeBroadcast);
  const racing = [pauseBroadcast, resumeBroadcast, cancelBroadcast, pauseBroadcast, resumeBroadcast];
  await Promise.all(racing.map((what) => act(place, paused.id, what).catch(() => {})));
  if ((await stateOf(place, paused.id)) !== 'canceled') await act(place, paused.id, cancelBroadcast);
  await isSettled(place, paused.id, 200);
});

/** Transactions a second of this database over a few seconds in which nobody here asks for any. */
async function transactionsPerS(): Promise<number> {
  const count = async () =>
    (
      await database.sql<{ n: number }[]>`
        SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()`
    )[0]!.n;
  const [fromMs, before] = [monotonicMs(), await count()];
  await until('some seconds have passed', () => monotonicMs() > fromMs + 2_000);
  return ((await count()) - before) / ((monotonicMs() - fromMs) / 1000);
}

test('ten broadcasts held overnight cost next to nothing', async (t) => {
  const place = await newPlace(50);
  await makeQuiet(place);
  const idlePerS = await transactionsPerS();
  const held = await Promise.all(Array.from({ length: 10 }, () => start(place, { class: 'marketing' })));
  for (const { id } of held)
    await until('all are held', async () => (await countsOf(place, id)).held === 50, 90_000);
  // What was asked while they were put in is counted late by Postgres; before, it never came near.
  const perS = await until(
    'it is as quiet as before',
    async () => {
      const now = await transactionsPerS();
      return now < idlePerS + 10 ? now : undefined;
    },
    60_000,
  );
  t.diagnostic(`${perS.toFixed(1)} transactions a second, ${idlePerS.toFixed(1)} without them`);
  for (const { id } of held) await act(place, id, cancelBroadcast);
  for (const { id } of held) assert.equal((await isSettled(place, id, 50)).canceled, 50);
});
