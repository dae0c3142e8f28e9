/** The scenarios again, while workers die (`campaignsDying.ts`). Their numbers say that none of the thirty is left out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

process.env['CAMPAIGNS_WORKER'] = 'apart';
const { scenarios } = await import('./campaignsProduct.ts');
const { playWhileTheyDie, seed } = await import('./campaignsDying.ts');
for (const file of ['campaigns', 'campaignsScenarios', 'segments', 'campaignsDates'])
  await import(`./${file}.test.ts`);

test(`each scenario, while workers die (CAMPAIGNS_SEED=${seed})`, { concurrency: true }, async (t) => {
  const played = scenarios.filter(({ name }) => name.startsWith('scenario'));
  // By what a name says before what it is about: that may have numbers, too.
  const numbers = new Set(
    played.flatMap(({ name }) =>
      [...name.matchAll(/scenarios? ((?:\d+(?:, | and )?)+)/g)].flatMap(([, told]) => told!.match(/\d+/g)!),
    ),
  );
  const missing = Array.from({ length: 30 }, (_, i) => `${i + 1}`).filter((n) => !numbers.has(n));
  assert.deepEqual(missing, [], 'each scenario is played');
  await playWhileTheyDie(t, played, { deaths: 4, least: 60, most: 900 });
});
