/** What this process tells those who watch it: who may read it, when it says that it cannot work, and what it counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { STATE, stateName } from '../ledger/states.ts';
import { mayRead } from './access.ts';
import { createMetrics } from './metrics.ts';
import { createReady } from './ready.ts';

const TOKEN = 'sixteen-letters-or-more';

test('metrics are for who has the token, and without one for this machine itself', () => {
  const from = (address: string, headers: Record<string, string> = {}) =>
    mayRead({ address, headers }, TOKEN);
  for (const near of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.ok(from(near), near);
  for (const far of ['10.0.0.1', '', '::ffff:10.0.0.1', '::12', '1127.0.0.1', 'fe80::1']) {
    assert.ok(!from(far), far);
    assert.ok(from(far, { authorization: `bearer  ${TOKEN}` }), far);
  }
});

test('who gives a token goes by the token alone, and what a proxy of this machine passes on is not of this machine', () => {
  const may = (address: string, headers: Record<string, string>, opens = TOKEN) =>
    mayRead({ address, headers }, opens);
  assert.ok(!may('127.0.0.1', { authorization: `Bearer ${TOKEN}x` }));
  // Where no token is set, none opens anything.
  assert.ok(!may('127.0.0.1', { authorization: 'Bearer x' }, ''));
  for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'])
    assert.ok(!may('127.0.0.1', { [header]: '' }), header);
  assert.ok(may('127.0.0.1', { authorization: 'Basic abc' }));
});

/** A store that answers as it is told to, and a clock that stands until it is moved. */
function watched() {
  const state = { nowMs: 0, asked: 0, amiss: [] as string[], timers: [] as (() => void)[] };
  let answer: () => Promise<unknown> = async () => [];
  const ready = createReady({
    sql: { diskWasFull: () => false } as never,
    aside: {
      unsafe: () => {
        state.asked++;
        return answer();
      },
    } as never,
    clock: {
      monotonicMs: () => state.nowMs,
      after: (_ms: number, run: () => void) => {
        state.timers.push(run);
        return () => {};
      },
    } as never,
    dataDir: undefined,
    amiss: () => state.amiss,
  });
  return { state, ready, answers: (how: () => Promise<unknown>) => (answer = how) };
}

test('however many ask within a moment, the store is asked once; what else is amiss is said at once', async () => {
  const { state, ready } = watched();
  assert.deepEqual(await Promise.all([ready(), ready(), ready()]), [[], [], []]);
  assert.equal(state.asked, 1);
  state.amiss = ['it stops'];
  assert.deepEqual(await ready(), ['it stops']);
  assert.equal(state.asked, 1);
  state.nowMs = 251;
  await ready();
  assert.equal(state.asked, 2);
});

test('a store that hangs, that fails, and whose disk is full: each in words, and well again by itself', async () => {
  const { state, ready, answers } = watched();
  answers(() => new Promise(() => {}));
  const hanging = ready();
  for (const run of state.timers.splice(0)) run();
  assert.deepEqual(await hanging, ['the store cannot be reached: no answer within 2 s']);
  state.nowMs += 1_000;
  answers(() => Promise.reject(new Error('connection refused')));
  assert.deepEqual(await ready(), ['the store cannot be reached: connection refused']);
  state.nowMs += 1_000;
  answers(() => Promise.reject(Object.assign(new Error('No space left on device'), { code: '53100' })));
  assert.deepEqual(await ready(), ['the disk of the store is full: No space left on device']);
  state.nowMs += 1_000;
  answers(async () => []);
  assert.deepEqual(await ready(), []);
});

test('deliveries are counted once their events are committed, each by the state it came to', async () => {
  const { registry, reader } = createMetrics(() => assert.fail('nothing of the store is asked'));
  const change = fc.record({
    contactId: fc.integer(),
    causeId: fc.integer(),
    seq: fc.constant(0),
    to: fc.constantFrom(...Object.values(STATE)),
    atMs: fc.constant(1),
  });
  const run = fc.record({ causeId: fc.integer(), atMs: fc.constant(1), contactIds: fc.array(fc.integer()) });
  const counted = async () => {
    const { values } = await registry.getSingleMetric('parley_deliveries_total')!.get();
    return new Map(values.map(({ labels, value }) => [labels['state'], value]));
  };
  await fc.assert(
    fc.asyncProperty(fc.array(change), fc.array(run), async (changes, accepted) => {
      registry.resetMetrics();
      const event = { type: 'delivery.changed', payload: { bulk: true, changes, accepted } };
      const events = [event, { type: 'message.received', payload: {} }] as never;
      await reader.read(undefined as never, events);
      assert.deepEqual([...(await counted()).values()].filter(Boolean), []);
      reader.committed!(events);
      const found = await counted();
      for (const state of Object.values(STATE)) {
        const inRuns =
          state === STATE.accepted ? accepted.reduce((n, { contactIds }) => n + contactIds.length, 0) : 0;
        const own = changes.filter(({ to }) => to === state).length;
        assert.equal(found.get(stateName(state)) ?? 0, own + inRuns, stateName(state));
      }
    }),
    { numRuns: 30 },
  );
});
