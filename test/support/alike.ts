/** Workspaces that are alike in everything: the same people by the same addresses, lists, keys, campaigns and words. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { fromHex24, toHex24 } from '../../src/base/ids.ts';
import { startProduct, type Product } from '../sunshineProduct.ts';
import { newBot, type Bot, type Json } from '../web1on1Product.ts';
import { startReceiver } from './receiver.ts';
import { until } from './until.ts';

const product: Product = await startProduct({ rateLimitPerS: 0 });
const { ctx } = product;
/** Where it runs, and its store. */
export const { url, sql } = product;
const receiver = await startReceiver();
after(() => receiver.close());

/** A workspace, and what was made in it. */
export type Side = {
  bot: Bot;
  base: string;
  token: string;
  /** What stands in a path for `:name`. */
  ids: Ids;
  /** Asks at the console as its owner, with its own ids, or others, where a path or body has `{name}`. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    more?: { type?: string | undefined; ids?: Ids },
  ): Promise<Reply>;
};

/** What is sent. */
export const TEXT = { type: 'text', text: 'Hello {{ contact.givenName }}' };
const WELCOME = {
  parley: 'campaign/1',
  key: 'welcome',
  trigger: { event: { did: 'signed_up' } },
  steps: [
    {
      key: 'hi',
      send: { content: { type: 'text', text: 'Welcome' }, class: 'transactional', channel: 'sms' },
    },
    { key: 'rest', wait: { for: '3d' } },
    { key: 'bye', send: { content: { type: 'text', text: 'Bye' }, class: 'transactional', channel: 'sms' } },
  ],
};

type Ids = Record<string, string>;
type Reply = { status: number; body: Json };
type Steps = readonly [name: string | null, method: string, path: string, body: Json, type?: string][];
/** What is made in each, in order; `name` is what its id is called in paths. `{name}` in a path or body is such an id. */
const STEPS: Steps = [
  [
    'contactId',
    'POST',
    '/contacts',
    { phone: '+14155550101', externalId: 'ann', givenName: 'Ann', attributes: { plan: 'pro' } },
  ],
  [
    'bob',
    'POST',
    '/contacts',
    { phone: '+14155550102', email: 'bob@example.com', externalId: 'bob', givenName: 'Bob' },
  ],
  ['lists', 'POST', '/lists', { name: 'Regulars' }],
  [null, 'POST', '/lists/{lists}/members', { add: ['{contactId}', '{bob}'] }],
  ['tags', 'POST', '/tags', { name: 'vip' }],
  [null, 'POST', '/tags/{tags}/members', { add: ['{contactId}'] }],
  ['labels', 'POST', '/labels', { name: 'urgent' }],
  [null, 'POST', '/labels/{labels}/members', { add: ['{contactId}'] }],
  ['bots', 'POST', '/bots', { name: 'helper' }],
  ['segmentId', 'POST', '/segments', { key: 'regulars', rule: { inList: 'Regulars' } }],
  ['pros', 'POST', '/segments', { key: 'pros', rule: { attribute: 'plan', is: 'pro' } }],
  ['savedReplyId', 'POST', '/saved-replies', { shortcut: 'hi', text: 'Hi' }],
  [
    'savedViewId',
    'POST',
    '/saved-views',
    { name: 'Unread', look: { view: 'all', unread: true }, shared: true },
  ],
  ['teamId', 'POST', '/teams', { name: 'Support' }],
  ['templateId', 'POST', '/templates', { name: 'hello', content: TEXT }],
  [null, 'PATCH', '/templates/{templateId}', { content: { type: 'text', text: 'Hello again' } }],
  [
    'webhookId',
    'POST',
    '/webhooks',
    { door: 'sunshine', target: receiver.url('/x'), triggers: ['message:appUser'] },
  ],
  [
    'ruleId',
    'POST',
    '/simulator/rules',
    { addressPattern: '*', outcome: { outcome: 'delivered', receiptAfterMs: 600 } },
  ],
  ['campaignId', 'POST', '/campaigns', { campaign: WELCOME }],
  [null, 'POST', '/campaigns/{campaignId}/publish', { people: 'move' }],
  [null, 'PUT', '/holdout', { share: '10%' }],
  ['order', 'POST', '/orders', { phone: '+14155550101', reference: 'A-1', totalCents: 500, currency: 'EUR' }],
  ['groupId', 'POST', '/groups', { name: 'Buyers' }],
  [null, 'POST', '/groups/{groupId}/members', { add: ['{contactId}', '{bob}'] }],
  [
    'postId',
    'POST',
    '/groups/{groupId}/posts',
    { content: { type: 'text', text: 'Welcome all' }, mentions: ['{bob}'] },
  ],
  [null, 'PUT', '/announcements', { enabled: true, name: 'News' }],
  ['messageId', 'POST', '/messages', { contactId: '{contactId}', content: TEXT }],
  [
    'broadcastId',
    'POST',
    '/broadcasts',
    { name: 'Sale', content: TEXT, channel: 'sms', audience: { include: { lists: ['{lists}'] } } },
  ],
  [null, 'POST', '/broadcasts/{broadcastId}/start', {}],
  // One after the other: an answer is of the last that somebody was sent.
  [null, 'GET', '/settled', undefined],
  [
    'everybody',
    'POST',
    '/broadcasts',
    { name: 'All', content: TEXT, channel: 'sms', audience: { include: { all: true } } },
  ],
  [null, 'POST', '/broadcasts/{everybody}/start', {}],
  [
    'draft',
    'POST',
    '/broadcasts',
    { name: 'Draft', content: TEXT, channel: 'sms', audience: { include: { all: true } } },
  ],
  ['importId', 'POST', '/imports?name=people.csv', 'phone\n+14155550103\n', 'text/csv'],
  ['backtestId', 'POST', '/backtests', { campaign: WELCOME, days: 7 }],
  ['keyId', 'POST', '/keys', { door: 'sunshine', name: 'other' }],
  ['exportId', 'POST', '/exports', { who: { setId: '{lists}' } }],
  ['jobId', 'POST', '/contacts/bulk', { who: { rule: { inList: 'Regulars' } }, add: ['{labels}'] }],
  [null, 'POST', '/favorites/{messageId}', { favorite: true }],
  [null, 'PUT', '/connect/enabled', { enabled: true }],
  ['key', 'POST', '/actions', { campaign: { ...WELCOME, key: 'shared' }, mayChange: [] }],
];
/** What is said once that has reached somebody. */
const ANSWERS: Steps = [
  [null, 'POST', '/simulator/reply', { channel: 'sms', address: '+14155550101', text: 'Thanks' }],
  ['conversationId', 'GET', '/conversations?view=all', undefined],
  [null, 'POST', '/conversations/{conversationId}/notes', { clientId: 'n1', text: 'A regular' }],
  [
    null,
    'POST',
    '/conversations/{conversationId}/messages',
    { clientId: 'm1', content: { type: 'text', text: 'With pleasure' } },
  ],
  [null, 'PUT', '/conversations/{conversationId}/draft', { text: 'And' }],
  [null, 'POST', '/simulator/reply', { channel: 'sms', address: '+14155550102', text: 'STOP' }],
  ['advanceId', 'POST', '/clock/advance', { byMs: 60_000 }],
  ['callId', 'GET', '/webhooks/{webhookId}/calls', undefined],
  [null, 'PATCH', '/conversations/{conversationId}', { teamId: '{teamId}' }],
];
/** What is changed then, and taken away. */
export const CHANGES: Steps = [
  [null, 'PATCH', '/contacts/{contactId}', { givenName: 'Anna', attributes: { plan: 'free' } }],
  [null, 'GET', '/contacts/{contactId}', undefined],
  [null, 'POST', '/lists/{lists}/members', { remove: ['{bob}'] }],
  [null, 'PATCH', '/lists/{lists}', { name: 'Regular' }],
  [null, 'PATCH', '/segments/{segmentId}', { name: 'Regular', rule: { attribute: 'plan', is: 'pro' } }],
  [null, 'PATCH', '/conversations/{conversationId}', { closed: true }],
  [null, 'POST', '/conversations/bulk', { ids: ['{conversationId}'], change: { closed: false } }],
  [null, 'PATCH', '/saved-replies/{savedReplyId}', { text: 'Hello' }],
  [null, 'DELETE', '/saved-replies/{savedReplyId}', undefined],
  [null, 'PATCH', '/saved-views/{savedViewId}', { name: 'Not seen' }],
  [null, 'DELETE', '/saved-views/{savedViewId}', undefined],
  [null, 'PATCH', '/teams/{teamId}', { name: 'Service' }],
  [null, 'DELETE', '/teams/{teamId}', undefined],
  [null, 'PATCH', '/templates/{templateId}', { name: 'hallo' }],
  [null, 'DELETE', '/templates/{templateId}', undefined],
  [null, 'POST', '/webhooks/{webhookId}/rotate', undefined],
  [null, 'POST', '/webhooks/{webhookId}/ping', undefined],
  [null, 'DELETE', '/webhooks/{webhookId}', undefined],
  [null, 'DELETE', '/simulator/rules/{ruleId}', undefined],
  [null, 'POST', '/campaigns/{campaignId}/pause', { what: 'all' }],
  [null, 'POST', '/campaigns/{campaignId}/end', {}],
  [null, 'POST', '/campaigns/{campaignId}/archive', {}],
  [null, 'PUT', '/holdout', { share: '20%' }],
  [null, 'PATCH', '/orders/{order}', { reference: 'A-2' }],
  [null, 'DELETE', '/orders/{order}', undefined],
  [null, 'DELETE', '/groups/{groupId}/posts/{postId}', undefined],
  [null, 'POST', '/groups/{groupId}/members', { remove: ['{bob}'] }],
  [null, 'DELETE', '/groups/{groupId}', undefined],
  [null, 'PUT', '/announcements', { enabled: false }],
  [null, 'PATCH', '/broadcasts/{draft}', { name: 'Other' }],
  [null, 'DELETE', '/broadcasts/{draft}', undefined],
  [null, 'DELETE', '/imports/{importId}', undefined],
  [null, 'DELETE', '/backtests/{backtestId}', undefined],
  [null, 'DELETE', '/exports/{exportId}', undefined],
  [null, 'DELETE', '/keys/{keyId}', undefined],
  [null, 'POST', '/favorites/{messageId}', { favorite: false }],
  [null, 'POST', '/clock/advance', { byMs: 4 * 24 * 3_600_000 }],
  [null, 'PUT', '/connect/enabled', { enabled: false }],
  [null, 'POST', '/contacts/merge', { survivingId: '{contactId}', discardedId: '{bob}' }],
  [null, 'DELETE', '/contacts/{contactId}', undefined],
  [null, 'DELETE', '/lists/{lists}', undefined],
  [null, 'DELETE', '/tags/{tags}', undefined],
  [null, 'DELETE', '/segments/{segmentId}', undefined],
];

/** A workspace in which all of it was made, and has come to rest. */
export async function populate(): Promise<Side> {
  const app = await product.newApp();
  const bot = await newBot(product, ['admin'], app);
  // Of several that could take a message one is drawn.
  const spare = Object.entries(app.integrations).filter(([provider]) => provider !== 'twilio');
  for (const [, id] of spare) await sql`DELETE FROM integrations WHERE id = ${fromHex24(id)!}`;
  const token = await signedIn(bot);
  const base = `/api/workspaces/${bot.appId}`;
  const [member] = await sql<{ id: number }[]>`
    SELECT operator_id AS id FROM memberships WHERE workspace_id = ${bot.workspaceId}`;
  const ids: Ids = { integrationId: app.integrations['twilio']!, operatorId: toHex24(member!.id) };
  const ask: Side['ask'] = async (
    method,
    path,
    body,
    { type = 'application/json', ids: named = ids } = {},
  ) => {
    const sent = typeof body === 'string' || body === undefined ? body : fill(named, JSON.stringify(body));
    const response = await fetch(url + base + fill(named, path), {
      method,
      headers: { authorization: token, ...(sent === undefined ? {} : { 'content-type': type }) },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  const side = { bot, base, token, ids, ask };
  await play(side, STEPS);
  const person = { identities: [{ kind: 'external' as const, value: 'ann' }], destinations: [] };
  await ctx.arrive(bot.workspaceId, [{ person, event: { name: 'signed_up' } }]);
  await settled(side);
  await play(side, ANSWERS);
  return side;
}

/** What of another can be meant by an id, besides what is changed: none of it is there. */
export const TRIED: Steps = [
  [null, 'PATCH', '/integrations/{integrationId}', { name: 'x' }],
  [null, 'POST', '/integrations/{integrationId}/secrets', { secrets: { authToken: 'x' } }],
  [null, 'POST', '/integrations/{integrationId}/disable', undefined],
  [null, 'POST', '/integrations/{integrationId}/enable', undefined],
  [null, 'DELETE', '/integrations/{integrationId}', undefined],
  [null, 'PATCH', '/members/{operatorId}', { role: 'viewer' }],
  [null, 'DELETE', '/members/{operatorId}', undefined],
  [null, 'POST', '/webhook-calls/{callId}/replay', undefined],
  [null, 'POST', '/webhooks/{webhookId}/replay', undefined],
  [null, 'POST', '/broadcasts/{draft}/start', {}],
  [null, 'POST', '/broadcasts/{draft}/schedule', { at: '2060-01-01T00:00:00Z' }],
  [null, 'POST', '/broadcasts/{draft}/cancel', undefined],
  [null, 'POST', '/broadcasts/{draft}/copy', undefined],
  [null, 'POST', '/broadcasts/{broadcastId}/rate', { ratePerS: 1 }],
  [null, 'POST', '/broadcasts/{broadcastId}/pause', undefined],
  [null, 'POST', '/broadcasts/{broadcastId}/retry-failed', {}],
  [null, 'POST', '/broadcasts/{broadcastId}/file', {}],
  [null, 'POST', '/campaigns/{campaignId}/resume', {}],
  [null, 'POST', '/conversations/{conversationId}/read', { upTo: '2026-01-01T00:00:00Z' }],
  [null, 'POST', '/conversations/{conversationId}/notes', { clientId: 'n9', text: 'x' }],
  [null, 'PUT', '/conversations/{conversationId}/draft', { text: 'x' }],
  [null, 'POST', '/imports/{importId}/start', {}],
  [null, 'POST', '/imports/{importId}/preview', {}],
  [null, 'POST', '/contacts/{contactId}/destinations', { channel: 'sms', address: '+14155550109' }],
  [null, 'POST', '/messages', { contactId: '{contactId}', content: TEXT }],
  [null, 'PATCH', '/groups/{groupId}', { name: 'x' }],
  [null, 'POST', '/groups/{groupId}/posts', { content: { type: 'text', text: 'x' } }],
  [null, 'POST', '/exports/{exportId}/link', undefined],
];

/** Does all of it; what is made gets its name. */
export async function play(side: Side, steps: Steps): Promise<void> {
  for (const [name, method, path, body, type] of steps) {
    if (method === 'GET') await settled(side);
    const made = await side.ask(method, path, body, { type });
    assert.ok(made.status < 300, `${method} ${path}: ${made.status} ${JSON.stringify(made.body)}`);
    const { id, messageId, keyId, key, conversations, calls } = made.body;
    if (name) side.ids[name] = keyId ?? id ?? messageId ?? key ?? (conversations ?? calls)[0].id;
  }
  await settled(side);
}

/** The owner, at the console: some of it takes somebody who has signed in. */
async function signedIn({ workspaceId }: Bot): Promise<string> {
  const [owner] = await sql<{ email: string }[]>`
    SELECT o.email FROM operators o JOIN memberships m ON m.operator_id = o.id WHERE m.workspace_id = ${workspaceId}`;
  const response = await fetch(`${url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: owner!.email, password: 'correct horse battery' }),
  });
  return `Bearer ${((await response.json()) as Json).token}`;
}

/** Waits until nothing is left to do in it now. */
export async function settled(side: Side): Promise<void> {
  await until('all is done', async () => (await side.ask('GET', '/settled')).body.settled, 120_000);
}

function fill(ids: Ids, text: string): string {
  return text.replaceAll(/\{(\w+)\}/g, (all, name: string) => ids[name] ?? all);
}
