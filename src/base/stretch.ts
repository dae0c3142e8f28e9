/**
 * Work on the loop in stretches: who has much to compute lets everybody else have the loop in between. The stretches of a process
 * take turns, so that many at once hold the loop no longer than one. Knows nothing of what is computed.
 */
import { monotonicMs } from './clock.ts';

/** How long a stretch is, ms: a look at the clock is far cheaper, and turning the loop takes some microseconds. */
const STRETCH_MS = 10;

/** Called between two steps of the work; what it returns is to be awaited, when it returns something. */
type Breathe = () => Promise<void> | undefined;

/** Begins such work, once the loop has turned and those before it have had theirs. */
export async function startStretch(): Promise<Breathe> {
  await turn();
  let sinceMs = monotonicMs();
  const again = async () => {
    await turn();
    sinceMs = monotonicMs();
  };
  return () => (monotonicMs() - sinceMs < STRETCH_MS ? undefined : again());
}

// The loop is the process's, and so are the turns.
const waiting: (() => void)[] = [];

/** One stretch for each turn of the loop, in the order in which they were asked for. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(release);
  });
}

function release(): void {
  waiting.shift()!();
  if (waiting.length) setImmediate(release);
}
