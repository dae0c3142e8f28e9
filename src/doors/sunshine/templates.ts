/** Stored templates (api/sunshine.md §2, §5.3): messages that a text names with `%((template:NAME))%`. */
import {
  ChangedTemplate,
  NewTemplate,
  type TemplateOf,
  TemplateShown,
  TemplatesShown,
} from '../../../contract/doors/sunshine/apps.ts';
import type { Content } from '../../../contract/content.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import {
  changeTemplate,
  createTemplate,
  deleteTemplate,
  getTemplate,
  listTemplates,
  type StoredTemplate,
} from '../../content/templates.ts';
import { checkSendable } from './messageInput.ts';
import { acts, readId, readPage, reads, writes, type RouteOutcome, type Route } from './route.ts';

/** `…/templates`. */
export const templateRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/templates',
    action: 'content.write',
    does: 'Makes a template: a message that a text can name.',
    body: NewTemplate,
    answers: { 201: TemplateShown },
    async handle({ ctx, workspace, nowMs, body }) {
      const content = readTemplate(body.message);
      if (isFault(content)) return content;
      const wanted = { workspaceId: workspace.id, name: body.name, content };
      return async (tx) => shown(await createTemplate(tx, ctx.ids, nowMs, wanted), 201, 'create');
    },
  }),
  reads({
    path: '/templates',
    does: 'The templates of an app.',
    action: 'workspace.read',
    answers: { 200: TemplatesShown },
    async handle({ ctx, workspace, query }) {
      const page = readPage(query);
      if (isFault(page)) return page;
      const { templates, hasMore } = await listTemplates(ctx.sql, workspace.id, page);
      return {
        status: 200,
        body: { templates: templates.map(presentTemplate), hasMore, offset: page.offset },
      };
    },
  }),
  reads({
    path: '/templates/:templateId',
    does: 'A template.',
    action: 'workspace.read',
    answers: { 200: TemplateShown },
    async handle({ ctx, workspace, params }) {
      const id = readId(params['templateId']!, 'templateId');
      return isFault(id) ? id : shown(await getTemplate(ctx.sql, workspace.id, id), 200);
    },
  }),
  writes({
    method: 'PUT',
    path: '/templates/:templateId',
    action: 'content.write',
    does: 'Changes a template.',
    body: ChangedTemplate,
    answers: { 200: TemplateShown },
    async handle({ workspace, nowMs, params, body }) {
      const id = readId(params['templateId']!, 'templateId');
      if (isFault(id)) return id;
      const content = body.message && readTemplate(body.message);
      if (isFault(content)) return content;
      const change = { name: body.name, content };
      return async (tx) =>
        shown(await changeTemplate(tx, nowMs, { workspaceId: workspace.id, id }, change), 200, 'update');
    },
  }),
  acts({
    method: 'DELETE',
    path: '/templates/:templateId',
    does: 'Deletes a template.',
    action: 'content.write',
    answers: { 200: TemplateShown },
    async handle({ workspace, params }) {
      const id = readId(params['templateId']!, 'templateId');
      return isFault(id)
        ? id
        : async (tx) => shown(await deleteTemplate(tx, workspace.id, id), 200, 'delete');
    },
  }),
];

/** A message of the business without its author. */
function readTemplate(given: Record<string, unknown>): Content | Fault {
  const { role, name: _name, email: _email, avatarUrl: _avatarUrl, ...rest } = given;
  if (role !== undefined && role !== 'appMaker') return breaks('message.role', 'must be appMaker');
  return checkSendable(rest, 'message');
}

function presentTemplate({ id, name: called, content }: StoredTemplate): TemplateOf {
  return { _id: toHex24(id), name: called, message: { role: 'appMaker', ...content } };
}

function shown<S extends number>(
  template: StoredTemplate | Fault,
  status: S,
  what?: string,
): RouteOutcome<S, { template: TemplateOf }> {
  if (isFault(template)) return template;
  const audit = what && { action: `template.${what}`, subject: `template:${template.id}` };
  return { status, body: { template: presentTemplate(template) }, ...(audit ? { audit } : {}) };
}
