/**
 * Stored templates: messages kept under a name that is unique in its workspace, and put where a text names them. A template
 * holds no other template, so that none can hold itself. Liquid in one is not rendered here: whoever sends says whether it is.
 */
import type { Content } from '../../contract/content.ts';
import { breaks, changedMeanwhile, fault, type Fault, isFault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import { cutPage } from '../base/page.ts';
import type { Db, Tx } from '../db/pool.ts';
import { expandShorthand } from './shorthand.ts';
import {
  deleteTemplateRow,
  insertTemplate,
  insertVersion,
  selectTemplate,
  selectTemplates,
  selectTemplatesAfter,
  selectTemplatesNamed,
  selectVersions,
  updateTemplate,
  type StoredTemplate,
  type TemplateVersion,
} from './sql.ts';

export type { StoredTemplate } from './sql.ts';

/** Keeps checked content under a name. */
export async function createTemplate(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  wanted: {
    workspaceId: number;
    name: string;
    content: Content;
    path?: string;
    actor?: string;
  } & Partial<Said>,
): Promise<StoredTemplate | Fault> {
  const { workspaceId, name, content, source = null, locales = {}, actor = '' } = wanted;
  const broken = [content, ...Object.values(locales)]
    .map((one) => holdsTemplate(one, wanted.path))
    .find(Boolean);
  if (broken) return broken;
  const times = { createdMs: nowMs, changedMs: nowMs };
  const template = { id: ids.spread(), workspaceId, name, content, source, locales, version: 1, ...times };
  if (!(await insertTemplate(tx, template))) return TAKEN;
  await insertVersion(tx, template, actor);
  return template;
}

/** What a template says besides its content. */
type Said = Pick<StoredTemplate, 'source' | 'locales'>;

/** Changes what is given, and keeps what it says now as a version. With `version` only where nobody has changed that one since. */
export async function changeTemplate(
  tx: Tx,
  nowMs: number,
  ref: { workspaceId: number; id: number; version?: number | undefined; actor?: string },
  change: { name?: string | undefined; content?: Content | undefined; path?: string } & Partial<Said>,
): Promise<StoredTemplate | Fault> {
  const { name = null, content = null, source = null, locales = null } = change;
  const said = [...(content ? [content] : []), ...Object.values(locales ?? {})];
  const broken = said.map((one) => holdsTemplate(one, change.path)).find(Boolean);
  if (broken) return broken;
  const { workspaceId, id, version = null, actor = '' } = ref;
  const wanted = { workspaceId, id, version, name, content, source, locales, nowMs };
  const changed = await updateTemplate(tx, wanted);
  if (changed) {
    await insertVersion(tx, changed, actor);
    return changed;
  }
  const there = await selectTemplate(tx, workspaceId, id);
  if (there && version !== null && there.version !== version) return changedMeanwhile(there.version);
  return there ? TAKEN : GONE;
}

/** A page of templates by name, after one; of those whose name holds a text. */
export async function findTemplates(
  db: Db,
  workspaceId: number,
  page: { afterId: number | null; text: string; limit: number },
): Promise<StoredTemplate[]> {
  return await selectTemplatesAfter(db, workspaceId, page);
}

/** What a template said, the newest version first. */
export async function versionsOf(
  db: Db,
  of: { workspaceId: number; id: number; before: number; limit: number },
): Promise<TemplateVersion[]> {
  return await selectVersions(db, of);
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
  const { rows, last } = cutPage(found, page.limit);
  return { templates: rows, hasMore: last !== undefined };
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
  options: { path?: string; language?: string; locale?: string } = {},
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
    const { type: _type, name, locale: _, variables: _variables, ...beside } = content;
    const template = byName.get(name);
    if (!template) return breaks(options.path ?? 'message', `there is no stored template ${name}`);
    const said = messagesOf(variantOf(template, content.locale ?? options.locale), options);
    if (isFault(said)) return said;
    expanded.push(...said.map((message) => ({ ...message, ...beside })));
  }
  return expanded;
}

/** What a template says in a language: the variant of the tag, else of its language alone, else what it says to all. */
function variantOf({ content, locales }: StoredTemplate, locale: string | undefined): Content {
  if (locale === undefined) return content;
  const tags = Object.keys(locales);
  const named = (tag: string) => tags.find((one) => one.toLowerCase() === tag.toLowerCase());
  const tag = named(locale.replaceAll('_', '-')) ?? named(locale.split(/[-_]/)[0]!);
  return tag === undefined ? content : locales[tag]!;
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
