/** Going through what lanes have: nothing is left, nothing keeps others waiting, and what is another's is let go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '../../../test/support/stillClock.ts';
import { until } from '../../../test/support/until.ts';
import type { Log } from '../../base/log.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkerCore } from './core.ts';
import { createPump } from './pump.ts';
import { LaneLost } from './settle.ts';

type Pumping = Parameters<typeof createPump>[1];

const lane = (number: number) => ({ lane: number, epoch: 1 }) as unknown as OwnedLane;
const passing = () => Object.assign(new Error('the database is away'), { code: '57P01' });

/** A worker that owns these lanes, and a pump that takes from what each of them has. */
function world(numbers: readonly number[], pumping: Partial<Pumping> & Pick<Pumping, 'take'>) {
  const stopping = new AbortController();
  const clock = stillClock();
  const lanes = numbers.map(lane);
  const lost = new Set<number>();
  const told: string[] = [];
  const log = Object.fromEntries(
    ['debug', 'warn', 'error'].map((level) => [
      level,
      (_: unknown, text: string) => told.push(`${level} ${text}`),
    ]),
  ) as unknown as Log;
  const core = {
    clock,
    log,
    stopping: stopping.signal,
    lanes: () => lanes,
    holds: (one: OwnedLane) => !lost.has(one.lane),
  } as unknown as WorkerCore;
  const pump = createPump(core, { what: 'things', aloneFor: 3, together: 1, ...pumping });
  const running = pump.run();
  return {
    pump,
    clock,
    lost,
    told,
    async stop() {
      stopping.abort();
      pump.wake();
      await running;
    },
  };
}

test('a lane that rings is taken from until it has no more, and a lane of nobody’s is not', async () => {
  const left = new Map([
    [1, 3],
    [2, 1],
  ]);
  const taken: number[] = [];
  const own = world([1, 2], {
    async take([one]) {
      taken.push(one!.lane);
      left.set(one!.lane, left.get(one!.lane)! - 1);
      return left.get(one!.lane)! > 0 ? [one!] : [];
    },
  });
  own.pump.ring(1);
  own.pump.ring(2);
  own.pump.ring(9);
  await until('all is taken', () => [...left.values()].every((n) => n === 0));
  await own.stop();
  assert.deepEqual(
    taken.toSorted((a, b) => a - b),
    [1, 1, 1, 2],
  );
  assert.deepEqual(own.told, []);
});

test('what rings while its lane is at work is taken afterwards, never beside it', async () => {
  let inside = 0;
  let most = 0;
  let times = 0;
  const go: (() => void)[] = [];
  const own = world([1], {
    async take() {
      most = Math.max(most, ++inside);
      times++;
      await new Promise<void>((resolve) => go.push(resolve));
      inside--;
      return [];
    },
  });
  own.pump.ring(1);
  await until('it is at work', () => go.length === 1);
  own.pump.ring(1);
  await own.clock.moveOn(0);
  assert.equal(times, 1);
  go.shift()!();
  await until('it is at work again', () => go.length === 1);
  go.shift()!();
  await until('it is at rest', () => inside === 0);
  await own.stop();
  assert.deepEqual([most, times], [1, 2]);
});

test('lanes go together, and a lane that has no more is left out of the next round', async () => {
  const left = new Map([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  const rounds: number[][] = [];
  const own = world([1, 2, 3], {
    together: 16,
    async take(lanes) {
      rounds.push(lanes.map((one) => one.lane));
      return lanes.filter((one) => {
        left.set(one.lane, left.get(one.lane)! - 1);
        return left.get(one.lane)! > 0;
      });
    },
  });
  for (const number of [1, 2, 3]) own.pump.ring(number);
  await until('all is taken', () => [...left.values()].every((n) => n === 0));
  await own.stop();
  assert.deepEqual(rounds, [[1, 2, 3], [2, 3], [3]]);
});

test('what rings in a lane that has no more waits for none of those it went with, and is taken once at a time', async () => {
  const rounds: number[][] = [];
  const go: (() => void)[] = [];
  const own = world([1, 2], {
    together: 2,
    async take(lanes) {
      rounds.push(lanes.map((one) => one.lane));
      const isFirst = rounds.length === 1;
      await new Promise<void>((resolve) => go.push(resolve));
      return lanes.filter((one) => isFirst && one.lane === 1);
    },
  });
  own.pump.ring(1);
  own.pump.ring(2);
  await until('both are at work', () => rounds.length === 1);
  go[0]!();
  await until('one goes on', () => rounds.length === 2);
  own.pump.ring(2);
  await own.clock.moveOn(25);
  await until('the other one is taken beside it', () => rounds.length === 3);
  own.pump.ring(2);
  go[1]!();
  await own.clock.moveOn(1_000);
  assert.equal(rounds.length, 3, 'the group that it has left is over, and it is still at work');
  go[2]!();
  await until('it is taken again', () => rounds.length === 4);
  go[3]!();
  await own.stop();
  assert.deepEqual(rounds, [[1, 2], [1], [2], [2]]);
});

test('one lane that fails costs the others nothing: each goes on by itself, and in the bad one things go one by one', async () => {
  const left = new Map([
    [1, 5],
    [2, 5],
  ]);
  const alone: string[] = [];
  const aside: number[] = [];
  const own = world([1, 2], {
    together: 16,
    aloneFor: 2,
    async take(lanes, isAlone) {
      if (isAlone) {
        assert.equal(lanes.length, 1);
        const [one] = lanes;
        alone.push(`${one!.lane}`);
        // What is first is the bad one, and is set aside.
        if (alone.length === 1) aside.push(one!.lane);
        left.set(one!.lane, left.get(one!.lane)! - 1);
        return left.get(one!.lane)! > 0 ? lanes : [];
      }
      if (lanes.some((one) => one.lane === 2) && !aside.length) throw new Error('bad');
      for (const one of lanes) left.set(one.lane, 0);
      return [];
    },
  });
  own.pump.ring(1);
  own.pump.ring(2);
  await until('all is taken', () => [...left.values()].every((n) => n === 0));
  await own.stop();
  assert.deepEqual(alone, ['2', '2'], 'two alone, and then together again');
  assert.deepEqual(aside, [2]);
});

test('what fails also alone is tried again after a while, and told as an error; what passes is not', async () => {
  let failing: Error | undefined = new Error('still bad');
  let times = 0;
  const own = world([1], {
    async take() {
      times++;
      if (failing) throw failing;
      return [];
    },
  });
  own.pump.ring(1);
  await until('it failed together and alone', () => times === 2);
  await own.clock.moveOn(250);
  await until('it was tried again', () => times === 3);
  const again = 'error things: failed, and is taken again';
  assert.deepEqual(own.told, ['warn things: failed, and go one by one', again, again]);
  failing = passing();
  await own.clock.moveOn(250);
  await until('it was tried without a database', () => times === 4);
  assert.equal(own.told.at(-1), 'debug things: failed, and is taken again');
  failing = undefined;
  await own.clock.moveOn(250);
  await until('it goes on', () => times === 5);
  await own.stop();
});

test('a database that is away makes nobody go alone', async () => {
  const calls: boolean[] = [];
  const own = world([1], {
    async take(_lanes, alone) {
      calls.push(alone);
      if (calls.length < 3) throw passing();
      return [];
    },
  });
  own.pump.ring(1);
  await until('it was tried', () => calls.length === 1);
  for (let i = 2; i <= 3; i++) {
    await own.clock.moveOn(250);
    await until(`try ${i}`, () => calls.length === i);
  }
  await own.stop();
  assert.deepEqual(calls, [false, false, false]);
});

test('a lane that is lost is let go at once, without a word', async () => {
  let times = 0;
  const own = world([1, 2], {
    async take([one]) {
      times++;
      if (one!.lane === 1) throw new LaneLost(1);
      own.lost.add(2);
      return [one!];
    },
  });
  own.pump.ring(1);
  own.pump.ring(2);
  await until('both were tried', () => times === 2);
  await own.clock.moveOn(1_000);
  await own.stop();
  assert.deepEqual([times, own.told], [2, []]);
});

test('no more than four groups at a time; the fifth has its turn when one is done', async () => {
  const numbers = [1, 2, 3, 4, 5, 6];
  const go = new Map<number, () => void>();
  const own = world(numbers, {
    take: ([one]) => new Promise((resolve) => go.set(one!.lane, () => resolve([]))),
  });
  for (const number of numbers) own.pump.ring(number);
  await until('four are at work', () => go.size === 4);
  await own.clock.moveOn(0);
  assert.equal(go.size, 4);
  go.get(1)!();
  await until('a fifth is at work', () => go.size === 5);
  for (const number of [2, 3, 4]) go.get(number)!();
  await until('the sixth is at work', () => go.size === 6);
  for (const number of [5, 6]) go.get(number)!();
  await own.stop();
});

test('what rings soon after a group began goes together, a while after that; after a rest at once', async () => {
  const rounds: number[][] = [];
  const go: (() => void)[] = [];
  const own = world([1, 2, 3, 4, 5], {
    together: 3,
    take(lanes) {
      rounds.push(lanes.map((one) => one.lane));
      return new Promise((resolve) => go.push(() => resolve([])));
    },
  });
  own.pump.ring(1);
  await until('the first is at work', () => rounds.length === 1);
  own.pump.ring(2);
  await own.clock.moveOn(1);
  go.shift()!();
  own.pump.ring(3);
  await own.clock.moveOn(23);
  assert.deepEqual(rounds, [[1]]);
  await own.clock.moveOn(1);
  await until('the others are at work', () => rounds.length === 2);
  assert.deepEqual(rounds[1], [2, 3]);
  own.pump.ring(4);
  await own.clock.moveOn(24);
  assert.equal(rounds.length, 2);
  await own.clock.moveOn(1);
  await until('who has waited goes beside what hangs', () => rounds.length === 3);
  for (const done of go.splice(0)) done();
  for (const number of [1, 2, 3]) own.pump.ring(number);
  await until('as many as may go together wait for nobody', () => rounds.length === 4);
  go.shift()!();
  await own.clock.moveOn(1_000);
  own.pump.ring(5);
  await own.clock.moveOn(0);
  await until('nothing is waited for after a rest', () => rounds.length === 5);
  go.shift()!();
  await own.stop();
});
