/**
 * Puts those whom a broadcast is for into the queue, one lane a transaction, so that sending begins while the rest is still being put
 * in. Of posts it also says who is shown them: the browsers of those who look are told from the feed (live).
 */
import type { Audience } from '../../contract/audience.ts';
import { bucketOf } from '../base/ids.ts';
import type { Clock } from '../base/clock.ts';
import type { Turns } from '../base/turns.ts';
import { keepStatistics } from '../contacts/statistics.ts';
import type { PostShown } from '../conversations/groups/events.ts';
import type { Post } from '../conversations/groups/group.ts';
import { postsNamed } from '../conversations/groups/posts.ts';
import { allOf, postToEach, toldIn, type Origin } from '../conversations/groups/reach.ts';
import type { Fragment, Tx } from '../db/pool.ts';
import { KIND } from '../queue/work/kinds.ts';
import { pauseBroadcast } from './broadcasts.ts';
import type { Broadcast, BroadcastDeps } from './broadcast.ts';
import { amissIn } from './named.ts';
import {
  audienceOf,
  insertLaneMark,
  insertLaneMarks,
  selectBroadcast,
  selectFirst,
  selectLaneMarks,
  theseContacts,
  updateLaneMark,
  updateNote,
} from './sql.ts';

/** So many are put in at once, whatever lanes they are in: a group of a family costs one transaction, not one for each lane. */
const FEW = 100;

type Deps = BroadcastDeps & { clock: Clock; turns: Turns };
type Lane = ReturnType<BroadcastDeps['queue']['lanes']>[number];
/** A run of posts: what it is of, and the post where it is one to a group. */
type Posting = { origin: Origin; post: Post | undefined; nowMs: number };

/**
 * Fans a broadcast out. Each transaction looks first whether it is still wanted, and keeps the broadcast from changing until it is in:
 * what a cancellation does not find in the queue is not put in any more.
 */
export async function fanOut(deps: Deps, broadcast: Broadcast): Promise<void> {
  const runId = broadcast.runId!;
  const lanes = deps.queue.lanes();
  const buckets = lanes.map(({ bucket }) => bucket);
  const marks = new Set((await selectLaneMarks(deps.sql, buckets, runId)).map(({ lane }) => lane));
  if (marks.size === lanes.length) return;
  const posting = await postingOf(deps, broadcast);
  if (!marks.size) {
    if (posting && (await fillAtOnce(deps, broadcast, posting))) return;
    await keepStatistics(deps.sql);
  }
  for (const lane of lanes) {
    if (marks.has(lane.lane)) continue;
    const filled = await deps.turns(() =>
      deps.queue.transact((tx) => fillLane(deps, tx, broadcast, posting, lane)),
    );
    if (!filled) return;
  }
}

/** Puts one lane in; false when the broadcast is not wanted any more. */
async function fillLane(
  deps: Deps,
  tx: Tx,
  broadcast: Broadcast,
  posting: Posting | undefined,
  lane: Lane,
): Promise<boolean> {
  const runId = broadcast.runId!;
  const now = await selectBroadcast(tx, broadcast.workspaceId, broadcast.id, true);
  if (now?.state !== 'running') return false;
  if (await stopsFor(deps, tx, now)) return false;
  if (!(await insertLaneMark(tx, lane.bucket, runId, lane.lane))) return true;
  const audience = audienceOf(tx, broadcast.workspaceId, broadcast.audience, lane.buckets);
  if (posting) await postTo(tx, broadcast, posting, audience);
  const selected = posting ? told(tx, broadcast, posting, lane.buckets) : audience;
  const matched = await deps.queue.putSelected(tx, lane.lane, workOf(deps, broadcast), selected);
  await updateLaneMark(tx, lane.bucket, runId, lane.lane, matched);
  if (posting) await show(deps, tx, broadcast, posting, [lane]);
  return true;
}

/** It waits for a person where what it names is gone since it was started. */
async function stopsFor(deps: Deps, tx: Tx, { id, workspaceId, audience }: Broadcast): Promise<boolean> {
  const amiss = await amissIn(tx, workspaceId, audience);
  if (!amiss?.isGone) return false;
  const workspace = await deps.directory.workspace(workspaceId);
  const nowMs = deps.clock.nowMs() + (workspace?.clockAheadMs ?? 0);
  await pauseBroadcast(deps, tx, workspaceId, id, nowMs);
  await updateNote(
    tx,
    id,
    `${amiss.fault.message}; nobody else gets it: call it off, or copy it for the rest`,
  );
  return true;
}

/** Posts to each of those of an audience; what is said to a group is there already. */
async function postTo(
  tx: Tx,
  { id: broadcastId, runId, startedMs }: Broadcast,
  { origin }: Posting,
  audience: Fragment,
): Promise<void> {
  if (origin.kind === 'group') return;
  await postToEach(tx, { runId: runId!, broadcastId, kind: origin.kind, atMs: startedMs! }, audience);
}

/** Whose devices are told, as (bucket, owner_id). */
function told(tx: Tx, broadcast: Broadcast, posting: Posting, buckets: readonly number[]): Fragment {
  const { origin, post, nowMs } = posting;
  const run = { runId: broadcast.runId!, broadcastId: broadcast.id, origin };
  return toldIn(tx, run, post, { buckets, nowMs });
}

/** Puts all in at once when they are few. False when they are not, and nothing was done. */
async function fillAtOnce(deps: Deps, broadcast: Broadcast, posting: Posting): Promise<boolean> {
  const { workspaceId, id, audience } = broadcast;
  const { origin } = posting;
  const named = namedIn(audience);
  if (origin.kind !== 'group' && (!named || named.length > FEW)) return false;
  return await deps.queue.transact(async (tx): Promise<boolean> => {
    const now = await selectBroadcast(tx, workspaceId, id, true);
    if (now?.state !== 'running') return true;
    const candidates =
      origin.kind === 'group'
        ? allOf(tx, origin.groupId)
        : audienceOf(tx, workspaceId, audience, [...new Set(named!.map(bucketOf))]);
    const few = await selectFirst(tx, candidates, FEW + 1);
    if (few.length > FEW) return false;
    const ids = few.map(({ ownerId }) => ownerId);
    const buckets = [...new Set(ids.map(bucketOf))];
    if (ids.length) await postTo(tx, broadcast, posting, theseContacts(tx, ids));
    const toTell = buckets.length ? await selectFirst(tx, told(tx, broadcast, posting, buckets), FEW) : [];
    const work = workOf(deps, broadcast);
    await deps.queue.put(
      tx,
      toTell.map(({ ownerId }) => ({ ...work, ownerId })),
    );
    const laneOf = ({ bucket }: { bucket: number }) => deps.queue.laneOf(bucket);
    const byLane = Map.groupBy(toTell, laneOf);
    const lanes = deps.queue.lanes();
    await insertLaneMarks(
      tx,
      broadcast.runId!,
      lanes.map(({ lane, bucket }) => ({ lane, bucket, matched: byLane.get(lane)?.length ?? 0 })),
    );
    const shown = Map.groupBy(few, laneOf);
    await show(
      deps,
      tx,
      broadcast,
      posting,
      [...shown].map(([lane, rows]) => ({
        bucket: lanes[lane]!.bucket,
        buckets: [...new Set(rows.map(({ bucket }) => bucket))],
      })),
    );
    return true;
  });
}

/** The contacts of an audience that names each of them. */
function namedIn({ include }: Audience): readonly number[] | undefined {
  const { contacts, ...others } = include;
  return Object.keys(others).length === 0 ? contacts : undefined;
}

function workOf({ clock }: Deps, { runId, workspaceId }: Broadcast) {
  const stream = runId!;
  return { kind: KIND.delivery, causeId: stream, seq: 0, stream, workspaceId, dueMs: clock.nowMs() };
}

async function postingOf(deps: Deps, { origin, workspaceId }: Broadcast): Promise<Posting | undefined> {
  if (!origin) return undefined;
  const workspace = await deps.directory.workspace(workspaceId);
  const nowMs = deps.clock.nowMs() + (workspace?.clockAheadMs ?? 0);
  const post =
    origin.kind === 'group' ? (await postsNamed(deps.sql, [origin.postId])).get(origin.postId) : undefined;
  return { origin, post: post?.position === null || post?.deletedMs !== null ? undefined : post, nowMs };
}

/** `post.shown`, an event a lane. */
async function show(
  { queue }: Deps,
  tx: Tx,
  broadcast: Broadcast,
  { origin, post }: Posting,
  lanes: readonly Pick<Lane, 'bucket' | 'buckets'>[],
): Promise<void> {
  if (origin.kind === 'group' && !post) return;
  const { id, workspaceId, runId, startedMs } = broadcast;
  const atMs = startedMs!;
  await queue.append(
    tx,
    lanes.map(({ bucket, buckets }) => {
      const payload: PostShown = { runId: runId!, broadcastId: id, origin, buckets };
      return { ownerId: bucket, workspaceId, type: 'post.shown', atMs, payload };
    }),
  );
}
