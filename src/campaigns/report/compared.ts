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
  isTooFew,
  newcombe,
  saidBy,
  verdictOf,
  wilson,
  type Certainty,
  type Mean,
  type Share,
} from './statistics.ts';
import { asOfPeople, meanOfPeople } from './people.ts';

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
  /** The same as so many people say it who entered once each: what intervals and verdicts go by. */
  sure: Share;
  people: number;
  entered: number;
  value: number;
  /** Value for each entry, and how it varies. */
  mean: Mean;
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
    effect: to ? effectOf(sums, to, isBroken, how) : null,
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

function sumsOf(rows: readonly GoalCounts[]): Sums {
  const sum = (of: (row: GoalCounts) => number) => rows.reduce((all, row) => all + of(row), 0);
  const share = { converted: sum(({ converted }) => converted), n: sum(({ closed }) => closed) };
  const people = sum((row) => row.people);
  const often = {
    people,
    closed2: sum(({ closed2 }) => closed2),
    converted2: sum(({ converted2 }) => converted2),
    both: sum(({ convertedClosed }) => convertedClosed),
  };
  return {
    share,
    sure: asOfPeople(share, often),
    people,
    entered: sum(({ entered }) => entered),
    value: sum(({ value }) => value),
    mean: meanOfPeople({
      n: share.n,
      people,
      total: sum(({ total }) => total),
      squares: sum(({ squares }) => squares),
      closed2: often.closed2,
      both: sum(({ totalClosed }) => totalClosed),
    }),
    cap: rows.find(({ cap }) => cap !== null)?.cap ?? null,
  };
}

function shown({ share, sure, people, entered, value }: Sums) {
  return {
    entries: share.n,
    people,
    stillOpen: entered - share.n,
    converted: share.converted,
    rate: share.n ? share.converted / share.n : null,
    interval: wilson(sure),
    value,
  };
}

function effectOf(treated: Sums, control: Sums, isBroken: boolean, asked: Certainty) {
  const { alpha = ALPHA } = asked;
  const [a, b] = [treated.sure, control.sure];
  // Where nobody is in one of them there is nothing to take from the other.
  const isThere = a.n > 0 && b.n > 0;
  return {
    difference: isThere ? a.converted / a.n - b.converted / b.n : null,
    verdict: verdictOf(a, b, isBroken, asked),
    whileRunning: alwaysValid(a, b, asked) ?? null,
    atPlannedEnd: {
      interval: isThere ? newcombe(a, b, alpha) : null,
      note: 'valid only at the planned end',
    },
  };
}

/** Value for each who entered and whose window is over, winsorised: the highest count as much as `cap`. */
function valueOf(treated: Sums, control: Sums, isBroken: boolean, asked: Certainty) {
  const [a, b] = [treated.mean, control.mean];
  const interval = a.n > 1 && b.n > 1 ? alwaysValidMean(a, b, asked) : undefined;
  const few = isTooFew(treated.sure) || isTooFew(control.sure);
  return {
    treated: a.n ? a.mean : null,
    holdout: b.n ? b.mean : null,
    difference: a.n && b.n ? a.mean - b.mean : null,
    whileRunning: interval ?? null,
    verdict: isBroken ? ('split_broken' as const) : few ? ('too_early' as const) : saidBy(interval),
    cap: treated.cap ?? control.cap,
  };
}

/** The treated and who is held out of one epoch against a goal, as pooling takes them; undefined where nobody is held out. */
export function pairOf(
  { holdout }: EpochPlan,
  outcomes: readonly GoalCounts[],
): { treated: Share; control: Share } | undefined {
  if (holdout === 0) return undefined;
  const of = (arm: Arm) => sumsOf(outcomes.filter((one) => one.arm === arm)).sure;
  return { treated: of(ARM.treated), control: of(ARM.holdout) };
}
