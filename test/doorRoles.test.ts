/**
 * One table of roles decides at every door: it is pinned here whole, and every route of every door is tried as everybody whom a
 * door lets in. What the table refuses is refused by the role alone; what it allows is never refused for it.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKey, type DoorName } from '../src/accounts/keys.ts';
import { createOperator, setMember } from '../src/accounts/operators.ts';
import { can } from '../src/accounts/roles.ts';
import { ACTIONS, HOLDERS, ROLES, type Action, type Holder } from '../contract/roles.ts';
import { toHex24 } from '../src/base/ids.ts';
import { IMPORT } from '../src/doors/console/people/importAtOnce.ts';
import { UPLOAD } from '../src/doors/console/people/imports.ts';
import { ROUTES as CONSOLE } from '../src/doors/console/routes.ts';
import type { Guarded } from '../src/doors/kit/route.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES as SUNSHINE } from '../src/doors/sunshine/routes.ts';
import { routesOf } from '../src/doors/outbound/routes.ts';
import { ROUTES as SHOUT } from '../src/doors/shout/routes.ts';
import { ROUTES as WEB1ON1 } from '../src/doors/web1on1/routes.ts';
import { newCompany } from './support/connect.ts';
import { jwt, must, startProduct } from './sunshineProduct.ts';
import { callerOf, newBot, newPhone } from './web1on1Product.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const { ctx, url, sql } = product;

/** The whole table: o owner, a admin, m marketer, g agent, v viewer, b bot, c customer, s server, p browser (by a public key). */
const TABLE: Record<Action, string> = {
  'workspace.read': 'oamgvb',
  'workspace.update': 'oa',
  'workspace.delete': 'o',
  'members.read': 'oamgvb',
  'members.manage': 'oa',
  'owners.manage': 'o',
  'keys.manage': 'oa',
  'integrations.read': 'oamgvb',
  'integrations.manage': 'oa',
  'webhooks.manage': 'oa',
  'audit.read': 'oa',
  'contacts.read': 'oamgvbc',
  'contacts.write': 'oamgbc',
  'contacts.import': 'oam',
  'contacts.export': 'oa',
  'contacts.erase': 'oa',
  'people.tell': 'oamsp',
  'content.write': 'oam',
  'messages.read': 'oamgvbc',
  'messages.send': 'oamgb',
  'conversations.reply': 'oagbc',
  'messages.impersonate': 'oabc',
  'broadcasts.read': 'oamgvb',
  'broadcasts.write': 'oam',
  'broadcasts.send': 'oam',
  'campaigns.read': 'oamgvb',
  'campaigns.write': 'oam',
  'campaigns.run': 'oam',
  'groups.read': 'oamgvb',
  'groups.write': 'oamgb',
  'connect.read': 'oamgvb',
  'connect.act': 'oam',
  'connect.manage': 'oa',
  'orders.read': 'oamgvb',
  'orders.write': 'oamgb',
  'orders.manage': 'oam',
  'simulator.use': 'oamg',
  'clock.advance': 'oam',
};
const LETTERS: Record<Holder, string> = {
  owner: 'o',
  admin: 'a',
  marketer: 'm',
  agent: 'g',
  viewer: 'v',
  bot: 'b',
  customer: 'c',
  server: 's',
  browser: 'p',
};

test('the table of roles is this one', () => {
  const letters = (action: Action) =>
    HOLDERS.filter((holder) => can(holder, action) === true)
      .map((holder) => LETTERS[holder])
      .join('');
  assert.deepEqual(
    Object.fromEntries(Object.keys(ACTIONS).map((name) => [name, letters(name as Action)])),
    TABLE,
  );
});

let people = 0;
/** An operator who has a role in a workspace of his own kind, and a key of his at a door. */
async function member(workspaceId: number, role: (typeof ROLES)[number], door: DoorName) {
  people += 1;
  const nowMs = ctx.clock.nowMs();
  return await sql.begin(async (tx) => {
    const password = 'correct horse battery';
    const made = await createOperator(tx, ctx.ids, {
      email: `p${people}@roles.example`,
      name: role,
      password,
      nowMs,
    });
    const operatorId = must(made).id;
    must(await setMember(tx, { workspaceId, operatorId, role }));
    const scopes = door === 'console' ? ['owner'] : undefined;
    const owner = { operatorId };
    return must(await createKey(tx, ctx, { owner, door, nowMs, ...(scopes ? { scopes } : {}) }));
  });
}

type Tried = Guarded & { method: string; path: string; scope?: string; scopes?: readonly string[] };
type Reached = { base: (route: Tried) => string; authorization: string };

const nameOf = ({ method, path }: Tried) => `${method} ${path === '' ? '(the app)' : path}`;
const ID = 'a'.repeat(24);
/** What is deleted last is what all others are tried on. */
const inOrder = (routes: readonly Tried[]) =>
  routes.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));

async function call(route: Tried, { base, authorization }: Reached) {
  const response = await fetch(`${url}${base(route)}${route.path.replaceAll(/:\w+/g, ID)}`, {
    method: route.method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(route.method === 'GET' ? {} : { body: '{"nothing":1}' }),
  });
  return { status: response.status, text: await response.text() };
}

/** Tries every route of a door as one holder. `also` is what a door refuses besides the table. */
async function tryAll(
  routes: readonly Tried[],
  holder: Holder,
  reached: Reached,
  also: (route: Tried) => boolean = () => false,
): Promise<void> {
  for (const route of inOrder(routes)) {
    if (also(route)) continue;
    const { status, text } = await call(route, reached);
    // The log of requests tells what others were refused, too.
    const byRole = status === 403 && text.includes(`The role ${holder} may not`);
    const expected = route.of === 'workspace' && can(holder, route.action) !== true;
    assert.equal(byRole, expected, `${holder}: ${nameOf(route)} → ${status} ${text.slice(0, 200)}`);
    if (expected) assert.equal(status, 403);
    assert.ok(status < 500 || status === 501, `${nameOf(route)} → ${status} ${text.slice(0, 200)}`);
  }
}

describe('every route as everybody', () => {
  for (const role of ROLES) {
    test(`the console: ${role}`, async () => {
      const app = await product.newApp();
      const { token } = await member(app.workspaceId, role, 'console');
      await tryAll([...CONSOLE, IMPORT, UPLOAD], role, {
        base: ({ of }) => (of === 'workspace' ? `/api/workspaces/${app.appId}` : '/api'),
        authorization: `Bearer ${token}`,
      });
    });

    test(`the Sunshine door, by an account: ${role}`, async () => {
      const app = await product.newApp();
      const { key, secret } = await member(app.workspaceId, role, 'sunshine');
      const token = jwt({ keyId: key.keyId, secret }, { scope: 'account' });
      await tryAll([...SUNSHINE, ...APP_ROUTES, ...ACCOUNT_ROUTES], role, {
        base: ({ of }) => (of === 'workspace' ? `/v1.1/apps/${app.appId}` : '/v1.1'),
        authorization: `Bearer ${token}`,
      });
    });
  }

  test('the Sunshine door, by a key of the app and by a customer', async () => {
    const app = await product.newApp();
    const routes = [...SUNSHINE, ...APP_ROUTES];
    for (const [holder, claims] of [
      ['customer', { scope: 'appUser', userId: 'someone' }],
      ['admin', { scope: 'app' }],
    ] as const)
      await tryAll(
        routes,
        holder,
        { base: () => `/v1.1/apps/${app.appId}`, authorization: `Bearer ${jwt(app, claims)}` },
        (route) => !(route.scopes ?? ['account', 'app']).includes(claims.scope),
      );
  });

  for (const [scope, holder] of [
    ['viewer', 'viewer'],
    ['guest', 'viewer'],
    ['agent', 'agent'],
    ['bot', 'bot'],
    ['admin', 'admin'],
  ] as const)
    test(`the Web1on1 door: a key of scope ${scope}`, async () => {
      const bot = await newBot(product, [scope]);
      const order = ['viewer', 'guest', 'agent', 'bot', 'admin'];
      await tryAll(
        WEB1ON1,
        holder,
        { base: () => '/v2', authorization: `Bearer ${bot.token}` },
        (route) => order.indexOf(route.scope!) > order.indexOf(scope),
      );
    });
});

describe('every route of the Outbound door', () => {
  for (const [scope, holder] of [
    ['private', 'server'],
    ['public', 'browser'],
  ] as const)
    test(`by a ${scope} key, and at no other door`, async () => {
      const { workspaceId, appId } = await product.newApp();
      const { token } = must(
        await sql.begin((tx) =>
          createKey(tx, ctx, {
            owner: { workspaceId },
            door: 'outbound',
            scopes: [scope],
            nowMs: ctx.clock.nowMs(),
          }),
        ),
      );
      const authorization = `Bearer ${token}`;
      await tryAll(
        routesOf(async () => {}),
        holder,
        { base: () => '', authorization },
      );
      for (const elsewhere of [`/api/workspaces/${appId}/contacts`, '/v2/contacts', `/v1.1/apps/${appId}`]) {
        const { status } = await fetch(url + elsewhere, { headers: { authorization } });
        assert.equal(status, 401, elsewhere);
      }
    });
});

test('every route of the Shout door, by a company’s key, and at no other door', async () => {
  const { appId, authorization } = await newCompany(ctx);
  await tryAll(SHOUT, 'admin', { base: () => '', authorization });
  for (const elsewhere of [`/api/workspaces/${appId}/contacts`, '/v2/contacts', `/v1.1/apps/${appId}`]) {
    const { status } = await fetch(url + elsewhere, { headers: { authorization } });
    assert.equal(status, 401, elsewhere);
  }
});

describe('speaking', () => {
  test('a viewer sends nothing at the Web1on1 door; an agent speaks for himself; a bot for others, too', async () => {
    const bot = await newBot(product, ['bot']);
    const telephone = newPhone();
    const begun = await callerOf(url, bot.token)('POST', '/conversations', {
      type: 'contact',
      touchpoint: 'sms',
      contact: { profile: { telephone } },
      messages: [{ text: 'Hello', role: 'agent' }],
    });
    assert.equal(begun.status, 201, JSON.stringify(begun.body));
    const at = `/conversations/${begun.body.id}/messages`;
    const other = toHex24(ctx.ids.spread());
    const say = {
      own: { text: 'It is me', role: 'agent' },
      another: { text: 'It is she', role: 'agent', user: other },
      customer: { text: 'It is the customer', role: 'contact' },
    };
    const expected = {
      viewer: { own: 403, another: 403, customer: 403 },
      agent: { own: 201, another: 403, customer: 403 },
      bot: { own: 201, another: 201, customer: 201 },
      admin: { own: 201, another: 201, customer: 201 },
    };
    for (const [scope, answers] of Object.entries(expected)) {
      const { token } = await newBot(product, [scope], bot);
      for (const [what, status] of Object.entries(answers)) {
        const one = say[what as keyof typeof say];
        for (const body of [one, [one]]) {
          const sent = await callerOf(url, token)('POST', at, body);
          assert.equal(sent.status, status, `${scope} ${what}: ${JSON.stringify(sent.body)}`);
        }
      }
    }
  });

  test('an agent does not speak as the customer at the Sunshine door, and an admin does', async () => {
    const app = await product.newApp();
    const as = async (role: (typeof ROLES)[number]) => {
      const { key, secret } = await member(app.workspaceId, role, 'sunshine');
      return jwt({ keyId: key.keyId, secret }, { scope: 'account' });
    };
    const post = async (token: string, path: string, body: object) =>
      await fetch(`${url}/v1.1/apps/${app.appId}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const admin = await as('admin');
    assert.equal((await post(admin, '/appusers', { userId: 'ada' })).status, 201);
    const body = { role: 'appUser', type: 'text', text: 'Yes, I agree.' };
    assert.equal((await post(await as('agent'), '/appusers/ada/messages', body)).status, 403);
    assert.equal((await post(admin, '/appusers/ada/messages', body)).status, 201);
  });
});
