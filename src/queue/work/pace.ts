/** How fast a run goes, where it was given a rate. */
import type { Clock } from '../../base/clock.ts';

/** What a run may send by its rate; see createPace. */
export type Pace = ReturnType<typeof createPace>;

/** A token bucket for a run's own rate; a worker's part of it is the part of the lanes it owns. */
export function createPace(clock: Clock) {
  const LANES = 32;
  let ratePerS: number | undefined;
  let tokens = 0;
  let filledAt = clock.monotonicMs();
  const fill = () => {
    const now = clock.monotonicMs();
    if (ratePerS !== undefined)
      tokens = Math.min(Math.max(1, ratePerS / 4), tokens + ((now - filledAt) / 1000) * ratePerS);
    filledAt = now;
  };
  return {
    set(rate: number | null, lanes: number) {
      fill();
      ratePerS = rate === null ? undefined : (rate * lanes) / LANES;
    },
    allows(most: number): number {
      fill();
      return ratePerS === undefined ? most : Math.min(most, Math.floor(tokens));
    },
    took(n: number) {
      tokens -= n;
    },
    /** How long until one more may go; undefined without a rate. */
    waitMs(): number | undefined {
      if (ratePerS === undefined || tokens >= 1) return undefined;
      return Math.max(5, ((1 - tokens) / ratePerS) * 1000);
    },
  };
}
