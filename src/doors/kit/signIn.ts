/**
 * Signing in with a password, and with a code where there is a second factor: the same at every door. How large its body may be, and that
 * what is wrong stands in the audit log.
 */
import { appendAudit } from '../../accounts/audit.ts';
import { findOperator, type Operator } from '../../accounts/operators.ts';
import { proveFactor, proveOperator } from '../../accounts/signIn/secondFactor.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { levelOf } from '../../db/patiently.ts';
import type { HttpContext } from './context.ts';

/** Nobody is known yet, and an address and a password are short. */
export const SIGN_IN_BYTES = 4096;

/** Whose password it is, and code where one is asked for. What is wrong is written down under the operator that it was tried for. */
export async function proveSignIn(
  ctx: HttpContext,
  given: { email: string; password: string; code?: string | undefined },
  nowMs: number,
): Promise<Operator | Fault> {
  const proved = await proveOperator(ctx, { ...given, nowMs });
  if (isFault(proved)) void noteRefusal(ctx, given.email, proved, nowMs);
  return proved;
}

/** The code of the second factor, of whom something else has proved to be the operator. What is wrong is written down, too. */
export async function proveCode(
  ctx: HttpContext,
  given: { operator: Operator; code: string; field: string; nowMs: number },
): Promise<true | Fault> {
  const proved = await proveFactor(ctx, given);
  if (isFault(proved)) void noteRefusal(ctx, given.operator.email, proved, given.nowMs);
  return proved;
}

/**
 * Not waited for: how long an answer takes would tell whether there is such an operator. Who only came too early is not written down,
 * since he may come as often as he likes: what made him wait is.
 */
async function noteRefusal(ctx: HttpContext, email: string, refused: Fault, nowMs: number): Promise<void> {
  if (refused.fault === 'rate_limited') return;
  try {
    const known = await findOperator(ctx.sql, email);
    const [actor, action] = ['nobody', 'session.refused'];
    if (known) await appendAudit(ctx.sql, ctx.ids, { actor, action, subject: `operator:${known.id}`, nowMs });
  } catch (error) {
    ctx.log[levelOf(error)]({ error }, 'a refused sign-in was not written down');
  }
}
