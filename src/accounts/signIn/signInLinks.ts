/**
 * Links by which an operator signs in without a password: a start of the demo prints one, so that a newcomer types none, and whom the
 * provider vouches for gets one where a code of the second factor is asked for as well. Each works once
 * and ends after an hour; its code stands behind a `#`, so that no server and no log is told of it, and only its hash is kept.
 */
import { randomToken, sha256Hex } from '../../base/crypto.ts';
import { fault, type Fault } from '../../base/fault.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { getOperator, type Operator } from '../operators.ts';
import { selectOperatorByEmail } from '../sql.access.ts';
import { insertSignInLink, selectSignInLink, takeSignInLink } from './sql.signInLinks.ts';

/** How long a link is good. */
const SIGN_IN_LINK_MS = 3600 * 1000;
/** How long whoever came from the provider may look for the phone. */
const FACTOR_LINK_MS = 10 * 60_000;

/** A link as it is shown, once: what comes after the address of the server. */
export type SignInLink = { path: string; expiresMs: number };

/** A link for the operator with an address; undefined when there is none who may sign in. */
export async function newSignInLink(tx: Tx, email: string, nowMs: number): Promise<SignInLink | undefined> {
  const operator = await selectOperatorByEmail(tx, email);
  if (!operator) return undefined;
  return await newLink(tx, { operatorId: operator.id, asksFactor: false, lastsMs: SIGN_IN_LINK_MS, nowMs });
}

/** A link for whom the provider vouches, which is good with a code of the second factor. */
export async function newFactorLink(tx: Tx, operatorId: number, nowMs: number): Promise<SignInLink> {
  return await newLink(tx, { operatorId, asksFactor: true, lastsMs: FACTOR_LINK_MS, nowMs });
}

/** Whose link it is, and whether it asks for a code of the second factor; undefined when it is used, over or none of ours. */
export async function readSignInLink(
  db: Db,
  code: string,
  nowMs: number,
): Promise<{ operator: Operator; asksFactor: boolean } | undefined> {
  const link = await selectSignInLink(db, nowMs, sha256Hex(code));
  const operator = link && (await getOperator(db, link.operatorId));
  return operator && { operator, asksFactor: link.asksFactor };
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

async function newLink(
  tx: Tx,
  of: { operatorId: number; asksFactor: boolean; lastsMs: number; nowMs: number },
): Promise<SignInLink> {
  const code = randomToken(32);
  const { operatorId, asksFactor, nowMs } = of;
  const expiresMs = nowMs + of.lastsMs;
  await insertSignInLink(tx, nowMs, { tokenHash: sha256Hex(code), operatorId, asksFactor, expiresMs });
  return { path: `/enter#${code}`, expiresMs };
}
