/**
 * Campaigns as people steer them: a draft is written, published as a version that never changes, paused, resumed and ended. What is to
 * be done with all who are in one is a task that the owner of each lane does (`tasks.ts`).
 *
 *     draft → active ⇄ paused
 *               └────────┴──▶ ended
 */
import type { CampaignFile } from '../../contract/campaign.ts';
import { listMembers } from '../accounts/operators.ts';
import type { Clock } from '../base/clock.ts';
import { randomToken } from '../base/crypto.ts';
import { changedMeanwhile, fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import { streamApart } from '../queue/work/stream.ts';
import { needNames, type Names } from './events/names.ts';
import {
  bumpStamp,
  closeVersions,
  deleteCampaignRow,
  insertCampaign,
  insertVersion,
  selectByKey,
  selectCampaign,
  selectCampaigns,
  selectCurrent,
  updateCampaign,
  type CampaignRow,
  type VersionRow,
} from './enrol/sql.live.ts';
import { holdOutside, insertEpoch } from './enrol/sql.arms.ts';
import { expectedOf } from './enrol/brake.ts';
import { setExpected } from './enrol/sql.brake.ts';
import { checkHanded, type HandDeps } from './enrol/hand.ts';
import { insertTasks } from './enrol/sql.tasks.ts';
import { durationMs } from './match/duration.ts';
import { readCampaign } from './steps/definition.ts';
import type { Pause } from './steps/resumed.ts';
import { checkNamed, keyOfEnded } from './named.ts';
import { sameEpoch } from './plan.ts';
import { versionOf } from './steps/version.ts';
import { watchFor } from './segments/segments.ts';
import { withTemplates } from './templates.ts';
import { epochOf } from './outside.ts';

export type { CampaignRow, VersionRow } from './enrol/sql.live.ts';

/** A campaign of a workspace. */
export async function findCampaign(
  db: Db,
  workspaceId: number,
  id: number,
): Promise<CampaignRow | undefined> {
  return await selectCampaign(db, workspaceId, id);
}

/** A campaign of a workspace by its key. */
export const findCampaignByKey = selectByKey;
/** Campaigns of a workspace, newest first. */
export const listCampaigns = selectCampaigns;

/** What this room's functions work with. */
export type CampaignDeps = { queue: Queue; ids: IdSource; names: Names; clock: Clock } & Partial<HandDeps>;

/** Who changes what is written of a campaign. With `revision` only where nobody has changed that one since. */
export type ChangedBy = { operatorId?: number | null | undefined; revision?: number | undefined };

/** Writes a draft: of the campaign with that key, or of a new one. Nothing is written when anything is wrong with it. */
export async function saveDraft(
  deps: Pick<CampaignDeps, 'ids' | 'stepHandlers'>,
  tx: Tx,
  workspaceId: number,
  given: unknown,
  nowMs: number,
  by: ChangedBy = {},
): Promise<CampaignRow | Fault> {
  const file = await checkDraft(deps, tx, workspaceId, given);
  if (isFault(file)) return file;
  const found = await selectByKey(tx, workspaceId, file.key);
  if (!found) {
    if (by.revision !== undefined)
      return fault('precondition_failed', 'there is no campaign with this key any more');
    const made = newCampaign(deps, workspaceId, file, by, nowMs);
    return (await insertCampaign(tx, made))
      ? made
      : fault('conflict', 'campaign.key: another campaign has it', { field: 'campaign.key' });
  }
  const now = await lockedIn(tx, workspaceId, found.id, ['draft', 'active', 'paused', 'ended'], 'be changed');
  if (isFault(now)) return now;
  const stale = keyOfEnded(now) ?? (await staleIn(tx, now, by));
  if (stale) return stale;
  const changed = { ...now, draft: file, name: file.name ?? file.key, ...changedBy(now, by, nowMs) };
  await updateCampaign(tx, changed);
  return changed;
}

/** The campaign in what was given, or the first rule of a draft that it breaks. */
export async function checkDraft(
  deps: Partial<HandDeps>,
  tx: Tx,
  workspaceId: number,
  given: unknown,
): Promise<CampaignFile | Fault> {
  const file = readCampaign(given);
  if (isFault(file)) return file;
  const expanded = await withTemplates(tx, workspaceId, file);
  if (isFault(expanded)) return expanded;
  return (await checkHanded(deps, tx, workspaceId, file)) ?? file;
}

function changedBy({ revision }: CampaignRow, { operatorId = null }: ChangedBy, nowMs: number) {
  return { changedMs: nowMs, changedBy: operatorId, revision: revision + 1 };
}

/** Somebody has changed it since, and who. */
async function staleIn(tx: Tx, now: CampaignRow, { revision }: ChangedBy): Promise<Fault | undefined> {
  if (revision === undefined || revision === now.revision) return undefined;
  const members = await listMembers(tx, { workspaceId: now.workspaceId });
  return changedMeanwhile(now.revision, { who: members.find(({ id }) => id === now.changedBy)?.name });
}

function newCampaign(
  { ids }: Pick<CampaignDeps, 'ids'>,
  workspaceId: number,
  file: CampaignFile,
  { operatorId = null }: ChangedBy,
  nowMs: number,
): CampaignRow {
  return {
    id: ids.spread(),
    workspaceId,
    key: file.key,
    name: file.name ?? file.key,
    state: 'draft',
    draft: file,
    versionId: null,
    epoch: 0,
    salt: randomToken(12),
    paused: null,
    pausedMs: null,
    createdMs: nowMs,
    changedMs: nowMs,
    startedMs: null,
    revision: 1,
    changedBy: operatorId,
    archivedMs: null,
  };
}

/** Deletes a campaign that was never published, or takes back a draft that was. */
export async function dropDraft(
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
  by: ChangedBy = {},
): Promise<CampaignRow | Fault> {
  const now = await lockedIn(tx, workspaceId, id, ['draft', 'active', 'paused'], 'be changed');
  if (isFault(now)) return now;
  const stale = await staleIn(tx, now, by);
  if (stale) return stale;
  if (!now.draft) return fault('conflict', 'the campaign has no draft that could be taken back');
  const name = (await selectCurrent(tx, now))?.file.name ?? now.key;
  const changed = { ...now, draft: null, name, ...changedBy(now, by, nowMs) };
  if (now.versionId === null) await deleteCampaignRow(tx, id);
  else await updateCampaign(tx, changed);
  return changed;
}

/** Puts a campaign that is over aside, so that lists leave it out; or takes it back. */
export async function archiveCampaign(
  tx: Tx,
  workspaceId: number,
  id: number,
  isAside: boolean,
  nowMs: number,
): Promise<CampaignRow | Fault> {
  const states = isAside ? (['ended'] as const) : (['ended', 'draft'] as const);
  const now = await lockedIn(tx, workspaceId, id, states, isAside ? 'be put aside' : 'be taken back');
  if (isFault(now)) return now;
  const changed = { ...now, archivedMs: isAside ? (now.archivedMs ?? nowMs) : null };
  await updateCampaign(tx, changed);
  return changed;
}

/** Publishes the draft. `move`: those who are in it go by the new version from now on; `finish`: by the one they entered by. */
export async function publish(
  deps: CampaignDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  how: 'move' | 'finish',
  nowMs: number,
  by: ChangedBy = {},
): Promise<CampaignRow | Fault> {
  // Before the campaign itself, as where the share is set.
  const outside = await holdOutside(tx, workspaceId, randomToken(12), nowMs);
  const now = await lockedIn(tx, workspaceId, id, ['draft', 'active', 'paused'], 'be published');
  if (isFault(now)) return now;
  const stale = await staleIn(tx, now, by);
  if (stale) return stale;
  if (!now.draft) return fault('conflict', 'the campaign has no draft that could be published');
  const file = await withTemplates(tx, workspaceId, now.draft);
  if (isFault(file)) return file;
  const missing = await checkNamed(deps, tx, workspaceId, file);
  if (missing) return missing;
  const current = await selectCurrent(tx, now);
  const isSame = current !== undefined && sameEpoch(current.file, file);
  const version: VersionRow = {
    id: deps.ids.spread(),
    campaignId: id,
    workspaceId,
    number: (current?.number ?? 0) + 1,
    file,
    epoch: isSame ? now.epoch : now.epoch + 1,
    isOpen: true,
    publishedMs: nowMs,
  };
  // Names stand before what is asked by them; this goes to a pool that is in no transaction.
  const { names, trigger, hears, watch } = versionOf(version);
  const known = await needNames(deps.names, workspaceId, [
    ...names.keys(),
    ...hears,
    ...(trigger ? [trigger.name] : []),
  ]);
  if (isFault(known)) return known;
  const published: CampaignRow = {
    ...now,
    draft: null,
    state: now.state === 'draft' ? 'active' : now.state,
    versionId: version.id,
    epoch: version.epoch,
    salt: isSame ? now.salt : randomToken(12),
    ...changedBy(now, by, nowMs),
    startedMs: now.startedMs ?? nowMs,
  };
  await insertVersion(tx, version);
  if (!isSame) await insertEpoch(tx, epochOf(published, file, outside.points, nowMs));
  if (how === 'move') {
    await closeVersions(tx, id, version.id);
    if (current) await putTasks(deps, tx, now, 'move', {}, nowMs);
  }
  await updateCampaign(tx, published);
  const nameId = trigger ? known.get(trigger.name) : undefined;
  await setExpected(tx, id, await expectedOf(tx, workspaceId, { nameId, watch }, nowMs));
  await watchFor(deps, tx, published, file, nowMs);
  await setFlow(deps, tx, published);
  await bumpStamp(tx, workspaceId);
  return published;
}

/** Stops a campaign: `entering` lets nobody in, `all` lets nobody on either, and what was let in waits unsent. */
export async function pauseCampaign(
  deps: CampaignDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  what: 'entering' | 'all',
  nowMs: number,
): Promise<CampaignRow | Fault> {
  const now = await lockedIn(tx, workspaceId, id, ['active', 'paused'], 'be paused');
  if (isFault(now)) return now;
  if (now.paused === 'all' && what === 'entering')
    return fault('conflict', 'the campaign stands still: resume it before its entering alone is paused');
  const paused: CampaignRow = {
    ...now,
    state: 'paused',
    paused: what,
    pausedMs: now.paused === what ? now.pausedMs : nowMs,
    changedMs: nowMs,
  };
  await updateCampaign(tx, paused);
  await setFlow(deps, tx, paused);
  await bumpStamp(tx, workspaceId);
  return paused;
}

/** How a campaign goes on: `shift` moves what was waited for by the pause, `catch_up` does now what fell due meanwhile. */
export type Resume = { mode: 'shift' | 'catch_up'; over: string };

/** Goes on. What is overdue by then is spread over a time. */
export async function resumeCampaign(
  deps: CampaignDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  { mode, over }: Resume,
  nowMs: number,
): Promise<CampaignRow | Fault> {
  const now = await lockedIn(tx, workspaceId, id, ['paused'], 'be resumed');
  if (isFault(now)) return now;
  if (now.paused === 'all') {
    const byMs = mode === 'shift' ? nowMs - now.pausedMs! : 0;
    const pause = { pausedMs: now.pausedMs!, byMs, overMs: durationMs(over)! };
    await putTasks(deps, tx, now, 'resume', pause, nowMs);
  }
  const resumed: CampaignRow = { ...now, state: 'active', paused: null, pausedMs: null, changedMs: nowMs };
  await updateCampaign(tx, resumed);
  // Who resumes what was stopped by itself has said that it is right.
  if (now.note) await setExpected(tx, id, null);
  await setFlow(deps, tx, resumed);
  await bumpStamp(tx, workspaceId);
  return resumed;
}

/** Ends a campaign: nobody enters, and all who are in it exit. */
export async function endCampaign(
  deps: CampaignDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<CampaignRow | Fault> {
  const now = await lockedIn(tx, workspaceId, id, ['active', 'paused'], 'be ended');
  if (isFault(now)) return now;
  const ended: CampaignRow = {
    ...now,
    state: 'ended',
    paused: null,
    pausedMs: null,
    draft: null,
    changedMs: nowMs,
  };
  await updateCampaign(tx, ended);
  await watchFor(deps, tx, ended, undefined, nowMs);
  await putTasks(deps, tx, now, 'end', {}, nowMs);
  await bumpStamp(tx, workspaceId);
  return ended;
}

/** What a campaign sends flows as long as it does. */
async function setFlow(
  { queue }: Pick<CampaignDeps, 'queue'>,
  tx: Tx,
  { id, workspaceId, paused }: CampaignRow,
): Promise<void> {
  const flowing = paused !== 'all';
  await queue.flow(tx, {
    stream: streamApart(id),
    kind: KIND.delivery,
    workspaceId,
    flowing,
    ratePerS: null,
  });
}

async function putTasks(
  deps: CampaignDeps,
  tx: Tx,
  { id: campaignId, workspaceId }: CampaignRow,
  kind: 'move' | 'resume' | 'end',
  params: Partial<Pause>,
  nowMs: number,
): Promise<void> {
  const lanes = deps.queue.lanes();
  const id = deps.ids.spread();
  const task = { id, workspaceId, campaignId, kind, params };
  await insertTasks(
    tx,
    lanes.map(({ lane, bucket }) => ({ ...task, lane, bucket })),
    nowMs,
  );
  deps.queue.turn(tx, new Set(lanes.map(({ lane }) => lane)));
}

async function lockedIn(
  tx: Tx,
  workspaceId: number,
  id: number,
  states: readonly CampaignRow['state'][],
  what: string,
): Promise<CampaignRow | Fault> {
  const campaign = await selectCampaign(tx, workspaceId, id, true);
  if (!campaign) return fault('not_found', 'there is no such campaign');
  if (states.includes(campaign.state)) return campaign;
  return fault(
    'conflict',
    `a campaign that is ${campaign.state} cannot ${what}; it must be ${states.join(' or ')}`,
  );
}
