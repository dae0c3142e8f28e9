/**
 * The doors that no role opens, since people who are reached come through them: the SDKs' side, the web chat's page, the live channel.
 * Every route of them is tried with whatever opens other doors, by members of every role and by other people: it opens none, and what
 * opens it is a session or a token of the one person.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { createKey, type DoorName } from '../src/accounts/keys.ts';
import { createOperator, setMember } from '../src/accounts/operators.ts';
import { ROLES } from '../contract/roles.ts';
import { OTHERS } from '../src/doors/reference/others.ts';
import { SDK_ROUTES } from '../src/doors/sunshine/sdkRoutes.ts';
import { errors, jwt, must, startProduct, type App } from './sunshineProduct.ts';
import { newBot } from './web1on1Product.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct({ rateLimitPerS: 0 });
const { ctx, url, sql } = product;
/** What opens some door, by name; none of it is the person's own. */
const others = new Map<string, string>([['nobody', '']]);
let app: App;
let own: { userId: string; token: string; basic: string };

/** A person as the SDK makes one, with a session. */
async function person(of: App): Promise<{ userId: string; token: string; basic: string }> {
  const response = await fetch(`${url}/sdk/v2/apps/${of.appId}/appusers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client: { id: `client-${Math.random()}`, platform: 'web' } }),
  });
  const { appUser, sessionToken } = (await response.json()) as Json;
  const basic = `Basic ${Buffer.from(`${appUser._id}:${sessionToken}`).toString('base64')}`;
  return { userId: appUser._id, token: sessionToken, basic };
}

async function keyOf(
  owner: { workspaceId: number } | { operatorId: number },
  door: DoorName,
  scopes?: string[],
) {
  const made = await sql.begin((tx) =>
    createKey(tx, ctx, { owner, door, nowMs: ctx.clock.nowMs(), ...(scopes ? { scopes } : {}) }),
  );
  return must(made);
}

before(async () => {
  const bot = await newBot(product);
  app = bot;
  own = await person(app);
  for (const [at, role] of ROLES.entries()) {
    const operatorId = await sql.begin(async (tx) => {
      const email = `people${at}@roles.example`;
      const password = 'correct horse battery';
      const made = must(
        await createOperator(tx, ctx.ids, { email, name: role, password, nowMs: ctx.clock.nowMs() }),
      );
      must(await setMember(tx, { workspaceId: app.workspaceId, operatorId: made.id, role }));
      return made.id;
    });
    others.set(
      `${role} by the console`,
      `Bearer ${(await keyOf({ operatorId }, 'console', ['owner'])).token}`,
    );
    const { key, secret } = await keyOf({ operatorId }, 'sunshine');
    others.set(`${role} by Sunshine`, `Bearer ${jwt({ keyId: key.keyId, secret }, { scope: 'account' })}`);
  }
  for (const scope of ['private', 'public'])
    others.set(
      `Outbound ${scope}`,
      `Bearer ${(await keyOf({ workspaceId: app.workspaceId }, 'outbound', [scope])).token}`,
    );
  others.set('Web1on1', `Bearer ${bot.token}`);
  others.set('the app', `Bearer ${jwt(app, { scope: 'app' })}`);
  const neighbour = await product.newApp();
  others.set('another person', (await person(app)).basic);
  others.set('another workspace’s person', (await person(neighbour)).basic);
  others.set('another person by token', `Bearer ${jwt(app, { scope: 'appUser', userId: 'somebody-else' })}`);
  others.set(
    'another workspace’s token',
    `Bearer ${jwt(neighbour, { scope: 'appUser', userId: own.userId })}`,
  );
  others.set('the id with a wrong session', `Basic ${Buffer.from(`${own.userId}:guess`).toString('base64')}`);
  others.set('nonsense', 'Bearer nonsense');
});

async function send(method: string, path: string, authorization: string, body = '{}') {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    ...(method === 'GET' || method === 'DELETE' ? {} : { body }),
  });
  const text = response.headers.get('content-type') === 'text/event-stream' ? '' : await response.text();
  if (!text) await response.body?.cancel();
  return { status: response.status, text };
}

/** How many rows there are of all that these doors could change. */
async function kept(): Promise<unknown> {
  const [row] = await sql`
    SELECT (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM destinations) AS destinations,
      (SELECT count(*) FROM contacts) AS contacts, (SELECT count(*) FROM chat_sessions) AS sessions`;
  return row;
}

describe('every route of the SDKs’ door', () => {
  const OPEN = new Set(['GET /config', 'POST /appusers', 'POST /login', 'POST /appusers/authcode']);
  const closed = SDK_ROUTES.filter(({ method, path }) => !OPEN.has(`${method} ${path}`));
  const pathOf = (path: string) =>
    `/sdk/v2/apps/${app.appId}${path.replace(':userId', own.userId).replace(':clientId', 'a'.repeat(24))}`;

  test('is a user’s own, or says who may', async () => {
    assert.ok(closed.length >= 12, `${closed.length}`);
    const before = await kept();
    for (const { method, path } of closed)
      for (const [who, authorization] of others) {
        const { status, text } = await send(method, pathOf(path), authorization);
        assert.ok(
          [401, 403, 404].includes(status),
          `${who}: ${method} ${path} → ${status} ${text.slice(0, 200)}`,
        );
      }
    assert.deepEqual(await kept(), before);
  });

  test('opens for the user', async () => {
    for (const { method, path } of closed.toSorted(
      (a, b) => Number(/logout|upgrade/.test(a.path)) - Number(/logout|upgrade/.test(b.path)),
    )) {
      if (/logout/.test(path)) continue;
      const { status, text } = await send(method, pathOf(path), own.basic);
      assert.ok(
        ![401, 403].includes(status) && status < 500,
        `${method} ${path} → ${status} ${text.slice(0, 200)}`,
      );
    }
  });
});

test('every route of the web chat’s page that is not open takes a session, and nothing else', async () => {
  const routes = OTHERS.filter(({ path, open }) => path.startsWith('/chat') && !open);
  assert.ok(routes.length >= 5, routes.map(({ path }) => path).join(', '));
  const before = await kept();
  for (const { method, path } of routes)
    for (const [who, authorization] of others) {
      if (who.endsWith('person')) continue;
      await sql`DELETE FROM allowances`;
      const { status, text } = await send(method, path, authorization, '{"text":"Hello"}');
      assert.equal(status, 401, `${who}: ${method} ${path} → ${status} ${text.slice(0, 200)}`);
    }
  assert.deepEqual(await kept(), before);
});

test('the live channel says hello to a person’s session or token, and to nobody by another key', async () => {
  const answer = async (token: string): Promise<string> => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/live`);
    const said = await new Promise<string>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, token })));
      socket.on('message', (data: Buffer) => resolve((JSON.parse(data.toString()) as { type: string }).type));
      socket.on('close', (code) => resolve(`closed ${code}`));
    });
    socket.terminate();
    return said;
  };
  for (const [who, authorization] of others) {
    // Who is a person somewhere is let in as that.
    if (/person|workspace’s token/.test(who)) continue;
    const said = await answer(authorization.replace(/^\w+ /, ''));
    assert.match(said, /^closed 4/, `${who}: ${said}`);
  }
  assert.doesNotMatch(await answer((await person(app)).token), /^closed/);
});

test('none of it was an error of ours', () => assert.deepEqual(errors, []));
