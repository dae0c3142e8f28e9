/**
 * What a campaign changed: each goal, treated against holdout, of all who entered whether or not a message left (intent to treat). Epochs
 * are never added up, and where nothing can be said yet, that is what is said.
 */
import type { Goal } from '../../../contract/campaign.ts';
import type { CampaignReport } from '../../../contract/doors/console/campaigns.ts';
import type { Db } from '../../db/pool.ts';
import type { CampaignRow, VersionRow } from '../enrol/sql.live.ts';
import { basisPoints, durationMs } from '../match/duration.ts';
import { selectTallies, selectWindows, type Counted, type Windowed } from './sql.ts';
import {
  alwaysValid,
  alwaysValidMean,
  meanOf,
  newcombe,
  pooled,
  splitTest,
  verdictOf,
  wilson,
  type Interval,
  type Share,
} from './statistics.ts';

/** A report. `versions` are those of the campaign; `nowMs` is by the workspace's clock. */
export async function reportOf(
  db: Db,
  campaign: CampaignRow,
  versions: readonly VersionRow[],
  nowMs: number,
): Promise<CampaignReport> {
  const tallies = await selectTallies(db, campaign.id);
  const epochs = [...new Set(versions.map(({ epoch }) => epoch))].sort((a, b) => a - b);
  const told = [];
  for (const epoch of epochs) {
    const version = versions.find((one) => one.epoch === epoch)!;
    const own = tallies.filter((one) => one.epoch === epoch);
    const share = version.file.holdout === undefined ? 0 : basisPoints(version.file.holdout)! / 10_000;
    const treated = countOf(own, 0, 'entered');
    const holdout = countOf(own, 1, 'entered');
    const split = splitTest(treated, holdout, share);
    const goals = [];
    for (const goal of version.file.goals ?? []) {
      const windows = await selectWindows(db, campaign.id, goal.key, nowMs - durationMs(goal.within)!);
      goals.push(
        goalOf(
          goal,
          windows.filter((one) => one.epoch === epoch),
          own,
          share > 0,
          split?.isBroken ?? false,
        ),
      );
    }
    const crossovers = own.filter(({ metric }) => metric === 'crossover').reduce((sum, { n }) => sum + n, 0);
    told.push({
      epoch,
      holdoutShare: share,
      entered: { treated, holdout },
      split: split ?? null,
      warnings:
        crossovers > (treated + holdout) / 100 ? ['more than 1 % crossed from one arm to the other'] : [],
      goals,
    });
  }
  return { epochs: told, pooled: pooledGoals(told), funnel: funnelOf(tallies), endings: endingsOf(tallies) };
}

function goalOf(
  goal: Goal,
  windows: readonly Windowed[],
  tallies: readonly Counted[],
  hasHoldout: boolean,
  isBroken: boolean,
) {
  const armOf = (arm: 0 | 1) => {
    const row = windows.find((one) => one.arm === arm);
    const share: Share = { converted: row?.converted ?? 0, n: row?.closed ?? 0 };
    const value = tallies.find(
      (one) => one.arm === arm && one.step === `goal:${goal.key}` && one.metric === 'converted',
    );
    return { share, open: (row?.entered ?? 0) - share.n, entered: row?.entered ?? 0, value };
  };
  const [treated, holdout] = [armOf(0), armOf(1)];
  const shown = ({ share, open, value }: typeof treated) => ({
    entries: share.n,
    stillOpen: open,
    converted: share.converted,
    rate: share.n ? share.converted / share.n : null,
    interval: wilson(share),
    value: value?.total ?? 0,
  });
  const { key, primary, currency, value } = goal;
  const compared = hasHoldout
    ? {
        difference: rateOf(treated.share) - rateOf(holdout.share),
        verdict: verdictOf(treated.share, holdout.share, isBroken),
        whileRunning: alwaysValid(treated.share, holdout.share) ?? null,
        atPlannedEnd: {
          interval: newcombe(treated.share, holdout.share),
          note: 'valid only at the planned end',
        },
      }
    : null;
  return {
    key,
    primary: primary ?? false,
    currency: currency ?? null,
    treated: shown(treated),
    holdout: hasHoldout ? shown(holdout) : null,
    effect: compared,
    valuePerEntry: value !== undefined && hasHoldout ? valueOf(treated, holdout) : null,
  };
}

/** Value for each who entered; as it is, not winsorised: one very large value may decide it. */
function valueOf(
  treated: { entered: number; value: Counted | undefined },
  holdout: { entered: number; value: Counted | undefined },
) {
  const [a, b] = [treated, holdout].map(({ entered, value }) =>
    meanOf(entered, value?.total ?? 0, value?.squares ?? 0),
  );
  return {
    treated: a!.mean,
    holdout: b!.mean,
    difference: a!.mean - b!.mean,
    whileRunning: a!.n > 0 && b!.n > 0 ? (alwaysValidMean(a!, b!) ?? null) : null,
  };
}

function pooledGoals(epochs: readonly { goals: readonly ReturnType<typeof goalOf>[] }[]) {
  const keys = new Set(epochs.flatMap(({ goals }) => goals.map(({ key }) => key)));
  return [...keys].map((key) => {
    const pairs = epochs.flatMap(({ goals }) => {
      const goal = goals.find((one) => one.key === key && one.holdout);
      if (!goal) return [];
      const share = (of: { converted: number; entries: number }) => ({
        converted: of.converted,
        n: of.entries,
      });
      return [{ treated: share(goal.treated), control: share(goal.holdout!) }];
    });
    return { key, epochs: pairs.length, ...(pooled(pairs) ?? NOTHING) };
  });
}

const NOTHING: { d: number | null; interval: Interval | null } = { d: null, interval: null };

function rateOf({ converted, n }: Share): number {
  return n ? converted / n : 0;
}

function countOf(tallies: readonly Counted[], arm: number, metric: string): number {
  return tallies
    .filter((one) => one.arm === arm && one.metric === metric && one.step === '')
    .reduce((sum, { n }) => sum + n, 0);
}

/** What was done at each step, over all epochs: `sent`, `would_send`, `delivered`, `opened`, `clicked`, `replied`, `failed`, `unsent`. */
function funnelOf(tallies: readonly Counted[]): Record<string, Record<string, number>> {
  const steps: Record<string, Record<string, number>> = {};
  for (const { step, metric, n } of tallies) {
    if (step === '' || step.startsWith('goal:')) continue;
    const own = (steps[step] ??= {});
    own[metric] = (own[metric] ?? 0) + n;
  }
  return steps;
}

function endingsOf(tallies: readonly Counted[]): Record<string, number> {
  const endings: Record<string, number> = {};
  for (const { metric, n } of tallies) {
    const ending = /^ended:(.+)$/.exec(metric)?.[1];
    if (ending !== undefined) endings[ending] = (endings[ending] ?? 0) + n;
  }
  return endings;
}
