/**
 * Segments as people write them, and what campaigns' triggers look at: a row is written, and going through each lane is put in as a task.
 * Processes that change contacts know within a second that somebody wants to know (`heard.ts`), so lanes are gone through after that.
 */
import type { Rule } from '../../../contract/campaign.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import {
  allSegments,
  countSegments,
  deleteSegments,
  estimateWhere,
  insertSegment,
  selectSegment,
  updateSegment,
  watchesOf,
  type SegmentEstimate,
  type Segment,
} from '../../contacts/segments.ts';
import { holdSets } from '../../contacts/sets.ts';
import { walkNewest } from '../../contacts/walk.ts';
import type { Clock } from '../../base/clock.ts';
import { lockFor } from '../../db/lock.ts';
import type { Db, Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { bumpStamp, selectNaming } from '../enrol/sql.live.ts';
import { deleteTasks, insertTasks } from '../enrol/sql.tasks.ts';
import { needNames, type Names } from '../events/names.ts';
import { namesIn } from '../match/evaluate.ts';
import { keyAt, reading, textAt } from '../match/reading.ts';
import { segmentRuleAt } from '../match/rule.ts';
import type { CampaignFile } from '../../../contract/campaign.ts';
import { segmentsAsked, watchOf, type Watched } from '../steps/version.ts';
import { LISTENING_MS } from './heard.ts';
import { ruleCondition } from './sql.rule.ts';
import { namesSet, setsIn, type SetNamed } from './uses.ts';

/** What segments need. */
export type SegmentDeps = { queue: Queue; ids: IdSource; names: Names; clock: Clock };

/** What a caller writes of a segment. */
export type SegmentInput = { key?: unknown; name?: unknown; rule?: unknown };

/** Segments of a workspace, at most. */
const MOST = 500;

/** Makes a segment; who is in it is found in a moment. `nowMs` is by the workspace's clock. */
export async function createSegment(
  deps: SegmentDeps,
  tx: Tx,
  workspaceId: number,
  input: SegmentInput,
  nowMs: number,
): Promise<Segment | Fault> {
  const read = reading(() => ({
    key: keyAt(input.key, 'key'),
    name: input.name === undefined ? keyAt(input.key, 'key') : textAt(input.name, 'name'),
    rule: segmentRuleAt(input.rule, 'rule'),
  }));
  if (isFault(read)) return read;
  await holdSets(tx, workspaceId, setsIn(read.rule));
  const isFull = async () => (await countSegments(tx, workspaceId)) >= MOST;
  const full = fault('unprocessable', `a workspace has at most ${MOST} segments`);
  if (await isFull()) return full;
  const known = await nameEvents(deps, workspaceId, read.rule);
  if (isFault(known)) return known;
  const made: Segment = {
    ...read,
    id: deps.ids.spread(),
    workspaceId,
    campaignId: null,
    kind: 'rule',
    state: 'building',
    createdMs: nowMs,
    changedMs: nowMs,
  };
  // Each counts those before it, however many are made at once. Names are another transaction's, for which none waits with this in hand.
  await lockFor(tx, 'segments', workspaceId);
  if (await isFull()) return full;
  if (!(await insertSegment(tx, made)))
    return fault('conflict', 'key: another segment has it', { field: 'key' });
  await build(deps, tx, made);
  return made;
}

/** Changes a segment; a rule that is another is gone through again, and sets nothing off. */
export async function changeSegment(
  deps: SegmentDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  input: SegmentInput,
  nowMs: number,
): Promise<Segment | Fault> {
  // Before the segment, as where one of them gets another name.
  await holdSets(tx, workspaceId, setsIn(input.rule));
  const now = await named(tx, workspaceId, id);
  if (isFault(now)) return now;
  if (input.key !== undefined && input.key !== now.key)
    return fault('bad_request', 'key: stays what it is: rules name it', { field: 'key' });
  const read = reading(() => ({
    name: input.name === undefined ? now.name : textAt(input.name, 'name'),
    rule: input.rule === undefined ? (now.rule as Rule) : segmentRuleAt(input.rule, 'rule'),
  }));
  if (isFault(read)) return read;
  const isSame = isAlike(read.rule, now.rule);
  const known = isSame ? undefined : await nameEvents(deps, workspaceId, read.rule);
  if (isFault(known)) return known;
  const changed: Segment = { ...now, ...read, state: isSame ? now.state : 'building', changedMs: nowMs };
  await updateSegment(tx, changed);
  if (!isSame) await build(deps, tx, changed);
  return changed;
}

/** Deletes a segment; one that a live campaign names is kept. */
export async function removeSegment(tx: Tx, workspaceId: number, id: number): Promise<Segment | Fault> {
  const now = await named(tx, workspaceId, id);
  if (isFault(now)) return now;
  const naming = await selectNaming(tx, workspaceId, now.key!);
  const user = naming.find(({ file }) => file && segmentsAsked(file).includes(now.key!));
  if (user) return fault('conflict', `campaign ${user.key} names this segment`);
  await deleteSegments(tx, [id]);
  await deleteTasks(tx, id, 'build');
  await bumpStamp(tx, workspaceId);
  return now;
}

async function named(tx: Tx, workspaceId: number, id: number): Promise<Segment | Fault> {
  const found = await selectSegment(tx, workspaceId, id, true);
  return found?.key ? found : fault('not_found', 'there is no such segment');
}

/** About for how many contacts a rule holds, before it is kept; and some of them. */
export async function tryRule(
  deps: Pick<SegmentDeps, 'names'>,
  db: Db,
  workspaceId: number,
  rule: unknown,
  nowMs: number,
): Promise<{ estimate: SegmentEstimate; sample: (most: number) => Promise<number[]> } | Fault> {
  const read = reading(() => segmentRuleAt(rule, 'rule'));
  if (isFault(read)) return read;
  const idOf = await nameEvents(deps, workspaceId, read);
  if (isFault(idOf)) return idOf;
  const condition = db`(${ruleCondition(db, read, { workspaceId, idOf, nowMs })})`;
  return {
    estimate: await estimateWhere(db, workspaceId, condition),
    sample: async (limit) => (await walkNewest(db, workspaceId, condition, { limit })).ids,
  };
}

/** What a campaign's trigger looks at, in place of what an earlier version's did. Part of the publishing, which says that it is; nobody enters by it. */
export async function watchFor(
  deps: SegmentDeps,
  tx: Tx,
  campaign: { id: number; workspaceId: number; key: string },
  file: CampaignFile | undefined,
  nowMs: number,
): Promise<void> {
  const there = await watchesOf(tx, campaign.id);
  const watch = file ? watchOf(file.trigger) : null;
  const wanted = watch && watch.kind !== 'segment' ? wantedBy(watch) : undefined;
  const isSame = (one: Segment) => one.kind === wanted?.kind && isAlike(one.rule, wanted.rule);
  const gone = there.filter((one) => !isSame(one)).map(({ id }) => id);
  if (gone.length) await deleteSegments(tx, gone);
  for (const id of gone) await deleteTasks(tx, id, 'build');
  if (!wanted || there.some(isSame)) return;
  const made: Segment = {
    ...wanted,
    id: deps.ids.spread(),
    workspaceId: campaign.workspaceId,
    key: null,
    name: campaign.key,
    campaignId: campaign.id,
    state: 'building',
    createdMs: nowMs,
    changedMs: nowMs,
  };
  await insertSegment(tx, made);
  await goThrough(deps, tx, made);
}

function wantedBy(watch: Exclude<Watched, { kind: 'segment' }>): Pick<Segment, 'kind' | 'rule'> {
  if (watch.kind === 'rule') return { kind: 'rule', rule: watch.rule };
  if (watch.kind === 'value') return { kind: 'value', rule: { path: watch.path } };
  return { kind: 'date', rule: watch.date };
}

/** Whether two rules say the same. The store keeps keys in an order of its own. */
function isAlike(one: object, other: object): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/**
 * Lists or tags have other names, or are gone: what asks for one by such a name is gone through again. That it is so is said once and last: whoever
 * says it lets nobody else say so until the transaction ends, and others say it with a segment in hand.
 */
export async function setsRenamed(
  deps: SegmentDeps,
  tx: Tx,
  workspaceId: number,
  names: readonly SetNamed[],
): Promise<void> {
  let isAny = false;
  for (const one of await allSegments(tx, workspaceId)) {
    if (one.kind !== 'rule' || !names.some((set) => namesSet(one.rule, set))) continue;
    // As it is now: whoever changed it in between is not written over.
    const now = await selectSegment(tx, workspaceId, one.id, true);
    if (!now) continue;
    await updateSegment(tx, { ...now, state: 'building' });
    await goThrough(deps, tx, now);
    isAny = true;
  }
  if (isAny) await bumpStamp(tx, workspaceId);
}

/** Goes through all lanes, and says that what is live is another. */
async function build(deps: SegmentDeps, tx: Tx, segment: Segment): Promise<void> {
  await goThrough(deps, tx, segment);
  await bumpStamp(tx, segment.workspaceId);
}

/** Goes through all lanes, when every process that changes contacts knows of it. */
async function goThrough(deps: SegmentDeps, tx: Tx, { id, workspaceId }: Segment): Promise<void> {
  await deleteTasks(tx, id, 'build');
  const nowMs = deps.clock.nowMs();
  const task = { id: deps.ids.spread(), workspaceId, campaignId: id, kind: 'build' as const, params: {} };
  const lanes = deps.queue.lanes();
  await insertTasks(
    tx,
    lanes.map(({ lane, bucket }) => ({ ...task, lane, bucket })),
    nowMs,
    nowMs + LISTENING_MS,
  );
}

/** Names stand before what asks by them; this goes to a pool that is in no transaction. */
async function nameEvents(
  { names }: Pick<SegmentDeps, 'names'>,
  workspaceId: number,
  rule: Rule,
): Promise<ReadonlyMap<string, number> | Fault> {
  return await needNames(
    names,
    workspaceId,
    namesIn(rule).map(({ name }) => name),
  );
}
