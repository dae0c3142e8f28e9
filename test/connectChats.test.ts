/** What a company says to its connected accounts: announcements, direct messages, notifications; and the walls around them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectLive, type LiveClient } from '../sdk/live/client.ts';
import { isFault } from '../src/base/fault.ts';
import { postToAccounts, postToGroup } from '../src/broadcasts/posted.ts';
import { disconnectAccount } from '../src/connect/grants.ts';
import { linkDestination } from '../src/contacts/destinations.ts';
import { changeChat, chatsOf, mayReply } from '../src/conversations/groups/chats.ts';
import {
  findAnnouncements,
  leaveGroup,
  membersAmong,
  openAnnouncements,
} from '../src/conversations/groups/groups.ts';
import { webChatOf } from '../src/doors/kit/webChat.ts';
import { openSession } from '../src/links/sessions.ts';
import { tellAccount } from '../src/outbox/tellAccount.ts';
import { connectHolder, makeGrant, newCompany, type Company } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { withPush } from './support/groups.ts';
import { until } from './support/until.ts';
import { must, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
let world: World;
let company: Company;
const open: LiveClient[] = [];
before(async () => {
  world = await startWorld(database.connection);
  company = await newCompany(world.ctx);
  await withPush(world.ctx, company.id);
});
after(async () => {
  for (const client of open) client.close();
  await world.stop();
});

let named = 0;
/** A connected account with a device. */
async function account() {
  const { ctx } = world;
  const made = await makeGrant(ctx, { company });
  const token = `account-${++named}`;
  await ctx.queue.transact(async (tx) =>
    must(
      await linkDestination(tx, ctx.ids, ctx.clock.nowMs(), {
        workspaceId: company.id,
        contactId: made.grant.contactId,
        integrationId: null,
        channel: 'push',
        address: token,
        status: 'active',
      }),
    ),
  );
  return { ...made, token, contactId: made.grant.contactId };
}
const toldOf = async (text: string) =>
  (
    await sql<{ address: string }[]>`
      SELECT address FROM simulated_messages WHERE rendered ->> 'body' = ${text} ORDER BY id`
  ).map(({ address }) => address);
const when = () => ({ nowMs: world.ctx.clock.nowMs(), wsNowMs: world.ctx.clock.nowMs() });
const done = () =>
  until('all is through', async () => {
    const rows = await sql<{ note: string | null }[]>`
      SELECT note FROM broadcasts WHERE origin IS NOT NULL AND state <> 'done'`;
    return rows.length === 0;
  });
const disconnect = (grant: { id: number; userId: number }) =>
  world.ctx.queue.transact(async (tx) =>
    must(
      await disconnectAccount(
        world.ctx,
        tx,
        { id: grant.id, holderId: grant.userId },
        { clientNowMs: world.ctx.clock.nowMs(), nowMs: world.ctx.clock.nowMs(), actor: 'test' },
      ),
    ),
  );
const announcements = () =>
  world.ctx.queue.transact((tx) =>
    openAnnouncements(tx, world.ctx.ids, world.ctx.clock.nowMs(), company.id, { name: 'Acme news' }),
  );
const announce = async (text: string) => {
  const { id: groupId } = (await findAnnouncements(sql, company.id))!;
  return await world.ctx.queue.transact((tx) =>
    postToGroup(
      world.ctx.broadcasts,
      tx,
      { workspaceId: company.id, groupId },
      { author: {}, content: { type: 'text', text }, mentions: [], mentionsAll: false },
      when(),
    ),
  );
};
const isMember = async (contactId: number) => {
  const group = (await findAnnouncements(sql, company.id))!;
  return (await membersAmong(sql, group.id, [contactId])).length === 1;
};
const tell = (contactId: number, kind: 'direct' | 'notices', text: string) =>
  world.ctx.queue.transact((tx) =>
    tellAccount(
      world.ctx,
      tx,
      world.ctx.clock.nowMs(),
      { workspaceId: company.id, contactId, kind, companyName: 'Acme', aheadMs: 0 },
      { content: { type: 'text', text }, source: { type: 'api' } },
    ),
  );

test('S41 S43 S44 S45 announcements: who connects is in them, nobody leaves but by disconnecting, each is told', async () => {
  const early = await account();
  const group = await announcements();
  assert.ok(await isMember(early.contactId), 'who was connected before they were turned on');
  const later = await account();
  await until('who connects is in', () => isMember(later.contactId));
  must(await announce('to everyone'));
  await done();
  const told = await toldOf('to everyone');
  assert.ok([early.token, later.token].every((token) => told.includes(token)));
  const left = await world.ctx.queue.transact((tx) =>
    leaveGroup(tx, { workspaceId: company.id, groupId: group.id }, [early.contactId]),
  );
  assert.ok(isFault(left) && /disconnect/.test(left.message));
  await disconnect(early.grant);
  // The very next one is not told to them, whether or not the feed has got there.
  must(await announce('after leaving'));
  await done();
  assert.ok(!(await toldOf('after leaving')).includes(early.token));
  await until('who disconnected is out', async () => !(await isMember(early.contactId)));
});

test('connect, disconnect, connect again within a second, in any order of being read: one membership', async () => {
  await announcements();
  const one = await account();
  await disconnect(one.grant);
  must(await connectHolder(world.ctx, company, one.holder, one.grant.connectId));
  await until('all is read', async () => (await sql`SELECT 1 FROM feed LIMIT 1`).length === 0);
  assert.ok(await isMember(one.contactId));
  const chats = await chatsOf(sql, one.contactId);
  assert.deepEqual(
    chats.map(({ kind, closedMs }) => [kind, closedMs]),
    [
      ['announcements', null],
      ['direct', null],
      ['notices', null],
    ],
  );
});

test('S51 S53 S57 S60 one message each way: the direct conversation and the notices are two; a reply to a notice is refused', async () => {
  const one = await account();
  const direct = must(await tell(one.contactId, 'direct', 'hello you'));
  const notice = must(await tell(one.contactId, 'notices', 'you have an order'));
  assert.notEqual(direct.conversationId, notice.conversationId);
  await until('both are told', async () => (await toldOf('you have an order')).length === 1);
  await until('both are told', async () => (await toldOf('hello you')).length === 1);
  const chats = await chatsOf(sql, one.contactId);
  const refusals = chats.map((chat) => [chat.kind, mayReply(chat)?.message ?? 'may']);
  assert.deepEqual(
    refusals.filter(([kind]) => kind !== 'announcements').map(([kind, why]) => [kind, /one way/.test(why!)]),
    [
      ['direct', false],
      ['notices', true],
    ],
  );
  // Muted: it is in the conversation, and no device is told.
  await world.ctx.queue.transact((tx) =>
    changeChat(tx, { contactId: one.contactId, kind: 'direct' }, { notify: 'none' }),
  );
  const quiet = must(await tell(one.contactId, 'direct', 'quietly'));
  const rows = await sql`SELECT 1 FROM messages WHERE id = ${quiet.messageId}`;
  assert.equal(rows.length, 1);
  assert.equal((await sql`SELECT 1 FROM deliveries WHERE cause_id = ${quiet.messageId}`).length, 0);
  // An account is told on its devices, not by the mail it signed in with.
  const channels = await sql<{ channel: string }[]>`
    SELECT DISTINCT channel FROM deliveries WHERE contact_id = ${one.contactId} AND cause_id = ${direct.messageId}`;
  assert.deepEqual([...channels], [{ channel: 'push' }]);
});

test('S64 S68 S71 S72 a broadcast is posted to each that is connected, whose devices are told; not to who disconnected or muted it', async () => {
  const [stays, muted, gone] = [await account(), await account(), await account()];
  await world.ctx.queue.transact((tx) =>
    changeChat(
      tx,
      { contactId: muted.contactId, kind: 'notices' },
      { mutedUntilMs: Date.parse('2100-01-01') },
    ),
  );
  await disconnect(gone.grant);
  const of = { workspaceId: company.id, kind: 'notices' as const, companyName: 'Acme' };
  const audience = { include: { all: true as const } };
  const content = { type: 'text' as const, text: 'to all accounts' };
  const made = must(
    await world.ctx.queue.transact((tx) =>
      postToAccounts(world.ctx.broadcasts, tx, of, { content, audience }, when()),
    ),
  );
  await done();
  const told = await toldOf('to all accounts');
  assert.ok(told.includes(stays.token));
  assert.ok(!told.includes(muted.token) && !told.includes(gone.token));
  assert.equal(new Set(told).size, told.length);
  const posted = await sql<{ contactId: number }[]>`
    SELECT contact_id AS "contactId" FROM broadcast_posts WHERE broadcast_id = ${made.id}`;
  const ids = posted.map(({ contactId }) => contactId);
  assert.ok(ids.includes(stays.contactId) && ids.includes(muted.contactId) && !ids.includes(gone.contactId));
});

test('S45 live: an account that looks sees what is posted to it, and what was posted before it came', async () => {
  const { ctx } = world;
  const one = await account();
  const integrationId = must(await webChatOf(ctx, company.id));
  const { token } = await ctx.queue.transact((tx) =>
    openSession(tx, ctx.clock.nowMs(), { workspaceId: company.id, contactId: one.contactId, integrationId }),
  );
  const say = async (text: string) =>
    must(
      await ctx.queue.transact((tx) =>
        postToAccounts(
          ctx.broadcasts,
          tx,
          { workspaceId: company.id, kind: 'direct', companyName: 'Acme' },
          { content: { type: 'text', text }, audience: { include: { contacts: [one.contactId] } } },
          when(),
        ),
      ),
    );
  await say('before');
  await done();
  const client = connectLive({ url: world.url, token, backOffMs: { first: 5, longest: 50 } });
  open.push(client);
  const texts = () => client.messages().map(({ content }) => ('text' in content ? content.text : ''));
  await until('what was said before is there', () => texts().includes('before'));
  await say('after');
  await until('it is shown', () => texts().includes('after'));
});

test('S2 nobody who has not connected is written to', async () => {
  const one = await account();
  await disconnect(one.grant);
  for (const kind of ['direct', 'notices'] as const) {
    const refused = await tell(one.contactId, kind, 'psst');
    assert.ok(isFault(refused) && refused.fault === 'forbidden');
  }
  const other = await newCompany(world.ctx);
  const stranger = await world.ctx.queue.transact((tx) =>
    tellAccount(
      world.ctx,
      tx,
      world.ctx.clock.nowMs(),
      { workspaceId: other.id, contactId: one.contactId, kind: 'direct', companyName: 'Other', aheadMs: 0 },
      { content: { type: 'text', text: 'psst' }, source: { type: 'api' } },
    ),
  );
  assert.ok(isFault(stranger));
});
