/**
 * An audience is let into a campaign by hand: told beforehand about how many that are and how many of them would enter, by the very rules
 * by which they will be let in; then done by the owner of each lane, a few in a minute. Whoever came under a key does not come again by it.
 */
import type { Audience } from '../../contract/audience.ts';
import type { CampaignFile } from '../../contract/campaign.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { Clock } from '../base/clock.ts';
import { hash53 } from '../base/crypto.ts';
import { fault, type Fault } from '../base/fault.ts';
import { bucketOf, BUCKETS } from '../base/ids.ts';
import { audienceCondition, whyInAudience } from '../contacts/audience.ts';
import { nextWhere, type SegmentEstimate } from '../contacts/segments.ts';
import { countBounded } from '../contacts/walk.ts';
import type { Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import type { CampaignDeps } from './campaigns.ts';
import { openBook } from './enrol/book.ts';
import { keyOfCall } from './enrol/keys.ts';
import { createLiveSource, type LiveNames } from './enrol/live.ts';
import type { Campaign, Member } from './enrol/member.ts';
import { refusalOf } from './enrol/refusal.ts';
import { selectCurrent, type CampaignRow } from './enrol/sql.live.ts';
import { insertTasks, noteTask, type Task } from './enrol/sql.tasks.ts';
import type { Names } from './events/names.ts';
import { asOfShare, letIn, nextShareMs } from './letIn.ts';
import { evaluate } from './match/evaluate.ts';
import type { Seen } from './match/facts.ts';
import { watchOf } from './steps/version.ts';
import type { TurnDeps } from './turnPart.ts';

/** So many people are asked whether they would enter: buckets are hashes, so the first of each is a fair sample. */
const ASKED = 500;
/** Every so many buckets one is looked into. */
const EVERY = 64;
/** People are counted for so long (ms), and a small shop whole. */
const COUNTED_MS = 50;

/** What would come of it: about how many are meant, and of those who were asked how many would enter, and why the others not. */
type HandForecast = SegmentEstimate & { asked: number; wouldEnter: number; refused: Record<string, number> };

/** Says what would come of letting an audience in now; part of a transaction that writes nothing. */
export async function forecastByHand(
  deps: { names: Names; clock: Pick<Clock, 'nowMs'> },
  tx: Tx,
  row: CampaignRow,
  asked: { audience: Audience; key: string },
  workspace: Workspace,
  nowMs: number,
): Promise<HandForecast | Fault> {
  const broken = await notByHand(tx, row);
  if (broken) return broken;
  const live = await (await createLiveSource(deps)(tx))(workspace.id);
  const campaign = live.campaigns.get(row.id);
  if (!campaign) return closed(row);
  const condition = audienceCondition(tx, workspace.id, asked.audience);
  const bounds = { most: ASKED, forMs: COUNTED_MS };
  const { about, error, isExact } = await countBounded(tx, workspace.id, condition, bounds);
  // A small shop is asked whole: of three who are named a sample would be nobody.
  const every = isExact ? 1 : EVERY;
  const sample = Array.from({ length: BUCKETS / every }, (_, i) => i * every);
  const page = { afterId: 0, limit: ASKED };
  const ids = await nextWhere(tx, workspace.id, sample, condition, page);
  const asOfMs = nowMs + workspace.clockAheadMs;
  const doubts = { mayBeAnonymous: ids };
  const members = await openBook(tx, live, workspace, ids, [row.id], asOfMs, doubts);
  const refused: Record<string, number> = {};
  let wouldEnter = 0;
  for (const member of members.values()) {
    const reason = whyNot(member, campaign, asked.key, asOfMs);
    if (reason === undefined) wouldEnter++;
    else refused[reason] = (refused[reason] ?? 0) + 1;
  }
  return { about, error, asked: members.size, wouldEnter, refused };
}

function whyNot(member: Member, campaign: Campaign, key: string, asOfMs: number): string | undefined {
  const { version } = campaign;
  const refusal = refusalOf(member, campaign, keyOfCall(version, key), asOfMs);
  if (refusal !== undefined) return refusal;
  const { filter } = version.file;
  const trigger = calledBy(campaign, key, asOfMs);
  return filter && !evaluate(filter, member.facts, { trigger, asOfMs }).holds ? 'filter' : undefined;
}

/** Lets them in, at most so many in a minute; part of the transaction. */
export async function enterByHand(
  deps: CampaignDeps,
  tx: Tx,
  campaign: CampaignRow,
  { audience, key, perMinute }: { audience: Audience; key: string; perMinute: number },
  nowMs: number,
): Promise<undefined | Fault> {
  if (campaign.state !== 'active') return closed(campaign);
  const broken = await notByHand(tx, campaign);
  if (broken) return broken;
  const lanes = deps.queue.lanes();
  const { workspaceId, id: campaignId } = campaign;
  const each = Math.max(1, Math.floor(perMinute / lanes.length));
  const of = { id: deps.ids.spread(), workspaceId, campaignId, kind: 'hand' as const };
  const tasks = lanes.flatMap(({ lane, bucket }) => {
    const own = audienceIn(audience, (contactId) => deps.queue.laneOf(bucketOf(contactId)) === lane);
    return own ? [{ ...of, params: { audience: own, key, each }, lane, bucket }] : [];
  });
  if (tasks.length) await insertTasks(tx, tasks, nowMs);
  deps.queue.turn(tx, new Set(tasks.map(({ lane }) => lane)));
  return undefined;
}

/** What of an audience may be in a lane: contacts that are named may be many, and are kept where they are. */
function audienceIn(audience: Audience, isHere: (contactId: number) => boolean): Audience | undefined {
  const { contacts, ...others } = audience.include;
  if (!contacts) return audience;
  const here = contacts.filter(isHere);
  if (here.length) return { ...audience, include: { ...others, contacts: here } };
  return Object.keys(others).length ? { ...audience, include: others } : undefined;
}

function closed({ state }: CampaignRow): Fault {
  return fault('conflict', `a campaign that is ${state} lets nobody in; it must be active`);
}

/** Why nobody is let into it by hand. */
async function notByHand(tx: Tx, campaign: CampaignRow): Promise<Fault | undefined> {
  const row = await selectCurrent(tx, campaign);
  if (!row) return closed(campaign);
  return letsInByHand(row.file.trigger)
    ? undefined
    : fault(
        'unprocessable',
        'only a campaign whose trigger is hand, api, or coming into a segment, list or tag lets people in by hand',
      );
}

/** Who is inside when it is published does not come in: those, too, are let in by hand. */
function letsInByHand(trigger: CampaignFile['trigger']): boolean {
  if ('hand' in trigger || 'api' in trigger) return true;
  if (!('segment' in trigger || 'list' in trigger || 'tag' in trigger)) return false;
  const watched = watchOf(trigger);
  return watched !== null && 'on' in watched && watched.on === 'entered';
}

/** The next of a lane who are meant. */
export async function takeByHand(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  live: LiveNames,
  task: Task,
  { workspace, nowMs, most }: { workspace: Workspace | undefined; nowMs: number; most: number },
): Promise<void> {
  const campaign = live.campaigns.get(task.campaignId);
  const { audience, key, each = 1, only } = task.params;
  if (!workspace || !campaign || !audience || key === undefined) return await noteTask(tx, task, undefined);
  const limit = only ? 1 : Math.min(each, most);
  const of = { workspaceId: workspace.id, audience, afterId: task.afterId, limit };
  const ids = only ? await aloneIn(tx, of, only) : await nextOf(tx, lane, of);
  // One at a time (`turn.ts`) they are let in as quickly as together.
  const againMs = nextShareMs(task, { workspace, nowMs }, limit);
  await noteTask(tx, task, ids.length === limit ? ids.at(-1) : undefined, againMs);
  if (!ids.length) return;
  const asOfMs = asOfShare(task, { workspace, nowMs });
  await letIn(deps, tx, live, { workspace, campaign, nowMs, asOfMs }, ids, () => ({
    trigger: calledBy(campaign, key, asOfMs),
    key: keyOfCall(campaign.version, key),
  }));
}

/** Whom of an audience is meant. */
type Meant = { workspaceId: number; audience: Audience; afterId: number; limit: number };

async function nextOf(tx: Tx, lane: OwnedLane, { workspaceId, audience, ...page }: Meant): Promise<number[]> {
  const condition = audienceCondition(tx, workspaceId, audience, lane.buckets);
  return await nextWhere(tx, workspaceId, lane.buckets, condition, page);
}

/** The one contact that a task is of, unless it is done or they are not meant. */
async function aloneIn(tx: Tx, { workspaceId, audience, afterId }: Meant, only: number): Promise<number[]> {
  if (afterId === only) return [];
  return (await whyInAudience(tx, workspaceId, only, audience))?.matches ? [only] : [];
}

/** What somebody enters by who is called in. */
function calledBy({ id }: Campaign, key: string, atMs: number): Seen {
  return {
    name: '$call',
    atMs,
    receivedMs: atMs,
    key: hash53(`call ${id} ${key}`),
    order: 0,
    properties: {},
  };
}
