/** Signing in and out, and who one is. */
import { NewPassword, SignIn } from '../../../contract/console.ts';
import { changePassword, getOperator, signIn, signOut } from '../../accounts/operators.ts';
import { fault, isFault } from '../../base/fault.ts';
import { acts, idText, reads, timeText, writes, type Call, type Route } from './route.ts';

/** `/sessions` and `/me`. */
export const sessionRoutes: readonly Route[] = [
  writes({
    of: 'nobody',
    path: '/sessions',
    action: 'workspace.read',
    body: SignIn,
    secret: true,
    secretFields: ['password'],
    async handle({ body, nowMs }) {
      return async (tx) => {
        const signed = await signIn(tx, { ...body, nowMs });
        if (isFault(signed)) return signed;
        const { operator, token, expiresMs } = signed;
        const { email, name } = operator;
        return {
          status: 201,
          body: { token, expiresAt: timeText(expiresMs), operator: { id: idText(operator.id), email, name } },
          audit: { action: 'session.create', subject: `operator:${operator.id}` },
        };
      };
    },
  }),
  acts({
    of: 'caller',
    method: 'DELETE',
    path: '/sessions/current',
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
  reads({ of: 'caller', path: '/me', action: 'workspace.read', handle: whoAmI }),
  writes({
    of: 'caller',
    path: '/me/password',
    action: 'workspace.read',
    body: NewPassword,
    secretFields: ['password', 'newPassword'],
    async handle({ ctx, body, caller, credential, afterCommit }) {
      if (caller.operatorId === undefined || caller.keyId !== undefined)
        return fault('forbidden', 'A password is changed in a session.');
      const { operatorId } = caller;
      return async (tx) => {
        const changed = await changePassword(tx, { operatorId, ...body });
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

async function whoAmI({ ctx, caller }: Call): Promise<unknown> {
  const operator =
    caller.operatorId === undefined ? undefined : await getOperator(ctx.sql, caller.operatorId);
  const reached = await Promise.all(
    [...caller.roles].map(async ([id, role]) => ({ role, workspace: await ctx.directory.workspace(id) })),
  );
  return {
    operator: operator ? { id: idText(operator.id), email: operator.email, name: operator.name } : null,
    keyId: caller.keyId ?? null,
    workspaces: reached.flatMap(({ role, workspace }) =>
      workspace
        ? [{ id: idText(workspace.id), name: workspace.name, environment: workspace.environment, role }]
        : [],
    ),
  };
}
