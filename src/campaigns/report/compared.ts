/**
 * One goal of one epoch: how many of each arm reached it, and what may be said of the difference. Intent to treat: all who entered,
 * whether or not a message left. Pure.
 */
import type { Goal } from '../../../contract/campaign.ts';
import type { EpochPlan } from '../enrol/sql.arms.ts';
import { ARM, type Arm } from '../enrol/entry.ts';
import type { GoalCounts } from './sql.ts';
import {
  alwaysValid,
  alwaysValidMean,
  meanOf,
  newcombe,
  saidBy,
  TOO_EARLY,
  verdictOf,
  wilson,
  type Certainty,
  type Share,
} from './statistics.ts';

/** α of everything that is said of a goal together. */
const ALPHA = 0.05;

/** What of an epoch is compared. */
type Compared = {
  plan: EpochPlan;
  outcomes: readonly GoalCounts[];
  isBroken: boolean;
  planned: number | undefined;
};

type Sums = {
  share: Share;
  entered: number;
  value: number;
  total: number;
  squares: number;
  cap: number | null;
};

/** A goal as it is shown. */
export function compare(goal: Goal, { plan, outcomes, isBroken, planned }: Compared) {
  const of = (arm: Arm, variant?: string) =>
    sumsOf(outcomes.filter((one) => one.arm === arm && (variant === undefined || one.variant === variant)));
  const treated = of(ARM.treated);
  const holdout = plan.holdout > 0 ? of(ARM.holdout) : undefined;
  const outside = plan.workspace > 0 ? of(ARM.outside) : undefined;
  // Each variant is held against who is held out, or, where nobody is, against the first.
  const variants = plan.variants.map(({ key }) => ({ key, sums: of(ARM.treated, key) }));
  const control = holdout ?? variants[0]?.sums;
  const compared = holdout ? variants.length : variants.length - 1;
  const asked: Certainty = planned === undefined ? {} : { planned };
  const hasValue = goal.value !== undefined;
  const against = (sums: Sums, to: Sums | undefined, how: Certainty) => ({
    effect: to ? effectOf(sums.share, to.share, isBroken, how) : null,
    valuePerEntry: to && hasValue ? valueOf(sums, to, isBroken, how) : null,
  });
  return {
    key: goal.key,
    primary: goal.primary ?? false,
    currency: goal.currency ?? null,
    treated: shown(treated),
    holdout: holdout ? shown(holdout) : null,
    ...against(treated, holdout, asked),
    variants: variants.map(({ key, sums }) => ({
      key,
      ...shown(sums),
      ...against(sums, sums === control ? undefined : control, {
        ...asked,
        alpha: ALPHA / Math.max(1, compared),
      }),
    })),
    workspaceHoldout: outside ? { ...shown(outside), ...against(treated, outside, asked) } : null,
  };
}

/** A goal as it is shown. */
export type ComparedGoal = ReturnType<typeof compare>;

function sumsOf(rows: readonly GoalCounts[]): Sums {
  const sum = (of: (row: GoalCounts) => number) => rows.reduce((all, row) => all + of(row), 0);
  return {
    share: { converted: sum(({ converted }) => converted), n: sum(({ closed }) => closed) },
    entered: sum(({ entered }) => entered),
    value: sum(({ value }) => value),
    total: sum(({ total }) => total),
    squares: sum(({ squares }) => squares),
    cap: rows.find(({ cap }) => cap !== null)?.cap ?? null,
  };
}

function shown({ share, entered, value }: Sums) {
  return {
    entries: share.n,
    stillOpen: entered - share.n,
    converted: share.converted,
    rate: share.n ? share.converted / share.n : null,
    interval: wilson(share),
    value,
  };
}

function effectOf(treated: Share, control: Share, isBroken: boolean, asked: Certainty) {
  const rate = ({ converted, n }: Share) => (n ? converted / n : 0);
  const { alpha = ALPHA } = asked;
  return {
    difference: rate(treated) - rate(control),
    verdict: verdictOf(treated, control, isBroken, asked),
    whileRunning: alwaysValid(treated, control, asked) ?? null,
    atPlannedEnd: { interval: newcombe(treated, control, alpha), note: 'valid only at the planned end' },
  };
}

/** Value for each who entered and whose window is over, winsorised: the highest count as much as `cap`. */
function valueOf(treated: Sums, control: Sums, isBroken: boolean, asked: Certainty) {
  const [a, b] = [treated, control].map(({ share, total, squares }) => meanOf(share.n, total, squares));
  const interval = a!.n > 1 && b!.n > 1 ? alwaysValidMean(a!, b!, asked) : undefined;
  const few = [treated, control].some(
    ({ share }) => share.n < TOO_EARLY.entries || share.converted < TOO_EARLY.conversions,
  );
  return {
    treated: a!.mean,
    holdout: b!.mean,
    difference: a!.mean - b!.mean,
    whileRunning: interval ?? null,
    verdict: isBroken ? ('split_broken' as const) : few ? ('too_early' as const) : saidBy(interval),
    cap: treated.cap ?? control.cap,
  };
}
