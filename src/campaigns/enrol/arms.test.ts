/** Who is in which arm: drawn by what does not change, evenly, and each draw by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idSource } from '../../base/ids.ts';
import { drawArm } from './arms.ts';

const version = (holdoutPoints: number, shares: readonly number[] = []) => ({
  holdoutPoints,
  variants: shares.map((points, i) => ({ key: `v${i}`, points })),
  isMarketing: true,
});
/** Contacts as they are made: ids that one process draws one after the other, many in a moment. */
const people = (many: number): number[] => {
  let nowMs = Date.UTC(2026, 10, 28);
  const ids = idSource(3, () => (nowMs += 1));
  return Array.from({ length: many }, () => ids.spread());
};

test('whatever the salt, arms fall as lots do: never 50 of 60 at one half', () => {
  const ids = people(60);
  const counts = Array.from({ length: 2_000 }, (_, salt) => {
    const campaign = { salt: `salt ${salt}`, version: version(5_000), outside: null };
    return ids.filter((id) => drawArm(campaign, id).arm === 1).length;
  });
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / counts.length;
  // Of 60 lots at one half: 30, with a variance of 15. Lots that hang together have a larger one, whatever their mean.
  assert.ok(Math.abs(mean - 30) < 0.5, `${mean} on average`);
  assert.ok(variance > 13 && variance < 17, `variance ${variance}`);
  assert.ok(counts.every((n) => n > 10 && n < 50));
});

test('shares are what was asked for, of either holdout and of variants; one draw says nothing of another', () => {
  const ids = people(6_000);
  const campaign = (salt: string) => ({
    salt,
    version: version(1_000, [7_000, 3_000]),
    outside: { points: 2_000, salt: 'outside' },
  });
  const drawn = ids.map((id) => drawArm(campaign('one'), id));
  const share = (is: (one: (typeof drawn)[number]) => boolean) => drawn.filter(is).length / drawn.length;
  const near = (got: number, wanted: number) => assert.ok(Math.abs(got - wanted) < 0.025, `${got} ${wanted}`);
  near(
    share(({ arm }) => arm === 2),
    0.2,
  );
  near(
    share(({ arm }) => arm === 1),
    0.08,
  );
  near(
    share(({ variant }) => variant === 'v0'),
    0.72 * 0.7,
  );
  const others = ids.map((id) => drawArm(campaign('another'), id));
  assert.ok(
    drawn.every(({ arm }, i) => (arm === 2) === (others[i]!.arm === 2)),
    'out of all is out of all',
  );
  const both = drawn.filter(({ arm }, i) => arm === 1 && others[i]!.arm === 1).length / drawn.length;
  near(both, 0.8 * 0.1 * 0.1);
  assert.deepEqual(
    drawn,
    ids.map((id) => drawArm(campaign('one'), id)),
    'drawn again it is the same',
  );
});
