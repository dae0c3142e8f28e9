/**
 * Second factors: codes by time (RFC 6238), from an app on the operator's phone. Each code works once, also when two try it at once;
 * ten recovery codes stand in for a phone that is lost, each once. The secret is sealed, recovery codes are kept as hashes. Wrong codes
 * make wait as wrong passwords do (operators.ts), over all processes.
 */
import { Secret, TOTP } from 'otpauth';
import { randomToken, sha256Hex, type Vault } from '../../base/crypto.ts';
import { fault, refuses, type Fault } from '../../base/fault.ts';
import type { Db } from '../../db/pool.ts';
import { provePassword, tryOnce, wrongCode, type Operator } from '../operators.ts';
import {
  confirmFactor,
  deleteFactor,
  insertFactor,
  selectFactor,
  useRecovery,
  useStep,
} from './sql.secondFactor.ts';

/** Steps before and after the present one that are taken: clocks of phones are a little off (RFC 6238 §5.2). */
const STEPS_OFF = 1;
const PERIOD_S = 30;
const RECOVERY_CODES = 10;

/** What functions here work with. */
type FactorDeps = { sql: Db; vault: Vault };

/** What the operator's app is told: once. */
type FactorShown = { secret: string; uri: string };

/** Whether an operator signs in by a code, too. */
export async function hasFactor(db: Db, operatorId: number): Promise<boolean> {
  return ((await selectFactor(db, operatorId))?.confirmedMs ?? null) !== null;
}

/** Begins a factor: it counts from when a code of it is told (`confirm`). Part of a transaction. */
export async function beginFactor(
  tx: Db,
  vault: Vault,
  operator: Pick<Operator, 'id' | 'email'>,
  nowMs: number,
): Promise<FactorShown | Fault> {
  const secret = new Secret({ size: 20 }).base32;
  const secretSealed = vault.seal(secret, sealContext(operator.id));
  if (!(await insertFactor(tx, { operatorId: operator.id, secretSealed, nowMs })))
    return fault('conflict', 'There is a second factor; end it first.');
  return { secret, uri: totp(secret, operator.email).toString() };
}

/** Puts a factor in use by a first code of it; returns the recovery codes, which are shown once. Part of a transaction. */
export async function confirm(
  tx: Db,
  vault: Vault,
  { operatorId, code, nowMs }: { operatorId: number; code: string; nowMs: number },
): Promise<{ recoveryCodes: string[] } | Fault> {
  const found = await selectFactor(tx, operatorId);
  if (!found) return fault('not_found', 'There is no second factor to confirm; begin one.');
  if (found.confirmedMs !== null) return fault('conflict', 'The second factor is in use already.');
  const step = stepOf(vault, operatorId, found.secretSealed, code, nowMs);
  if (step === undefined)
    return refuses('code', 'is not the code of now; look at the time of the phone, and try the next one');
  const recoveryCodes = Array.from({ length: RECOVERY_CODES }, recoveryCode);
  const recovery = recoveryCodes.map(hashOf);
  const { secretSealed } = found;
  return (await confirmFactor(tx, { operatorId, secretSealed, step, recovery, nowMs }))
    ? { recoveryCodes }
    : fault('conflict', 'The second factor was changed by someone else just now.');
}

/**
 * Whose password and, where there is a second factor, code it is. A fault at `code` says that one is asked for, or that it is wrong; only
 * whoever has the password learns so. Not for a transaction: what is wrong is counted, and argon2 takes its time.
 */
export async function proveOperator(
  { sql, vault }: FactorDeps,
  input: { email: string; password: string; code?: string | undefined; nowMs: number },
): Promise<Operator | Fault> {
  const { code, nowMs } = input;
  return await provePassword(sql, input, async ({ id }) => {
    const found = await selectFactor(sql, id);
    if (!found || found.confirmedMs === null) return 'right';
    if (!code?.trim())
      return fault('invalid_auth', 'code: is required; this operator has a second factor', { field: 'code' });
    return (await takeCode(sql, vault, id, found.secretSealed, code, nowMs)) ? 'right' : 'wrong';
  });
}

/** Whether it is the code of an operator's factor, of whom something else is proved already. Wrong ones count as wrong passwords do. */
export async function proveFactor(
  { sql, vault }: FactorDeps,
  { operator, code, field, nowMs }: { operator: Operator; code: string; field: string; nowMs: number },
): Promise<true | Fault> {
  return await tryOnce(sql, { email: operator.email, nowMs }, async () => {
    const found = await selectFactor(sql, operator.id);
    const isRight =
      found?.confirmedMs && (await takeCode(sql, vault, operator.id, found.secretSealed, code, nowMs));
    return isRight ? { right: true as const } : { wrong: wrongCode(field) };
  });
}

/** Takes a factor away; part of a transaction. For whoever proved to have it (`proveOperator`), and for the administrator of the machine. */
export async function endFactor(tx: Db, operatorId: number): Promise<boolean> {
  return await deleteFactor(tx, operatorId);
}

async function takeCode(
  db: Db,
  vault: Vault,
  operatorId: number,
  secretSealed: Uint8Array,
  code: string,
  nowMs: number,
): Promise<boolean> {
  const step = stepOf(vault, operatorId, secretSealed, code, nowMs);
  if (step !== undefined) return await useStep(db, operatorId, step);
  return await useRecovery(db, operatorId, hashOf(code));
}

/** The step whose code it is; undefined where it is none of about now. */
function stepOf(
  vault: Vault,
  operatorId: number,
  secretSealed: Uint8Array,
  code: string,
  nowMs: number,
): number | undefined {
  const token = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const secret = vault.open(secretSealed, sealContext(operatorId));
  if (secret === undefined) return undefined;
  const delta = totp(secret, '').validate({ token, timestamp: nowMs, window: STEPS_OFF });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / PERIOD_S) + delta;
}

function totp(secret: string, label: string): TOTP {
  return new TOTP({ issuer: 'Parley', label, algorithm: 'SHA1', digits: 6, period: PERIOD_S, secret });
}

/** `k3vd-9q2m-x7ht`: letters that nobody mixes up, 58 bits. */
function recoveryCode(): string {
  const letters = '23456789abcdefghjkmnpqrstvwxyz'.split('');
  const bytes = Buffer.from(randomToken(24), 'base64url');
  return Array.from(
    { length: 12 },
    (_, i) => `${i && i % 4 === 0 ? '-' : ''}${letters[bytes[i]! % letters.length]}`,
  ).join('');
}

function hashOf(code: string): string {
  return sha256Hex(`recovery ${code.toLowerCase().replaceAll(/[\s-]/g, '')}`);
}

function sealContext(operatorId: number): string {
  return `second factor:${operatorId}`;
}
