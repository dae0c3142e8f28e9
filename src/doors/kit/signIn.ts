/** Signing in with a password, the same at every door: how large its body may be, and that a wrong one stands in the audit log. */
import { appendAudit } from '../../accounts/audit.ts';
import { findOperator, provePassword, type Operator } from '../../accounts/operators.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import type { HttpContext } from './context.ts';

/** Nobody is known yet, and an address and a password are short. */
export const SIGN_IN_BYTES = 4096;

/** Whose password it is. A wrong one is written down under the operator that it was tried for. */
export async function proveSignIn(
  ctx: HttpContext,
  { email, password }: { email: string; password: string },
  nowMs: number,
): Promise<Operator | Fault> {
  const proved = await provePassword(ctx.sql, { email, password, nowMs });
  const known = isFault(proved) ? await findOperator(ctx.sql, email) : undefined;
  if (known)
    await appendAudit(ctx.sql, ctx.ids, {
      actor: 'nobody',
      action: 'session.refused',
      subject: `operator:${known.id}`,
      nowMs,
    });
  return proved;
}
