/** Waits until something becomes true, without fixed sleeps: asks again every few milliseconds until a deadline. */
import { monotonicMs, pause, systemClock } from '../../src/base/clock.ts';

const ASK_AGAIN_MS = 10;

/**
 * Resolves with the first truthy answer of `ask`; fails after `withinMs` with `what` and the last answer or error. Where an answer costs
 * something it is asked for less often.
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  withinMs = 45_000,
  everyMs = ASK_AGAIN_MS,
): Promise<NonNullable<T>> {
  const deadline = monotonicMs() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (monotonicMs() > deadline)
      throw new Error(`${what} did not happen within ${withinMs} ms; last: ${String(last)}`);
    // The timer is unreferenced; a pending test keeps the process alive.
    await pause(systemClock, everyMs);
  }
}
