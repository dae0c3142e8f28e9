/** Integrations: the app's accounts with providers (api/sunshine.md §4). Secrets go in and never come out. */
import { providerCall } from '../kit/providerCall.ts';
import {
  ChangedIntegration,
  IntegrationShown,
  IntegrationsShown,
  NewIntegration,
} from '../../../contract/doors/sunshine/apps.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { type Static } from 'typebox';
import {
  createIntegration,
  deleteIntegration,
  updateIntegration,
  type Integration,
} from '../../accounts/integrations.ts';
import type { Catalogue } from '../../accounts/settings.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { settingsOf } from './clientSettings.ts';
import { integrationNamed } from './messageInput.ts';
import { providerOf } from './names.ts';
import { presentIntegration } from './present.ts';
import {
  acts,
  missing,
  pageOf,
  readId,
  readPage,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';

/** `…/integrations`. */
export const integrationRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/integrations',
    action: 'integrations.manage',
    does: 'Makes an integration, and completes it at its provider.',
    body: NewIntegration,
    answers: { 201: IntegrationShown },
    outside: true,
    handle: create,
  }),
  reads({
    path: '/integrations',
    does: 'The integrations of an app, without their secrets.',
    action: 'integrations.read',
    answers: { 200: IntegrationsShown },
    handle: list,
  }),
  reads({
    path: '/integrations/:integrationId',
    does: 'An integration, without its secrets.',
    action: 'integrations.read',
    answers: { 200: IntegrationShown },
    async handle(call) {
      const found = await integrationNamed(call, call.params['integrationId']!, 'integrationId');
      return isFault(found) ? found : shown(call, found, 200);
    },
  }),
  writes({
    method: 'PUT',
    path: '/integrations/:integrationId',
    action: 'integrations.manage',
    does: 'Changes an integration.',
    body: ChangedIntegration,
    answers: { 200: IntegrationShown },
    outside: true,
    handle: update,
  }),
  acts({
    method: 'DELETE',
    path: '/integrations/:integrationId',
    action: 'integrations.manage',
    does: 'Deletes an integration.',
    answers: { 200: Done },
    handle: remove,
  }),
];

async function create(call: Call<Static<typeof NewIntegration>>): Promise<Work<201, Shown> | Fault> {
  const { type, displayName, ...given } = call.body;
  const settings = settingsOf(type, given);
  if (isFault(settings)) return settings;
  const { ctx, workspace, nowMs } = call;
  return async (tx) => {
    const made = await createIntegration(tx, toolsOf(call), {
      workspaceId: workspace.id,
      provider: providerOf(type),
      settings,
      settingsPath: '',
      nowMs,
      ...(displayName === undefined ? {} : { name: displayName }),
    });
    const ready = isFault(made) ? made : await connected(call, tx, made);
    if (isFault(ready)) return ready;
    call.afterCommit(() => ctx.directory.forget(ready.id));
    return shown(call, ready, 201, 'create');
  };
}

async function list(call: Call): Promise<RouteOutcome<200, Static<typeof IntegrationsShown>>> {
  const page = readPage(call.query);
  if (isFault(page)) return page;
  const types = call.query['types']?.split(',').map((type) => providerOf(type.trim()));
  const all = await call.ctx.directory.integrationsOf(call.workspace.id);
  const fits = types ? all.filter(({ provider }) => types.includes(provider)) : all;
  const { rows, hasMore, offset } = pageOf(fits, page);
  const integrations = rows.map((one) => presentIntegration(one, catalogueOf(call)));
  return { status: 200, body: { integrations, hasMore, offset } };
}

async function update(
  call: Call<Static<typeof ChangedIntegration>>,
): Promise<Work<200, Shown> | SunshineFault> {
  const id = readId(call.params['integrationId']!, 'integrationId');
  if (isFault(id)) return id;
  // What a caller read and sends back: no setting, and not to be changed.
  const {
    displayName,
    type: _type,
    _id,
    status: _status,
    ...settings
  } = call.body as Record<string, unknown>;
  const { ctx, workspace, nowMs } = call;
  return async (tx) => {
    const changed = await updateIntegration(tx, toolsOf(call), {
      workspaceId: workspace.id,
      id,
      settings,
      settingsPath: '',
      nowMs,
      ...(displayName === undefined ? {} : { name: displayName as string }),
    });
    if (isFault(changed)) return changed.fault === 'not_found' ? missing('integration') : changed;
    const ready = Object.keys(settings).length > 0 ? await connected(call, tx, changed) : changed;
    if (isFault(ready)) return ready;
    call.afterCommit(() => ctx.directory.forget(id));
    return shown(call, ready, 200, 'update');
  };
}

async function remove(call: Call): Promise<Work<200, object> | SunshineFault> {
  const id = readId(call.params['integrationId']!, 'integrationId');
  if (isFault(id)) return id;
  const { ctx, workspace, nowMs } = call;
  return async (tx) => {
    const gone = await deleteIntegration(tx, { workspaceId: workspace.id, id, nowMs });
    if (isFault(gone)) return missing('integration');
    call.afterCommit(() => ctx.directory.forget(id));
    return { status: 200, body: {}, audit: auditOf('delete', id) };
  };
}

/**
 * The integration as its provider completed it: what a setting only names is read, and our callback is registered there
 * (api/sunshine.md §4). A test workspace has no provider.
 */
async function connected(call: Call<unknown>, tx: Tx, made: Integration): Promise<Integration | Fault> {
  const { ctx, workspace, nowMs } = call;
  const adapter = ctx.adapters[made.provider];
  if (workspace.environment === 'test' || !adapter?.connect) return made;
  const inbound = `${ctx.publicUrl()}/callbacks/${toHex24(made.id)}/${made.callbackKey}/inbound`;
  const tools = providerCall(ctx);
  const outcome = await adapter.connect(made.settings, tools, { inbound });
  if (outcome.kind !== 'connected')
    return fault('unprocessable', `The provider says: ${outcome.detail} (${outcome.code})`);
  const which = { workspaceId: workspace.id, id: made.id, nowMs };
  return await updateIntegration(tx, toolsOf(call), { ...which, settings: { ...outcome.settings } });
}

type Shown = Static<typeof IntegrationShown>;

function shown<S extends number>(
  call: Call<unknown>,
  integration: Integration,
  status: S,
  change?: string,
): RouteOutcome<S, Shown> {
  return {
    status,
    body: { integration: presentIntegration(integration, catalogueOf(call)) },
    ...(change ? { audit: auditOf(change, integration.id) } : {}),
  };
}

function auditOf(what: string, id: number) {
  return { action: `integration.${what}`, subject: `integration:${id}` };
}

function toolsOf(call: Call<unknown>) {
  const { vault, ids } = call.ctx;
  return { vault, ids, catalogue: catalogueOf(call) };
}

function catalogueOf(call: Call<unknown>): Catalogue {
  return call.ctx.adapters;
}
