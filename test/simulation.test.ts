/**
 * The whole, played under seeds: what must be so at the end is so. Some seeds are new each time, and what fails is printed as what
 * to run again; what ever failed is kept. `npm run simulate` plays more, shortens what fails, and shows what was exercised.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databasesOf } from '../simulation/databases.ts';
import { KEPT } from '../simulation/kept.ts';
import { planOf } from '../simulation/plan.ts';
import { playRun } from '../simulation/run.ts';
import { shorten } from '../simulation/shorten.ts';

const NEW_SEEDS = 30;
const databases = databasesOf(JSON.parse(process.env['TEST_POSTGRES']!), 'parley_template');
const play = (seed: number, steps = planOf(seed)) =>
  databases.use((connection) => playRun(connection, seed, steps));

for (const { seed, steps, was } of KEPT)
  test(`seed ${seed} holds again: ${was}`, async () => {
    assert.deepEqual((await play(seed, steps ? [...steps] : undefined)).broken, []);
  });

const first = 1 + Math.floor(Math.random() * 1_000_000_000);
for (let seed = first; seed < first + NEW_SEEDS; seed++)
  test(`seed ${seed} holds: npm run simulate -- --seed ${seed}`, async () => {
    assert.deepEqual((await play(seed)).broken, []);
  });

test('the same seed is the same run, statement by statement', async () => {
  const seed = first;
  assert.equal((await play(seed)).trace, (await play(seed)).trace);
});

test('a run that fails is shortened to the steps it takes', async () => {
  const steps = planOf(7);
  const culprits = [steps[3], steps[11]];
  const fails = async (some: readonly unknown[]) => culprits.every((step) => some.includes(step));
  assert.deepEqual(await shorten(steps, fails), culprits);
});
