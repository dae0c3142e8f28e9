/**
 * What is said in groups. A post is one row, whoever is in the group: posting costs the same with three members and with a hundred
 * thousand. Its place is taken under the lock of the group, so when a place can be seen, all before it can.
 */
import { messagesById } from '../history.ts';
import { fault, type Fault } from '../../base/fault.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import type { Db, Tx } from '../../db/pool.ts';
import type { Group, Membership, NewPost, Post } from './group.ts';
import { selectGroup, selectMembers, takePosition, updateRead } from './sql.groups.ts';
import {
  deleteFavorite,
  emptyPost,
  insertFavorite,
  insertPost,
  selectFavorites,
  selectPostIdsOf,
  selectPostPage,
  selectPosts,
  updatePlace,
} from './sql.posts.ts';

/** Something to be said in a group. Without `authorId` it is the business that says it. */
export type NewGroupPost = Pick<Post, 'author' | 'content' | 'mentions' | 'mentionsAll'> & {
  authorId?: number;
};

/** Whether somebody may post in a group: the reason why not. */
function mayPost(group: Group, author: Membership | undefined | 'business'): Fault | undefined {
  if (group.closedMs !== null) return fault('conflict', 'group: is closed, nothing is posted in it any more');
  if (author === 'business') return undefined;
  if (!author) return fault('forbidden', 'group: only its members post in it');
  if (group.kind === 'announcements')
    return fault(
      'forbidden',
      'The announcements go one way: only the company posts in them. Write to it in the direct conversation.',
    );
  const posting = group.settings.posting ?? 'members';
  const may = posting === 'members' || (posting === 'admins' && author.role !== 'member');
  return may ? undefined : fault('forbidden', 'group: only those who run it post in it');
}

/** Writes down what is said in a group: at once, or with `later` to be given its place when its time has come. */
export async function writePost(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  of: { workspaceId: number; groupId: number; later: boolean },
  saying: NewGroupPost,
): Promise<{ post: Post; group: Group } | Fault> {
  const group = await selectGroup(tx, of.workspaceId, of.groupId);
  if (!group) return fault('not_found', 'group: there is none with this id');
  const { authorId = null, mentions, mentionsAll, author, content } = saying;
  const [member] = authorId === null ? [] : await selectMembers(tx, group.id, [authorId]);
  const broken = mayPost(group, authorId === null ? 'business' : member);
  if (broken) return broken;
  const position = of.later ? null : await takePosition(tx, group.id);
  if (position === undefined) return mayPost({ ...group, closedMs: nowMs }, 'business')!;
  const id = ids.inBucket(bucketOf(group.id));
  const { workspaceId } = of;
  const row: NewPost = {
    id,
    groupId: group.id,
    workspaceId,
    authorId,
    author,
    content,
    mentions,
    mentionsAll,
    atMs: nowMs,
  };
  await insertPost(tx, row, position);
  // Who says something has read what was said before.
  if (authorId !== null && position !== null)
    await updateRead(tx, { groupId: group.id, contactId: authorId }, position);
  return { post: { ...row, position, deletedMs: null }, group };
}

/** Gives a post whose time has come its place. False: it was taken back, or nothing is posted in its group any more. */
export async function placePost(
  tx: Tx,
  post: { groupId: number; postId: number },
  nowMs: number,
): Promise<boolean> {
  const [now] = await selectPosts(tx, [post.postId]);
  if (!now || now.deletedMs !== null) return false;
  if (now.position !== null) return true;
  const position = await takePosition(tx, post.groupId);
  return position !== undefined && (await updatePlace(tx, now, position, nowMs));
}

/** Posts by id. */
export async function postsNamed(db: Db, ids: readonly number[]): Promise<Map<number, Post>> {
  return new Map(ids.length ? (await selectPosts(db, ids)).map((post) => [post.id, post]) : []);
}

/** What some people said in groups, by id. */
export async function postsBy(db: Db, contactIds: readonly number[]): Promise<number[]> {
  return await selectPostIdsOf(db, contactIds);
}

/** A page of what was said in a group, newest first. */
export async function listPosts(
  db: Db,
  groupId: number,
  page: { beforePosition: number | undefined; limit: number },
): Promise<Post[]> {
  return await selectPostPage(db, groupId, page);
}

/** Takes a post back: what it said goes, its place stays. By its author, or by the business. */
export async function takePostBack(
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; postId: number; byContactId?: number },
): Promise<Post | Fault> {
  const [post] = await selectPosts(tx, [of.postId]);
  const isTheirs = of.byContactId === undefined || post?.authorId === of.byContactId;
  if (!post || post.workspaceId !== of.workspaceId || !isTheirs)
    return fault('not_found', 'post: there is none with this id');
  return (await emptyPost(tx, of.workspaceId, of.postId, nowMs)) ?? post;
}

/** Marks something that was said as a favourite of the business, or takes the mark away; false: nothing was said under this id. */
export async function markFavorite(
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; messageId: number },
  on: boolean,
): Promise<boolean> {
  const [[post], [message]] = await Promise.all([
    selectPosts(tx, [of.messageId]),
    messagesById(tx, of.workspaceId, [of.messageId]),
  ]);
  if (!message && post?.workspaceId !== of.workspaceId) return false;
  if (on) await insertFavorite(tx, of.workspaceId, of.messageId, nowMs);
  else await deleteFavorite(tx, of.workspaceId, of.messageId);
  return true;
}

/** When each of these was marked; those that are not are left out. */
export async function favoritesAmong(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<Map<number, number>> {
  const rows = ids.length ? await selectFavorites(db, workspaceId, ids) : [];
  return new Map(rows.map(({ messageId, atMs }) => [messageId, atMs]));
}
