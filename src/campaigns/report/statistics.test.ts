/** Golden values of the statistics that reports show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alwaysValid,
  entriesNeeded,
  newcombe,
  pooled,
  quantile,
  splitTest,
  verdictOf,
  wilson,
} from './statistics.ts';

const close = (got: readonly number[] | undefined, wanted: readonly number[], within = 5e-5) => {
  assert.ok(got);
  got.forEach((value, i) =>
    assert.ok(Math.abs(value - wanted[i]!) <= within, `${got.join()} is not ${wanted.join()}`),
  );
};

test('Newcombe 1998: 56/70 against 48/80', () => {
  close(newcombe({ converted: 56, n: 70 }, { converted: 48, n: 80 }), [0.0524, 0.3339]);
});

test('2250/9000 against 200/1000: the planned interval, and the one that holds while it runs', () => {
  const [treated, control] = [
    { converted: 2250, n: 9000 },
    { converted: 200, n: 1000 },
  ];
  close(newcombe(treated, control), [0.0226, 0.0753]);
  close(alwaysValid(treated, control), [0.0088, 0.0912]);
  assert.equal(verdictOf(treated, control, false), 'more');
  assert.equal(verdictOf(control, treated, false), 'less');
  assert.equal(verdictOf(treated, control, true), 'split_broken');
});

test('nothing at all: 0/100 against 0/100', () => {
  const none = { converted: 0, n: 100 };
  close(newcombe(none, none), [-0.037, 0.037]);
  assert.equal(alwaysValid(none, none), undefined);
  assert.equal(verdictOf(none, none, false), 'too_early');
});

test('a split that is not the one planned: 8880 to 1120 of 90 to 10', () => {
  const split = splitTest(8880, 1120, 0.1);
  close([split!.chi2], [16], 1e-9);
  assert.ok(split!.isBroken && Math.abs(split!.p - 6.334e-5) < 1e-7);
  assert.equal(splitTest(9000, 1000, 0.1)!.isBroken, false);
  assert.equal(splitTest(80, 10, 0.1), undefined, 'from 100 entries on');
  // Scenario 30: planned 80:20, drawn 67:33.
  assert.ok(splitTest(670, 330, 0.2)!.isBroken);
});

test('entries needed: 20 % to 22 % at 80 % power', () => {
  assert.equal(entriesNeeded(0.2, 0.22, 0.1), 35_138);
  assert.equal(entriesNeeded(0.2, 0.22, 0.5), 13_014);
});

test('quantiles, Wilson, and epochs as one', () => {
  close([quantile(0.975), quantile(0.8), quantile(0.001)], [1.959964, 0.841621, -3.090232], 1e-6);
  close(wilson({ converted: 0, n: 10 }), [0, 0.2775], 1e-4);
  assert.deepEqual(wilson({ converted: 0, n: 0 }), [0, 1]);
  const one = { treated: { converted: 30, n: 100 }, control: { converted: 20, n: 100 } };
  close([pooled([one, one])!.d], [0.1], 1e-12);
  assert.equal(pooled([]), undefined);
});
