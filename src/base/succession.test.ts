/** Successions: one goes behind the other under a name, over everybody who asks, and hears what came of the one before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSuccession } from './succession.ts';

test('turns under a name go one after the other, and tell the next what came of them; another name goes at once', async () => {
  const turnIn = createSuccession<number>();
  const first = turnIn('a');
  const second = turnIn('a');
  assert.equal(first.before, undefined);
  assert.equal(turnIn('b').before, undefined);
  let gone = false;
  const told = second.before!.finally(() => (gone = true));
  await new Promise(setImmediate);
  assert.equal(gone, false);
  first.end(7);
  assert.equal(await told, 7);
});

test('a turn is remembered until it is forgotten, and one that has ended still tells who comes later', async () => {
  const turnIn = createSuccession<number>();
  const first = turnIn('b');
  first.end(7);
  const second = turnIn('b');
  assert.equal(await second.before, 7);
  first.forget();
  const third = turnIn('b');
  assert.ok(third.before, 'the second is in it');
  second.forget();
  assert.equal(await third.before, undefined, 'the second told nothing');
  third.forget();
  assert.equal(turnIn('b').before, undefined);
});
