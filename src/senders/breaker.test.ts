/** The breaker of an integration: opens after failures that are the provider's, tries again, and is closed by one answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stillClock } from '../../test/support/stillClock.ts';
import type { Outcome } from '../channels/adapter.ts';
import { createBreaker } from './breaker.ts';

const accepted: Outcome = { kind: 'accepted', externalIds: ['x'], receipts: true };
const refused: Outcome = { kind: 'refused', code: 'no', class: 'content', detail: 'no' };
const deferred = (errorClass: Extract<Outcome, { kind: 'deferred' }>['class']): Outcome => ({
  kind: 'deferred',
  code: errorClass,
  class: errorClass,
  detail: 'later',
});

test('twenty failures in a row open it for two seconds; each time it fails again it stays open twice as long, a minute at most', async () => {
  const clock = stillClock();
  const breaker = createBreaker(clock);
  for (let n = 0; n < 19; n++) breaker.saw(deferred('transient'));
  assert.equal(breaker.waitMs(), undefined);
  breaker.saw(deferred('transient'));
  assert.equal(breaker.waitMs(), 2_000);
  assert.equal(breaker.health().state, 'open');
  for (const openMs of [4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    await clock.moveOn(breaker.waitMs()!);
    assert.equal(breaker.waitMs(), undefined, 'one batch tries');
    breaker.saw(deferred('transient'));
    assert.equal(breaker.waitMs(), openMs);
  }
});

test('a clock that is set back keeps it open no longer', () => {
  const still = stillClock();
  let setBackMs = 0;
  let monotonicMs = 7.25;
  const breaker = createBreaker({
    ...still,
    nowMs: () => still.nowMs() - setBackMs,
    monotonicMs: () => monotonicMs,
  });
  for (let n = 0; n < 20; n++) breaker.saw(deferred('transient'));
  setBackMs = 3_600_000;
  assert.equal(breaker.waitMs(), 2_000);
  monotonicMs += 0.5;
  assert.equal(breaker.waitMs(), 2_000, 'in whole milliseconds, as until when it is open is kept');
});

test('what was under way when it opened makes it stay open no longer', async () => {
  const clock = stillClock();
  const breaker = createBreaker(clock);
  for (let n = 0; n < 20; n++) breaker.saw(deferred('transient'));
  await clock.moveOn(500);
  for (let n = 0; n < 50; n++) breaker.saw(deferred('transient'));
  assert.equal(breaker.waitMs(), 1_500);
});

test('one answer closes it, a refusal too, and forgets how often it was open', async () => {
  const ofOne = ['rate', 'window', 'hold_24h', 'template_paused', 'provider_retrying'] as const;
  for (const answer of [accepted, refused, ...ofOne.map(deferred)]) {
    const clock = stillClock();
    const breaker = createBreaker(clock);
    for (let n = 0; n < 20; n++) breaker.saw(deferred('transient'));
    await clock.moveOn(2_000);
    breaker.saw(deferred('transient'));
    assert.equal(breaker.waitMs(), 4_000);
    breaker.saw(answer);
    assert.equal(breaker.waitMs(), undefined, answer.kind);
    assert.equal(breaker.health().failuresInARow, 0);
    for (let n = 0; n < 20; n++) breaker.saw(deferred('transient'));
    assert.equal(breaker.waitMs(), 2_000);
  }
});

test('the health says when it last worked and what failed last', async () => {
  const clock = stillClock(5_000);
  const breaker = createBreaker(clock);
  assert.deepEqual(breaker.health(), { state: 'closed', failuresInARow: 0 });
  breaker.saw(accepted);
  await clock.moveOn(10);
  breaker.saw(deferred('config'));
  breaker.saw({ kind: 'unclear', code: 'no_answer', detail: 'nobody said' });
  assert.deepEqual(breaker.health(), {
    state: 'closed',
    failuresInARow: 2,
    lastSuccessMs: 5_000,
    lastFailure: { code: 'no_answer', detail: 'nobody said', atMs: 5_010 },
  });
  breaker.saw(refused);
  assert.equal(breaker.health().lastSuccessMs, 5_000, 'a refusal is an answer, and no success');
});

test('whatever comes, it is open only after failures in a row, and never for longer than a minute', async () => {
  const step = fc.oneof(
    fc.constantFrom(accepted, refused, deferred('transient'), deferred('rate'), deferred('config')),
    fc.integer({ min: 1, max: 90_000 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const clock = stillClock();
      const breaker = createBreaker(clock);
      let row = 0;
      for (const one of steps) {
        if (typeof one === 'number') await clock.moveOn(one);
        else {
          breaker.saw(one);
          const fails = one.kind === 'deferred' && one.class !== 'rate';
          row = fails ? row + 1 : 0;
        }
        const waitMs = breaker.waitMs();
        assert.ok(waitMs === undefined || (waitMs > 0 && waitMs <= 60_000 && row >= 20));
        assert.equal(breaker.health().failuresInARow, row);
      }
    }),
    { numRuns: 40 },
  );
});
