/**
 * Stored templates: messages kept under a name that is unique in its workspace, and put where a text names them. A template
 * holds no other template, so that none can hold itself. Liquid in one is not rendered here: whoever sends says whether it is.
 */
import type { Content } from '../../contract/content.ts';
import { breaks, fault, type Fault, isFault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { expandShorthand } from './shorthand.ts';
import {
  deleteTemplateRow,
  insertTemplate,
  selectTemplate,
  selectTemplates,
  selectTemplatesNamed,
  updateTemplate,
  type StoredTemplate,
} from './sql.ts';

export type { StoredTemplate } from './sql.ts';

/** Keeps checked content under a name. */
export async function createTemplate(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  wanted: { workspaceId: number; name: string; content: Content; path?: string },
): Promise<StoredTemplate | Fault> {
  const { workspaceId, name, content } = wanted;
  const broken = holdsTemplate(content, wanted.path);
  if (broken) return broken;
  const template = { id: ids.spread(), workspaceId, name, content, createdMs: nowMs, changedMs: nowMs };
  return (await insertTemplate(tx, template)) ? template : TAKEN;
}

/** Changes what is given. */
export async function changeTemplate(
  tx: Tx,
  nowMs: number,
  ref: { workspaceId: number; id: number },
  change: { name?: string | undefined; content?: Content | undefined; path?: string },
): Promise<StoredTemplate | Fault> {
  const broken = change.content && holdsTemplate(change.content, change.path);
  if (broken) return broken;
  const changed = await updateTemplate(tx, {
    ...ref,
    name: change.name ?? null,
    content: change.content ?? null,
    nowMs,
  });
  if (changed) return changed;
  return (await selectTemplate(tx, ref.workspaceId, ref.id)) ? TAKEN : GONE;
}

/** A template by id. */
export async function getTemplate(db: Db, workspaceId: number, id: number): Promise<StoredTemplate | Fault> {
  return (await selectTemplate(db, workspaceId, id)) ?? GONE;
}

/** A page of templates, by name; `hasMore` when it is not the last. */
export async function listTemplates(
  db: Db,
  workspaceId: number,
  page: { limit: number; offset: number },
): Promise<{ templates: StoredTemplate[]; hasMore: boolean }> {
  const found = await selectTemplates(db, workspaceId, { ...page, limit: page.limit + 1 });
  return { templates: found.slice(0, page.limit), hasMore: found.length > page.limit };
}

/** Removes a template; returns what it was. */
export async function deleteTemplate(
  tx: Tx,
  workspaceId: number,
  id: number,
): Promise<StoredTemplate | Fault> {
  return (await deleteTemplateRow(tx, workspaceId, id)) ?? GONE;
}

/**
 * The messages with what stored templates stand for in their place. What was said beside the name (metadata and the like) goes
 * with each message of the template.
 */
export async function expandTemplates(
  db: Db,
  workspaceId: number,
  contents: readonly Content[],
  options: { path?: string; language?: string } = {},
): Promise<Content[] | Fault> {
  const names = contents.flatMap((content) => (content.type === 'template' ? content.name : []));
  if (names.length === 0) return [...contents];
  const found = await selectTemplatesNamed(db, workspaceId, [...new Set(names)]);
  const byName = new Map(found.map((template) => [template.name, template]));
  const expanded: Content[] = [];
  for (const content of contents) {
    if (content.type !== 'template') {
      expanded.push(content);
      continue;
    }
    const { type: _type, name, locale: _locale, variables: _variables, ...beside } = content;
    const template = byName.get(name);
    if (!template) return breaks(options.path ?? 'message', `there is no stored template ${name}`);
    const said = messagesOf(template.content, options);
    if (isFault(said)) return said;
    expanded.push(...said.map((message) => ({ ...message, ...beside })));
  }
  return expanded;
}

const TAKEN = fault('conflict', 'name: another template has it', { field: 'name' });
const GONE = fault('not_found', 'There is no such template.');

function messagesOf(content: Content, options: { path?: string; language?: string }): Content[] | Fault {
  return content.type === 'text' ? expandShorthand(content, options) : [content];
}

/** A fault when content is, or names in its text, another template, or when its text cannot be read. */
function holdsTemplate(content: Content, path = 'message'): Fault | undefined {
  const said = messagesOf(content, { path });
  if (isFault(said)) return said;
  if (said.length === 0) return breaks(`${path}.text`, 'holds nothing that can be sent');
  return said.some(({ type }) => type === 'template')
    ? breaks(`${path}.text`, 'a template cannot hold another template')
    : undefined;
}
