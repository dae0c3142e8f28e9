/**
 * Links by which an operator signs in without a password: a start of the demo prints one, so that a newcomer types none. Each works once
 * and ends after an hour; its code stands behind a `#`, so that no server and no log is told of it, and only its hash is kept.
 */
import { randomToken, sha256Hex } from '../base/crypto.ts';
import { fault, type Fault } from '../base/fault.ts';
import type { Tx } from '../db/pool.ts';
import { getOperator, type Operator } from './operators.ts';
import { selectOperatorByEmail } from './sql.access.ts';
import { insertSignInLink, takeSignInLink } from './sql.signInLinks.ts';

/** How long a link is good. */
const SIGN_IN_LINK_MS = 3600 * 1000;

/** A link as it is shown, once: what comes after the address of the server. */
export type SignInLink = { path: string; expiresMs: number };

/** A link for the operator with an address; undefined when there is none who may sign in. */
export async function newSignInLink(tx: Tx, email: string, nowMs: number): Promise<SignInLink | undefined> {
  const operator = await selectOperatorByEmail(tx, email);
  if (!operator) return undefined;
  const code = randomToken(32);
  const expiresMs = nowMs + SIGN_IN_LINK_MS;
  await insertSignInLink(tx, nowMs, { tokenHash: sha256Hex(code), operatorId: operator.id, expiresMs });
  return { path: `/enter#${code}`, expiresMs };
}

/** Uses a link; what is done with it is of the same transaction, so that a link is good until somebody is in. */
export async function useSignInLink(tx: Tx, code: string, nowMs: number): Promise<Operator | Fault> {
  const operatorId = await takeSignInLink(tx, nowMs, sha256Hex(code));
  const operator = operatorId === undefined ? undefined : await getOperator(tx, operatorId);
  return (
    operator ??
    fault('invalid_auth', 'This link was used already, or is over. The next start prints another.')
  );
}
