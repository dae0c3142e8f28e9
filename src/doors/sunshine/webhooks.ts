/** Where an app wants to be told what happens (api/sunshine.md §8.1). */
import {
  ChangedWebhook,
  NewWebhook,
  type WebhookOf,
  WebhookShown,
  WebhooksShown,
} from '../../../contract/doors/sunshine/apps.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { WebhookWithSecret } from '../../webhooks/webhooks.ts';
import { acts, readId, reads, writes, type Call, type RouteOutcome, type Route } from './route.ts';
import { OFFERED } from '../../../contract/doors/sunshine/triggers.ts';

/** `…/webhooks`. */
export const webhookRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/webhooks',
    action: 'webhooks.manage',
    secret: true,
    does: 'Makes a webhook.',
    body: NewWebhook,
    answers: { 201: WebhookShown },
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
    does: 'The webhooks of an app.',
    action: 'webhooks.manage',
    answers: { 200: WebhooksShown },
    async handle({ ctx, workspace }) {
      const all = await ctx.webhooks.list(ctx.sql, { workspaceId: workspace.id, door: 'sunshine' });
      return { status: 200, body: { webhooks: all.map(presentWebhook) } };
    },
  }),
  reads({
    path: '/webhooks/:webhookId',
    does: 'A webhook.',
    action: 'webhooks.manage',
    answers: { 200: WebhookShown },
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
    does: 'Changes a webhook.',
    body: ChangedWebhook,
    answers: { 200: WebhookShown },
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
    does: 'Deletes a webhook.',
    action: 'webhooks.manage',
    answers: { 200: Done },
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
function presentWebhook(webhook: WebhookWithSecret): WebhookOf {
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

function answer(webhook: WebhookWithSecret | Fault): RouteOutcome<200, { webhook: WebhookOf }> {
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
