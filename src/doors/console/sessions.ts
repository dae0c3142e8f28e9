/** Signing in and out, and who one is. */
import type { Static } from 'typebox';
import {
  Bootstrap,
  Joined,
  Me,
  NewPassword,
  SessionOpened,
  SignIn,
  SignInByLink,
  SignInWays,
  type OperatorShown,
} from '../../../contract/doors/console/sessions.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import {
  changePassword,
  getOperator,
  openSession,
  proveNewPassword,
  signOut,
  type Operator,
} from '../../accounts/operators.ts';
import { providerName } from '../../accounts/signIn/provider.ts';
import { hasFactor } from '../../accounts/signIn/secondFactor.ts';
import { readSignInLink, useSignInLink } from '../../accounts/signIn/signInLinks.ts';
import type { Tx } from '../../db/pool.ts';
import { presentWorkspace } from './presentWorkspace.ts';
import { VERSION } from '../kit/version.ts';
import {
  acceptInvitation,
  dropInvitation,
  listInvitations,
  type Which,
} from '../../accounts/signIn/invitations.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { proveCode, proveSignIn, SIGN_IN_BYTES } from '../kit/signIn.ts';
import {
  acts,
  idIn,
  idText,
  missing,
  reads,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from './route.ts';

/** `/sessions` and `/me`. */
export const sessionRoutes: readonly Route[] = [
  writes({
    of: 'nobody',
    path: '/sessions',
    does: 'Signs in with a password; the token is good for every workspace one is a member of.',
    answers: { 201: SessionOpened },
    action: 'workspace.read',
    body: SignIn,
    bodyBytes: SIGN_IN_BYTES,
    secret: true,
    secretFields: ['password', 'code'],
    async handle({ ctx, body, nowMs }) {
      const proved = await proveSignIn(ctx, body, nowMs);
      if (isFault(proved)) return proved;
      return (tx) => opened(tx, proved, nowMs);
    },
  }),
  writes({
    of: 'nobody',
    path: '/sessions/link',
    does: 'Signs in by a link, which works once; the token is as good as one for a password.',
    answers: { 201: SessionOpened },
    action: 'workspace.read',
    body: SignInByLink,
    bodyBytes: SIGN_IN_BYTES,
    secret: true,
    secretFields: ['code', 'factor'],
    async handle(call) {
      const proved = await proveLink(call);
      if (isFault(proved)) return proved;
      const { body, nowMs } = call;
      return async (tx) => {
        const operator = await useSignInLink(tx, body.code, nowMs);
        return isFault(operator) ? operator : await opened(tx, operator, nowMs);
      };
    },
  }),
  reads({
    of: 'nobody',
    path: '/sessions/ways',
    does: 'How one may sign in besides with a password.',
    action: 'workspace.read',
    answer: SignInWays,
    async handle({ ctx: { config } }) {
      const name = providerName(config);
      return { provider: name === undefined ? null : { name, path: '/sign-in/provider' } };
    },
  }),
  acts({
    of: 'caller',
    method: 'DELETE',
    path: '/sessions/current',
    does: 'Signs out.',
    answers: { 204: Nothing },
    action: 'workspace.read',
    async handle({ ctx, caller, credential, afterCommit }) {
      if (caller.keyId !== undefined) return fault('forbidden', 'A key has no session; revoke it instead.');
      return async (tx) => {
        await signOut(tx, credential);
        afterCommit(() => ctx.keyring.forgetSession(credential));
        return {
          status: 204,
          body: undefined,
          audit: { action: 'session.end', subject: `operator:${caller.operatorId}` },
        };
      };
    },
  }),
  reads({
    of: 'caller',
    path: '/me',
    does: 'Who is calling, and the workspaces there are for him.',
    action: 'workspace.read',
    answer: Me,
    handle: whoAmI,
  }),
  reads({
    of: 'caller',
    path: '/bootstrap',
    does: 'What a page needs before its first paint: who is calling, and the workspaces there are for him with their settings.',
    action: 'workspace.read',
    answer: Bootstrap,
    handle: bootstrap,
  }),
  acts({
    of: 'caller',
    path: '/me/invitations/:workspaceId',
    does: 'Becomes a member of a workspace one is invited to.',
    action: 'workspace.read',
    answers: { 200: Joined },
    handle: accept,
  }),
  acts({
    of: 'caller',
    method: 'DELETE',
    path: '/me/invitations/:workspaceId',
    does: 'Declines an invitation.',
    action: 'workspace.read',
    answers: { 204: Nothing },
    handle: decline,
  }),
  writes({
    of: 'caller',
    path: '/me/password',
    does: 'Changes the own password, which ends all other sessions.',
    answers: { 204: Nothing },
    action: 'workspace.read',
    body: NewPassword,
    bodyBytes: SIGN_IN_BYTES,
    secretFields: ['password', 'newPassword'],
    async handle({ ctx, body, caller, credential, nowMs, afterCommit }) {
      if (caller.operatorId === undefined || caller.keyId !== undefined)
        return fault('forbidden', 'A password is changed in a session.');
      const { operatorId } = caller;
      const proved = await proveNewPassword(ctx.sql, { operatorId, ...body, nowMs });
      if (isFault(proved)) return proved;
      return async (tx) => {
        const changed = await changePassword(tx, proved);
        if (isFault(changed)) return changed;
        afterCommit(() => ctx.keyring.forgetSession(credential));
        return {
          status: 204,
          body: undefined,
          audit: { action: 'operator.password', subject: `operator:${operatorId}` },
        };
      };
    },
  }),
];

/** The second factor, where a link asks for it. What no link is, is told when it is used. */
async function proveLink({ ctx, body, nowMs }: Call<Static<typeof SignInByLink>>): Promise<true | Fault> {
  const link = await readSignInLink(ctx.sql, body.code, nowMs);
  if (!link?.asksFactor) return true;
  const { operator } = link;
  if (!body.factor?.trim())
    return fault('invalid_auth', 'factor: is required; a workspace asks for the second factor', {
      field: 'factor',
    });
  return await proveCode(ctx, { operator, code: body.factor, field: 'factor', nowMs });
}

/** An operator, as who he is himself is told. */
export function operatorShown({ id, email, name, timeZone, locale, notices }: Operator): OperatorShown {
  return { id: idText(id), email, name, timeZone, locale, notices };
}

/** Opens a session; the door gives its token to a browser as a cookie. */
async function opened(
  tx: Tx,
  proved: Operator,
  nowMs: number,
): Promise<Done<201, Static<typeof SessionOpened>>> {
  const { operator, token, expiresMs } = await openSession(tx, proved, nowMs);
  return {
    status: 201,
    body: { token, expiresAt: timeText(expiresMs), operator: operatorShown(operator) },
    audit: { action: 'session.create', subject: `operator:${operator.id}` },
  };
}

/** The invitation that is meant; only the operator himself answers it, in a session. */
function invitationOf(call: Call): Which | Fault {
  const { operatorId, keyId } = call.caller;
  return operatorId === undefined || keyId !== undefined
    ? fault('forbidden', 'An invitation is answered in a session.')
    : { workspaceId: idIn(call, 'workspaceId'), operatorId };
}

async function accept(call: Call): Promise<Work<200, Static<typeof Joined>> | Fault> {
  const which = invitationOf(call);
  if (isFault(which)) return which;
  const { ctx, afterCommit } = call;
  return async (tx) => {
    const role = await acceptInvitation(tx, which);
    if (isFault(role)) return role;
    afterCommit(() => ctx.keyring.forgetRoles(which.operatorId));
    return {
      status: 200,
      body: { workspace: { id: idText(which.workspaceId) }, role },
      audit: {
        action: 'member.add',
        subject: `operator:${which.operatorId}`,
        detail: { role },
        ...of(which),
      },
    };
  };
}

async function decline(call: Call): Promise<Work<204, undefined> | Fault> {
  const which = invitationOf(call);
  if (isFault(which)) return which;
  return async (tx) =>
    (await dropInvitation(tx, which))
      ? {
          status: 204,
          body: undefined,
          audit: { action: 'member.decline', subject: `operator:${which.operatorId}`, ...of(which) },
        }
      : missing('invitation');
}

function of({ workspaceId }: Which): { workspaceId: number } {
  return { workspaceId };
}

async function whoAmI(call: Call): Promise<Me> {
  const { keyId } = call.caller;
  const { operator, reached, invitations } = await whoAndWhere(call);
  const { operatorId } = call.caller;
  return {
    operator,
    secondFactor: operatorId !== undefined && (await hasFactor(call.ctx.sql, operatorId)),
    keyId: keyId ?? null,
    invitations,
    workspaces: reached.map(({ role, workspace: { id, name, environment } }) => ({
      id: idText(id),
      name,
      environment,
      role,
    })),
  };
}

async function bootstrap(call: Call): Promise<Bootstrap> {
  const { operator, reached, invitations } = await whoAndWhere(call);
  return {
    operator,
    invitations,
    workspaces: reached.map(({ role, workspace }) => presentWorkspace(workspace, role)),
    now: timeText(call.nowMs),
    version: VERSION,
  };
}

async function whoAndWhere({ ctx, caller }: Call) {
  const operator =
    caller.operatorId === undefined ? undefined : await getOperator(ctx.sql, caller.operatorId);
  const reached = await Promise.all(
    [...caller.roles].map(async ([id, role]) => ({ role, workspace: await ctx.directory.workspace(id) })),
  );
  const invitations =
    caller.operatorId === undefined || caller.keyId !== undefined
      ? []
      : await listInvitations(ctx.sql, { operatorId: caller.operatorId });
  return {
    operator: operator ? operatorShown(operator) : null,
    invitations: invitations.map(({ workspace, role, by }) => ({
      workspace: { id: idText(workspace.id), name: workspace.name },
      role,
      by,
    })),
    reached: reached.flatMap(({ role, workspace }) => (workspace ? [{ role, workspace }] : [])),
  };
}
