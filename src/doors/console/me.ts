/** What an operator decides of himself: the name, sessions, the second factor. All of it in a session, none of it by a key. */
import {
  FactorCode,
  FactorEnd,
  FactorShown,
  MePatch,
  NewFactor,
  OperatorShown,
  RecoveryCodes,
  SessionsShown,
} from '../../../contract/doors/console/sessions.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import {
  endSessions,
  getOperator,
  listSessions,
  changeOperator,
  type Operator,
} from '../../accounts/operators.ts';
import { beginFactor, confirm, endFactor, proveOperator } from '../../accounts/signIn/secondFactor.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { SIGN_IN_BYTES } from '../kit/signIn.ts';
import { operatorShown } from './sessions.ts';
import { acts, missing, reads, timeText, writes, type Call, type Route } from './route.ts';

/** `/me/…`. */
export const meRoutes: readonly Route[] = [
  writes({
    of: 'caller',
    method: 'PATCH',
    path: '/me',
    does: 'Changes the own name, and in which zone and by which locale one reads times, and of what one is told.',
    action: 'workspace.read',
    answers: { 200: OperatorShown },
    body: MePatch,
    async handle(call) {
      const me = await operatorOf(call);
      if (isFault(me)) return me;
      return async (tx) => {
        const changed = await changeOperator(tx, me.id, call.body);
        if (isFault(changed)) return changed;
        const action = call.body.name === undefined ? 'operator.change' : 'operator.rename';
        return { status: 200, body: operatorShown(changed), audit: noted(action, me.id) };
      };
    },
  }),
  reads({
    of: 'caller',
    path: '/me/sessions',
    does: 'The own sessions that are open.',
    action: 'workspace.read',
    answer: SessionsShown,
    async handle(call) {
      const me = await operatorOf(call);
      if (isFault(me)) return me;
      const sessions = await listSessions(call.ctx.sql, me.id, { token: call.credential, nowMs: call.nowMs });
      return {
        sessions: sessions.map(({ id, createdMs, expiresMs, current }) => ({
          id,
          createdAt: timeText(createdMs),
          expiresAt: timeText(expiresMs),
          current,
        })),
      };
    },
  }),
  acts({
    of: 'caller',
    method: 'DELETE',
    path: '/me/sessions/:sessionId',
    does: 'Ends one of the own sessions; `others` ends all but this one. It holds within a second, in every process.',
    action: 'workspace.read',
    answers: { 204: Nothing },
    async handle(call) {
      const me = await operatorOf(call);
      if (isFault(me)) return me;
      const named = call.params['sessionId'] ?? '';
      return async (tx) => {
        const which = named === 'others' ? { allBut: call.credential } : { id: named };
        const ended = await endSessions(tx, me.id, which);
        if (!ended && 'id' in which) return missing('session');
        return { status: 204, body: undefined, audit: noted('session.end', me.id) };
      };
    },
  }),
  writes({
    of: 'caller',
    path: '/me/second-factor',
    does: 'Begins a second factor: what the app on the phone is told. It counts once a code of it is told.',
    action: 'workspace.read',
    answers: { 201: FactorShown },
    body: NewFactor,
    bodyBytes: SIGN_IN_BYTES,
    secret: true,
    secretFields: ['password'],
    async handle(call) {
      const me = await proved(call, { password: call.body.password });
      if (isFault(me)) return me;
      return async (tx) => {
        const begun = await beginFactor(tx, call.ctx.vault, me, call.nowMs);
        if (isFault(begun)) return begun;
        return { status: 201, body: begun, audit: noted('operator.factor.begin', me.id) };
      };
    },
  }),
  writes({
    of: 'caller',
    path: '/me/second-factor/confirm',
    does: 'Puts the second factor in use by a code of it; answers recovery codes, once.',
    action: 'workspace.read',
    answers: { 200: RecoveryCodes },
    body: FactorCode,
    bodyBytes: SIGN_IN_BYTES,
    secret: true,
    secretFields: ['code'],
    async handle(call) {
      const me = await operatorOf(call);
      if (isFault(me)) return me;
      return async (tx) => {
        const of = { operatorId: me.id, code: call.body.code, nowMs: call.nowMs };
        const done = await confirm(tx, call.ctx.vault, of);
        if (isFault(done)) return done;
        return { status: 200, body: done, audit: noted('operator.factor', me.id) };
      };
    },
  }),
  writes({
    of: 'caller',
    path: '/me/second-factor/end',
    does: 'Ends the second factor, by the password and a code or a recovery code.',
    action: 'workspace.read',
    answers: { 204: Nothing },
    body: FactorEnd,
    bodyBytes: SIGN_IN_BYTES,
    secretFields: ['password', 'code'],
    async handle(call) {
      const me = await proved(call, call.body);
      if (isFault(me)) return me;
      return async (tx) =>
        (await endFactor(tx, me.id))
          ? { status: 204, body: undefined, audit: noted('operator.factor.end', me.id) }
          : missing('second factor');
    },
  }),
];

function noted(action: string, id: number): { action: string; subject: string } {
  return { action, subject: `operator:${id}` };
}

async function operatorOf({ ctx, caller }: Call<unknown>): Promise<Operator | Fault> {
  const me =
    caller.operatorId === undefined || caller.keyId !== undefined
      ? undefined
      : await getOperator(ctx.sql, caller.operatorId);
  return me ?? fault('forbidden', 'This is done in a session, by the operator it concerns.');
}

/** Whose session it is, once more: what is wrong counts and makes wait as at a sign-in. */
async function proved(
  call: Call<unknown>,
  given: { password: string; code?: string },
): Promise<Operator | Fault> {
  const me = await operatorOf(call);
  if (isFault(me)) return me;
  const { ctx, nowMs } = call;
  const found = await proveOperator(ctx, { email: me.email, ...given, nowMs });
  if (!isFault(found) || found.fault === 'rate_limited') return found;
  if (found.field === 'code' && given.code === undefined)
    return fault('conflict', 'There is a second factor; end it first.');
  const field = found.field ?? 'password';
  return fault('forbidden', `${field}: is not the right one`, { field });
}
