/**
 * Group chats: making them, who is in them, what each wants to be told of. What is said in one is in posts.ts; that it goes to devices
 * and browsers is the business of whoever makes a run of it (broadcasts).
 */
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import { holdContacts } from '../../contacts/held.ts';
import type { Db, Tx } from '../../db/pool.ts';
import type { Group, GroupSettings, Membership, Notify, Role } from './group.ts';
import { connectedContacts, selectChats } from './sql.chats.ts';
import {
  countMembers,
  deleteAllMembers,
  deleteGroupRow,
  deleteMembers,
  insertGroup,
  insertMembers,
  insertMembersSelected,
  selectAnnouncements,
  selectGroup,
  selectGroups,
  selectGroupsById,
  selectMemberPage,
  selectMembers,
  selectMembershipsOf,
  updateGroup,
  updateMember,
  updateRead,
} from './sql.groups.ts';
import { countUnread, deletePosts } from './sql.posts.ts';

/** What a group is made from. */
type GroupInput = {
  name: string;
  description?: string | null | undefined;
  photoUrl?: string | null | undefined;
  coverUrl?: string | null | undefined;
  settings?: GroupSettings | undefined;
};

/** Makes a group, with nobody in it. */
export async function createGroup(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  workspaceId: number,
  input: GroupInput,
): Promise<Group> {
  return (await insertGroup(tx, newGroup(ids.spread(), workspaceId, 'group', input, nowMs)))!;
}

/**
 * The announcements of a connect client, made when there are none; all who are connected are in them. Of two who turn them on at once
 * one makes them.
 */
export async function openAnnouncements(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  workspaceId: number,
  input: GroupInput,
): Promise<Group> {
  const id = ids.inBucket(bucketOf(workspaceId));
  const made = await insertGroup(tx, newGroup(id, workspaceId, 'announcements', input, nowMs));
  const group = made ?? (await selectAnnouncements(tx, workspaceId))!;
  if (!made) await updateGroup(tx, { ...changed(group, input), closedMs: null }, nowMs);
  const { position } = group;
  await insertMembersSelected(
    tx,
    { workspaceId, groupId: group.id, position, nowMs },
    connectedContacts(tx, workspaceId),
  );
  return made ?? { ...changed(group, input), closedMs: null, changedMs: nowMs };
}

/** The announcements of a workspace; undefined where there were never any. */
export async function findAnnouncements(db: Db, workspaceId: number): Promise<Group | undefined> {
  return await selectAnnouncements(db, workspaceId);
}

/** A group of a workspace. */
export async function findGroup(db: Db, workspaceId: number, id: number): Promise<Group | Fault> {
  const found = id > 0 ? await selectGroup(db, workspaceId, id) : undefined;
  return found ?? fault('not_found', 'group: there is none with this id', { field: 'group' });
}

/** A workspace's groups, newest first, with how many are in each. */
export async function listGroups(
  db: Db,
  workspaceId: number,
  page: { beforeId: number | undefined; limit: number },
): Promise<(Group & { members: number })[]> {
  return await withSizes(db, await selectGroups(db, workspaceId, page));
}

/** Groups with how many are in each. */
export async function withSizes(db: Db, groups: readonly Group[]): Promise<(Group & { members: number })[]> {
  const ids = groups.map(({ id }) => id);
  const counts = new Map(ids.length ? (await countMembers(db, ids)).map((row) => [row.groupId, row.n]) : []);
  return groups.map((group) => ({ ...group, members: counts.get(group.id) ?? 0 }));
}

/** Changes how a group looks and works; what is not given stays. `closed`: nothing is posted in it from now on. */
export async function changeGroup(
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; groupId: number },
  input: Partial<GroupInput> & { closed?: boolean | undefined },
): Promise<Group | Fault> {
  const group = await selectGroup(tx, of.workspaceId, of.groupId, true);
  if (!group) return fault('not_found', 'group: there is none with this id');
  const { closed } = input;
  const closedMs = closed === undefined ? group.closedMs : closed ? (group.closedMs ?? nowMs) : null;
  const next = { ...changed(group, input), closedMs, changedMs: nowMs };
  await updateGroup(tx, next, nowMs);
  return next;
}

/** Deletes a group with all that was said in it. Announcements stay with their client: they can be closed. */
export async function deleteGroup(
  tx: Tx,
  of: { workspaceId: number; groupId: number },
): Promise<Fault | undefined> {
  const group = await selectGroup(tx, of.workspaceId, of.groupId, true);
  if (!group) return fault('not_found', 'group: there is none with this id');
  if (group.kind === 'announcements')
    return fault('conflict', 'group: the announcements of a client can be closed, and are not deleted');
  await deleteAllMembers(tx, group.id);
  await deletePosts(tx, group.id);
  await deleteGroupRow(tx, of.workspaceId, group.id);
  return undefined;
}

/**
 * Puts contacts into a group; who is in it stays as they are, so that it is safe to do twice. The caller has seen to it that they are
 * contacts of the workspace; those who are erased meanwhile are left out, and those who were merged join as the contact they became. What was said before
 * counts as read for them. Returns who is new.
 */
export async function joinGroup(
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; groupId: number; role?: Role },
  contactIds: readonly number[],
): Promise<number[] | Fault> {
  const group = await selectGroup(tx, of.workspaceId, of.groupId);
  if (!group) return fault('not_found', 'group: there is none with this id');
  if (group.kind === 'announcements')
    return fault('conflict', 'group: the members of the announcements are those who are connected');
  const role = of.role ?? 'member';
  const { position } = group;
  const held = contactIds.length ? await heldNow(tx, of.workspaceId, contactIds) : [];
  return held.length ? await insertMembers(tx, { ...of, role, position, nowMs }, held) : [];
}

/** Takes contacts out of a group. Nobody leaves the announcements without disconnecting (S44). Returns who were in it. */
export async function leaveGroup(
  tx: Tx,
  of: { workspaceId: number; groupId: number },
  contactIds: readonly number[],
): Promise<number[] | Fault> {
  const group = await selectGroup(tx, of.workspaceId, of.groupId);
  if (!group) return fault('not_found', 'group: there is none with this id');
  if (group.kind === 'announcements')
    return fault(
      'conflict',
      'The announcements cannot be left: disconnect from the company in your settings to leave them. They can be muted.',
    );
  return contactIds.length ? await deleteMembers(tx, group.id, contactIds) : [];
}

/** Contacts as whom these stand now, held until the transaction ends: what is written of them is there when they are erased or merged. */
async function heldNow(tx: Tx, workspaceId: number, contactIds: readonly number[]): Promise<number[]> {
  const hold = (ids: readonly number[]) =>
    holdContacts(
      tx,
      ids.map((contactId) => ({ workspaceId, contactId })),
    );
  const { present, became } = await hold(contactIds);
  const others = became.size ? (await hold([...new Set(became.values())])).present : [];
  return [...new Set([...present, ...others])];
}

/**
 * Sees to it that a contact is in the announcements of a workspace exactly while it is connected: asked after each change, in any
 * order and as often as may be, since it goes by how things stand and not by what happened. A contact that was merged meanwhile stands for the one it became.
 */
export async function followConnection(
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; contactId: number },
): Promise<void> {
  const group = await selectAnnouncements(tx, of.workspaceId);
  if (!group) return;
  const [contactId = of.contactId] = await heldNow(tx, of.workspaceId, [of.contactId]);
  const chats = await selectChats(tx, [contactId], true);
  const isConnected = chats.some(
    ({ workspaceId, kind, closedMs }) =>
      workspaceId === of.workspaceId && kind === 'announcements' && closedMs === null,
  );
  const { id: groupId, position } = group;
  if (isConnected)
    await insertMembers(tx, { workspaceId: of.workspaceId, groupId, role: 'member', position, nowMs }, [
      contactId,
    ]);
  else await deleteMembers(tx, groupId, [contactId]);
}

/** What contacts are to a group; those who are not in it are left out. */
export async function membersAmong(
  db: Db,
  groupId: number,
  contactIds: readonly number[],
): Promise<Membership[]> {
  return contactIds.length ? await selectMembers(db, groupId, contactIds) : [];
}

/** A page of a group's members. */
export async function listMembers(
  db: Db,
  groupId: number,
  page: { afterId: number; limit: number },
): Promise<Membership[]> {
  return await selectMemberPage(db, groupId, page);
}

/** Sets what a member is told of or may do; what is not given stays. */
export async function changeMember(
  tx: Tx,
  of: { workspaceId: number; groupId: number; contactId: number },
  to: { notify?: Notify | undefined; mutedUntilMs?: number | null | undefined; role?: Role | undefined },
): Promise<Membership | Fault> {
  const group = await findGroup(tx, of.workspaceId, of.groupId);
  if (isFault(group)) return group;
  return (await updateMember(tx, of, to)) ?? fault('not_found', 'member: the contact is not in this group');
}

/** A member has read up to a place. What is beyond the last post counts as the last. */
export async function markGroupRead(
  tx: Tx,
  of: { workspaceId: number; groupId: number; contactId: number },
  position: number,
): Promise<Fault | undefined> {
  const group = await findGroup(tx, of.workspaceId, of.groupId);
  if (isFault(group)) return group;
  await updateRead(tx, of, Math.min(position, group.position));
  return undefined;
}

/** A group that somebody is in, and how much of it they have not read. */
type OwnGroup = { group: Group; membership: Membership; unread: number };

/** The groups that a contact is in. Unread is what stands after the place they have read up to: nothing is counted when it is posted. */
export async function groupsOf(db: Db, of: { workspaceId: number; contactId: number }): Promise<OwnGroup[]> {
  const memberships = await selectMembershipsOf(db, of.contactId);
  if (!memberships.length) return [];
  const ids = memberships.map(({ groupId }) => groupId);
  const [groups, unread] = await Promise.all([
    selectGroupsById(db, of.workspaceId, ids),
    countUnread(db, of.contactId, memberships),
  ]);
  const byId = new Map(groups.map((group) => [group.id, group]));
  const counts = new Map(unread.map((row) => [row.groupId, row.unread]));
  return memberships.flatMap((membership) => {
    const group = byId.get(membership.groupId);
    return group ? [{ group, membership, unread: counts.get(group.id) ?? 0 }] : [];
  });
}

function newGroup(
  id: number,
  workspaceId: number,
  kind: Group['kind'],
  input: GroupInput,
  nowMs: number,
): Group {
  const empty = { description: null, photoUrl: null, coverUrl: null, settings: {}, closedMs: null };
  const times = { createdMs: nowMs, changedMs: nowMs };
  return changed({ ...empty, ...times, id, workspaceId, kind, name: input.name, position: 0 }, input);
}

function changed(group: Group, input: Partial<GroupInput>): Group {
  const { name, description, photoUrl, coverUrl, settings } = input;
  return {
    ...group,
    name: name ?? group.name,
    description: description === undefined ? group.description : description,
    photoUrl: photoUrl === undefined ? group.photoUrl : photoUrl,
    coverUrl: coverUrl === undefined ? group.coverUrl : coverUrl,
    settings: settings === undefined ? group.settings : { ...group.settings, ...settings },
  };
}
