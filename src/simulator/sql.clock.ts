/** The statements of the workspace's clock: what moves it, and the jobs that do. */
import type { Db, Tx } from '../db/pool.ts';
import type { ComingKind, ComingOf } from '../db/room.ts';

/** Moves a test workspace's clock; answers how far it is ahead now, undefined when that would be too far. Locks its row. */
export async function moveClock(
  db: Db,
  workspaceId: number,
  byMs: number,
  mostMs: number,
): Promise<number | undefined> {
  const rows = await db<{ clockAheadMs: number }[]>`
    UPDATE workspaces SET clock_ahead_ms = clock_ahead_ms + ${byMs}
    WHERE id = ${workspaceId} AND environment = 'test' AND deleted_ms IS NULL AND clock_ahead_ms + ${byMs} <= ${mostMs}
    RETURNING clock_ahead_ms AS "clockAheadMs"`;
  return rows[0]?.clockAheadMs;
}

/** From here on the transaction sees the store as it is now, whatever others commit. */
export async function snapshot(tx: Db): Promise<void> {
  await tx`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`;
}

/** True when a workspace has work (but for one kind) that is due and may run, or events that were not handed on. Locks nothing. */
export async function hasWork(
  db: Db,
  workspaceId: number,
  nowMs: number,
  exceptKind?: number,
): Promise<boolean> {
  const rows = await db<{ busy: boolean }[]>`
    SELECT EXISTS (
      SELECT 1 FROM due d LEFT JOIN streams s ON s.stream = d.stream
      WHERE d.workspace_id = ${workspaceId} AND d.due_ms <= ${nowMs} AND s.flowing IS NOT FALSE
        AND d.kind IS DISTINCT FROM ${exceptKind ?? null}::smallint
    ) OR EXISTS (SELECT 1 FROM feed WHERE workspace_id = ${workspaceId}) AS busy`;
  return rows[0]!.busy;
}

/** What came due within a minute while the clock was moved: `atMs` by the workspace's clock. Names nobody. */
export type Happened = {
  atMs: number;
  kind: ComingKind;
  of: ComingOf | null;
  count: number;
  more: boolean;
};

/** A row of clock_advances. */
export type AdvanceRow = {
  id: number;
  workspaceId: number;
  state: 'running' | 'done' | 'canceled';
  /** Where the workspace's clock stood, and by how much it is to be moved. */
  fromMs: number;
  byMs: number;
  /** How far the clock was moved, and how far what is due was brought forward. */
  movedMs: number;
  broughtMs: number;
  /** Since when it waits for what is due, by our clock; and how long it has waited before. */
  sinceMs: number;
  waitedMs: number;
  /** Somebody wants it to end where it is. */
  cancel: boolean;
  happened: Happened[];
  note: string | null;
  createdMs: number;
  endedMs: number | null;
};

const columns = (db: Db) => db`
  id, workspace_id AS "workspaceId", state, from_ms AS "fromMs", by_ms AS "byMs", moved_ms AS "movedMs", brought_ms AS "broughtMs",
  since_ms AS "sinceMs", waited_ms AS "waitedMs", cancel, happened, note, created_ms AS "createdMs", ended_ms AS "endedMs"`;

/** Begins one; undefined when another is under way in the workspace. */
export async function insertAdvance(
  tx: Tx,
  row: Pick<AdvanceRow, 'id' | 'workspaceId' | 'fromMs' | 'byMs' | 'createdMs'>,
): Promise<AdvanceRow | undefined> {
  const rows = await tx<AdvanceRow[]>`
    INSERT INTO clock_advances (id, workspace_id, state, from_ms, by_ms, since_ms, created_ms)
    VALUES (${row.id}, ${row.workspaceId}, 'running', ${row.fromMs}, ${row.byMs}, ${row.createdMs}, ${row.createdMs})
    ON CONFLICT (workspace_id) WHERE state = 'running' DO NOTHING RETURNING ${columns(tx)}`;
  return rows[0];
}

/** One; with `lock` its row is locked until the transaction ends. */
export async function selectAdvance(
  db: Db,
  workspaceId: number,
  id: number,
  lock = false,
): Promise<AdvanceRow | undefined> {
  const rows = await db<AdvanceRow[]>`
    SELECT ${columns(db)} FROM clock_advances WHERE workspace_id = ${workspaceId} AND id = ${id} ${lock ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** The one that is under way in a workspace. Locks nothing. */
export async function selectRunning(db: Db, workspaceId: number): Promise<AdvanceRow | undefined> {
  const rows = await db<AdvanceRow[]>`
    SELECT ${columns(db)} FROM clock_advances WHERE workspace_id = ${workspaceId} AND state = 'running'`;
  return rows[0];
}

/** Those of a workspace, newest first. Locks nothing. */
export async function selectAdvances(
  db: Db,
  workspaceId: number,
  page: { beforeId: number; limit: number },
): Promise<AdvanceRow[]> {
  return await db<AdvanceRow[]>`
    SELECT ${columns(db)} FROM clock_advances WHERE workspace_id = ${workspaceId} AND id < ${page.beforeId}
    ORDER BY id DESC LIMIT ${page.limit}`;
}

/** Writes how far one is. Locks its row. */
export async function updateAdvance(tx: Tx, row: AdvanceRow): Promise<void> {
  await tx`
    UPDATE clock_advances SET state = ${row.state}, moved_ms = ${row.movedMs}, brought_ms = ${row.broughtMs}, since_ms = ${row.sinceMs},
      waited_ms = ${row.waitedMs}, cancel = ${row.cancel}, happened = ${tx.json(row.happened)}, note = ${row.note}, ended_ms = ${row.endedMs}
    WHERE id = ${row.id}`;
}

/** Forgets those that ended before a moment. Locks their rows. */
export async function deleteAdvancesBefore(db: Db, endedMs: number): Promise<void> {
  await db`DELETE FROM clock_advances WHERE ended_ms < ${endedMs}`;
}
