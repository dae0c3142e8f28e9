/**
 * The statements on what a workspace keeps for fewer days than the install. Tables and columns are those that rooms declare (`kept` in each
 * `room.ts`), never anything a caller says.
 */
import type { Db } from '../db/pool.ts';

/** A workspace that keeps something for fewer days, and how far its round is. */
export type KeepingRow = { workspaceId: number; settings: object; aheadMs: number };

/** Workspaces that keep something for fewer days and whose round is due, the one that waits longest first. Makes rows of those that have none. */
export async function selectKeeping(db: Db, nowMs: number, most: number): Promise<KeepingRow[]> {
  await db`
    INSERT INTO workspace_keeping (workspace_id, next_ms)
    SELECT w.id, 0 FROM workspaces w WHERE w.deleted_ms IS NULL AND w.settings ? 'keptDays' ON CONFLICT DO NOTHING`;
  return await db<KeepingRow[]>`
    SELECT w.id AS "workspaceId", w.settings, w.clock_ahead_ms AS "aheadMs"
    FROM workspace_keeping k JOIN workspaces w ON w.id = k.workspace_id
    WHERE k.next_ms <= ${nowMs} AND w.deleted_ms IS NULL AND w.settings ? 'keptDays'
    ORDER BY k.next_ms, w.id LIMIT ${most}`;
}

/** A workspace's round, for whoever goes on with it: undefined when it is not due any more, or somebody else is at it. Locks the row. */
export async function lockKeeping(
  tx: Db,
  workspaceId: number,
  nowMs: number,
): Promise<{ step: string; part: number; gone: number } | undefined> {
  const rows = await tx<{ step: string; part: number; gone: number }[]>`
    SELECT step, part, gone FROM workspace_keeping
    WHERE workspace_id = ${workspaceId} AND next_ms <= ${nowMs} FOR NO KEY UPDATE SKIP LOCKED`;
  return rows[0];
}

/** Writes down how far it is. The caller holds its lock. */
export async function updateKeeping(
  tx: Db,
  k: { workspaceId: number; nextMs: number; step: string; part: number; gone: number },
): Promise<void> {
  await tx`
    UPDATE workspace_keeping SET next_ms = ${k.nextMs}, step = ${k.step}, part = ${k.part}, gone = ${k.gone}
    WHERE workspace_id = ${k.workspaceId}`;
}

/** A round that was set to come later comes now: the days were changed. */
export async function hastenKeeping(tx: Db, workspaceId: number): Promise<void> {
  await tx`UPDATE workspace_keeping SET next_ms = 0, step = '', part = 0 WHERE workspace_id = ${workspaceId}`;
}

/** What is too old: rows of a table whose column is below `before`. */
export type TooOld = { table: string; column: 'id' | 'cause_id' | 'at_ms'; before: number };

/** Deletes what is too old in some buckets of a table. Locks the rows. */
export async function deleteOld(
  db: Db,
  { table, column, before }: TooOld,
  workspaceId: number,
  { from, to }: { from: number; to: number },
): Promise<number> {
  const done = await db.unsafe(
    `DELETE FROM ${table} WHERE workspace_id = $1 AND bucket BETWEEN $2 AND $3 AND ${column} < $4`,
    [workspaceId, from, to - 1, before],
  );
  return done.count;
}

/** How many rows are too old, up to `most`. */
export async function countOld(
  tx: Db,
  { table, column, before }: TooOld,
  workspaceId: number,
  most: number,
): Promise<number> {
  const rows = await tx.unsafe<{ n: number }[]>(
    `SELECT count(*)::int AS n FROM (
       SELECT 1 FROM ${table} WHERE workspace_id = $1 AND ${column} < $2 LIMIT ${most}) AS counted`,
    [workspaceId, before],
  );
  return rows[0]!.n;
}

/** Statements of this transaction give up after so long. */
export async function boundPatience(tx: Db, ms: number): Promise<void> {
  await tx.unsafe(`SET LOCAL statement_timeout = ${Math.trunc(ms)}`);
}
