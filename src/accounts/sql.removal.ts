/**
 * The statements on workspaces that are deleted for good. Tables and columns are those of the catalogue and those that rooms declare
 * (`parts` in each `room.ts`), never anything a caller says.
 */
import type { Db } from '../db/pool.ts';

/** How far the removal of a workspace is. */
export type RemovalRow = {
  workspaceId: number;
  askedMs: number;
  askedBy: string;
  name: string;
  step: string;
  part: number;
  gone: number;
};

/** A table that has rows of workspaces, and how it is spread: by bucket, by a hash, by the workspace, or on every node whole. */
type OwnedTable = { table: string; column: string; spread: 'bucket' | 'hash' | 'whole' };

/** Parts that a table is gone through in: buckets, or as many ranges of a hash. */
export const PARTS = 4096;

const HASHES_A_PART = 2 ** 32 / PARTS;

/** Writes down that a workspace is to go. */
export async function insertRemoval(
  db: Db,
  r: { workspaceId: number; askedMs: number; askedBy: string; name: string },
): Promise<void> {
  await db`
    INSERT INTO workspace_removals (workspace_id, asked_ms, asked_by, name)
    VALUES (${r.workspaceId}, ${r.askedMs}, ${r.askedBy}, ${r.name}) ON CONFLICT DO NOTHING`;
}

const removalColumns = (db: Db) =>
  db`workspace_id AS "workspaceId", asked_ms AS "askedMs", asked_by AS "askedBy", name, step, part, gone`;

/** Removals that were asked for by a moment, the oldest first. */
export async function selectRemovals(db: Db, untilMs: number): Promise<RemovalRow[]> {
  return await db<RemovalRow[]>`
    SELECT ${removalColumns(db)} FROM workspace_removals WHERE asked_ms <= ${untilMs} ORDER BY asked_ms, workspace_id`;
}

/** A removal, for whoever goes on with it: undefined when it is done, or somebody else is at it. Locks the row. */
export async function lockRemoval(tx: Db, workspaceId: number): Promise<RemovalRow | undefined> {
  const rows = await tx<RemovalRow[]>`
    SELECT ${removalColumns(tx)} FROM workspace_removals
    WHERE workspace_id = ${workspaceId} FOR NO KEY UPDATE SKIP LOCKED`;
  return rows[0];
}

/** Writes down how far it is. The caller holds its lock. */
export async function updateRemoval(
  tx: Db,
  at: Pick<RemovalRow, 'workspaceId' | 'step' | 'part' | 'gone'>,
): Promise<void> {
  await tx`
    UPDATE workspace_removals SET step = ${at.step}, part = ${at.part}, gone = ${at.gone}
    WHERE workspace_id = ${at.workspaceId}`;
}

/** The last of it: the workspace itself, and that it was to go. */
export async function deleteRemoved(tx: Db, workspaceId: number): Promise<void> {
  await tx`DELETE FROM workspaces WHERE id = ${workspaceId} AND deleted_ms IS NOT NULL`;
  await tx`DELETE FROM workspace_removals WHERE workspace_id = ${workspaceId}`;
}

/** Every table with a column that names a workspace, by name. */
export async function selectOwnedTables(db: Db): Promise<OwnedTable[]> {
  return await db<OwnedTable[]>`
    SELECT p.tab AS table, a.attname AS column,
      CASE p.col WHEN 'bucket' THEN 'bucket' WHEN 'hash' THEN 'hash' ELSE 'whole' END AS spread
    FROM placements p JOIN pg_attribute a ON a.attrelid = to_regclass(p.tab)
      AND a.attname IN ('workspace_id', 'client_workspace_id') AND NOT a.attisdropped
    WHERE p.tab <> 'workspace_removals'
    ORDER BY p.tab, a.attname`;
}

/** Deletes a workspace's rows of some parts of a table. Locks them. */
export async function deleteOwned(
  db: Db,
  { table, column, spread }: OwnedTable,
  workspaceId: number,
  { from, to }: { from: number; to: number },
): Promise<number> {
  const done = await db.unsafe(`DELETE FROM ${table} WHERE ${column} = $1 AND ${partOf('', spread)}`, [
    workspaceId,
    ...boundsOf(spread, from, to),
  ]);
  return done.count;
}

/** Deletes rows that belong to a workspace by what they belong to, of some parts of a table. Locks them. */
export async function deleteParts(
  db: Db,
  { table, column, of, by, spread, ofSpread }: PartTable,
  workspaceId: number,
  { from, to }: { from: number; to: number },
): Promise<number> {
  const together = spread === 'bucket' && ofSpread === 'bucket' ? 'AND o.bucket = t.bucket' : '';
  const done = await db.unsafe(
    `DELETE FROM ${table} t USING ${of} o
     WHERE o.workspace_id = $1 ${together} AND o.${by} = t.${column} AND ${partOf('t.', spread)}`,
    [workspaceId, ...boundsOf(spread, from, to)],
  );
  return done.count;
}

/** A table whose rows belong to rows of another, which names the workspace. */
export type PartTable = {
  table: string;
  column: string;
  of: string;
  by: string;
  spread: OwnedTable['spread'];
  ofSpread: OwnedTable['spread'];
};

/** How tables are spread. */
export async function selectSpread(db: Db): Promise<Map<string, OwnedTable['spread']>> {
  const rows = await db<{ tab: string; col: string | null }[]>`SELECT tab, col FROM placements`;
  return new Map(
    rows.map(({ tab, col }) => [tab, col === 'bucket' || col === 'hash' ? col : ('whole' as const)]),
  );
}

/** Deletes a workspace's work and events of one lane's buckets. The lane must be locked. Locks the rows. */
export async function deleteOfLane(
  db: Db,
  table: string,
  workspaceId: number,
  buckets: readonly number[],
): Promise<number> {
  const done = await db.unsafe(
    `DELETE FROM ${table} WHERE workspace_id = $1 AND bucket = ANY($2::smallint[])`,
    [workspaceId, [...buckets]],
  );
  return done.count;
}

function partOf(prefix: string, spread: OwnedTable['spread']): string {
  if (spread === 'whole') return 'true';
  return `${prefix}${spread} BETWEEN $2 AND $3`;
}

function boundsOf(spread: OwnedTable['spread'], from: number, to: number): number[] {
  if (spread === 'whole') return [];
  if (spread === 'bucket') return [from, to - 1];
  return [-(2 ** 31) + from * HASHES_A_PART, -(2 ** 31) + to * HASHES_A_PART - 1];
}

/** How many rows of a table a workspace has, up to `most`. */
export async function countUpTo(db: Db, table: string, workspaceId: number, most: number): Promise<number> {
  const rows = await db.unsafe<{ n: number }[]>(
    `SELECT count(*)::int AS n FROM (SELECT 1 FROM ${table} WHERE workspace_id = $1 LIMIT ${most}) AS counted`,
    [workspaceId],
  );
  return rows[0]!.n;
}
