/** The statements on phones that somebody has in hand, and on calls that ring there. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import { deviceBucket } from './sql.ts';

/** Notes that somebody has a phone in hand. Locks its row. */
export async function upsertHand(db: Db, workspaceId: number, address: string, nowMs: number): Promise<void> {
  await db`
    INSERT INTO simulated_hands AS h (bucket, workspace_id, address, held_ms)
    VALUES (${deviceBucket(address)}, ${workspaceId}, ${address}, ${nowMs})
    ON CONFLICT (bucket, workspace_id, address) DO UPDATE SET held_ms = greatest(h.held_ms, EXCLUDED.held_ms)`;
}

/** Those of some phones that somebody has had in hand since a moment. Locks nothing. */
export async function selectHeld(
  db: Db,
  workspaceId: number,
  addresses: readonly string[],
  sinceMs: number,
): Promise<Set<string>> {
  const rows = await db<{ address: string }[]>`
    SELECT h.address FROM simulated_hands h
    JOIN unnest(${addresses.map(deviceBucket)}::smallint[], ${[...addresses]}::text[]) AS k (bucket, address)
      ON h.bucket = k.bucket AND h.address = k.address
    WHERE h.workspace_id = ${workspaceId} AND h.held_ms > ${sinceMs}`;
  return new Set(rows.map(({ address }) => address));
}

/** Puts another plan in the place of one; false where it is not that one any more. Locks its row. */
export async function swapPlan(db: Db, id: number, from: string, to: string): Promise<boolean> {
  const { count } = await db`
    UPDATE simulated_receipts SET plan = ${to} WHERE bucket = ${bucketOf(id)} AND id = ${id} AND plan = ${from}`;
  return count > 0;
}
