/** Calls that go together: in order for a key by default; with patience, one that hangs holds up only those that went with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from './gather.ts';

/** As many turns of the loop as those who wait give to others, and some more. */
const turn = async () => {
  for (let n = 0; n < 8; n++) await new Promise(setImmediate);
};

/** A `take` that is finished by hand; `batches` are what it was given. */
function byHand(patient = false, together = 2) {
  const batches: string[][] = [];
  const finish: (() => void)[] = [];
  const alarms: (() => void)[] = [];
  let timeMs = 0;
  const after = (_ms: number, ring: () => void) => {
    alarms.push(ring);
    return () => {};
  };
  const call = gather<string, string>(
    (_key, items) => {
      batches.push([...items]);
      return new Promise((resolve) => finish.push(() => resolve(items.map((item) => item.toUpperCase()))));
    },
    (waiting) => Math.min(waiting.length, together),
    patient ? { clock: { nowMs: () => timeMs, after }, ms: 50, atOnce: 2 } : undefined,
  );
  const later = (ms = 50) => {
    timeMs += ms;
    for (const ring of alarms.splice(0)) ring();
  };
  return { call, batches, finish, alarms, later };
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

test('what comes in one turn of the loop goes together, from whatever connection it comes', async () => {
  const { call, batches, finish } = byHand();
  const first = call(1, 'a');
  // As the event of another socket would be: after what the first one has set off.
  await new Promise((resolve) => process.nextTick(resolve));
  const second = call(1, 'b');
  await turn();
  assert.deepEqual(batches, [['a', 'b']]);
  finish[0]!();
  assert.deepEqual(await Promise.all([first, second]), ['A', 'B']);
});

test('many that wait share one timer, and each goes beside what hangs when it has waited so long', async () => {
  const { call, batches, finish, alarms, later } = byHand(true);
  const hanging = call(1, 'hangs');
  await turn();
  const early = [call(1, 'a'), call(1, 'b')];
  assert.equal(alarms.length, 1);
  finish[0]!();
  await hanging;
  await turn();
  later(30);
  const late = call(1, 'c');
  later(20);
  await turn();
  assert.deepEqual(
    batches,
    [['hangs'], ['a', 'b']],
    'the timer of those that went is not that of who came later',
  );
  assert.equal(alarms.length, 1);
  later(30);
  await turn();
  assert.deepEqual(batches, [['hangs'], ['a', 'b'], ['c']]);
  finish[1]!();
  finish[2]!();
  await Promise.all([...early, late]);
});

test('while each turn of the loop brings more, they are waited for; who is alone, or comes no more, is not', async () => {
  const { call, batches, finish } = byHand(false, 100);
  const answers: Promise<string>[] = [];
  const oneTurn = () => new Promise(setImmediate);
  answers.push(call(1, 'alone'));
  await oneTurn();
  await oneTurn();
  assert.deepEqual(batches, [['alone']]);
  for (const item of ['a', 'b', 'c', 'd']) answers.push(call(1, item));
  finish[0]!();
  await oneTurn();
  answers.push(call(1, 'e'));
  assert.equal(batches.length, 1, 'four came: the next turn may bring more');
  await turn();
  assert.deepEqual(batches.slice(1), [['a', 'b', 'c', 'd', 'e']]);
  for (let n = 0; n < 20; n++) answers.push(call(1, `f${n}`));
  finish[1]!();
  for (let n = 0; batches.length < 3; n++) {
    assert.ok(n < 20, 'those who come on and on are not waited for without end');
    answers.push(call(1, `g${n}`));
    await oneTurn();
  }
  for (let n = 2; n < batches.length; n++) {
    finish[n]!();
    await turn();
  }
  await Promise.all(answers);
});

test('once what hung is over there is one again: who went beside it goes on with what waits', async () => {
  const { call, batches, finish, later } = byHand(true);
  const answers = [call(1, 'hangs')];
  await turn();
  answers.push(call(1, 'a'));
  later();
  await turn();
  assert.deepEqual(batches, [['hangs'], ['a']]);
  answers.push(call(1, 'b'), call(1, 'c'));
  finish[0]!();
  await turn();
  assert.equal(batches.length, 2, 'those who came meanwhile go with the one that is under way');
  finish[1]!();
  await turn();
  assert.deepEqual(batches.slice(2), [['b', 'c']]);
  finish[2]!();
  await Promise.all(answers);
});

test('what is left when the one that hung is over hangs on nobody: it goes beside the next that does', async () => {
  const { call, batches, finish, later } = byHand(true);
  const answers = [call(1, 'hangs')];
  await turn();
  answers.push(call(1, 'hangs too'));
  later();
  await turn();
  answers.push(call(1, 'a'));
  later();
  await turn();
  assert.equal(batches.length, 2, 'two hang, and no more go at once');
  finish[0]!();
  await turn();
  later(0);
  await turn();
  assert.deepEqual(batches.slice(2), [['a']]);
  for (const done of finish.slice(1)) done();
  await Promise.all(answers);
});

test('where a set takes long anyway, who waits is given twice its time', async () => {
  const { call, batches, finish, later } = byHand(true);
  const answers = [call(1, 'a')];
  await turn();
  answers.push(call(1, 'b'));
  later(40);
  finish[0]!();
  await turn();
  assert.deepEqual(batches, [['a'], ['b']]);
  answers.push(call(1, 'c'));
  later(50);
  later(29);
  await turn();
  assert.equal(batches.length, 2);
  later(1);
  await turn();
  assert.deepEqual(batches.slice(2), [['c']]);
  for (const done of finish.slice(1)) done();
  await Promise.all(answers);
});
