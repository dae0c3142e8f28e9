/** What a company asks accounts to connect to, who has, and where it is told of it. Nothing of it is there until Connect is enabled. */
import {
  ConnectEnabled,
  ConnectPatch,
  ConnectSamples,
  ConnectSecret,
  ConnectShown,
  ConnectWebhookPut,
  ConnectWebhookShown,
  ConnectWebhookTest,
  GrantPage,
  type GrantShown,
} from '../../../contract/doors/console/connect.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { WebhookCallBegun } from '../../../contract/doors/console/webhooks.ts';
import { Nothing, oneOf } from '../../../contract/doors/fields.ts';
import { fault, isFault } from '../../base/fault.ts';
import {
  changeClient,
  clientOfWorkspace,
  clientSecret,
  disableConnect,
  enableConnect,
  rotateClientSecret,
  type Client,
} from '../../connect/clients.ts';
import { disconnectAccount, listGrants, type Grant } from '../../connect/grants.ts';
import { samplesOf, sendSample, setWebhook, showWebhook, webhookOf } from './connectWebhook.ts';
import {
  acts,
  idIn,
  idText,
  queryWord,
  reads,
  readPage,
  timeText,
  writes,
  type Call,
  type Route,
} from './route.ts';

const action = 'connect.manage';

/** `…/connect`. */
export const connectRoutes: readonly Route[] = [
  reads({
    path: '/connect',
    does: 'What accounts are asked to connect to.',
    action: 'connect.read',
    answer: ConnectShown,
    async handle(call) {
      const client = await clientOfWorkspace(call.ctx.sql, call.workspace.id);
      return isFault(client) ? client : present(call, client);
    },
  }),
  writes({
    method: 'PUT',
    path: '/connect/enabled',
    does: 'Enables Connect for a test workspace, or switches it off. For a live one whoever runs Parley enables it.',
    action,
    body: ConnectEnabled,
    answers: { 200: ConnectShown },
    handle: async (call) => enable(call),
  }),
  writes({
    method: 'PATCH',
    path: '/connect',
    does: 'Changes what is shown and asked for.',
    action,
    body: ConnectPatch,
    answers: { 200: ConnectShown },
    async handle(call) {
      const { ctx, workspace, body, nowMs } = call;
      return async (tx) => {
        const client = await changeClient(tx, { workspaceId: workspace.id, nowMs }, body);
        if (isFault(client)) return client;
        const audit = { action: 'connect.update', subject: `client:${client.id}`, detail: body };
        return { status: 200, body: present({ ctx }, client), audit };
      };
    },
  }),
  reads({
    path: '/connect/secret',
    does: 'The secret by which a visitor’s connect_id is signed.',
    action,
    answer: ConnectSecret,
    async handle({ ctx, workspace }) {
      const secret = await clientSecret(ctx.sql, ctx.vault, workspace.id);
      if (isFault(secret)) return secret;
      return secret === undefined
        ? fault('unprocessable', 'It was sealed under another PARLEY_SECRET; draw another.')
        : { secret };
    },
  }),
  acts({
    path: '/connect/secret',
    does: 'Draws another secret; what was signed with the old one is worth nothing any more.',
    action,
    answers: { 200: ConnectSecret },
    secret: true,
    async handle({ ctx, workspace, nowMs }) {
      return async (tx) => {
        const secret = await rotateClientSecret(tx, ctx.vault, { workspaceId: workspace.id, nowMs });
        return isFault(secret)
          ? secret
          : { status: 200, body: { secret }, audit: { action: 'connect.secret' } };
      };
    },
  }),
  reads({
    path: '/connect/grants',
    does: 'Accounts that have connected, newest first.',
    action: 'connect.read',
    query: { state: oneOf(['connected', 'disconnected'] as const), ...NEWEST_FIRST },
    answer: GrantPage,
    async handle(call) {
      const page = readPage(call);
      if (isFault(page)) return page;
      const state = queryWord(call, 'state', ['connected', 'disconnected']);
      if (isFault(state)) return state;
      const { grants, next } = await listGrants(call.ctx.sql, {
        clientWorkspaceId: call.workspace.id,
        limit: page.limit,
        beforeId: page.before,
        live: state === undefined ? undefined : state === 'connected',
      });
      return { grants: grants.map(presentGrant), next: idText(next ?? null) };
    },
  }),
  acts({
    method: 'DELETE',
    path: '/connect/grants/:grantId',
    does: 'Disconnects an account from the company’s side.',
    action,
    answers: { 204: Nothing },
    async handle(call) {
      const { ctx, workspace, nowMs, workspaceNowMs: clientNowMs, caller } = call;
      const of = { id: idIn(call, 'grantId'), clientWorkspaceId: workspace.id };
      const actor = caller.keyId === undefined ? `operator:${caller.operatorId}` : `key:${caller.keyId}`;
      return async (tx) => {
        const ended = await disconnectAccount(ctx, tx, of, { clientNowMs, nowMs, actor });
        return isFault(ended) ? ended : { status: 204, body: undefined };
      };
    },
  }),
  reads({
    path: '/connect/webhook',
    does: 'Where the company is told who connects and disconnects.',
    action: 'webhooks.manage',
    answer: ConnectWebhookShown,
    async handle(call) {
      const webhook = await webhookOf(call, call.ctx.sql);
      return isFault(webhook) ? webhook : showWebhook(webhook);
    },
  }),
  writes({
    method: 'PUT',
    path: '/connect/webhook',
    does: 'Sets where, with which credentials, and what every payload holds besides.',
    action: 'webhooks.manage',
    body: ConnectWebhookPut,
    answers: { 200: ConnectWebhookShown },
    secretFields: ['password'],
    handle: async (call) => setWebhook(call),
  }),
  reads({
    path: '/connect/webhook/samples',
    does: 'What is sent there, to try a receiver with.',
    action: 'webhooks.manage',
    answer: ConnectSamples,
    handle: async (call) => samplesOf(call),
  }),
  writes({
    path: '/connect/webhook/test',
    does: 'Makes a call with a sample.',
    action: 'webhooks.manage',
    body: ConnectWebhookTest,
    answers: { 202: WebhookCallBegun },
    handle: async (call) => sendSample(call),
  }),
];

async function enable(call: Call<{ enabled: boolean }>) {
  const { ctx, workspace, body, nowMs } = call;
  if (body.enabled && workspace.environment === 'live')
    return fault(
      'forbidden',
      `Of a live workspace whoever runs Parley enables it: parley connect enable ${idText(workspace.id)}`,
    );
  return async (tx: Parameters<typeof enableConnect>[0]) => {
    const of = { workspaceId: workspace.id, name: workspace.name, nowMs };
    const client = body.enabled
      ? await enableConnect(tx, ctx, of)
      : await disableConnect(tx, workspace.id, nowMs);
    if (isFault(client)) return client;
    const audit = { action: 'connect.enabled', subject: `client:${client.id}`, detail: body };
    return { status: 200 as const, body: present(call, client), audit };
  };
}

function present({ ctx }: Pick<Call<unknown>, 'ctx'>, client: Client): ConnectShown {
  const { id, enabled, name, logoUrl, colour, redirectUris, reading, asks, signedOnly, createdMs } = client;
  const consentUrl = `${ctx.publicUrl()}/connect/${id}`;
  return {
    clientId: id,
    enabled,
    name,
    redirectUris,
    reading,
    asks,
    signedOnly,
    consentUrl,
    logoUrl: logoUrl ?? null,
    colour: colour ?? null,
    scriptUrl: `${consentUrl}.js`,
    createdAt: timeText(createdMs),
  };
}

function presentGrant(grant: Grant): GrantShown {
  const { userId, connectId, signed, allows } = grant;
  return {
    id: idText(grant.id),
    userId,
    connectId,
    contactId: idText(grant.contactId),
    signed,
    allows,
    connectedAt: timeText(grant.connectedMs),
    disconnectedAt: timeText(grant.disconnectedMs ?? null),
    endedBy: grant.endedBy ?? null,
  };
}
