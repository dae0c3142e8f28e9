/**
 * Signing in by the install's provider: what a browser that is sent there brings back, and who that is here. A sign-in is good once and
 * only in the browser that began it: what proves it is made of that browser's cookie, of which a hash is kept. A provider makes nobody an
 * operator: in comes who is one, bound to the provider's subject on first use by an address that the provider has verified.
 */
import { hmac, randomToken, sha256Hex } from '../../base/crypto.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { appendAudit } from '../audit.ts';
import { findOperator, getOperator, type Operator } from '../operators.ts';
import type { Proofs, Vouched } from './provider.ts';
import { hasFactor } from './secondFactor.ts';
import {
  belongsSomewhere,
  deleteBindings,
  insertBinding,
  insertSignIn,
  isFactorAsked,
  selectBound,
  takeSignIn,
} from './sql.providerSignIn.ts';

/** How long somebody may be away at the provider. */
export const AWAY_MS = 10 * 60_000;

/** A sign-in that is sent to the provider by a browser, which goes on at `returnTo` afterwards. */
export async function sendAway(
  db: Db,
  { browser, returnTo, nowMs }: { browser: string; returnTo: string; nowMs: number },
): Promise<Proofs> {
  const state = randomToken(24);
  const hashes = { stateHash: sha256Hex(state), browserHash: sha256Hex(browser) };
  await insertSignIn(db, nowMs, { ...hashes, returnTo, expiresMs: nowMs + AWAY_MS });
  return proofsOf(browser, state);
}

/** A sign-in that comes back, in the same browser and once; undefined for any other. */
export async function comeBack(
  db: Db,
  { browser, state, nowMs }: { browser: string; state: string; nowMs: number },
): Promise<{ returnTo: string; proofs: Proofs } | undefined> {
  const hashes = { stateHash: sha256Hex(state), browserHash: sha256Hex(browser) };
  const returnTo = await takeSignIn(db, nowMs, hashes);
  return returnTo === undefined ? undefined : { returnTo, proofs: proofsOf(browser, state) };
}

/** Who it is here that a provider vouches for, and whether a workspace asks for the second factor as well; a fault for a stranger. */
export async function letIn(
  tx: Tx,
  ids: IdSource,
  vouched: Vouched,
  { domains, nowMs }: { domains: readonly string[]; nowMs: number },
): Promise<{ operator: Operator; asksFactor: boolean } | Fault> {
  const broken = checkDomain(vouched, domains);
  if (broken) return broken;
  const boundTo = await selectBound(tx, vouched.issuer, vouched.subject);
  const found = boundTo === undefined ? await bind(tx, ids, vouched, nowMs) : await getOperator(tx, boundTo);
  if (!found) return fault('forbidden', 'Your account here is disabled.');
  if (isFault(found)) return found;
  const asksFactor = (await isFactorAsked(tx, found.id)) && (await hasFactor(tx, found.id));
  return { operator: found, asksFactor };
}

/** Lets go of whom an operator was at the provider, so that another account there can be theirs. False where it was none. */
export async function unbind(tx: Tx, operatorId: number): Promise<boolean> {
  return (await deleteBindings(tx, operatorId)) > 0;
}

async function bind(
  tx: Tx,
  ids: IdSource,
  { issuer, subject, email }: Vouched,
  nowMs: number,
): Promise<Operator | Fault> {
  if (email === undefined)
    return fault(
      'forbidden',
      'The provider does not say that your e-mail address is verified, so nobody here is known to be you.',
    );
  const operator = await findOperator(tx, email);
  if (!operator || !(await belongsSomewhere(tx, operator.id)))
    return fault(
      'forbidden',
      `${email} is in no workspace here. An owner or admin of one can make you a member.`,
    );
  const bound = await insertBinding(tx, nowMs, { issuer, subject, operatorId: operator.id });
  // Of two tabs at once, one has bound it just now.
  if (!bound && (await selectBound(tx, issuer, subject)) !== operator.id)
    return fault(
      'forbidden',
      `${email} has come in by another account of the provider before. Whoever runs this Parley can let go of it: parley operator unbind.`,
    );
  if (bound) {
    const actor = `operator:${operator.id}`;
    const detail = { issuer, subject };
    await appendAudit(tx, ids, { actor, action: 'operator.bind', subject: actor, detail, nowMs });
  }
  return operator;
}

function checkDomain({ email }: Vouched, domains: readonly string[]): Fault | undefined {
  if (domains.length === 0) return undefined;
  const domain = email?.slice(email.lastIndexOf('@') + 1).toLowerCase();
  return domains.some((one) => one.toLowerCase() === domain)
    ? undefined
    : fault('forbidden', `Only verified addresses at ${domains.join(' or ')} come in by the provider.`);
}

function proofsOf(browser: string, state: string): Proofs {
  const of = (what: string) => hmac('sha256', browser, `${what}:${state}`, 'hex');
  return { state, nonce: of('nonce'), verifier: of('verifier') };
}
