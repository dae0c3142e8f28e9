/** Calls that go together: in order for a key by default; with patience, one that hangs holds up only those that went with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from './gather.ts';

const turn = () => new Promise(setImmediate);

/** A `take` that is finished by hand; `batches` are what it was given. */
function byHand(patient = false) {
  const batches: string[][] = [];
  const finish: (() => void)[] = [];
  const alarms: (() => void)[] = [];
  const after = (_ms: number, ring: () => void) => {
    alarms.push(ring);
    return () => {};
  };
  const call = gather<string, string>(
    (_key, items) => {
      batches.push([...items]);
      return new Promise((resolve) => finish.push(() => resolve(items.map((item) => item.toUpperCase()))));
    },
    (waiting) => Math.min(waiting.length, 2),
    patient ? { clock: { after }, ms: 50, atOnce: 2 } : undefined,
  );
  return { call, batches, finish, later: () => alarms.splice(0).forEach((ring) => ring()) };
}

test('one at a time: the next goes when the one before is over', async () => {
  const { call, batches, finish } = byHand();
  const answers = Promise.all(['a', 'b', 'c'].map((item) => call(1, item)));
  await turn();
  assert.deepEqual(batches, [['a', 'b']]);
  finish[0]!();
  await turn();
  finish[1]!();
  assert.deepEqual(await answers, ['A', 'B', 'C']);
  assert.deepEqual(batches, [['a', 'b'], ['c']]);
});

test('one that hangs holds up only those that went with it; who has waited goes beside it', async () => {
  const { call, batches, finish, later } = byHand(true);
  const hanging = call(1, 'hangs');
  await turn();
  const others = Promise.all(['a', 'b', 'c'].map((item) => call(1, item)));
  await turn();
  assert.deepEqual(batches, [['hangs']], 'as a rule they wait');
  later();
  await turn();
  assert.deepEqual(batches, [['hangs'], ['a', 'b']], 'and no more at once than may be');
  finish[1]!();
  await turn();
  finish[2]!();
  assert.deepEqual(await others, ['A', 'B', 'C']);
  finish[0]!();
  assert.equal(await hanging, 'HANGS');
});

test('who went in time begins nothing later', async () => {
  const { call, batches, finish, later } = byHand(true);
  const answers = Promise.all(['a', 'b', 'c'].map((item) => call(1, item)));
  await turn();
  finish[0]!();
  await turn();
  later();
  await turn();
  finish[1]!();
  await answers;
  assert.deepEqual(batches, [['a', 'b'], ['c']]);
});
