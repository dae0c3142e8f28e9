/** Work of one piece that takes long and waits for nothing: done bit by bit, so that whatever else the process has to do is done meanwhile. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** How long it keeps the process to itself. */
const AT_A_TIME_MS = 5;

/** Does what stops behind each bit, to its end. */
export async function bitByBit<T>(
  clock: Pick<Clock, 'monotonicMs'>,
  bits: Generator<unknown, T, void>,
): Promise<T> {
  for (let fromMs = clock.monotonicMs(); ; ) {
    const { done, value } = bits.next();
    if (done) return value;
    if (clock.monotonicMs() - fromMs < AT_A_TIME_MS) continue;
    await setImmediate();
    fromMs = clock.monotonicMs();
  }
}
