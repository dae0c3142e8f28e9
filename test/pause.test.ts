/** What was stopped begins nothing: after a pause or a cancellation is answered, and once a lease is over (N8, item by item). */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { after, before, test } from 'node:test';
import { createKey } from '../src/accounts/keys.ts';
import { monotonicMs, pause, systemClock } from '../src/base/clock.ts';
import { toHex24 } from '../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { testDatabase } from './support/database.ts';
import { startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import {
  callApi,
  must,
  newContacts,
  newTwilio,
  newWorkspace,
  startWorld,
  type World,
} from './support/world.ts';

const PEOPLE = 600;
/** Long enough that hundreds wait in the line when the pause comes. */
const ANSWER_MS = 150;

const database = await testDatabase();
let door: World;
let worker: World;
let sink: TwilioSink;
/** When each call left for the provider: on a busy machine it arrives a while later. */
let leftMs: number[] = [];
const SENT = 'undici:client:sendHeaders';
const onSent = (message: unknown) => {
  const { request } = message as { request: { origin: string; method: string } };
  if (request.origin === sink.url && request.method === 'POST') leftMs.push(monotonicMs());
};

before(async () => {
  sink = await startTwilioSink();
  subscribe(SENT, onSent);
  sink.onCall = () => pause(systemClock, ANSWER_MS);
  // The pause is answered by another process than the one that sends.
  door = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  worker = await startWorld(database.connection, { PARLEY_ROLES: 'worker' });
});
after(async () => {
  await worker.stop();
  await door.stop();
  unsubscribe(SENT, onSent);
  await sink.close();
});

/** A broadcast under way, and how it is steered. */
async function underWay(first: number) {
  const { ctx } = door;
  sink.calls.length = 0;
  sink.byNumber.clear();
  leftMs = [];
  const { id: workspaceId } = await newWorkspace(ctx, 'live');
  const integration = await newTwilio(ctx, workspaceId, sink.url);
  await newContacts(ctx, workspaceId, PEOPLE, first);
  const { token } = await ctx.sql.begin(async (tx) =>
    must(
      await createKey(tx, ctx, {
        owner: { workspaceId },
        door: 'console',
        scopes: ['marketer'],
        name: 'test',
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  const { id } = must(
    await ctx.queue.transact((tx) =>
      createBroadcast(
        ctx.broadcasts,
        tx,
        workspaceId,
        {
          name: 'news',
          channel: 'sms',
          class: 'marketing',
          integrationId: integration.id,
          audience: { include: { all: true } },
          content: { type: 'text', text: 'News' },
        },
        ctx.clock.nowMs(),
      ),
    ),
  );
  const run = must(
    await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, workspaceId, id, ctx.clock.nowMs())),
  );
  await until('it is under way', () => sink.calls.length > 70, 60_000);
  const steer = async (what: string) => {
    const path = `/api/workspaces/${toHex24(workspaceId)}/broadcasts/${toHex24(id)}/${what}`;
    const answer = await callApi(door, `Bearer ${token}`, 'POST', path, {});
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    const answeredMs = monotonicMs();
    return { begun: leftMs.length, laterMs: () => leftMs.filter((atMs) => atMs > answeredMs) };
  };
  const landed = () =>
    until('nothing is in flight', async () => (await ctx.sql`SELECT 1 FROM flights`).length === 0, 60_000);
  return { runId: run.runId!, steer, landed };
}

test('nothing begins after a pause was answered; what had not begun is due as it was, and goes when it is resumed', async () => {
  const { runId, steer, landed } = await underWay(4_000_000);
  const { begun, laterMs } = await steer('pause');
  assert.ok(begun < PEOPLE, 'it was paused in the middle');
  await landed();
  assert.deepEqual(laterMs(), [], 'when calls left after the answer');
  assert.equal(sink.calls.length, begun);
  const left = await door.ctx.sql<{ attempt: number }[]>`SELECT attempt FROM due WHERE stream = ${runId}`;
  assert.ok(left.length > 0, 'what had not begun');
  assert.ok(
    left.every(({ attempt }) => attempt === 0),
    'not an attempt',
  );
  await steer('resume');
  await until('all are sent', () => sink.calls.length >= PEOPLE, 60_000);
  await landed();
  assert.equal(sink.byNumber.size, PEOPLE);
  assert.equal(sink.calls.length, PEOPLE, 'each once');
});

test('nothing begins after a cancellation was answered', async () => {
  const { runId, steer, landed } = await underWay(4_100_000);
  const { begun, laterMs } = await steer('cancel');
  assert.ok(begun < PEOPLE, 'it was called off in the middle');
  await landed();
  assert.deepEqual(laterMs(), [], 'when calls left after the answer');
  assert.equal(sink.calls.length, begun);
  await until(
    'nothing is left of it',
    async () => (await door.ctx.sql`SELECT 1 FROM due WHERE stream = ${runId}`).length === 0,
    60_000,
  );
});
