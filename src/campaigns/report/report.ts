/**
 * What a campaign changed: each goal, treated against holdout, by epoch. Epochs are never added up, and where nothing can be said yet,
 * that is what is said.
 */
import type { CampaignFile, Goal } from '../../../contract/campaign.ts';
import type { CampaignReport } from '../../../contract/doors/console/campaigns.ts';
import { isoTime } from '../../base/clock.ts';
import type { Db } from '../../db/pool.ts';
import { ARM } from '../enrol/entry.ts';
import { selectEpochs, type EpochPlan, type EpochRow } from '../enrol/sql.arms.ts';
import { selectCurrent, type CampaignRow } from '../enrol/sql.live.ts';
import { basisPoints, durationMs } from '../match/duration.ts';
import { variantsOf } from '../steps/version.ts';
import { versionNumbers } from '../versions.ts';
import { compare, pairOf } from './compared.ts';
import { endingsOf, funnelOf, stepsOf } from './funnel.ts';
import {
  selectCredited,
  selectOutcomes,
  selectReached,
  selectShared,
  selectTallies,
  type Counted,
  type GoalCounts,
  type Reached,
  type Shared,
} from './sql.ts';
import { entriesNeeded, pooled, sameShareTest, splitTest } from './statistics.ts';

/** The highest values count as much as the one below which this share of an epoch's entries lies. */
const WINSORISED_AT = 0.999;
/** More than this share of entries that crossed from one arm to the other is warned of. */
const CROSSED = 0.01;

/** A report. `nowMs` is by the workspace's clock. */
export async function reportOf(db: Db, campaign: CampaignRow, nowMs: number): Promise<CampaignReport> {
  const tallies = await selectTallies(db, campaign.id);
  const epochs = await selectEpochs(db, campaign.id);
  const reached = await selectReached(db, campaign.id);
  const shared = await selectShared(db, campaign.id);
  const planned = (await selectCurrent(db, campaign))?.file.planned;
  const outcomesOf = await readOutcomes(db, campaign.id, epochs, nowMs);
  const told = epochs.map(({ epoch, plan, beganMs }) => {
    const arms = armsOf(
      plan,
      reached.filter((one) => one.epoch === epoch),
    );
    // Arms are drawn of people: who enters ten times is on one side all ten times.
    const split = splitTest(arms.map(({ people, share }) => ({ n: people, share })));
    const walk = sameShareTest(arms.map((arm) => ({ n: arm.people, converted: arm.reached })));
    const isBroken = brokenIn({ split, walk });
    const own = tallies.filter((one) => one.epoch === epoch);
    return {
      epoch,
      beganAt: isoTime(beganMs),
      holdoutShare: plan.holdout / 10_000,
      workspaceHoldoutShare: plan.workspace / 10_000,
      entered: enteredOf(arms),
      split: split ?? null,
      walk: walk ?? null,
      warnings: warningsOf(own, arms, split?.isBroken ?? false, walk?.isBroken ?? false),
      goals: plan.goals.map((goal) => ({
        ...compare(goal, { plan, outcomes: outcomesOf(goal, epoch), isBroken, planned }),
        credited: creditOf(goal.key, shared),
      })),
    };
  });
  return {
    epochs: told,
    pooled: pooledGoals(
      epochs.map((one, i) => ({ ...one, isBroken: brokenIn(told[i]!) })),
      outcomesOf,
      planned,
    ),
    funnel: funnelOf(tallies),
    steps: stepsOf(tallies, await selectCredited(db, campaign.id), await versionNumbers(db, campaign.id)),
    endings: endingsOf(tallies),
    winsorisedAt: WINSORISED_AT,
  };
}

/** Goals that a campaign was ever counted by. */
export async function goalsCounted(db: Db, campaignId: number): Promise<Goal[]> {
  return (await selectEpochs(db, campaignId)).flatMap(({ plan }) => plan.goals);
}

/** Entries against each goal, read once for all epochs that have it alike. */
async function readOutcomes(
  db: Db,
  campaignId: number,
  epochs: readonly EpochRow[],
  nowMs: number,
): Promise<(goal: Goal, epoch: number) => GoalCounts[]> {
  const keyOf = ({ key, within, value }: Goal) => `${key}|${within}|${value ?? ''}`;
  const goals = new Map(epochs.flatMap(({ plan }) => plan.goals.map((goal) => [keyOf(goal), goal])));
  const found = new Map<string, GoalCounts[]>();
  for (const [name, { key, within, value }] of goals) {
    const closedBeforeMs = nowMs - durationMs(within)!;
    const asked = { key, closedBeforeMs, hasValue: value !== undefined, most: WINSORISED_AT };
    found.set(name, await selectOutcomes(db, campaignId, asked));
  }
  return (goal, epoch) => found.get(keyOf(goal))!.filter((one) => one.epoch === epoch);
}

type Tests = Record<'split' | 'walk', { isBroken: boolean } | null | undefined>;

function brokenIn({ split, walk }: Tests): boolean {
  return (split?.isBroken ?? false) || (walk?.isBroken ?? false);
}

type ArmCount = { name: string; share: number; entered: number; people: number; reached: number };

/** The arms of an epoch with the share that each was to have; who is held out of all comes before who is held out of this one. */
function armsOf({ workspace, holdout, variants }: EpochPlan, reached: readonly Reached[]): ArmCount[] {
  const inside = 1 - workspace / 10_000;
  const treated = inside * (1 - holdout / 10_000);
  const count = (name: string, share: number, is: (row: Reached) => boolean): ArmCount => {
    const rows = reached.filter(is);
    const sum = (of: (row: Reached) => number) => rows.reduce((all, row) => all + of(row), 0);
    const [entered, people] = [sum((row) => row.entered), sum((row) => row.people)];
    return { name, share, entered, people, reached: sum((row) => row.reached) };
  };
  const arms = variants.length
    ? variants.map(({ key, points }) =>
        count(key, (treated * points) / 10_000, (row) => row.arm === ARM.treated && row.variant === key),
      )
    : [count('treated', treated, ({ arm }) => arm === ARM.treated)];
  if (holdout) arms.push(count('holdout', (inside * holdout) / 10_000, ({ arm }) => arm === ARM.holdout));
  if (workspace) arms.push(count('workspace_holdout', workspace / 10_000, ({ arm }) => arm === ARM.outside));
  return arms;
}

function enteredOf(arms: readonly ArmCount[]) {
  const of = (name: string) => arms.find((arm) => arm.name === name)?.entered ?? 0;
  const [holdout, workspaceHoldout] = [of('holdout'), of('workspace_holdout')];
  const all = arms.reduce((sum, { entered }) => sum + entered, 0);
  return { treated: all - holdout - workspaceHoldout, holdout, workspaceHoldout };
}

function warningsOf(
  tallies: readonly Counted[],
  arms: readonly ArmCount[],
  isSplitBroken: boolean,
  isWalkBroken: boolean,
): string[] {
  const entered = arms.reduce((sum, one) => sum + one.entered, 0);
  const crossed = tallies.filter(({ metric }) => metric === 'crossover').reduce((sum, { n }) => sum + n, 0);
  return [
    ...(isSplitBroken ? ['entries do not have the shares that were planned: the split is broken'] : []),
    ...(isWalkBroken ? ['not as many of each arm came to the first message: they did not walk alike'] : []),
    ...tallies.flatMap(({ metric, step, n }) =>
      metric === 'other_currency'
        ? [
            `${n} events of ${step.slice('goal:'.length)} were in another currency: their value is not counted`,
          ]
        : [],
    ),
    ...(crossed > entered * CROSSED ? ['more than 1 % crossed from one arm to another'] : []),
  ];
}

function creditOf(key: string, shared: readonly Shared[]) {
  const found = shared.find(({ goal }) => goal === key);
  return { alsoToCampaigns: found?.campaigns ?? 0, events: found?.events ?? 0 };
}

/**
 * Epochs of a goal as one: of those whose arms are what was planned, and that counted what the newest that has the goal counts. Under one key
 * another event, or another time for it, is another question.
 */
function pooledGoals(
  epochs: readonly { plan: EpochPlan; epoch: number; isBroken: boolean }[],
  outcomesOf: (goal: Goal, epoch: number) => GoalCounts[],
  planned: number | undefined,
) {
  const newest = new Map(epochs.flatMap(({ plan }) => plan.goals.map((goal) => [goal.key, goal])));
  return [...newest.values()].map((asked) => {
    const pairs = epochs.flatMap(({ plan, epoch, isBroken }) => {
      const goal = plan.goals.find(({ key }) => key === asked.key);
      if (isBroken || !goal || !countsAlike(goal, asked)) return [];
      return pairOf(plan, outcomesOf(goal, epoch)) ?? [];
    });
    const how = planned === undefined ? {} : { planned };
    return { key: asked.key, ...(pooled(pairs, how) ?? NOTHING) };
  });
}

function countsAlike(a: Goal, b: Goal): boolean {
  const counted = ({ event, where, match, within }: Goal) => JSON.stringify([event, where, match, within]);
  return counted(a) === counted(b);
}

const NOTHING = { epochs: 0, d: null, interval: null, whileRunning: null } as const;

/** How surely a difference is to be seen. */
const POWER = 0.8;

/** How many entries it takes to see a goal go from one rate to another, before a campaign starts. */
export function neededFor(file: CampaignFile, rate: number, to: number) {
  const variants = variantsOf(file);
  const holdout = file.holdout === undefined ? 0 : basisPoints(file.holdout)! / 10_000;
  // Without a holdout the variants are held against the first; with neither, half would have to be held out.
  const controlShare = holdout || (variants[0]?.points ?? 5_000) / 10_000;
  const compared = Math.max(1, holdout ? variants.length : variants.length - 1);
  // Of several variants the smallest that is held against something has to be seen, at its share of α.
  const seen = (holdout ? variants : variants.slice(1)).map(({ points }) => points);
  const treatedShare = seen.length ? ((1 - holdout) * Math.min(...seen)) / 10_000 : 1 - controlShare;
  const asked = { alpha: 0.05 / compared, power: POWER };
  const ofBoth = controlShare / (controlShare + treatedShare);
  const entries = Math.ceil(entriesNeeded(rate, to, ofBoth, asked) / (controlShare + treatedShare));
  return { entries, controlShare, power: POWER };
}
