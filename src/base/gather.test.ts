/** Calls that go together: in order for a key by default; with more at once, one that hangs holds up only those that went with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from './gather.ts';

const turn = () => new Promise(setImmediate);

/** A `take` that is finished by hand; `batches` are what it was given. */
function byHand(atOnce?: number) {
  const batches: string[][] = [];
  const finish: (() => void)[] = [];
  const call = gather<string, string>({
    take: (_key, items) => {
      batches.push([...items]);
      return new Promise((resolve) => finish.push(() => resolve(items.map((item) => item.toUpperCase()))));
    },
    together: (waiting) => Math.min(waiting.length, 2),
    isOfAll: () => false,
    ...(atOnce === undefined ? {} : { atOnce }),
  });
  return { call, batches, finish };
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

test('two at once: one that hangs holds up only those that went with it', async () => {
  const { call, batches, finish } = byHand(2);
  const hanging = call(1, 'hangs');
  await turn();
  const others = Promise.all(['a', 'b', 'c'].map((item) => call(1, item)));
  await turn();
  assert.deepEqual(batches, [['hangs'], ['a', 'b']]);
  finish[1]!();
  await turn();
  finish[2]!();
  assert.deepEqual(await others, ['A', 'B', 'C']);
  finish[0]!();
  assert.equal(await hanging, 'HANGS');
});

test('what is asked for in one turn goes in one, however many may be under way', async () => {
  const { call, batches, finish } = byHand(3);
  const answers = Promise.all([call(1, 'a'), call(1, 'b')]);
  await turn();
  finish[0]!();
  await answers;
  assert.deepEqual(batches, [['a', 'b']]);
});
