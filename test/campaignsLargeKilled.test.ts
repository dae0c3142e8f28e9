/** The scenarios at their full size again, while workers die (`campaignsDying.ts`), each after as much more as there is to do. */
import { test } from 'node:test';

process.env['CAMPAIGNS_WORKER'] = 'apart';
const { scenarios } = await import('./campaignsProduct.ts');
const { playWhileTheyDie, seed } = await import('./campaignsDying.ts');
await import('./campaignsLarge.test.ts');

test(`at their full size, while workers die (CAMPAIGNS_SEED=${seed})`, { concurrency: true }, async (t) => {
  await playWhileTheyDie(t, scenarios, { deaths: 4, least: 200, most: 3_000 });
});
