/** Every statement on stored templates. */
import type { Content } from '../../contract/content.ts';
import type { Db } from '../db/pool.ts';

/** A message that is kept under a name. */
export type StoredTemplate = {
  id: number;
  workspaceId: number;
  name: string;
  content: Content;
  createdMs: number;
  changedMs: number;
};

const columns = (db: Db) => db`
  id, workspace_id AS "workspaceId", name, content, created_ms AS "createdMs", changed_ms AS "changedMs"`;

/** Writes a template; false when another of the workspace has its name. Waits for whoever is writing that name. */
export async function insertTemplate(db: Db, row: StoredTemplate): Promise<boolean> {
  const result = await db`
    INSERT INTO templates (id, workspace_id, name, content, created_ms, changed_ms)
    VALUES (${row.id}, ${row.workspaceId}, ${row.name}, ${JSON.stringify(row.content)}::text::jsonb, ${row.createdMs},
      ${row.changedMs})
    ON CONFLICT (workspace_id, name) DO NOTHING`;
  return result.count > 0;
}

/** Changes what is given; undefined when there is none, or when another has the name. Locks the row. */
export async function updateTemplate(
  db: Db,
  change: { workspaceId: number; id: number; name: string | null; content: Content | null; nowMs: number },
): Promise<StoredTemplate | undefined> {
  const { workspaceId, id, name, content, nowMs } = change;
  const [row] = await db<StoredTemplate[]>`
    UPDATE templates t SET name = coalesce(${name}::text, t.name), changed_ms = ${nowMs},
      content = coalesce(${content === null ? null : JSON.stringify(content)}::text::jsonb, t.content)
    WHERE t.id = ${id} AND t.workspace_id = ${workspaceId} AND NOT EXISTS (
      SELECT FROM templates o WHERE o.workspace_id = ${workspaceId} AND o.name = ${name}::text AND o.id <> ${id})
    RETURNING ${columns(db)}`;
  return row;
}

/** A template by id. */
export async function selectTemplate(
  db: Db,
  workspaceId: number,
  id: number,
): Promise<StoredTemplate | undefined> {
  const [row] = await db<StoredTemplate[]>`
    SELECT ${columns(db)} FROM templates WHERE id = ${id} AND workspace_id = ${workspaceId}`;
  return row;
}

/** Templates by name. */
export async function selectTemplatesNamed(
  db: Db,
  workspaceId: number,
  names: readonly string[],
): Promise<StoredTemplate[]> {
  return await db<StoredTemplate[]>`
    SELECT ${columns(db)} FROM templates WHERE workspace_id = ${workspaceId} AND name = ANY(${[...names]}::text[])`;
}

/** A page of templates, by name. */
export async function selectTemplates(
  db: Db,
  workspaceId: number,
  page: { limit: number; offset: number },
): Promise<StoredTemplate[]> {
  return await db<StoredTemplate[]>`
    SELECT ${columns(db)} FROM templates WHERE workspace_id = ${workspaceId}
    ORDER BY name LIMIT ${page.limit} OFFSET ${page.offset}`;
}

/** Removes a template; returns what it was. */
export async function deleteTemplateRow(
  db: Db,
  workspaceId: number,
  id: number,
): Promise<StoredTemplate | undefined> {
  const [row] = await db<StoredTemplate[]>`
    DELETE FROM templates WHERE id = ${id} AND workspace_id = ${workspaceId} RETURNING ${columns(db)}`;
  return row;
}
