/** Every statement on group_posts and favorites. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import type { NewPost, Post } from './group.ts';

const columns = (db: Db) => db`
  p.id, p.group_id AS "groupId", p.workspace_id AS "workspaceId", p.position, p.author_id AS "authorId", p.author, p.content,
  p.mentions, p.mentions_all AS "mentionsAll", p.at_ms AS "atMs", p.deleted_ms AS "deletedMs"`;

/** Writes a post down. Without a place nobody sees it. */
export async function insertPost(db: Db, p: NewPost, position: number | null): Promise<void> {
  await db`
    INSERT INTO group_posts (bucket, id, group_id, workspace_id, position, author_id, author, content, mentions, mentions_all, at_ms)
    VALUES (${bucketOf(p.groupId)}, ${p.id}, ${p.groupId}, ${p.workspaceId}, ${position}, ${p.authorId},
      ${JSON.stringify(p.author)}::text::jsonb, ${JSON.stringify(p.content)}::text::jsonb, ${p.mentions}::bigint[], ${p.mentionsAll},
      ${p.atMs})`;
}

/** Gives a post that waited its place. False when it has one, or was taken back. */
export async function updatePlace(
  db: Db,
  post: { groupId: number; id: number },
  position: number,
  atMs: number,
): Promise<boolean> {
  const result = await db`
    UPDATE group_posts SET position = ${position}, at_ms = ${atMs}
    WHERE bucket = ${bucketOf(post.groupId)} AND id = ${post.id} AND position IS NULL AND deleted_ms IS NULL`;
  return result.count > 0;
}

/** Posts by id, of any workspace; `groupIds` may be those of several. */
export async function selectPosts(db: Db, ids: readonly number[]): Promise<Post[]> {
  return await db<Post[]>`
    SELECT ${columns(db)} FROM group_posts p
    WHERE p.bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND p.id = ANY(${[...ids]}::bigint[])`;
}

/** A page of what was said in a group: the newest before a place, newest first. */
export async function selectPostPage(
  db: Db,
  groupId: number,
  page: { beforePosition: number | undefined; limit: number },
): Promise<Post[]> {
  return await db<Post[]>`
    SELECT ${columns(db)} FROM group_posts p
    WHERE p.bucket = ${bucketOf(groupId)} AND p.group_id = ${groupId} AND p.position IS NOT NULL
      ${page.beforePosition === undefined ? db`` : db`AND p.position < ${page.beforePosition}`}
    ORDER BY p.position DESC LIMIT ${page.limit}`;
}

/**
 * How much of groups is unread for a contact, who has read each up to a place: what others said and nobody took back. Groups of which
 * nothing is are left out.
 */
export async function countUnread(
  db: Db,
  contactId: number,
  read: readonly { groupId: number; readPosition: number }[],
): Promise<{ groupId: number; unread: number }[]> {
  return await db<{ groupId: number; unread: number }[]>`
    SELECT p.group_id AS "groupId", count(*) AS unread
    FROM unnest(${read.map(({ groupId }) => bucketOf(groupId))}::smallint[], ${read.map(({ groupId }) => groupId)}::bigint[],
      ${read.map(({ readPosition }) => readPosition)}::bigint[]) AS k (bucket, group_id, position)
    JOIN group_posts p ON p.bucket = k.bucket AND p.group_id = k.group_id AND p.position > k.position
    WHERE p.deleted_ms IS NULL AND p.author_id IS DISTINCT FROM ${contactId} GROUP BY p.group_id`;
}

/** Takes a post back: its place stays, what it said goes. Undefined: there is none, or it was taken back before. */
export async function emptyPost(
  db: Db,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<Post | undefined> {
  const [row] = await db<Post[]>`
    UPDATE group_posts p SET deleted_ms = ${nowMs}, content = '{"type":"text","text":"–"}', mentions = '{}', mentions_all = false
    WHERE p.bucket = ${bucketOf(id)} AND p.id = ${id} AND p.workspace_id = ${workspaceId} AND p.deleted_ms IS NULL
    RETURNING ${columns(db)}`;
  return row;
}

/** Deletes all that was said in a group. */
export async function deletePosts(db: Db, groupId: number): Promise<void> {
  await db`DELETE FROM group_posts WHERE bucket = ${bucketOf(groupId)} AND group_id = ${groupId}`;
}

/** What some people said in groups, by id. */
export async function selectPostIdsOf(db: Db, contactIds: readonly number[]): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT id FROM group_posts WHERE bucket >= 0 AND author_id = ANY(${[...contactIds]}::bigint[])`;
  return rows.map(({ id }) => id);
}

/** Empties what people said in groups, and lets go of where they were named. */
export async function emptyPostsOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
  nowMs: number,
): Promise<void> {
  await db`
    UPDATE group_posts SET deleted_ms = coalesce(deleted_ms, ${nowMs}), content = '{"type":"text","text":"–"}', author = '{}',
      author_id = NULL, mentions = '{}', mentions_all = false
    WHERE bucket >= 0 AND author_id = ANY(${[...contactIds]}::bigint[])`;
  const named = await db<{ bucket: number; id: number; mentions: number[] }[]>`
    SELECT bucket, id, mentions FROM group_posts
    WHERE bucket >= 0 AND workspace_id = ${workspaceId} AND mentions <> '{}' AND mentions && ${[...contactIds]}::bigint[]`;
  if (!named.length) return;
  const gone = new Set(contactIds);
  const left = named.map(({ mentions }) => mentions.filter((id) => !gone.has(id)).join(','));
  await db`
    UPDATE group_posts p SET mentions = string_to_array(k.mentions, ',')::bigint[]
    FROM unnest(${named.map(({ bucket }) => bucket)}::smallint[], ${named.map(({ id }) => id)}::bigint[], ${left}::text[])
      AS k (bucket, id, mentions)
    WHERE p.bucket = k.bucket AND p.id = k.id`;
}

/** What one contact said was said by another. */
export async function moveAuthor(db: Db, fromId: number, toId: number): Promise<void> {
  await db`UPDATE group_posts SET author_id = ${toId} WHERE bucket >= 0 AND author_id = ${fromId}`;
}

/** Marks something that was said; nothing when it is marked. */
export async function insertFavorite(
  db: Db,
  workspaceId: number,
  messageId: number,
  atMs: number,
): Promise<void> {
  await db`
    INSERT INTO favorites (bucket, message_id, workspace_id, at_ms) VALUES (${bucketOf(messageId)}, ${messageId}, ${workspaceId}, ${atMs})
    ON CONFLICT DO NOTHING`;
}

/** Takes a mark away. */
export async function deleteFavorite(db: Db, workspaceId: number, messageId: number): Promise<void> {
  await db`
    DELETE FROM favorites WHERE bucket = ${bucketOf(messageId)} AND message_id = ${messageId} AND workspace_id = ${workspaceId}`;
}

/** When these were marked; those that are not are left out. */
export async function selectFavorites(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<{ messageId: number; atMs: number }[]> {
  return await db<{ messageId: number; atMs: number }[]>`
    SELECT message_id AS "messageId", at_ms AS "atMs" FROM favorites
    WHERE bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND message_id = ANY(${[...ids]}::bigint[])
      AND workspace_id = ${workspaceId}`;
}
