/**
 * The WhatsApp templates of an integration: listed, made and deleted at Meta, and put together with the parameters of a send so
 * that a conversation shows what the person saw (api/sunshine.md §7; N9, N19). A test workspace has templates of its own,
 * kept among its settings: nothing of it reaches Meta.
 */
import { type Static, Type } from 'typebox';
import type { Content } from '../../../contract/content.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { getWorkspace, updateWorkspace, type Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { AdapterTools } from '../../channels/adapter.ts';
import type { Failure } from '../../channels/outcome.ts';
import {
  canReconstruct,
  createTemplate,
  deleteTemplate,
  findTemplate,
  listTemplates,
  type TemplateDefinition,
} from '../../channels/whatsapp/templates.ts';
import { reconstruct } from '../../content/reconstruct.ts';
import type { HttpContext } from '../context.ts';
import { integrationNamed } from './messageInput.ts';
import {
  acts,
  breaks,
  missing,
  readPage,
  reads,
  writes,
  type Call,
  type Outcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';

const Component = Type.Object(
  {
    type: Type.Union(['HEADER', 'BODY', 'FOOTER', 'BUTTONS'].map((type) => Type.Literal(type))),
    format: Type.Optional(Type.String({ maxLength: 32 })),
    text: Type.Optional(Type.String({ maxLength: 1024 })),
  },
  { additionalProperties: true },
);
const NewTemplate = Type.Object({
  name: Type.String({
    maxLength: 512,
    pattern: '^[a-z0-9_]+$',
    rule: 'may hold lower-case letters, digits and _ only',
  }),
  category: Type.String({ minLength: 1, maxLength: 64 }),
  language: Type.String({ minLength: 2, maxLength: 16 }),
  components: Type.Array(Component, { minItems: 1, maxItems: 10 }),
});

const PATH = '/integrations/:integrationId/messageTemplates';

/** `…/integrations/{integrationId}/messageTemplates`. */
export const nativeTemplateRoutes: readonly Route[] = [
  reads({ path: PATH, action: 'integrations.read', handle: list }),
  writes({
    method: 'POST',
    path: PATH,
    action: 'content.write',
    outside: true,
    body: NewTemplate,
    handle: make,
  }),
  acts({ method: 'DELETE', path: `${PATH}/:name`, action: 'content.write', outside: true, handle: remove }),
];

/**
 * The content with the text that a person sees, when the integration may ask for the template. A template that cannot be
 * found is no reason not to send: Meta has the last word.
 */
export async function asSeen(
  call: Call<unknown>,
  integration: Integration | undefined,
  content: Content,
): Promise<Content> {
  if (content.type !== 'nativeTemplate' || content.text !== undefined || !integration) return content;
  const definition = await definitionOf(
    call,
    integration,
    content.template.name,
    content.template.language.code,
  );
  const text = definition && reconstruct(definition, content.template).slice(0, MOST_TEXT);
  return text ? { ...content, text } : content;
}

const MOST_TEXT = 4096;
/** A template that was approved is not changed often; one that is not there may be approved at any moment. */
const KNOWN_MS = 600_000;
const UNKNOWN_MS = 30_000;
const MOST_KEPT = 2000;

type Kept = { definition: TemplateDefinition | undefined; untilMs: number };
const kept = new WeakMap<HttpContext, Map<string, Kept>>();

async function definitionOf(
  call: Call<unknown>,
  integration: Integration,
  name: string,
  language: string,
): Promise<TemplateDefinition | undefined> {
  const { ctx, workspace, nowMs } = call;
  if (workspace.environment === 'test')
    return ownTemplates(workspace, integration.id).find(
      (one) => one.name === name && one.language === language,
    );
  if (!canReconstruct(integration.settings)) return undefined;
  const book = kept.get(ctx) ?? new Map<string, Kept>();
  kept.set(ctx, book);
  const key = `${integration.id} ${language} ${name}`;
  const known = book.get(key);
  if (known && known.untilMs > nowMs) return known.definition;
  const found = await findTemplate(integration.settings, toolsOf(call), { name, language });
  const definition = found.kind === 'found' ? found.template : undefined;
  book.delete(key);
  book.set(key, { definition, untilMs: nowMs + (definition ? KNOWN_MS : UNKNOWN_MS) });
  if (book.size > MOST_KEPT) book.delete(book.keys().next().value!);
  return definition;
}

async function list(call: Call): Promise<Outcome> {
  const integration = await whatsappNamed(call);
  if (isFault(integration)) return integration;
  const { name, after, status, limit: given } = call.query;
  const page = readPage({ limit: given ?? '100' });
  if (isFault(page)) return page;
  const { limit } = page;
  if (call.workspace.environment === 'test') {
    const all = ownTemplates(call.workspace, integration.id);
    const fits = all
      .filter((one) => !name || one.name?.includes(name))
      .filter((one) => !status || one.status === status);
    return { status: 200, body: { messageTemplates: fits.slice(0, limit) } };
  }
  const found = await listTemplates(integration.settings, toolsOf(call), {
    limit,
    ...(name ? { name } : {}),
    ...(after ? { after } : {}),
  });
  if (found.kind !== 'listed') return refusedBy(found);
  const messageTemplates = found.templates.filter((one) => !status || one.status === status);
  return { status: 200, body: { messageTemplates, ...(found.after ? { after: found.after } : {}) } };
}

async function make(call: Call<Static<typeof NewTemplate>>): Promise<Work | SunshineFault> {
  const integration = await whatsappNamed(call);
  if (isFault(integration)) return integration;
  const { body, ctx, workspace } = call;
  const template = { ...body, components: body.components as TemplateDefinition['components'] & object };
  return async (tx) => {
    if (workspace.environment === 'test') {
      const made = { id: `${body.name}.${body.language}`, status: 'APPROVED', ...template };
      return await keepOwn(call, tx, integration.id, 201, made, (own) => {
        const taken = own.some(({ id }) => id === made.id);
        return taken ? breaks('name', 'there is a template of this name and language') : [...own, made];
      });
    }
    const made = await createTemplate(integration.settings, toolsOf(call), template);
    if (made.kind !== 'created') return refusedBy(made);
    kept.get(ctx)?.clear();
    const { id, status, category } = made;
    return { status: 201, body: { messageTemplate: { ...template, id, status, category } } };
  };
}

async function remove(call: Call): Promise<Work | SunshineFault> {
  const integration = await whatsappNamed(call);
  if (isFault(integration)) return integration;
  const name = call.params['name']!;
  return async (tx) => {
    if (call.workspace.environment === 'test')
      return await keepOwn(call, tx, integration.id, 200, undefined, (own) => {
        const left = own.filter((one) => one.name !== name);
        return left.length === own.length ? fault('not_found', 'There is no such template.') : left;
      });
    const gone = await deleteTemplate(integration.settings, toolsOf(call), name);
    if (gone.kind !== 'deleted') return refusedBy(gone);
    kept.get(call.ctx)?.clear();
    return { status: 200, body: {} };
  };
}

async function whatsappNamed(call: Call<unknown>): Promise<Integration | SunshineFault> {
  const integration = await integrationNamed(call, call.params['integrationId']!, 'integrationId');
  if (isFault(integration)) return integration;
  return integration.channel === 'whatsapp'
    ? integration
    : breaks('integrationId', `${integration.provider} has no message templates`);
}

/** Templates of a test workspace, approved as soon as they are made. */
function ownTemplates(workspace: Workspace, integrationId: number): TemplateDefinition[] {
  return (workspace.settings[nameOf(integrationId)] as TemplateDefinition[] | undefined) ?? [];
}

async function keepOwn(
  call: Call<unknown>,
  tx: Parameters<Work>[0],
  integrationId: number,
  status: number,
  made: TemplateDefinition | undefined,
  change: (own: TemplateDefinition[]) => TemplateDefinition[] | Fault,
): Promise<Outcome> {
  const { ctx, workspace } = call;
  const present = await getWorkspace(tx, workspace.id);
  if (!present) return missing('app');
  const own = change(ownTemplates(present, integrationId));
  if (isFault(own)) return own;
  const changed = await updateWorkspace(tx, {
    id: workspace.id,
    settings: { [nameOf(integrationId)]: own.length > 0 ? own : null },
  });
  if (isFault(changed)) return breaks('components', 'are too many or too long for a test workspace');
  call.afterCommit(() => ctx.directory.forget(workspace.id));
  return { status, body: made ? { messageTemplate: made } : {} };
}

function nameOf(integrationId: number): string {
  return `templatesOf${integrationId}`;
}

function toolsOf(call: Call<unknown>): AdapterTools {
  const { ctx } = call;
  return { http: ctx.http, deadlineMs: ctx.config.providerDeadlineMs, nowMs: () => ctx.clock.nowMs() };
}

function refusedBy(failure: Failure): Fault {
  return failure.kind === 'refused'
    ? fault('unprocessable', `The provider refused: ${failure.detail}`)
    : fault('unavailable', `The provider did not answer as it should: ${failure.detail}`, { retryAfterS: 5 });
}
