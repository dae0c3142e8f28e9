/** Connect from both sides by their APIs: what a company sets and is told, what an account sees and takes back, and the walls between. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TObject } from 'typebox';
import { appendAudit } from '../src/accounts/audit.ts';
import { openSession } from '../src/accounts/operators.ts';
import { toHex24 } from '../src/base/ids.ts';
import { actorOfCompany } from '../src/connect/grants.ts';
import { wordsOf } from '../web/console/pages/apps/words.ts';
import { ROUTES as SHOUT } from '../src/doors/shout/routes.ts';
import { connectHolder, endGrant, makeGrant, newCompany, newHolder } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, must, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const receiver = await startReceiver();
let world: World;
before(async () => {
  world = await startWorld(database.connection, { PARLEY_PRIVATE_TARGETS: 'loopback' });
});
after(() => world.stop());

/** Calls the console's API of a workspace. */
async function consoleOf(workspace: { id: number; appId: string }) {
  const key = await newConsoleKey(world.ctx, workspace.id);
  return (method: string, path: string, body?: unknown) =>
    callApi(world, key, method, `/api/workspaces/${workspace.appId}${path}`, body);
}

/** Calls the API in a session of an operator. */
async function sessionOf(operator: Parameters<typeof openSession>[1]) {
  const { token } = await openSession(world.ctx.sql, operator, world.ctx.clock.nowMs());
  return (method: string, path: string, body?: unknown) =>
    callApi(world, `Bearer ${token}`, method, path, body);
}

const bodies = (path: string) => receiver.received(path).map(({ body }) => JSON.parse(body));

test('S16 nothing of Connect is there until it is enabled: by its owner for a test workspace, else by who runs Parley', async () => {
  const shop = await newWorkspace(world.ctx, 'test');
  const call = await consoleOf(shop);
  for (const path of ['/connect', '/connect/secret', '/connect/webhook', '/connect/webhook/samples'])
    assert.equal((await call('GET', path)).status, 404, path);
  assert.equal((await call('PATCH', '/connect', { name: 'Shop' })).status, 404);
  assert.equal((await call('PUT', '/connect/webhook', { url: receiver.url('/x') })).status, 404);
  const enabled = await call('PUT', '/connect/enabled', { enabled: true });
  assert.equal(enabled.status, 200, JSON.stringify(enabled.json));
  assert.equal(enabled.json.consentUrl, `${world.url}/connect/${enabled.json.clientId}`);
  assert.equal((await fetch(`${enabled.json.consentUrl}?connect_id=a`)).status, 200);
  assert.equal((await call('PUT', '/connect/enabled', { enabled: false })).json.enabled, false);
  assert.equal((await call('GET', '/connect')).status, 404);
  const live = await consoleOf(await newWorkspace(world.ctx, 'live'));
  const refused = await live('PUT', '/connect/enabled', { enabled: true });
  assert.deepEqual([refused.status, /parley connect enable/.test(refused.json.error.message)], [403, true]);
});

test('what a company shows and asks for is checked by field, and kept', async () => {
  const call = await consoleOf(await newCompany(world.ctx));
  const change = {
    name: 'Acme & Sons',
    colour: '#0A7d4f',
    logoUrl: 'https://shop.example/logo.png',
    redirectUris: ['https://shop.example/back'],
    reading: [{ title: 'What for', text: 'Orders.' }],
    asks: ['messages', 'orders'],
    signedOnly: true,
  };
  const changed = await call('PATCH', '/connect', change);
  assert.equal(changed.status, 200, JSON.stringify(changed.json));
  const { clientId: _id, ...kept } = (await call('GET', '/connect')).json;
  assert.deepEqual({ ...kept, ...change, colour: '#0a7d4f' }, kept);
  for (const [odd, field] of [
    [{ colour: 'red' }, 'colour'],
    [{ logoUrl: 'http://shop.example/l.png' }, 'logoUrl'],
    [{ redirectUris: ['https://ok.example/', 'ftp://x/'] }, 'redirectUris[1]'],
    [{ asks: ['everything'] }, 'asks[0]'],
    [{ reading: [{ title: '', text: 'x' }] }, 'reading[0].title'],
    [{ nme: 'x' }, 'nme'],
  ] as const) {
    const { status, json } = await call('PATCH', '/connect', odd);
    assert.deepEqual([status, json.error.field], [400, field], JSON.stringify(json));
  }
  assert.equal((await call('PATCH', '/connect', { logoUrl: null })).json.logoUrl, null);
});

test('S10 S11 S12 S13 S15 the webhook: samples to copy, a test call, then who connects and disconnects, with credentials and fields', async () => {
  const company = await newCompany(world.ctx);
  const call = await consoleOf(company);
  assert.equal((await call('GET', '/connect/webhook')).status, 404);
  assert.equal((await call('PUT', '/connect/webhook', {})).json.error.field, 'url');
  const set = await call('PUT', '/connect/webhook', {
    url: receiver.url('/hook'),
    username: 'shop',
    password: 'pass:word',
    fields: { source: 'parley', tier: 2 },
  });
  assert.equal(set.status, 200, JSON.stringify(set.json));
  assert.deepEqual(set.json.events, ['api_client_granted_user_created', 'api_client_granted_user_deleted']);
  assert.equal('password' in set.json, false);
  const { samples } = (await call('GET', '/connect/webhook/samples')).json;
  const test = await call('POST', '/connect/webhook/test', { event: samples[1].event });
  assert.equal(test.status, 202, JSON.stringify(test.json));
  await until('the sample came', () => bodies('/hook').length === 1);
  const [sample] = bodies('/hook');
  assert.deepEqual(
    { ...sample, created_at: '' },
    { ...samples[1].payload, created_at: '' },
    'what is shown is what is sent',
  );
  assert.deepEqual(sample.data.user_id, 112233);
  const holder = await newHolder(world.ctx);
  const { grant } = must(await connectHolder(world.ctx, company, holder, '123abc'));
  must(await endGrant(world.ctx, grant));
  must(await connectHolder(world.ctx, company, holder, '123abc'));
  await until('all came', () => bodies('/hook').length === 4);
  const told = bodies('/hook').slice(1);
  assert.deepEqual(
    told.map(({ event }) => event.split('_').at(-1)),
    ['created', 'deleted', 'created'],
  );
  for (const { data, object, id, created_at: at } of told) {
    assert.deepEqual(data, {
      connect_id: '123abc',
      connect_import_order_history_at: null,
      source: 'parley',
      tier: 2,
      user_id: holder.id,
    });
    assert.ok(object === 'webhook_event' && Number.isSafeInteger(id));
    assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
  }
  for (const { headers, body } of receiver.received('/hook')) {
    assert.equal(headers.authorization, `Basic ${Buffer.from('shop:pass:word').toString('base64')}`);
    assert.deepEqual(Object.keys(JSON.parse(body)), ['id', 'created_at', 'data', 'event', 'object']);
  }
  for (const [odd, field] of [
    [{ url: 'nowhere' }, 'url'],
    [{ username: 'a' }, 'password'],
    [{ password: 'a' }, 'username'],
    [{ username: 'a:b', password: 'c' }, 'username'],
    [{ fields: { user_id: 1 } }, 'fields.user_id'],
    [{ fields: { 'a b': 1 } }, 'fields'],
  ] as const) {
    const { status, json } = await call('PUT', '/connect/webhook', odd);
    assert.deepEqual([status, json.error.field], [400, field], JSON.stringify(json));
  }
  const open = await call('PUT', '/connect/webhook', { username: null });
  assert.deepEqual([open.json.username, open.json.url], [null, receiver.url('/hook')]);
});

test('S13 a webhook that fails is tried again, stands in the log, and is replayed', async () => {
  const company = await newCompany(world.ctx);
  const call = await consoleOf(company);
  receiver.answer('/flaky', (before) => ({ status: before === 0 ? 500 : 200 }));
  const { json } = await call('PUT', '/connect/webhook', { url: receiver.url('/flaky') });
  await makeGrant(world.ctx, { company });
  await until('it was told', () => receiver.received('/flaky').length >= 1);
  const calls = async () => (await call('GET', `/webhooks/${json.id}/calls`)).json.calls;
  await until('it is in the log', async () => (await calls())[0]?.lastStatus === 500);
  const [first] = await calls();
  assert.equal(first.trigger, 'api_client_granted_user_created');
  await until('it is delivered', async () => (await calls())[0].state === 'delivered', 30_000);
  assert.equal((await call('POST', `/webhook-calls/${first.id}/replay`)).status, 202);
  await until('it came again', () => receiver.received('/flaky').length === 3);
  assert.equal(new Set(receiver.received('/flaky').map(({ headers }) => headers['webhook-id'])).size, 1);
});

test('S8 S9 the user mapping: looked up both ways, listed page by page, and as a table', async () => {
  const company = await newCompany(world.ctx);
  const made = [];
  for (const connectId of ['a,"1"', 'b', 'c']) made.push(await makeGrant(world.ctx, { company, connectId }));
  must(await endGrant(world.ctx, made[1]!.grant));
  const get = (path: string) =>
    callApi(world, company.authorization, 'GET', `/api_client_granted_users${path}`);
  const one = await get(`/connect_id-${encodeURIComponent('a,"1"')}`);
  assert.deepEqual(Object.keys(one.json), [
    'id',
    ...Object.keys(one.json)
      .filter((name) => name !== 'id')
      .toSorted((a, b) => (a < b ? -1 : 1)),
  ]);
  assert.deepEqual((await get(`/user_id-${made[0]!.holder.id}`)).json, one.json);
  assert.deepEqual([one.json.user_id, one.json.state], [made[0]!.holder.id, 'connected']);
  assert.equal((await get('/connect_id-b')).json.state, 'disconnected');
  assert.equal((await get('/connect_id-nobody')).status, 404);
  assert.equal((await get('/b')).status, 422);
  const first = await get('?limit=2');
  assert.deepEqual([first.json.data.length, first.json.has_more], [2, true]);
  const rest = await get(`?limit=2&before_id=${first.json.next_before_id}`);
  assert.deepEqual([rest.json.data.length, rest.json.has_more, rest.json.next_before_id], [1, false, null]);
  assert.equal((await get('?state=connected')).json.data.length, 2);
  for (const query of ['?limit=0', '?limit=x', '?state=odd', '?nothing=1', '?before_id=x'])
    assert.equal((await get(query)).status, 422, query);
  const response = await fetch(`${world.url}/api_client_granted_users.csv`, {
    headers: { authorization: company.authorization },
  });
  assert.match(response.headers.get('content-type')!, /^text\/csv/);
  const lines = (await response.text()).trimEnd().split('\r\n');
  assert.equal(lines[0], 'connect_id,user_id,profile_id,created_at');
  assert.equal(lines.length, 3);
  assert.ok(lines[2]!.startsWith(`"a,""1""",${made[0]!.holder.id},`), lines[2]);
});

test('the Shout door says what is wrong in its own form, and who has no key or no Connect does nothing', async () => {
  const company = await newCompany(world.ctx);
  const at = '/api_client_granted_users';
  const none = await fetch(world.url + at);
  assert.equal(none.status, 401);
  assert.deepEqual(Object.keys((await none.json()) as object), ['error', 'errors']);
  assert.equal((await callApi(world, 'Bearer sht_x.y', 'GET', at)).status, 401);
  const basic = `Basic ${Buffer.from(company.token.replace('.', ':')).toString('base64')}`;
  assert.equal((await callApi(world, basic, 'GET', at)).status, 200);
  const { json, status } = await callApi(world, company.authorization, 'GET', `${at}?limit=0`);
  assert.deepEqual([status, json.errors], [422, { limit: ['must be a whole number from 1 to 1000'] }]);
  const absent = await callApi(world, company.authorization, 'GET', `${at}/user_id-1`);
  assert.deepEqual([absent.status, absent.json.errors], [404, {}]);
  await world.ctx.sql`UPDATE connect_clients SET enabled = false WHERE workspace_id = ${company.id}`;
  const off = await callApi(world, company.authorization, 'GET', at);
  assert.deepEqual([off.status, off.json.error], [403, 'Connect is not enabled for this workspace.']);
});

test('an account sees what it is connected to, what each may do and has done, and takes it back', async () => {
  const { company, holder, grant } = await makeGrant(world.ctx);
  const other = await makeGrant(world.ctx);
  const call = await sessionOf(holder);
  const { connections } = (await call('GET', '/api/me/connections')).json;
  assert.equal(connections.length, 1);
  const [mine] = connections;
  assert.deepEqual([mine.company.name, mine.connectId, mine.disconnectedAt], ['Acme', grant.connectId, null]);
  assert.match(mine.allows.find(({ ability }: { ability: string }) => ability === 'orders').means, /orders/);
  const entry = { action: 'order.create', subject: 'order:1', detail: { total: 1 }, nowMs: 1 };
  for (const actor of [actorOfCompany(grant), 'operator:1'])
    await appendAudit(world.ctx.sql, world.ctx.ids, { workspaceId: holder.workspaceId, actor, ...entry });
  const { entries } = (await call('GET', `/api/me/connections/${mine.id}/history`)).json;
  assert.deepEqual(
    entries.map(({ action, subject }: Record<string, string>) => [action, subject]),
    [['order.create', 'order:1']],
  );
  const stranger = await sessionOf(other.holder);
  for (const [method, path] of [
    ['GET', `/api/me/connections/${mine.id}/history`],
    ['DELETE', `/api/me/connections/${mine.id}`],
  ] as const)
    assert.equal((await stranger(method, path)).status, 404, path);
  assert.equal((await call('DELETE', `/api/me/connections/${mine.id}`)).status, 204);
  assert.equal((await call('DELETE', `/api/me/connections/${mine.id}`)).status, 404);
  const ended = (await call('GET', '/api/me/connections')).json.connections[0];
  assert.equal(ended.endedBy, 'holder');
  const seen = await callApi(
    world,
    company.authorization,
    'GET',
    `/api_client_granted_users/user_id-${holder.id}`,
  );
  assert.equal(seen.json.state, 'disconnected');
});

test('what a company did is said in words, and what has none is not left out', () => {
  const said = (action: string, subject = '', detail = {}) => wordsOf({ action, subject, detail });
  assert.equal(said('order.create', 'order:234868'), 'Created order 234868');
  assert.equal(said('order.create'), 'Told an order, which your account does not take');
  assert.equal(said('order.delete', 'order:1'), 'Deleted order 1');
  assert.equal(said('order.batch', '', { created: 1200, refused: 1 }), 'Created 1,200 orders in one go');
  assert.equal(said('order.batch', '', { created: 1 }), 'Created 1 order in one go');
  assert.equal(said('action.offer', 'action:welcome'), 'Offered the action welcome');
  assert.equal(said('thing.done', 'thing:1'), 'thing.done thing:1');
});

test('a company disconnects somebody, and the account sees who did', async () => {
  const { company, holder, grant } = await makeGrant(world.ctx);
  const call = await consoleOf(company);
  const { grants } = (await call('GET', '/connect/grants?state=connected')).json;
  assert.deepEqual([grants.length, grants[0].userId, grants[0].id], [1, holder.id, toHex24(grant.id)]);
  assert.equal((await call('DELETE', `/connect/grants/${grants[0].id}`)).status, 204);
  const { connections } = (await (await sessionOf(holder))('GET', '/api/me/connections')).json;
  assert.equal(connections[0].endedBy, 'company');
});

test('an account that is no owner of its workspace any more is acted for no more', async () => {
  const { company, holder } = await makeGrant(world.ctx);
  await world.ctx.sql`DELETE FROM memberships WHERE operator_id = ${holder.id}`;
  const seen = await callApi(world, company.authorization, 'POST', '/messages/send_shout_message', {
    message: { body: 'Hello', user_id: holder.id },
  });
  assert.ok([403, 404].includes(seen.status), String(seen.status));
});

/** An account of a company with an order in it; what is there of both, as text; and all by which it could be named. */
async function walled() {
  const { sql } = world.ctx;
  const { company, holder, grant } = await makeGrant(world.ctx, { connectId: 'theirs' });
  const told = { description: 'Wall paper', reference_id: 'ref-theirs', profile_email: 'jan@theirs.example' };
  const made = await callApi(
    world,
    company.authorization,
    'POST',
    '/orders',
    { order: told },
    { 'x-shout-connect-id': 'theirs' },
  );
  assert.equal(made.status, 201, JSON.stringify(made.json));
  const state = async () => {
    const tables = ['contacts', 'messages', 'orders', 'broadcasts', 'audit_log'];
    const ids = [company.id, holder.workspaceId];
    const rows = await Promise.all(
      tables.map((table) =>
        sql.unsafe(`SELECT * FROM ${table} WHERE workspace_id = ANY('{${ids.join()}}') ORDER BY id`),
      ),
    );
    const grants = await sql`SELECT * FROM connect_grants WHERE holder_id = ${holder.id} ORDER BY id`;
    return JSON.stringify([grants, ...rows]);
  };
  const order = made.json;
  const names = ['connect_id-theirs', `user_id-${holder.id}`, 'reference_id-ref-theirs', String(order.id)];
  const secrets = new RegExp([grant.contactId, holder.email, order.id, 'Wall paper', 'jan@'].join('|'));
  return { holder, state, names: [...names, String(grant.id), String(grant.contactId)], secrets };
}

test('walls: every route of the door with another company’s ids finds nobody and changes nothing', async () => {
  const { holder, state, names, secrets } = await walled();
  const mine = await newCompany(world.ctx);
  const before = await state();
  const whole: Record<string, unknown> = {
    message: { body: 'Hi', user_id: holder.id },
    broadcast_message: { body: 'Hi', included_user_ids: holder.id, included_connect_ids: 'theirs' },
    order: { description: 'x', total_cents: 1 },
    orders: [{ description: 'x', total_cents: 1 }],
  };
  const answers: Record<string, number[]> = {};
  for (const { method, path, ...route } of SHOUT) {
    const fields = 'body' in route && route.body ? Object.keys((route.body as TObject).properties) : [];
    const body = JSON.stringify(Object.fromEntries(fields.map((field) => [field, whole[field]])));
    const seen = new Set<number>();
    for (const name of path.includes(':') ? names : [''])
      for (const header of [{ 'x-shout-connect-id': 'theirs' }, { 'x-shout-user-id': String(holder.id) }]) {
        const to = path.replaceAll(/:\w+/g, name);
        const headers = { authorization: mine.authorization, 'content-type': 'application/json', ...header };
        const sent = fields.length ? { method, headers, body } : { method, headers };
        const response = await fetch(world.url + to, sent);
        assert.doesNotMatch(await response.text(), secrets, `${method} ${to}`);
        seen.add(response.status);
      }
    answers[`${method} ${path}`] = [...seen].toSorted((a, b) => a - b);
  }
  assert.equal(await state(), before);
  const nobody = [404];
  assert.deepEqual(answers, {
    // Lists are of the company's own.
    'GET /api_client_granted_users': [200],
    'GET /api_client_granted_users.csv': [200],
    'GET /api_client_granted_users/:user': [404, 422],
    'DELETE /api_client_granted_users/:user': [404, 422],
    'GET /orders': nobody,
    'POST /orders': nobody,
    'POST /orders/batch': nobody,
    'GET /orders/:order': nobody,
    'PUT /orders/:order': nobody,
    'DELETE /orders/:order': nobody,
    // It names nobody.
    'POST /messages/send_announcement': [422],
    'POST /messages/send_shout_message': nobody,
    'POST /messages/send_connect_notification': nobody,
    // Who is not connected is passed over.
    'POST /messages/broadcast_message': [201],
    'POST /broadcast_messages/send_shout_message': [201],
    'POST /broadcast_messages/send_connect_notification': [201],
  });
  await until('what was said to nobody is over', async () => {
    const rows = await world.ctx
      .sql`SELECT 1 FROM broadcasts WHERE workspace_id = ${mine.id} AND state <> 'done'`;
    return rows.length === 0;
  });
  assert.equal(await state(), before);
});

test('walls: of an account that both are connected to, a company reaches the orders that it told and no others', async () => {
  const { holder, state, names, secrets } = await walled();
  const mine = await newCompany(world.ctx);
  must(await connectHolder(world.ctx, mine, holder, 'mine'));
  const before = await state();
  const by = (method: string, path: string, body?: unknown) =>
    callApi(world, mine.authorization, method, path, body, { 'x-shout-connect-id': 'mine' });
  for (const method of ['GET', 'PUT', 'DELETE'])
    for (const name of names) {
      const seen = await by(
        method,
        `/orders/${name}`,
        method === 'PUT' ? { order: { description: 'x' } } : undefined,
      );
      assert.equal(seen.status, 404, `${method} ${name}`);
      assert.doesNotMatch(JSON.stringify(seen.json), secrets);
    }
  assert.deepEqual((await by('GET', '/orders')).json.data, []);
  assert.equal(await state(), before);
});
