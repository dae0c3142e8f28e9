/** Every statement on told_once: what was told under an id, by a hash. */
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';

/** Under which hash something is known: `hash` says where its row is, and both together which it is. */
export type ToldKey = { hash: number; key: number };

/** Takes those that nobody has; returns them. Waits for whoever takes one of them at this moment, in one order for all. None may be there twice. */
export async function insertTold(
  db: Db,
  workspaceId: number,
  rows: readonly ToldKey[],
  nowMs: number,
): Promise<ToldKey[]> {
  return await db<ToldKey[]>`
    INSERT INTO told_once (hash, workspace_id, key, seen_ms)
    SELECT k.hash, ${workspaceId}::bigint, k.key, ${nowMs}::bigint
    FROM unnest(${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.key)}::bigint[]) AS k (hash, key)
    ORDER BY 1, 3 ON CONFLICT DO NOTHING
    RETURNING hash, key`;
}

/** Those of some that are taken. Locks nothing. */
export async function selectTold(db: Db, workspaceId: number, rows: readonly ToldKey[]): Promise<ToldKey[]> {
  return await db<ToldKey[]>`
    SELECT t.hash, t.key FROM told_once t
    JOIN unnest(${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.key)}::bigint[]) AS k (hash, key)
      ON t.hash = k.hash AND t.key = k.key
    WHERE t.workspace_id = ${workspaceId}`;
}

/** Gives up what was taken. Locks the rows. */
export async function deleteTold(db: Db, workspaceId: number, rows: readonly ToldKey[]): Promise<void> {
  await db`
    DELETE FROM told_once t
    USING unnest(${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.key)}::bigint[]) AS k (hash, key)
    WHERE t.hash = k.hash AND t.workspace_id = ${workspaceId} AND t.key = k.key`;
}

/** Forgets what was told before a time. */
export async function deleteToldBefore(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM told_once WHERE seen_ms < ${beforeMs}`;
}
