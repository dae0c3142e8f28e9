/** Gathering what was decided: at once when it is all, else what there is after a while; what comes during a settle too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { LaneLost } from '../../queue/work/settle.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import type { Decision } from '../outcome/decide.ts';
import { createCollector, settling } from './collector.ts';

/** All that was promised by now has happened. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time stands until it is advanced; timers fire then. */
function handClock() {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; run: () => void }>();
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = async (byMs: number) => {
    nowMs += byMs;
    for (const timer of timers) if (timer.atMs <= nowMs && timers.delete(timer)) timer.run();
    await nextTurn();
  };
  return { clock, advance };
}

/** A collector of so many, with what it settled; each settle waits until it is let go. */
function rig(size: number) {
  const { clock, advance } = handClock();
  const settled: { ids: number[]; landed: boolean; go: (error?: Error) => void }[] = [];
  const collector = createCollector({ clock, log: silentLog }, size, (decisions, landed) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ids = decisions.map(({ item }) => item.ownerId);
    settled.push({ ids, landed, go: (error) => (error ? reject(error) : resolve()) });
    return promise;
  });
  const add = (...ids: number[]) =>
    collector.add(ids.map((ownerId): Decision => ({ item: { ownerId } as WorkItem, bulk: false })));
  const seen = () => settled.map(({ ids, landed }) => [...ids, landed]);
  const go = async (at: number, error?: Error) => {
    settled[at]!.go(error);
    await nextTurn();
  };
  return { collector, add, seen, go, advance };
}

test('all of a batch is settled at once, and it has landed', async () => {
  const { collector, add, seen, go } = rig(2);
  add(1, 2);
  assert.deepEqual(seen(), [[1, 2, true]]);
  await go(0);
  await collector.finished;
});

test('what there is is settled after a while, and the rest when it comes', async () => {
  const { collector, add, seen, go, advance } = rig(3);
  add(1);
  await advance(199);
  assert.deepEqual(seen(), []);
  add(2);
  await advance(1);
  assert.deepEqual(seen(), [[1, 2, false]]);
  await go(0);
  add(3);
  assert.deepEqual(seen(), [
    [1, 2, false],
    [3, true],
  ]);
  await go(1);
  await collector.finished;
});

test('9.13 a timer that fires during a settle disables no later one: what comes then does not wait for the last of the batch', async () => {
  const { add, seen, go, advance } = rig(5);
  add(1);
  await advance(200);
  // The first settle takes long; meanwhile a timer is set, and fires.
  add(2);
  await advance(200);
  assert.deepEqual(seen(), [[1, false]]);
  await go(0);
  assert.deepEqual(seen().at(-1), [2, false], 'whoever settles takes along what came');
  await go(1);
  add(3);
  await advance(200);
  assert.deepEqual(seen().at(-1), [3, false]);
  await go(2);
  // And one that was set during a settle, and fires after it.
  add(4);
  await advance(200);
  assert.deepEqual(seen().at(-1), [4, false]);
});

test('a lane that was lost ends it quietly, anything else loudly, and nothing is settled after', async () => {
  const lost = rig(2);
  lost.add(1);
  await lost.advance(200);
  await lost.go(0, new LaneLost(3));
  await lost.collector.finished;
  lost.add(2);
  assert.deepEqual(lost.seen(), [[1, false]]);
  const broken = rig(1);
  const failed = assert.rejects(broken.collector.finished, /no/);
  broken.add(1);
  await broken.go(0, new Error('no'));
  await failed;
});

test('a flight is over also where some of its last decisions had to be written by themselves', async () => {
  const { clock } = handClock();
  const written: { n: number; landed: boolean }[] = [];
  const steps = { close: () => Promise.resolve() };
  const settle = settling(
    {
      clock,
      log: silentLog,
      write({ decisions, landed }) {
        if (decisions.length > 1) return Promise.reject(new Error('one of them cannot be written'));
        written.push({ n: decisions.length, landed });
        return Promise.resolve();
      },
    },
    { steps } as unknown as Batch,
  );
  const decisions = [1, 2].map((id): Decision => ({ item: { ownerId: id } as WorkItem, bulk: false }));
  await settle(decisions, true);
  assert.deepEqual(written, [
    { n: 1, landed: false },
    { n: 1, landed: false },
    { n: 0, landed: true },
  ]);
});
