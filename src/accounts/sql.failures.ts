/** The statements on wrong passwords and codes. */
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

/** How long tries wait: so many do not, the next so long, and each after it twice as long. */
type Waits = { freeTries: number; firstWaitMs: number; mostWaitMs: number };

/**
 * Takes the place of one try, which counts as wrong: how many there are then, or undefined where the next has to wait. Those from before
 * `sinceMs` are forgotten. Locks the row, so that of many at once each waits for those before it.
 */
export async function takeTry(
  db: Db,
  one: { emailHash: string; nowMs: number; sinceMs: number } & Waits,
): Promise<number | undefined> {
  const { nowMs, sinceMs, freeTries, firstWaitMs, mostWaitMs } = one;
  // The exponent stays small, however often somebody tries.
  const rows = await db<{ count: number }[]>`
    INSERT INTO sign_in_failures AS f (email_hash, count, last_ms) VALUES (${one.emailHash}, 1, ${nowMs})
    ON CONFLICT (email_hash) DO UPDATE SET
      count = CASE WHEN f.last_ms < ${sinceMs} THEN 1 ELSE f.count + 1 END,
      last_ms = EXCLUDED.last_ms
    WHERE f.count < ${freeTries}::integer OR f.last_ms
      + least(${mostWaitMs}::float8, ${firstWaitMs}::float8 * 2 ^ least(f.count - ${freeTries}::integer, 20)) <= ${nowMs}
    RETURNING count`;
  return rows[0]?.count;
}

/** A try that was neither right nor wrong counts no more; where nobody has tried since, nor does its time. */
export async function takeBackTry(
  db: Db,
  one: { emailHash: string; count: number; nowMs: number; lastMs: number },
): Promise<void> {
  await db`
    UPDATE sign_in_failures SET count = count - 1,
      last_ms = CASE WHEN count = ${one.count} AND last_ms = ${one.nowMs} THEN ${one.lastMs}::bigint ELSE last_ms END
    WHERE email_hash = ${one.emailHash} AND count > 0`;
}

/** Forgets those of an address. */
export async function deleteFailures(db: Db, emailHash: string): Promise<void> {
  await db`DELETE FROM sign_in_failures WHERE email_hash = ${emailHash}`;
}

/** Deletes what is older; for the daily sweep. */
export async function deleteOldFailures(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM sign_in_failures WHERE last_ms < ${beforeMs}`;
}
