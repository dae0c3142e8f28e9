/**
 * Operators: the people who sign in. Passwords are kept as argon2id, session tokens as SHA-256; neither can be read
 * back. Guessing is slowed by a wait after wrong ones, the cost of argon2, and the doors' rate limits.
 */
import { USUAL_NOTICES, type Notices } from '../../contract/notices.ts';
import { isTimeZone } from '../base/zones.ts';
import { isStorable } from '../base/storable.ts';
import { hash, verify } from '@node-rs/argon2';
import { randomToken, sha256Hex } from '../base/crypto.ts';
import { breaks, fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { checkText } from './checks.ts';
import { isRole, ROLES, type Role } from '../../contract/roles.ts';
import {
  deleteExpiredSessions,
  deleteMembership,
  hasOtherOwner,
  insertOperator,
  insertSession,
  selectMembers,
  selectOperator,
  selectOperatorByEmail,
  selectSessionsOf,
  updateOperator,
  updatePassword,
  updateSessionsEnded,
  updateSessionsOfEnded,
  upsertMembership,
  type OperatorChange,
  type OperatorRow,
} from './sql.access.ts';
import { deleteFailures, deleteOldFailures, selectFailures, takeBackTry, takeTry } from './sql.failures.ts';
import { lockWorkspace } from './sql.ts';

/** A person who signs in. */
export type Operator = {
  id: number;
  email: string;
  name: string;
  createdMs: number;
  /** In which zone and by which locale he reads times; the browser's where it is null. */
  timeZone: string | null;
  locale: string | null;
  notices: Notices;
};

/** An operator in a workspace. */
type Member = { id: number; email: string; name: string; role: Role; disabled: boolean };

/** The settings of an operator who has made none. */
const SAID_NOTHING = { timeZone: null, locale: null, notices: USUAL_NOTICES };

/** A session lasts this long. */
export const SESSION_MS = 14 * 24 * 3600 * 1000;

/** A session just opened; the token is shown only here. */
type Session = { operator: Operator; token: string; expiresMs: number };

const FREE_TRIES = 5;
const FIRST_WAIT_MS = 1000;
const MOST_WAIT_MS = 15 * 60_000;
/** How tries wait, as the statement that takes one reckons it, too. */
const WAITS = { freeTries: FREE_TRIES, firstWaitMs: FIRST_WAIT_MS, mostWaitMs: MOST_WAIT_MS };
const FORGOTTEN_MS = 24 * 3600_000;
const MIN_PASSWORD = 10;
/** Argon2 hashes whatever it is given; nobody types more than this. */
const MAX_PASSWORD = 200;
/** OWASP's first choice for argon2id: 19 MiB, 2 passes, 1 thread (measured: 6 to 20 ms, off the event loop). The package's default algorithm is argon2id. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/**
 * Stands where no password is set yet. It is also checked where there is no such operator, so that the time taken does not tell. A hash of
 * random bytes that nobody has.
 */
export const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$yX0VmvVWxBYRSUxJS+4XPQ$uiKnEbSmEjbW/Z+AO00OMYiKrGwDc9Ln5seJFkYwe7A';

/** Makes an operator. In a transaction of requests, give the hash: argon2 takes its time. */
export async function createOperator(
  db: Db,
  ids: IdSource,
  input: { email: string; name: string; nowMs: number } & ({ password: string } | { passwordHash: string }),
): Promise<Operator | Fault> {
  const email = typeof input.email === 'string' ? input.email.trim().toLowerCase() : '';
  const broken = checkNewOperator({ email, name: input.name });
  if (broken) return broken;
  const passwordHash =
    'passwordHash' in input ? input.passwordHash : await hashPassword(input.password, 'password');
  if (typeof passwordHash !== 'string') return passwordHash;
  const id = ids.spread();
  const made = await insertOperator(db, input.nowMs, { id, email, name: input.name, passwordHash });
  return made
    ? { id, email, name: input.name, createdMs: input.nowMs, ...SAID_NOTHING }
    : fault('conflict', `email: there is an operator with ${email} already`, { field: 'email' });
}

/** The first rule that the address (in lower case) or the name of a new operator breaks. */
export function checkNewOperator({ email, name }: { email: string; name: string }): Fault | undefined {
  return isEmail(email)
    ? checkText(name, 'name', 1, 200)
    : breaks('email', 'must be an e-mail address of at most 254 characters');
}

/** What else is asked of whoever has the password: a fault says what, and counts as no wrong one. */
type Further = (operator: Operator) => Promise<'right' | 'wrong' | Fault>;

/** What came of a try: it is right, or wrong and counts, or more is asked for, which counts as nothing. */
type Tried<T> = { right: T } | { wrong: Fault } | { asks: Fault };

/**
 * Whose password it is. After a few wrong ones for an address each next try has to wait twice as long, whoever makes it and
 * whether or not there is such an operator. Not for a transaction: a wrong one is counted, and argon2 takes its time.
 */
export async function provePassword(
  db: Db,
  input: { email: string; password: string; nowMs: number },
  further: Further = async () => 'right',
): Promise<Operator | Fault> {
  const { email, password } = input as { email: unknown; password: unknown };
  if (typeof email !== 'string' || typeof password !== 'string') return wrong();
  const address = email.trim().toLowerCase();
  if (!isEmail(address)) return wrong();
  return await tryOnce(db, { email: address, nowMs: input.nowMs }, async () => {
    const row = await selectOperatorByEmail(db, address);
    const right =
      password.length <= MAX_PASSWORD && (await verify(row?.password_hash ?? NOBODYS_HASH, password));
    const also = row && right ? await further(operatorOf(row)) : 'wrong';
    // Wrong ones before stay counted until all is right: who has the password would else try codes without end.
    if (isFault(also)) return { asks: also };
    if (row && also === 'right') return { right: operatorOf(row) };
    return { wrong: right ? wrongCode('code') : wrong() };
  });
}

/** The fault of a code that is none, at its field. */
export function wrongCode(field: string): Fault {
  return fault('invalid_auth', `${field}: is wrong, or was used already`, { field });
}

/**
 * One try at proving who somebody is: by password, or by code. After a few wrong ones for an address the next waits. It counts as wrong
 * until it is right, so that of many at once none is tried that should have waited. Not for a transaction.
 */
export async function tryOnce<T>(
  db: Db,
  { email, nowMs }: { email: string; nowMs: number },
  prove: () => Promise<Tried<T>>,
): Promise<T | Fault> {
  const emailHash = sha256Hex(email);
  const before = await selectFailures(db, emailHash);
  // Two tries at one moment may be noted in the other order: who has free tries left waits for nobody.
  const backOff = before ? backOffMs(before.count) : 0;
  const waitMs = before && backOff > 0 ? before.last_ms + backOff - nowMs : 0;
  if (waitMs > 0) return tooEarly(waitMs);
  const count = await takeTry(db, { emailHash, nowMs, sinceMs: nowMs - FORGOTTEN_MS, ...WAITS });
  if (count === undefined) return tooEarly(backOffMs(FREE_TRIES));
  const tried = await prove();
  if ('wrong' in tried) return tried.wrong;
  if ('right' in tried) await deleteFailures(db, emailHash);
  else await takeBackTry(db, { emailHash, count, nowMs, lastMs: before?.last_ms ?? 0 });
  return 'right' in tried ? tried.right : tried.asks;
}

function tooEarly(waitMs: number): Fault {
  return fault('rate_limited', 'Too many wrong passwords for this address; try again later.', {
    retryAfterS: Math.ceil(waitMs / 1000),
  });
}

/** A session of an operator whose password was proved. */
export async function openSession(db: Db, operator: Operator, nowMs: number): Promise<Session> {
  return { operator, ...(await startSession(db, operator.id, nowMs)) };
}

/** How long the next try waits after so many wrong ones: not at all for the first five, then 1, 2, 4 … seconds. */
function backOffMs(count: number): number {
  return count < FREE_TRIES ? 0 : Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - FREE_TRIES));
}

/** The hash of a password that somebody chooses; a fault, which names `field`, when it is too short or too long. */
export async function hashPassword(password: unknown, field: string): Promise<string | Fault> {
  return checkPassword(password, field) ?? (await hash(password as string, ARGON2));
}

/** Ends a session; false when there was none. Then tell the keyring: `forgetSession(token)`. */
export async function signOut(db: Db, token: string): Promise<boolean> {
  return (await updateSessionsEnded(db, [sha256Hex(token)], 'signed_out')) > 0;
}

/** A change of password that was proved to be its owner's. */
type NewPassword = { operatorId: number; oldHash: string; newHash: string };

/**
 * Proves the present password and hashes the new one. Wrong ones count and make wait as those of a sign-in do. Not for a
 * transaction, for the same reasons.
 */
export async function proveNewPassword(
  db: Db,
  input: { operatorId: number; password: string; newPassword: string; nowMs: number },
): Promise<NewPassword | Fault> {
  const row = await selectOperator(db, input.operatorId);
  if (!row) return fault('not_found', 'There is no such operator.');
  const broken = checkPassword(input.newPassword, 'newPassword');
  if (broken) return broken;
  const { password, nowMs } = input;
  const proved = await provePassword(db, { email: row.email, password, nowMs });
  if (isFault(proved))
    return proved.fault === 'rate_limited'
      ? proved
      : fault('forbidden', 'password: is not the present password', { field: 'password' });
  return { operatorId: row.id, oldHash: row.password_hash, newHash: await hash(input.newPassword, ARGON2) };
}

/** Sets another password and ends all sessions of the operator. */
export async function changePassword(tx: Tx, proved: NewPassword): Promise<true | Fault> {
  const { operatorId: id, ...hashes } = proved;
  if (!(await updatePassword(tx, { id, ...hashes })))
    return fault('conflict', 'The password was changed by someone else just now.');
  await updateSessionsOfEnded(tx, id);
  return true;
}

/** Changes an operator; the fault when there is none such. */
export async function changeOperator(tx: Tx, id: number, to: OperatorChange): Promise<Operator | Fault> {
  const { name, timeZone, locale, notices } = to;
  const broken = name === undefined ? undefined : checkText(name, 'name', 1, 200);
  if (broken) return broken;
  if (typeof timeZone === 'string' && !(/^[A-Za-z]/.test(timeZone) && isTimeZone(timeZone)))
    return breaks('timeZone', 'must be an IANA time zone, such as Europe/Amsterdam');
  const known = typeof locale === 'string' ? localeIn(locale) : locale;
  if (known === undefined && locale !== undefined)
    return breaks('locale', 'must be a language with its region that is known here, such as nl-BE');
  await updateOperator(tx, id, { name, timeZone, locale: known, notices });
  return (await getOperator(tx, id)) ?? fault('not_found', 'There is no such operator.');
}

/** Sessions of an operator, the newest first; `current`: that whose token is given. An id names a session and opens none. */
export async function listSessions(
  db: Db,
  operatorId: number,
  { token, nowMs }: { token: string; nowMs: number },
): Promise<{ id: string; createdMs: number; expiresMs: number; current: boolean }[]> {
  const rows = await selectSessionsOf(db, operatorId, nowMs);
  return rows.map(({ token_hash: hash, created_ms: createdMs, expires_ms: expiresMs }) => ({
    id: idOfSession(hash),
    createdMs,
    expiresMs,
    current: sha256Hex(token) === hash,
  }));
}

/** Ends sessions of an operator: one by its id, or all but the one whose token is given. Returns how many. */
export async function endSessions(
  db: Db,
  operatorId: number,
  which: { id: string } | { allBut: string },
): Promise<number> {
  const hashes = (await selectSessionsOf(db, operatorId, 0)).map(({ token_hash: hash }) => hash);
  const ending =
    'id' in which
      ? hashes.filter((hash) => idOfSession(hash) === which.id)
      : hashes.filter((hash) => hash !== sha256Hex(which.allBut));
  return await updateSessionsEnded(db, ending, 'elsewhere');
}

function idOfSession(tokenHash: string): string {
  return sha256Hex(tokenHash).slice(0, 24);
}

/** An operator who is not disabled. */
export async function getOperator(db: Db, id: number): Promise<Operator | undefined> {
  const row = await selectOperator(db, id);
  return row && operatorOf(row);
}

/** An operator who is not disabled, by e-mail address. */
export async function findOperator(db: Db, email: string): Promise<Operator | undefined> {
  const address = email.trim().toLowerCase();
  const row = isEmail(address) ? await selectOperatorByEmail(db, address) : undefined;
  return row && operatorOf(row);
}

/** Gives an operator a role in a workspace, or another role. The last owner stays one. Then: `keyring.forgetRoles(operatorId)`. */
export async function setMember(
  tx: Tx,
  input: { workspaceId: number; operatorId: number; role: Role },
): Promise<true | Fault> {
  if (!isRole(input.role)) return breaks('role', `must be one of ${ROLES.join(', ')}`);
  if (!(await lockWorkspace(tx, input.workspaceId))) return fault('not_found', 'There is no such workspace.');
  if (!(await selectOperator(tx, input.operatorId))) return fault('not_found', 'There is no such operator.');
  if (input.role !== 'owner' && !(await staysOwned(tx, input))) return lastOwner();
  await upsertMembership(tx, input);
  return true;
}

/** Takes an operator out of a workspace. The last owner stays. Then: `keyring.forgetRoles(operatorId)`. */
export async function removeMember(
  tx: Tx,
  input: { workspaceId: number; operatorId: number },
): Promise<true | Fault> {
  if (!(await lockWorkspace(tx, input.workspaceId))) return fault('not_found', 'There is no such workspace.');
  if (!(await staysOwned(tx, input))) return lastOwner();
  return (await deleteMembership(tx, input)) || fault('not_found', 'There is no such member.');
}

/** The members of a workspace, by name. */
export async function listMembers(db: Db, input: { workspaceId: number }): Promise<Member[]> {
  const rows = await selectMembers(db, input.workspaceId);
  return rows.map(({ id, email, name, role, disabled_ms }) => ({
    id,
    email,
    name,
    role: role as Role,
    disabled: disabled_ms !== null,
  }));
}

/** Deletes sessions that are over; for the daily sweep. Returns how many. */
export async function sweepSessions(db: Db, nowMs: number): Promise<number> {
  await deleteOldFailures(db, nowMs - FORGOTTEN_MS);
  return await deleteExpiredSessions(db, nowMs);
}

async function startSession(
  db: Db,
  operatorId: number,
  nowMs: number,
): Promise<{ token: string; expiresMs: number }> {
  const token = `ses_${randomToken(32)}`;
  const expiresMs = nowMs + SESSION_MS;
  await insertSession(db, nowMs, { tokenHash: sha256Hex(token), operatorId, expiresMs });
  return { token, expiresMs };
}

/** True when somebody else owns the workspace, or the operator does not. */
async function staysOwned(tx: Tx, input: { workspaceId: number; operatorId: number }): Promise<boolean> {
  if (await hasOtherOwner(tx, input)) return true;
  const members = await selectMembers(tx, input.workspaceId);
  return !members.some(({ id, role }) => id === input.operatorId && role === 'owner');
}

function lastOwner(): Fault {
  return fault('conflict', 'role: a workspace keeps at least one owner', { field: 'role' });
}

function wrong(): Fault {
  return fault('invalid_auth', 'E-mail address or password is wrong.');
}

function isEmail(text: string): boolean {
  return text.length <= 254 && isStorable(text) && /^[^\s@]+@[^\s@]+\.?[^\s@]+$/.test(text);
}

function checkPassword(password: unknown, field: string): Fault | undefined {
  return typeof password === 'string' && password.length >= MIN_PASSWORD && password.length <= MAX_PASSWORD
    ? undefined
    : breaks(field, `needs ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`);
}

/** A locale as it is written, of those by which times can be said. */
function localeIn(text: string): string | undefined {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(text)[0];
  } catch {
    return undefined;
  }
}

/** An operator of a row. */
export function operatorOf(row: OperatorRow): Operator {
  const { id, email, name, created_ms: createdMs, time_zone: timeZone, locale, notices } = row;
  return { id, email, name, createdMs, timeZone, locale, notices: { ...USUAL_NOTICES, ...notices } };
}
