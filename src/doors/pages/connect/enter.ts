/** Signing in and up on the consent page, by the means that every door has: passwords that make wait, codes that are mailed, sessions. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { appendAudit } from '../../../accounts/audit.ts';
import { getOperator, openSession, type Operator } from '../../../accounts/operators.ts';
import { beginSignUp, beginVerifying, finishSignUp, isVerified } from '../../../accounts/signIn/signUps.ts';
import { fault, isFault, type Fault } from '../../../base/fault.ts';
import type { HttpContext } from '../../kit/context.ts';
import { proveSignIn } from '../../kit/signIn.ts';
import type { Guard } from '../guard.ts';
import { cookiesToSet, type Asked, type Browser } from './asked.ts';
import type { Mailing } from '../../kit/accountMail.ts';
import { mailCode, codesBy, type Bounds } from './codes.ts';
import type { Form } from './view.ts';

/** A request to the consent page. */
export type Visit = {
  ctx: HttpContext;
  guard: Guard;
  bounds: Bounds;
  request: FastifyRequest;
  reply: FastifyReply;
  asked: Asked;
  browser: Browser;
  form: Form;
  /** By our clock. */
  nowMs: number;
};

/** Who has signed in in this browser, and whether the address is known to be theirs. */
export async function holderOf({
  ctx,
  browser,
  nowMs,
}: Visit): Promise<{ operator: Operator; verified: boolean } | undefined> {
  const session = browser.session === undefined ? undefined : await ctx.keyring.session(browser.session);
  const operator =
    session && session.expiresMs > nowMs ? await getOperator(ctx.sql, session.operatorId) : undefined;
  return operator && { operator, verified: await isVerified(ctx.sql, operator.id) };
}

/** Signs in with a password. */
export async function signIn(
  visit: Visit,
  given: { email: string; password: string; code: string },
): Promise<true | Fault> {
  const { ctx, guard, request, nowMs } = visit;
  const busy = await guard.check(request, nowMs);
  if (busy) return busy;
  const proved = await proveSignIn(ctx, given, nowMs);
  if (!isFault(proved)) return await begin(visit, proved);
  // Whoever is asked for a code has not guessed.
  if (proved.fault === 'invalid_auth' && (proved.field === undefined || given.code))
    await guard.missed(request, nowMs);
  return proved;
}

/** Begins a sign-up: nothing but a code comes of it. */
export async function signUp(
  visit: Visit,
  given: { email: string; name: string; password: string },
): Promise<true | Fault> {
  const { ctx, asked, browser, nowMs } = visit;
  const by = await mailing(visit, given.email);
  if (isFault(by)) return by;
  const mail = await beginSignUp(ctx, { ...given, name: given.name.trim(), browser: browser.secret, nowMs });
  if (isFault(mail)) return mail;
  await mailCode(ctx, asked.client, by, mail);
  return true;
}

/** Mails a code to somebody who has signed in and never showed that the address is theirs. */
export async function verify(visit: Visit, operator: Operator): Promise<true | Fault> {
  const { ctx, asked, browser, nowMs } = visit;
  const by = await mailing(visit, operator.email);
  if (isFault(by)) return by;
  await mailCode(
    ctx,
    asked.client,
    by,
    await beginVerifying(ctx, { browser: browser.secret, operator, nowMs }),
  );
  return true;
}

/** Ends a sign-up with its code, and signs in. */
export async function enterCode(visit: Visit, code: string): Promise<true | Fault> {
  const { ctx, guard, request, browser, nowMs } = visit;
  const busy = await guard.check(request, nowMs);
  if (busy) return busy;
  const operator = await finishSignUp(ctx, { browser: browser.secret, code, nowMs });
  if (!isFault(operator)) return await begin(visit, operator);
  await guard.missed(request, nowMs);
  return operator;
}

async function begin({ ctx, reply, nowMs }: Visit, operator: Operator): Promise<true> {
  const { token } = await ctx.sql.begin(async (tx) => {
    const subject = `operator:${operator.id}`;
    await appendAudit(tx, ctx.ids, { actor: subject, action: 'session.create', subject, nowMs });
    return await openSession(tx, operator, nowMs);
  });
  reply.header('set-cookie', cookiesToSet(ctx, { session: token }));
  return true;
}

async function mailing({ ctx, asked, bounds, request }: Visit, email: string): Promise<Mailing | Fault> {
  const by = await codesBy(ctx, asked.client);
  if (!by) return fault('unavailable', 'Codes cannot be mailed at the moment.');
  return (await bounds(asked.client, request, email)) ?? by;
}
