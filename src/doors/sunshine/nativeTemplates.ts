/**
 * The WhatsApp templates of an integration: listed, made and deleted at Meta, and put together with the parameters of a send so
 * that a conversation shows what the person saw (api/sunshine.md §7; N9, N19). A test workspace has templates of its own,
 * kept among its settings: nothing of it reaches Meta.
 */
import { providerCall } from '../kit/providerCall.ts';
import {
  NativeTemplateShown,
  NativeTemplatesShown,
  NewNativeTemplate,
} from '../../../contract/doors/sunshine/apps.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { type Static } from 'typebox';
import type { Integration } from '../../accounts/integrations.ts';
import { getWorkspaceToChange, updateWorkspace, type Workspace } from '../../accounts/workspaces.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import type { Failure } from '../../channels/kit/outcome.ts';
import {
  createTemplate,
  deleteTemplate,
  type TemplateDefinition,
} from '../../channels/whatsapp/templates.ts';
import { ownTemplates, ownTemplatesAre } from '../kit/settings.ts';
import { catalogueOf, forgetTemplates } from '../kit/templateCatalogue.ts';
import { integrationNamed } from './messageInput.ts';
import {
  acts,
  missing,
  readPage,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';

const PATH = '/integrations/:integrationId/messageTemplates';

/** `…/integrations/{integrationId}/messageTemplates`. */
export const nativeTemplateRoutes: readonly Route[] = [
  reads({
    path: PATH,
    does: 'The WhatsApp templates as they are at Meta now.',
    action: 'integrations.read',
    answers: { 200: NativeTemplatesShown },
    handle: list,
  }),
  writes({
    method: 'POST',
    path: PATH,
    action: 'content.write',
    outside: true,
    does: 'Makes a WhatsApp template, which Meta then looks at.',
    body: NewNativeTemplate,
    answers: { 201: NativeTemplateShown },
    handle: make,
  }),
  acts({
    method: 'DELETE',
    path: `${PATH}/:name`,
    does: 'Deletes a WhatsApp template in all languages.',
    action: 'content.write',
    outside: true,
    answers: { 200: Done },
    handle: remove,
  }),
];

async function list(call: Call): Promise<RouteOutcome<200, Static<typeof NativeTemplatesShown>>> {
  const integration = await whatsappNamed(call, 'message templates');
  if (isFault(integration)) return integration;
  const { name, after, status, limit: given } = call.query;
  const page = readPage({ limit: given ?? '100' });
  if (isFault(page)) return page;
  const { limit } = page;
  const found = await catalogueOf(call, integration, {
    limit,
    ...(name ? { name } : {}),
    ...(after ? { after } : {}),
  });
  if (found.kind !== 'listed') return refusedBy(found);
  const messageTemplates = found.templates.filter((one) => !status || one.status === status);
  return { status: 200, body: { messageTemplates, ...(found.after ? { after: found.after } : {}) } };
}

async function make(
  call: Call<Static<typeof NewNativeTemplate>>,
): Promise<Work<201, Static<typeof NativeTemplateShown>> | SunshineFault> {
  const integration = await whatsappNamed(call, 'message templates');
  if (isFault(integration)) return integration;
  const { body, ctx, workspace } = call;
  const template = { ...body, components: body.components as TemplateDefinition['components'] & object };
  return async (tx) => {
    if (workspace.environment === 'test') {
      const made = { id: `${body.name}.${body.language}`, status: 'APPROVED', ...template };
      const kept = await keepTemplates(call, tx, integration.id, (own) => {
        const taken = own.some(({ id }) => id === made.id);
        return taken ? breaks('name', 'there is a template of this name and language') : [...own, made];
      });
      return kept ?? { status: 201, body: { messageTemplate: made } };
    }
    const made = await createTemplate(integration.settings, providerCall(call.ctx), template);
    if (made.kind !== 'created') return refusedBy(made);
    forgetTemplates(ctx);
    const { id, status, category } = made;
    return { status: 201, body: { messageTemplate: { ...template, id, status, category } } };
  };
}

async function remove(call: Call): Promise<Work<200, object> | SunshineFault> {
  const integration = await whatsappNamed(call, 'message templates');
  if (isFault(integration)) return integration;
  const name = call.params['name']!;
  return async (tx) => {
    if (call.workspace.environment === 'test')
      return (
        (await keepTemplates(call, tx, integration.id, (own) => {
          const left = own.filter((one) => one.name !== name);
          return left.length === own.length ? fault('not_found', 'There is no such template.') : left;
        })) ?? { status: 200, body: {} }
      );
    const gone = await deleteTemplate(integration.settings, providerCall(call.ctx), name);
    if (gone.kind !== 'deleted') return refusedBy(gone);
    forgetTemplates(call.ctx);
    return { status: 200, body: {} };
  };
}

async function keepTemplates(
  call: Call<unknown>,
  tx: Parameters<Work>[0],
  integrationId: number,
  change: (own: TemplateDefinition[]) => TemplateDefinition[] | Fault,
): Promise<undefined | SunshineFault> {
  const settings = (present: Workspace) => {
    const own = change(ownTemplates(present, integrationId));
    return isFault(own) ? own : ownTemplatesAre(integrationId, own);
  };
  const tooMuch = breaks('components', 'are too many or too long for a test workspace');
  return await keepOwn(call, tx, settings, tooMuch);
}

/** The WhatsApp integration of the path; a fault where another channel's has none of `what`. */
export async function whatsappNamed(call: Call<unknown>, what: string): Promise<Integration | SunshineFault> {
  const integration = await integrationNamed(call, call.params['integrationId']!, 'integrationId');
  if (isFault(integration)) return integration;
  return integration.channel === 'whatsapp'
    ? integration
    : breaks('integrationId', `${integration.provider} has no ${what}`);
}

/** Changes what a test workspace keeps of its own, since no Meta has it; `tooMuch` where it is more than settings hold. */
export async function keepOwn(
  { ctx, workspace, afterCommit }: Call<unknown>,
  tx: Parameters<Work>[0],
  change: (present: Workspace) => Record<string, unknown> | Fault,
  tooMuch: Fault,
): Promise<undefined | SunshineFault> {
  const present = await getWorkspaceToChange(tx, workspace.id);
  if (!present) return missing('app');
  const settings = change(present);
  if (isFault(settings)) return settings;
  const changed = await updateWorkspace(tx, { id: workspace.id, settings, nowMs: ctx.clock.nowMs() });
  if (isFault(changed)) return tooMuch;
  afterCommit(() => ctx.directory.forget(workspace.id));
  return undefined;
}

/** What a provider's refusal is to the caller. */
export function refusedBy(failure: Failure): Fault {
  return failure.kind === 'refused'
    ? fault('unprocessable', `The provider refused: ${failure.detail}`)
    : fault('unavailable', `The provider did not answer as it should: ${failure.detail}`, { retryAfterS: 5 });
}
