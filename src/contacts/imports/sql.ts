/** Statements of imports that are jobs: what was uploaded, in parts, and how far it is. */
import { bucketOf } from '../../base/ids.ts';
import { column } from '../../db/column.ts';
import type { Db } from '../../db/pool.ts';
import type { RowFault } from './columns.ts';
import { deleteMade } from './sql.undo.ts';

/** An import. `header`, `options` and `stopped` are JSON. */
export type ImportRow = {
  id: number;
  workspaceId: number;
  name: string;
  state: 'uploading' | 'ready' | 'running' | 'done' | 'failed';
  header: string;
  options: string;
  parts: number;
  rows: number;
  doneParts: number;
  doneRows: number;
  created: number;
  updated: number;
  rejected: number;
  stopped: string | null;
  note: string | null;
  createdMs: number;
  endedMs: number | null;
  /** How far taking it back is, as JSON; null where nobody asked for it. */
  undo: string | null;
};

const ROW = (db: Db) => db`
  id, workspace_id AS "workspaceId", name, state, header, options, parts, rows, done_parts AS "doneParts", done_rows AS "doneRows",
  created, updated, rejected, stopped, note, created_ms AS "createdMs", ended_ms AS "endedMs", undo`;

/** Writes an import that is being uploaded. */
export async function insertImport(
  db: Db,
  row: Pick<ImportRow, 'id' | 'workspaceId' | 'name' | 'createdMs'>,
): Promise<void> {
  await db`
    INSERT INTO imports (id, workspace_id, name, state, created_ms)
    VALUES (${row.id}, ${row.workspaceId}, ${row.name}, 'uploading', ${row.createdMs})`;
}

/** Writes a part of what is uploaded. */
export async function insertPart(db: Db, importId: number, n: number, rows: string): Promise<void> {
  await db`
    INSERT INTO import_parts (bucket, import_id, n, rows) VALUES (${bucketOf(importId)}, ${importId}, ${n}, ${rows})`;
}

/** The upload is over. False when the import is gone meanwhile. */
export async function endUpload(
  db: Db,
  { id, header, parts, rows, stopped }: Pick<ImportRow, 'id' | 'header' | 'parts' | 'rows' | 'stopped'>,
): Promise<boolean> {
  const { count } = await db`
    UPDATE imports SET state = 'ready', header = ${header}, parts = ${parts}, rows = ${rows}, stopped = ${stopped}
    WHERE id = ${id} AND state = 'uploading'`;
  return count > 0;
}

/** An import of a workspace; locks its row when asked to. */
export async function selectImport(
  db: Db,
  workspaceId: number,
  id: number,
  isLocked = false,
): Promise<ImportRow | undefined> {
  const rows = await db<ImportRow[]>`
    SELECT ${ROW(db)} FROM imports WHERE workspace_id = ${workspaceId} AND id = ${id} ${isLocked ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** Imports of a workspace, newest first. Locks nothing. */
export async function selectImports(
  db: Db,
  workspaceId: number,
  page: { beforeId: number; limit: number },
): Promise<ImportRow[]> {
  return await db<ImportRow[]>`
    SELECT ${ROW(db)} FROM imports WHERE workspace_id = ${workspaceId} AND id < ${page.beforeId}
    ORDER BY id DESC LIMIT ${page.limit}`;
}

/** A part as JSON; undefined when there is none. */
export async function selectPart(db: Db, importId: number, n: number): Promise<string | undefined> {
  const [row] = await db<{ rows: string }[]>`
    SELECT rows FROM import_parts WHERE bucket = ${bucketOf(importId)} AND import_id = ${importId} AND n = ${n}`;
  return row?.rows;
}

/** Writes how far an import is. Locks its row, which the caller has. */
export async function updateImport(db: Db, row: ImportRow): Promise<void> {
  await db`
    UPDATE imports SET state = ${row.state}, options = ${row.options}, done_parts = ${row.doneParts}, done_rows = ${row.doneRows},
      created = ${row.created}, updated = ${row.updated}, rejected = ${row.rejected}, note = ${row.note}, ended_ms = ${row.endedMs}
    WHERE id = ${row.id}`;
}

/** Writes how far taking an import back is. Locks its row, which the caller has. */
export async function updateUndo(db: Db, id: number, undo: string): Promise<void> {
  await db`UPDATE imports SET undo = ${undo} WHERE id = ${id}`;
}

/** Keeps why rows were rejected. */
export async function insertFaults(db: Db, importId: number, faults: readonly RowFault[]): Promise<void> {
  if (faults.length === 0) return;
  await db`
    INSERT INTO import_faults (bucket, import_id, line, field, rule)
    SELECT ${bucketOf(importId)}::smallint, ${importId}::bigint, f.line, f.field, f.rule
    FROM unnest(${column(faults, (f) => f.line)}::integer[], ${column(faults, (f) => f.field)}::text[],
      ${column(faults, (f) => f.rule)}::text[]) f (line, field, rule)
    ON CONFLICT DO NOTHING`;
}

/** Why rows were rejected, in the order of the file. Locks nothing. */
export async function selectFaults(
  db: Db,
  importId: number,
  page: { afterLine: number; limit: number },
): Promise<RowFault[]> {
  return await db<RowFault[]>`
    SELECT line, field, rule FROM import_faults
    WHERE bucket = ${bucketOf(importId)} AND import_id = ${importId} AND line > ${page.afterLine}
    ORDER BY line LIMIT ${page.limit}`;
}

/** Imports of a workspace that are not over. Locks them, in their order. */
export async function lockOpenImports(db: Db, workspaceId: number): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT id FROM imports WHERE workspace_id = ${workspaceId} AND state IN ('uploading', 'ready', 'running') ORDER BY id FOR UPDATE`;
  return rows.map(({ id }) => id);
}

/** Keeps proofs of who was erased with each of some imports. */
export async function insertErased(
  db: Db,
  importIds: readonly number[],
  proofs: readonly string[],
): Promise<void> {
  await db`
    INSERT INTO import_erased (bucket, import_id, proof)
    SELECT i.bucket, i.id, p.proof
    FROM unnest(${importIds.map(bucketOf)}::smallint[], ${[...importIds]}::bigint[]) i (bucket, id),
      unnest(${[...proofs]}::text[]) p (proof)
    ON CONFLICT DO NOTHING`;
}

/** Proofs of who was erased since an import was uploaded. Locks nothing. */
export async function selectErased(db: Db, importId: number): Promise<string[]> {
  const rows = await db<{ proof: string }[]>`
    SELECT proof FROM import_erased WHERE bucket = ${bucketOf(importId)} AND import_id = ${importId}`;
  return rows.map(({ proof }) => proof);
}

/** Deletes what was uploaded, with what was kept for its rows. */
export async function deleteParts(db: Db, importId: number): Promise<void> {
  await db`DELETE FROM import_parts WHERE bucket = ${bucketOf(importId)} AND import_id = ${importId}`;
  await db`DELETE FROM import_erased WHERE bucket = ${bucketOf(importId)} AND import_id = ${importId}`;
}

/** Deletes an import with all that is kept of it; false when there is none. */
export async function deleteImport(db: Db, workspaceId: number, id: number): Promise<boolean> {
  const { count } = await db`DELETE FROM imports WHERE workspace_id = ${workspaceId} AND id = ${id}`;
  if (count === 0) return false;
  await deleteParts(db, id);
  await deleteMade(db, id);
  await db`DELETE FROM import_faults WHERE bucket = ${bucketOf(id)} AND import_id = ${id}`;
  return true;
}

/** Imports that nobody goes on with, or that are long over. Locks nothing. */
export async function selectStale(
  db: Db,
  before: { waitingMs: number; endedMs: number },
): Promise<{ id: number; workspaceId: number }[]> {
  return await db<{ id: number; workspaceId: number }[]>`
    SELECT id, workspace_id AS "workspaceId" FROM imports
    WHERE (state IN ('uploading', 'ready') AND created_ms < ${before.waitingMs}) OR ended_ms < ${before.endedMs} LIMIT 1000`;
}
