/** Integrations: the app's accounts with providers (api/sunshine.md §4). Secrets go in and never come out. */
import { type Static, Type } from 'typebox';
import {
  createIntegration,
  deleteIntegration,
  updateIntegration,
  type Integration,
} from '../../accounts/integrations.ts';
import type { Catalogue } from '../../accounts/settings.ts';
import { isFault } from '../../base/fault.ts';
import { integrationNamed } from './messageInput.ts';
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
  type Outcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';

const displayName = Type.Optional(Type.String({ maxLength: 200 }));
/** What is not named here is a setting, and checked against the provider's own table. */
const NewIntegration = Type.Object(
  { type: Type.String({ minLength: 1, maxLength: 64 }), displayName },
  { additionalProperties: true },
);
const ChangedIntegration = Type.Object({ displayName }, { additionalProperties: true });

/** `…/integrations`. */
export const integrationRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/integrations',
    action: 'integrations.manage',
    body: NewIntegration,
    handle: create,
  }),
  reads({ path: '/integrations', action: 'integrations.read', handle: list }),
  reads({
    path: '/integrations/:integrationId',
    action: 'integrations.read',
    async handle(call) {
      const found = await integrationNamed(call, call.params['integrationId']!, 'integrationId');
      return isFault(found) ? found : shown(call, found, 200);
    },
  }),
  writes({
    method: 'PUT',
    path: '/integrations/:integrationId',
    action: 'integrations.manage',
    body: ChangedIntegration,
    handle: update,
  }),
  acts({
    method: 'DELETE',
    path: '/integrations/:integrationId',
    action: 'integrations.manage',
    handle: remove,
  }),
];

async function create(call: Call<Static<typeof NewIntegration>>): Promise<Work> {
  const { type, displayName, ...settings } = call.body;
  const { ctx, workspace, nowMs } = call;
  return async (tx) => {
    const made = await createIntegration(tx, toolsOf(call), {
      workspaceId: workspace.id,
      provider: type,
      settings,
      settingsPath: '',
      nowMs,
      ...(displayName === undefined ? {} : { name: displayName }),
    });
    if (isFault(made)) return made;
    call.afterCommit(() => ctx.directory.forget(made.id));
    return shown(call, made, 201);
  };
}

async function list(call: Call): Promise<Outcome> {
  const page = readPage(call.query);
  if (isFault(page)) return page;
  const types = call.query['types']?.split(',').map((type) => type.trim());
  const all = await call.ctx.directory.integrationsOf(call.workspace.id);
  const fits = types ? all.filter(({ provider }) => types.includes(provider)) : all;
  const { rows, hasMore, offset } = pageOf(fits, page);
  const integrations = rows.map((one) => presentIntegration(one, catalogueOf(call)));
  return { status: 200, body: { integrations, hasMore, offset } };
}

async function update(call: Call<Static<typeof ChangedIntegration>>): Promise<Work | SunshineFault> {
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
    call.afterCommit(() => ctx.directory.forget(id));
    return shown(call, changed, 200);
  };
}

async function remove(call: Call): Promise<Work | SunshineFault> {
  const id = readId(call.params['integrationId']!, 'integrationId');
  if (isFault(id)) return id;
  const { ctx, workspace, nowMs } = call;
  return async (tx) => {
    const gone = await deleteIntegration(tx, { workspaceId: workspace.id, id, nowMs });
    if (isFault(gone)) return missing('integration');
    call.afterCommit(() => ctx.directory.forget(id));
    return { status: 200, body: {} };
  };
}

function shown(call: Call<unknown>, integration: Integration, status: number): Outcome {
  return { status, body: { integration: presentIntegration(integration, catalogueOf(call)) } };
}

function toolsOf(call: Call<unknown>) {
  const { vault, ids } = call.ctx;
  return { vault, ids, catalogue: catalogueOf(call) };
}

function catalogueOf(call: Call<unknown>): Catalogue {
  return call.ctx.adapters;
}
