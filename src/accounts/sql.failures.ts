/** The statements on wrong passwords. */
import type { Db } from '../db/pool.ts';

/** Wrong passwords of an address, and when the last one was. */
export async function selectFailures(
  db: Db,
  emailHash: string,
): Promise<{ count: number; last_ms: number } | undefined> {
  const rows = await db<{ count: number; last_ms: number }[]>`
    SELECT count, last_ms FROM sign_in_failures WHERE email_hash = ${emailHash}`;
  return rows[0];
}

/** Counts one more; those from before `sinceMs` are forgotten. */
export async function countFailure(
  db: Db,
  one: { emailHash: string; nowMs: number; sinceMs: number },
): Promise<void> {
  await db`
    INSERT INTO sign_in_failures AS f (email_hash, count, last_ms) VALUES (${one.emailHash}, 1, ${one.nowMs})
    ON CONFLICT (email_hash) DO UPDATE SET
      count = CASE WHEN f.last_ms < ${one.sinceMs} THEN 1 ELSE f.count + 1 END,
      last_ms = EXCLUDED.last_ms`;
}

/** Forgets those of an address. */
export async function deleteFailures(db: Db, emailHash: string): Promise<void> {
  await db`DELETE FROM sign_in_failures WHERE email_hash = ${emailHash}`;
}

/** Deletes what is older; for the daily sweep. */
export async function deleteOldFailures(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM sign_in_failures WHERE last_ms < ${beforeMs}`;
}
