/** The whole, played under a seed: what must be so at the end is so. `npm run simulate` plays more, and shows what was exercised. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf } from '../simulation/plan.ts';
import { playRun } from '../simulation/run.ts';
import { testDatabase } from './support/database.ts';

const database = await testDatabase();

test('a seed', async () => {
  const seed = Number(process.env['SEED'] ?? 1);
  const verdict = await playRun(database.connection, seed, planOf(seed));
  console.log(verdict.tookMs, verdict.virtualMs / 3600_000, verdict.trace, [...verdict.counts].sort().map(([k, n]) => `${k}=${n}`).join('; '));
  if (verdict.broken.length) console.log(verdict.steps, verdict.recent.slice(-60).join('\n'));
  assert.deepEqual(verdict.broken, []);
});
