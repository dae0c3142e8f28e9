/** The statements on saved_replies. */
import type { Db } from '../db/pool.ts';

/** An answer that operators have ready. */
export type SavedReply = {
  id: number;
  workspaceId: number;
  shortcut: string;
  text: string;
  createdMs: number;
  /** Counted up by each change. */
  revision: number;
};

const columns = (db: Db) =>
  db`id, workspace_id AS "workspaceId", shortcut, text, created_ms AS "createdMs", revision`;

/** Those of a workspace, by shortcut. */
export async function selectSaved(db: Db, workspaceId: number): Promise<SavedReply[]> {
  return await db<SavedReply[]>`
    SELECT ${columns(db)} FROM saved_replies WHERE workspace_id = ${workspaceId} ORDER BY lower(shortcut)`;
}

/** Keeps one; false when there is one of that shortcut, or the workspace has `most`. */
export async function insertSaved(db: Db, reply: SavedReply, most: number): Promise<boolean> {
  const { count } = await db`
    INSERT INTO saved_replies (id, workspace_id, shortcut, text, created_ms)
    SELECT ${reply.id}::bigint, ${reply.workspaceId}::bigint, ${reply.shortcut}::text, ${reply.text}::text, ${reply.createdMs}::bigint
    WHERE (SELECT count(*) FROM saved_replies WHERE workspace_id = ${reply.workspaceId}) < ${most}
    ON CONFLICT DO NOTHING`;
  return count > 0;
}

/** Another of the workspace that has the shortcut. */
export async function selectByShortcut(
  db: Db,
  workspaceId: number,
  shortcut: string,
): Promise<number | undefined> {
  const rows = await db<{ id: number }[]>`
    SELECT id FROM saved_replies WHERE workspace_id = ${workspaceId} AND lower(shortcut) = lower(${shortcut})`;
  return rows[0]?.id;
}

/** Whether an id is that of a saved reply. */
export async function isSaved(db: Db, id: number): Promise<boolean> {
  return (await db`SELECT 1 FROM saved_replies WHERE id = ${id}`).length > 0;
}

/** Changes one; undefined when it is not there, or not at the revision that is given. Locks its row. */
export async function updateSaved(
  db: Db,
  which: { workspaceId: number; id: number },
  to: { shortcut?: string | undefined; text?: string | undefined },
  revision: number | undefined,
): Promise<SavedReply | undefined> {
  const [row] = await db<SavedReply[]>`
    UPDATE saved_replies SET shortcut = coalesce(${to.shortcut ?? null}, shortcut), text = coalesce(${to.text ?? null}, text), revision = revision + 1
    WHERE id = ${which.id} AND workspace_id = ${which.workspaceId} AND revision = coalesce(${revision ?? null}::integer, revision)
    RETURNING ${columns(db)}`;
  return row;
}

/** Deletes one; false when it is not there. */
export async function deleteSaved(db: Db, which: { workspaceId: number; id: number }): Promise<boolean> {
  const { count } = await db`
    DELETE FROM saved_replies WHERE id = ${which.id} AND workspace_id = ${which.workspaceId}`;
  return count > 0;
}
