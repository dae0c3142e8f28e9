/** A clock whose time can be put forward; its timers run for real. */
import { systemClock, type Clock } from '../../src/base/clock.ts';

export type TestClock = Clock & { advance(byMs: number): void };

export function testClock(): TestClock {
  let aheadMs = 0;
  return {
    nowMs: () => systemClock.nowMs() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs(),
    after: (delayMs, run) => systemClock.after(delayMs, run),
    advance(byMs) {
      aheadMs += byMs;
    },
  };
}
