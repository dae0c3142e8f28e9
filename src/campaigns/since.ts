/**
 * Entering for those who did what sets a campaign off before it was there: asked for apart, told beforehand about how many there are, and
 * done by the owner of each lane a few in a minute. Who entered already does not enter again; the entry rule and the filter are asked.
 */
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { Tx, Db } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import { ESTIMATE } from '../contacts/segments.ts';
import { allOfFew, estimated, toldOf } from '../contacts/walk.ts';
import { CAMPAIGN_LIMITS } from '../../contract/campaign.ts';
import type { CampaignDeps } from './campaigns.ts';
import { keyOfEvent } from './enrol/keys.ts';
import type { LiveNames } from './enrol/live.ts';
import { countOfThose, countWhoDid, selectWhoDid } from './enrol/sql.brake.ts';
import { selectVersions, type CampaignRow } from './enrol/sql.live.ts';
import { selectEventsOf } from './enrol/sql.read.ts';
import { insertTasks, noteTask, type Task } from './enrol/sql.tasks.ts';
import { needNames, type Names } from './events/names.ts';
import { letIn } from './letIn.ts';
import { whereHolds } from './match/evaluate.ts';
import { versionOf } from './steps/version.ts';
import type { TurnDeps } from './turnPart.ts';

const MINUTE_MS = 60_000;

/** About how many did since a time what sets a campaign off; by the workspace's clock. */
export async function forecastSince(
  deps: { names: Names },
  db: Db,
  campaign: CampaignRow,
  sinceMs: number,
): Promise<{ about: number; error: number } | Fault> {
  const name = await triggerOf(db, campaign);
  if (isFault(name)) return name;
  const ids = await needNames(deps.names, campaign.workspaceId, [name]);
  if (isFault(ids)) return ids;
  const of = { workspaceId: campaign.workspaceId, nameId: ids.get(name)!, sinceMs };
  const few = await allOfFew(db, campaign.workspaceId);
  if (few) return { about: await countOfThose(db, few, of), error: 0 };
  return toldOf(await estimated((buckets) => countWhoDid(db, buckets, of), ESTIMATE));
}

/** Lets them enter, at most so many in a minute; part of the transaction. */
export async function enterSince(
  deps: CampaignDeps,
  tx: Tx,
  campaign: CampaignRow,
  { sinceMs, perMinute }: { sinceMs: number; perMinute: number },
  nowMs: number,
): Promise<undefined | Fault> {
  if (campaign.state !== 'active')
    return fault('conflict', `a campaign that is ${campaign.state} lets nobody in; it must be active`);
  const name = await triggerOf(tx, campaign);
  if (isFault(name)) return name;
  const lanes = deps.queue.lanes();
  const id = deps.ids.spread();
  const params = { sinceMs, each: Math.max(1, Math.floor(perMinute / lanes.length)) };
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

async function triggerOf(db: Db, campaign: CampaignRow): Promise<string | Fault> {
  const row = (await selectVersions(db, campaign.id)).find(({ id }) => id === campaign.versionId);
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
  const name = campaign?.version.trigger?.name;
  const nameId = name === undefined ? undefined : live.idOf.get(name);
  if (!workspace || !campaign || name === undefined || nameId === undefined)
    return await noteTask(tx, task, undefined);
  const { sinceMs = 0, each = 1 } = task.params;
  const limit = Math.min(each, most);
  const ids = await selectWhoDid(tx, lane, { workspaceId, nameId, sinceMs, afterId, limit });
  await noteTask(tx, task, ids.length === limit ? ids.at(-1) : undefined, nowMs + MINUTE_MS);
  if (!ids.length) return;
  const asked = ids.map((contactId) => ({ contactId, nameId, sinceMs }));
  const events = Map.groupBy(
    await selectEventsOf(tx, asked, CAMPAIGN_LIMITS.counted),
    (one) => one.contactId,
  );
  const { version } = campaign;
  await letIn(deps, tx, live, { workspace, campaign, nowMs }, ids, (member, asOfMs) => {
    const trigger = (events.get(member.contactId) ?? [])
      .map(({ contactId: _contactId, nameId: _nameId, flags: _flags, ...event }) => ({ ...event, name }))
      .find((event) => {
        const where = version.trigger?.where;
        return !where || whereHolds(where, event, member.facts, { trigger: event, asOfMs });
      });
    return trigger && { trigger, key: keyOfEvent(version, trigger) };
  });
}
