/** The Shout door's announcements, messages, notifications and broadcasts, as api/shout.md has them on the wire. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { monotonicMs } from '../src/base/clock.ts';
import { toHex24 } from '../src/base/ids.ts';
import { disconnectAccount } from '../src/connect/grants.ts';
import { linkDestination } from '../src/contacts/destinations.ts';
import { addMembers, createSet } from '../src/contacts/sets.ts';
import { openAnnouncements } from '../src/conversations/groups/groups.ts';
import { makeGrant, newCompany, type Company } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { withPush } from './support/groups.ts';
import { newConsoleKey } from './support/messages.ts';
import { until } from './support/until.ts';
import { callApi, must, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
let world: World;
let company: Company;
before(async () => {
  world = await startWorld(database.connection, { PARLEY_RATE_LIMIT: '0' });
  company = await newCompany(world.ctx);
  await withPush(world.ctx, company.id);
});
after(() => world.stop());

let named = 0;
async function account(connectId?: string) {
  const { ctx } = world;
  const made = await makeGrant(ctx, { company, ...(connectId ? { connectId } : {}) });
  const token = `shout-${++named}`;
  const link = { workspaceId: company.id, contactId: made.grant.contactId, integrationId: null };
  await ctx.queue.transact(async (tx) =>
    must(
      await linkDestination(tx, ctx.ids, ctx.clock.nowMs(), {
        ...link,
        channel: 'push',
        address: token,
        status: 'active',
      }),
    ),
  );
  return { ...made.grant, token };
}
const send = (path: string, body: unknown) => callApi(world, company.authorization, 'POST', path, body);
const toldOf = async (text: string) =>
  (
    await sql<
      { address: string }[]
    >`SELECT address FROM simulated_messages WHERE rendered ->> 'body' = ${text}`
  ).map(({ address }) => address);
const isTold = (text: string, count: number) =>
  until(`${count} are told`, async () => (await toldOf(text)).length === count);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d$/;

test('S6 S54 S55 S56 S58 S59 S60 S72 a message by connect_id and a notification by user_id: the 13 fields in their order, both types of both ids', async () => {
  const one = await account('1933');
  const direct = await send('/messages/send_shout_message', {
    message: { body: 'A message to a connect id', connect_id: '1933' },
  });
  assert.equal(direct.status, 201);
  assert.equal(
    Object.keys(direct.json).join(' '),
    'id body company_id conversation_id created_at deleted_at dont_mark_as_open favorite favorited_at object profile_id send_at updated_at',
  );
  assert.deepEqual(
    [direct.json.company_id, direct.json.profile_id, direct.json.object, direct.json.dont_mark_as_open],
    [company.id, one.contactId, 'message', null],
  );
  assert.match(direct.json.created_at, TIME);
  const notice = await send('/messages/send_connect_notification', {
    message: { body: 'Simple notification', user_id: one.userId },
  });
  assert.deepEqual([notice.status, notice.json.profile_id], [201, null]);
  assert.notEqual(notice.json.conversation_id, direct.json.conversation_id);
  for (const who of [{ connect_id: 1933 }, { user_id: String(one.userId) }]) {
    const again = await send('/messages/send_shout_message', { message: { body: 'either type', ...who } });
    assert.equal(again.json.conversation_id, direct.json.conversation_id);
  }
  await isTold('A message to a connect id', 1);
  await isTold('either type', 2);
});

test('S47 S48 S49 S50 an announcement: refused until they are on, an ordinary message then', async () => {
  const early = await send('/messages/send_announcement', { message: { body: 'too early' } });
  assert.equal(early.status, 403);
  const one = await account();
  const group = await world.ctx.queue.transact((tx) =>
    openAnnouncements(tx, world.ctx.ids, world.ctx.clock.nowMs(), company.id, { name: 'News' }),
  );
  const said = await send('/messages/send_announcement', {
    message: { body: 'to everyone', attachment_urls: ['https://example.com/a.png'] },
  });
  assert.deepEqual(
    [said.status, said.json.object, said.json.conversation_id, said.json.profile_id],
    [201, 'message', group.id, null],
  );
  await until('it is told', async () => (await toldOf('to everyone')).includes(one.token));
});

test('S62 S63 S65 S67 S69 S70 S73 a broadcast: four forms of ids, excludes win, the nine fields, each told once', async () => {
  const [a, b, c, d] = [await account('a1'), await account('b2'), await account('c3'), await account('d4')];
  const list = must(
    await world.ctx.queue.transact(async (tx) => {
      const made = must(
        await createSet(tx, world.ctx.ids, 0, { workspaceId: company.id, kind: 'list', name: 'l' }),
      );
      must(await addMembers(tx, company.id, made.id, [d.contactId]));
      return made;
    }),
  );
  const said = await send('/broadcast_messages/send_connect_notification', {
    broadcast_message: {
      body: 'to some',
      attachment_urls: ['https://example.com/a.png'],
      included_connect_ids: 'a1, b2',
      included_user_ids: c.userId,
      included_profile_list_ids: [list.id],
      included_profile_ids: `${b.contactId} ${c.contactId}`,
      included_tag_ids: null,
      excluded_connect_ids: ['b2'],
      excluded_order_ids: 1,
      excluded_shipping_label_ids: '101 102 103',
      excluded_bot_assignment_ids: 324,
    },
  });
  assert.equal(said.status, 201);
  assert.equal(
    Object.keys(said.json).join(' '),
    'id body company_id created_at dont_mark_as_open object outlet_type send_at updated_at',
  );
  assert.deepEqual(
    [said.json.dont_mark_as_open, said.json.object, said.json.outlet_type, said.json.send_at],
    [false, 'broadcast_message', 'local', null],
  );
  await isTold('to some', 3);
  assert.deepEqual((await toldOf('to some')).toSorted(), [a.token, c.token, d.token].toSorted());
  const all = await send('/messages/broadcast_message', {
    broadcast_message: { body: 'to all', include_all_connect_users: true, excluded_user_ids: [a.userId] },
  });
  assert.equal(all.status, 201);
  await until('all but one are told', async () => {
    const told = await toldOf('to all');
    return [b, c, d].every(({ token }) => told.includes(token));
  });
  assert.ok(!(await toldOf('to all')).includes(a.token));
});

test('S61 the same to sixty accounts is one call, and all are told sooner than by sixty calls; each once, either way', async () => {
  const accounts: Awaited<ReturnType<typeof account>>[] = [];
  for (let i = 0; i < 60; i++) accounts.push(await account(`many-${i}`));
  const tokens = accounts.map(({ token }) => token).toSorted();
  const timed = async (text: string, does: () => Promise<void>) => {
    const sinceMs = monotonicMs();
    await does();
    await until('all are told', async () => (await toldOf(text)).length >= accounts.length);
    const tookMs = monotonicMs() - sinceMs;
    assert.deepEqual((await toldOf(text)).toSorted(), tokens);
    return tookMs;
  };
  const singly = () =>
    timed('one by one', async () => {
      for (const { userId } of accounts) {
        const message = { body: 'one by one', user_id: userId };
        assert.equal((await send('/messages/send_connect_notification', { message })).status, 201);
      }
    });
  const together = () =>
    timed('to many', async () => {
      const broadcast = { body: 'to many', included_user_ids: accounts.map(({ userId }) => userId) };
      const path = '/broadcast_messages/send_connect_notification';
      assert.equal((await send(path, { broadcast_message: broadcast })).status, 201);
    });
  const [togetherMs, singlyMs] = [await together(), await singly()];
  assert.ok(togetherMs < singlyMs, `${togetherMs} ms, and ${singlyMs} ms one by one`);
});

test('S66 shipping labels, bots, lists and tags: made and filled by the API, and named by their whole numbers', async () => {
  const key = await newConsoleKey(world.ctx, company.id);
  const base = `/api/workspaces/${company.appId}`;
  const ask = async (method: string, path: string, body: unknown, ok: number) => {
    const { status, json } = await callApi(world, key, method, base + path, body);
    assert.equal(status, ok, `${path}: ${JSON.stringify(json)}`);
    return json;
  };
  const filled = async (kind: string, contactIds: readonly number[]) => {
    const made = await ask('POST', `/${kind}`, { name: 'Parcels of May' }, 201);
    const add = contactIds.map(toHex24);
    assert.equal((await ask('POST', `/${kind}/${made.id}/members`, { add }, 200)).added, add.length);
    const { [kind]: all } = await ask('GET', `/${kind}`, undefined, 200);
    assert.ok(
      all.some((one: { id: string; contacts: number }) => one.id === made.id && one.contacts === add.length),
    );
    return made.shoutId as number;
  };
  const [a, b, c, d, e] = [
    await account(),
    await account(),
    await account(),
    await account(),
    await account(),
  ];
  const label = await filled('labels', [a.contactId, e.contactId]);
  const bot = await filled('bots', [b.contactId, e.contactId]);
  const list = await filled('lists', [c.contactId]);
  const tag = await filled('tags', [d.contactId]);
  const out = await filled('labels', [e.contactId]).catch(() => undefined);
  assert.equal(out, undefined, 'a name is one label’s');
  const left = await ask('POST', '/bots', { name: 'Left out' }, 201);
  await ask('POST', `/bots/${left.id}/members`, { add: [toHex24(e.contactId)] }, 200);
  const said = await send('/broadcast_messages/send_shout_message', {
    broadcast_message: {
      body: 'by what they are in',
      included_shipping_label_ids: label,
      included_bot_assignment_ids: [bot],
      included_profile_list_ids: String(list),
      included_tag_ids: `${tag} ${tag}`,
      excluded_bot_assignment_ids: left.shoutId,
    },
  });
  assert.equal(said.status, 201);
  await isTold('by what they are in', 4);
  assert.deepEqual(
    (await toldOf('by what they are in')).toSorted(),
    [a.token, b.token, c.token, d.token].toSorted(),
  );
  // A contact shows its lists and tags; labels and bots are none of either.
  const shown = await ask('GET', `/contacts/${toHex24(a.contactId)}`, undefined, 200);
  assert.deepEqual([shown.lists, shown.tags], [[], []]);
  await ask('DELETE', `/bots/${left.id}`, undefined, 204);
  await ask('GET', `/bots/${left.id}`, undefined, 404);
});

test('errors name the field and the rule; nobody who has not connected, or has gone, is written to', async () => {
  const one = await account('gone');
  const fieldOf = async (path: string, body: unknown) => {
    const { status, json } = await send(path, body);
    return `${status} ${Object.keys(json.errors ?? {}).join()}`;
  };
  const message = '/messages/send_shout_message';
  assert.equal(await fieldOf(message, { message: { connect_id: 'gone' } }), '422 message.body');
  assert.equal(await fieldOf(message, { message: { body: 'x' } }), '422 message.connect_id');
  assert.equal(
    await fieldOf(message, { message: { body: 'x', connect_id: 'gone', user_id: 1 } }),
    '422 message.connect_id',
  );
  assert.equal(
    await fieldOf(message, { message: { body: 'x', connect_id: 'gone', recipient: 1 } }),
    '422 message.recipient',
  );
  assert.equal(
    await fieldOf(message, { message: { body: 'x', connect_id: 'gone', send_at: 'soon' } }),
    '422 message.send_at',
  );
  assert.match(await fieldOf(message, { message: { body: 'x', connect_id: 'nobody' } }), /^404/);
  const broadcast = '/broadcast_messages/send_shout_message';
  const many = (more: object) => fieldOf(broadcast, { broadcast_message: { body: 'x', ...more } });
  assert.equal(await many({}), '422 broadcast_message.include_all_connect_users');
  assert.equal(await many({ included_tag_ids: 'a' }), '422 broadcast_message.included_tag_ids');
  assert.equal(await many({ included_user_ids: {} }), '422 broadcast_message.included_user_ids');
  assert.equal(
    await many({ include_all_connect_users: true, attachment_urls: ['x'] }),
    '422 broadcast_message.attachment_urls',
  );
  await world.ctx.queue.transact(async (tx) => {
    const nowMs = world.ctx.clock.nowMs();
    must(
      await disconnectAccount(
        world.ctx,
        tx,
        { id: one.id, holderId: one.userId },
        { clientNowMs: nowMs, nowMs, actor: 'test' },
      ),
    );
  });
  assert.match(await fieldOf(message, { message: { body: 'x', connect_id: 'gone' } }), /^403/);
  const other = await newCompany(world.ctx);
  const foreign = await callApi(world, other.authorization, 'POST', message, {
    message: { body: 'x', user_id: (await account()).userId },
  });
  assert.equal(foreign.status, 404);
});

test('send_at: told when its time has come', async () => {
  const one = await account();
  const at = new Date(world.ctx.clock.nowMs() + 1_500).toISOString();
  const said = await send('/messages/send_connect_notification', {
    message: { body: 'in a moment', user_id: one.userId, send_at: at },
  });
  assert.equal(said.status, 201);
  assert.match(said.json.send_at, TIME);
  assert.deepEqual(await toldOf('in a moment'), []);
  await isTold('in a moment', 1);
});
