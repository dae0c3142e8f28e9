import { deepEqual, equal, rejects } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCache } from './cache.ts';

/** A store that counts its statements, answers when told to, and a clock that stands still. */
function harness(options: { manual?: boolean } = {}) {
  const state = { nowMs: 1_000_000, value: 'a', reads: [] as string[][], failing: false };
  const waiting: (() => void)[] = [];
  const cache = createCache<string, string>({ nowMs: () => state.nowMs }, async (keys) => {
    state.reads.push(keys);
    const { value, failing } = state;
    if (options.manual) await new Promise<void>((resolve) => waiting.push(resolve));
    if (failing) throw new Error('lost');
    return new Map(keys.filter((key) => key !== 'absent').map((key) => [key, `${key}:${value}`]));
  });
  return { state, cache, answer: () => waiting.shift()!() };
}

/** Lets everything that can go on without the outside go on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('cache', () => {
  it('reads keys of one turn in one statement, each once, and then answers from memory', async () => {
    const { state, cache } = harness();
    const answers = await Promise.all(['x', 'y', 'x', 'absent'].map((key) => cache.get(key)));
    deepEqual(answers, ['x:a', 'y:a', 'x:a', undefined]);
    deepEqual(state.reads, [['x', 'y', 'absent']]);
    await Promise.all(['x', 'y', 'absent'].map((key) => cache.get(key)));
    equal(state.reads.length, 1, 'absence is remembered, too');
  });

  it('answers 10,000 look-ups with one statement', async () => {
    const { state, cache } = harness();
    for (let i = 0; i < 10_000; i++) await cache.get('x');
    equal(state.reads.length, 1);
  });

  it('is never more than a second behind', async () => {
    const { state, cache } = harness();
    await cache.get('x');
    state.value = 'b';
    state.nowMs += 1000;
    equal(await cache.get('x'), 'x:a', 'a second old still answers, and is renewed in the background');
    await settled();
    equal(await cache.get('x'), 'x:b');
    state.value = 'c';
    state.nowMs += 1001;
    equal(await cache.get('x'), 'x:c', 'older waits for the read');
    equal(state.reads.length, 3);
  });

  it('reads again when the clock was set back', async () => {
    const { state, cache } = harness();
    await cache.get('x');
    state.value = 'b';
    state.nowMs -= 5000;
    equal(await cache.get('x'), 'x:b');
  });

  it('is fresh after forget, even when an older read is still on its way', async () => {
    const { state, cache, answer } = harness({ manual: true });
    const early = cache.get('x');
    await settled();
    state.value = 'b';
    cache.forget('x');
    const late = cache.get('x');
    await settled();
    answer();
    answer();
    equal(await early, 'x:a');
    equal(await late, 'x:b');
    equal(await cache.get('x'), 'x:b', 'the older read is not kept');
  });

  it('joins a read that is under way', async () => {
    const { state, cache, answer } = harness({ manual: true });
    const first = cache.get('x');
    await settled();
    state.nowMs += 5000;
    const second = cache.get('x');
    await settled();
    equal(state.reads.length, 1);
    answer();
    equal(await first, await second);
  });

  it('renews once, however many ask meanwhile, and not what is forgotten by then', async () => {
    const { state, cache, answer } = harness({ manual: true });
    const first = cache.get('x');
    await settled();
    answer();
    await first;
    state.nowMs += 600;
    state.value = 'b';
    for (let n = 0; n < 3; n++) {
      equal(await cache.get('x'), 'x:a');
      await settled();
    }
    equal(state.reads.length, 2);
    cache.forget('x');
    state.value = 'c';
    answer();
    await settled();
    const anew = cache.get('x');
    await settled();
    answer();
    equal(await anew, 'x:c');
  });

  it('drops what was read longest ago, and not what was read again', async () => {
    const { state, cache } = harness();
    await Promise.all(Array.from({ length: 20_000 }, (_, n) => cache.get(`k${n}`)));
    state.nowMs += 1001;
    await cache.get('k0');
    await cache.get('one more');
    const before = state.reads.length;
    await cache.get('k0');
    equal(state.reads.length, before);
    state.nowMs += 1;
    await cache.get('k1');
    deepEqual(state.reads.at(-1), ['k1']);
  });

  it('keeps no failure, and goes on with what it has while it may', async () => {
    const { state, cache } = harness();
    state.failing = true;
    await rejects(cache.get('x'), /lost/);
    state.failing = false;
    equal(await cache.get('x'), 'x:a');
    state.failing = true;
    state.nowMs += 800;
    equal(await cache.get('x'), 'x:a');
    await settled();
    state.nowMs += 800;
    await rejects(cache.get('x'), /lost/);
    state.failing = false;
    equal(await cache.get('x'), 'x:a');
  });
});
