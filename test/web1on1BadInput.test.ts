/**
 * Bad input over every route of the Web1on1 door, made from the table of routes: a 4xx that says what is wrong in the API's own
 * form, nothing stored, never a 500.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import type { Route, Write } from '../src/doors/web1on1/route.ts';
import { OFFERED, ROUTES } from '../src/doors/web1on1/routes.ts';
import { errors } from './sunshineProduct.ts';
import { leaves, rawSender, refusal, valueAt, withAt, wrong } from './support/badInput.ts';
import { startReceiver } from './support/receiver.ts';
import { callerOf, newBot, newPhone, startProduct, type Bot } from './web1on1Product.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const { url, sql } = product;
const bot = await newBot(product);
const other = await newBot(product);
const viewer = await newBot(product, ['viewer'], bot);
const receiver = await startReceiver();
receiver.answer('/hook', { status: 200 });

/** What `:id` is for each resource, all there. */
async function thingsOf(of: Bot): Promise<Record<string, string>> {
  const call = callerOf(url, of.token);
  const begun = await call('POST', '/conversations', {
    contact: { profile: { telephone: newPhone() } },
    messages: [{ text: 'Hi', role: 'agent', touchpoint: 'sms' }],
  });
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  const made = await product.ctx.sql.begin((tx) =>
    product.ctx.webhooks.create(tx, {
      workspaceId: of.workspaceId,
      door: 'web1on1',
      target: 'https://example.com/',
      triggers: ['*'],
      offered: ['*'],
    }),
  );
  return {
    conversations: begun.body.id,
    messages: begun.body.messages[0],
    contacts: begun.body.contact,
    services: toHex24((made as { id: number }).id),
    organizations: of.organization,
    users: of.user,
    bots: of.user,
    channels: of.organization,
  };
}
const things = await thingsOf(bot);
const foreign = await thingsOf(other);

/** A body that each route takes, by method and path. Its telephone is nobody's, so that only what is made wrong is wrong. */
const good: Record<string, object> = {
  'POST /conversations': {
    organization: bot.organization,
    type: 'contact',
    name: 'A name',
    tags: ['a'],
    language: 'nl_NL',
    meta: { a: 'b' },
    contact: {
      profile: {
        name: 'John Johnson',
        givenName: 'John',
        familyName: 'Johnson',
        telephone: '+31646999999',
        email: 'john@example.com',
        locale: 'nl-NL',
        address: 'Somewhere 1',
      },
    },
    messages: [
      {
        type: 'chat',
        role: 'agent',
        text: 'Hey',
        contentType: 'text/plain',
        isBackchannel: false,
        delay: 0,
        touchpoint: 'sms',
        meta: { SenderID: 'Tim' },
        actions: [{ type: 'link', text: 'More', uri: 'https://example.com/' }],
      },
    ],
  },
  'PATCH /conversations/:id': {
    name: 'Renamed',
    tags: ['b'],
    meta: { a: 'c' },
    category: '2',
    touchpoint: 'sms',
    language: 'nl',
  },
  'POST /conversations/:id/messages': {
    type: 'card',
    role: 'agent',
    text: 'Favorite food?',
    user: bot.user,
    touchpoint: 'sms',
    items: [
      {
        title: 'Tacos',
        description: 'Two',
        mediaUrl: 'https://example.com/t.png',
        actions: [{ type: 'postback', text: 'Take', payload: 'TAKE' }],
      },
    ],
  },
  'PATCH /organizations/:id': {
    name: 'Shop',
    displayName: 'Shop',
    language: 'nl',
    settings: { linkDomain: 'cht.example', language: 'nl', parentOrganization: 'a'.repeat(24) },
  },
  'POST /messages': { conversation: things['conversations'], role: 'agent', text: 'Hey' },
  'PATCH /messages/:id': { text: 'Better', meta: { a: 'b' } },
  'PUT /messages/:id': { text: 'Better', meta: { a: 'b' } },
  'PATCH /contacts/:id': { profile: { name: 'Jane Johnson', locale: 'en', address: 'Elsewhere' } },
  'POST /services': {
    name: 'Hook',
    organization: bot.organization,
    type: 'webhook',
    params: { url: receiver.url('/hook'), secret: 'long-enough-secret', events: ['*'] },
  },
  'PATCH /services/:id': { name: 'Hook', enabled: true, params: { events: ['conversation.*'] } },
};
const counts = async () => {
  const [row] = await sql`SELECT
    (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM posts) AS posts, (SELECT count(*) FROM contacts) AS contacts,
    (SELECT count(*) FROM identities) AS identities, (SELECT count(*) FROM destinations) AS destinations,
    (SELECT count(*) FROM threads) AS threads, (SELECT count(*) FROM conversations) AS conversations,
    (SELECT count(*) FROM webhooks) AS webhooks, (SELECT count(*) FROM idempotency) AS idempotency,
    (SELECT md5(string_agg(t.name || t.meta::text || t.status, '' ORDER BY t.id)) FROM threads t) AS texts,
    (SELECT md5(string_agg(p.wire::text, '' ORDER BY p.id)) FROM posts p) AS wires`;
  return { ...row };
};

const send = rawSender(url);
const refused = refusal('message');
const bearer = { authorization: `Bearer ${bot.token}` };
const json = { 'content-type': 'application/json' };

const nameOf = (route: Route) => `${route.method} ${route.path}`;
const resourceOf = (route: Route) => route.path.split('/')[1]!;
const fill = (route: Route, id = things[resourceOf(route)] ?? 'a'.repeat(24)) =>
  `/v2${route.path.replace(':id', encodeURI(id).replaceAll('%25', '%'))}`;
const BUILT = OFFERED.filter((route) => resourceOf(route) in things);

describe('every route', () => {
  for (const route of ROUTES) {
    test(`${nameOf(route)}: without credentials, or with those of another scope`, async () => {
      const before = await counts();
      const path = fill(route);
      refused(await send(route.method, path, undefined), 'no credentials', [401]);
      for (const authorization of ['Basic ???', 'Bearer x', 'Bearer a.b.c', `Bearer ${'x'.repeat(9000)}`])
        refused(
          await send(route.method, path, undefined, { authorization }),
          authorization.slice(0, 20),
          [401, 431],
        );
      if (route.scope !== 'viewer') {
        const weak = { authorization: `Bearer ${viewer.token}` };
        refused(await send(route.method, path, undefined, weak), 'a viewer', [403]);
      }
      assert.deepEqual(await counts(), before);
    });
  }

  for (const route of BUILT.filter(({ path }) => path.includes(':')))
    test(`${nameOf(route)}: names of things that are another organization's, malformed, or nothing`, async () => {
      const before = await counts();
      const body = JSON.stringify(good[nameOf(route)] ?? {});
      const odd = [
        foreign[resourceOf(route)]!,
        'nope',
        'a'.repeat(24),
        '%00',
        '%F0%9F%98%80',
        "'; --",
        'x'.repeat(900),
        '..%2f..',
      ];
      for (const value of odd) {
        const path = fill(route, value);
        const sent = await send(route.method, path, route.method === 'GET' ? undefined : body, {
          ...bearer,
          ...json,
        });
        // A list of what is said in a conversation that is not there is empty.
        if (sent.status === 200 && nameOf(route) === 'GET /conversations/:id/messages') {
          assert.equal(sent.text, '[]');
          continue;
        }
        refused(sent, value.slice(0, 30), [400, 404]);
      }
      refused(await send(route.method, fill(route, '%zz'), undefined, bearer), 'broken escape', [400]);
      assert.deepEqual(await counts(), before);
    });
});

describe('every body', () => {
  const writing = BUILT.filter((route) => route.kind === 'write' && route.body);
  test('there is a good one for each route', () => {
    for (const route of writing) assert.ok(good[nameOf(route)], nameOf(route));
  });

  for (const route of writing) {
    const path = fill(route);
    const body = good[nameOf(route)]!;
    const post = (bytes: string | Buffer | undefined, more: Record<string, string> = json) =>
      send(route.method, path, bytes, { ...bearer, ...more });

    test(`${nameOf(route)}: not JSON, not an object, too large`, async () => {
      const before = await counts();
      for (const text of [
        '{',
        '{"a":1,}',
        'null',
        '[]',
        '[7]',
        '"x"',
        '7',
        'undefined',
        '{"a":"\u0000"}',
        '[['.repeat(20_000),
      ])
        refused(await post(text), text.slice(0, 20), [400]);
      refused(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'not UTF-8', [400]);
      // chipchat's `replace` sends none.
      if (route.method === 'PUT') assert.equal((await post(undefined)).status, 501);
      else refused(await post(undefined), 'no body', [400]);
      refused(await post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }), 'a form', [415]);
      refused(await post('--x--', { 'content-type': 'multipart/form-data; boundary=x' }), 'parts', [415]);
      refused(await post(`{"a":"${'x'.repeat(110_000)}"}`), 'too large', [413]);
      assert.deepEqual(await counts(), before);
    });

    test(`${nameOf(route)}: each field of the wrong type, too long, or not storable`, async () => {
      const before = await counts();
      const schema = (route as Write).body as unknown as { required?: string[] };
      for (const name of schema.required ?? [])
        refused(await post(JSON.stringify(withAt(body, [name], undefined))), `without ${name}`, [400]);
      for (const place of leaves(body)) {
        for (const value of wrong(valueAt(body, place))) {
          // What is in meta is the caller's own; a list of flat values may stand there.
          if (place[0] === 'meta' || place.includes('SenderID'))
            if (Array.isArray(value) || typeof value !== 'string') continue;
          if (Array.isArray(value) && value.length === 0 && place.at(-1) === 'meta') continue;
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

test('queries: unknown fields, malformed values, too large', async () => {
  for (const path of [
    '/conversations',
    '/contacts',
    '/messages',
    '/organizations',
    '/users',
    '/channels',
    '/services',
  ])
    for (const query of [
      'limit=0',
      'limit=x',
      'limit=-1',
      'offset=-1',
      'offset=1e1',
      'color=red',
      'id=nope',
      'organization=%00',
      'sort=color',
      'sort=-meta.a',
      'organization=>5',
      'a=b&'.repeat(100),
      'createdAt=yesterday',
      'createdAt=~2020',
      'id=%F0%28',
    ])
      refused(await send('GET', `/v2${path}?${query}`, undefined, bearer), `${path}?${query}`, [400]);
});

test('text in queries is text', async () => {
  for (const text of ["'; DROP TABLE threads; --", '%', '_', '\\', '[', ']', '~', '', 'a'.repeat(2000)])
    for (const field of ['name', 'meta.x', 'slug', 'tags', 'participants.user'])
      for (const sign of ['', '~', '^', '>', '<=']) {
        if (sign !== '' && sign !== '>' && field === 'participants.user') continue;
        const sent = await send(
          'GET',
          `/v2/conversations?${field}=${sign}${encodeURIComponent(text)}`,
          undefined,
          bearer,
        );
        assert.equal(sent.status, 200, `${field}=${sign}${text}: ${sent.text}`);
      }
});

test('tokens are given for nothing but what was given out', async () => {
  for (const body of [
    {},
    { refreshToken: 7 },
    { refreshToken: '' },
    { refreshToken: 'x'.repeat(2000) },
    { refreshToken: bot.token },
    { refreshToken: 'ses_nope' },
    { email: 'a@b.c' },
    { email: 'a@b.c', password: 'wrong password' },
    { email: {}, password: [] },
  ])
    refused(
      await send('POST', '/v2/auth/token', JSON.stringify(body), json),
      JSON.stringify(body).slice(0, 60),
      [400, 401],
    );
});

test('unknown routes and methods are answered in the same form', async () => {
  for (const [method, path] of [
    ['GET', '/v2/nothing'],
    ['DELETE', '/v2/conversations'],
    ['GET', '/v2/%zz'],
    ['PUT', '/v2/auth/token'],
  ] as const)
    refused(await send(method, path, undefined, bearer), `${method} ${path}`);
});

test('unknown fields are tolerated, and the good bodies are good', async () => {
  for (const route of BUILT) {
    const body = good[nameOf(route)];
    // Its target does not echo.
    if (!body || nameOf(route) === 'POST /services') continue;
    const more = { ...body, nothing: { deep: [1, { of: 'no use' }] } };
    const sent = await send(route.method, fill(route), JSON.stringify(more), { ...bearer, ...json });
    assert.ok(sent.status < 300, `${nameOf(route)}: ${sent.status} ${sent.text}`);
  }
});

test('nothing was a 500', () => {
  assert.deepEqual(errors, []);
});
