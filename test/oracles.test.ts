/**
 * Nobody learns whether an id is another's: at every route of every door, what belongs to another workspace is answered as what was
 * never there, in status and body.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Value } from 'typebox/value';
import type { TSchema } from 'typebox';
import { toHex24 } from '../src/base/ids.ts';
import { ROUTES as CONSOLE } from '../src/doors/console/routes.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES as SUNSHINE } from '../src/doors/sunshine/routes.ts';
import { createKey } from '../src/accounts/keys.ts';
import { routesOf } from '../src/doors/outbound/routes.ts';
import { ROUTES as WEB1ON1 } from '../src/doors/web1on1/routes.ts';
import { inboxOf } from '../src/threads/posts.ts';
import { newConsoleKey } from './support/messages.ts';
import { jwt, must, startProduct } from './sunshineProduct.ts';
import { callerOf, newBot, newPhone, type Bot } from './web1on1Product.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const { ctx, url, sql } = product;

type Tried = { method: string; path: string; of: string; body?: TSchema };
type Side = { bot: Bot; consoleToken: string; ids: Map<string, string> };
let own: Side;
let other: Side;

async function send(method: string, path: string, authorization: string, body?: unknown) {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    ...(body === undefined || method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** A workspace with one of everything that routes name by an id. */
async function populate(): Promise<Side> {
  const bot = await newBot(product);
  const consoleToken = await newConsoleKey(ctx, bot.workspaceId);
  const sunshine = `Bearer ${jwt(bot, { scope: 'app' })}`;
  const at = `/v1.1/apps/${bot.appId}`;
  const inside = `/api/workspaces/${bot.appId}`;
  const steps: [string, string, object, string?][] = [
    ['POST', `${at}/appusers`, { userId: `ada-${bot.appId}`, givenName: 'Ada' }, sunshine],
    ['POST', `${at}/webhooks`, { target: 'http://127.0.0.1:9/x', triggers: ['message:appUser'] }, sunshine],
    [
      'POST',
      `${at}/templates`,
      { name: 'hi', message: { type: 'text', text: 'Hi', role: 'appMaker' } },
      sunshine,
    ],
    ['POST', `${at}/keys`, { name: 'another' }, sunshine],
    ['POST', `${inside}/lists`, { name: 'L' }],
    ['POST', `${inside}/tags`, { name: 'T' }],
    ['POST', `${inside}/simulator/rules`, { addressPattern: '*', outcome: 'delivered' }],
    [
      'POST',
      `${inside}/messages`,
      { destination: { channel: 'sms', address: newPhone() }, content: { type: 'text', text: 'Hi' } },
    ],
    [
      'POST',
      `${inside}/broadcasts`,
      {
        name: 'B',
        content: { type: 'text', text: 'Hi' },
        channel: 'sms',
        audience: { include: { all: true } },
      },
    ],
  ];
  for (const [method, path, body, authorization = consoleToken] of steps) {
    const made = await send(method, path, authorization, body);
    assert.ok(made.status < 300, `${path}: ${made.status} ${made.text}`);
  }
  const begun = await callerOf(url, bot.token)('POST', '/conversations', {
    type: 'contact',
    touchpoint: 'sms',
    contact: { profile: { telephone: newPhone() } },
    messages: [{ text: 'Hello', role: 'agent' }],
  });
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  return { bot, consoleToken, ids: await idsOf(bot) };
}

/** One id of each table that has any of the workspace, as doors write it, and the names that things have besides. */
async function idsOf({ workspaceId, appId, user }: Bot): Promise<Map<string, string>> {
  const tables = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND 2 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('id', 'workspace_id') AND a.atttypid = 'bigint'::regtype)`;
  const ids = new Map([
    ['workspaces', appId],
    ['inbox', inboxOf(workspaceId)],
    ['bot', user],
    ['external id', `ada-${appId}`],
  ]);
  for (const { name } of tables) {
    const [row] = await sql.unsafe<{ id: number }[]>(
      `SELECT id FROM ${name} WHERE workspace_id = $1 ORDER BY id LIMIT 1`,
      [workspaceId],
    );
    if (row) ids.set(name, toHex24(row.id));
  }
  const [key] = await sql<
    { id: string }[]
  >`SELECT key_id AS id FROM api_keys WHERE workspace_id = ${workspaceId}`;
  ids.set('key id', key!.id);
  const [member] = await sql<{ id: number }[]>`
    SELECT operator_id AS id FROM memberships WHERE workspace_id = ${workspaceId}`;
  ids.set('operator', toHex24(member!.id));
  return ids;
}

before(async () => {
  own = await populate();
  other = await populate();
});

/** What a route is told where it wants a body. */
const bodyOf = ({ body }: Tried): unknown => {
  try {
    return body ? Value.Create(body) : {};
  } catch {
    return {};
  }
};

/** Which things a parameter can be meant to name; what stands for none of them is tried with all. */
const KINDS: [RegExp, string[]][] = [
  [/contact|user/i, ['contacts', 'external id', 'operator', 'bot']],
  [/conversation/i, ['conversations', 'threads', 'contacts']],
  [/message/i, ['messages', 'posts']],
  [/integration|service|channel/i, ['integrations', 'inbox', 'destinations']],
  [/key|account/i, ['key id', 'api_keys', 'operator']],
  [/webhook|call/i, ['webhooks', 'webhook_calls']],
  [/set|list|tag/i, ['sets']],
  [/organization|workspace/i, ['workspaces']],
];
const kindsOf = (path: string): string[] => {
  const found = KINDS.filter(([pattern]) => pattern.test(path)).flatMap(([, kinds]) => kinds);
  return found.length ? found : [...other.ids.keys()];
};

/** Asks for an id in the place of all parameters, or of the last one below what is the caller's own. */
const pathsOf = ({ path }: Tried): ((id: string) => string)[] => {
  const names = path.match(/:\w+/g) ?? [];
  const all = (id: string) => path.replaceAll(/:\w+/g, id);
  if (names.length < 2) return names.length ? [all] : [];
  const ownId = own.ids.get(/user/i.test(names[0]!) ? 'contacts' : (OWN[names[0]!.slice(1)] ?? 'contacts'))!;
  return [all, (id) => path.replace(names[0]!, ownId).replace(names[1]!, id)];
};
const OWN: Record<string, string> = { contactId: 'contacts', integrationId: 'integrations' };

async function tryAll(
  routes: readonly Tried[],
  base: (route: Tried) => string,
  authorization: string,
): Promise<number> {
  let compared = 0;
  const faults: string[] = [];
  for (const route of routes)
    for (const path of pathsOf(route)) {
      const body = bodyOf(route);
      const ask = async (id: string) => {
        const { status, text } = await send(route.method, base(route) + path(id), authorization, body);
        return `${status} ${text.replaceAll(new RegExp(id, 'gi'), '<id>')}`;
      };
      const none = { hex: await ask('0'.repeat(23) + '7'), text: await ask('never-was-here') };
      // What is not built looks nothing up.
      const kinds = none.hex.startsWith('501') ? ['contacts'] : kindsOf(route.path);
      for (const [what, id] of other.ids) {
        if (!kinds.includes(what)) continue;
        const asked = await ask(id);
        compared++;
        if (asked !== (/^[0-9a-f]{24}$/.test(id) ? none.hex : none.text))
          faults.push(
            `${route.method} ${route.path} with ${what}: ${asked}, and ${none.hex} where there is none`,
          );
      }
    }
  assert.deepEqual(faults, []);
  return compared;
}

describe('what is another workspace’s is as what is not there', () => {
  test('what is tried is there', () => {
    for (const name of [
      'contacts',
      'integrations',
      'webhooks',
      'broadcasts',
      'messages',
      'conversations',
      'key id',
    ])
      assert.ok(other.ids.has(name), `${name} of ${[...other.ids.keys()].join(', ')}`);
  });

  test('at the console', async () => {
    const base = ({ of }: Tried) => (of === 'workspace' ? `/api/workspaces/${own.bot.appId}` : '/api');
    assert.ok((await tryAll(CONSOLE, base, own.consoleToken)) > 150);
  });

  for (const scope of ['app', 'account'] as const)
    test(`at the Sunshine door, by a key of the ${scope}`, async () => {
      const token = jwt(scope === 'app' ? own.bot : own.bot.account, { scope });
      const base = ({ of }: Tried) => (of === 'workspace' ? `/v1.1/apps/${own.bot.appId}` : '/v1.1');
      const routes = scope === 'app' ? SUNSHINE : [...SUNSHINE, ...APP_ROUTES, ...ACCOUNT_ROUTES];
      assert.ok((await tryAll(routes, base, `Bearer ${token}`)) > 100);
    });

  test('at the Web1on1 door', async () => {
    assert.ok((await tryAll(WEB1ON1, () => '/v2', `Bearer ${own.bot.token}`)) > 100);
  });

  test('workspaces themselves, by any path below them', async () => {
    const account = `Bearer ${jwt(own.bot.account, { scope: 'account' })}`;
    const roots: [string, string, readonly Tried[]][] = [
      ['/v1.1/apps/', account, [...SUNSHINE, ...APP_ROUTES] as readonly Tried[]],
      ['/v1.1/apps/', `Bearer ${jwt(own.bot, { scope: 'app' })}`, SUNSHINE],
      ['/api/workspaces/', own.consoleToken, CONSOLE.filter(({ of }) => of === 'workspace')],
    ];
    for (const [root, authorization, routes] of roots)
      for (const route of routes) {
        const ask = async (id: string) => {
          const path = `${root}${id}${route.path.replaceAll(/:\w+/g, 'a'.repeat(24))}`;
          const { status, text } = await send(route.method, path, authorization, {});
          return `${status} ${text.replaceAll(id, '<id>')}`;
        };
        assert.equal(await ask(other.bot.appId), await ask('0'.repeat(24)), `${route.method} ${route.path}`);
      }
  });
});

describe('named within a body', () => {
  const content = { type: 'text', text: 'Hi' };
  type Body = [path: string, kind: string, body: (id: string) => object];
  const compare = async (bodies: readonly Body[], root: string, authorization: string) => {
    for (const [path, kind, body] of bodies) {
      const ask = async (id: string) => {
        const { status, text } = await send('POST', root + path, authorization, body(id));
        assert.ok(status >= 400 || text.includes('"added":0'), `${path} with ${kind}: ${status} ${text}`);
        return `${status} ${text.replaceAll(new RegExp(id, 'gi'), '<id>')}`;
      };
      assert.equal(await ask(other.ids.get(kind)!), await ask('0'.repeat(23) + '7'), `${path} with ${kind}`);
    }
  };

  test('at the console', async () => {
    const list = `/lists/${own.ids.get('sets')}/members`;
    await compare(
      [
        ['/messages', 'contacts', (contactId) => ({ contactId, content })],
        ['/messages', 'destinations', (destinationId) => ({ destination: { destinationId }, content })],
        [list, 'contacts', (id) => ({ add: [id] })],
        ['/broadcasts', 'sets', (id) => ({ name: 'B', content, audience: { include: { lists: [id] } } })],
        [
          '/broadcasts',
          'integrations',
          (integrationId) => ({ name: 'B', content, integrationId, audience: { include: { all: true } } }),
        ],
        ['/members', 'operator', (operatorId) => ({ operatorId, role: 'viewer' })],
      ],
      `/api/workspaces/${own.bot.appId}`,
      own.consoleToken,
    );
  });

  test('at the Sunshine door', async () => {
    await compare(
      [
        [
          '/notifications',
          'integrations',
          (integrationId) => ({
            destination: { integrationId, destinationId: '+15005550006' },
            author: { role: 'appMaker' },
            message: content,
          }),
        ],
        [
          '/appusers/merge',
          'contacts',
          (id) => ({ surviving: { _id: own.ids.get('contacts') }, discarded: { _id: id } }),
        ],
        [`/appusers/${own.ids.get('contacts')}/messages`, 'messages', (id) => ({ ...content, replyTo: id })],
      ],
      `/v1.1/apps/${own.bot.appId}`,
      `Bearer ${jwt(own.bot, { scope: 'app' })}`,
    );
  });

  test('at the Web1on1 door', async () => {
    const messages = [{ text: 'Hi', role: 'agent' }];
    await compare(
      [
        [
          '/conversations',
          'contacts',
          (contact) => ({ type: 'contact', touchpoint: 'sms', contact, messages }),
        ],
        [
          '/conversations',
          'contacts',
          (id) => ({ type: 'contact', touchpoint: 'sms', contact: { id }, messages }),
        ],
      ],
      '/v2',
      `Bearer ${own.bot.token}`,
    );
  });
});

test('at the Outbound door: who and what is another workspace’s is as what is not there', async () => {
  const { token } = must(
    await sql.begin((tx) =>
      createKey(tx, ctx, {
        owner: { workspaceId: own.bot.workspaceId },
        door: 'outbound',
        scopes: ['private'],
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  const names = [...other.ids.values()];
  assert.ok(names.length > 10);
  let compared = 0;
  for (const { path, list } of routesOf(async () => {}) as readonly { path: string; list?: boolean }[]) {
    if (path.includes(':')) continue;
    const bodies: ((id: string) => object)[] = [
      (id) => ({ user_id: id, token: 't', event: 'e', campaign_ids: [id] }),
      (id) => ({ user_id: 'own', previous_id: id, group_id: id, campaign_ids: [id], event: 'e', token: 't' }),
      (id) => ({ _oid: id, i: id, user_id: 'own' }),
    ];
    for (const body of bodies) {
      const ask = async (id: string) => {
        const said = list ? [body(id)] : body(id);
        const { status, text } = await send('POST', path, `Bearer ${token}`, said);
        return `${status} ${text.replaceAll(id, '<id>')}`;
      };
      const none = await ask('0'.repeat(23) + '7');
      for (const id of names) {
        assert.equal(await ask(id), none, `${path} ${JSON.stringify(body(id))}`);
        compared++;
      }
    }
  }
  assert.ok(compared > 200, `${compared}`);
});

describe('doors that let strangers in', () => {
  test('a callback: another integration with a wrong key is none', async () => {
    const ask = async (id: string) => await send('POST', `/callbacks/${id}/wrong/status`, '', {});
    const integrations = Object.values(other.bot.integrations);
    for (const id of integrations) assert.deepEqual(await ask(id), await ask('0'.repeat(24)));
  });

  test('a user of the web chat, for whoever has no token and for whoever has another’s', async () => {
    const at = `/sdk/v2/apps/${other.bot.appId}/appusers`;
    const user = other.ids.get('contacts')!;
    const named = `ada-${other.bot.appId}`;
    const callers = [
      '',
      `Basic ${Buffer.from(`${user}:not-a-token`).toString('base64')}`,
      `Bearer ${jwt(other.bot, { scope: 'appUser', userId: 'somebody' })}`,
      `Bearer ${jwt(own.bot, { scope: 'appUser', userId: named })}`,
    ];
    for (const authorization of callers)
      for (const path of ['', '/messages', '/conversation/read', '/clients', '/logout', '/upgrade'])
        for (const method of ['GET', 'POST', 'PUT'])
          for (const [there, none] of [
            [user, '0'.repeat(24)],
            [named, 'never-was-here'],
          ] as const) {
            const ask = async (id: string) => {
              const { status, text } = await send(method, `${at}/${id}${path}`, authorization, {});
              return `${status} ${text.replaceAll(id, '<id>')}`;
            };
            assert.equal(await ask(there), await ask(none), `${method} ${path} as ${authorization}`);
          }
  });
});
