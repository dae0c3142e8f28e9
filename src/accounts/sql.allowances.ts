/** The statements on allowances. `back_ms` is when all that was used is back; clocks of processes differ, so it only goes forward. */
import type { Db } from '../db/pool.ts';

/** When somebody has everything back; 0 where nothing is used. */
export async function selectBackMs(db: Db, whoHash: string): Promise<number> {
  const rows = await db<{ backMs: number }[]>`
    SELECT back_ms AS "backMs" FROM allowances WHERE who_hash = ${whoHash}`;
  return rows[0]?.backMs ?? 0;
}

/** Uses `costMs` of somebody's allowance, whatever is left of it. Locks the row. */
export async function spendAllowance(db: Db, whoHash: string, nowMs: number, costMs: number): Promise<void> {
  await db`
    INSERT INTO allowances AS a (who_hash, back_ms) VALUES (${whoHash}, ${nowMs + costMs}::float8)
    ON CONFLICT (who_hash) DO UPDATE SET back_ms = greatest(a.back_ms, ${nowMs}::float8) + ${costMs}::float8`;
}

/** Uses `costMs` where as much is left of `windowMs`; false when it is not. Locks the row. */
export async function takeAllowance(
  db: Db,
  { whoHash, costMs, windowMs }: { whoHash: string; costMs: number; windowMs: number },
  nowMs: number,
): Promise<boolean> {
  // Half a millisecond more: so many parts of a window do not add up to it exactly.
  const taken = await db`
    INSERT INTO allowances AS a (who_hash, back_ms) VALUES (${whoHash}, ${nowMs + costMs}::float8)
    ON CONFLICT (who_hash) DO UPDATE SET back_ms = greatest(a.back_ms, ${nowMs}::float8) + ${costMs}::float8
    WHERE greatest(a.back_ms, ${nowMs}::float8) + ${costMs}::float8 <= ${nowMs + windowMs + 0.5}::float8`;
  return taken.count > 0;
}

/** Forgets those who have everything back; for the sweep. */
export async function deleteFullAllowances(db: Db, nowMs: number): Promise<void> {
  await db`DELETE FROM allowances WHERE back_ms <= ${nowMs}::float8`;
}
