/** Where an app wants to be told what happens (api/sunshine.md §8.1). */
import { Type } from 'typebox';
import { isFault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { WebhookWithSecret } from '../../webhooks/webhooks.ts';
import { acts, readId, reads, writes, type Call, type Outcome, type Route } from './route.ts';
import { OFFERED } from './triggers.ts';

const flags = {
  includeClient: Type.Optional(Type.Boolean()),
  includeFullAppUser: Type.Optional(Type.Boolean()),
};
const triggers = Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: OFFERED.length }));

const NewWebhook = Type.Object({ target: Type.String(), triggers, ...flags });
const ChangedWebhook = Type.Object({ target: Type.Optional(Type.String()), triggers, ...flags });

/** `…/webhooks`. */
export const webhookRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/webhooks',
    action: 'webhooks.manage',
    secret: true,
    body: NewWebhook,
    async handle(call) {
      const { target, triggers, ...flags } = call.body;
      return async (tx) => {
        const made = await call.ctx.webhooks.create(tx, {
          workspaceId: call.workspace.id,
          door: 'sunshine',
          target,
          // What v1 told when nothing was asked for.
          triggers: triggers ?? ['message'],
          offered: OFFERED,
          ...flagsOf(flags),
        });
        return isFault(made)
          ? made
          : { status: 201, body: { webhook: presentWebhook(made) }, audit: auditOf('create', made.id) };
      };
    },
  }),
  reads({
    path: '/webhooks',
    action: 'webhooks.manage',
    async handle({ ctx, workspace }) {
      const all = await ctx.webhooks.list(ctx.sql, { workspaceId: workspace.id, door: 'sunshine' });
      return { status: 200, body: { webhooks: all.map(presentWebhook) } };
    },
  }),
  reads({
    path: '/webhooks/:webhookId',
    action: 'webhooks.manage',
    async handle(call) {
      const name = nameOf(call);
      if (isFault(name)) return name;
      return answer(await call.ctx.webhooks.get(call.ctx.sql, name));
    },
  }),
  writes({
    method: 'PUT',
    path: '/webhooks/:webhookId',
    action: 'webhooks.manage',
    secret: true,
    body: ChangedWebhook,
    async handle(call) {
      const name = nameOf(call);
      if (isFault(name)) return name;
      const { target, triggers, ...flags } = call.body;
      return async (tx) =>
        answer(
          await call.ctx.webhooks.update(tx, name, { target, triggers, offered: OFFERED, ...flagsOf(flags) }),
        );
    },
  }),
  acts({
    method: 'DELETE',
    path: '/webhooks/:webhookId',
    action: 'webhooks.manage',
    async handle(call) {
      const name = nameOf(call);
      if (isFault(name)) return name;
      return async (tx) => {
        const gone = await call.ctx.webhooks.delete(tx, name);
        return isFault(gone) ? gone : { status: 200, body: {}, audit: auditOf('delete', name.id) };
      };
    },
  }),
];

/** A webhook as its owner sees it. */
function presentWebhook(webhook: WebhookWithSecret): Record<string, unknown> {
  return {
    _id: toHex24(webhook.id),
    target: webhook.target,
    triggers: webhook.triggers,
    secret: webhook.secret ?? '',
    version: 'v1.1',
    includeClient: webhook.includeDestination,
    includeFullAppUser: webhook.includeFullContact,
  };
}

function answer(webhook: WebhookWithSecret | Exclude<Outcome, { status: number }>): Outcome {
  return isFault(webhook)
    ? webhook
    : { status: 200, body: { webhook: presentWebhook(webhook) }, audit: auditOf('update', webhook.id) };
}

function auditOf(what: string, id: number) {
  return { action: `webhook.${what}`, subject: `webhook:${id}` };
}

function nameOf(call: Call<unknown>) {
  const id = readId(call.params['webhookId']!, 'webhookId');
  return isFault(id) ? id : { workspaceId: call.workspace.id, door: 'sunshine' as const, id };
}

function flagsOf(flags: { includeClient?: boolean; includeFullAppUser?: boolean }) {
  return { includeDestination: flags.includeClient, includeFullContact: flags.includeFullAppUser };
}
