/** How many requests a second a key may make: a bucket of tokens per key, in this process. */
import type { Clock } from '../../base/clock.ts';

/** A limit. `take` answers undefined when the request, or so many, may pass, else the seconds after which the next one may. */
export type RateLimit = { take(key: string, times?: number): number | undefined };

/** Keys remembered; those longest unused are forgotten first, with a full bucket. */
const MOST_KEYS = 10_000;

/**
 * A limit of `perS` requests a second, which may come at once; 0 is no limit. It asks the clock itself, at the moment of the take: with the
 * time at which a request came, one that others overtook would let the same stretch of time fill its bucket twice.
 */
export function createRateLimit(perS: number, clock: Pick<Clock, 'nowMs'>): RateLimit {
  if (perS === 0) return { take: () => undefined };
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(key, times = 1) {
      const nowMs = clock.nowMs();
      // What is more than a second's of all waits for all of it, and is not refused for ever.
      const taken = Math.min(times, perS);
      const known = buckets.get(key);
      // A clock that was set back fills nothing and takes nothing away.
      const grownMs = known ? Math.max(0, nowMs - known.atMs) : 0;
      const tokens = known ? Math.min(perS, known.tokens + (grownMs / 1000) * perS) : perS;
      const passes = tokens >= taken;
      buckets.delete(key);
      buckets.set(key, { tokens: passes ? tokens - taken : tokens, atMs: nowMs });
      if (buckets.size > MOST_KEYS) buckets.delete(buckets.keys().next().value!);
      return passes ? undefined : Math.max(1, Math.ceil((taken - tokens) / perS));
    },
  };
}
