/** A clock whose time can be put forward; its timers run for real. */
import { systemClock, type Clock } from '../../src/base/clock.ts';

/** A clock that can be stopped. */
export type StoppableClock = Clock & { stop(): void; goOn(): void };

/** While it is stopped what happens takes no time, however busy the machine is; its timers run for real. */
export function stoppableClock(): StoppableClock {
  let stoppedMs: number | undefined;
  return {
    ...systemClock,
    nowMs: () => stoppedMs ?? systemClock.nowMs(),
    stop() {
      stoppedMs = systemClock.nowMs();
    },
    goOn() {
      stoppedMs = undefined;
    },
  };
}

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
