/** Going through tables part by part: each part of each step once and in order, whatever the widths and wherever it stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Sql } from '../db/pool.ts';
import { goThroughEach, stretchOf, type WalkStep } from './walk.ts';

type At = { step: string; part: number; gone: number };
const START: At = { step: '', part: 0, gone: 0 };
const tx = undefined as never;

/** Steps that note which parts were removed, one row each. */
function stepsOf(sizes: readonly { parts: number; most: number }[]) {
  const removed: string[] = [];
  const steps = sizes.map(({ parts, most }, i): WalkStep => {
    const name = `table ${i}`;
    return {
      name,
      parts,
      most,
      remove(_tx, { from, to }) {
        assert.ok(to - from <= most);
        for (let part = from; part < to; part++) removed.push(`${name}/${part}`);
        return Promise.resolve(to - from);
      },
    };
  });
  const all = sizes.flatMap(({ parts }, i) =>
    Array.from({ length: parts }, (_, part) => `table ${i}/${part}`),
  );
  return { steps, removed, all };
}

const sizes = fc.array(
  fc.record({ parts: fc.integer({ min: 1, max: 20 }), most: fc.integer({ min: 1, max: 8 }) }),
  { minLength: 1, maxLength: 4 },
);

test('each part once, in order, and the rows that went are counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      async (given, widths) => {
        const { steps, removed, all } = stepsOf(given);
        let at: At | undefined = START;
        for (let n = 0; at; n++) {
          const next = await stretchOf(tx, steps, at, widths[n % widths.length]!);
          at = next.step === undefined ? undefined : { ...next, step: next.step };
          assert.equal(next.gone, removed.length);
        }
        assert.deepEqual(removed, all);
      },
    ),
  );
});

test('a stretch whose transaction was lost is done again from where it was noted', async () => {
  const { steps, removed } = stepsOf([{ parts: 4, most: 2 }]);
  const first = await stretchOf(tx, steps, START, 2);
  await stretchOf(tx, steps, { ...first, step: first.step! }, 2);
  await stretchOf(tx, steps, { ...first, step: first.step! }, 2);
  assert.deepEqual(removed.slice(2, 4), removed.slice(4));
});

test('where the step it stood at is not known any more, it begins with the first', async () => {
  const { steps, removed } = stepsOf([{ parts: 2, most: 2 }]);
  await stretchOf(tx, steps, { step: 'a table of another version', part: 1, gone: 7 }, 1);
  assert.deepEqual(removed, ['table 0/0']);
});

/** A store whose transactions only run, and a clock that goes on by what each takes. */
function world(tookMs: number) {
  const state = { nowMs: 0, begun: 0 };
  const sql = {
    async begin(work: (tx: never) => Promise<unknown>) {
      state.begun++;
      state.nowMs += tookMs;
      return await work(tx);
    },
  } as unknown as Sql;
  return { state, deps: { sql, clock: { nowMs: () => state.nowMs } } };
}

test('of what is due those that are done are told; what somebody else has hold of is left to them', async () => {
  const { deps, state } = world(1);
  const left = new Map([
    [1, 3],
    [2, 0],
    [3, 1],
  ]);
  const due = [1, 2, 3].map((workspaceId) => ({ workspaceId }));
  const done = await goThroughEach(deps, due, ({ workspaceId }) => () => {
    if (workspaceId === 2) return Promise.resolve('not ours');
    const more = left.get(workspaceId)! - 1;
    left.set(workspaceId, more);
    return Promise.resolve(more > 0 ? 'goes on' : 'done');
  });
  assert.deepEqual(done, [1, 3]);
  assert.equal(state.begun, 5);
});

test('as many parts at once as are quick, fewer where it takes long, and no more once the round is over', async () => {
  const widths: number[] = [];
  const never = () => (_tx: unknown, width: number) => {
    widths.push(width);
    return Promise.resolve('goes on' as const);
  };
  const quick = world(10);
  await goThroughEach(
    { ...quick.deps, clock: { nowMs: () => (widths.length < 4 ? quick.state.nowMs : 1e9) } },
    [{ workspaceId: 1 }],
    never,
  );
  assert.deepEqual(widths, [16, 32, 64, 128]);
  widths.length = 0;
  const slow = world(20_000);
  assert.deepEqual(await goThroughEach(slow.deps, [{ workspaceId: 1 }, { workspaceId: 2 }], never), []);
  assert.deepEqual(widths, [16, 8, 4], 'a minute is for all of them together');
});
