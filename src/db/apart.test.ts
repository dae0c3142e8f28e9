/** One bad item hurts one item. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apart } from './apart.ts';
import { isConnectionLost } from './errors.ts';

test('whoever throws stands alone, and all others are done once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 64 }), async (bad) => {
      const items = bad.map((isBad, id) => ({ id, isBad }));
      const done: number[] = [];
      const alone: number[] = [];
      const work = async (part: readonly { id: number; isBad: boolean }[]) => {
        if (part.some(({ isBad }) => isBad)) throw new Error('bad');
        done.push(...part.map(({ id }) => id));
        return part.map(({ id }) => id);
      };
      const parts = await apart(items, work, ({ id }) => {
        alone.push(id);
        return [id];
      });
      assert.deepEqual(
        parts.flat(),
        items.map(({ id }) => id),
      );
      assert.deepEqual(
        done,
        items.filter(({ isBad }) => !isBad).map(({ id }) => id),
      );
      assert.deepEqual(
        alone,
        items.filter(({ isBad }) => isBad).map(({ id }) => id),
      );
    }),
  );
});

test('what says nothing of the items is thrown on: too many connections, a lost database, a deadlock', async () => {
  for (const code of ['53300', '53200', '57P01', '57P03', '58030', '08006', '40P01']) {
    let tries = 0;
    const work = async () => {
      tries++;
      throw Object.assign(new Error(code), { code });
    };
    await assert.rejects(apart([1, 2, 3], work, () => assert.fail('nobody is at fault')));
    assert.equal(tries, 1);
  }
});

test('a lost database is known by its class: no room and a failing machine too, a fault of the statement not', () => {
  const lost = (code: string) => isConnectionLost(Object.assign(new Error(code), { code }));
  const codes = [
    '08000',
    '08P01',
    '25006',
    '25P03',
    '53000',
    '53100',
    '53200',
    '53300',
    '53400',
    '57P01',
    '57P05',
    '58000',
  ];
  for (const code of codes) assert.ok(lost(code), code);
  for (const code of ['22021', '22P05', '23505', '23514', '40001', '42601', '57014', 'XX000', ''])
    assert.ok(!lost(code), code);
});
