/**
 * What is live in each workspace, worked out once: which event sets off which campaign, and which names anybody waits for. What is
 * remembered is good as long as the stamp is the same, which every turn reads in its transaction; where it is another, what is remembered of those
 * workspaces is forgotten that it is of.
 */
import { CAMPAIGN_LIMITS, type Rule } from '../../../contract/campaign.ts';
import type { Clock } from '../../base/clock.ts';
import { allSegments, type Segment } from '../../contacts/segments.ts';
import type { Tx } from '../../db/pool.ts';
import type { Names } from '../events/names.ts';
import { durationMs } from '../match/duration.ts';
import { asksSets, namesIn } from '../match/evaluate.ts';
import type { DateTrigger } from '../steps/date.ts';
import { versionOf, type Version } from '../steps/version.ts';
import type { Campaign, Live, Watch } from './member.ts';
import { selectOutside, type Outside } from './sql.arms.ts';
import { triggersOf } from './triggers.ts';
import {
  selectChangedSince,
  selectGoalsLeft,
  selectLiveCampaigns,
  selectOpenness,
  selectStamp,
  selectVersionsById,
  type GoalsLeft,
  type LiveCampaign,
} from './sql.live.ts';
import { selectResuming } from './sql.tasks.ts';

/** What is live in a workspace, with the ids of names. */
export type LiveNames = Live & {
  /** Some watches have lanes that they were not gone through in. */
  isBuilding: boolean;
  /** A pause of some campaign may not be over yet for everybody. */
  isResuming: boolean;
  /** Campaigns that are entered by what becomes of a contact, or because a step of another starts them: whatever comes may lead there. */
  indirect: readonly number[];
  /** Versions that nobody goes by any more: who stands in one is moved. */
  closed: ReadonlySet<number>;
  nameOf: ReadonlyMap<number, string>;
  idOf: ReadonlyMap<string, number>;
  /** Ids of names that set something off, or are waited for. */
  interest: ReadonlySet<number>;
  /** Ids of names that do something to who is in a campaign or a segment, whatever is told of them. */
  awaited: ReadonlySet<number>;
  /** Names that rules and waits look back for, with how far (ms). */
  asked: ReadonlyMap<string, number>;
  asksSets: boolean;
};

/** What is live, for turns. `stamp`: of what is live, where this very transaction has read it. */
export type LiveSource = (tx: Tx, stamp?: number) => Promise<(workspaceId: number) => Promise<LiveNames>>;

/** So long after a campaign has ended a goal of it may still be told: as long as anything is waited for, and a day. */
const GOALS_LEFT_MS = CAMPAIGN_LIMITS.waitMs + 86_400_000;

/** Workspaces of which it is remembered: those that were read first are read again. */
const MOST_KNOWN = 2_000;

/** Versions kept that were made ready, but for what one workspace has more. */
const KEPT = 5_000;

/** A version that is live; `isOpen` while those who enter, or who entered by it, go by it. */
type LiveVersion = { version: Version; isOpen: boolean };

/** Remembers what is live, as long as it is. Versions are immutable: one that was made ready is not read again when another is published. */
export function createLiveSource(deps: { names: Names; clock: Pick<Clock, 'nowMs'> }): LiveSource {
  let stamp = -1;
  let untold = -1;
  const known = new Map<number, LiveNames>();
  const ready = new Map<number, Version>();
  const versionsOf = async (tx: Tx, workspaceId: number): Promise<LiveVersion[]> => {
    const found = await selectOpenness(tx, workspaceId);
    if (ready.size > KEPT)
      for (const { id, workspaceId: of } of ready.values()) if (of !== workspaceId) ready.delete(id);
    const missing = found.filter(({ id }) => !ready.has(id)).map(({ id }) => id);
    for (const row of missing.length ? await selectVersionsById(tx, missing) : [])
      ready.set(row.id, versionOf(row));
    return found.flatMap(({ id, isOpen }) => {
      const version = ready.get(id);
      return version ? [{ version, isOpen }] : [];
    });
  };
  const forgetSince = async (tx: Tx, now: number): Promise<void> => {
    const changed = await selectChangedSince(tx, stamp);
    // Another turn may have found as much meanwhile, or more.
    if (now <= stamp) return;
    if (changed.untold !== untold) known.clear();
    for (const id of changed.workspaceIds) known.delete(id);
    [stamp, untold] = [now, changed.untold];
  };
  return async (tx, given) => {
    const now = given ?? (await selectStamp(tx));
    if (now > stamp) await forgetSince(tx, now);
    return async (workspaceId) => {
      const found = known.get(workspaceId);
      if (found) return found;
      // In this order: of a campaign that flows by now it is known whether it is being resumed.
      const [campaigns, versions, outside, segments, goalsLeft, isResuming] = await Promise.all([
        selectLiveCampaigns(tx, workspaceId),
        versionsOf(tx, workspaceId),
        selectOutside(tx, workspaceId),
        allSegments(tx, workspaceId),
        // By the workspace's clock, which may be ahead: then some are asked for in vain.
        selectGoalsLeft(tx, workspaceId, deps.clock.nowMs() - GOALS_LEFT_MS),
        selectResuming(tx, workspaceId),
      ]);
      const made = liveOf(campaigns, versions, outside, segments, goalsLeft);
      const idOf = await deps.names(workspaceId, [...made.asked.keys(), ...made.heard]);
      const live: LiveNames = {
        ...made,
        isResuming,
        idOf,
        nameOf: new Map([...idOf].map(([name, id]) => [id, name])),
        interest: idsOf(made.heard, idOf),
        awaited: idsOf(made.awaitedNames, idOf),
      };
      // Another turn may have found that it is out of date meanwhile.
      if (stamp === now) known.set(workspaceId, live);
      if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!);
      return live;
    };
  };
}

/** What is live, from its rows and versions. */
export function liveOf(
  campaigns: readonly LiveCampaign[],
  open: readonly LiveVersion[],
  outside: Outside | null = null,
  segments: readonly Segment[] = [],
  over: readonly GoalsLeft[] = [],
): Omit<LiveNames, 'idOf' | 'nameOf' | 'interest' | 'awaited' | 'isResuming'> & NamesHeard {
  const versions = new Map(open.map(({ version }) => [version.id, version]));
  const live = campaigns.flatMap((row): Campaign[] => {
    const version = versions.get(row.versionId!);
    return version ? [{ ...row, version, outside }] : [];
  });
  const waited = new Map<string, Set<Campaign>>();
  const asked = new Map<string, number>();
  const awaitedNames = new Set<string>();
  const byId = new Map(live.map((campaign) => [campaign.id, campaign]));
  for (const version of versions.values()) {
    for (const [name, backMs] of version.names) asked.set(name, Math.max(asked.get(name) ?? 0, backMs));
    for (const name of version.hears) awaitedNames.add(name);
    const campaign = byId.get(version.campaignId);
    for (const step of campaign ? version.steps : [])
      if ('wait_for' in step) {
        const { event } = step.wait_for;
        waited.set(event, (waited.get(event) ?? new Set()).add(campaign!));
      }
  }
  for (const { goals: left } of over) for (const { event } of left) awaitedNames.add(event);
  const triggers = triggersOf(live);
  const started = startedBy(versions.values());
  const watches = segments.map(watchOfRow);
  for (const watch of watches)
    for (const { name, backMs } of watch.kind === 'rule' ? namesIn(watch.rule) : []) {
      awaitedNames.add(name);
      asked.set(name, Math.max(asked.get(name) ?? 0, backMs));
    }
  return {
    campaigns: byId,
    versions,
    triggers,
    indirect: live
      .filter(({ key, version }) => version.watch !== null || started.has(key))
      .map(({ id }) => id),
    watches,
    onWatch: watchedBy(live, segments),
    asksSegments: [...versions.values()].some((version) => version.asksSegments),
    isBuilding: segments.some(({ state }) => state === 'building'),
    ...goalsOf([...[...versions.values()].filter(({ campaignId }) => byId.has(campaignId)), ...over]),
    goalsLeft: new Map(over.map(({ id, goals: left }) => [id, left])),
    waited: listsOf(waited),
    closed: new Set(open.flatMap(({ version, isOpen }) => (isOpen ? [] : [version.id]))),
    asked,
    awaitedNames,
    heard: new Set([...awaitedNames, ...triggers.keys()]),
    asksSets:
      [...versions.values()].some((version) => version.asksSets) ||
      watches.some((watch) => watch.kind === 'rule' && asksSets(watch.rule)),
  };
}

/** Whose goals events of a name may be, and how long after an entry at most. */
function goalsOf(
  all: readonly Pick<GoalsLeft, 'campaignId' | 'goals'>[],
): Pick<Live, 'goals' | 'goalsWithinMs'> {
  const whose = new Map<string, Set<number>>();
  const withinMs = new Map<string, number>();
  for (const { campaignId, goals } of all)
    for (const { event, within } of goals) {
      whose.set(event, (whose.get(event) ?? new Set()).add(campaignId));
      withinMs.set(event, Math.max(withinMs.get(event) ?? 0, durationMs(within)!));
    }
  const goals = new Map([...whose].map(([name, ids]) => [name, [...ids].map((id) => ({ id }))]));
  return { goals, goalsWithinMs: withinMs };
}

/** By name: what does something to who is in anything, and that together with what sets something off. */
type NamesHeard = { awaitedNames: ReadonlySet<string>; heard: ReadonlySet<string> };

function idsOf(names: Iterable<string>, idOf: ReadonlyMap<string, number>): Set<number> {
  return new Set([...names].flatMap((name) => idOf.get(name) ?? []));
}

function listsOf(sets: ReadonlyMap<string, ReadonlySet<Campaign>>): Map<string, Campaign[]> {
  return new Map([...sets].map(([name, set]) => [name, [...set]]));
}

/** Keys of campaigns that steps start. */
function startedBy(versions: Iterable<Version>): Set<string> {
  const keys = new Set<string>();
  for (const { steps } of versions)
    for (const step of steps) if ('start' in step) keys.add(step.start.campaign);
  return keys;
}

/** What a row of segments looks at. */
function watchOfRow({ id, key, kind, rule }: Segment): Watch {
  if (kind === 'rule') return { id, key, kind, rule: rule as Rule };
  if (kind === 'value') return { id, key, kind, path: (rule as { path: string }).path };
  return { id, key, kind, date: rule as DateTrigger };
}

/** Which campaigns go by what is looked at. */
function watchedBy(live: readonly Campaign[], segments: readonly Segment[]): Live['onWatch'] {
  const byKey = new Map(segments.map(({ key, id }) => [key, id]));
  const byCampaign = new Map(segments.map(({ campaignId, id }) => [campaignId, id]));
  const found = new Map<number, { campaign: Campaign; on: 'entered' | 'left' }[]>();
  for (const campaign of live) {
    const { watch } = campaign.version;
    if (!watch) continue;
    const id = watch.kind === 'segment' ? byKey.get(watch.key) : byCampaign.get(campaign.id);
    if (id === undefined) continue;
    const one = { campaign, on: 'on' in watch ? watch.on : 'entered' };
    const others = found.get(id);
    if (others) others.push(one);
    else found.set(id, [one]);
  }
  return found;
}
