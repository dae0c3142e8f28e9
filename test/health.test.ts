/** An integration through its life by the console's API, and how it fares, told by a process that sends nothing itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testDatabase } from './support/database.ts';
import { newConsoleKey } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const provider = await startReceiver();
const SENDS = '/v3/mg.shop.example/messages';
const TAKEN = { status: 200, body: '{"id":"<one@mailgun>","message":"Queued."}' };
let front: World;
let worker: World;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let consoleKey: string;
let at: string;

before(async () => {
  provider.answer(SENDS, TAKEN);
  front = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  worker = await startWorld(database.connection, {
    PARLEY_ROLES: 'worker',
    PARLEY_PUBLIC_URL: front.url,
    PARLEY_PRIVATE_TARGETS: 'loopback',
  });
  app = await newWorkspace(front.ctx, 'live');
  consoleKey = await newConsoleKey(front.ctx, app.id);
});
after(async () => {
  await worker.stop();
  await front.stop();
});

const call = async (method: string, path: string, body?: object) =>
  await callApi(front, consoleKey, method, `/api/workspaces/${app.appId}${path}`, body);
const health = async () => (await call('GET', `${at}/health`)).json;
const sendMeOne = async (to: string) => {
  const { status, json } = await call('POST', `${at}/test`, { to, text: 'Does it work?' });
  assert.equal(status, 202, JSON.stringify(json));
};
const keyUsed = (n: number) =>
  Buffer.from(provider.received(SENDS)[n]!.headers.authorization!.slice(6), 'base64').toString();

test('made, nothing seen yet', async () => {
  const { status, json } = await call('POST', '/integrations', {
    type: 'mailgun',
    settings: {
      apiKey: 'first-key-of-mine',
      domain: 'mg.shop.example',
      fromAddress: 'shop@mg.shop.example',
      baseUrl: provider.url('').replace(/\/$/, ''),
    },
    ratePerS: 100_000,
  });
  assert.equal(status, 201, JSON.stringify(json));
  assert.ok(!JSON.stringify(json).includes('first-key'));
  at = `/integrations/${json.id}`;
  assert.deepEqual(await health(), {
    status: 'active',
    used: false,
    breaker: 'closed',
    triesAgainInMs: null,
    failuresInARow: 0,
    lastSuccessAt: null,
    lastCallbackAt: null,
    lastFailure: null,
    recent: { minutes: 5, accepted: 0, refused: 0, deferred: 0, errorRate: 0 },
    rate: { limitPerS: 100_000, perS: 0 },
  });
});

test('send me one: what the worker saw is told by the process that serves', async () => {
  await sendMeOne('me@people.example');
  const seen = await until('the success is told', async () => {
    const body = await health();
    return body.lastSuccessAt && body;
  });
  assert.deepEqual(
    [seen.used, seen.breaker, seen.recent.accepted, seen.recent.errorRate],
    [true, 'closed', 1, 0],
  );
  assert.equal(seen.rate.perS, 1 / 300);
  assert.equal(keyUsed(0), 'api:first-key-of-mine');
});

test('a rotated secret is used from then on, and shown to nobody', async () => {
  const { status, json } = await call('POST', `${at}/secrets`, { secrets: { apiKey: 'second-key-of-mine' } });
  assert.equal(status, 200);
  const shown = JSON.stringify([json, (await call('GET', at)).json, (await call('GET', '/audit')).json]);
  assert.ok(!/(?:first|second)-key/.test(shown));
  await until('the worker sends with the new key', async () => {
    const before = provider.received(SENDS).length;
    await sendMeOne('me@people.example');
    await until('it is sent', () => provider.received(SENDS).length > before);
    return keyUsed(before) === 'api:second-key-of-mine';
  });
});

test('a provider in trouble: the error rate, the last failure and the open breaker are seen, and that it is well again', async () => {
  provider.answer(SENDS, { status: 503, body: '{"message":"come back later"}' });
  for (let n = 0; n < 25; n++) await sendMeOne(`p${n}@people.example`);
  // It opens at the twentieth, and what is told of the five behind that comes a look later.
  const open = await until('the breaker is seen open, and for how long', async () => {
    const body = await health();
    const isOpen = body.breaker === 'open' && body.triesAgainInMs > 0 && body.failuresInARow >= 20;
    return isOpen && body.recent.deferred >= 20 && body;
  });
  assert.deepEqual([open.lastFailure.code, open.lastFailure.detail], ['http_503', 'come back later']);
  assert.ok(open.recent.errorRate > 0.5);
  provider.answer(SENDS, TAKEN);
  const closed = await until(
    'it is seen to work again',
    async () => {
      const body = await health();
      return body.breaker === 'closed' && body.failuresInARow === 0 && body;
    },
    30_000,
  );
  assert.equal(closed.lastFailure.code, 'http_503');
});

test('a worker that stops and another that starts: what was seen stays', async () => {
  const { lastSuccessAt } = await health();
  await worker.stop();
  const last = await health();
  assert.ok(last.lastSuccessAt >= lastSuccessAt && last.used);
  assert.equal((await call('POST', `${at}/disable`)).status, 200);
  assert.equal((await call('POST', `${at}/test`, { to: 'me@people.example', text: 'x' })).status, 422);
  assert.equal((await health()).status, 'inactive');
});
