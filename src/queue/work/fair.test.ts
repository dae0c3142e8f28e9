/** Room in flight: whose it is, how much there is, and who is let in next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '../../../test/support/stillClock.ts';
import { createRooms } from './fair.ts';
import { createGiveWay } from './giveWay.ts';

test('one that fills its room leaves the others all of theirs', async () => {
  const rooms = createRooms<string>(100);
  await rooms.enter('hangs', 100);
  assert.deepEqual(rooms.full(), ['hangs']);
  for (let batch = 0; batch < 2; batch++) await rooms.enter('works', 50);
  assert.equal(rooms.isFull('works'), true);
  assert.equal(rooms.leave('works', 1), true);
});

test('room is charged by what is inside: what a claim did not find is given back', async () => {
  const rooms = createRooms<string>(100);
  for (let lane = 0; lane < 32; lane++) {
    await rooms.enter('run', 100);
    rooms.leave('run', 97);
  }
  assert.equal(rooms.isFull('run'), false);
  rooms.take('run', 4);
  assert.equal(rooms.isFull('run'), true);
});

test('who waits is let in in order, and past whoever is still full', async () => {
  const rooms = createRooms<string>(10);
  await rooms.enter('a', 10);
  await rooms.enter('b', 10);
  const order: string[] = [];
  const waits = (['a', 'b', 'b'] as const).map((key, n) =>
    rooms.enter(key, 10).then(() => order.push(`${key}${n}`)),
  );
  rooms.leave('b', 10);
  await waits[1];
  assert.deepEqual(order, ['b1']);
  rooms.leave('b', 10);
  rooms.leave('a', 10);
  await Promise.all(waits);
  assert.deepEqual(order, ['b1', 'b2', 'a0']);
});

test('the more are busy, the less each has, but never nothing', () => {
  const rooms = createRooms<number>(1_000);
  for (let key = 0; key < 8; key++) rooms.take(key, 500);
  assert.equal(rooms.full().length, 8);
  for (let key = 8; key < 100; key++) rooms.take(key, 1);
  assert.equal(rooms.isFull(99), false);
  rooms.take(99, 99);
  assert.equal(rooms.isFull(99), true);
});

test('bulk has a third of its room for a quarter of a second after a single message', async () => {
  const clock = stillClock();
  const giveWay = createGiveWay(clock);
  const rooms = createRooms<string>(90, () => giveWay.part());
  rooms.take('run', 30);
  assert.equal(rooms.isFull('run'), false);
  giveWay.came();
  assert.equal(rooms.isFull('run'), true);
  await clock.moveOn(249);
  assert.equal(rooms.isFull('run'), true);
  await clock.moveOn(1);
  assert.equal(rooms.isFull('run'), false);
});

test('who comes when there is room again goes behind who waited for it', async () => {
  let part = 0.3;
  const rooms = createRooms<string>(10, () => part);
  rooms.take('run', 5);
  const order: number[] = [];
  const first = rooms.enter('run', 1).then(() => order.push(1));
  part = 1;
  const second = rooms.enter('run', 1).then(() => order.push(2));
  rooms.leave('run', 1);
  await Promise.all([first, second]);
  assert.deepEqual(order, [1, 2]);
});

test('who has left takes nothing from the others any more', () => {
  const rooms = createRooms<number>(100);
  for (let key = 0; key < 50; key++) {
    rooms.take(key, 1);
    rooms.leave(key, 1);
  }
  rooms.take(77, 99);
  assert.equal(rooms.isFull(77), false);
});
