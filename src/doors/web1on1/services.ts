/** Webhooks, which this API calls services of type webhook (api/web1on1.md §B.10). A target has to echo a challenge first. */
import type { Static } from 'typebox';
import { WebhookList, WebhookMade, WebhookShown } from '../../../contract/doors/web1on1/answers.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { ChangedWebhook, NewWebhook } from '../../../contract/doors/web1on1/bodies.ts';
import { isoTime } from '../../base/clock.ts';
import { randomToken } from '../../base/crypto.ts';
import { refuses, breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { WebhookWithSecret } from '../../webhooks/webhooks.ts';
import { isOffered } from './events.ts';
import { organizationOf } from './present.ts';
import { readQuery, selected } from './query.ts';
import {
  acts,
  missing,
  readId,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type Work,
} from './route.ts';

/** `/services`. */
export const serviceRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/services',
    scope: 'admin',
    action: 'webhooks.manage',
    secret: true,
    does: 'Makes a webhook, once its target has answered a challenge.',
    body: NewWebhook,
    answers: { 201: WebhookMade },
    handle: create,
  }),
  reads({
    path: '/services',
    does: 'The webhooks of an organization.',
    scope: 'admin',
    action: 'webhooks.manage',
    answers: { 200: WebhookList },
    handle: list,
  }),
  reads({
    path: '/services/:id',
    does: 'A webhook.',
    scope: 'admin',
    action: 'webhooks.manage',
    answers: { 200: WebhookShown },
    async handle(call) {
      const name = nameOf(call);
      if (isFault(name)) return name;
      const found = await call.ctx.webhooks.get(call.ctx.sql, name);
      return isFault(found) ? missing('service') : { status: 200, body: present(call, found) };
    },
  }),
  writes({
    method: 'PATCH',
    path: '/services/:id',
    scope: 'admin',
    action: 'webhooks.manage',
    secret: true,
    does: 'Changes a webhook; a new target has to answer a challenge first.',
    body: ChangedWebhook,
    answers: { 200: WebhookShown },
    handle: change,
  }),
  acts({
    method: 'DELETE',
    path: '/services/:id',
    does: 'Deletes a webhook.',
    answers: { 204: Nothing },
    scope: 'admin',
    action: 'webhooks.manage',
    async handle(call) {
      const name = nameOf(call);
      if (isFault(name)) return name;
      return async (tx) => {
        const gone = await call.ctx.webhooks.delete(tx, name);
        return isFault(gone)
          ? missing('service')
          : { status: 204, body: undefined, audit: auditOf('delete', name.id) };
      };
    },
  }),
];

const CHALLENGE_MS = 10_000;
/** Shorter ones are taken, since the examples of this API have a few characters, and no source sets a rule. */
const GOOD_SECRET = 16;
const SHORT_SECRET = `params.secret: is shorter than ${GOOD_SECRET} characters, so that signatures made with it can be forged by guessing`;

async function create(call: Call<NewWebhook>): Promise<Work<201, Static<typeof WebhookMade>> | Fault> {
  const { ctx, body, workspace } = call;
  const { url, events = ['*'], secret } = body.params;
  if (body.organization !== undefined && body.organization.toLowerCase() !== toHex24(workspace.id))
    return fault('forbidden', 'organization: the token is of another organization', {
      field: 'organization',
    });
  const broken = (await challenge(call, url)) ?? checkEvents(events);
  if (broken) return broken;
  const warnings = secret !== undefined && secret.length < GOOD_SECRET ? [SHORT_SECRET] : [];
  return async (tx) => {
    const made = await ctx.webhooks.create(tx, {
      workspaceId: workspace.id,
      door: 'web1on1',
      target: url,
      triggers: events,
      offered: events,
      secret,
      leastSecret: 1,
      options: { name: body.name ?? 'Webhook' },
    });
    return isFault(made)
      ? inTheirWords(made)
      : {
          status: 201,
          body: { ...present(call, made), ...(warnings.length > 0 ? { warnings } : {}) },
          audit: auditOf('create', made.id),
        };
  };
}

async function list(call: Call): Promise<RouteOutcome<200, Partial<WebhookShown>[]>> {
  const query = readQuery(call.query, (field) => (field === 'organization' ? 'id' : undefined));
  if (isFault(query)) return query;
  const all = await call.ctx.webhooks.list(call.ctx.sql, { workspaceId: call.workspace.id, door: 'web1on1' });
  const page = all.slice(query.offset, query.offset + query.limit);
  return { status: 200, body: page.map((one) => selected(present(call, one), query.select)) };
}

async function change(call: Call<ChangedWebhook>): Promise<Work<200, WebhookShown> | Fault> {
  const { ctx, body } = call;
  const name = nameOf(call);
  if (isFault(name)) return name;
  const { url, events } = body.params ?? {};
  const broken =
    (events === undefined ? undefined : checkEvents(events)) ??
    (url === undefined ? undefined : await challenge(call, url));
  if (broken) return broken;
  return async (tx) => {
    const before = await ctx.webhooks.get(tx, name);
    if (isFault(before)) return missing('service');
    const after = await ctx.webhooks.update(tx, name, {
      offered: events ?? [],
      target: url,
      triggers: events,
      status: body.enabled === undefined ? undefined : body.enabled ? 'active' : 'disabled',
      options: body.name === undefined ? undefined : { ...before.options, name: body.name },
    });
    return isFault(after)
      ? inTheirWords(after)
      : { status: 200, body: present(call, after), audit: auditOf('update', after.id) };
  };
}

/** `GET url?type=subscribe&challenge=X` has to be answered with 200 and exactly X. */
async function challenge({ ctx }: Call<unknown>, text: string): Promise<Fault | undefined> {
  const url = /\s/.test(text) ? null : URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    return breaks('params.url', 'must be an absolute http or https URL without a password');
  const word = randomToken(18);
  url.searchParams.set('type', 'subscribe');
  url.searchParams.set('challenge', word);
  const answer = await ctx.http.call({
    method: 'GET',
    url: url.href,
    headers: { 'user-agent': 'Parley' },
    deadlineMs: CHALLENGE_MS,
    maxBytes: 4096,
  });
  const echoed =
    answer.kind === 'answer' && answer.status === 200 && answer.body.toString('utf8').trim() === word;
  return echoed
    ? undefined
    : refuses(
        'params.url',
        'did not answer the challenge: GET with ?type=subscribe&challenge=X needs 200 and X',
      );
}

function checkEvents(events: readonly string[]): Fault | undefined {
  const at = events.findIndex((event) => !isOffered(event));
  return at < 0
    ? undefined
    : breaks(
        `params.events[${at}]`,
        'must be an event, such as message.create.contact.chat, with * for any part of it',
      );
}

/** Fields of the webhooks room, by this API's names. */
function inTheirWords(given: Fault): Fault {
  const names: Record<string, string> = { target: 'params.url', secret: 'params.secret' };
  const { field } = given;
  const own = field === undefined ? undefined : names[field];
  return own === undefined ? given : { ...given, field: own, message: given.message.replace(field!, own) };
}

function present({ workspace }: Call<unknown>, webhook: WebhookWithSecret): WebhookShown {
  return {
    ...organizationOf(workspace),
    id: toHex24(webhook.id),
    name: typeof webhook.options['name'] === 'string' ? webhook.options['name'] : 'Webhook',
    type: 'webhook',
    enabled: webhook.status === 'active',
    status: webhook.status === 'active' ? 'active' : 'inactive',
    params: { url: webhook.target, events: webhook.triggers, secret: webhook.secret ?? '' },
    createdAt: isoTime(webhook.createdMs),
  };
}

function nameOf(call: Call<unknown>) {
  const id = readId(call.params['id']!, 'id');
  return isFault(id) ? id : { workspaceId: call.workspace.id, door: 'web1on1' as const, id };
}

function auditOf(what: string, id: number) {
  return { action: `webhook.${what}`, subject: `webhook:${id}` };
}
