/** The statements on second factors. */
import type { Db } from '../../db/pool.ts';

/** Writes a factor that is to be confirmed, in the place of one that never was; false where one is in use. Locks the row. */
export async function insertFactor(
  db: Db,
  f: { operatorId: number; secretSealed: Uint8Array; nowMs: number },
): Promise<boolean> {
  const done = await db`
    INSERT INTO second_factors AS f (operator_id, secret_sealed, created_ms) VALUES (${f.operatorId}, ${f.secretSealed}, ${f.nowMs})
    ON CONFLICT (operator_id) DO UPDATE SET secret_sealed = excluded.secret_sealed, created_ms = excluded.created_ms
    WHERE f.confirmed_ms IS NULL`;
  return done.count > 0;
}

/** The factor of an operator, confirmed or not. Locks nothing. */
export async function selectFactor(
  db: Db,
  operatorId: number,
): Promise<{ secretSealed: Uint8Array; confirmedMs: number | null } | undefined> {
  const rows = await db<{ secretSealed: Uint8Array; confirmedMs: number | null }[]>`
    SELECT secret_sealed AS "secretSealed", confirmed_ms AS "confirmedMs" FROM second_factors WHERE operator_id = ${operatorId}`;
  return rows[0];
}

/** Puts a factor in use, by a code of a step; false where it is in use, or another one is to be confirmed. Locks the row. */
export async function confirmFactor(
  db: Db,
  f: {
    operatorId: number;
    secretSealed: Uint8Array;
    step: number;
    recovery: readonly string[];
    nowMs: number;
  },
): Promise<boolean> {
  const done = await db`
    UPDATE second_factors SET confirmed_ms = ${f.nowMs}, last_step = ${f.step}, recovery = ${[...f.recovery]}::text[]
    WHERE operator_id = ${f.operatorId} AND confirmed_ms IS NULL AND secret_sealed = ${f.secretSealed}`;
  return done.count > 0;
}

/** Uses the code of a step up; false where it, or a newer one, was used. Of two at once one wins. Locks the row. */
export async function useStep(db: Db, operatorId: number, step: number): Promise<boolean> {
  const done = await db`
    UPDATE second_factors SET last_step = ${step}
    WHERE operator_id = ${operatorId} AND confirmed_ms IS NOT NULL AND last_step < ${step}`;
  return done.count > 0;
}

/** Uses a recovery code up, by its hash; false where there is none such left. Of two at once one wins. Locks the row. */
export async function useRecovery(db: Db, operatorId: number, hash: string): Promise<boolean> {
  const done = await db`
    UPDATE second_factors SET recovery = array_remove(recovery, ${hash})
    WHERE operator_id = ${operatorId} AND confirmed_ms IS NOT NULL AND ${hash} = ANY(recovery)`;
  return done.count > 0;
}

/** Takes a factor away; false where there is none in use. */
export async function deleteFactor(db: Db, operatorId: number): Promise<boolean> {
  const done =
    await db`DELETE FROM second_factors WHERE operator_id = ${operatorId} AND confirmed_ms IS NOT NULL`;
  return done.count > 0;
}
