/** Every statement on group_chats and group_members. */
import { bucketOf } from '../../base/ids.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import type { Group, Membership, Notify, Role } from './group.ts';

const groupColumns = (db: Db) => db`
  g.id, g.workspace_id AS "workspaceId", g.kind, g.name, g.description, g.photo_url AS "photoUrl", g.cover_url AS "coverUrl",
  g.settings, g.position, g.closed_ms AS "closedMs", g.created_ms AS "createdMs", g.changed_ms AS "changedMs"`;

const memberColumns = (db: Db) => db`
  m.group_id AS "groupId", m.contact_id AS "contactId", m.role, m.notify, m.muted_until_ms AS "mutedUntilMs",
  m.read_position AS "readPosition", m.joined_ms AS "joinedMs"`;

/** Writes a group down; undefined when the workspace has such a one already (announcements). */
export async function insertGroup(db: Db, g: Group): Promise<Group | undefined> {
  const [row] = await db<Group[]>`
    INSERT INTO group_chats AS g (bucket, id, workspace_id, kind, name, description, photo_url, cover_url, settings, created_ms,
      changed_ms)
    VALUES (${bucketOf(g.id)}, ${g.id}, ${g.workspaceId}, ${g.kind}, ${g.name}, ${g.description}, ${g.photoUrl}, ${g.coverUrl},
      ${JSON.stringify(g.settings)}::text::jsonb, ${g.createdMs}, ${g.createdMs})
    ON CONFLICT DO NOTHING RETURNING ${groupColumns(db)}`;
  return row;
}

/** A group of a workspace; with `lock` it stays as it is until the transaction ends. */
export async function selectGroup(
  db: Db,
  workspaceId: number,
  id: number,
  lock = false,
): Promise<Group | undefined> {
  const [row] = await db<Group[]>`
    SELECT ${groupColumns(db)} FROM group_chats g
    WHERE g.bucket = ${bucketOf(id)} AND g.id = ${id} AND g.workspace_id = ${workspaceId} ${lock ? db`FOR UPDATE` : db``}`;
  return row;
}

/** The announcements of a workspace. */
export async function selectAnnouncements(db: Db, workspaceId: number): Promise<Group | undefined> {
  const [row] = await db<Group[]>`
    SELECT ${groupColumns(db)} FROM group_chats g
    WHERE g.bucket = ${bucketOf(workspaceId)} AND g.workspace_id = ${workspaceId} AND g.kind = 'announcements'`;
  return row;
}

/** A page of a workspace's groups, newest first. */
export async function selectGroups(
  db: Db,
  workspaceId: number,
  page: { beforeId?: number | undefined; limit: number },
): Promise<Group[]> {
  return await db<Group[]>`
    SELECT ${groupColumns(db)} FROM group_chats g
    WHERE g.workspace_id = ${workspaceId} ${page.beforeId === undefined ? db`` : db`AND g.id < ${page.beforeId}`}
    ORDER BY g.id DESC LIMIT ${page.limit}`;
}

/** Changes how a group looks and works. */
export async function updateGroup(db: Db, g: Group, nowMs: number): Promise<void> {
  await db`
    UPDATE group_chats SET name = ${g.name}, description = ${g.description}, photo_url = ${g.photoUrl}, cover_url = ${g.coverUrl},
      settings = ${JSON.stringify(g.settings)}::text::jsonb, closed_ms = ${g.closedMs}, changed_ms = ${nowMs}
    WHERE bucket = ${bucketOf(g.id)} AND id = ${g.id}`;
}

/** Takes the next place in a group; undefined when nothing is posted there any more. Locks the group until the commit. */
export async function takePosition(db: Db, groupId: number): Promise<number | undefined> {
  const [row] = await db<{ position: number }[]>`
    UPDATE group_chats SET position = position + 1
    WHERE bucket = ${bucketOf(groupId)} AND id = ${groupId} AND closed_ms IS NULL RETURNING position`;
  return row?.position;
}

/** Deletes a group; its members and posts are deleted apart. */
export async function deleteGroupRow(db: Db, workspaceId: number, id: number): Promise<boolean> {
  const result = await db`
    DELETE FROM group_chats WHERE bucket = ${bucketOf(id)} AND id = ${id} AND workspace_id = ${workspaceId}`;
  return result.count > 0;
}

/** Puts contacts into a group, who have read it up to now; those who are in it stay as they are. Returns who are new. */
export async function insertMembers(
  db: Db,
  of: { workspaceId: number; groupId: number; role: Role; position: number; nowMs: number },
  contactIds: readonly number[],
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    INSERT INTO group_members (bucket, group_id, contact_id, workspace_id, role, read_position, joined_ms)
    SELECT k.bucket, ${of.groupId}::bigint, k.contact_id, ${of.workspaceId}::bigint, ${of.role}::text, ${of.position}::bigint,
      ${of.nowMs}::bigint
    FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (bucket, contact_id)
    ORDER BY k.bucket, k.contact_id
    ON CONFLICT DO NOTHING RETURNING contact_id AS "contactId"`;
  return rows.map(({ contactId }) => contactId);
}

/** Puts all whom a statement selects, as (bucket, contact_id), into a group; returns how many are new. */
export async function insertMembersSelected(
  db: Db,
  of: { workspaceId: number; groupId: number; position: number; nowMs: number },
  selected: Fragment,
): Promise<number> {
  const result = await db`
    INSERT INTO group_members (bucket, group_id, contact_id, workspace_id, read_position, joined_ms)
    SELECT s.bucket, ${of.groupId}::bigint, s.contact_id, ${of.workspaceId}::bigint, ${of.position}::bigint, ${of.nowMs}::bigint
    FROM (${selected}) s
    ORDER BY s.bucket, s.contact_id
    ON CONFLICT DO NOTHING`.unprepared();
  return result.count;
}

/** Takes contacts out of a group; returns who were in it. */
export async function deleteMembers(
  db: Db,
  groupId: number,
  contactIds: readonly number[],
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    DELETE FROM group_members WHERE bucket = ANY(${bucketsOf(contactIds)}::smallint[]) AND group_id = ${groupId}
      AND contact_id = ANY(${[...contactIds]}::bigint[]) RETURNING contact_id AS "contactId"`;
  return rows.map(({ contactId }) => contactId);
}

/** Empties a group. */
export async function deleteAllMembers(db: Db, groupId: number): Promise<void> {
  await db`DELETE FROM group_members WHERE bucket >= 0 AND group_id = ${groupId}`;
}

/** Changes what a member is told of, or may do; what is undefined stays. False: they are not in it. */
export async function updateMember(
  db: Db,
  of: { groupId: number; contactId: number },
  to: { notify?: Notify | undefined; mutedUntilMs?: number | null | undefined; role?: Role | undefined },
): Promise<Membership | undefined> {
  const [row] = await db<Membership[]>`
    UPDATE group_members m SET notify = coalesce(${to.notify ?? null}::text, m.notify), role = coalesce(${to.role ?? null}::text, m.role),
      muted_until_ms = ${to.mutedUntilMs === undefined ? db`m.muted_until_ms` : to.mutedUntilMs}
    WHERE m.bucket = ${bucketOf(of.contactId)} AND m.group_id = ${of.groupId} AND m.contact_id = ${of.contactId}
    RETURNING ${memberColumns(db)}`;
  return row;
}

/** A member has read up to a place; it never goes back. */
export async function updateRead(
  db: Db,
  of: { groupId: number; contactId: number },
  position: number,
): Promise<boolean> {
  const result = await db`
    UPDATE group_members SET read_position = ${position}
    WHERE bucket = ${bucketOf(of.contactId)} AND group_id = ${of.groupId} AND contact_id = ${of.contactId}
      AND read_position < ${position}`;
  return result.count > 0;
}

/** What contacts are to a group. */
export async function selectMembers(
  db: Db,
  groupId: number,
  contactIds: readonly number[],
): Promise<Membership[]> {
  return await db<Membership[]>`
    SELECT ${memberColumns(db)} FROM group_members m
    WHERE m.bucket = ANY(${bucketsOf(contactIds)}::smallint[]) AND m.group_id = ${groupId}
      AND m.contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** A page of a group's members, by id. */
export async function selectMemberPage(
  db: Db,
  groupId: number,
  page: { afterId: number; limit: number },
): Promise<Membership[]> {
  return await db<Membership[]>`
    SELECT ${memberColumns(db)} FROM group_members m
    WHERE m.bucket >= 0 AND m.group_id = ${groupId} AND m.contact_id > ${page.afterId}
    ORDER BY m.contact_id LIMIT ${page.limit}`;
}

/** How many are in each of these groups. */
export async function countMembers(
  db: Db,
  groupIds: readonly number[],
): Promise<{ groupId: number; n: number }[]> {
  return await db<{ groupId: number; n: number }[]>`
    SELECT m.group_id AS "groupId", count(*) AS n FROM group_members m
    WHERE m.bucket >= 0 AND m.group_id = ANY(${[...groupIds]}::bigint[]) GROUP BY 1`;
}

/** The groups that a contact is in. */
export async function selectMembershipsOf(db: Db, contactId: number): Promise<Membership[]> {
  return await db<Membership[]>`
    SELECT ${memberColumns(db)} FROM group_members m
    WHERE m.bucket = ${bucketOf(contactId)} AND m.contact_id = ${contactId} ORDER BY m.group_id DESC`;
}

/** Groups by id, of a workspace. */
export async function selectGroupsById(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<Group[]> {
  return await db<Group[]>`
    SELECT ${groupColumns(db)} FROM group_chats g
    WHERE g.bucket = ANY(${bucketsOf(ids)}::smallint[]) AND g.id = ANY(${[...ids]}::bigint[]) AND g.workspace_id = ${workspaceId}`;
}

/**
 * Who of a group is to be told of a post on their devices, in some buckets, as (bucket, owner_id): those who want to be, but for its
 * author; of announcements, only who is connected still.
 */
export function toldOf(
  db: Db,
  post: {
    groupId: number;
    authorId: number | null;
    mentions: readonly number[];
    mentionsAll: boolean;
    announcements?: true;
  },
  at: { buckets: readonly number[]; nowMs: number },
): Fragment {
  return db`
    SELECT m.bucket, m.contact_id AS owner_id FROM group_members m
    WHERE m.bucket = ANY(${[...at.buckets]}::smallint[]) AND m.group_id = ${post.groupId} AND ${wants(db, post, at.nowMs)}`;
}

/** Which of these contacts are still to be told of a post. */
export async function selectStillTold(
  db: Db,
  post: Parameters<typeof toldOf>[1],
  contactIds: readonly number[],
  nowMs: number,
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT m.contact_id AS "contactId" FROM group_members m
    WHERE m.bucket = ANY(${bucketsOf(contactIds)}::smallint[]) AND m.group_id = ${post.groupId}
      AND m.contact_id = ANY(${[...contactIds]}::bigint[]) AND ${wants(db, post, nowMs)}`;
  return rows.map(({ contactId }) => contactId);
}

function wants(db: Db, post: Parameters<typeof toldOf>[1], nowMs: number): Fragment {
  const named = post.mentionsAll ? db`true` : db`m.contact_id = ANY(${[...post.mentions]}::bigint[])`;
  const connected = post.announcements
    ? db`EXISTS (SELECT 1 FROM connect_chats h WHERE h.bucket = m.bucket AND h.contact_id = m.contact_id
        AND h.kind = 'announcements' AND h.closed_ms IS NULL)`
    : db`true`;
  return db`${connected} AND m.contact_id <> ${post.authorId ?? 0} AND coalesce(m.muted_until_ms, 0) <= ${nowMs}
    AND (m.notify = 'all' OR m.notify = 'mentions' AND ${named})`;
}

/** All members of a group in some buckets, as (bucket, contact_id). */
export function membersIn(db: Db, groupId: number, buckets: readonly number[]): Fragment {
  return db`
    SELECT m.bucket, m.contact_id FROM group_members m
    WHERE m.bucket = ANY(${[...buckets]}::smallint[]) AND m.group_id = ${groupId}`;
}

/** All of a group, as (bucket, owner_id). */
export function allOf(db: Db, groupId: number): Fragment {
  return db`SELECT m.bucket, m.contact_id AS owner_id FROM group_members m WHERE m.bucket >= 0 AND m.group_id = ${groupId}`;
}

/** Takes contacts out of all groups. */
export async function deleteMemberships(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM group_members WHERE bucket = ANY(${bucketsOf(contactIds)}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** Puts one contact where another is; who is there already stays as they are. */
export async function copyMemberships(db: Db, fromId: number, toId: number): Promise<void> {
  await db`
    INSERT INTO group_members (bucket, group_id, contact_id, workspace_id, role, notify, muted_until_ms, read_position, joined_ms)
    SELECT ${bucketOf(toId)}::smallint, group_id, ${toId}::bigint, workspace_id, role, notify, muted_until_ms, read_position, joined_ms
    FROM group_members WHERE bucket = ${bucketOf(fromId)} AND contact_id = ${fromId}
    ON CONFLICT DO NOTHING`;
}

/** The buckets of some ids, each once. */
export function bucketsOf(ids: readonly number[]): number[] {
  return [...new Set(ids.map(bucketOf))];
}
