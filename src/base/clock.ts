/**
 * The only place that reads the wall clock or sets a timer. Everything else takes a `Clock`, so that a test
 * owns time and a test workspace can be moved fourteen days ahead (see `workspaceNowMs`).
 */

/** A source of time. Times are unix milliseconds. */
export type Clock = {
  nowMs(): number;
  /** Milliseconds with fraction that only ever grow, for measuring durations: the wall clock may be set. */
  monotonicMs(): number;
  /** Runs `run` once after `delayMs`; the returned function cancels it. Never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void;
};

/** setTimeout holds a signed 32-bit number of milliseconds; a longer delay would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs,
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` is aborted. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** The machine's monotonic clock, for what is not given a clock: commands and tests. Milliseconds with fraction. */
export function monotonicMs(): number {
  return performance.now();
}

const HOUR_MS = 3_600_000;

/** The beginning of the hour (of UTC) that a time is in. */
export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS;
}

/** `2026-11-20T08:32:53.120Z` of unix milliseconds. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Unix milliseconds of an ISO 8601 instant, or undefined when it is not one (a zone is required). */
export function parseIsoTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/.test(text))
    return undefined;
  // The engine takes 30 February for 2 March.
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))];
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
