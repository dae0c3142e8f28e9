/**
 * What may be said of two shares that were counted: intervals, and whether there is a verdict. Pure.
 *
 * Wilson (1927) for a share; Newcombe (1998), method 10, for a difference at a planned end; an always-valid interval (Waudby-Smith et
 * al., arXiv 2103.06476, eq. 9 and 161, as GrowthBook and PostHog use it) for who looks while it runs.
 */

import { LEAST_IN_ARM, type VerdictName } from '../../../contract/campaignWords.ts';

/** So many of so many. */
export type Share = { converted: number; n: number };
/** From and to. */
type Interval = [number, number];

/** Entries that an always-valid interval is tightest at, unless they are planned. */
const PLANNED = 5_000;
/** Below this the split of entries is broken (the threshold of GrowthBook, Eppo and Statsig). */
const SRM_P = 0.001;

/** Wilson's interval of a share. */
export function wilson({ converted, n }: Share, alpha = 0.05): Interval {
  if (n === 0) return [0, 1];
  const z = quantile(1 - alpha / 2);
  const p = converted / n;
  const middle = p + z ** 2 / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  const scale = 1 + z ** 2 / n;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

/** Newcombe's interval of the difference treated − control: right at one planned end only. */
export function newcombe(treated: Share, control: Share, alpha = 0.05): Interval {
  const [l1, u1] = wilson(treated, alpha);
  const [l0, u0] = wilson(control, alpha);
  const [p1, p0] = [rate(treated), rate(control)];
  const d = p1 - p0;
  return [d - Math.hypot(p1 - l1, u0 - p0), d + Math.hypot(u1 - p1, p0 - l0)];
}

/** The interval of the difference that holds however often one looks; undefined where nothing varies. */
export function alwaysValid(treated: Share, control: Share, asked: Certainty = {}): Interval | undefined {
  if (treated.n === 0 || control.n === 0) return undefined;
  const [p1, p0] = [rate(treated), rate(control)];
  return alwaysValidMean(
    { n: treated.n, mean: p1, variance: p1 * (1 - p1) },
    { n: control.n, mean: p0, variance: p0 * (1 - p0) },
    asked,
  );
}

/** A mean of so many, with how it varies. */
export type Mean = { n: number; mean: number; variance: number };

/** How sure is wanted, and the entries at which the interval is tightest. */
export type Certainty = { alpha?: number; planned?: number };

/** The same of means. */
export function alwaysValidMean(treated: Mean, control: Mean, asked: Certainty = {}): Interval | undefined {
  return alwaysValidOf(
    treated.mean - control.mean,
    treated.variance / treated.n + control.variance / control.n,
    treated.n + control.n,
    asked,
  );
}

/** The same of any difference `d` of which the variance is known, found from `n` entries. */
function alwaysValidOf(
  d: number,
  variance: number,
  n: number,
  { alpha = 0.05, planned = PLANNED }: Certainty = {},
): Interval | undefined {
  const v = n * variance;
  if (!(v > 0)) return undefined;
  const rho2 = (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / planned;
  const scaled = n * rho2 + 1;
  const half = Math.sqrt((v * 2 * scaled * Math.log(Math.sqrt(scaled) / alpha)) / (n ** 2 * rho2));
  return [d - half, d + half];
}

/** A mean from sums. */
export function meanOf(n: number, total: number, squares: number): Mean {
  if (n < 2) return { n, mean: n ? total / n : 0, variance: 0 };
  const mean = total / n;
  return { n, mean, variance: Math.max(0, (squares - n * mean ** 2) / (n - 1)) };
}

/** A test of counts; `p` is how likely as much is by chance. */
type Tested = { chi2: number; p: number; isBroken: boolean };

/** χ² of entries against the shares that were planned, from 100 entries on. */
export function splitTest(arms: readonly { n: number; share: number }[]): Tested | undefined {
  const shared = arms.filter(({ share }) => share > 0);
  const n = shared.reduce((sum, one) => sum + one.n, 0);
  if (n < LEAST_IN_ARM.entries || shared.length < 2) return undefined;
  const chi2 = shared.reduce((sum, one) => sum + (one.n - n * one.share) ** 2 / (n * one.share), 0);
  return tested(chi2, shared.length - 1);
}

/**
 * χ² of whether as large a share of each arm came so far: of `n` entries, `converted` did. Of arms from 100 entries on: a small one, or one with
 * nobody, keeps the others from no test.
 */
export function sameShareTest(all: readonly Share[]): Tested | undefined {
  const arms = all.filter(({ n }) => n >= LEAST_IN_ARM.entries);
  if (arms.length < 2) return undefined;
  const n = arms.reduce((sum, one) => sum + one.n, 0);
  const p = arms.reduce((sum, one) => sum + one.converted, 0) / n;
  if (p === 0 || p === 1) return { chi2: 0, p: 1, isBroken: false };
  const chi2 = arms.reduce((sum, one) => sum + (one.converted - one.n * p) ** 2 / (one.n * p * (1 - p)), 0);
  return tested(chi2, arms.length - 1);
}

function tested(chi2: number, degrees: number): Tested {
  const p = chiSquareTail(chi2, degrees);
  return { chi2, p, isBroken: p < SRM_P };
}

/** How likely χ² of so many degrees of freedom is at least this. */
export function chiSquareTail(chi2: number, degrees: number): number {
  const half = chi2 / 2;
  // The tail of two degrees more is larger by one term of the density (Abramowitz and Stegun 26.4.4, 26.4.5).
  const odd = degrees % 2 === 1;
  let tail = odd ? erfc(Math.sqrt(half)) : Math.exp(-half);
  let term = odd ? Math.sqrt((4 * half) / Math.PI) * Math.exp(-half) : half * Math.exp(-half);
  for (let at = odd ? 1 : 2; at < degrees; at += 2) {
    tail += term;
    term *= chi2 / (at + 2);
  }
  return Math.min(1, tail);
}

/** The verdict on a goal. */
export function verdictOf(
  treated: Share,
  control: Share,
  isBroken: boolean,
  asked: Certainty = {},
): VerdictName {
  if (isBroken) return 'split_broken';
  if (isTooFew(treated) || isTooFew(control)) return 'too_early';
  return saidBy(alwaysValid(treated, control, asked));
}

/** Whether an arm is too small for anything to be said. */
export function isTooFew({ n, converted }: Share): boolean {
  return n < LEAST_IN_ARM.entries || converted < LEAST_IN_ARM.converted;
}

/** What an always-valid interval of a difference says. */
export function saidBy(interval: Interval | undefined): VerdictName {
  if (!interval) return 'no_difference_yet';
  if (interval[0] > 0) return 'more';
  return interval[1] < 0 ? 'less' : 'no_difference_yet';
}

/** A difference of epochs together. `whileRunning` holds however often one looks, `interval` at one planned end. */
type Pooled = { epochs: number; d: number; interval: Interval; whileRunning: Interval };

/**
 * Differences of several epochs as one, weighted by how sure each is (inverse variance); counts of epochs are never added. Of an epoch that is too
 * small for a verdict nobody knows how sure it is: one of one who converted varies by nothing as it seems, and would outweigh all others.
 */
export function pooled(
  epochs: readonly { treated: Share; control: Share }[],
  asked: Certainty = {},
): Pooled | undefined {
  let [weights, sum, n, pooledOf] = [0, 0, 0, 0];
  for (const { treated, control } of epochs) {
    if (isTooFew(treated) || isTooFew(control)) continue;
    const [p1, p0] = [rate(treated), rate(control)];
    const variance = (p1 * (1 - p1)) / treated.n + (p0 * (1 - p0)) / control.n;
    if (!(variance > 0)) continue;
    weights += 1 / variance;
    sum += (p1 - p0) / variance;
    n += treated.n + control.n;
    pooledOf++;
  }
  if (weights === 0) return undefined;
  const half = quantile(0.975) / Math.sqrt(weights);
  const d = sum / weights;
  const whileRunning = alwaysValidOf(d, 1 / weights, n, asked)!;
  return { epochs: pooledOf, d, interval: [d - half, d + half], whileRunning };
}

/** Entries needed to see a difference between two rates, with a holdout of this share. */
export function entriesNeeded(
  from: number,
  to: number,
  holdoutShare: number,
  { alpha = 0.05, power = 0.8 }: { alpha?: number; power?: number } = {},
): number {
  const z2 = (quantile(1 - alpha / 2) + quantile(power)) ** 2;
  const total =
    (z2 * ((to * (1 - to)) / (1 - holdoutShare) + (from * (1 - from)) / holdoutShare)) / (to - from) ** 2;
  return Math.ceil(total * holdoutShare) + Math.ceil(total * (1 - holdoutShare));
}

function rate({ converted, n }: Share): number {
  return n === 0 ? 0 : converted / n;
}

/** The point of the normal distribution below which a share lies (Acklam; within 1.2e-9). */
export function quantile(p: number): number {
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ];
  const b = [
    -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  ];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const at = (coefficients: readonly number[], x: number) =>
    coefficients.reduce((sum, one) => sum * x + one, 0);
  if (p > 0.97575) return -quantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return at(c, q) / (at(d, q) * q + 1);
  }
  const q = p - 0.5;
  return (at(a, q ** 2) * q) / (at(b, q ** 2) * q ** 2 + 1);
}

/** The complementary error function (Numerical Recipes, erfcc; within 1.2e-7). */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x);
  const terms = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
    1.00002368,
  ];
  const sum = terms.reduce((inner, one) => inner * t + one, 0);
  return t * Math.exp(-x * x - 1.26551223 + t * sum);
}
