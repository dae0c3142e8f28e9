/** How many requests a key may make: never more than it has tokens, and never turned away for longer than needed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createRateLimit } from './rateLimit.ts';

/** A limit whose clock stands at what each take says. */
function limited(perS: number) {
  let nowMs = 0;
  const limit = createRateLimit(perS, { nowMs: () => nowMs });
  return {
    take(key: string, atMs: number, times?: number) {
      nowMs = atMs;
      return limit.take(key, times);
    },
  };
}

test('so many at once, then so many a second; another key has all of its own', () => {
  const limit = limited(5);
  const passed = (key: string, nowMs: number) => limit.take(key, nowMs) === undefined;
  assert.equal(Array.from({ length: 9 }, () => passed('a', 0)).filter(Boolean).length, 5);
  assert.equal(Array.from({ length: 9 }, () => passed('b', 0)).filter(Boolean).length, 5);
  assert.equal(passed('a', 199), false);
  assert.equal(passed('a', 400), true);
  assert.equal(limit.take('a', 400), undefined);
  assert.equal(limit.take('a', 400), 1);
});

test('in any stretch of time no more pass than the bucket holds and grows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 }),
      (perS, gapsMs) => {
        const limit = limited(perS);
        let nowMs = 0;
        const times: number[] = [];
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const waitS = limit.take('a', nowMs);
          if (waitS === undefined) times.push(nowMs);
          else assert.ok(waitS >= 1 && waitS <= Math.ceil(1 / perS) + 1);
        }
        for (let from = 0; from < times.length; from++)
          for (let to = from; to < times.length; to++)
            assert.ok(to - from + 1 <= perS + ((times[to]! - times[from]!) / 1000) * perS + 1e-6);
      },
    ),
    { numRuns: 60 },
  );
});

test('who comes back when it was told to is let in', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 2_000 }), (perS, beganMs) => {
      const limit = limited(perS);
      let waitS: number | undefined;
      while (waitS === undefined) waitS = limit.take('a', beganMs);
      assert.equal(limit.take('a', beganMs + waitS * 1000), undefined);
    }),
  );
});

test('what counts several times takes as much; what is more than a second’s of all waits for all of it', () => {
  const limit = limited(10);
  assert.equal(limit.take('a', 0, 8), undefined);
  assert.equal(limit.take('a', 0, 3), 1);
  assert.equal(limit.take('a', 0, 2), undefined);
  assert.equal(limit.take('a', 900, 50), 1);
  assert.equal(limit.take('a', 1_000, 50), undefined);
  assert.equal(limit.take('a', 1_000), 1);
});

test('a clock that is set back neither fills nor empties; no limit lets everything pass', () => {
  const limit = limited(1);
  assert.equal(limit.take('a', 10_000), undefined);
  assert.equal(limit.take('a', 0), 1);
  assert.equal(limit.take('a', 1_000), undefined, 'time goes on from there');
  const none = limited(0);
  for (let n = 0; n < 1_000; n++) assert.equal(none.take('a', 0), undefined);
});

test('of more keys than are remembered those longest unused are forgotten, not those in use', () => {
  const limit = limited(1);
  assert.equal(limit.take('busy', 0), undefined);
  for (let n = 0; n < 10_000; n++) {
    limit.take(`key ${n}`, 0);
    if (n % 1_000 === 0) assert.equal(limit.take('busy', 0), 1, String(n));
  }
  assert.equal(limit.take('busy', 0), 1);
  assert.equal(limit.take('key 0', 0), undefined, 'forgotten, with a full bucket');
});
