/**
 * Signing in with a password, and with a code where there is a second factor: the same at every door. How large its body may be, and that
 * what is wrong stands in the audit log.
 */
import { appendAudit } from '../../accounts/audit.ts';
import { findOperator, type Operator } from '../../accounts/operators.ts';
import { proveOperator } from '../../accounts/secondFactor.ts';
import { isFault, type Fault } from '../../base/fault.ts';
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
  const known = isFault(proved) ? await findOperator(ctx.sql, given.email) : undefined;
  if (known)
    await appendAudit(ctx.sql, ctx.ids, {
      actor: 'nobody',
      action: 'session.refused',
      subject: `operator:${known.id}`,
      nowMs,
    });
  return proved;
}
