/** Gates before webhooks' targets: ten at a time, in order, and nobody waits at one where nothing moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '../../test/support/stillClock.ts';
import { createGates, MOST_INSIDE } from './gates.ts';

async function full() {
  const clock = stillClock();
  const gates = createGates(clock);
  for (let n = 0; n < MOST_INSIDE; n++) assert.equal(await gates.enter(1, 5_000), true);
  return { clock, gates };
}

test('so many are inside at a time; who waits is let in, in order, as others leave', async () => {
  const { gates } = await full();
  const entered: number[] = [];
  const waits = [1, 2, 3].map((n) => gates.enter(1, 5_000).then((yes) => yes && entered.push(n)));
  assert.equal(await gates.enter(2, 5_000), true, 'another target’s gate is its own');
  gates.leave(1);
  await waits[0];
  assert.deepEqual(entered, [1]);
  gates.leave(1);
  gates.leave(1);
  await Promise.all(waits);
  assert.deepEqual(entered, [1, 2, 3]);
});

test('a thousand wait at a gate, and whoever comes then goes back at once', async () => {
  const clock = stillClock();
  const gates = createGates(clock);
  for (let n = 0; n < MOST_INSIDE; n++) await gates.enter(1, 500);
  const waiting = Array.from({ length: 1_000 }, () => gates.enter(1, 500));
  assert.equal(await gates.enter(1, 500), false);
  assert.equal(await gates.enter(2, 500), true, 'another’s gate is open');
  await clock.moveOn(500);
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set([false]));
});

test('a full gate that nobody passes for a second is stuck: who waits is turned away, and who comes does not wait', async () => {
  const { clock, gates } = await full();
  const waiting = gates.enter(1, 60_000);
  assert.equal(gates.isStuck(1), false);
  await clock.moveOn(1_000);
  assert.equal(await waiting, false);
  assert.equal(gates.isStuck(1), true);
  assert.equal(await gates.enter(1, 60_000), false);
  gates.leave(1);
  assert.equal(gates.isStuck(1), false);
  assert.equal(await gates.enter(1, 60_000), true, 'a place that is free is taken');
});

test('while others pass, one waits as long as it may and no longer', async () => {
  const { clock, gates } = await full();
  const patient = gates.enter(1, 2_500);
  for (let n = 0; n < 4; n++) {
    await clock.moveOn(500);
    // One leaves and another, who came before, takes the place.
    const next = gates.enter(1, 10_000);
    gates.leave(1);
    if (n === 0) assert.equal(await patient, true, 'who waited first goes first');
    void next;
  }
  const { clock: other, gates: busy } = await full();
  const late = busy.enter(1, 700);
  await other.moveOn(700);
  assert.equal(await late, false);
  assert.equal(await busy.enter(1, 0), false, 'who may not wait at all does not');
});

test('a place is taken by one: after everybody has left, as many may enter as before', async () => {
  const { clock, gates } = await full();
  const waits = [1, 2, 3].map(() => gates.enter(1, 5_000));
  await clock.moveOn(10);
  for (let n = 0; n < 3; n++) gates.leave(1);
  assert.deepEqual(await Promise.all(waits), [true, true, true]);
  for (let n = 0; n < MOST_INSIDE; n++) gates.leave(1);
  const again = await Promise.all(Array.from({ length: MOST_INSIDE }, () => gates.enter(1, 100)));
  assert.ok(again.every(Boolean));
  const eleventh = gates.enter(1, 100);
  await clock.moveOn(100);
  assert.equal(await eleventh, false);
});

test('a target that asked to be left alone is, until the latest time it named', async () => {
  const clock = stillClock(1_000);
  const gates = createGates(clock);
  assert.equal(gates.closedUntilMs(1), 0);
  gates.close(1, 9_000);
  gates.close(1, 4_000);
  assert.equal(gates.closedUntilMs(1), 9_000);
  assert.equal(await gates.enter(1, 100), true);
  gates.leave(1);
  assert.equal(gates.closedUntilMs(1), 9_000, 'also when nobody is inside');
  await clock.moveOn(10_000);
  assert.equal(await gates.enter(1, 100), true);
  gates.leave(1);
  assert.equal(gates.closedUntilMs(1), 0, 'and is forgotten then');
});

test('a gate that is not full is never stuck, however long nobody passed it', async () => {
  const clock = stillClock();
  const gates = createGates(clock);
  gates.close(1, clock.nowMs() + 60_000);
  assert.equal(await gates.enter(2, 100), true);
  await clock.moveOn(5_000);
  assert.deepEqual([gates.isStuck(1), gates.isStuck(2), gates.isStuck(3)], [false, false, false]);
});

test('who was let in turns nobody away when the time is over for which it would have waited', async () => {
  const { clock, gates } = await full();
  const first = gates.enter(1, 800);
  gates.leave(1);
  assert.equal(await first, true);
  let isIn = false;
  const second = gates.enter(1, 5_000).then((yes) => (isIn = yes));
  await clock.moveOn(900);
  gates.leave(1);
  await clock.moveOn(0);
  assert.equal(isIn, true, 'the place that became free is its own, at once');
  await second;
});

test('who leaves moves a full gate also where the place goes to who waits: those behind are not turned away', async () => {
  const { clock, gates } = await full();
  const [first, second] = [gates.enter(1, 60_000), gates.enter(1, 60_000)];
  await clock.moveOn(800);
  gates.leave(1);
  assert.equal(await first, true);
  await clock.moveOn(800);
  assert.equal(gates.isStuck(1), false);
  gates.leave(1);
  assert.equal(await second, true);
});
