/** A store that was away for long, or is a copy of one that went on: what was under way in it waits for a person, and then goes to each once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  createBroadcast,
  LATEST_START_MS,
  resumeBroadcast,
  startBroadcast,
} from '../src/broadcasts/broadcasts.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { systemClock } from '../src/base/clock.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey, reaches, sendMessage } from './support/messages.ts';
import { startTwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { must, newContacts, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const PEOPLE = 12;
const database = await testDatabase();
const sink = await startTwilioSink();
let world: World;
after(async () => {
  await world.stop();
  await sink.close();
});

/** A broadcast of which a few have gone out when its Parley is stopped in order. */
async function begun(from: number) {
  world = await startWorld(database.connection);
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const integration = await newTwilio(ctx, app.id, sink.url);
  await newContacts(ctx, app.id, PEOPLE, from);
  const input = {
    name: 'news',
    channel: 'sms',
    class: 'transactional',
    integrationId: integration.id,
    ratePerS: 4,
    audience: { include: { all: true } },
    content: { type: 'text', text: `News ${from}` },
  };
  const { id } = await ctx.queue.transact(async (tx) => {
    const made = must(await createBroadcast(ctx.broadcasts, tx, app.id, input, ctx.clock.nowMs()));
    return must(await startBroadcast(ctx.broadcasts, tx, app.id, made.id, ctx.clock.nowMs()));
  });
  const sent = () => sink.calls.filter(({ body }) => body === input.content.text).map(({ to }) => to);
  await until('some are sent', () => sent().length >= 2);
  await world.stop();
  assert.ok(sent().length < PEOPLE, 'not all');
  return { app, id, sent, now: async () => (await selectBroadcast(database.sql, app.id, id))! };
}

/** A worker that was seen so long ago, and has not said goodbye since: it was killed, or is in the original of this copy. */
const lastSeen = async (agoMs: number) =>
  void (await database.sql`INSERT INTO workers (name, seen_ms) VALUES ('elsewhere|1|x', ${systemClock.nowMs() - agoMs})`);

test('a copy of a store in which a broadcast was under way holds it until somebody resumes it; all else goes on', async () => {
  const { app, id, sent, now } = await begun(2_000_000);
  await lastSeen(LATEST_START_MS + 60_000);
  const before = sent().length;
  world = await startWorld(database.connection);
  const { ctx } = world;
  const held = await now();
  assert.equal(held.state, 'paused');
  assert.match(held.note!, /copy of one that went on/);
  const consoleKey = await newConsoleKey(ctx, app.id);
  const single = await sendMessage(
    world,
    { appId: app.appId, consoleKey },
    {
      destination: { channel: 'sms', address: '+15559990001' },
      content: { type: 'text', text: 'Your code' },
      class: 'transactional',
    },
  );
  await reaches(ctx, single, 'accepted');
  assert.equal(sent().length, before);
  const told = await database.sql`
    SELECT 1 FROM feed_log WHERE workspace_id = ${app.id} AND type = 'broadcast.changed' AND payload ->> 'state' = 'paused'`;
  assert.equal(told.length, 1);
  must(await ctx.queue.transact((tx) => resumeBroadcast(ctx.broadcasts, tx, app.id, id, ctx.clock.nowMs())));
  await until('it is done', async () => (await now()).state === 'done', 60_000);
  assert.equal((await now()).note, null);
  assert.deepEqual([sent().length, new Set(sent()).size], [PEOPLE, PEOPLE]);
  await world.stop();
});

test('one that was stopped in order, or was away for an hour, goes on by itself', async () => {
  const { sent, now } = await begun(3_000_000);
  await lastSeen(3600_000);
  world = await startWorld(database.connection);
  await until('it is done', async () => (await now()).state === 'done', 60_000);
  assert.deepEqual([sent().length, new Set(sent()).size], [PEOPLE, PEOPLE]);
});
