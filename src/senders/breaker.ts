/**
 * A breaker per integration: after a run of failures nothing is sent for a while, then one batch tries. What it keeps back
 * is put off, not failed, and does not count as an attempt.
 */
import type { Clock } from '../base/clock.ts';
import type { Outcome } from '../channels/adapter.ts';

/** A breaker, with what the health page shows. */
export type Breaker = {
  /** Undefined: go ahead. Else how long to wait, ms. */
  waitMs(): number | undefined;
  saw(outcome: Outcome): void;
  health(): {
    state: 'closed' | 'open';
    failuresInARow: number;
    lastSuccessMs?: number;
    lastFailure?: { code: string; detail: string; atMs: number };
  };
};

const FAILURES_TO_OPEN = 20;
const FIRST_OPEN_MS = 2_000;
const LONGEST_OPEN_MS = 60_000;

/** A closed breaker. */
export function createBreaker(clock: Clock): Breaker {
  let failures = 0;
  let openUntilMs = 0;
  let openings = 0;
  let lastSuccessMs: number | undefined;
  let lastFailure: { code: string; detail: string; atMs: number } | undefined;
  return {
    waitMs() {
      const leftMs = openUntilMs - clock.monotonicMs();
      return leftMs > 0 ? Math.ceil(leftMs) : undefined;
    },
    saw(outcome) {
      if (outcome.kind === 'accepted' || outcome.kind === 'refused' || isOfOne(outcome)) {
        failures = 0;
        openings = 0;
        openUntilMs = 0;
        if (outcome.kind === 'accepted') lastSuccessMs = clock.nowMs();
        return;
      }
      failures++;
      lastFailure = { code: outcome.code, detail: outcome.detail, atMs: clock.nowMs() };
      if (failures < FAILURES_TO_OPEN || openUntilMs > clock.monotonicMs()) return;
      openUntilMs = clock.monotonicMs() + Math.min(LONGEST_OPEN_MS, FIRST_OPEN_MS * 2 ** openings);
      openings++;
    },
    health: () => ({
      state: openUntilMs > clock.monotonicMs() ? 'open' : 'closed',
      failuresInARow: failures,
      ...(lastSuccessMs === undefined ? {} : { lastSuccessMs }),
      ...(lastFailure === undefined ? {} : { lastFailure }),
    }),
  };
}

/**
 * True for a deferral that says nothing of the provider: it works, but this recipient or template must wait (a throttle has a
 * time of its own). A refusal is an answer too.
 */
function isOfOne(outcome: Outcome): boolean {
  return (
    outcome.kind === 'deferred' &&
    ['rate', 'hold_24h', 'template_paused', 'window', 'provider_retrying'].includes(outcome.class)
  );
}
