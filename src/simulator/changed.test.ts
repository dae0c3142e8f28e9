/** Telling of devices: the first at once, then seldom, however much comes; the last is never left untold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellSeldom } from './changed.ts';

test('however much comes at once is told twice: at its beginning, and that there was more; each workspace by itself', () => {
  const told: number[] = [];
  const timers: (() => void)[] = [];
  const pass = () => {
    for (const run of timers.splice(0)) run();
  };
  const clock = { after: (_ms: number, run: () => void) => (timers.push(run), () => {}) };
  const changed = tellSeldom(clock, (workspaceId) => told.push(workspaceId));
  for (let n = 0; n < 500; n++) changed(1);
  changed(2);
  assert.deepEqual(told, [1, 2]);
  pass();
  assert.deepEqual(told, [1, 2, 1]);
  changed(1);
  changed(2);
  assert.deepEqual(told, [1, 2, 1, 2], 'of one that had no more it is told at once again');
  pass();
  assert.deepEqual(told, [1, 2, 1, 2, 1]);
  pass();
  pass();
  assert.deepEqual([told.length, timers.length], [5, 0], 'where nothing comes, nothing runs');
});
