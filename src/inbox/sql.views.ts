/** The statements on inbox_views. */
import type { SavedLook } from '../../contract/doors/console/savedViews.ts';
import type { Db } from '../db/pool.ts';

/** A view that is kept; everybody's where there is no operator. */
export type SavedView = {
  id: number;
  workspaceId: number;
  operatorId: number | null;
  name: string;
  look: SavedLook;
  createdMs: number;
};

const columns = (db: Db) =>
  db`id, workspace_id AS "workspaceId", operator_id AS "operatorId", name, look, created_ms AS "createdMs"`;

/** Those of a workspace that are everybody's or an operator's, by name. Locks nothing. */
export async function selectSavedViews(
  db: Db,
  workspaceId: number,
  operatorId: number,
): Promise<SavedView[]> {
  return await db<SavedView[]>`
    SELECT ${columns(db)} FROM inbox_views
    WHERE workspace_id = ${workspaceId} AND coalesce(operator_id, 0) IN (0, ${operatorId}) ORDER BY lower(name), id`;
}

/** Keeps one; false when there is one of that name, or there are `most` of that owner. */
export async function insertSavedView(db: Db, view: SavedView, most: number): Promise<boolean> {
  const { count } = await db`
    INSERT INTO inbox_views (id, workspace_id, operator_id, name, look, created_ms)
    SELECT ${view.id}::bigint, ${view.workspaceId}::bigint, ${view.operatorId}::bigint, ${view.name}::text, ${JSON.stringify(view.look)}::text::jsonb,
      ${view.createdMs}::bigint
    WHERE (
      SELECT count(*) FROM inbox_views WHERE workspace_id = ${view.workspaceId} AND coalesce(operator_id, 0) = ${view.operatorId ?? 0}
    ) < ${most}
    ON CONFLICT DO NOTHING`;
  return count > 0;
}

/** Whether an owner has a view of a name. */
export async function hasSavedView(db: Db, { workspaceId, operatorId, name }: SavedView): Promise<boolean> {
  const rows = await db`
    SELECT 1 FROM inbox_views
    WHERE workspace_id = ${workspaceId} AND coalesce(operator_id, 0) = ${operatorId ?? 0} AND lower(name) = lower(${name})`;
  return rows.length > 0;
}

/** Whether an id is that of a view. */
export async function isSavedView(db: Db, id: number): Promise<boolean> {
  return (await db`SELECT 1 FROM inbox_views WHERE id = ${id}`).length > 0;
}

/** Changes one that is everybody's or an operator's; undefined when it is not there. Locks its row. */
export async function updateSavedView(
  db: Db,
  which: { workspaceId: number; operatorId: number; id: number },
  to: { name?: string | undefined; look?: SavedLook | undefined },
): Promise<SavedView | undefined> {
  const look = to.look === undefined ? null : JSON.stringify(to.look);
  const [row] = await db<SavedView[]>`
    UPDATE inbox_views SET name = coalesce(${to.name ?? null}, name), look = coalesce(${look}::text::jsonb, look)
    WHERE id = ${which.id} AND workspace_id = ${which.workspaceId} AND coalesce(operator_id, 0) IN (0, ${which.operatorId})
    RETURNING ${columns(db)}`;
  return row;
}

/** Deletes one that is everybody's or an operator's; false when it is not there. Locks its row. */
export async function deleteSavedView(
  db: Db,
  which: { workspaceId: number; operatorId: number; id: number },
): Promise<boolean> {
  const { count } = await db`
    DELETE FROM inbox_views
    WHERE id = ${which.id} AND workspace_id = ${which.workspaceId} AND coalesce(operator_id, 0) IN (0, ${which.operatorId})`;
  return count > 0;
}
