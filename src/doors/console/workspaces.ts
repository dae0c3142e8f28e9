/** Workspaces and their settings, the audit log, and who belongs to them. */
import { installMailing, mailTo, type Mailing } from '../kit/accountMail.ts';
import { keepOtherwise } from '../../accounts/keeping.ts';
import { dropInvitation, inviteOperator, listInvitations } from '../../accounts/signIn/invitations.ts';
import {
  MemberInvited,
  MemberMade,
  MemberPatch,
  MemberShown,
  MembersShown,
  NewMember,
  NewWorkspace,
  WorkspacePatch,
  WorkspaceShown,
  WorkspacesShown,
} from '../../../contract/doors/console/workspaces.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { auditRoutes } from './audit.ts';
import { keptRoutes } from './kept.ts';
import { removalRoutes } from './removal.ts';
import {
  createOperator,
  hashPassword,
  findOperator,
  type Operator,
  listMembers,
  removeMember,
  setMember,
} from '../../accounts/operators.ts';
import { makeOperatorByLink, type PasswordLink } from '../../accounts/signIn/passwordLinks.ts';
import { can } from '../../accounts/roles.ts';
import type { Role } from '../../../contract/roles.ts';
import { deleteOperator } from '../../inbox/teams.ts';
import {
  changesOf,
  createOwnWorkspace,
  getWorkspace,
  getWorkspaceToChange,
  updateWorkspace,
} from '../../accounts/workspaces.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { zoneChanged } from '../../campaigns/zone.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Note } from '../kit/change.ts';
import { presentWorkspace } from './presentWorkspace.ts';
import {
  actorOf,
  acts,
  idIn,
  missing,
  reads,
  revisionIn,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from './route.ts';

/** `/workspaces`, `…/audit` and `…/members`. */
export const workspaceRoutes: readonly Route[] = [
  reads({
    of: 'caller',
    path: '/workspaces',
    does: 'The workspaces of the caller.',
    action: 'workspace.read',
    answer: WorkspacesShown,
    async handle({ ctx, caller }) {
      const all = await Promise.all(
        [...caller.roles].map(async ([id, role]) => ({ role, workspace: await getWorkspace(ctx.sql, id) })),
      );
      return {
        workspaces: all.flatMap(({ role, workspace }) =>
          workspace ? [presentWorkspace(workspace, role)] : [],
        ),
      };
    },
  }),
  writes({
    of: 'caller',
    path: '/workspaces',
    action: 'workspace.read',
    does: 'Makes a workspace, whose owner the caller is.',
    body: NewWorkspace,
    answers: { 201: WorkspaceShown },
    async handle({ ctx, body, caller, nowMs, afterCommit }) {
      const { operatorId } = caller;
      if (operatorId === undefined || caller.keyId !== undefined)
        return fault('forbidden', 'Workspaces are made in a session, by the operator who is to own them.');
      return async (tx) => {
        const made = await createOwnWorkspace(
          tx,
          ctx.ids,
          { ...body, ownerId: operatorId, nowMs },
          ctx.config.workspacesPerOperator,
        );
        if (isFault(made)) return made;
        afterCommit(() => (ctx.directory.forget(made.id), ctx.keyring.forgetRoles(operatorId)));
        const audit = { action: 'workspace.create', subject: `workspace:${made.id}`, detail: body };
        return {
          status: 201,
          body: presentWorkspace(made, 'owner'),
          audit: { ...audit, workspaceId: made.id },
        };
      };
    },
  }),
  reads({
    path: '',
    does: 'A workspace and its settings.',
    action: 'workspace.read',
    answer: WorkspaceShown,
    handle: async (call) => presentWorkspace(call.workspace, roleOf(call)),
  }),
  writes({
    method: 'PATCH',
    path: '',
    action: 'workspace.update',
    does: 'Changes a workspace; settings are merged by name, null takes one away. With If-Match only the revision that is named there.',
    body: WorkspacePatch,
    answers: { 200: WorkspaceShown },
    async handle(call) {
      const { ctx, body, workspace, afterCommit } = call;
      const broken = checkSettings(body.settings);
      if (broken) return broken;
      const revision = revisionIn(call);
      if (isFault(revision)) return revision;
      const { id } = workspace;
      return async (tx) => {
        const before = await getWorkspaceToChange(tx, id);
        const changed = await updateWorkspace(tx, { ...body, id, revision, nowMs: ctx.clock.nowMs() });
        if (isFault(changed)) return changed;
        if (body.settings?.keptDays !== undefined) await keepOtherwise(tx, id);
        if (changed.timeZone !== before!.timeZone)
          await zoneChanged(ctx, tx, id, before!.timeZone, call.workspaceNowMs);
        afterCommit(() => ctx.directory.forget(id));
        const detail = changesOf(before!, body);
        const audit = { action: 'workspace.update', subject: `workspace:${id}`, detail };
        return { status: 200, body: presentWorkspace(changed, roleOf(call)), audit };
      };
    },
  }),
  ...keptRoutes,
  ...removalRoutes,
  ...auditRoutes,
  reads({
    path: '/members',
    does: 'Who is a member, and who is asked to be one.',
    action: 'members.read',
    answer: MembersShown,
    async handle({ ctx, workspace }) {
      const of = { workspaceId: workspace.id };
      const [members, invited] = await Promise.all([listMembers(ctx.sql, of), listInvitations(ctx.sql, of)]);
      return {
        members: members.map(({ id, ...member }) => ({ id: toHex24(id), ...member })),
        invited: invited.map(({ operator: { id, ...rest }, role }) => ({ id: toHex24(id), ...rest, role })),
      };
    },
  }),
  writes({
    path: '/members',
    action: 'members.manage',
    does: 'Makes somebody new an operator and a member, by a password or by a link that sets it; or asks an operator there is.',
    body: NewMember,
    answers: { 201: MemberMade, 202: MemberInvited },
    secret: true,
    secretFields: ['password'],
    async handle(call) {
      const may = mayGive(call, call.body.role);
      if (isFault(may)) return may;
      const { password } = call.body;
      const passwordHash = password === undefined ? undefined : await hashPassword(password, 'password');
      const mailing = await installMailing(call.ctx);
      if (isFault(mailing)) return mailing;
      return isFault(passwordHash) ? passwordHash : (tx) => invite(call, tx, { passwordHash, mailing });
    },
  }),
  writes({
    method: 'PATCH',
    path: '/members/:operatorId',
    action: 'members.manage',
    does: 'Gives a member another role.',
    body: MemberPatch,
    answers: { 200: MemberShown },
    handle: async (call) => changeRole(call, call.body.role),
  }),
  acts({
    method: 'DELETE',
    path: '/members/:operatorId',
    does: 'Takes a member out, or an invitation back.',
    action: 'members.manage',
    answers: { 204: Nothing },
    handle: async (call) => takeOut(call),
  }),
];

function roleOf(call: Call<unknown>): Role {
  return call.caller.roles.get(call.workspace.id)!;
}

type Settings = {
  quietHours?: { from: string; to: string } | null;
  channelOrder?: readonly string[] | null;
  frequencyCap?: unknown;
};

function checkSettings(settings: Settings | undefined): Fault | undefined {
  const { quietHours, channelOrder } = settings ?? {};
  if (quietHours && quietHours.from === quietHours.to)
    return breaks('settings.quietHours.to', 'must differ from settings.quietHours.from');
  if (channelOrder && new Set(channelOrder).size < channelOrder.length)
    return breaks('settings.channelOrder', 'must name each channel at most once');
  return undefined;
}

/** Whether the caller may make somebody this, or take it away: owners are made by owners. */
function mayGive(call: Call<unknown>, ...roles: (Role | undefined)[]): true | Fault {
  return roles.includes('owner') ? can(roleOf(call), 'owners.manage') : true;
}

type Invited = { email: string; role: Role; name?: string; password?: string };

async function invite(
  call: Call<Invited>,
  tx: Tx,
  { passwordHash, mailing }: { passwordHash: string | undefined; mailing: Mailing | undefined },
): Promise<Done<201, MemberMade> | Done<202, MemberInvited> | Fault> {
  const { ctx, workspace, afterCommit } = call;
  const { email, role, name } = call.body;
  const known = await findOperator(tx, email);
  if (known && (name !== undefined || passwordHash !== undefined))
    return fault('conflict', 'email: there is an operator with this address; leave out name and password', {
      field: 'email',
    });
  if (!known && name === undefined) return breaks('name', 'is required for somebody new');
  const members = known ? await listMembers(tx, { workspaceId: workspace.id }) : [];
  if (members.some(({ id }) => id === known!.id))
    return fault('conflict', 'email: is a member already', { field: 'email' });
  if (known) return await ask(call, tx, known, { role, mailing });
  const made = await makeOperator(call, tx, name!, passwordHash);
  if (isFault(made)) return made;
  const { operator, link } = made;
  const set = await setMember(tx, { workspaceId: workspace.id, operatorId: operator.id, role });
  if (isFault(set)) return set;
  afterCommit(() => ctx.keyring.forgetRoles(operator.id));
  const shown = link && { url: `${ctx.publicUrl()}${link.path}`, expiresAt: timeText(link.expiresMs) };
  // Who can be mailed alone sees the link: it shows that the address is theirs.
  if (shown && mailing) await mailTo(ctx, tx, mailing, welcome(operator, workspace.name, role, shown));
  return {
    status: 201,
    body: {
      id: toHex24(operator.id),
      email: operator.email,
      name: operator.name,
      role,
      disabled: false,
      ...(shown && (mailing ? { mailed: true as const } : { link: shown })),
    },
    audit: {
      action: 'member.add',
      subject: `operator:${operator.id}`,
      detail: { email: operator.email, role },
    },
  };
}

function welcome(
  { email, name }: Operator,
  workspaceName: string,
  role: Role,
  link: { url: string; expiresAt: string },
): { email: string; subject: string; text: string } {
  const until = link.expiresAt.slice(0, 16).replace('T', ' ');
  return {
    email,
    subject: `You are ${role} of ${workspaceName} now`,
    text: `Hello ${name},\n\nset your password here, once, until ${until} UTC:\n${link.url}\n\nIf you expect nothing of ${workspaceName}, you need do nothing.`,
  };
}

/** Somebody new: with the password that was chosen for him, or with a link by which he chooses it. */
async function makeOperator(
  { ctx, caller, nowMs, body: { email } }: Call<Invited>,
  tx: Tx,
  name: string,
  passwordHash: string | undefined,
): Promise<{ operator: Operator; link?: PasswordLink } | Fault> {
  if (passwordHash === undefined)
    return await makeOperatorByLink(tx, ctx.ids, {
      email,
      name,
      actor: actorOf(caller),
      invitedBy: asker(caller),
      nowMs,
    });
  const operator = await createOperator(tx, ctx.ids, { email, name, passwordHash, nowMs });
  return isFault(operator) ? operator : { operator };
}

/** Who asks by name; a key does not. */
function asker({ keyId, operatorId }: Call['caller']): number | undefined {
  return keyId === undefined ? operatorId : undefined;
}

/** Somebody who is an operator already is asked: he becomes a member when he says yes. */
async function ask(
  { ctx, caller, workspace, nowMs }: Call<unknown>,
  tx: Tx,
  known: Operator,
  { role, mailing }: { role: Role; mailing: Mailing | undefined },
): Promise<Done<202, MemberInvited>> {
  const { id, email, name } = known;
  await inviteOperator(tx, nowMs, {
    workspaceId: workspace.id,
    operatorId: id,
    role,
    invitedBy: asker(caller),
  });
  if (mailing)
    await mailTo(ctx, tx, mailing, {
      email,
      subject: `You are invited to ${workspace.name}`,
      text: `Hello ${name},\n\nyou are asked to be ${role} of ${workspace.name}. Sign in at ${ctx.publicUrl()} and accept or decline it there.`,
    });
  return {
    status: 202,
    body: { id: toHex24(id), email, name, role, invited: true },
    audit: { action: 'member.invite', subject: `operator:${id}`, detail: { email, role } },
  };
}

/** Takes an invitation back that was not answered. */
async function uninvite(
  { workspace }: Call<unknown>,
  tx: Tx,
  operatorId: number,
): Promise<Done<204, undefined> | Fault> {
  const dropped = await dropInvitation(tx, { workspaceId: workspace.id, operatorId });
  const audit = { action: 'member.uninvite', subject: `operator:${operatorId}` };
  return dropped ? { status: 204, body: undefined, audit } : missing('member');
}

/** Gives a member another role. */
function changeRole(call: Call<unknown>, role: Role): Work<200, MemberShown> {
  return async (tx) => {
    const member = await memberOf(call, tx);
    if (!member) return missing('member');
    const may = mayGive(call, member.role, role);
    if (isFault(may)) return may;
    const { id: operatorId, ...rest } = member;
    const done = await setMember(tx, { workspaceId: call.workspace.id, operatorId, role });
    if (isFault(done)) return done;
    const audit = changed(call, operatorId, 'member.change', { from: member.role, to: role });
    return { status: 200, body: { id: toHex24(operatorId), ...rest, role }, audit };
  };
}

/** Takes a member out; who has not answered yet is asked no more. */
function takeOut(call: Call<unknown>): Work<204, undefined> {
  return async (tx) => {
    const member = await memberOf(call, tx);
    const operatorId = idIn(call, 'operatorId');
    if (!member) return await uninvite(call, tx, operatorId);
    const may = mayGive(call, member.role);
    if (isFault(may)) return may;
    const done = await removeMember(tx, { workspaceId: call.workspace.id, operatorId });
    if (isFault(done)) return done;
    await deleteOperator(tx, call.workspace.id, operatorId);
    call.afterCommit(() =>
      call.ctx.notices.send([{ kind: 'shared', workspaceId: call.workspace.id, what: 'teams' }]),
    );
    const audit = changed(call, operatorId, 'member.remove', { from: member.role, to: null });
    return { status: 204, body: undefined, audit };
  };
}

/** The member of the path. */
async function memberOf(call: Call<unknown>, tx: Tx) {
  const operatorId = idIn(call, 'operatorId');
  return (await listMembers(tx, { workspaceId: call.workspace.id })).find(({ id }) => id === operatorId);
}

/** What the audit log is told of a change of roles, which no process remembers any longer once it is made. */
function changed(
  { ctx, afterCommit }: Call<unknown>,
  operatorId: number,
  action: string,
  detail: { from: Role; to: Role | null },
): Note {
  afterCommit(() => ctx.keyring.forgetRoles(operatorId));
  return { action, subject: `operator:${operatorId}`, detail };
}
