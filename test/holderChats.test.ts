/** An account holder's side of what a company says: reading it, what one is told of, what is read, answering; and the walls around it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSession } from '../src/accounts/operators.ts';
import { toHex24 } from '../src/base/ids.ts';
import { linkDestination } from '../src/contacts/destinations.ts';
import { stepHandlersOf } from '../src/stepHandlers.ts';
import {
  connectHolder,
  endGrant,
  makeGrant,
  newCompany,
  newHolder,
  type Company,
  type Holder,
} from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { withPush } from './support/groups.ts';
import { newConsoleKey } from './support/messages.ts';
import { until } from './support/until.ts';
import { callApi, must, startWorld, type World } from './support/world.ts';

const { connection, sql } = await testDatabase();
let world: World;
let company: Company;
let atCompany: Awaited<ReturnType<typeof consoleOf>>;
before(async () => {
  world = await startWorld(connection);
  company = await newCompany(world.ctx);
  await withPush(world.ctx, company.id);
  atCompany = await consoleOf(company);
  assert.equal((await atCompany('PUT', '/announcements', { name: 'News' })).status, 200);
});
after(() => world.stop());

async function consoleOf(workspace: { id: number; appId: string }) {
  const key = await newConsoleKey(world.ctx, workspace.id);
  return (method: string, path: string, body?: unknown) =>
    callApi(world, key, method, `/api/workspaces/${workspace.appId}${path}`, body);
}

let named = 0;
/** A connected account with a device, and its calls: of the API, and of its conversations with the company. */
async function account() {
  const { ctx } = world;
  const { grant, holder } = await makeGrant(ctx, { company });
  const address = `holder-${++named}`;
  const device = { workspaceId: company.id, contactId: grant.contactId, integrationId: null, address };
  await ctx.queue.transact(async (tx) =>
    must(
      await linkDestination(tx, ctx.ids, ctx.clock.nowMs(), { ...device, channel: 'push', status: 'active' }),
    ),
  );
  const { token } = await openSession(ctx.sql, holder, ctx.clock.nowMs());
  const api = (method: string, path: string, body?: unknown) =>
    callApi(world, `Bearer ${token}`, method, path, body);
  const base = `/api/me/connections/${toHex24(grant.id)}/conversations`;
  const call = (method: string, path: string, body?: unknown) => api(method, base + path, body);
  const chats = async () =>
    Object.fromEntries((await call('GET', '')).json.conversations.map((chat: any) => [chat.kind, chat]));
  await until('it is in the announcements', async () => (await chats())['announcements'] !== undefined);
  return { grant, holder, contact: toHex24(grant.contactId), address, api, base, call, chats };
}

const text = (said: string) => ({ content: { type: 'text', text: said } });
const say = (contact: string, kind: 'direct' | 'notices', said: string) =>
  atCompany('POST', `/accounts/${contact}/messages`, { kind, ...text(said) });
const announce = async (said: string) => {
  const { id } = (await atCompany('GET', '/announcements')).json;
  const made = await atCompany('POST', `/groups/${id}/posts`, text(said));
  assert.equal(made.status, 201, JSON.stringify(made.json));
};
const toldOf = async (said: string) =>
  (
    await sql<
      { address: string }[]
    >`SELECT address FROM simulated_messages WHERE rendered ->> 'body' = ${said}`
  ).map(({ address }) => address);
/** Everything that was said has gone to whom it goes. */
const done = () =>
  until('all is through', async () => {
    const rows = await sql`
      SELECT 1 FROM broadcasts WHERE origin IS NOT NULL AND state <> 'done' UNION ALL SELECT 1 FROM feed LIMIT 1`;
    return rows.length === 0;
  });
const texts = (page: { json: any }) => page.json.messages.map(({ content }: any) => content.text);

test('S45 S51 S52 S57 an account sees its conversations, what was said there and what is unread; two marks at once', async () => {
  const one = await account();
  await announce('to everyone');
  assert.equal((await say(one.contact, 'direct', 'hello')).status, 201);
  assert.equal((await say(one.contact, 'direct', 'hello again')).status, 201);
  assert.equal((await say(one.contact, 'notices', 'you have an order')).status, 201);
  const audience = { include: { contacts: [one.contact] } };
  const many = { kind: 'notices', ...text('to many'), audience };
  assert.equal((await atCompany('POST', '/accounts/broadcasts', many)).status, 202);
  await done();
  const { direct, notices, announcements } = await one.chats();
  assert.deepEqual([direct.unread, notices.unread, announcements.unread], [2, 2, 1]);
  assert.deepEqual([direct.name, announcements.name, direct.notify], ['Acme', 'News', 'all']);
  const page = await one.call('GET', `/${direct.id}/messages`);
  assert.deepEqual(texts(page), ['hello again', 'hello']);
  assert.deepEqual(texts(await one.call('GET', `/${notices.id}/messages`)).toSorted(), [
    'to many',
    'you have an order',
  ]);
  assert.ok(texts(await one.call('GET', `/${announcements.id}/messages`)).includes('to everyone'));
  // Page by page.
  const first = await one.call('GET', `/${direct.id}/messages?limit=1`);
  const second = await one.call('GET', `/${direct.id}/messages?limit=1&before=${first.json.next}`);
  assert.deepEqual([texts(first), texts(second), second.json.next], [['hello again'], ['hello'], null]);
  // An earlier mark that comes later takes nothing back.
  const [newer, older] = page.json.messages;
  const mark = (id: string, body: object) => one.call('POST', `/${id}/read`, body);
  await mark(direct.id, { upTo: older.id });
  assert.equal((await one.chats())['direct'].unread, older.at === newer.at ? 0 : 1);
  const both = await Promise.all([mark(direct.id, {}), mark(direct.id, { upTo: older.id })]);
  assert.deepEqual(
    both.map(({ status }) => status),
    [204, 204],
  );
  for (const { id } of [notices, announcements]) assert.equal((await mark(id, {})).status, 204);
  const read = await one.chats();
  assert.deepEqual(
    ['direct', 'notices', 'announcements'].map((kind) => read[kind].unread),
    [0, 0, 0],
  );
  const odd = await mark(notices.id, { upTo: older.id });
  assert.deepEqual([odd.status, odd.json.error.field], [404, 'upTo']);
});

test('S42 the announcements look as the company sets them; what it does not name stays', async () => {
  const one = await account();
  const looks = {
    name: 'Acme daily',
    description: 'What is new',
    photoUrl: 'https://acme.example/photo.png',
    coverUrl: 'https://acme.example/cover.png',
  };
  const looking = async () => {
    const { name, description, photoUrl, coverUrl } = (await atCompany('GET', '/announcements')).json;
    return { name, description, photoUrl, coverUrl };
  };
  assert.equal((await atCompany('PUT', '/announcements', looks)).status, 200);
  assert.deepEqual(await looking(), looks);
  assert.equal((await one.chats())['announcements'].name, 'Acme daily');
  assert.equal((await atCompany('PUT', '/announcements', { name: 'News', coverUrl: null })).status, 200);
  assert.deepEqual(await looking(), { ...looks, name: 'News', coverUrl: null });
  const odd = await atCompany('PUT', '/announcements', { photoUrl: 'javascript:alert(1)' });
  assert.deepEqual([odd.status, odd.json.error.field], [400, 'photoUrl']);
});

test('S46 S53 what an account is told of: nothing, or nothing until a time; it is there to be read all the same', async () => {
  const [one, other] = [await account(), await account()];
  const { direct, announcements } = await one.chats();
  const off = await one.call('PATCH', `/${announcements.id}`, { notify: 'none' });
  assert.deepEqual([off.status, off.json], [200, { notify: 'none', mutedUntil: null }]);
  const mutedUntil = '2100-01-01T00:00:00.000Z';
  assert.equal((await one.call('PATCH', `/${direct.id}`, { mutedUntil })).json.mutedUntil, mutedUntil);
  await announce('quietly');
  await say(one.contact, 'direct', 'under mute');
  await say(one.contact, 'notices', 'loudly');
  await done();
  await until('what is not muted is told', async () => (await toldOf('loudly')).length === 1);
  await until('the other is told', async () => (await toldOf('quietly')).includes(other.address));
  assert.ok(!(await toldOf('quietly')).includes(one.address));
  assert.deepEqual(await toldOf('under mute'), []);
  const now = await one.chats();
  assert.deepEqual([now['announcements'].unread, now['direct'].unread], [1, 1]);
  assert.deepEqual([now['announcements'].notify, now['direct'].mutedUntil], ['none', mutedUntil]);
  await one.call('PATCH', `/${direct.id}`, { mutedUntil: null });
  await say(one.contact, 'direct', 'heard again');
  await until('it is told again', async () => (await toldOf('heard again')).length === 1);
  const mentions = await one.call('PATCH', `/${direct.id}`, { notify: 'mentions' });
  assert.deepEqual([mentions.status, mentions.json.error.field], [422, 'notify']);
});

test('S51 S57 an answer in the direct conversation is kept and seen by the company; notifications and announcements take none', async () => {
  const one = await account();
  await say(one.contact, 'direct', 'shall we?');
  const { direct, notices, announcements } = await one.chats();
  const said = await one.call('POST', `/${direct.id}/messages`, text('yes, let us'));
  assert.deepEqual([said.status, said.json.own, said.json.content.text], [201, true, 'yes, let us']);
  assert.deepEqual(texts(await one.call('GET', `/${direct.id}/messages`)), ['yes, let us', 'shall we?']);
  const seen = await atCompany(
    'GET',
    `/conversations/${toHex24(await conversationOf(one.grant.contactId))}/messages`,
  );
  assert.match(JSON.stringify(seen.json), /yes, let us/);
  for (const [chat, why] of [
    [notices, /one way.*direct conversation/],
    [announcements, /one way.*direct conversation/],
  ] as const) {
    const refused = await one.call('POST', `/${chat.id}/messages`, text('no thanks'));
    assert.equal(refused.status, 403);
    assert.match(refused.json.error.message, why);
  }
  const odd = await one.call('POST', `/${direct.id}/messages`, { content: { type: 'nothing' } });
  assert.equal(odd.status, 400);
});

test('S5 S44 in a group the members post; the company adds only whom it may', async () => {
  const [one, other] = [await account(), await account()];
  const group = (await atCompany('POST', '/groups', { name: 'New members' })).json;
  const added = await atCompany('POST', `/groups/${group.id}/members`, { add: [one.contact, other.contact] });
  assert.deepEqual(added.json, { added: 2, removed: 0 });
  const said = await one.call('POST', `/${group.id}/messages`, text('hello all'));
  assert.equal(said.status, 201, JSON.stringify(said.json));
  assert.equal((await one.chats())['group'].unread, 0);
  assert.equal((await other.chats())['group'].unread, 1);
  const [seen] = (await other.call('GET', `/${group.id}/messages`)).json.messages;
  assert.deepEqual([seen.own, seen.author, seen.content.text], [false, 'Ann Lee', 'hello all']);
  // Who has not allowed it is not added, nor anybody with them.
  const shy = await account();
  await sql`UPDATE connect_grants SET allows = array_remove(allows, 'groups') WHERE id = ${shy.grant.id}`;
  const kept = await atCompany('POST', `/groups/${group.id}/members`, { add: [shy.contact] });
  assert.deepEqual([kept.status, kept.json.error.field], [403, 'add']);
  assert.match(kept.json.error.message, /has not allowed groups/);
  // By a campaign neither, nor who has disconnected; the others of the batch are added, and anybody is taken out.
  const gone = await account();
  must(await endGrant(world.ctx, gone.grant));
  const fine = await account();
  const { ctx } = world;
  const steps = stepHandlersOf({ ...ctx, webhooks: undefined as never }).get('group_chat')!;
  const workspace = (await ctx.directory.workspace(company.id))!;
  const acted = (how: 'join' | 'leave') => {
    const handed = [shy, gone, fine].map(({ grant }) => ({
      contactId: grant.contactId,
      given: { [how]: group.id },
    }));
    return ctx.queue.transact((tx) => steps.act(tx, workspace, handed as never, ctx.clock.nowMs()));
  };
  const [notAllowed, notConnected, joined] = await acted('join');
  assert.match(notAllowed!, /has not allowed groups/);
  assert.match(notConnected!, /has disconnected/);
  assert.equal(joined, undefined);
  assert.equal((await fine.chats())['group'].name, 'New members');
  assert.deepEqual(await acted('leave'), [undefined, undefined, undefined]);
});

test('S57 a connect_id that the company gives to another account shows neither what was said to the other', async () => {
  const { ctx } = world;
  const [first, second] = [await newHolder(ctx), await newHolder(ctx)];
  const connectId = 'handed-over';
  const viewed = async (holder: Holder, grantId: number) => {
    const { token } = await openSession(ctx.sql, holder, ctx.clock.nowMs());
    const base = `/api/me/connections/${toHex24(grantId)}/conversations`;
    const list = await callApi(world, `Bearer ${token}`, 'GET', base);
    const { id } = list.json.conversations.find(({ kind }: any) => kind === 'direct');
    return texts(await callApi(world, `Bearer ${token}`, 'GET', `${base}/${id}/messages`));
  };
  const before = must(await connectHolder(ctx, company, first, connectId, { signed: true })).grant;
  await say(toHex24(before.contactId), 'direct', 'to the first');
  must(await endGrant(ctx, before));
  const now = must(await connectHolder(ctx, company, second, connectId, { signed: true })).grant;
  assert.equal(now.contactId, before.contactId);
  await say(toHex24(now.contactId), 'direct', 'to the second');
  assert.deepEqual(await viewed(first, before.id), ['to the first']);
  assert.deepEqual(await viewed(second, now.id), ['to the second']);
});

test('S57 another operator, and who has disconnected: nothing of theirs is there, nothing more is said', async () => {
  const [one, other] = [await account(), await account()];
  await say(one.contact, 'direct', 'between us');
  const { direct } = await one.chats();
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['GET', `/${direct.id}/messages`, undefined],
    ['POST', `/${direct.id}/messages`, text('me too')],
    ['POST', `/${direct.id}/read`, {}],
    ['PATCH', `/${direct.id}`, { notify: 'none' }],
  ] as const) {
    assert.equal((await other.api(method, one.base + path, body)).status, 404, `${method} ${path}`);
    // Nor through a connection of their own.
    if (path) assert.equal((await other.call(method, path, body)).status, 404, `${method} ${path}`);
  }
  must(await endGrant(world.ctx, one.grant));
  assert.deepEqual(texts(await one.call('GET', `/${direct.id}/messages`)), ['between us']);
  const ended = (await one.chats())['direct'];
  assert.ok(ended.closedAt !== null && ended.unread === 0);
  for (const [method, path, body] of [
    ['POST', `/${direct.id}/messages`, text('still there?')],
    ['POST', `/${direct.id}/read`, {}],
    ['PATCH', `/${direct.id}`, { notify: 'none' }],
  ] as const) {
    const refused = await one.call(method, path, body);
    assert.deepEqual([refused.status, /not connected/.test(refused.json.error.message)], [403, true]);
  }
  // Connected anew, the old connection stays what it was.
  must(await connectHolder(world.ctx, company, one.holder, one.grant.connectId));
  const refused = await one.call('POST', `/${direct.id}/messages`, text('by the old one'));
  assert.equal(refused.status, 403);
});

async function conversationOf(contactId: number): Promise<number> {
  const [row] = await sql<{ id: number }[]>`SELECT id FROM conversations WHERE contact_id = ${contactId}`;
  return row!.id;
}
