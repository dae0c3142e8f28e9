/** The JavaScript library of the Outbound door (O7–O24): its checks beside those of the published package, its queue, and what is built of it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { buildOutbound } from '../sdk/outbound/build.ts';
import {
  Outbound,
  type Call,
  type OutboundOptions,
  type OutboundStorage,
} from '../sdk/outbound/src/outbound.ts';
import { startReceiver, type Receiver } from './support/receiver.ts';
import { storageOf } from './support/storage.ts';
import { until } from './support/until.ts';

type Any = any;
const require = createRequire(import.meta.url);
const Published = require('outbound') as new (key: string) => Any;

const receiver = await startReceiver();
const bodyOf = ({ body }: { body: string }) => JSON.parse(body);
let paths = 0;
/** A place of its own on the receiver, so that tests see their own calls only. */
function library(options: Omit<OutboundOptions, 'url'> = {}, at = `/place${++paths}`) {
  const outbound = new Outbound('out_key.secret', { url: receiver.url(at), ...options }) as Any;
  const calls = (path: string) => receiver.received(`${at}/v2${path}`);
  const answer: Receiver['answer'] = (path, how) => receiver.answer(`${at}/v2${path}`, how);
  return { outbound, calls, answer, at };
}

const failureOf = async (call: PromiseLike<unknown>) =>
  await new Promise<Any>((resolve, reject) => {
    call.then(() => reject(new Error('it succeeded')), resolve);
  });

describe('checks', () => {
  const wrong: [method: string, ...args: unknown[]][] = [
    ['identify', {}],
    ['identify', null],
    ['identify', undefined, {}],
    ['alias', ['a'], 'b'],
    ['alias', 'a', null],
    ['track', true, 'e'],
    ['track', 'u', 7],
    ['track', 'u', null],
    ['trackBatch', {}],
    ['trackBatch', 'x'],
    ['trackBatch', Array.from({ length: 101 }, () => ({}))],
    ['trackBatch', [{ user_id: 1, event: 'e' }, { event: 'e' }]],
    [
      'trackBatch',
      [
        { user_id: 1, event: 'e' },
        { user_id: 1, event: 5 },
      ],
    ],
    ['registerApnsToken', 'u', {}],
    ['registerGcmToken', {}, 't'],
    ['disableApnsToken', 'u', undefined],
    ['disableGcmToken', 'u', 1],
    ['disableAllGcmTokens', undefined],
    ['disableAllApnsTokens', {}],
    ['unsubscribeAll', {}],
    ['subscribeAll', false],
    ['unsubscribeCampaigns', 'u', []],
    ['unsubscribeCampaigns', 'u', 'c'],
    ['subscribeCampaigns', {}, ['c']],
    ['subscribeCampaigns', 'u'],
  ];
  for (const [method, ...args] of wrong)
    test(`O15, O18: ${method}(${JSON.stringify(args).slice(1, 60)}) is refused as the published package refuses it, and not sent`, async () => {
      const { outbound, at } = library();
      const error = await failureOf(outbound[method](...args));
      assert.deepEqual(error, await failureOf(new Published('k')[method](...args)));
      assert.equal(error.receivedCall, false);
      assert.equal(receiver.received().filter(({ path }) => path.startsWith(`${at}/`)).length, 0);
    });
});

describe('times', () => {
  const none: [said: string, time: unknown][] = [
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['object', {}],
    ['Invalid Date', new Date('nope')],
  ];
  for (const [said, time] of none)
    test(`O15: a timestamp that is no time (${said}) is refused and not sent: it was taken as now`, async () => {
      const { outbound, at } = library();
      const error = { receivedCall: false, message: 'Invalid timestamp. Expected number or Date' };
      assert.deepEqual(await failureOf(outbound.track('u', 'e', {}, time)), error);
      const batch = [
        { user_id: 'u', event: 'e' },
        { user_id: 'u', event: 'e', timestamp: time },
      ];
      assert.deepEqual(await failureOf(outbound.trackBatch(batch)), error);
      assert.equal(receiver.received().filter(({ path }) => path.startsWith(`${at}/`)).length, 0);
    });

  test('a timestamp as text is read by the server, as the published package leaves it; none, 0 and a callback in its place are now', async () => {
    const { outbound, calls } = library({ storage: null });
    const text = '2026-11-20T08:00:00Z';
    await outbound.track('u', 'text', {}, text);
    for (const none of [undefined, null, 0, '', false]) await outbound.track('u', 'none', {}, none);
    await new Promise<void>((resolve) => outbound.track('u', 'none', {}, resolve));
    const [first, ...others] = calls('/track').map(bodyOf);
    assert.equal(first.timestamp, text);
    assert.equal(others.length, 6);
    for (const { timestamp } of others) assert.ok(Math.abs(timestamp - Date.now() / 1000) < 60);
  });
});

describe('the wire', () => {
  const table: [method: string, args: unknown[], path: string, body: object][] = [
    [
      'identify',
      [
        1,
        {
          firstName: 'A',
          lastName: 'B',
          email: 'a@example.com',
          phoneNumber: '5551234567',
          groupId: 'g',
          groupAttributes: { plan: 'pro' },
          previousId: 'p',
          timezone: 'Europe/Amsterdam',
          apnsTokens: 't',
          gcmTokens: ['x', 'y'],
          fcmTokens: 'f',
          attributes: { deep: { er: [1] } },
          other: 'is dropped',
        },
      ],
      '/identify',
      {
        user_id: 1,
        first_name: 'A',
        last_name: 'B',
        email: 'a@example.com',
        phone_number: '5551234567',
        timezone: 'Europe/Amsterdam',
        group_id: 'g',
        group_attributes: { plan: 'pro' },
        previous_id: 'p',
        apns: ['t'],
        gcm: ['x', 'y'],
        fcm: ['f'],
        attributes: { deep: { er: [1] } },
      },
    ],
    [
      'identify',
      ['u', { first_name: 'First', last_name: 'Last', apns: ['a'], gcm: 'g' }],
      '/identify',
      { user_id: 'u', first_name: 'First', last_name: 'Last', apns: ['a'], gcm: ['g'] },
    ],
    [
      'identify',
      ['u', { email: 'a@example.com' }, { plan: 'pro' }],
      '/identify',
      { user_id: 'u', email: 'a@example.com', attributes: { plan: 'pro' } },
    ],
    ['alias', ['new', 'old'], '/identify', { user_id: 'new', previous_id: 'old' }],
    [
      'track',
      ['u', 'e', null, 1400000000],
      '/track',
      { user_id: 'u', event: 'e', properties: {}, timestamp: 1400000000 },
    ],
    [
      'track',
      ['u', 'é\n💡', { a: { b: 1 } }, new Date(1400000000500)],
      '/track',
      { user_id: 'u', event: 'é\n💡', properties: { a: { b: 1 } }, timestamp: 1400000000.5 },
    ],
    ['registerApnsToken', ['u', 't'], '/apns/register', { user_id: 'u', token: 't' }],
    ['registerGcmToken', ['u', 't'], '/gcm/register', { user_id: 'u', token: 't' }],
    ['registerFcmToken', ['u', 't'], '/fcm/register', { user_id: 'u', token: 't' }],
    ['disableApnsToken', ['u', 't'], '/apns/disable', { user_id: 'u', token: 't' }],
    ['disableGcmToken', [5, 't'], '/gcm/disable', { user_id: 5, token: 't' }],
    ['disableAllGcmTokens', ['u'], '/gcm/disable', { user_id: 'u', all: true }],
    ['disableAllApnsTokens', ['u'], '/apns/disable', { user_id: 'u', all: true }],
    ['unsubscribeAll', ['u'], '/unsubscribe/all', { user_id: 'u' }],
    ['subscribeAll', ['u'], '/subscribe/all', { user_id: 'u' }],
    ['unsubscribeCampaigns', ['u', ['c1']], '/unsubscribe/campaigns', { user_id: 'u', campaign_ids: ['c1'] }],
    ['subscribeCampaigns', ['u', ['c1']], '/subscribe/campaigns', { user_id: 'u', campaign_ids: ['c1'] }],
  ];
  for (const [method, args, path, expected] of table)
    test(`O9–O14: ${method} → ${path}`, async () => {
      const { outbound, calls } = library();
      assert.equal(await outbound[method](...args), undefined);
      const [call] = calls(path);
      const { message_id: id, sent_at: sentAt, ...body } = bodyOf(call!);
      assert.deepEqual(body, expected);
      assert.equal(call!.headers['x-outbound-key'], 'out_key.secret');
      assert.equal(call!.headers['x-outbound-client'], 'Javascript-Node/2.0.0');
      if (path === '/identify' || path === '/track') assert.equal(call!.headers['x-outbound-guid'], id);
      if (path === '/track') {
        assert.ok(Math.abs(sentAt - Date.now() / 1000) < 60);
      }
    });

  test('trackBatch sends the events as they are, with the time where they have none', async () => {
    const { outbound, calls } = library();
    const own = { user_id: 2, event: 'e', timestamp: 1_400_000_000 };
    await outbound.trackBatch([{ user_id: 1, event: 'e', more: 1 }, own]);
    await outbound.trackBatch([]);
    const [[{ timestamp, sent_at: sentAt, ...event }, second], none] = calls('/track/batch').map(bodyOf);
    assert.deepEqual([event, second, none], [{ user_id: 1, event: 'e', more: 1 }, own, []]);
    for (const time of [timestamp, sentAt]) assert.ok(Math.abs(time - Date.now() / 1000) < 60);
  });
});

describe('answers', () => {
  test('O23, O24: success tells nothing, to promises and to callbacks; the further methods of D.js are there', async () => {
    const { outbound } = library();
    const told: unknown[][] = [];
    await outbound.identify('u', {}).then((...args: unknown[]) => told.push(args));
    await outbound.identify('u').success((...args: unknown[]) => told.push(args));
    await new Promise<void>((resolve) => {
      outbound.track('u', 'e', {}, null, (...args: unknown[]) => resolve(void told.push(args)));
    });
    await new Promise<void>((resolve) => {
      outbound.identify('u', (...args: unknown[]) => resolve(void told.push(args)));
    });
    assert.deepEqual(told, [[undefined], [], [], []]);
    assert.equal(
      await new Promise((resolve) => outbound.track('u', 'e').ensure(() => resolve('over'))),
      'over',
    );
    assert.equal(await new Promise((resolve) => outbound.track('u', 'e').nodify(resolve)), undefined);
    assert.deepEqual(await new Promise((resolve) => outbound.track('u', 1).otherwise(resolve)), {
      receivedCall: false,
      message: 'Invalid event. Expected string, got number',
    });
  });

  test('O24: the methods of D.js promises: success, error, apply, rethrow, isPending, getStatus', async () => {
    const { outbound } = library();
    const [good, bad] = [outbound.track('u', 'e') as Call, outbound.track('u', 1)];
    assert.deepEqual([good.isPending(), good.getStatus()], [true, 0]);
    const heard: unknown[] = [];
    const fails = { receivedCall: false, message: 'Invalid event. Expected string, got number' };
    await good.apply((...args: unknown[]) => void heard.push(args));
    await bad.apply(
      () => assert.fail(),
      (error: unknown) => void heard.push(error),
    );
    assert.deepEqual(heard, [[], fails]);
    assert.deepEqual([good.isPending(), good.getStatus()], [false, 1]);
    assert.deepEqual([bad.isPending(), bad.getStatus()], [false, -1]);
    // Whoever goes on failing is heard behind it, and good news pass.
    const behind = await new Promise((resolve) => {
      const again = bad.rethrow((error: unknown) => void (heard as unknown[]).push(error)) as Call;
      again.success(() => assert.fail()).then(undefined, resolve);
    });
    assert.deepEqual([behind, heard.at(-1)], [fails, fails]);
    await good.rethrow(() => assert.fail());
    await good.spread((...args: unknown[]) => void (heard as unknown[]).push(args));
    assert.deepEqual(heard.at(-1), []);
    // What follows has the same methods, by its type as well.
    await good
      .then(() => 1)
      .success(() => {})
      .otherwise(() => assert.fail());
    // Without anybody to hear it, it is thrown where nobody catches it: the runner of tests would be told.
    const { setTimeout: later } = globalThis;
    const thrown = new Promise<() => void>((resolve) => {
      globalThis.setTimeout = ((work: () => void) => resolve(work)) as never;
    });
    void bad.rethrow();
    const work = await thrown.finally(() => (globalThis.setTimeout = later));
    assert.throws(work, (error) => (assert.deepEqual(error, fails), true));
  });

  for (const [what, body, message] of [
    ['JSON', '{"error":{"Message":"user_id is required","Code":400}}', 'user_id is required'],
    ['text', 'user_id is required', 'user_id is required'],
    ['nothing', '', 'HTTP 400'],
  ] as const)
    test(`O22: an error that is ${what} has a message that is a string`, async () => {
      const { outbound, answer } = library();
      answer('/identify', { status: 400, body });
      const error = await new Promise((resolve) => {
        outbound.identify('u', {}, () => assert.fail(), resolve);
      });
      assert.deepEqual(error, { receivedCall: true, message });
    });

  test('O22: what cannot be said in JSON is refused, and holds up nobody; what is changed after a call is none of it', async () => {
    const sent: string[] = [];
    const ob = new Outbound('k', {
      url: 'http://parley.example',
      storage: null,
      fetch: async (_url, init) => (sent.push(String(init?.body)), new Response('')),
    });
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const properties of [circle, { n: 1n }]) {
      const error = await ob.track('u', 'odd', properties).then(
        () => undefined,
        (failed) => failed,
      );
      assert.equal(error?.receivedCall, false);
      assert.match(error.message, /^TypeError: /);
    }
    const properties = { n: 1 };
    const told = [ob.track('u', 'first'), ob.track('u', 'second', properties)];
    properties.n = 2;
    await Promise.all(told);
    assert.match(sent.join(), /"n":1/);
    assert.doesNotMatch(sent.join(), /odd|"n":2/);
  });

  test('an error that nobody listens to ends no process', async () => {
    const { outbound } = library();
    let unhandled = 0;
    const count = () => void unhandled++;
    process.on('unhandledRejection', count);
    outbound.track('u', 1);
    outbound.track('u', 1).then(() => assert.fail());
    await failureOf(outbound.track('u', 1));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.off('unhandledRejection', count);
    assert.equal(unhandled, 0);
    await assert.rejects(async () => await outbound.track('u', 1));
  });
});

describe('the queue', () => {
  test('a call is sent again under its id until there is an answer', async () => {
    const { outbound, answer, calls } = library();
    answer('/track', (before) => (before === 0 ? 'cut' : before === 1 ? { status: 503 } : { status: 200 }));
    await outbound.track('u', 'e');
    const ids = calls('/track').map((call) =>
      [bodyOf(call).message_id, call.headers['x-outbound-guid']].join(),
    );
    assert.equal(ids.length, 3);
    assert.equal(new Set(ids).size, 1);
  });

  test('what can wait together goes together, in order; one that is refused does not take the others along', async () => {
    const { outbound, answer, calls } = library();
    let free = () => {};
    answer('/track', (before, { body }) =>
      JSON.parse(body).event === 'bad'
        ? { status: 400, body: 'bad' }
        : before === 0
          ? 'hang'
          : { status: 200 },
    );
    answer('/track/batch', (_, { body }) =>
      body.includes('"bad"') ? { status: 400, body: '[3].event: is bad' } : { status: 200 },
    );
    const first = outbound.track('u', 'first');
    await until('the first call', () => calls('/track').length === 1);
    const events = Array.from({ length: 120 }, (_, n) => (n === 110 ? 'bad' : `e${n}`));
    const all = Promise.allSettled(events.map((event) => outbound.track('u', event)));
    free = () => receiver.release();
    free();
    await first;
    const outcomes = await all;
    assert.deepEqual(
      outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : [])),
      [110],
    );
    const batches = calls('/track/batch').map((call) => bodyOf(call).map((one: Any) => one.event));
    assert.deepEqual(batches, [events.slice(0, 100), events.slice(100)]);
    assert.deepEqual(
      calls('/track').map((call) => bodyOf(call).event),
      ['first', ...events.slice(100)],
    );
    assert.equal(
      new Set([...calls('/track/batch')].flatMap((call) => bodyOf(call).map((one: Any) => one.message_id)))
        .size,
      120,
    );
  });

  test('what was not answered when a page was left is sent by the next one, under the same ids and in order', async () => {
    const page = library();
    page.answer('/identify', 'hang');
    const left: Record<string, string> = {};
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const storage = { getItem: () => null, removeItem() {}, getAllKeys: () => [], setItem: (...kept) => parentPort.postMessage(kept) };
       const outbound = new (require(workerData.file))('out_key.secret', { url: workerData.url, storage });
       outbound.identify('u', { firstName: 'A' });
       outbound.track('u', 'e1');
       outbound.track('u', 'e2');`,
      {
        eval: true,
        workerData: {
          file: require.resolve('../sdk/outbound/dist/outbound.cjs'),
          url: receiver.url(page.at),
        },
      },
    );
    worker.on('message', ([name, value]) => (left[name] = value));
    await until(
      'the first call',
      () => page.calls('/identify').length === 1 && Object.keys(left).length === 3,
    );
    await worker.terminate();
    const next = storageOf(left);
    page.answer('/identify', { status: 200 });
    const { outbound, calls } = library({ storage: next }, page.at);
    await outbound.track('u', 'e3');
    await outbound.flush();
    assert.equal(calls('/identify').length, 2);
    const [one, two] = calls('/identify');
    assert.equal(one!.headers['x-outbound-guid'], two!.headers['x-outbound-guid']);
    const events = [...calls('/track'), ...calls('/track/batch')]
      .flatMap((call) => bodyOf(call))
      .map(({ event }: Any) => event);
    assert.deepEqual(
      events.toSorted((a, b) => a.localeCompare(b)),
      ['e1', 'e2', 'e3'],
    );
    assert.ok(events.indexOf('e1') < events.indexOf('e2'));
    await until('nothing is kept', () => Object.keys(next.kept).length === 0);
  });

  test('two tabs over one storage lose nothing; what both send has one id', async () => {
    const storage = storageOf();
    const { outbound: one, answer, calls, at } = library({ storage });
    answer('/track', (before) => (before < 2 ? { status: 503 } : { status: 200 }));
    const tracked = one.track('u', 'from one');
    await until('it is kept and was tried', () => calls('/track').length === 1);
    const { outbound: two } = library({ storage }, at);
    await Promise.all([tracked, two.track('u', 'from two')]);
    await Promise.all([one.flush(), two.flush()]);
    const sent = [...calls('/track'), ...calls('/track/batch')].flatMap((call) => bodyOf(call));
    const ids = (event: string) =>
      new Set(sent.filter((one) => one.event === event).map((one) => one.message_id));
    assert.equal(ids('from one').size, 1);
    assert.equal(ids('from two').size, 1);
    await until('nothing is kept', () => Object.keys(storage.kept).length === 0);
  });

  const broken: Record<string, OutboundStorage | null> = {
    absent: null,
    full: {
      ...storageOf(),
      setItem() {
        throw new Error('QuotaExceededError');
      },
    },
    'refusing everything': {
      getItem: () => Promise.reject(new Error('no')),
      setItem: () => Promise.reject(new Error('no')),
      removeItem: () => Promise.reject(new Error('no')),
      getAllKeys: () => Promise.reject(new Error('no')),
    },
    'full of what is none of ours': storageOf({ 'outbound:out_key.secret:other:0': 'not JSON', other: '1' }),
  };
  for (const [what, storage] of Object.entries(broken))
    test(`with storage ${what}, calls are made all the same`, async () => {
      const { outbound, calls } = library({ storage });
      await outbound.track('u', 'e');
      assert.equal(calls('/track').length, 1);
    });

  test('an id of the caller’s own stays, so that what is told twice by it is one event', async () => {
    const { outbound, calls } = library();
    await outbound.post('/track', { user_id: 'u', event: 'e', message_id: 'mine' });
    assert.equal(bodyOf(calls('/track')[0]!).message_id, 'mine');
  });

  test('a list that is none holds up nobody, on this page or the next, and ends no process', async () => {
    const storage = storageOf();
    const { outbound, calls } = library({ storage });
    const event = { user_id: 'u', event: 'alone' };
    await Promise.all([outbound.post('/track/batch', event), outbound.track('u', 'e')]);
    const [[{ timestamp: _timestamp, sent_at: _sentAt, ...sent }, ...more]] =
      calls('/track/batch').map(bodyOf);
    assert.deepEqual([sent, more], [event, []]);
    const kept = { id: 'k', path: '/track/batch', body: [null], t: Date.now() };
    const next = library({
      storage: storageOf({ 'outbound:out_key.secret:other:0': JSON.stringify(kept) }),
    });
    await next.outbound.track('u', 'e');
    assert.deepEqual(next.calls('/track/batch').map(bodyOf), [[{}]]);
  });

  test('what is kept and is no call holds up nobody', async () => {
    const kept = Object.fromEntries(
      ['null', '5', '{}', '"x"', '[]', '{"path":"/track"}'].map((text, n) => [
        `outbound:out_key.secret:other:${n}`,
        text,
      ]),
    );
    const { outbound, calls } = library({ storage: storageOf(kept) });
    await outbound.track('u', 'e');
    assert.equal(calls('/track').length, 1);
    assert.deepEqual(kept, {});
  });

  test('what a page left longer ago than the server knows ids is not sent: it may have come then', async () => {
    const agoMs = (days: number) =>
      JSON.stringify({
        id: `d${days}`,
        path: '/track',
        body: { user_id: 'u', event: `${days} days` },
        t: Date.now() - days * 86_400_000,
      });
    const storage = storageOf({
      'outbound:out_key.secret:other:0': agoMs(8),
      'outbound:out_key.secret:other:1': agoMs(6),
    });
    const { outbound, calls } = library({ storage });
    await outbound.flush();
    assert.deepEqual(
      calls('/track').map((call) => bodyOf(call).event),
      ['6 days'],
    );
    await until('nothing is kept', () => Object.keys(storage.kept).length === 0);
  });

  test('what a page left and cannot be read at the moment stays for the next one', async () => {
    const left = { id: 'l', path: '/track', body: { user_id: 'u', event: 'left' }, t: Date.now() };
    const storage = storageOf({ 'outbound:out_key.secret:other:0': JSON.stringify(left) });
    const busy = { ...storage, getItem: () => Promise.reject(new Error('busy')) };
    const first = library({ storage: busy });
    await first.outbound.flush();
    assert.equal(first.calls('/track').length, 0);
    const next = library({ storage });
    await next.outbound.flush();
    assert.equal(next.calls('/track').length, 1);
    await until('nothing is kept', () => Object.keys(storage.kept).length === 0);
  });

  test('a server that asks for a month is not asked at once: no timer takes that long', async () => {
    const { outbound, answer, calls } = library();
    answer('/track', { status: 503, headers: { 'retry-after': '2592000' } });
    const { setTimeout: later } = globalThis;
    const waits: number[] = [];
    globalThis.setTimeout = ((work: () => void, ms: number) => {
      waits.push(ms);
      return later(work, ms);
    }) as never;
    void outbound.track('u', 'e');
    await until('it waits', () => waits.some((ms) => ms > 60_000)).finally(
      () => (globalThis.setTimeout = later),
    );
    assert.ok(
      waits.every((ms) => ms < 2 ** 31),
      waits.join(),
    );
    assert.equal(calls('/track').length, 1);
  });

  test('what a page left is sent in its order, also where its clock was put back meanwhile', async () => {
    const { now } = Date;
    const left = storageOf();
    const never = { storage: left, fetch: async () => await new Promise<Response>(() => {}) };
    const before = new Outbound('out_key.secret', { url: 'http://parley.example', ...never }) as Any;
    before.track('u', 'first');
    Date.now = () => now() - 3_600_000;
    before.track('u', 'second');
    Date.now = now;
    before.track('u', 'third');
    const { outbound, calls } = library({ storage: storageOf({ ...left.kept }) });
    await outbound.flush();
    const sent = calls('/track/batch').flatMap((call) => bodyOf(call));
    assert.deepEqual(
      sent.map(({ event }: Any) => event),
      ['first', 'second', 'third'],
    );
  });

  test('a call that cannot be made for too long is given up, and its caller is told', async () => {
    const { outbound, answer } = library({ giveUpMs: 0 });
    answer('/track', 'cut');
    const error = await failureOf(outbound.track('u', 'e'));
    assert.equal(error.receivedCall, false);
    assert.match(error.message, /could not be reached/);
  });

  test('where Parley is must be said', () => {
    assert.throws(() => new Outbound('key'), /url/);
  });
});

describe('the script', () => {
  const script = async () =>
    await readFile(new URL('../sdk/outbound/dist/outbound.js', import.meta.url), 'utf8');
  /** A page with a storage, in which the script came from the receiver. */
  async function page(src: string, window: Any = {}, kept: Record<string, string> = {}) {
    const localStorage = storageOf(kept);
    const at = `/page${++paths}`;
    Object.assign(window, {
      fetch,
      URL,
      AbortController,
      setTimeout,
      clearTimeout,
      localStorage,
      document: { currentScript: { src: `https://cdn.example/${src}`, dataset: { url: receiver.url(at) } } },
    });
    window.globalThis = window;
    runInNewContext(await script(), window);
    const calls = (path: string) => receiver.received(`${at}/v2${path}`).map(bodyOf);
    return { window, calls, kept };
  }

  test('O8: a script tag leaves a constructor', async () => {
    const { window, calls } = await page('outbound.js');
    const at = receiver.url(`/place${++paths}`);
    await new window.outbound('YOUR API KEY', { url: at }).track('u', 'e');
    assert.equal(calls('/track').length, 0);
    assert.equal(receiver.received(`${new URL(at).pathname}/v2/track`).length, 1);
  });

  test('calls that the stub array noted are made, for the person before the screen', async () => {
    const stub: Any = [];
    for (const method of ['identify', 'track'])
      stub[method] = (...args: unknown[]) => void stub.push([method, ...args]);
    stub.track('seen', { page: '/' });
    stub.identify(7, { firstName: 'Ann' });
    const { window, calls, kept } = await page('out_1.public.js', { outbound: stub });
    stub.track('bought', { total: 3 });
    window.outbound.unsubscribeCampaigns(['c']);
    window.outbound.registerGcmToken('token');
    window.outbound.disableAllApnsTokens();
    await until('all is sent', () => calls('/apns/disable').length === 1);
    const events = [...calls('/track'), ...calls('/track/batch')].flat();
    const [seen, bought] = events.toSorted((a, b) => (a.event < b.event ? 1 : -1));
    assert.equal(seen.event, 'seen');
    assert.match(seen.anon_id, /^\w{16,}$/);
    assert.equal(bought.user_id, 7);
    const [{ message_id: _id, ...identified }] = [...calls('/identify'), ...calls('/identify/batch')].flat();
    assert.deepEqual(identified, { user_id: 7, first_name: 'Ann', previous_id: seen.anon_id });
    assert.deepEqual(calls('/unsubscribe/campaigns'), [{ user_id: 7, campaign_ids: ['c'] }]);
    assert.deepEqual(calls('/gcm/register'), [{ user_id: 7, token: 'token' }]);
    assert.equal(window.outbound.hasIdentified(), true);
    // Another page, another tab: known still.
    const next = await page('out_1.public.js', {}, kept);
    await next.window.outbound.track('back');
    assert.equal(next.calls('/track')[0].user_id, 7);
    next.window.outbound.reset();
    assert.equal(next.window.outbound.hasIdentified(), false);
    await next.window.outbound.track('somebody else');
    assert.notEqual(next.calls('/track')[1].anon_id, seen.anon_id);
  });

  test('what was done before somebody was known is theirs also where who they are was refused first', async () => {
    const { window, calls, kept } = await page('out_1.public.js');
    const outbound = window.outbound;
    await outbound.track('looks');
    const { anon_id: anon } = calls('/track')[0];
    const { fetch: really } = window;
    window.fetch = async () => new Response('email: must be an e-mail address', { status: 400 });
    await failureOf(outbound.identify('ann', { email: 'none' }));
    window.fetch = really;
    assert.equal(outbound.hasIdentified(), true);
    // Somebody else is not who looked.
    const other = await page('out_1.public.js', {}, { ...kept });
    await other.window.outbound.identify('ben');
    assert.equal(other.calls('/identify')[0].previous_id, undefined);
    const next = await page('out_1.public.js', {}, kept);
    let heard = 0;
    await new Promise<void>((resolve) => next.window.outbound.identify('ann', () => resolve(void heard++)));
    await next.window.outbound.identify('ann', { firstName: 'Ann' });
    assert.deepEqual(
      next.calls('/identify').map(({ previous_id: before }: Any) => before),
      [anon, undefined],
    );
    assert.equal(heard, 1);
  });

  test('O15: calls about a user who is named are checked as those of an instance, and not sent', async () => {
    const { window, calls } = await page('out_1.public.js');
    const outbound = window.outbound;
    for (const [method, ...args] of [
      ['unsubscribeAll', {}],
      ['subscribeAll', null],
      ['registerApnsToken', {}, 't'],
      ['disableGcmToken', ['u'], 't'],
      ['disableAllFcmTokens', true],
      ['unsubscribeCampaigns', {}, ['c']],
    ] as [string, ...unknown[]][]) {
      const { receivedCall, message } = await failureOf(outbound[method](...args));
      assert.equal(receivedCall, false, method);
      assert.match(message, /^Invalid user ID. Expected string or number, got /, method);
    }
    await outbound.identify('me');
    let heard = 0;
    await outbound.registerFcmToken('t', () => heard++);
    await outbound.registerFcmToken('other', 't2');
    await outbound.unsubscribeAll(() => heard++);
    await outbound.subscribeCampaigns(7, ['c']);
    assert.equal(heard, 2);
    assert.deepEqual(calls('/fcm/register'), [
      { user_id: 'me', token: 't' },
      { user_id: 'other', token: 't2' },
    ]);
    assert.deepEqual(
      [calls('/unsubscribe/all'), calls('/subscribe/campaigns')],
      [[{ user_id: 'me' }], [{ user_id: 7, campaign_ids: ['c'] }]],
    );
  });

  test('O15: an event that is none, or at no time, is refused to the callback as well, and not sent', async () => {
    const { window, calls } = await page('out_1.public.js');
    const wrong: [args: unknown[], message: string][] = [
      [[7, { a: 1 }], 'Invalid event. Expected string, got number'],
      [['e', { a: 1 }, Number.NaN], 'Invalid timestamp. Expected number or Date'],
    ];
    for (const [args, message] of wrong) {
      const told = Promise.withResolvers<Any>();
      void window.outbound.track(...args, () => {}, told.resolve).error(() => {});
      const again = await failureOf(window.outbound.track(...args));
      assert.equal(again.message, message);
      assert.equal((await told.promise).message, message);
    }
    assert.deepEqual([...calls('/track'), ...calls('/track/batch')], []);
  });

  test('who is before the screen is who was told last, where storage is full, and who another tab says has left', async () => {
    const { window, kept } = await page('out_1.public.js');
    await window.outbound.identify('ann');
    // No room: nobody is taken for who was here before, on this page or the next.
    const { setItem } = window.localStorage;
    window.localStorage.setItem = () => {
      throw new Error('QuotaExceededError');
    };
    await window.outbound.identify('somebody with a longer name');
    const sent: Any[] = [];
    window.fetch = async (_url: string, { body }: Any) => (sent.push(JSON.parse(body)), new Response(''));
    await window.outbound.track('e');
    assert.equal(sent[0].user_id, 'somebody with a longer name');
    const next = await page('out_1.public.js', {}, kept);
    assert.equal(next.window.outbound.hasIdentified(), false);
    // Room again, and two tabs.
    window.localStorage.setItem = setItem;
    await window.outbound.identify('ann');
    const other = await page('out_1.public.js', {}, kept);
    assert.equal(other.window.outbound.hasIdentified(), true);
    window.outbound.reset();
    assert.equal(other.window.outbound.hasIdentified(), false);
    kept['outbound-user:out_1.public'] = 'none of ours';
    await other.window.outbound.track('e');
    assert.match(other.calls('/track').at(-1).anon_id, /^\w{16,}$/);
  });

  test('O15: an id that is refused is not who is before the screen, on this page or the next', async () => {
    const { window, calls, kept } = await page('out_1.public.js');
    const outbound = window.outbound;
    for (const id of [NaN, '', {}, null, undefined]) {
      outbound.identify(id).error(() => {});
      outbound.alias(id, 'before').error(() => {});
      assert.equal(outbound.hasIdentified(), false, String(id));
    }
    await outbound.track('looks');
    const next = await page('out_1.public.js', {}, kept);
    await next.window.outbound.track('looks');
    const [first, second] = [calls, next.calls].map(
      (of) => [...of('/track'), ...of('/track/batch')].flat()[0],
    );
    assert.match(first.anon_id, /^\w{16,}$/);
    assert.deepEqual([second.anon_id, second.user_id], [first.anon_id, undefined]);
    await outbound.identify(0);
    assert.equal(outbound.hasIdentified(), true);
  });
});

describe('the package', () => {
  test('what is in dist is what the sources make, and the script takes at most 4 kB', async () => {
    const built = await buildOutbound();
    for (const [name, text] of Object.entries(built)) {
      const kept = await readFile(new URL(`../sdk/outbound/dist/${name}`, import.meta.url), 'utf8');
      assert.ok(kept === text, `${name} is old: npm run sdk`);
    }
    const bytes = gzipSync(built['outbound.js']!, { level: 9 }).length;
    assert.ok(bytes <= 4096, `${bytes} bytes`);
    assert.doesNotMatch(built['outbound.js']!, /require\(|\bprocess\.(?!versions|env)/);
  });

  test('O8: require answers the constructor; import answers it by name and by default', async () => {
    const required = require('../sdk/outbound/dist/outbound.cjs');
    const built: string = '../sdk/outbound/dist/outbound.mjs';
    const imported = await import(built);
    for (const Constructor of [
      required,
      required.Outbound,
      imported.default,
      imported.Outbound,
      imported.outbound,
    ]) {
      const at = `/place${++paths}`;
      await new Constructor('k', { url: receiver.url(at) }).identify('u');
      assert.equal(receiver.received(`${at}/v2/identify`).length, 1);
    }
  });
});
