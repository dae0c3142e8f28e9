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
import type { CampaignRow, VersionRow } from '../enrol/sql.live.ts';
import { basisPoints, durationMs } from '../match/duration.ts';
import { variantsOf } from '../steps/version.ts';
import { compare, type ComparedGoal } from './compared.ts';
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
import { entriesNeeded, pooled, sameShareTest, splitsTest } from './statistics.ts';

/** The highest values count as much as the one below which this share of an epoch's entries lies. */
const WINSORISED_AT = 0.999;
/** More than this share of entries that crossed from one arm to the other is warned of. */
const CROSSED = 0.01;

/** A report. `versions` are those of the campaign; `nowMs` is by the workspace's clock. */
export async function reportOf(
  db: Db,
  campaign: CampaignRow,
  versions: readonly VersionRow[],
  nowMs: number,
): Promise<CampaignReport> {
  const tallies = await selectTallies(db, campaign.id);
  const epochs = await selectEpochs(db, campaign.id);
  const reached = await selectReached(db, campaign.id);
  const shared = await selectShared(db, campaign.id);
  const planned = versions.find(({ id }) => id === campaign.versionId)?.file.planned;
  const outcomesOf = await readOutcomes(db, campaign.id, epochs, nowMs);
  const told = epochs.map(({ epoch, plan, beganMs }) => {
    const arms = armsOf(
      plan,
      reached.filter((one) => one.epoch === epoch),
    );
    const split = splitsTest(arms.map(({ entered, share }) => ({ n: entered, share })));
    const walk = sameShareTest(arms.map((arm) => ({ n: arm.entered, converted: arm.reached })));
    const isBroken = (split?.isBroken ?? false) || (walk?.isBroken ?? false);
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
    pooled: pooledGoals(told, planned),
    funnel: funnelOf(tallies),
    steps: stepsOf(tallies, await selectCredited(db, campaign.id), versions),
    endings: endingsOf(tallies),
    winsorisedAt: WINSORISED_AT,
  };
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

type ArmCount = { name: string; share: number; entered: number; reached: number };

/** The arms of an epoch with the share that each was to have; who is held out of all comes before who is held out of this one. */
function armsOf({ workspace, holdout, variants }: EpochPlan, reached: readonly Reached[]): ArmCount[] {
  const inside = 1 - workspace / 10_000;
  const treated = inside * (1 - holdout / 10_000);
  const count = (name: string, share: number, is: (row: Reached) => boolean): ArmCount => {
    const rows = reached.filter(is);
    const sum = (of: (row: Reached) => number) => rows.reduce((all, row) => all + of(row), 0);
    return { name, share, entered: sum((row) => row.entered), reached: sum((row) => row.reached) };
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

function pooledGoals(epochs: readonly { goals: readonly ComparedGoal[] }[], planned: number | undefined) {
  const keys = new Set(epochs.flatMap(({ goals }) => goals.map(({ key }) => key)));
  return [...keys].map((key) => {
    const pairs = epochs.flatMap(({ goals }) => {
      const goal = goals.find((one) => one.key === key);
      if (!goal?.holdout) return [];
      const share = (of: { converted: number; entries: number }) => ({
        converted: of.converted,
        n: of.entries,
      });
      return [{ treated: share(goal.treated), control: share(goal.holdout) }];
    });
    const asked = planned === undefined ? {} : { planned };
    return { key, epochs: pairs.length, ...(pooled(pairs, asked) ?? NOTHING) };
  });
}

const NOTHING: Readonly<Record<'d' | 'interval' | 'whileRunning', null>> = {
  d: null,
  interval: null,
  whileRunning: null,
};

/** How surely a difference is to be seen. */
const POWER = 0.8;

/** How many entries it takes to see a goal go from one rate to another, before a campaign starts. */
export function neededFor(file: CampaignFile, rate: number, to: number) {
  const variants = variantsOf(file);
  const holdout = file.holdout === undefined ? 0 : basisPoints(file.holdout)! / 10_000;
  // Without a holdout the variants are held against the first; with neither, half would have to be held out.
  const controlShare = holdout || (variants[0]?.points ?? 5_000) / 10_000;
  const compared = Math.max(1, holdout ? variants.length : variants.length - 1);
  // Of several variants the smallest has to be seen, at its share of α.
  const treatedShare = variants.length
    ? ((1 - holdout) * Math.min(...variants.map(({ points }) => points))) / 10_000
    : 1 - controlShare;
  const asked = { alpha: 0.05 / compared, power: POWER };
  const ofBoth = controlShare / (controlShare + treatedShare);
  const entries = Math.ceil(entriesNeeded(rate, to, ofBoth, asked) / (controlShare + treatedShare));
  return { entries, controlShare, power: POWER };
}
