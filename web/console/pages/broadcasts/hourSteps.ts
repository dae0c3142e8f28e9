/** The hours of a broadcast as a plot takes them: without gaps, by the day where there are many. Pure. */
import type { ResultsShown } from '../../../../contract/doors/console/broadcasts.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More hours than these are shown by the day. */
const MOST_HOURS = 72;
/** Fewer steps are no plot: what is empty after them is drawn, too. */
const FEWEST = 12;
/** More days than these are not drawn: who reads after three months is one of few. */
const MOST_DAYS = 92;

/** What is counted in a step. */
export const SERIES = ['sent', 'delivered', 'read', 'failed', 'clicks', 'replied', 'optedOut'] as const;
/** One of it. */
export type Series = (typeof SERIES)[number];
/** A step of the plot, by its beginning. */
export type Step = { atMs: number } & Record<Series, number>;

/** The steps from the first hour to the last, and how long one is. `offsetMs`: how far the reader's clock is ahead of UTC. */
export function stepsOf(
  hours: ResultsShown['hours'],
  offsetMs: number,
): { stepMs: number; steps: Step[]; isCut: boolean } {
  const times = hours.map(({ at }) => Date.parse(at));
  if (times.length === 0) return { stepMs: HOUR_MS, steps: [], isCut: false };
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const stepMs = last - first < MOST_HOURS * HOUR_MS ? HOUR_MS : DAY_MS;
  const fromMs = stepMs === HOUR_MS ? first : Math.floor((first + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
  const all = Math.floor((last - fromMs) / stepMs) + 1;
  const steps = Array.from(
    { length: Math.min(Math.max(all, FEWEST), MOST_DAYS) },
    (_, i): Step => ({
      atMs: fromMs + i * stepMs,
      sent: 0,
      delivered: 0,
      read: 0,
      failed: 0,
      clicks: 0,
      replied: 0,
      optedOut: 0,
    }),
  );
  for (const [i, hour] of hours.entries()) {
    const step = steps[Math.floor((times[i]! - fromMs) / stepMs)];
    if (step) for (const name of SERIES) step[name] += hour[name];
  }
  return { stepMs, steps, isCut: all > MOST_DAYS };
}
