/** A clock that stands until it is moved on: its timers run when their time has come, in order, and no other time passes. */
import type { Clock } from '../../src/base/clock.ts';

export type StillClock = Clock & {
  /** Moves time on, and runs what falls due on the way. */
  moveOn(byMs: number): Promise<void>;
  /** Timers that have not run. */
  waiting(): number;
};

export function stillClock(nowMs = 1_000_000): StillClock {
  const timers = new Set<{ atMs: number; run: () => void }>();
  let atMs = nowMs;
  const rest = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    waiting: () => timers.size,
    nowMs: () => atMs,
    monotonicMs: () => atMs,
    after(delayMs, run) {
      const timer = { atMs: atMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async moveOn(byMs) {
      const endMs = atMs + byMs;
      for (;;) {
        await rest();
        const [next] = [...timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
        if (!next) break;
        timers.delete(next);
        atMs = next.atMs;
        next.run();
      }
      atMs = endMs;
      await rest();
    },
  };
}
