/** Interactive work, lane by lane: nothing that rang is forgotten, whether a claim took all it may, failed, or passed somebody over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '../../../test/support/stillClock.ts';
import { until } from '../../../test/support/until.ts';
import { silentLog } from '../../base/log.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { ClaimOfLanes, Handler, WorkerCore } from './core.ts';
import { createInteractive } from './interactive.ts';
import type { WorkItem } from './work.ts';

/** A pump of two lanes, whose claims do what `claim` says: it returns the lanes of which all was taken that may be. */
function world(claim: (asked: ClaimOfLanes, nth: number) => number[], came: () => void = () => {}) {
  const clock = stillClock();
  const stopping = new AbortController();
  const asked: { lanes: number[]; passOver: readonly number[] }[] = [];
  const core = {
    clock,
    log: silentLog,
    stopping: stopping.signal,
    giveWay: { came },
    lanes: () => [{ lane: 1 }, { lane: 2 }] as OwnedLane[],
    holds: () => true,
    sql: { placement: { distributed: false } },
    claimOfLanes(one: ClaimOfLanes) {
      asked.push({ lanes: one.lanes.map(({ lane }) => lane), passOver: one.passOver });
      const full = { items: Array.from({ length: one.limit }), ran: Promise.resolve() };
      return Promise.resolve().then(() => new Map(claim(one, asked.length).map((lane) => [lane, full])));
    },
  } as unknown as WorkerCore;
  const pump = createInteractive(core, { batchSize: 5, inFlight: 3 } as Handler);
  const running = pump.run();
  return {
    pump,
    clock,
    asked,
    stop: async () => {
      stopping.abort();
      pump.wake();
      await running;
    },
  };
}

test('a lane that may have more is claimed from again', async () => {
  const { pump, asked, stop } = world((_, nth) => (nth < 3 ? [2] : []));
  pump.ring(2);
  await until('it has no more', () => asked.length === 3);
  assert.deepEqual(
    asked.map(({ lanes }) => lanes),
    [[2], [2], [2]],
  );
  await stop();
});

test('a claim that failed is made again after a while, of all its lanes', async () => {
  const { pump, asked, clock, stop } = world((_, nth) => {
    if (nth === 1) throw new Error('a bug');
    return [];
  });
  pump.ring(1);
  pump.ring(2);
  await until('it failed', () => asked.length === 1);
  await clock.moveOn(249);
  assert.equal(asked.length, 1);
  await clock.moveOn(1);
  await until('it is made again', () => asked.length === 2);
  assert.deepEqual(
    asked.map(({ lanes }) => lanes),
    [
      [1, 2],
      [1, 2],
    ],
  );
  await stop();
});

test('who fills a room is passed over until something of it is settled; then the lanes are looked at again', async () => {
  let settle: (() => void) | undefined;
  const { pump, asked, stop } = world(({ taken, left }, nth) => {
    if (nth > 1) return [];
    const items = Array.from({ length: 3 }, () => ({ workspaceId: 7 }) as WorkItem);
    taken?.(items);
    settle = () => left(items.slice(0, 1));
    return [];
  });
  pump.ring(1);
  await until('its room is full', () => settle !== undefined);
  pump.ring(2);
  await until('it is passed over', () => asked.length === 2);
  assert.deepEqual(asked[1], { lanes: [2], passOver: [7] });
  settle!();
  await until('there is room again', () => asked.length === 3);
  assert.deepEqual(asked[2], { lanes: [2], passOver: [] });
  await stop();
});

test('of what is settled together each workspace has its room back, and bulk hears of what is claimed', async () => {
  let settle: (() => void) | undefined;
  let came = 0;
  const { pump, asked, stop } = world(
    ({ taken, left }, nth) => {
      taken?.([]);
      if (nth > 1) return [];
      const items = [7, 7, 7, 8].map((workspaceId) => ({ workspaceId }) as WorkItem);
      taken?.(items);
      settle = () => left(items);
      return [];
    },
    () => void came++,
  );
  pump.ring(1);
  await until('its room is full', () => settle !== undefined);
  pump.ring(2);
  await until('it is passed over', () => asked.length === 2);
  assert.deepEqual(asked[1]!.passOver, [7]);
  settle!();
  await until('there is room again', () => asked.length === 3);
  assert.deepEqual([asked[2], came], [{ lanes: [2], passOver: [] }, 1]);
  await stop();
});
