/** Apps: workspaces, as this API knows them, and their keys (api/sunshine.md §1.2, §3.1). */
import {
  AppShown,
  AppsShown,
  ChangedApp,
  JwtShown,
  KeyMade,
  type KeyOf,
  KeyShown,
  KeysShown,
  NewApp,
  NewKey,
  SdksShown,
} from '../../../contract/doors/sunshine/apps.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { type Static } from 'typebox';
import { signAppToken } from '../../accounts/authenticate.ts';
import { createKey, listKeys, revokeKey, type ApiKey } from '../../accounts/keys.ts';
import {
  createOwnWorkspace,
  getWorkspace,
  listWorkspaces,
  updateWorkspace,
  type Workspace,
} from '../../accounts/workspaces.ts';
import { closeWorkspace } from '../kit/closing.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { checkMetadata } from '../../content/check.ts';
import type { Tx } from '../../db/pool.ts';
import { presentApp } from './present.ts';
import { appMetadataIs, appSettingsWith } from './settings.ts';
import { whenKnown } from './messageShown.ts';
import {
  acts,
  missing,
  pageOf,
  readPage,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';

/** `/apps`: what concerns the account, not one app. */
export const accountRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    of: 'caller',
    path: '/apps',
    action: 'workspace.update',
    scopes: ['account'],
    does: 'Makes an app, whose owner the caller is.',
    body: NewApp,
    answers: { 201: AppShown },
    handle: createApp,
  }),
  reads({
    of: 'caller',
    path: '/apps',
    does: 'The apps of the account.',
    action: 'workspace.read',
    scopes: ['account'],
    answers: { 200: AppsShown },
    handle: listApps,
  }),
];

/** One app, under its own path only. */
export const appRoutes: readonly Route[] = [
  reads({
    path: '',
    does: 'An app.',
    action: 'workspace.read',
    answers: { 200: AppShown },
    async handle(call) {
      const workspace = await getWorkspace(call.ctx.sql, call.workspace.id);
      return workspace ? { status: 200, body: { app: presentApp(workspace) } } : missing('app');
    },
  }),
  writes({
    method: 'PUT',
    path: '',
    does: 'Changes an app.',
    action: 'workspace.update',
    body: ChangedApp,
    answers: { 200: AppShown },
    handle: changeApp,
  }),
  acts({
    method: 'DELETE',
    path: '',
    does: 'Deletes an app: nobody reaches it any more.',
    action: 'workspace.delete',
    answers: { 200: Done },
    scopes: ['account'],
    handle: async (call) => (tx) => dropApp(call, tx),
  }),
  reads({
    path: '/sdks',
    does: 'The integrations that SDKs use.',
    answers: { 200: SdksShown },
    action: 'integrations.read',
    async handle(call) {
      const all = await call.ctx.directory.integrationsOf(call.workspace.id);
      const idOf = (name: string) => {
        const found = all.find(({ provider }) => provider === name);
        return found && toHex24(found.id);
      };
      return {
        status: 200,
        body: whenKnown({
          webIntegrationId: idOf('webchat'),
          iosIntegrationId: idOf('apns'),
          androidIntegrationId: idOf('fcm'),
        }),
      };
    },
  }),
];

/** `…/keys`. */
export const keyRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/keys',
    action: 'keys.manage',
    does: 'Makes a key; its secret is shown this once.',
    secret: true,
    body: NewKey,
    answers: { 201: KeyMade },
    handle: makeKey,
  }),
  reads({
    path: '/keys',
    does: 'The keys of an app.',
    action: 'keys.manage',
    answers: { 200: KeysShown },
    async handle(call) {
      return { status: 200, body: { keys: (await keysOf(call)).map(presentKey) } };
    },
  }),
  reads({
    path: '/keys/:keyId',
    does: 'A key, without its secret.',
    action: 'keys.manage',
    answers: { 200: KeyShown },
    async handle(call) {
      const key = (await keysOf(call)).find(({ keyId }) => keyId === call.params['keyId']);
      return key ? { status: 200, body: { key: presentKey(key) } } : NO_KEY;
    },
  }),
  acts({
    method: 'DELETE',
    path: '/keys/:keyId',
    does: 'Revokes a key.',
    action: 'keys.manage',
    answers: { 200: Done },
    handle: dropKey,
  }),
  reads({
    path: '/keys/:keyId/jwt',
    does: 'A token signed with a key.',
    answers: { 200: JwtShown },
    action: 'keys.manage',
    async handle(call) {
      const { ctx, workspace, nowMs, params } = call;
      const jwt = await signAppToken(ctx.keyring, {
        workspaceId: workspace.id,
        keyId: params['keyId']!,
        nowMs,
      });
      return isFault(jwt) ? jwt : { status: 200, body: { jwt } };
    },
  }),
];

const NO_KEY = fault('not_found', 'There is no such key.');

async function createApp(
  call: Call<Static<typeof NewApp>>,
): Promise<Work<201, Static<typeof AppShown>> | Fault> {
  const { ctx, nowMs, caller } = call;
  const settings = settingsOf(call.body);
  if (isFault(settings)) return settings;
  const ownerId = (caller as { operatorId: number }).operatorId;
  return async (tx) => {
    const { name } = call.body;
    const made = await createOwnWorkspace(
      tx,
      ctx.ids,
      { name, environment: 'live', settings, ownerId, nowMs },
      ctx.config.workspacesPerOperator,
    );
    if (isFault(made)) return made;
    call.afterCommit(() => {
      ctx.directory.forget(made.id);
      ctx.keyring.forgetRoles(ownerId);
    });
    const audit = { action: 'workspace.create', subject: `workspace:${made.id}` };
    return { status: 201, body: { app: presentApp(made) }, audit };
  };
}

async function listApps(call: Call): Promise<RouteOutcome<200, Static<typeof AppsShown>>> {
  const page = readPage(call.query);
  if (isFault(page)) return page;
  const { operatorId } = call.caller as { operatorId: number };
  const all = await listWorkspaces(call.ctx.sql, { operatorId });
  const { rows, hasMore, offset } = pageOf(all, page);
  return { status: 200, body: { apps: rows.map(({ workspace }) => presentApp(workspace)), hasMore, offset } };
}

async function changeApp(
  call: Call<Static<typeof ChangedApp>>,
): Promise<Work<200, Static<typeof AppShown>> | SunshineFault> {
  const { ctx, workspace } = call;
  const { name } = call.body;
  return async (tx) => {
    const present = await getWorkspace(tx, workspace.id);
    const settings = settingsOf(call.body, present);
    if (isFault(settings)) return settings;
    const changed = await updateWorkspace(tx, {
      id: workspace.id,
      settings,
      nowMs: ctx.clock.nowMs(),
      ...(name === undefined ? {} : { name }),
    });
    if (isFault(changed)) return changed.fault === 'not_found' ? missing('app') : changed;
    call.afterCommit(() => ctx.directory.forget(workspace.id));
    const audit = { action: 'workspace.update', subject: `workspace:${changed.id}` };
    return { status: 200, body: { app: presentApp(changed) }, audit };
  };
}

/** Nobody reaches it any more: neither its keys nor its account. */
async function dropApp(call: Call, tx: Tx): Promise<RouteOutcome<200, object>> {
  const { ctx, workspace, nowMs, afterCommit } = call;
  const { operatorId } = call.caller as { operatorId: number };
  const actor = `operator:${operatorId}`;
  const gone = await closeWorkspace(ctx, tx, { workspace, actor, nowMs, afterCommit });
  if (isFault(gone)) return missing('app');
  const audit = { action: 'workspace.delete', subject: `workspace:${workspace.id}` };
  return { status: 200, body: {}, audit };
}

/** This API's settings and metadata, kept among the workspace's own under names of their own. */
function settingsOf(body: Static<typeof ChangedApp>, present?: Workspace): Record<string, unknown> | Fault {
  const { settings, metadata } = body;
  const broken = checkMetadata(metadata, 'metadata');
  if (broken) return broken;
  return {
    ...(settings ? appSettingsWith(present?.settings ?? {}, settings) : {}),
    ...(metadata ? appMetadataIs(metadata) : {}),
  };
}

async function makeKey(call: Call<Static<typeof NewKey>>): Promise<Work<201, Static<typeof KeyMade>>> {
  const { ctx, workspace, nowMs } = call;
  const owner = { workspaceId: workspace.id };
  return async (tx) => {
    const made = await createKey(tx, ctx, { owner, door: 'sunshine', name: call.body.name, nowMs });
    if (isFault(made)) return made;
    call.afterCommit(() => ctx.keyring.forgetKey('sunshine', made.key.keyId));
    const audit = { action: 'key.create', subject: `key:${made.key.keyId}` };
    return { status: 201, body: { key: { ...presentKey(made.key), secret: made.secret } }, audit };
  };
}

async function dropKey(call: Call): Promise<Work<200, object>> {
  const { ctx, workspace, nowMs } = call;
  const keyId = call.params['keyId']!;
  return async (tx) => {
    const owner = { workspaceId: workspace.id };
    const gone = await revokeKey(tx, { owner, door: 'sunshine', keyId, nowMs });
    if (isFault(gone)) return gone;
    call.afterCommit(() => ctx.keyring.forgetKey('sunshine', keyId));
    return { status: 200, body: {}, audit: { action: 'key.revoke', subject: `key:${keyId}` } };
  };
}

async function keysOf(call: Call): Promise<ApiKey[]> {
  return await listKeys(call.ctx.sql, { owner: { workspaceId: call.workspace.id }, door: 'sunshine' });
}

function presentKey(key: ApiKey): KeyOf {
  return { _id: key.keyId, name: key.name };
}
