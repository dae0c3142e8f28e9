/** Estimates: what is few is told exactly, and nobody in a sample is not nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimated } from './walk.ts';

test('nobody in the parts that were looked at may be somebody in the others; all that were looked at are told exactly', async () => {
  const none = { about: 0, error: 63, atLeast: 0, isExact: false };
  assert.deepEqual(await estimated(async () => 0, { most: 1, forMs: 0 }), none);
  const looked = new Set<number>();
  const one = async (buckets: readonly number[]) => {
    for (const bucket of buckets) looked.add(bucket);
    return buckets.includes(4_095) ? 1 : 0;
  };
  const exact = { about: 1, error: 0, atLeast: 1, isExact: true };
  assert.deepEqual(await estimated(one, { most: 10, forMs: 60_000 }), exact);
  assert.equal(looked.size, 4_096);
});
