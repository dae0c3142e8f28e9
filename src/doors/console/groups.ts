/** Group chats and the announcements of a connect client: how they look, who is in them, what is said there. */
import {
  AnnouncementsPut,
  FavoritePut,
  FavoriteShown,
  GroupCounted,
  GroupPage,
  GroupPatch,
  GroupShown,
  MemberPage,
  MemberPatch,
  MembersChange,
  MemberShown,
  NewGroup,
} from '../../../contract/doors/console/groups.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { MembersChanged } from '../../../contract/doors/console/sets.ts';
import { Id, Nothing } from '../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import { keptOutOfGroups } from '../../connect/grants.ts';
import { getContacts } from '../../contacts/contacts.ts';
import type { Group, Membership } from '../../conversations/groups/group.ts';
import {
  changeGroup,
  changeMember,
  createGroup,
  deleteGroup,
  findAnnouncements,
  findGroup,
  joinGroup,
  leaveGroup,
  listGroups,
  listMembers,
  openAnnouncements,
  withSizes,
} from '../../conversations/groups/groups.ts';
import { markFavorite } from '../../conversations/groups/posts.ts';
import type { Tx } from '../../db/pool.ts';
import { postRoutes } from './groupPosts.ts';
import {
  idText,
  acts,
  idIn,
  idOf,
  missing,
  queryId,
  reads,
  readLimit,
  readPage,
  readTime,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
} from './route.ts';

const one = '/groups/:groupId';
const announcements = { name: 'Announcements' };

/** `…/groups`, `…/announcements`. */
export const groupRoutes: readonly Route[] = [
  reads({
    path: '/groups',
    does: 'Group chats, newest first.',
    action: 'groups.read',
    query: NEWEST_FIRST,
    answer: GroupPage,
    handle: list,
  }),
  writes({
    path: '/groups',
    does: 'Makes a group chat, with nobody in it.',
    action: 'groups.write',
    body: NewGroup,
    answers: { 201: GroupShown },
    async handle({ ctx, body, workspace, workspaceNowMs }) {
      return async (tx) =>
        told(await createGroup(tx, ctx.ids, workspaceNowMs, workspace.id, body), 'create', 201);
    },
  }),
  reads({
    path: one,
    does: 'A group chat, and how many are in it.',
    action: 'groups.read',
    answer: GroupCounted,
    async handle(call) {
      const group = await findGroup(call.ctx.sql, call.workspace.id, idIn(call, 'groupId'));
      return isFault(group) ? missing('group') : await counted(call, group);
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    does: 'Changes how a group chat looks and who may post; what is not named stays.',
    action: 'groups.write',
    body: GroupPatch,
    answers: { 200: GroupShown },
    async handle(call) {
      const of = { workspaceId: call.workspace.id, groupId: idIn(call, 'groupId') };
      return async (tx) => {
        const changed = await changeGroup(tx, call.workspaceNowMs, of, call.body);
        return isFault(changed) ? missing('group') : told(changed, 'update', 200);
      };
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    does: 'Deletes a group chat with all that was said in it.',
    action: 'groups.write',
    answers: { 204: Nothing },
    async handle(call) {
      const of = { workspaceId: call.workspace.id, groupId: idIn(call, 'groupId') };
      return async (tx) => {
        const broken = await deleteGroup(tx, of);
        if (broken) return broken.fault === 'not_found' ? missing('group') : broken;
        const audit = { action: 'group.delete', subject: `group:${of.groupId}`, detail: {} };
        return { status: 204, body: undefined, audit };
      };
    },
  }),
  ...memberRoutes(),
  ...announcementRoutes(),
  ...postRoutes,
  writes({
    path: '/favorites/:messageId',
    does: 'Marks something that was said as a favourite, or takes the mark away.',
    action: 'groups.write',
    body: FavoritePut,
    answers: { 200: FavoriteShown },
    async handle(call) {
      const of = { workspaceId: call.workspace.id, messageId: idIn(call, 'messageId') };
      if (of.messageId === 0) return missing('message');
      return async (tx) => {
        if (!(await markFavorite(tx, call.workspaceNowMs, of, call.body.favorite))) return missing('message');
        const audit = { action: 'message.favorite', subject: `message:${of.messageId}`, detail: call.body };
        return { status: 200, body: call.body, audit };
      };
    },
  }),
];

function memberRoutes(): Route[] {
  return [
    reads({
      path: `${one}/members`,
      does: 'Who is in a group chat.',
      action: 'groups.read',
      query: { limit: NEWEST_FIRST.limit, after: Id },
      answer: MemberPage,
      handle: members,
    }),
    writes({
      path: `${one}/members`,
      does: 'Puts contacts into a group chat and takes others out.',
      action: 'groups.write',
      body: MembersChange,
      answers: { 200: MembersChanged },
      async handle(call) {
        const { add, remove } = call.body;
        if (!add && !remove) return breaks('add', 'must be given, or remove');
        return async (tx) => await changeMembers(call, tx, call.body);
      },
    }),
    writes({
      method: 'PATCH',
      path: `${one}/members/:contactId`,
      does: 'Sets what a member may do and is told of.',
      action: 'groups.write',
      body: MemberPatch,
      answers: { 200: MemberShown },
      async handle(call) {
        const { role, notify, mutedUntil } = call.body;
        const mutedUntilMs = typeof mutedUntil === 'string' ? readTime(mutedUntil, 'mutedUntil') : mutedUntil;
        if (isFault(mutedUntilMs)) return mutedUntilMs;
        const contactId = idIn(call, 'contactId');
        const of = { workspaceId: call.workspace.id, groupId: idIn(call, 'groupId'), contactId };
        return async (tx) => {
          const changed = await changeMember(tx, of, { role, notify, mutedUntilMs });
          if (isFault(changed)) return missing('member');
          const audit = { action: 'group.member', subject: `group:${of.groupId}`, detail: call.body };
          return { status: 200, body: presentMember(changed), audit };
        };
      },
    }),
  ];
}

function announcementRoutes(): Route[] {
  return [
    reads({
      path: '/announcements',
      does: 'The announcements to all connected accounts.',
      action: 'groups.read',
      answer: GroupCounted,
      async handle(call) {
        const group = await findAnnouncements(call.ctx.sql, call.workspace.id);
        return group ? await counted(call, group) : missing('announcements');
      },
    }),
    writes({
      method: 'PUT',
      path: '/announcements',
      does: 'Turns the announcements on with all who are connected as members, changes how they look, or closes them.',
      action: 'groups.write',
      body: AnnouncementsPut,
      answers: { 200: GroupShown },
      async handle(call) {
        const { enabled, ...looks } = call.body;
        const { ctx, workspace, workspaceNowMs } = call;
        return async (tx) => {
          const input = { ...announcements, ...looks };
          const there = await findAnnouncements(tx, workspace.id);
          if (enabled !== false && (!there || there.closedMs !== null)) {
            const name = looks.name ?? there?.name ?? announcements.name;
            const opened = await openAnnouncements(tx, ctx.ids, workspaceNowMs, workspace.id, {
              ...input,
              name,
            });
            return told(opened, 'announcements', 200);
          }
          if (!there) return missing('announcements');
          const of = { workspaceId: workspace.id, groupId: there.id };
          const changed = await changeGroup(tx, workspaceNowMs, of, { ...looks, closed: enabled === false });
          return isFault(changed) ? changed : told(changed, 'announcements', 200);
        };
      },
    }),
  ];
}

async function list(call: Call): Promise<GroupPage | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { ctx, workspace } = call;
  const found = await listGroups(ctx.sql, workspace.id, { beforeId: page.before, limit: page.limit + 1 });
  const { rows, last } = cutPage(found, page.limit);
  return {
    groups: rows.map((row) => ({ ...presentGroup(row), members: row.members })),
    next: idText(last?.id),
  };
}

async function members(call: Call): Promise<MemberPage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const after = queryId(call, 'after');
  if (isFault(after)) return after;
  const group = await findGroup(call.ctx.sql, call.workspace.id, idIn(call, 'groupId'));
  if (isFault(group)) return missing('group');
  const found = await listMembers(call.ctx.sql, group.id, { afterId: after ?? 0, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  return {
    members: rows.map(presentMember),
    next: idText(last?.contactId),
  };
}

async function changeMembers(
  call: Call<unknown>,
  tx: Tx,
  { add, remove, role }: { add?: string[]; remove?: string[]; role?: Membership['role'] },
): Promise<Done<200, { added: number; removed: number }> | Fault> {
  const of = { workspaceId: call.workspace.id, groupId: idIn(call, 'groupId') };
  const ids = (texts: readonly string[] = []) => [...new Set(texts.map(idOf).filter((id) => id > 0))];
  // Those of other workspaces are passed over.
  const known = (await getContacts(tx, of.workspaceId, ids(add))).map(({ id }) => id);
  const [refused] = (await keptOutOfGroups(tx, of.workspaceId, known)).values();
  if (refused) return { ...refused, field: 'add' };
  const added = await joinGroup(tx, call.workspaceNowMs, { ...of, ...(role ? { role } : {}) }, known);
  if (isFault(added)) return added.fault === 'not_found' ? missing('group') : added;
  const removed = await leaveGroup(tx, of, ids(remove));
  if (isFault(removed)) return removed;
  const body = { added: added.length, removed: removed.length };
  return {
    status: 200,
    body,
    audit: { action: 'group.members', subject: `group:${of.groupId}`, detail: body },
  };
}

async function counted(call: Call, group: Group) {
  const [sized] = await withSizes(call.ctx.sql, [group]);
  return { ...presentGroup(group), members: sized!.members };
}

function told<S extends 200 | 201>(group: Group, what: string, status: S): Done<S, GroupShown> {
  const detail = { name: group.name };
  const audit = { action: `group.${what}`, subject: `group:${group.id}`, detail };
  return { status, body: presentGroup(group), audit };
}

function presentGroup(group: Group): GroupShown {
  const { id, kind, name, description, photoUrl, coverUrl, settings, position } = group;
  return {
    id: toHex24(id),
    kind,
    name,
    description,
    photoUrl,
    coverUrl,
    settings,
    position,
    closedAt: timeText(group.closedMs),
    createdAt: timeText(group.createdMs),
    changedAt: timeText(group.changedMs),
  };
}

function presentMember({
  contactId,
  role,
  notify,
  mutedUntilMs,
  readPosition,
  joinedMs,
}: Membership): MemberShown {
  return {
    contactId: toHex24(contactId),
    role,
    notify,
    mutedUntil: timeText(mutedUntilMs),
    readPosition,
    joinedAt: timeText(joinedMs),
  };
}
