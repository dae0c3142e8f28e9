/** One goal of one epoch: what is said of each variant against who is held out, and how surely. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from './compared.ts';
import { alwaysValid, newcombe } from './statistics.ts';

const goal = { key: 'bought', event: 'buy', within: '7d' };
const counts = (arm: 0 | 1, variant: string, n: number, converted: number) => ({
  epoch: 1,
  arm,
  variant,
  entered: n,
  people: n,
  closed: n,
  closed2: n,
  converted,
  converted2: converted,
  convertedClosed: converted,
  value: 0,
  total: 0,
  squares: 0,
  totalClosed: 0,
  cap: null,
});
const variants = ['a', 'b', 'c'].map((key) => ({ key, points: 3_333 }));

for (const [holdout, compared] of [
  [2_500, 3],
  [0, 2],
] as const)
  test(`α is shared by what is compared: ${compared} comparisons of three variants, ${holdout ? 'with' : 'without'} a holdout`, () => {
    const outcomes = [
      counts(0, 'a', 5_000, 1_000),
      counts(0, 'b', 5_000, 1_110),
      counts(0, 'c', 5_000, 1_150),
      ...(holdout ? [counts(1, '', 5_000, 1_000)] : []),
    ];
    const plan = { holdout, workspace: 0, variants, goals: [goal] };
    const found = compare(goal, { plan, outcomes, isBroken: false, planned: undefined });
    const alpha = 0.05 / compared;
    const control = { converted: 1_000, n: 5_000 };
    assert.equal(
      found.variants.filter(({ effect }) => effect !== null).length,
      compared,
      'the first is the control where nobody is held out',
    );
    for (const { effect, converted } of found.variants) {
      if (!effect) continue;
      const treated = { converted, n: 5_000 };
      assert.deepEqual(effect.whileRunning, alwaysValid(treated, control, { alpha }));
      assert.deepEqual(effect.atPlannedEnd.interval, newcombe(treated, control, alpha));
    }
    // What one comparison alone would call a difference is none yet where there are more.
    const alone = alwaysValid({ converted: 1_110, n: 5_000 }, control, { alpha: 0.05 })!;
    const shared = found.variants[1]!.effect!;
    assert.ok(shared.whileRunning![0] < alone[0] && shared.whileRunning![1] > alone[1]);
    assert.equal(shared.verdict, 'no_difference_yet');
  });
