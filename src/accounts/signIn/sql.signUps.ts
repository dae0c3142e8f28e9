/** The statements on those who sign up by themselves. */
import type { Db } from '../../db/pool.ts';

/** A row of sign_ups. */
type SignUpRow = {
  email: string;
  name: string;
  passwordHash: string | null;
  operatorId: number | null;
  codeHash: string;
};

/** Writes what a browser signs up with; what it began before is forgotten. */
export async function upsertSignUp(
  db: Db,
  s: SignUpRow & { browserHash: string; expiresMs: number },
): Promise<void> {
  await db`
    INSERT INTO sign_ups (browser_hash, email, name, password_hash, operator_id, code_hash, expires_ms)
    VALUES (${s.browserHash}, ${s.email}, ${s.name}, ${s.passwordHash}, ${s.operatorId}, ${s.codeHash}, ${s.expiresMs})
    ON CONFLICT (browser_hash) DO UPDATE SET email = EXCLUDED.email, name = EXCLUDED.name,
      password_hash = EXCLUDED.password_hash, operator_id = EXCLUDED.operator_id, code_hash = EXCLUDED.code_hash,
      tries = 0, expires_ms = EXCLUDED.expires_ms`;
}

/** Counts a try at the code of a browser; undefined when none is open any more. To be committed before the code is looked at. */
export async function trySignUp(
  db: Db,
  t: { browserHash: string; most: number; nowMs: number },
): Promise<SignUpRow | undefined> {
  const rows = await db<SignUpRow[]>`
    UPDATE sign_ups SET tries = tries + 1
    WHERE browser_hash = ${t.browserHash} AND tries < ${t.most} AND expires_ms > ${t.nowMs}
    RETURNING email, name, password_hash AS "passwordHash", operator_id AS "operatorId", code_hash AS "codeHash"`;
  return rows[0];
}

/** Where the code of a browser was mailed to, while it can be used; undefined when there is none. Locks nothing. */
export async function selectSignUpEmail(
  db: Db,
  browserHash: string,
  nowMs: number,
): Promise<string | undefined> {
  const rows = await db<{ email: string }[]>`
    SELECT email FROM sign_ups WHERE browser_hash = ${browserHash} AND expires_ms > ${nowMs}`;
  return rows[0]?.email;
}

/** Uses one up; false when it was, or is another by now. */
export async function deleteSignUp(db: Db, browserHash: string, codeHash: string): Promise<boolean> {
  const done = await db`DELETE FROM sign_ups WHERE browser_hash = ${browserHash} AND code_hash = ${codeHash}`;
  return done.count > 0;
}

/** Forgets those that are over. Reads the whole table, which has a row per sign-up of a quarter of an hour. */
export async function deleteOldSignUps(db: Db, nowMs: number): Promise<void> {
  await db`DELETE FROM sign_ups WHERE expires_ms <= ${nowMs}`;
}

/** Notes that an operator's address is theirs. */
export async function markVerified(db: Db, operatorId: number, nowMs: number): Promise<void> {
  await db`UPDATE operators SET verified_ms = COALESCE(verified_ms, ${nowMs}) WHERE id = ${operatorId}`;
}

/** Whether an operator's address is known to be theirs. */
export async function selectVerified(db: Db, operatorId: number): Promise<boolean> {
  const rows = await db`SELECT 1 FROM operators WHERE id = ${operatorId} AND verified_ms IS NOT NULL`;
  return rows.length > 0;
}
