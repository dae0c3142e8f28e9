/** Golden values of the statistics that reports show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alwaysValid,
  chiSquareTail,
  entriesNeeded,
  newcombe,
  meanOf,
  alwaysValidMean,
  pooled,
  quantile,
  sameShareTest,
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
  const ofTwo = (treated: number, control: number, share: number) =>
    splitTest([
      { n: treated, share: 1 - share },
      { n: control, share },
    ]);
  const split = ofTwo(8880, 1120, 0.1);
  close([split!.chi2], [16], 1e-9);
  assert.ok(split!.isBroken && Math.abs(split!.p - 6.334e-5) < 1e-7);
  assert.equal(ofTwo(9000, 1000, 0.1)!.isBroken, false);
  assert.equal(ofTwo(80, 10, 0.1), undefined, 'from 100 entries on');
  // Scenario 30: planned 80:20, drawn 67:33.
  assert.ok(ofTwo(670, 330, 0.2)!.isBroken);
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

test('epochs are pooled by how sure each is, never by adding their counts (Simpson)', () => {
  // Within each epoch nothing differs; added up, the treated would seem to do worse.
  const first = { treated: { converted: 90, n: 900 }, control: { converted: 10, n: 100 } };
  const second = { treated: { converted: 30, n: 100 }, control: { converted: 270, n: 900 } };
  const found = pooled([first, second])!;
  close([found.d], [0], 1e-12);
  assert.ok(found.whileRunning[0] < found.interval[0] && found.interval[1] < found.whileRunning[1]);
  // One epoch alone is that epoch.
  const alone = pooled([{ treated: { converted: 2250, n: 9000 }, control: { converted: 200, n: 1000 } }])!;
  close([alone.d, ...alone.whileRunning], [0.05, 0.0088, 0.0912]);
});

test('χ² with more arms than two: quantiles of the tables', () => {
  close(
    [chiSquareTail(3.841, 1), chiSquareTail(5.991, 2), chiSquareTail(7.815, 3), chiSquareTail(9.488, 4)],
    [0.05, 0.05, 0.05, 0.05],
  );
  close([chiSquareTail(16.266, 3), chiSquareTail(20.515, 5)], [0.001, 0.001], 1e-6);
  const thirds = [1000, 1000, 1000].map((n) => ({ n, share: 1 / 3 }));
  assert.equal(splitTest(thirds)!.isBroken, false);
  assert.ok(
    splitTest([
      { n: 1100, share: 1 / 3 },
      { n: 1000, share: 1 / 3 },
      { n: 900, share: 1 / 3 },
    ])!.isBroken,
  );
});

test('as many of each arm come to the first message, or the arms did not walk alike', () => {
  assert.equal(
    sameShareTest([
      { converted: 700, n: 1000 },
      { converted: 68, n: 100 },
    ])!.isBroken,
    false,
  );
  assert.ok(
    sameShareTest([
      { converted: 700, n: 1000 },
      { converted: 50, n: 100 },
    ])!.isBroken,
  );
  assert.equal(
    sameShareTest([
      { converted: 0, n: 1000 },
      { converted: 0, n: 100 },
    ])!.p,
    1,
  );
  assert.equal(
    sameShareTest([
      { converted: 7, n: 10 },
      { converted: 5, n: 100 },
    ]),
    undefined,
    'from 100 on',
  );
  assert.ok(
    sameShareTest([
      { converted: 700, n: 1000 },
      { converted: 0, n: 0 },
      { converted: 50, n: 100 },
    ])!.isBroken,
    'an arm with nobody keeps the others from no test',
  );
});

test('with several variants each has to be surer: α is shared', () => {
  const [a, b] = [
    { converted: 1150, n: 5000 },
    { converted: 1000, n: 5000 },
  ];
  assert.equal(verdictOf(a, b, false), 'more');
  const wide = alwaysValid(a, b, { alpha: 0.05 / 4 })!;
  assert.ok(wide[0] < alwaysValid(a, b)![0]);
  assert.equal(verdictOf({ converted: 1110, n: 5000 }, b, false, { alpha: 0.05 / 4 }), 'no_difference_yet');
});

test('a mean from its sums, and its interval', () => {
  assert.deepEqual(meanOf(4, 20, 120), { n: 4, mean: 5, variance: 20 / 3 });
  assert.deepEqual(meanOf(1, 7, 49), { n: 1, mean: 7, variance: 0 });
  assert.equal(alwaysValidMean(meanOf(0, 0, 0), meanOf(5, 5, 5)), undefined);
});
