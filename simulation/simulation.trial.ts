/**
 * The whole, played under seeds: what must be so at the end is so. What ever failed is kept, shortened. `npm run simulate` plays as many
 * seeds as one likes, shortens what fails, and shows what was exercised.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databasesOf } from '../simulation/databases.ts';
import { KEPT } from '../simulation/kept.ts';
import { planOf } from '../simulation/plan.ts';
import { playRun } from '../simulation/run.ts';
import { shorten } from '../simulation/shorten.ts';

const SEEDS = [2, 11, 12, 13];
const databases = databasesOf(JSON.parse(process.env['TEST_POSTGRES']!), 'parley_template');
const play = (seed: number, steps = planOf(seed)) =>
  databases.use((connection) => playRun(connection, seed, steps));

for (const { seed, steps, was } of KEPT)
  test(`seed ${seed} holds again: ${was}`, async () => {
    assert.deepEqual((await play(seed, steps ? [...steps] : undefined)).broken, []);
  });

for (const seed of SEEDS)
  test(`seed ${seed} holds: npm run simulate -- --seed ${seed}`, async () => {
    assert.deepEqual((await play(seed)).broken, []);
  });

test('the same seed is the same run, statement by statement', async () => {
  const steps = planOf(5).slice(0, 8);
  assert.equal((await play(5, steps)).trace, (await play(5, steps)).trace);
});

test('what is broken is seen: a message that a provider took behind the ledger’s back', async () => {
  const verdict = await databases.use((connection) =>
    playRun(connection, 1, [], {
      tamper: ({ books }) => {
        books.taken.push({ ref: '1.1.0', to: '+15550100001', text: '', atMs: 0, externalId: 'x' });
      },
    }),
  );
  assert.deepEqual(verdict.broken, ['ledger: 1.1.0 was taken and has no row']);
});

test('a run that fails is shortened to the steps it takes', async () => {
  const steps = planOf(7);
  const culprits = [steps[3]!, steps[11]!];
  const fails = async (some: readonly unknown[]) => culprits.every((step) => some.includes(step));
  assert.deepEqual(await shorten(steps, fails), culprits);
});
