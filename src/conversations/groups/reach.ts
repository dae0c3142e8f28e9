/**
 * Who a post reaches: the statements that whoever makes a run of it puts into its own. A post to a group reaches its members, one to
 * connected accounts those to whom it was posted; on their devices only who wants to be told.
 */
import type { Db, Fragment, Tx } from '../../db/pool.ts';
import type { Post } from './group.ts';
import { insertBroadcastPosts, postedAndTold, postedIn, selectTold, type ChatKind } from './sql.chats.ts';
import { membersIn, selectStillTold, toldOf } from './sql.groups.ts';

export { allOf } from './sql.groups.ts';

/** What a run is that is no broadcast which somebody drafted: a post to a group, or to a conversation of each of many accounts. */
export type Origin =
  | { kind: 'group'; groupId: number; postId: number; announcements?: true }
  | { kind: ChatKind };

/** A run of posts. */
type PostRun = { runId: number; broadcastId: number; origin: Origin };

/** The buckets that are looked at, and the time by the workspace's clock. */
type At = { buckets: readonly number[]; nowMs: number };

/** Posts to each account of a selection, as (bucket, owner_id), that is connected; returns to how many. All within the buckets of a lane. */
export async function postToEach(
  tx: Tx,
  of: { runId: number; broadcastId: number; kind: ChatKind; atMs: number },
  selected: Fragment,
): Promise<number> {
  return await insertBroadcastPosts(tx, of, selected);
}

/** Whose devices are told, as (bucket, owner_id). `post` is that of the group. */
export function toldIn(db: Db, run: PostRun, post: Post | undefined, at: At): Fragment {
  const { origin } = run;
  if (origin.kind !== 'group') return postedAndTold(db, { runId: run.runId, kind: origin.kind }, at);
  return toldOf(db, { ...origin, ...(post ?? nobody(origin.groupId)) }, at);
}

/** Who sees it, as (bucket, contact_id): also who is told of nothing, and who said it. */
export function shownIn(db: Db, run: Omit<PostRun, 'broadcastId'>, buckets: readonly number[]): Fragment {
  return run.origin.kind === 'group'
    ? membersIn(db, run.origin.groupId, buckets)
    : postedIn(db, run.runId, buckets);
}

/** Which of these contacts are still to be told: who left, muted it or disconnected since it was posted is not. */
export async function stillTold(
  db: Db,
  origin: Origin,
  post: Post | undefined,
  contactIds: readonly number[],
  nowMs: number,
): Promise<Set<number>> {
  if (!contactIds.length) return new Set();
  if (origin.kind !== 'group') return new Set(await selectTold(db, origin.kind, contactIds, nowMs));
  if (!post || post.deletedMs !== null) return new Set();
  return new Set(await selectStillTold(db, { ...origin, ...post }, contactIds, nowMs));
}

/** A group of which nothing is known any more: nobody is told. */
function nobody(groupId: number): Parameters<typeof toldOf>[1] {
  return { groupId: -groupId, authorId: null, mentions: [], mentionsAll: false };
}
