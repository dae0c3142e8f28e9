/** Provider accounts of a workspace: what there can be, settings, secrets, a test message, and how they fare. */
import { providerCall } from '../kit/providerCall.ts';
import { Type } from 'typebox';
import {
  CallbacksShown,
  IntegrationPatch,
  IntegrationShown,
  IntegrationsShown,
  NewIntegration,
  NewSecrets,
  ProviderShown,
  ProvidersShown,
  ProviderTemplates,
  TestSend,
} from '../../../contract/doors/console/integrations.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { MessageAccepted } from '../../../contract/doors/console/messages.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import type { ChannelName } from '../../../contract/channels.ts';
import {
  createIntegration,
  deleteIntegration,
  getIntegration,
  listIntegrations,
  present,
  rotateIntegrationSecrets,
  setIntegrationStatus,
  updateIntegration,
  type Integration,
} from '../../accounts/integrations.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { acceptOne } from './acceptOne.ts';
import { catalogueOf } from '../kit/templateCatalogue.ts';
import { readAddress } from './input.ts';
import {
  acts,
  idIn,
  missing,
  readLimit,
  reads,
  revisionIn,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from './route.ts';

const one = '/integrations/:integrationId';
const action = 'integrations.manage';

/** `/providers` and `…/integrations`. */
export const integrationRoutes: readonly Route[] = [
  reads({
    of: 'caller',
    path: '/providers',
    does: 'The providers that Parley speaks with, and what settings each takes.',
    answer: ProvidersShown,
    action: 'workspace.read',
    handle: async ({ ctx }) => ({ providers: Object.values(ctx.adapters).flatMap(presentProvider) }),
  }),
  reads({
    path: '/integrations',
    does: 'The integrations of a workspace.',
    action: 'integrations.read',
    answer: IntegrationsShown,
    async handle({ ctx, workspace }) {
      const all = await listIntegrations(ctx.sql, ctx.vault, { workspaceId: workspace.id });
      return { integrations: all.map((integration) => show(ctx, integration)) };
    },
  }),
  writes({
    path: '/integrations',
    action,
    does: 'Makes an integration with a provider.',
    body: NewIntegration,
    answers: { 201: IntegrationShown },
    async handle(call) {
      const { type: provider, ...rest } = call.body;
      return async (tx) => {
        const input = { workspaceId: call.workspace.id, provider, ...rest, nowMs: call.nowMs };
        return told(call, await createIntegration(tx, toolsOf(call), input), 'create', 201);
      };
    },
  }),
  reads({
    path: one,
    does: 'An integration, without its secrets.',
    action: 'integrations.read',
    answer: IntegrationShown,
    async handle(call) {
      const integration = await find(call);
      return isFault(integration) ? integration : show(call.ctx, integration);
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    action,
    does: 'Changes an integration; settings are merged by name, null takes one away. With If-Match only the revision that is named there.',
    body: IntegrationPatch,
    answers: { 200: IntegrationShown },
    async handle(call) {
      const revision = revisionIn(call);
      if (isFault(revision)) return revision;
      const { ratePerS } = call.body;
      return changes(
        call,
        'update',
        (tx, which) => updateIntegration(tx, toolsOf(call), { ...which, ...call.body, revision }),
        ratePerS === undefined ? {} : { ratePerS },
      );
    },
  }),
  writes({
    path: `${one}/secrets`,
    action,
    does: 'Replaces secrets of an integration.',
    body: NewSecrets,
    answers: { 200: IntegrationShown },
    secretFields: ['secrets'],
    handle: async (call) =>
      changes(call, 'rotate', (tx, which) =>
        rotateIntegrationSecrets(tx, toolsOf(call), { ...which, secrets: call.body.secrets }),
      ),
  }),
  switches('disable', 'inactive'),
  switches('enable', 'active'),
  acts({
    method: 'DELETE',
    path: one,
    does: 'Deletes an integration.',
    answers: { 204: Nothing },
    action,
    async handle(call) {
      const id = idIn(call, 'integrationId');
      return async (tx) => {
        const { workspace, nowMs, ctx, afterCommit } = call;
        const gone = await deleteIntegration(tx, { workspaceId: workspace.id, id, nowMs });
        if (isFault(gone)) return gone;
        afterCommit(() => ctx.directory.forget(id));
        const audit = { action: 'integration.delete', subject: `integration:${id}` };
        return { status: 204, body: undefined, audit };
      };
    },
  }),
  reads({
    path: `${one}/templates`,
    action: 'integrations.read',
    does: 'The message templates as they are at the provider now.',
    query: { name: Type.String(), after: Type.String(), limit: NEWEST_FIRST.limit },
    answer: ProviderTemplates,
    handle: listTemplates,
  }),
  acts({
    path: `${one}/connect`,
    does: 'Completes an integration at its provider: names become ids, and our callback URL is registered there.',
    action,
    outside: true,
    answers: { 200: IntegrationShown },
    handle: connect,
  }),
  reads({
    path: `${one}/callbacks`,
    does: 'The URL at which its provider calls us back.',
    answer: CallbacksShown,
    action,
    async handle(call) {
      const integration = await find(call);
      if (isFault(integration)) return integration;
      // Who takes raw mail has no other callback.
      const purpose = call.ctx.adapters[integration.provider]?.takesMail ? 'mail' : 'inbound';
      return { inbound: callbackUrl(call, integration, purpose) };
    },
  }),
  writes({
    path: `${one}/test`,
    action,
    does: 'Sends a test message through it.',
    body: TestSend,
    answers: { 202: MessageAccepted },
    async handle(call) {
      const { ctx, body, workspace } = call;
      const integration = await ctx.directory.integration(idIn(call, 'integrationId'));
      if (integration?.workspaceId !== workspace.id) return missing('integration');
      if (integration.status === 'inactive')
        return fault('unprocessable', 'The integration is switched off; switch it on first.');
      const channel = integration.channel as ChannelName;
      const to = readAddress(channel, body.to, 'to', workspace.country);
      if (isFault(to)) return to;
      return acceptOne(call, {
        to,
        integrationId: integration.id,
        content: { type: 'text', text: body.text },
        class: 'transactional',
        audited: 'integration.test',
      });
    },
  }),
];

function switches(name: 'disable' | 'enable', status: 'inactive' | 'active'): Route {
  return acts({
    path: `${one}/${name}`,
    does:
      name === 'enable'
        ? 'Switches an integration on.'
        : 'Switches an integration off: nothing is sent through it.',
    action,
    answers: { 200: IntegrationShown },
    handle: async (call) =>
      changes(call, name, async (tx, which) => {
        const set = await setIntegrationStatus(tx, { ...which, status });
        if (isFault(set)) return set;
        return (await getIntegration(tx, call.ctx.vault, which)) ?? missing('integration');
      }),
  });
}

type Which = { workspaceId: number; id: number; nowMs: number };

/** The work of a change to the integration of the path. */
function changes(
  call: Call<unknown>,
  what: string,
  change: (tx: Tx, which: Which) => Promise<Integration | Fault>,
  detail: object = {},
): Work<200, IntegrationShown> {
  const id = idIn(call, 'integrationId');
  const which = { workspaceId: call.workspace.id, id, nowMs: call.nowMs };
  return async (tx) => told(call, await change(tx, which), what, 200, detail);
}

function told<S extends 200 | 201>(
  call: Call<unknown>,
  outcome: Integration | Fault,
  what: string,
  status: S,
  detail: object = {},
): Done<S, IntegrationShown> | Fault {
  if (isFault(outcome)) return outcome;
  call.afterCommit(() => call.ctx.directory.forget(outcome.id));
  const { provider, name } = outcome;
  return {
    status,
    body: show(call.ctx, outcome),
    audit: {
      action: `integration.${what}`,
      subject: `integration:${outcome.id}`,
      detail: { provider, name, status: outcome.status, ...detail },
    },
  };
}

function toolsOf({ ctx }: Call<unknown>) {
  return { vault: ctx.vault, catalogue: ctx.adapters, ids: ctx.ids };
}

/** The integration of the path. */
export async function find(call: Call): Promise<Integration | Fault> {
  const { sql, vault } = call.ctx;
  const which = { workspaceId: call.workspace.id, id: idIn(call, 'integrationId') };
  return (await getIntegration(sql, vault, which)) ?? missing('integration');
}

function show(ctx: Call['ctx'], integration: Integration): IntegrationShown {
  const { id, provider, channel, name, status, settings, ratePerS, revision } = present(
    integration,
    ctx.adapters,
  );
  return {
    id: toHex24(id),
    type: provider,
    channel: channel as ChannelName,
    name,
    status,
    settings,
    ratePerS: ratePerS ?? null,
    revision,
  };
}

function presentProvider(adapter: Call['ctx']['adapters'][string]): ProviderShown[] {
  if (!adapter) return [];
  const { provider, channel, confirms, idempotent, ratePerS, settings } = adapter;
  return [
    {
      type: provider,
      title: adapter.title ?? provider,
      channel,
      confirms,
      idempotent,
      ratePerS: ratePerS ?? null,
      connects: adapter.connect !== undefined,
      looksUpNumbers: adapter.lookUpNumber !== undefined,
      settings: Object.entries(settings).map(([name, rule]) => ({
        name,
        required: rule.required,
        secret: rule.secret,
        means: rule.means,
        schema: rule.schema ?? { type: 'string', minLength: 1 },
      })),
    },
  ];
}

function callbackUrl(call: Call<unknown>, integration: Integration, purpose: string): string {
  const { id, callbackKey } = integration;
  return `${call.ctx.publicUrl()}/callbacks/${toHex24(id)}/${callbackKey}/${purpose}`;
}

/** Completes the integration at its provider: names become ids, and our callback URL is registered there. */
async function connect(call: Call): Promise<Work<200, IntegrationShown> | Fault> {
  const { ctx, workspace } = call;
  const integration = await find(call);
  if (isFault(integration)) return integration;
  const adapter = ctx.adapters[integration.provider];
  if (workspace.environment === 'test')
    return fault(
      'unprocessable',
      'A test workspace has no provider to connect to; its senders are simulated.',
    );
  if (!adapter?.connect)
    return fault('unprocessable', `${integration.provider} needs no more than its settings.`);
  return changes(call, 'connect', async (tx, which) => {
    const tools = providerCall(ctx);
    const inbound = callbackUrl(call, integration, 'inbound');
    const connected = await adapter.connect!(integration.settings, tools, { inbound });
    return connected.kind === 'connected'
      ? await updateIntegration(tx, toolsOf(call), { ...which, settings: { ...connected.settings } })
      : fault('unprocessable', `The provider says: ${connected.detail} (${connected.code})`);
  });
}

/** The message templates as they are at the provider now. */
async function listTemplates(call: Call): Promise<ProviderTemplates | Fault> {
  const integration = await find(call);
  if (isFault(integration)) return integration;
  if (integration.channel !== 'whatsapp')
    return fault('unprocessable', `${integration.provider} has no message templates.`);
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const { name, after } = call.query;
  const found = await catalogueOf(call, integration, {
    limit,
    ...(name ? { name } : {}),
    ...(after ? { after } : {}),
  });
  if (found.kind !== 'listed')
    return fault('unprocessable', `The provider says: ${found.detail} (${found.code})`);
  return { templates: found.templates, next: found.after ?? null };
}
