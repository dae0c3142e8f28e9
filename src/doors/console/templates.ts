/** Stored templates: written, changed with their versions kept, by language, tried on an address. */
import { Type, type Static } from 'typebox';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { MessageAccepted } from '../../../contract/doors/console/messages.ts';
import {
  NewTemplate,
  TemplatePage,
  TemplatePatch,
  TemplateShown,
  TemplateTest,
  TemplateVersionPage,
} from '../../../contract/doors/console/templates.ts';
import { Id } from '../../../contract/doors/fields.ts';
import type { Content } from '../../../contract/content.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import {
  changeTemplate,
  createTemplate,
  deleteTemplate,
  findTemplates,
  getTemplate,
  versionsOf,
  type StoredTemplate,
} from '../../content/templates.ts';
import { sendTest } from './broadcastDrafts.ts';
import { withoutTemplate } from './broadcasts.ts';
import { readContent } from './input.ts';
import {
  idText,
  actorOf,
  acts,
  idIn,
  queryId,
  readLimit,
  reads,
  revisionIn,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
} from './route.ts';

const one = '/templates/:templateId';
/** Variants of one template. */
const MOST_LOCALES = 50;
const TAG = /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/;
const VERSIONS = 50;
/** Past every version that an integer of Postgres holds. */
const NEWEST = 2_147_483_647;

/** `…/templates`. */
export const templateRoutes: readonly Route[] = [
  reads({
    path: '/templates',
    does: 'Templates, by name; those whose name holds a text.',
    action: 'workspace.read',
    query: { limit: NEWEST_FIRST.limit, after: Id, q: Type.String({ maxLength: 512 }) },
    answer: TemplatePage,
    handle: list,
  }),
  writes({
    path: '/templates',
    does: 'Makes a template.',
    action: 'content.write',
    body: NewTemplate,
    answers: { 201: TemplateShown },
    async handle(call) {
      const said = await readSaid(call, call.body);
      if (isFault(said)) return said;
      const { ctx, workspace, nowMs, caller, body } = call;
      const wanted = { workspaceId: workspace.id, name: body.name, path: 'content', actor: actorOf(caller) };
      return async (tx) =>
        told(
          await createTemplate(tx, ctx.ids, nowMs, { ...wanted, ...said, content: said.content! }),
          'create',
          201,
        );
    },
  }),
  reads({
    path: one,
    does: 'A template, as it was written.',
    action: 'workspace.read',
    answer: TemplateShown,
    async handle(call) {
      const found = await find(call);
      return isFault(found) ? found : present(found);
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    does: 'Changes a template; what it said stays as a version. With If-Match only the version that is named there.',
    action: 'content.write',
    body: TemplatePatch,
    answers: { 200: TemplateShown },
    async handle(call) {
      const said = await readSaid(call, call.body);
      if (isFault(said)) return said;
      const version = revisionIn(call);
      if (isFault(version)) return version;
      const { workspace, nowMs, caller, body } = call;
      const ref = {
        workspaceId: workspace.id,
        id: idIn(call, 'templateId'),
        version,
        actor: actorOf(caller),
      };
      const change = { name: body.name, path: 'content', ...said };
      return async (tx) => told(await changeTemplate(tx, nowMs, ref, change), 'update', 200);
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    does: 'Deletes a template with its versions.',
    action: 'content.write',
    answers: { 200: TemplateShown },
    handle: async (call) => async (tx) =>
      told(await deleteTemplate(tx, call.workspace.id, idIn(call, 'templateId')), 'delete', 200),
  }),
  reads({
    path: `${one}/versions`,
    does: 'What a template said, the newest version first.',
    action: 'workspace.read',
    answer: TemplateVersionPage,
    handle: versions,
  }),
  writes({
    path: `${one}/test`,
    does: 'Sends what a template says to one address, to try it.',
    action: 'messages.send',
    body: TemplateTest,
    answers: { 202: MessageAccepted },
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const { channel, locale, ...to } = call.body;
      const content = await withoutTemplate(call, { type: 'template', name: found.name }, locale);
      return isFault(content) ? content : sendTest({ ...call, body: to }, { content, channel }, null);
    },
  }),
];

/** What is written, ready to be kept: MJML has become HTML, and is kept beside it. */
async function readSaid(
  call: Call<unknown>,
  given: Static<typeof TemplatePatch>,
): Promise<{ content?: Content; source?: object | null; locales?: Record<string, Content> } | Fault> {
  const content =
    given.content === undefined ? undefined : await readContent(given.content, 'content', call.workspace.id);
  if (isFault(content)) return content;
  const tags = Object.keys(given.locales ?? {});
  if (tags.length > MOST_LOCALES) return breaks('locales', `may have ${MOST_LOCALES} variants`);
  const locales: Record<string, Content> = {};
  for (const tag of tags) {
    if (!TAG.test(tag)) return breaks('locales', 'must be named by language tags, such as nl or pt-BR');
    const variant = await readContent(given.locales![tag], `locales.${tag}`, call.workspace.id);
    if (isFault(variant)) return variant;
    locales[tag] = variant;
  }
  return {
    ...(content === undefined
      ? {}
      : { content, source: given.content && 'mjml' in given.content ? given.content : null }),
    ...(given.locales === undefined ? {} : { locales }),
  };
}

async function find(call: Call<unknown>): Promise<StoredTemplate | Fault> {
  return await getTemplate(call.ctx.sql, call.workspace.id, idIn(call, 'templateId'));
}

async function list(call: Call): Promise<TemplatePage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const after = queryId(call, 'after');
  if (isFault(after)) return after;
  const page = { afterId: after ?? null, text: call.query['q'] ?? '', limit: limit + 1 };
  const found = await findTemplates(call.ctx.sql, call.workspace.id, page);
  const { rows, last } = cutPage(found, limit);
  return {
    templates: rows.map(present),
    next: idText(last?.id),
  };
}

async function versions(call: Call): Promise<Static<typeof TemplateVersionPage> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const of = { workspaceId: call.workspace.id, id: found.id, before: NEWEST, limit: VERSIONS };
  const rows = await versionsOf(call.ctx.sql, of);
  return {
    versions: rows.map(({ name, content, source, locales, version, actor, createdMs }) => ({
      name,
      content: (source ?? content) as Record<string, unknown>,
      locales,
      revision: version,
      by: actor || null,
      at: timeText(createdMs),
    })),
    next: null,
  };
}

function told<S extends 200 | 201>(
  template: StoredTemplate | Fault,
  what: string,
  status: S,
): Done<S, Static<typeof TemplateShown>> | Fault {
  if (isFault(template)) return template;
  const audit = {
    action: `template.${what}`,
    subject: `template:${template.id}`,
    detail: { name: template.name, version: template.version },
  };
  return { status, body: present(template), audit };
}

function present(template: StoredTemplate): Static<typeof TemplateShown> {
  const { id, name, content, source, locales, version, createdMs, changedMs } = template;
  return {
    id: toHex24(id),
    name,
    content: (source ?? content) as Record<string, unknown>,
    locales,
    revision: version,
    createdAt: timeText(createdMs),
    changedAt: timeText(changedMs),
  };
}
