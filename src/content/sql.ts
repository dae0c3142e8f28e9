/** Every statement on stored templates. */
import type { Content } from '../../contract/content.ts';
import type { Db } from '../db/pool.ts';

/** A message that is kept under a name. */
export type StoredTemplate = {
  id: number;
  workspaceId: number;
  name: string;
  content: Content;
  /** As it was written, where that is not what is sent: MJML; null otherwise. */
  source: object | null;
  /** Variants by language tag. */
  locales: Readonly<Record<string, Content>>;
  /** Counts its changes. */
  version: number;
  createdMs: number;
  changedMs: number;
};

/** What a template said at one time. */
export type TemplateVersion = Pick<StoredTemplate, 'name' | 'content' | 'source' | 'locales' | 'version'> & {
  actor: string;
  createdMs: number;
};

const columns = (db: Db) => db`
  id, workspace_id AS "workspaceId", name, content, source, locales, version, created_ms AS "createdMs", changed_ms AS "changedMs"`;

/** Writes a template; false when another of the workspace has its name. Waits for whoever is writing that name. */
export async function insertTemplate(db: Db, row: StoredTemplate): Promise<boolean> {
  const result = await db`
    INSERT INTO templates (id, workspace_id, name, content, source, locales, created_ms, changed_ms)
    VALUES (${row.id}, ${row.workspaceId}, ${row.name}, ${json(row.content)}::text::jsonb, ${json(row.source)}::text::jsonb,
      ${json(row.locales)}::text::jsonb, ${row.createdMs}, ${row.changedMs})
    ON CONFLICT (workspace_id, name) DO NOTHING`;
  return result.count > 0;
}

const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

/** Keeps what a template says now as a version of it. */
export async function insertVersion(db: Db, row: StoredTemplate, actor: string): Promise<void> {
  await db`
    INSERT INTO template_versions (template_id, version, workspace_id, name, content, source, locales, actor, created_ms)
    VALUES (${row.id}, ${row.version}, ${row.workspaceId}, ${row.name}, ${json(row.content)}::text::jsonb,
      ${json(row.source)}::text::jsonb, ${json(row.locales)}::text::jsonb, ${actor}, ${row.changedMs})`;
}

/** Versions of a template, the newest first, before one. */
export async function selectVersions(
  db: Db,
  of: { workspaceId: number; id: number; before: number; limit: number },
): Promise<TemplateVersion[]> {
  return await db<TemplateVersion[]>`
    SELECT version, name, content, source, locales, actor, created_ms AS "createdMs" FROM template_versions
    WHERE template_id = ${of.id} AND workspace_id = ${of.workspaceId} AND version < ${of.before}
    ORDER BY version DESC LIMIT ${of.limit}`;
}

/**
 * Changes what is given; undefined when there is none, when another has the name, or when its version is another than the one named.
 * Locks the row.
 */
export async function updateTemplate(
  db: Db,
  change: {
    workspaceId: number;
    id: number;
    name: string | null;
    content: Content | null;
    source: object | null;
    locales: Readonly<Record<string, Content>> | null;
    version: number | null;
    nowMs: number;
  },
): Promise<StoredTemplate | undefined> {
  const { workspaceId, id, name, content, source, locales, version, nowMs } = change;
  const [row] = await db<StoredTemplate[]>`
    UPDATE templates t SET name = coalesce(${name}::text, t.name), changed_ms = ${nowMs}, version = t.version + 1,
      content = coalesce(${json(content)}::text::jsonb, t.content),
      source = ${content === null ? db`t.source` : db`${json(source)}::text::jsonb`},
      locales = coalesce(${json(locales)}::text::jsonb, t.locales)
    WHERE t.id = ${id} AND t.workspace_id = ${workspaceId} AND t.version = coalesce(${version}::integer, t.version) AND NOT EXISTS (
      SELECT 1 FROM templates o WHERE o.workspace_id = ${workspaceId} AND o.name = ${name}::text AND o.id <> ${id})
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

/** A page of templates by name, after one; of those whose name holds a text. */
export async function selectTemplatesAfter(
  db: Db,
  workspaceId: number,
  page: { afterId: number | null; text: string; limit: number },
): Promise<StoredTemplate[]> {
  return await db<StoredTemplate[]>`
    SELECT ${columns(db)} FROM templates WHERE workspace_id = ${workspaceId}
      ${page.afterId === null ? db`` : db`AND name > (SELECT name FROM templates WHERE id = ${page.afterId} AND workspace_id = ${workspaceId})`}
      ${page.text ? db`AND strpos(lower(name), lower(${page.text})) > 0` : db``}
    ORDER BY name LIMIT ${page.limit}`;
}

/** Removes a template with its versions; returns what it was. */
export async function deleteTemplateRow(
  db: Db,
  workspaceId: number,
  id: number,
): Promise<StoredTemplate | undefined> {
  await db`DELETE FROM template_versions WHERE template_id = ${id} AND workspace_id = ${workspaceId}`;
  const [row] = await db<StoredTemplate[]>`
    DELETE FROM templates WHERE id = ${id} AND workspace_id = ${workspaceId} RETURNING ${columns(db)}`;
  return row;
}
