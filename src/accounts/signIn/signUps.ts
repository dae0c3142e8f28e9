/**
 * Signing up by oneself: an operator comes of it once a code that was mailed to the address comes back from the browser that asked. Until
 * then nobody is told whether there is an account with that address: whoever has one is mailed that instead of a code. Mails nothing itself.
 */
import { randomInt } from 'node:crypto';
import { hmac, sameText, sha256Hex, type Vault } from '../../base/crypto.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Db, Sql } from '../../db/pool.ts';
import { appendAudit } from '../audit.ts';
import {
  checkNewOperator,
  createOperator,
  findOperator,
  getOperator,
  hashPassword,
  type Operator,
} from '../operators.ts';
import {
  deleteOldSignUps,
  deleteSignUp,
  markVerified,
  selectSignUpEmail,
  selectVerified,
  trySignUp,
  upsertSignUp,
} from './sql.signUps.ts';

/** How long a code is good. */
export const CODE_MS = 15 * 60_000;
const MOST_TRIES = 5;
const CODES = 1_000_000;

type Tools = { sql: Sql; vault: Pick<Vault, 'lastingSecret'>; ids: IdSource };

/** What is to be mailed: the code, or, with none, that there is an account with this address already. */
export type ToMail = { email: string; name: string; code?: string };

/** Begins a sign-up in a browser, named by a secret that it keeps. Argon2 takes its time: not for a transaction. */
export async function beginSignUp(
  tools: Tools,
  given: { browser: string; email: string; name: string; password: string; nowMs: number },
): Promise<ToMail | Fault> {
  const { browser, name, nowMs } = given;
  const email = given.email.trim().toLowerCase();
  const broken = checkNewOperator({ email, name });
  if (broken) return broken;
  const passwordHash = await hashPassword(given.password, 'password');
  if (isFault(passwordHash)) return passwordHash;
  const known = await findOperator(tools.sql, email);
  const code = newCode();
  // Of an address that has an account no code is known to anybody: nothing but its end comes of this row.
  const secret = known ? `none ${newCode()}${newCode()}` : code;
  const codeHash = hashOf(tools, browser, secret);
  const row = { browserHash: sha256Hex(browser), email, name, passwordHash, operatorId: null, codeHash };
  await upsertSignUp(tools.sql, { ...row, expiresMs: nowMs + CODE_MS });
  return { email, name: known?.name ?? name, ...(known ? {} : { code }) };
}

/** Begins the same for an operator who has signed in and never showed that the address is theirs. */
export async function beginVerifying(
  tools: Tools,
  given: { browser: string; operator: Operator; nowMs: number },
): Promise<ToMail> {
  const { browser, operator, nowMs } = given;
  const code = newCode();
  const { email, name, id } = operator;
  const row = { email, name, passwordHash: null, operatorId: id, codeHash: hashOf(tools, browser, code) };
  await upsertSignUp(tools.sql, { ...row, browserHash: sha256Hex(browser), expiresMs: nowMs + CODE_MS });
  return { email, name, code };
}

/** Ends a sign-up with the code: who it is now. Each try counts, whoever makes it. Not for a transaction. */
export async function finishSignUp(
  tools: Tools,
  given: { browser: string; code: string; nowMs: number },
): Promise<Operator | Fault> {
  const { browser, nowMs } = given;
  const browserHash = sha256Hex(browser);
  const row = await trySignUp(tools.sql, { browserHash, most: MOST_TRIES, nowMs });
  if (!row) return over();
  const code = given.code.replaceAll(/[\s-]/g, '');
  if (!sameText(hashOf(tools, browser, code), row.codeHash))
    return fault('bad_request', 'code: is not the one that was mailed', { field: 'code' });
  return await tools.sql.begin(async (tx): Promise<Operator | Fault> => {
    if (!(await deleteSignUp(tx, browserHash, row.codeHash))) return over();
    const operator =
      row.operatorId === null
        ? await createOperator(tx, tools.ids, { ...row, passwordHash: row.passwordHash!, nowMs })
        : ((await getOperator(tx, row.operatorId)) ?? over());
    if (isFault(operator)) return operator;
    await markVerified(tx, operator.id, nowMs);
    const subject = `operator:${operator.id}`;
    const action = row.operatorId === null ? 'operator.create' : 'operator.verify';
    await appendAudit(tx, tools.ids, { actor: subject, action, subject, nowMs });
    return operator;
  });
}

/** Where the code of a browser was mailed to, while it can be used. */
export async function signingUpAs(db: Db, browser: string, nowMs: number): Promise<string | undefined> {
  return await selectSignUpEmail(db, sha256Hex(browser), nowMs);
}

/** Whether an operator has shown that the address is theirs. */
export async function isVerified(db: Db, operatorId: number): Promise<boolean> {
  return await selectVerified(db, operatorId);
}

/** Notes that an operator's address is theirs, on the word of whoever made the operator. */
export async function vouchFor(db: Db, operatorId: number, nowMs: number): Promise<void> {
  await markVerified(db, operatorId, nowMs);
}

/** Forgets sign-ups that came to nothing. */
export async function sweepSignUps(db: Db, nowMs: number): Promise<void> {
  await deleteOldSignUps(db, nowMs);
}

function newCode(): string {
  return String(randomInt(CODES)).padStart(6, '0');
}

/** Under the install's secret: six digits are soon tried out by who has a copy of the database. */
function hashOf({ vault }: Pick<Tools, 'vault'>, browser: string, code: string): string {
  return hmac('sha256', vault.lastingSecret, `sign-up|${browser}|${code}`, 'hex');
}

function over(): Fault {
  return fault('not_found', 'This code was used, is over, or was tried too often: ask for another.');
}
