/**
 * Bad input over every route of the Sunshine door, made from the table of routes: a 4xx that says what is wrong in the API's own
 * form, nothing stored, never a 500.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import type { Route, Write } from '../src/doors/sunshine/route.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES } from '../src/doors/sunshine/routes.ts';
import { caller, errors, jwt, startProduct, type App } from './sunshineProduct.ts';
import { leaves, rawSender, refusal, valueAt, withAt, wrong } from './support/badInput.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct({ rateLimitPerS: 0 });
const { url, sql } = product;
const app = await product.newApp();
const other = await product.newApp();
const ask = caller(url, app);
const base = `/v1.1/apps/${app.appId}`;
const mail = app.integrations['smtp'] ?? app.integrations['mailgun']!;

/** What each parameter of a path is for one app: all there. */
async function thingsOf(of: App): Promise<Record<string, string>> {
  const call = caller(url, of);
  const made = async (path: string, body: object) => (await call('POST', `/v1.1${path}`, body)) as Json;
  const userId = `user-${of.appId}`;
  const user = (await made('/appusers', { userId })).body.appUser._id;
  const posted = await made(`/appusers/${user}/messages`, { role: 'appUser', type: 'text', text: 'hi' });
  const webhook = (await made('/webhooks', { target: 'https://example.com/' })).body.webhook._id;
  const message = { role: 'appMaker', type: 'text', text: 'Hello' };
  const template = (await made('/templates', { name: 'hello', message })).body.template._id;
  return {
    userId: user,
    otherId: (await made('/appusers', { userId: `other-${of.appId}` })).body.appUser._id,
    messageId: posted.body.message._id,
    webhookId: webhook,
    integrationId: of.integrations['whatsapp']!,
    keyId: of.keyId,
    type: 'twilio',
    templateId: template,
    id: 'a'.repeat(24),
    name: 'sample',
  };
}
const things = await thingsOf(app);
const foreign = await thingsOf(other);

/** A body that each route takes, by method and path. */
const good: Record<string, object> = {
  'POST /notifications': {
    destination: { integrationId: app.integrations['twilio']!, destinationId: '+15145550123' },
    author: {
      role: 'appMaker',
      name: 'Ada',
      email: 'ada@example.com',
      avatarUrl: 'https://example.com/a.png',
    },
    message: {
      type: 'carousel',
      items: [
        {
          title: 'Tacos',
          description: 'Two',
          mediaUrl: 'https://example.com/t.png',
          actions: [{ type: 'link', text: 'More', uri: 'https://example.com/' }],
        },
      ],
    },
  },
  'POST /appusers/:userId/messages': {
    role: 'appMaker',
    type: 'text',
    text: 'Hello',
    name: 'Ada',
    metadata: { ticket: 'x' },
    actions: [{ type: 'reply', text: 'Yes', payload: 'Y' }],
  },
  'POST /webhooks': { target: 'https://example.com/', triggers: ['message:appUser'], includeClient: true },
  'PUT /webhooks/:webhookId': { target: 'https://example.com/2', triggers: ['message'] },
  'POST /appusers': {
    userId: 'bob',
    givenName: 'Bob',
    email: 'bob@example.com',
    signedUpAt: '2026-01-01T00:00:00Z',
    properties: { plan: 'pro' },
    credentialRequired: true,
  },
  'PUT /appusers/:userId': { givenName: 'Bob', surname: 'B', email: 'b@example.com' },
  'POST /appusers/merge': {
    surviving: { _id: things['userId']! },
    discarded: { _id: things['otherId']! },
  },
  'POST /appusers/:userId/channels': {
    type: 'twilio',
    phoneNumber: '+15145550199',
    confirmation: { type: 'immediate', message: { type: 'text', text: 'Hello' } },
  },
  'POST /appusers/:userId/conversation/activity': { role: 'appMaker', type: 'typing:start' },
  'POST /appusers/:userId/conversation/postback': { actionId: 'a'.repeat(24) },
  'POST /integrations': {
    type: 'twilio',
    displayName: 'Second',
    accountSid: `AC${'1'.repeat(32)}`,
    authToken: 'secret',
    phoneNumber: '+15005550006',
  },
  'PUT /integrations/:integrationId': { displayName: 'Renamed' },
  'PUT /menu': { items: [{ type: 'postback', text: 'Help', payload: 'HELP' }] },
  'POST /menu': { items: [{ type: 'link', text: 'Site', uri: 'https://example.com/' }] },
  'PUT /integrations/:integrationId/menu': { items: [{ type: 'postback', text: 'Help', payload: 'HELP' }] },
  'POST /integrations/:integrationId/menu': { items: [{ type: 'postback', text: 'Help', payload: 'HELP' }] },
  'PUT /integrations/:integrationId/profile': { about: 'Us', websites: ['https://shop.example'] },
  'POST /integrations/:integrationId/messageTemplates': {
    name: 'sample',
    category: 'UTILITY',
    language: 'en',
    components: [{ type: 'BODY', text: 'Hello {{1}}' }],
  },
  'POST /templates': {
    name: 'welcome',
    message: {
      role: 'appMaker',
      type: 'text',
      text: 'Welcome',
      actions: [{ type: 'reply', text: 'Yes', payload: 'Y' }],
    },
  },
  'PUT /templates/:templateId': { name: 'hello 2', message: { type: 'text', text: 'Hello again' } },
  'POST /attachments/remove': { mediaUrl: `${url}/files/${app.appId}/${'x'.repeat(32)}/a.png` },
  'POST /keys': { name: 'another' },
  'POST /apps': { name: 'New', metadata: { a: 'b' } },
  'PUT ': { name: 'Renamed', settings: { echoPostback: true } },
};

const counts = async () => {
  const [row] = await sql`SELECT
    (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM deliveries) AS deliveries,
    (SELECT count(*) FROM contacts) AS contacts, (SELECT count(*) FROM identities) AS identities,
    (SELECT count(*) FROM destinations) AS destinations, (SELECT count(*) FROM conversations) AS conversations,
    (SELECT count(*) FROM webhooks) AS webhooks, (SELECT count(*) FROM templates) AS templates, (SELECT count(*) FROM integrations) AS integrations,
    (SELECT count(*) FROM api_keys WHERE revoked_ms IS NULL) AS keys, (SELECT count(*) FROM workspaces) AS workspaces,
    (SELECT count(*) FROM idempotency) AS idempotency, (SELECT sum(length(settings::text)) FROM workspaces) AS settings,
    (SELECT md5(string_agg(w.settings::text || w.name, '' ORDER BY w.id)) FROM workspaces w) AS texts`;
  return { ...row };
};

const send = rawSender(url);
const refused = refusal('description');
const bearer = { authorization: `Bearer ${jwt(app, { scope: 'app' })}` };
const asAccount = { authorization: `Bearer ${jwt(app.account, { scope: 'account' })}` };
const json = { 'content-type': 'application/json' };

function fill(path: string, values: Record<string, string>): string {
  return path.replaceAll(/:(\w+)/g, (_whole, name: string) => values[name] ?? 'none');
}

const all = [
  ...ROUTES.map((route) => ({ route, at: `${base}${route.path}`, headers: bearer })),
  ...APP_ROUTES.map((route) => ({ route, at: `${base}${route.path}`, headers: bearer })),
  ...ACCOUNT_ROUTES.map((route) => ({ route, at: `/v1.1${route.path}`, headers: asAccount })),
];
const nameOf = (route: Route) => `${route.method} ${route.path}`;
const isBuilt = async (entry: (typeof all)[number]) =>
  (await send('GET', fill(entry.at, things), undefined, entry.headers)).status !== 501;

describe('every route', () => {
  for (const { route, at, headers } of all) {
    test(`${nameOf(route)}: without credentials, for another app, for none`, async () => {
      const before = await counts();
      const path = fill(at, things);
      refused(await send(route.method, path, undefined), 'no credentials', [401]);
      refused(await send(route.method, path, undefined, { authorization: 'Basic ???' }), 'nonsense', [401]);
      const theirs = { authorization: `Bearer ${jwt(other, { scope: 'app' })}` };
      const owner = { authorization: `Bearer ${jwt(other.account, { scope: 'account' })}` };
      if (at.startsWith(base)) {
        // What a caller does not reach is not there for him: the answer tells nobody which apps there are.
        const wrongScope = route.scopes?.includes('app') === false;
        refused(await send(route.method, path, undefined, theirs), "another app's key", [
          wrongScope ? 403 : 404,
        ]);
        refused(await send(route.method, path, undefined, owner), "another account's key", [404]);
        const nowhere = path.replace(app.appId, 'b'.repeat(24));
        refused(await send(route.method, nowhere, undefined, asAccount), 'no such app', [404]);
      } else refused(await send(route.method, path, undefined, theirs), 'an app key', [403]);
      assert.deepEqual(await counts(), before);
      assert.ok(headers);
    });

    if (route.path.includes(':'))
      test(`${nameOf(route)}: names of things that are another app's, malformed, or nothing`, async () => {
        const before = await counts();
        const body = JSON.stringify(good[nameOf(route)] ?? {});
        const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
        for (const name of names) {
          const odd = [
            foreign[name]!,
            'nope',
            'a'.repeat(24),
            '%00',
            '%F0%9F%98%80',
            "'; --",
            'x'.repeat(900),
            '..%2f..',
          ];
          for (const value of name === 'type' || name === 'name' ? odd.slice(1) : odd) {
            const path = fill(at, { ...things, [name]: encodeURI(value).replaceAll('%25', '%') });
            const sent = await send(route.method, path, route.method === 'GET' ? undefined : body, {
              ...headers,
              ...json,
            });
            if (sent.status === 501) continue;
            refused(sent, `${name}=${value.slice(0, 30)}`, [400, 403, 404, 415, 422]);
          }
          const broken = fill(at, { ...things, [name]: '%zz' });
          refused(await send(route.method, broken, undefined, headers), 'broken escape', [400]);
        }
        assert.deepEqual(await counts(), before);
      });
  }
});

describe('every body', () => {
  const writing = all.filter(({ route }) => route.kind === 'write' && route.body);
  test('there is a good one for each route, so that what is wrong below is what was made wrong', () => {
    for (const { route } of writing) assert.ok(good[nameOf(route)], nameOf(route));
  });

  for (const { route, at, headers } of writing) {
    const path = fill(at, things);
    const body = good[nameOf(route)]!;
    const post = (bytes: string | Buffer | undefined, more: Record<string, string> = json) =>
      send(route.method, path, bytes, { ...headers, ...more });

    test(`${nameOf(route)}: not JSON, not an object, too large`, async () => {
      const before = await counts();
      for (const text of [
        '{',
        '{"a":1,}',
        'null',
        '[]',
        '"x"',
        '7',
        'undefined',
        '{"a":"\u0000"}',
        '[['.repeat(20_000),
      ])
        refused(await post(text), text.slice(0, 20), [400]);
      refused(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'not UTF-8', [400]);
      refused(await post(undefined), 'no body', [400]);
      refused(await post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }), 'a form', [415]);
      refused(await post('--x--', { 'content-type': 'multipart/form-data; boundary=x' }), 'parts', [415]);
      refused(await post('{}', { 'content-type': '///' }), 'no media type', [400, 415]);
      refused(await post(`{"a":"${'x'.repeat(110_000)}"}`), 'too large', [413]);
      refused(
        await post(JSON.stringify(body), { ...json, 'idempotency-key': 'k'.repeat(256) }),
        'long key',
        [400],
      );
      assert.deepEqual(await counts(), before);
    });

    test(`${nameOf(route)}: each field missing or of the wrong type, too long, or not storable`, async () => {
      const before = await counts();
      const schema = (route as Write).body as unknown as { required?: string[] };
      for (const name of schema.required ?? [])
        refused(await post(JSON.stringify(withAt(body, [name], undefined))), `without ${name}`, [400]);
      for (const place of leaves(body)) {
        // What is not named may be a setting of the provider: it is checked, but may be any text.
        for (const value of wrong(valueAt(body, place))) {
          if (
            place[0] === 'metadata' &&
            typeof value === 'string' &&
            value.length < 100 &&
            value.isWellFormed() &&
            !value.includes('\0')
          )
            continue;
          const sent = await post(JSON.stringify(withAt(body, place, value)));
          refused(sent, `${place.join('.')} = ${JSON.stringify(value).slice(0, 40)}`, [400, 413, 422]);
        }
        const nested = JSON.stringify(withAt(body, place, '@')).replace(
          '"@"',
          `${'[{"a":'.repeat(4000)}1${'}]'.repeat(4000)}`,
        );
        refused(await post(nested), `${place.join('.')} nested`, [400]);
      }
      assert.deepEqual(await counts(), before);
    });
  }
});

test('an empty body with a JSON content type is no body, on every route', async () => {
  for (const entry of all) {
    const { route, at, headers } = entry;
    const sent = await send(route.method === 'DELETE' ? 'GET' : route.method, fill(at, things), '', {
      ...headers,
      ...json,
    });
    if (sent.status >= 400) assert.ok(!sent.text.includes('FST_'), `${nameOf(route)}: ${sent.text}`);
    assert.ok(sent.status < 500 || sent.status === 501, `${nameOf(route)}: ${sent.status} ${sent.text}`);
  }
});

test('queries: what is given twice, negative, not a number, too large', async () => {
  for (const [path, queries] of [
    [
      `${base}/integrations`,
      ['limit=0', 'limit=101', 'limit=x', 'offset=-1', 'limit=1&limit=2', 'offset=%00', 'limit=1e1'],
    ],
    [
      `${base}/appusers/${things['userId']}/messages`,
      [
        'before=x',
        'before=-1',
        'after=1&after=2',
        'before=1&after=2',
        'before=9e99',
        'before=%00',
        'before=',
      ],
    ],
    ['/v1.1/apps', ['limit=0', 'offset=x']],
  ] as const)
    for (const query of queries)
      refused(
        await send('GET', `${path}?${query}`, undefined, path === '/v1.1/apps' ? asAccount : bearer),
        `${path}?${query}`,
        [400],
      );
});

test('unknown routes and methods are answered in the same form', async () => {
  for (const [method, path] of [
    ['GET', '/v1.1/nothing'],
    ['PATCH', `${base}/webhooks`],
    ['DELETE', `${base}/notifications`],
    ['GET', '/v1.1/%zz'],
    ['GET', '/v1/apps'],
    ['GET', '/'],
    ['GET', '/callbacks/nope/nope/nope'],
  ] as const) {
    refused(await send(method, path, undefined, bearer), `${method} ${path}`);
  }
});

test('unknown fields are tolerated', async () => {
  for (const name of ['POST /notifications', 'POST /webhooks', 'PUT /appusers/:userId']) {
    const { route, at } = all.find((entry) => nameOf(entry.route) === name)!;
    const body = { ...good[name], storage: 'full', nothing: { deep: [1, { of: 'no use' }] } };
    const sent = await ask(route.method, fill(at, things), body);
    assert.ok(sent.status < 300, `${name}: ${JSON.stringify(sent.body)}`);
  }
});

test('the good bodies are good', async () => {
  // Nothing of this id was ever posted or kept.
  const nothing = ['POST /appusers/:userId/conversation/postback', 'POST /attachments/remove'];
  for (const { route, at, headers } of all) {
    const body = good[nameOf(route)];
    if (!body || nothing.includes(nameOf(route))) continue;
    const sent = await send(route.method, fill(at, things), JSON.stringify(body), { ...headers, ...json });
    assert.ok(sent.status < 300, `${nameOf(route)}: ${sent.status} ${sent.text}`);
  }
});

test('the rows that the good bodies need are there', async () => {
  assert.ok(mail);
  assert.ok(await isBuilt(all.find(({ route }) => route.path === '/webhooks')!));
  assert.match(things['userId']!, /^[0-9a-f]{24}$/);
  assert.notEqual(toHex24(app.workspaceId), toHex24(other.workspaceId));
});

test('nothing was a 500', () => {
  assert.deepEqual(errors, []);
});
