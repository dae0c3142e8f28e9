/** Receipts that come in a flood: together where that is safe, each answered for itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Receipt } from '../channels/adapter.ts';
import { gatherReceipts } from './gather.ts';

const receipt = (ref: string, state: Receipt['state'] = 'delivered'): Receipt => ({ ref, state });

const turn = () => new Promise(setImmediate);

/** Takes in when told to; `batches` are what was taken together, as `ref:state`. */
function slowly(refuses: (receipts: readonly Receipt[]) => Error | undefined = () => undefined) {
  const batches: string[][] = [];
  const waiting: (() => void)[] = [];
  const take = gatherReceipts((integrationId, receipts) => {
    batches.push(receipts.map(({ ref, state }) => `${integrationId} ${ref}:${state}`));
    return new Promise((resolve, reject) => {
      waiting.push(() => {
        const error = refuses(receipts);
        return error ? reject(error) : resolve();
      });
    });
  });
  return {
    take,
    batches,
    /** Lets everything go on until nothing came for longer than those who wait are given time to be more. */
    goOn: async () => {
      for (let idle = 0; idle < 10; await turn()) {
        const next = waiting.shift();
        next?.();
        idle = next ? 0 : idle + 1;
      }
    },
  };
}

test('what comes in one turn goes at once; what comes meanwhile goes together, for each integration by itself', async () => {
  const { take, batches, goOn } = slowly();
  const all = [take(1, [receipt('a')]), take(2, [receipt('d')])];
  await turn();
  all.push(...['b', 'c'].map((ref) => take(1, [receipt(ref)])));
  assert.deepEqual(batches, [['1 a:delivered'], ['2 d:delivered']]);
  await goOn();
  await Promise.all(all);
  assert.deepEqual(batches.slice(2), [['1 b:delivered', '1 c:delivered']]);
  const later = take(1, [receipt('e')]);
  await goOn();
  await later;
  assert.deepEqual(batches.at(-1), ['1 e:delivered']);
});

test('two receipts of one delivery are taken one after the other', async () => {
  const { take, batches, goOn } = slowly();
  const all = [
    receipt('a'),
    receipt('b', 'accepted'),
    receipt('c'),
    receipt('b', 'delivered'),
    receipt('b', 'read'),
    receipt('d'),
  ].map((one) => take(1, [one]));
  await goOn();
  await Promise.all(all);
  assert.deepEqual(batches, [
    ['1 a:delivered', '1 b:accepted', '1 c:delivered'],
    ['1 b:delivered'],
    ['1 b:read', '1 d:delivered'],
  ]);
});

test('no more than 500 together, however many wait', async () => {
  const { take, batches, goOn } = slowly();
  const all = Array.from({ length: 1_201 }, (_, n) => take(1, [receipt(`r${n}`)]));
  await goOn();
  await Promise.all(all);
  assert.deepEqual(
    batches.map(({ length }) => length),
    [500, 500, 201],
  );
});

test('one that cannot be stored is told so, and the others are stored', async () => {
  const { take, goOn } = slowly((receipts) =>
    receipts.some(({ ref }) => ref === 'bad') ? new Error('odd') : undefined,
  );
  const all = ['a', 'b', 'bad', 'c'].map((ref) => take(1, [receipt(ref)]));
  const settled = Promise.allSettled(all);
  await goOn();
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
});

test('without a database each is told, and nothing is tried again', async () => {
  const { take, batches, goOn } = slowly(() => Object.assign(new Error('gone'), { code: 'CONNECTION_LOST' }));
  const settled = Promise.allSettled(['a', 'b', 'c'].map((ref) => take(1, [receipt(ref)])));
  await goOn();
  assert.ok((await settled).every(({ status }) => status === 'rejected'));
  assert.equal(batches.length, 1);
});
