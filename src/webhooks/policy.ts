/** What an answer means, and when to try again. Pure. */
import { retryAfterMs, type HttpOutcome } from '../base/http.ts';
import type { DoorName } from '../accounts/keys.ts';

/** What came of one attempt. `gone`: the target wants no more calls. */
type Verdict =
  | { kind: 'delivered' }
  | { kind: 'failed'; gone: boolean }
  | { kind: 'again'; retryAfterMs?: number };

/** Answers after which trying again makes no sense (api/sunshine.md §8.2); 410 disables (Standard Webhooks). */
const FINAL = new Set([400, 401, 403, 404, 406, 410]);
/** Answers whose Retry-After is obeyed. */
const THROTTLED = new Set([429, 503]);
/** base/http.ts says so of an address that its guard refuses. Nothing was sent, and nothing ever will be. */
const REFUSED = /is a private address$|resolves to a private address$/;
const MOST_RETRY_AFTER_MS = 24 * 3_600_000;

/** Judges what came of an attempt. */
export function judge(outcome: HttpOutcome, nowMs: number): Verdict {
  if (outcome.kind !== 'answer')
    return isRefused(outcome) ? { kind: 'failed', gone: false } : { kind: 'again' };
  const { status, headers } = outcome;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (FINAL.has(status)) return { kind: 'failed', gone: status === 410 };
  const askedMs = THROTTLED.has(status) ? retryAfterMs(headers, nowMs) : undefined;
  if (askedMs === undefined) return { kind: 'again' };
  return { kind: 'again', retryAfterMs: Math.min(askedMs, MOST_RETRY_AFTER_MS) };
}

/** True when the call was not made because the target is not public. */
export function isRefused(outcome: HttpOutcome): boolean {
  return outcome.kind === 'unsent' && REFUSED.test(outcome.reason);
}

/** Sunshine: five attempts within 15 minutes, exponential (api/sunshine.md §8.2); 880 s with the most jitter. */
const SUNSHINE_S = [10, 40, 150, 600];
/** Standard Webhooks' schedule: ten attempts within 75.6 h (anchors.md §4). */
const STANDARD_S = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/** Web1on1: for up to 24 hours, at growing intervals (api/web1on1.md §B.10); 23.8 h with the most jitter. */
const WEB1ON1_S = [5, 60, 300, 1_800, 7_200, 18_000, 21_600, 28_800];
const SCHEDULES: Partial<Record<DoorName, readonly number[]>> = { sunshine: SUNSHINE_S, web1on1: WEB1ON1_S };
const JITTER = 0.1;

/** How long to wait after `attempts` of them failed; undefined when that was the last. `random` is from 0 to 1. */
export function backoffMs(door: DoorName, attempts: number, random: number): number | undefined {
  const waitS = (SCHEDULES[door] ?? STANDARD_S)[attempts - 1];
  return waitS === undefined ? undefined : Math.round(waitS * 1000 * (1 + JITTER * (2 * random - 1)));
}
