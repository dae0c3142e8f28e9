/**
 * Going through a lane for a segment: who is in it is found by one statement; then those of whom time alone may change that are taken in
 * hand, a batch in a turn, so that each has a timer. By the owner of the lane, behind its fence: what arrives before is in what the
 * statement sees, what arrives after is looked at as always. It sets nothing off.
 */
import type { Rule } from '../../../contract/campaign.ts';
import {
  fillSegment,
  nextWhere,
  selectSegment,
  updateSegment,
  type Segment,
} from '../../contacts/segments.ts';
import type { Fragment, Tx } from '../../db/pool.ts';
import type { OwnedLane } from '../../queue/lanes/lane.ts';
import type { LiveNames } from '../enrol/live.ts';
import { bumpStamp } from '../enrol/sql.live.ts';
import { noteTask, selectTaskOf, type Task } from '../enrol/sql.tasks.ts';
import { agesIn, namesIn } from '../match/evaluate.ts';
import type { DateTrigger } from '../steps/date.ts';
import { didSince, digestAt, ruleCondition, valueAtPath } from './sql.rule.ts';

/** Whom to look at next, none when the lane is done; and since when they would have been, had they been looked at. */
type Next = { contactIds: readonly number[]; sinceMs: number };

/** Goes on with it. `nowMs` is by the workspace's clock. */
export async function buildLane(
  tx: Tx,
  lane: OwnedLane,
  live: LiveNames,
  task: Task,
  { nowMs, most }: { nowMs: number; most: number },
): Promise<Next> {
  const { workspaceId, campaignId: segmentId } = task;
  const { only, filled } = task.params;
  const segment = await selectSegment(tx, workspaceId, segmentId);
  // It was deleted meanwhile.
  if (!segment) {
    await noteTask(tx, task, undefined);
    return { contactIds: [], sinceMs: nowMs };
  }
  const asked = { workspaceId, idOf: live.idOf, nowMs };
  if (filled === undefined && segment.kind !== 'date') await fill(tx, lane, segment, asked);
  const changing = only === undefined ? mayChange(tx, segment, asked) : undefined;
  const page = { afterId: task.afterId, limit: most };
  const found = changing ? await nextWhere(tx, workspaceId, lane.buckets, changing, page) : [];
  task.params = { filled: 1 };
  if (found.length === most) await noteTask(tx, task, found.at(-1));
  else await endBuild(tx, task);
  const sinceMs = segment.kind === 'date' ? segment.createdMs : nowMs;
  return { contactIds: only === undefined ? found : [only], sinceMs };
}

async function fill(
  tx: Tx,
  lane: OwnedLane,
  segment: Segment,
  asked: Parameters<typeof ruleCondition>[2],
): Promise<void> {
  const { kind, rule } = segment;
  const path = kind === 'value' ? (rule as { path: string }).path : undefined;
  const condition =
    path === undefined
      ? ruleCondition(tx, rule as Rule, asked)
      : tx`${valueAtPath(tx, tx`c.attributes`, path)} IS NOT NULL`;
  const value = path === undefined ? tx`NULL::text` : digestAt(tx, path);
  await fillSegment(tx, segment, lane.buckets, tx`(${condition})`, value, asked.nowMs);
}

/** The condition for contacts whose membership time alone may change; undefined where it changes nobody's. */
function mayChange(
  tx: Tx,
  { kind, rule }: Segment,
  { idOf, nowMs }: { idOf: ReadonlyMap<string, number>; nowMs: number },
): Fragment | undefined {
  if (kind === 'date')
    return tx`${valueAtPath(tx, tx`c.attributes`, (rule as DateTrigger).attribute)} IS NOT NULL`;
  if (kind === 'value') return undefined;
  const names = namesIn(rule as Rule).flatMap(({ name, backMs }) => {
    const id = idOf.get(name);
    return id === undefined || backMs === 0 || backMs === Infinity ? [] : [{ id, sinceMs: nowMs - backMs }];
  });
  const did = names.length ? didSince(tx, names) : undefined;
  const ageMs = agesIn(rule as Rule);
  if (ageMs === 0) return did;
  const isNew = tx`c.created_ms >= ${nowMs - ageMs}::bigint`;
  return did ? tx`(${did} OR ${isNew})` : isNew;
}

/**
 * The lane is done, and the last that is makes the segment whole. Locks the segment, so that of two that end at once one is the last; and before the
 * task, as whoever changes or deletes it does.
 */
async function endBuild(tx: Tx, task: Task): Promise<void> {
  const segment = await selectSegment(tx, task.workspaceId, task.campaignId, true);
  await noteTask(tx, task, undefined);
  if (!segment || (await selectTaskOf(tx, segment.id))) return;
  await updateSegment(tx, { ...segment, state: 'live' });
  await bumpStamp(tx, segment.workspaceId);
}
