/**
 * What JSON and queries can hold that programs do not expect, at every route of every door: whole numbers that a double does not keep,
 * and the names of what objects inherit. Neither is misread, none makes a 500, and nothing here is changed by it.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { WebSocket } from 'ws';
import { MEDIA_PATTERN, URI_PATTERN } from '../contract/content.ts';
import { parseExact, parseLenient } from '../src/base/exactJson.ts';
import { toHex24 } from '../src/base/ids.ts';
import { ROUTES as CONSOLE } from '../src/doors/console/routes.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES as SUNSHINE } from '../src/doors/sunshine/routes.ts';
import { routesOf as outboundRoutes } from '../src/doors/outbound/routes.ts';
import { ROUTES as SHOUT } from '../src/doors/shout/routes.ts';
import { ROUTES as WEB1ON1 } from '../src/doors/web1on1/routes.ts';
import { newCompany } from './support/connect.ts';
import { newConsoleKey, newIntegration } from './support/messages.ts';
import { createKey } from '../src/accounts/keys.ts';
import { errors, jwt, must, startProduct } from './sunshineProduct.ts';
import { newBot } from './web1on1Product.ts';

/* oxlint-disable typescript/no-explicit-any */
type Json = any;
type Tried = { method: string; path: string; of: string; body?: TSchema; bodyBytes?: number };

const product = await startProduct({ rateLimitPerS: 0 });
const { ctx, url } = product;
const bot = await newBot(product);
const account = `Bearer ${jwt(bot.account, { scope: 'account' })}`;
const inApp = ({ of }: Tried) => (of === 'workspace' ? `/v1.1/apps/${bot.appId}` : '/v1.1');
const { token: outboundKey } = must(
  await product.sql.begin((tx) =>
    createKey(tx, ctx, {
      owner: { workspaceId: bot.workspaceId },
      door: 'outbound',
      scopes: ['private'],
      nowMs: ctx.clock.nowMs(),
    }),
  ),
);
const inWorkspace = ({ of }: Tried) => (of === 'workspace' ? `/api/workspaces/${bot.appId}` : '/api');
const DOORS: [name: string, routes: readonly Tried[], base: (route: Tried) => string, credentials: string][] =
  [
    ['Sunshine', [...SUNSHINE, ...APP_ROUTES, ...ACCOUNT_ROUTES] as readonly Tried[], inApp, account],
    ['console', CONSOLE, inWorkspace, await newConsoleKey(ctx, bot.workspaceId)],
    ['Web1on1', WEB1ON1, () => '/v2', `Bearer ${bot.token}`],
    ['Outbound', outboundRoutes(async () => {}), () => '', `Bearer ${outboundKey}`],
    ['Shout', SHOUT, () => '', (await newCompany(ctx)).authorization],
  ];
/** What strangers reach without a key. */
const OPEN = [
  `/sdk/v2/apps/${bot.appId}/appusers`,
  `/sdk/v2/apps/${bot.appId}/login`,
  '/chat/session',
  '/api/sessions',
  '/v2/auth/token',
];

async function send(method: string, path: string, authorization: string, body?: string) {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    ...(body === undefined || method === 'GET' ? {} : { body }),
  });
  return { status: response.status, text: await response.text() };
}

function bodyOf({ body }: Tried): object {
  try {
    return body ? (Value.Create(body) as object) : {};
  } catch {
    return {};
  }
}

const pathOf = (route: Tried) => route.path.replaceAll(/:\w+/g, 'a'.repeat(24));
const BIG = '12345678901234567891';
/** A body with more text in its object, which JSON.stringify could not write. */
const withText = (body: object, text: string) =>
  Array.isArray(body)
    ? `[{${text}}]`
    : `{${text}${JSON.stringify(body)
        .slice(1)
        .replace(/^(?!\})/, ',')}`;

test('what is nested without end is refused by name, however short it is', async () => {
  for (const depth of [205, 2_000, 9_900])
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const body = `{"name":${open.repeat(depth)}1${close.repeat(depth)}}`;
      for (const [name, routes, base, credentials] of DOORS) {
        const route = routes.find(
          ({ method, path, body: schema, bodyBytes = Infinity }) =>
            method === 'POST' && schema && bodyBytes > body.length && !path.startsWith('/sessions'),
        )!;
        const refused = await send('POST', base(route) + pathOf(route), credentials, body);
        const told = [refused.status, /nested deeper than 200/.test(refused.text)];
        assert.deepEqual(told, [400, true], `${name}: ${refused.text}`);
      }
    }
});

describe('whole numbers beyond 2^53', () => {
  for (const [name, routes, base, credentials] of DOORS)
    test(`are refused by field at every route that reads a body: ${name}`, async () => {
      let count = 0;
      for (const route of routes) {
        if (!route.body || route.method === 'DELETE') continue;
        // That takes an owner, whom no key is.
        if (name === 'console' && route.path === '/delete') continue;
        for (const [text, field] of [
          [`"number":${BIG}`, 'number'],
          [`"a":[{"b":-${BIG}}]`, 'a[0].b'],
        ] as const) {
          const path = base(route) + pathOf(route);
          const refused = await send(route.method, path, credentials, withText(bodyOf(route), text));
          // Shout says 422 of a body that it cannot take.
          assert.equal(
            refused.status,
            name === 'Shout' ? 422 : 400,
            `${route.method} ${path}: ${refused.status} ${refused.text}`,
          );
          assert.ok(refused.text.includes(`${field}: must be a whole number`), refused.text);
          count++;
        }
      }
      // Shout's have schemas as they are built.
      assert.ok(count >= (name === 'Shout' ? 0 : 20), `${count}`);
    });

  test('are refused where strangers speak, and on the live channel', async () => {
    for (const path of OPEN) {
      const refused = await send('POST', path, '', `{"number":${BIG}}`);
      assert.equal(refused.status, 400, `${path}: ${refused.text}`);
    }
    const socket = new WebSocket(`${url.replace('http', 'ws')}/live`);
    const reason = await new Promise<string>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(`{"type":"hello","version":1,"token":"x","n":${BIG}}`));
      socket.on('close', (_code, why: Buffer) => resolve(why.toString()));
    });
    assert.match(reason, /n: must be a whole number/);
  });

  test('are kept to the last digit where a provider tells them', async () => {
    const whatsapp = await newIntegration(ctx, bot.workspaceId, 'whatsapp', {
      phoneNumberId: '1234567',
      accessToken: 'token',
      appSecret: 'app-secret',
      verifyToken: 'verify-me',
    });
    const message = `{"id":"wamid.big","timestamp":"1767225600","type":"order","from":"31612345799",
      "order":{"catalog_id":${BIG},"product_items":[{"product_retailer_id":"sku","quantity":9007199254740993}]}}`;
    const body = `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{
      "metadata":{"phone_number_id":"1234567"},"messages":[${message}]}}]}]}`;
    const signature = createHmac('sha256', 'app-secret').update(body).digest('hex');
    const { status } = await fetch(
      `${url}/callbacks/${toHex24(whatsapp.id)}/${whatsapp.callbackKey}/inbound`,
      { method: 'POST', headers: { 'x-hub-signature-256': `sha256=${signature}` }, body },
    );
    assert.equal(status, 200);
    const [row] = await product.sql<{ facts: Json }[]>`
      SELECT source->'facts' AS facts FROM messages WHERE external_id = 'wamid.big'`;
    assert.equal(row!.facts.order.catalog_id, BIG);
    assert.equal(row!.facts.order.product_items[0].quantity, '9007199254740993');
  });

  test('read from text: exact, or named', () => {
    const cases: [string, unknown][] = [
      ['{"a":9007199254740991,"b":1.5,"c":100000000000000000000,"d":"12345678901234567891"}', undefined],
      ['{"a":[1,{"b c":9007199254740993}]}', 'a[1].b c'],
      ['[-9007199254740993]', '[0]'],
      ['9007199254740993', ''],
      ['{"a":0.12345678901234567,"b":1e300}', undefined],
    ];
    for (const [text, inexact] of cases) {
      const read = parseExact(text);
      assert.equal('inexact' in read ? read.inexact : undefined, inexact, text);
      if ('value' in read) assert.deepEqual(read.value, JSON.parse(text));
    }
    assert.deepEqual(parseLenient('{"a":9007199254740993,"b":7}'), { a: '9007199254740993', b: 7 });
  });
});

describe('names that objects inherit', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
  const queries = [
    ...NAMES.map((name) => `${name}=x`),
    '__proto__[polluted]=yes&constructor[prototype][polluted]=yes&__proto__.polluted=yes',
  ];
  const texts = [
    ...NAMES.map((name) => `"${name}":{"polluted":"yes","prototype":{"polluted":"yes"}}`),
    ...NAMES.flatMap((name) =>
      ['metadata', 'profile', 'settings', 'content', 'message', 'attributes', 'audience'].map(
        (field) => `"${field}":{"${name}":{"polluted":"yes"}}`,
      ),
    ),
  ];
  const clean = () => {
    assert.equal(({} as Json).polluted, undefined);
    assert.equal(((() => {}) as Json) instanceof Object && (Object as Json).polluted, undefined);
  };

  for (const [name, routes, base, credentials] of DOORS)
    test(`in queries and bodies of every route: ${name}`, async () => {
      for (const [at, route] of routes.entries()) {
        const path = base(route) + pathOf(route);
        const tried = [
          ...queries.map((query) => [`${path}?${query}`, '{}'] as const),
          // Each field with each name somewhere; every name at every route.
          ...(route.body ? texts.filter((_, i) => i < NAMES.length || i % 7 === at % 7) : []).map(
            (text) => [path, withText(bodyOf(route), text)] as const,
          ),
        ];
        const answers = await Promise.all(
          tried.map(([to, body]) => send(route.method, to, credentials, body)),
        );
        answers.forEach(({ status, text }, i) =>
          assert.ok(
            status < 500 || status === 501,
            `${route.method} ${tried[i]!.join(' ')}: ${status} ${text}`,
          ),
        );
        clean();
      }
    });

  test('where strangers speak', async () => {
    for (const path of OPEN)
      for (const text of texts) {
        const { status } = await send('POST', path, '', `{${text}}`);
        assert.ok(status < 500, `${path} ${text}: ${status}`);
        clean();
      }
    for (const path of ['/l/abcdefgh', '/chat', '/live', '/healthz', ...OPEN])
      for (const query of queries) assert.ok((await send('GET', `${path}?${query}`, '')).status < 500, path);
  });
});

test('an address is the whole value, however long and odd', () => {
  const [uri, media] = [URI_PATTERN, MEDIA_PATTERN].map((source) => new RegExp(source, 'u'));
  const good = [
    'https://example.com/a?b=c#d',
    'https://example.com/{{ contact.id | url_encode }}/x',
    '{{ link }}',
    '{% if a %}https://a.example/{% else %}https://b.example/{% endif %}',
    'https://example.com/{id}',
    'HTTPS://example.com/é',
  ];
  const bad = [
    'https://example.com/ and more',
    'https://example.com/\njavascript:alert(1)',
    ' https://example.com/',
    'https://example.com/ ',
    'javascript:alert(1)',
    'see https://example.com/',
    'https://example.com/{{ a',
  ];
  for (const one of [uri!, media!]) {
    for (const text of good) assert.ok(one.test(text), text);
    for (const text of bad) assert.ok(!one.test(text), text);
  }
  for (const text of ['tel:+31201234567', 'mailto:a@b.example', 'app://open']) assert.ok(uri!.test(text));
  for (const filling of ['{{', '{{a}}', '{', '{%', 'a'])
    assert.equal(uri!.test(`https://a.example/${filling.repeat(50_000)} `), false);
});

test('none of it was an error of ours', () => {
  assert.deepEqual(errors, []);
});
