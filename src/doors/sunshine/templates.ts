/** Stored templates (api/sunshine.md §2, §5.3): messages that a text names with `%((template:NAME))%`. */
import { Type } from 'typebox';
import type { Content } from '../../../contract/content.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import {
  changeTemplate,
  createTemplate,
  deleteTemplate,
  getTemplate,
  listTemplates,
  TEMPLATE_NAME_LENGTH,
  TEMPLATE_NAME_PATTERN,
  type StoredTemplate,
} from '../../content/templates.ts';
import { anyObject, checkSendable } from './messageInput.ts';
import { acts, breaks, readId, readPage, reads, writes, type Outcome, type Route } from './route.ts';

const name = Type.String({
  minLength: 1,
  maxLength: TEMPLATE_NAME_LENGTH,
  pattern: TEMPLATE_NAME_PATTERN,
  rule: 'must not begin or end with a space, nor hold any of ( ) { } or a line break',
});
const NewTemplate = Type.Object({ name, message: anyObject });
const ChangedTemplate = Type.Object({ name: Type.Optional(name), message: Type.Optional(anyObject) });

/** `…/templates`. */
export const templateRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/templates',
    action: 'content.write',
    body: NewTemplate,
    async handle({ ctx, workspace, nowMs, body }) {
      const content = readTemplate(body.message);
      if (isFault(content)) return content;
      const wanted = { workspaceId: workspace.id, name: body.name, content };
      return async (tx) => shown(await createTemplate(tx, ctx.ids, nowMs, wanted), 201, 'create');
    },
  }),
  reads({
    path: '/templates',
    action: 'workspace.read',
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
    action: 'workspace.read',
    async handle({ ctx, workspace, params }) {
      const id = readId(params['templateId']!, 'templateId');
      return isFault(id) ? id : shown(await getTemplate(ctx.sql, workspace.id, id), 200);
    },
  }),
  writes({
    method: 'PUT',
    path: '/templates/:templateId',
    action: 'content.write',
    body: ChangedTemplate,
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
    action: 'content.write',
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

function presentTemplate({ id, name: called, content }: StoredTemplate): Record<string, unknown> {
  return { _id: toHex24(id), name: called, message: { role: 'appMaker', ...content } };
}

function shown(template: StoredTemplate | Fault, status: number, what?: string): Outcome {
  if (isFault(template)) return template;
  const audit = what && { action: `template.${what}`, subject: `template:${template.id}` };
  return { status, body: { template: presentTemplate(template) }, ...(audit ? { audit } : {}) };
}
