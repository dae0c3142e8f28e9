/**
 * What was counted in a back-test, bucket by bucket. Buckets are hashes of people, so some of them are a fair sample of all: the whole is
 * told with how far off it may be. Pure.
 */
import type { Replayed } from './replay.ts';

/** By what is counted: the sum over buckets, and the sum of the squares. */
type Sums = Record<string, [number, number]>;

const DAY_MS = 86_400_000;
/** Of a normal distribution, 95 % lie within so many deviations. */
const Z = 1.96;

/** Counts of one bucket. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(what: string, n = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + n);
  }

  /** Counts what would have happened to one contact. */
  addContact({ changes, refused, sends }: Replayed): void {
    this.add('people');
    for (const { metric, step, n, total, arm } of changes.tallies.values()) {
      if (metric === 'entered') this.add(arm === 0 ? 'entered' : 'heldOut', n);
      else if (metric.startsWith('ended:')) this.add(`ending|${metric.slice('ended:'.length)}`, n);
      else if (metric === 'converted') {
        this.add(`goal|${step.slice('goal:'.length)}`, n);
        if (total !== 0) this.add(`value|${step.slice('goal:'.length)}`, total);
      }
    }
    for (const { reason } of refused) this.add(`refused|${reason}`);
    for (const { step, isShadow, wantedMs, sent } of sends) {
      if (isShadow) continue;
      if (sent.at !== 'sent') {
        this.add(`unsent|${sent.code}`);
        continue;
      }
      if (sent.code !== undefined) this.add(`held|${sent.code}`);
      this.add(`send|${step}|${Math.floor((sent.code === undefined ? wantedMs : sent.atMs) / DAY_MS)}`);
    }
  }

  /** Adds a bucket to the sums. */
  into(sums: Sums): void {
    for (const [what, n] of this.#counts) {
      const known = sums[what] ?? [0, 0];
      sums[what] = [known[0] + n, known[1] + n * n];
    }
  }
}

/** A count of all people, from some buckets: at most so far off, 19 times of 20. Exact (`error` 0) once all were counted. */
export type Estimate = { n: number; error: number };

/** The whole of what was counted in `done` of `all` buckets: a simple random sample of clusters (Cochran, Sampling Techniques, 9.3). */
export function estimate([sum, squares]: readonly [number, number], done: number, all: number): Estimate {
  if (done === 0) return { n: 0, error: 0 };
  const mean = sum / done;
  const variance = done > 1 ? Math.max(0, (squares - done * mean ** 2) / (done - 1)) : mean ** 2;
  const error = Z * all * Math.sqrt((variance / done) * (1 - done / all));
  return { n: Math.round(mean * all), error: Math.ceil(error) };
}
