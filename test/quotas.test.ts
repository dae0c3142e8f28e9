/** How much one operator, one network and one workspace may make without anybody's asking; beyond it each door says so in its own form. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { createAllowances } from '../src/accounts/allowances.ts';
import { createKey } from '../src/accounts/keys.ts';
import { createOwnWorkspace } from '../src/accounts/workspaces.ts';
import { isFault } from '../src/base/fault.ts';
import { networkOf } from '../src/base/network.ts';
import { jwt, must, startProduct } from './sunshineProduct.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct({
  rateLimitPerS: 0,
  trustedProxies: ['loopback'],
  workspacesPerOperator: 3,
  guestsPerNetwork: 3,
  guestsPerWorkspace: 5,
  guestMessagesPerNetwork: 4,
  guestMessagesPerWorkspace: 6,
});
const { url, sql, ctx } = product;

async function send(method: string, path: string, from: string, body?: object, authorization?: string) {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': from };
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, ...(authorization ? { authorization } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return {
    status: response.status,
    retryAfter: Number(response.headers.get('retry-after')),
    body: text ? JSON.parse(text) : undefined,
  };
}

const enter = (appId: string, from: string) =>
  send('POST', `/sdk/v2/apps/${appId}/appusers`, from, { client: { id: 'c', platform: 'web' } });
const basic = (user: Json) =>
  `Basic ${Buffer.from(`${user.appUser._id}:${user.sessionToken}`).toString('base64')}`;

describe('workspaces of an operator', () => {
  test('are bounded where operators make them, and one that is deleted makes room', async () => {
    const app = await product.newApp();
    const authorization = `Bearer ${jwt(app.account, { scope: 'account' })}`;
    const make = () => send('POST', '/v1.1/apps', '10.0.0.1', { name: 'Another' }, authorization);
    const made = [await make(), await make()];
    assert.deepEqual(
      made.map(({ status }) => status),
      [201, 201],
    );
    const refused = await make();
    assert.equal(refused.status, 403);
    assert.deepEqual(refused.body, {
      error: { code: 'forbidden', description: 'You own 3 workspaces, and may own 3: delete one first.' },
    });
    const appId = made[0]!.body.app._id;
    assert.equal(
      (await send('DELETE', `/v1.1/apps/${appId}`, '10.0.0.1', undefined, authorization)).status,
      200,
    );
    assert.equal((await make()).status, 201);
  });

  test('that are made at once count each other; the workspaces of others do not count', async () => {
    const [one] = await sql<{ id: number }[]>`SELECT id FROM operators ORDER BY id DESC LIMIT 1`;
    await sql`UPDATE memberships SET role = 'admin' WHERE operator_id = ${one!.id}`;
    const make = () =>
      sql.begin((tx) =>
        createOwnWorkspace(
          tx,
          ctx.ids,
          { name: 'W', environment: 'live', ownerId: one!.id, nowMs: ctx.clock.nowMs() },
          2,
        ),
      );
    const made = await Promise.all([make(), make(), make(), make()]);
    assert.equal(made.filter((outcome) => !isFault(outcome)).length, 2);
  });
});

describe('guests of a web chat', () => {
  test('new ones are bounded for a network and a workspace, and other networks and workspaces go on', async () => {
    const [app, other] = [await product.newApp(), await product.newApp()];
    const statuses = async (from: string, count: number) => {
      const all: number[] = [];
      for (let i = 0; i < count; i++) all.push((await enter(app.appId, from)).status);
      return all;
    };
    assert.deepEqual(await statuses('10.1.0.1', 4), [201, 201, 201, 429]);
    const refused = await enter(app.appId, '10.1.0.1');
    assert.match(refused.body.error.description, /^Too many new guests on the web chat/);
    assert.ok(refused.retryAfter > 60 && refused.retryAfter <= 1200, `${refused.retryAfter}`);
    // All addresses of an IPv6 network are one; the third is the sixth of the workspace.
    assert.deepEqual(await statuses('2001:db8::1', 1), [201]);
    assert.deepEqual(await statuses('2001:db8::2', 2), [201, 429]);
    assert.equal((await enter(other.appId, '10.1.0.1')).status, 201);
    // Whom the business names is no guest.
    const authorization = `Bearer ${jwt(app, { scope: 'appUser', userId: 'u1' })}`;
    const body = { userId: 'u1', client: { id: 'c' } };
    const named = await send('POST', `/sdk/v2/apps/${app.appId}/appusers`, '10.1.0.1', body, authorization);
    assert.equal(named.status, 201);
  });

  test('what they say is bounded at all three doors together, each in its own form', async () => {
    const app = await product.newApp();
    const { body: user } = await enter(app.appId, '10.2.0.1');
    const messages = `/sdk/v2/apps/${app.appId}/appusers/${user.appUser._id}/messages`;
    const say = (from: string) =>
      send('POST', messages, from, { message: { type: 'text', text: 'Hi', role: 'appUser' } }, basic(user));
    const chat = (from: string) =>
      send('POST', '/chat/messages', from, { text: 'Hi' }, `Bearer ${user.sessionToken}`);
    assert.deepEqual([(await say('10.2.0.1')).status, (await chat('10.2.0.1')).status], [201, 201]);
    assert.equal((await live(user.sessionToken, '10.2.0.1')).type, 'ack');
    assert.equal((await say('10.2.0.1')).status, 201);
    const [sdk, page] = [await say('10.2.0.1'), await chat('10.2.0.1')];
    for (const refused of [sdk, page]) {
      assert.deepEqual([refused.status, refused.body.error.code], [429, 'rate_limited']);
      assert.ok(refused.retryAfter > 0);
    }
    const frame = await live(user.sessionToken, '10.2.0.1');
    assert.deepEqual([frame.type, frame.code, frame.retry], ['refused', 'rate_limited', true]);
    // The rest of the workspace's is another network's.
    assert.deepEqual([(await say('10.2.0.2')).status, (await chat('10.2.0.3')).status], [201, 201]);
    assert.equal((await say('10.2.0.4')).status, 429);
    const [row] = await sql`SELECT count(*) AS n FROM messages WHERE workspace_id = ${app.workspaceId}`;
    assert.equal(row!['n'], 6);
  });
});

test('what a guest sends counts by its size as well', async () => {
  const app = await product.newApp();
  const { body: user } = await enter(app.appId, '10.4.0.1');
  const send = async (bytes: number) => {
    const form = new FormData();
    form.set('source', new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'a.png');
    form.set('role', 'appUser');
    const path = `/sdk/v2/apps/${app.appId}/appusers/${user.appUser._id}/images`;
    const headers = { authorization: basic(user), 'x-forwarded-for': '10.4.0.1' };
    return (await fetch(url + path, { method: 'POST', headers, body: form })).status;
  };
  assert.deepEqual([await send(1_000), await send(150_000), await send(1_000)], [201, 201, 429]);
});

describe('users that a browser names by the public key', () => {
  const keyOf = async (workspaceId: number, scope: 'public' | 'private') => {
    const nowMs = ctx.clock.nowMs();
    const asked = { owner: { workspaceId }, door: 'outbound' as const, scopes: [scope], nowMs };
    return must(await sql.begin((tx) => createKey(tx, ctx, asked))).token;
  };
  const tell = async (key: string, path: string, from: string, body: object) => {
    const headers = { 'content-type': 'application/json', 'x-outbound-key': key, 'x-forwarded-for': from };
    const response = await fetch(`${url}/v2/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    await response.text();
    return response.status;
  };

  test('are bounded as guests are, one by one or in a list; the private key makes as many as it likes', async () => {
    const app = await product.newApp();
    const [open, own] = [await keyOf(app.workspaceId, 'public'), await keyOf(app.workspaceId, 'private')];
    const list = (...ids: string[]) => ids.map((id) => ({ user_id: id }));
    const statuses = [
      await tell(open, 'identify', '10.5.0.1', { user_id: 'a' }),
      await tell(open, 'identify/batch', '10.5.0.1', list('b', 'b', 'c', 'a')),
      await tell(open, 'track', '10.5.0.1', { user_id: 'd', event: 'x' }),
      // Those who are known stay welcome, and so does another network, while the workspace has room.
      await tell(open, 'identify', '10.5.0.1', { user_id: 'a', first_name: 'A' }),
      await tell(open, 'track', '10.5.0.1', { user_id: 'c', event: 'x' }),
      await tell(open, 'track', '10.5.0.2', { user_id: 'd', event: 'x' }),
      await tell(open, 'fcm/register', '10.5.0.3', { user_id: 'e', token: 't' }),
      await tell(open, 'track', '10.5.0.4', { user_id: 'f', event: 'x' }),
      await tell(own, 'identify/batch', '10.5.0.4', list('f', 'g', 'h', 'i')),
    ];
    assert.deepEqual(statuses, [200, 200, 429, 200, 200, 200, 200, 429, 200]);
    const [row] = await sql`SELECT count(*) AS n FROM contacts WHERE workspace_id = ${app.workspaceId}`;
    assert.equal(row!['n'], 9);
  });

  test('count with the groups that they are told to be in, and it is said what there is too much of', async () => {
    const app = await product.newApp();
    const open = await keyOf(app.workspaceId, 'public');
    const inGroup = (id: string) => ({ user_id: 'a', group_id: id });
    const statuses: number[] = [];
    for (const id of ['g', 'h', 'g', 'i', 'h'])
      statuses.push(await tell(open, 'identify', '10.7.0.1', inGroup(id)));
    assert.deepEqual(statuses, [200, 200, 200, 429, 200]);
    const headers = { 'x-outbound-key': open, 'x-forwarded-for': '10.7.0.1' };
    const body = JSON.stringify(inGroup('i'));
    const said = await fetch(`${url}/v2/identify`, { method: 'POST', headers, body });
    assert.match(await said.text(), /"Too many new users and groups by the public key; try again later\."/);
  });

  test('have so many devices, of which the newest stay', async () => {
    const app = await product.newApp();
    const open = await keyOf(app.workspaceId, 'public');
    const names = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => `token-${from + n}`);
    for (const fcm of [names(0, 20), names(20, 24), names(24, 31)])
      assert.equal(await tell(open, 'identify', '10.6.0.1', { user_id: 'a', fcm }), 200);
    const rows = await sql<{ address: string }[]>`
      SELECT address FROM destinations WHERE workspace_id = ${app.workspaceId} AND channel = 'push'`;
    const kept = new Set(rows.map(({ address }) => address));
    assert.equal(kept.size, 25);
    assert.ok(
      names(20, 31).every((name) => kept.has(name)),
      [...kept].join(' '),
    );
  });
});

/** Says something on the live channel; the answer to it. */
async function live(token: string, from: string): Promise<Json> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live`, { headers: { 'x-forwarded-for': from } });
  try {
    return await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, token })));
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString());
        if (frame.type === 'welcome')
          socket.send(
            JSON.stringify({ type: 'say', clientId: 'one', content: { type: 'text', text: 'Hi' } }),
          );
        if (frame.type === 'ack' || frame.type === 'refused') resolve(frame);
      });
      socket.on('close', (code, reason) => reject(new Error(`${code} ${reason.toString()}`)));
    });
  } finally {
    socket.terminate();
  }
}

test('an allowance comes back with time, over all processes, whoever asks at once', async () => {
  const [one, two] = [createAllowances(sql, 'a secret'), createAllowances(sql, 'a secret')];
  const take = (by: typeof one, nowMs: number) => by.take('a', { most: 10, windowMs: 60_000 }, nowMs);
  const waits = await Promise.all(Array.from({ length: 15 }, (_, i) => take(i % 2 ? one : two, 1_000_000)));
  assert.deepEqual(
    waits.toSorted((a, b) => a - b),
    [...Array<number>(10).fill(0), ...Array<number>(5).fill(6000)],
  );
  assert.equal(await take(one, 1_005_999), 1);
  assert.equal(await take(one, 1_006_000), 0);
  assert.equal(await take(two, 1_006_000), 6000);
  // A clock that stands behind gives nothing back.
  assert.ok((await take(two, 900_000)) > 6000);
  assert.equal(await take(two, 1_100_000), 0);
});

test('the network of an address', () => {
  const cases: [string, string][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:DB8:1:2:3::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ];
  for (const [address, network] of cases) assert.equal(networkOf(address), network);
});
