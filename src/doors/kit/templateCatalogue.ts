/**
 * The WhatsApp templates of an integration as its doors use them: the catalogue as it is at Meta, and what a person sees of a
 * template that is sent (N19). A test workspace has templates of its own, kept among its settings: nothing of it reaches Meta.
 */
import { providerCall } from './providerCall.ts';
import { beginningOf } from '../../base/text.ts';
import type { Content } from '../../../contract/content.ts';
import type { Integration } from '../../accounts/integrations.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import {
  canReconstruct,
  findTemplate,
  listTemplates,
  type TemplateDefinition,
} from '../../channels/whatsapp/templates.ts';
import { reconstruct } from '../../content/reconstruct.ts';
import type { HttpContext } from './context.ts';
import { ownTemplates } from './settings.ts';

/** Whose templates, and when. */
type At = { ctx: HttpContext; workspace: Workspace; nowMs: number };

/** A page of the catalogue; `after` begins the next one. */
export async function catalogueOf(
  at: At,
  integration: Integration,
  page: { limit: number; name?: string; after?: string },
): ReturnType<typeof listTemplates> {
  if (at.workspace.environment !== 'test')
    return await listTemplates(integration.settings, providerCall(at.ctx), page);
  const { name, limit } = page;
  const all = ownTemplates(at.workspace, integration.id).filter((one) => !name || one.name?.includes(name));
  return { kind: 'listed', templates: all.slice(0, limit) };
}

/** The integration whose templates content is of: the one that is named, else the workspace's first for WhatsApp. */
export async function templatesThrough(
  { ctx, workspace }: Pick<At, 'ctx' | 'workspace'>,
  named: Integration | undefined,
  content: Content,
): Promise<Integration | undefined> {
  if (named || content.type !== 'nativeTemplate') return named;
  const all = await ctx.directory.integrationsOf(workspace.id);
  return all.find(({ channel, status }) => channel === 'whatsapp' && status === 'active');
}

/** What was kept of templates is asked for again: one was made or deleted. */
export function forgetTemplates(ctx: HttpContext): void {
  kept.get(ctx)?.clear();
}

/**
 * The content with the text that a person sees, when the integration may ask for the template. A template that cannot be
 * found is no reason not to send: Meta has the last word.
 */
export async function asSeen(
  at: At,
  integration: Integration | undefined,
  content: Content,
): Promise<Content> {
  if (content.type !== 'nativeTemplate' || content.text !== undefined || !integration) return content;
  const definition = await definitionOf(
    at,
    integration,
    content.template.name,
    content.template.language.code,
  );
  const text = definition && beginningOf(reconstruct(definition, content.template), MOST_TEXT);
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
  at: At,
  integration: Integration,
  name: string,
  language: string,
): Promise<TemplateDefinition | undefined> {
  const { ctx, workspace, nowMs } = at;
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
  const found = await findTemplate(integration.settings, providerCall(at.ctx), { name, language });
  const definition = found.kind === 'found' ? found.template : undefined;
  book.delete(key);
  book.set(key, { definition, untilMs: nowMs + (definition ? KNOWN_MS : UNKNOWN_MS) });
  if (book.size > MOST_KEPT) book.delete(book.keys().next().value!);
  return definition;
}
