/** Turns of several takers in one lane: it is gone through until none of them has more, and looked at when the first has something again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import { silentLog } from '../base/log.ts';
import type { OwnedLane } from './lanes/lane.ts';
import { createTurnPump, type TurnTaker } from './turns.ts';
import type { WorkerCore } from './work/core.ts';

test('a lane is gone through until no taker has more, whoever of them is asked last; the next look is for the first that falls due', async () => {
  const taken = new Set<number>();
  const left = new Map([
    ['campaigns', 3],
    ['groups', 1],
  ]);
  const taker = (name: string, nextMs: number): TurnTaker => ({
    name,
    take: async (lanes) => {
      for (const { lane } of lanes) taken.add(lane);
      left.set(name, left.get(name)! - 1);
      return left.get(name)! > 0 ? lanes : [];
    },
    look: () => Promise.resolve({ lanes: [1], nextMs }),
  });
  const stopping = new AbortController();
  const core = {
    clock: stillClock(),
    log: silentLog,
    sql: { placement: { distributed: false } },
    stopping: stopping.signal,
    lanes: () => [1, 2].map((lane) => ({ lane, epoch: 1 })) as OwnedLane[],
    holds: () => true,
  } as unknown as WorkerCore;
  const pump = createTurnPump(core, [taker('campaigns', 700), taker('groups', 300)]);
  const running = pump.run();
  const rung: number[] = [];
  assert.equal(await pump.look(0, (lane) => rung.push(lane)), 300);
  assert.deepEqual(rung, [1, 1]);
  const other = createTurnPump(core, [taker('groups', 300), taker('campaigns', 700)]);
  assert.equal(await other.look(0, () => {}), 300, 'whoever is asked first');
  pump.ring(1);
  pump.ring(2);
  await until('nobody has more', () => left.get('campaigns')! <= 0);
  assert.deepEqual(taken, new Set([1, 2]), 'lanes that rang together');
  stopping.abort();
  pump.wake();
  await running;
});
