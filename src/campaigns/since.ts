/**
 * Entering for those who did what sets a campaign off before it was there: asked for apart, told beforehand about how many there are and how
 * many of them would enter, and done by the owner of each lane a few in a minute. They enter now, or as of when they did it (`asOfThen.ts`).
 * Who entered already does not enter again; the entry rule and the filter are asked. History never lets anybody in (campaigns.md §3.1).
 */
import { CAMPAIGN_LIMITS } from '../../contract/campaign.ts';
import { EVENTS_KEPT_MS } from '../db/partitions.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { asOfThen, type Then } from './asOfThen.ts';
import type { CampaignDeps } from './campaigns.ts';
import { comeUntil } from './due.ts';
import { depthOf } from './enrol/chain.ts';
import { keyOfEvent } from './enrol/keys.ts';
import type { LiveNames } from './enrol/live.ts';
import type { Campaign, Member } from './enrol/member.ts';
import { selectWhoDid } from './enrol/sql.brake.ts';
import { selectCurrent, type CampaignRow } from './enrol/sql.live.ts';
import { selectEventsOf, type EventRow } from './enrol/sql.read.ts';
import { insertTasks, noteTask, type Task } from './enrol/sql.tasks.ts';
import { writeChanges } from './enrol/write.ts';
import { FLAG } from './events/time.ts';
import { asOfShare, holdThem, letIn, nextShareMs } from './letIn.ts';
import { whereHolds } from './match/evaluate.ts';
import type { Seen } from './match/facts.ts';
import { versionOf } from './steps/version.ts';
import type { TurnDeps } from './turnPart.ts';

/** So many are taken through what they did in one batch: each may have done thousands of things. */
const THEN_AT_ONCE = 100;

/** Since when, and as of when they enter: now, or when they did it. */
export type Since = { sinceMs: number; from: 'now' | 'event' };

/** Lets them enter, at most so many in a minute; part of the transaction. */
export async function enterSince(
  deps: CampaignDeps,
  tx: Tx,
  campaign: CampaignRow,
  { sinceMs, from, perMinute }: Since & { perMinute: number },
  nowMs: number,
): Promise<undefined | Fault> {
  if (campaign.state !== 'active')
    return fault('conflict', `a campaign that is ${campaign.state} lets nobody in; it must be active`);
  const name = await triggerOf(tx, campaign);
  if (isFault(name)) return name;
  const lanes = deps.queue.lanes();
  const id = deps.ids.spread();
  const each = Math.max(1, Math.floor(perMinute / lanes.length));
  const params = { sinceMs, each, ...(from === 'event' ? { from } : {}) };
  const { workspaceId, id: campaignId } = campaign;
  const task = { id, workspaceId, campaignId, kind: 'since' as const, params };
  await insertTasks(
    tx,
    lanes.map(({ lane, bucket }) => ({ ...task, lane, bucket })),
    nowMs,
  );
  deps.queue.turn(tx, new Set(lanes.map(({ lane }) => lane)));
  return undefined;
}

/** The event that sets a campaign off which is published. */
export async function triggerOf(db: Db, campaign: CampaignRow): Promise<string | Fault> {
  const row = await selectCurrent(db, campaign);
  const name = row && versionOf(row).trigger?.name;
  return (
    name ??
    fault(
      'unprocessable',
      'only a campaign that is published and set off by an event can be entered for the past',
    )
  );
}

/** The next of a lane who did it. */
export async function takeSince(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  live: LiveNames,
  task: Task,
  { workspace, nowMs, most }: { workspace: Workspace | undefined; nowMs: number; most: number },
): Promise<void> {
  const { workspaceId, campaignId, afterId } = task;
  const campaign = live.campaigns.get(campaignId);
  const nameId = campaign && triggerIdOf(live, campaign);
  if (!workspace || !campaign || nameId === undefined) return await noteTask(tx, task, undefined);
  const { sinceMs: saidMs = 0, each = 1, from = 'now', only } = task.params;
  const sinceMs = keptSince(saidMs, nowMs + workspace.clockAheadMs);
  const limit = Math.min(only ? 1 : each, most, from === 'event' ? THEN_AT_ONCE : Infinity);
  const asked = { workspaceId, nameId, sinceMs, afterId, limit, only };
  const ids = await selectWhoDid(tx, only ? [bucketOf(only)] : lane.buckets, asked);
  // What is less than a minute's share comes again the sooner.
  const nextMs = nextShareMs(task, { workspace, nowMs }, limit);
  await noteTask(tx, task, ids.length === limit ? ids.at(-1) : undefined, nextMs);
  if (!ids.length) return;
  const of = { workspace, campaign, nowMs };
  if (from === 'now') {
    const now = { ...of, asOfMs: asOfShare(task, of) };
    return await letIn(deps, tx, live, now, ids, await byWhatTheyDid(tx, live, campaign, sinceMs, ids));
  }
  await holdThem(tx, of, ids);
  const untilMs = (await comeUntil(tx, lane, nowMs)) + workspace.clockAheadMs;
  const then: Then = { ...of, sinceMs, untilMs };
  const { members, changes, goOn } = await asOfThen(deps, tx, live, then, ids);
  await writeChanges(deps, tx, live, workspace, members, changes, nowMs, goOn);
}

/** The name of the event that sets a campaign off, by its id. */
function triggerIdOf(live: LiveNames, { version }: Campaign): number | undefined {
  return version.trigger ? live.idOf.get(version.trigger.name) : undefined;
}

/** Since when anything is known of it: events are kept so long, and how often each was done for longer. */
export function keptSince(sinceMs: number, theirNowMs: number): number {
  return Math.max(sinceMs, theirNowMs - EVENTS_KEPT_MS);
}

/** By what of each contact they enter now: the newest of what they did that sets it off. */
export async function byWhatTheyDid(
  tx: Tx,
  live: LiveNames,
  campaign: Campaign,
  sinceMs: number,
  contactIds: readonly number[],
): Promise<(member: Member, asOfMs: number) => { trigger: Seen; key: number | undefined } | undefined> {
  const { version } = campaign;
  const nameId = triggerIdOf(live, campaign)!;
  const asked = contactIds.map((contactId) => ({ contactId, nameId, sinceMs }));
  const rows = asked.length ? await selectEventsOf(tx, asked, CAMPAIGN_LIMITS.counted) : [];
  const events = Map.groupBy(rows, ({ contactId }) => contactId);
  return (member, asOfMs) => {
    const found = (events.get(member.contactId) ?? [])
      .filter(({ flags }) => !(flags & FLAG.history))
      .map((row) => seenOf(row, version.trigger!.name))
      .find((event) => {
        const where = version.trigger?.where;
        return !where || whereHolds(where, event, member.facts, { trigger: event, asOfMs });
      });
    return found && { trigger: found, key: keyOfEvent(version, found) };
  };
}

function seenOf({ contactId: _contactId, nameId: _nameId, flags, ...event }: EventRow, name: string): Seen {
  const depth = depthOf(flags, event.properties);
  return { ...event, name, ...(depth > 0 ? { depth } : {}) };
}
