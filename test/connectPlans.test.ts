/**
 * What Connect, groups and orders ask the store reads what it is about, however many there are: no statement goes through a table whole.
 * Each names the bucket or the key by which its rows lie, as it has to where they lie on several machines.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { generateKeyPairSync } from 'node:crypto';
import { makeAccounts } from '../bench/accounts.ts';
import { noteDisconnected } from '../src/contacts/contacts.ts';
import * as grants from '../src/connect/sql.ts';
import * as chats from '../src/conversations/groups/sql.chats.ts';
import * as groups from '../src/conversations/groups/sql.groups.ts';
import { countUnread, selectPostPage } from '../src/conversations/groups/sql.posts.ts';
import { countSaidAfter, selectSaid } from '../src/conversations/groups/sql.own.ts';
import type { Db, Tx } from '../src/db/pool.ts';
import * as orders from '../src/orders/sql.ts';
import { KIND } from '../src/queue/work/kinds.ts';
import { dueOfStream } from '../src/queue/work/streams.ts';
import { testDatabase } from './support/database.ts';
import { newGroup, post } from './support/groups.ts';
import { callApi, must, startWorld } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_RATE_LIMIT: '0' });
after(() => world.stop());
const { ctx } = world;

const ACCOUNTS = 2_000;
const TABLES = [
  'connect_grants',
  'connect_chats',
  'group_chats',
  'group_members',
  'group_posts',
  'broadcast_posts',
  'orders',
  'order_references',
  'contacts',
];

/** A company with many accounts, a group of them all, and an account with many orders. */
async function fill() {
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const account = {
    type: 'service_account',
    project_id: 'p',
    private_key_id: 'k',
    private_key: pem.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'push@p.example',
    token_uri: 'http://127.0.0.1:9/token',
  };
  const fcm = { serviceAccount: JSON.stringify(account), baseUrl: 'http://127.0.0.1:9' };
  const company = await makeAccounts(ctx, { count: ACCOUNTS, fcm });
  const rows = await sql<{ id: number; contactId: number; holderId: number }[]>`
    SELECT id, contact_id AS "contactId", holder_id AS "holderId" FROM connect_grants ORDER BY id`;
  const contactIds = rows.map(({ contactId }) => contactId);
  const group = await newGroup(ctx, company.workspaceId, contactIds);
  const of = { workspaceId: company.workspaceId, groupId: group.id };
  for (let n = 0; n < 100; n++) must(await post(ctx, of, `post ${n}`));
  const some = sql`SELECT bucket, contact_id AS owner_id FROM connect_chats WHERE kind = 'notices'`;
  for (let runId = 7; runId < 17; runId++)
    await chats.insertBroadcastPosts(sql, { runId, broadcastId: runId, kind: 'notices', atMs: runId }, some);
  const told = Array.from({ length: 1_000 }, (_, i) => ({
    profile_email: `customer-${i}@shop.example`,
    reference_id: `r${i}`,
    total_cents: i,
    dont_trigger_auto_actions: true,
  }));
  const headers = { 'x-shout-user-id': String(rows[0]!.holderId) };
  const key = `Bearer ${company.token}`;
  const taken = await callApi(world, key, 'POST', '/orders/batch', { orders: told }, headers);
  assert.equal(taken.json.created, told.length, JSON.stringify(taken.json).slice(0, 300));
  await sql.unsafe('VACUUM ANALYZE');
  const [order] = await sql<{ id: number; workspaceId: number; contactId: number }[]>`
    SELECT id, workspace_id AS "workspaceId", contact_id AS "contactId" FROM orders LIMIT 1`;
  return { workspaceId: company.workspaceId, row: rows[0]!, contactIds, group, order: order! };
}

/** Rows of the tables that a piece of work went through one after the other, by table. Nothing of the work stands. */
async function wentThrough(work: (tx: Tx) => PromiseLike<unknown>): Promise<string[]> {
  const counts = async (db: Db) =>
    new Map(
      (
        await db<{ name: string; n: number }[]>`
          SELECT relname AS name, coalesce(seq_tup_read, 0) AS n FROM pg_stat_xact_user_tables WHERE relname = ANY(${TABLES}::text[])`
      ).map(({ name, n }) => [name, n]),
    );
  let found: string[] = [];
  const undone = new Error('undone');
  await sql
    .begin(async (tx) => {
      const before = await counts(tx);
      await work(tx);
      const now = await counts(tx);
      found = TABLES.flatMap((name) => {
        const n = (now.get(name) ?? 0) - (before.get(name) ?? 0);
        return n > 0 ? `${name}: ${n}` : [];
      });
      throw undone;
    })
    .catch((error: unknown) => assert.equal(error, undone));
  return found;
}

test('no statement of connect, groups and orders goes through a table', async () => {
  const { workspaceId, row, contactIds, group, order } = await fill();
  const { contactId, holderId } = row;
  const few = contactIds.slice(0, 50);
  const [lane] = ctx.queue.lanes();
  const at = { buckets: lane!.buckets, nowMs: 1 };
  const said = { groupId: group.id, authorId: null, mentions: [], mentionsAll: false };
  const whose = { workspaceId: order.workspaceId, clientId: workspaceId };
  const named = { workspaceId: order.workspaceId, clientId: workspaceId, reference: 'r7' };
  const holds = { contactId, conversationIds: [contactId], kind: 'notices' as const, fromMs: 0, toMs: 100 };
  const tried: Record<string, (tx: Tx) => PromiseLike<unknown>> = {
    'a grant by connect_id': (tx) =>
      grants.selectGrant(tx, workspaceId, { connectId: `aff-${holderId}` }, true),
    'a grant by user id': (tx) => grants.selectGrant(tx, workspaceId, { userId: holderId }, true),
    'grants that are held': (tx) =>
      grants.holdLiveGrants(tx, workspaceId, { connectIds: [`aff-${holderId}`], userIds: [holderId] }),
    'grants that are named': (tx) =>
      grants.selectLiveGrants(tx, workspaceId, { connectIds: [`aff-${holderId}`], userIds: [holderId] }),
    'the grant of a contact': (tx) => grants.selectLiveGrantOf(tx, workspaceId, contactId),
    'grants of contacts': (tx) => grants.selectGrantsOfContacts(tx, workspaceId, few),
    'who is connected': (tx) => grants.selectConnectedContacts(tx, workspaceId, few),
    'a page of grants': (tx) =>
      grants.selectGrantsOf(tx, { clientWorkspaceId: workspaceId, beforeId: row.id, limit: 10 }),
    'what somebody granted': (tx) => grants.selectGrantsBy(tx, holderId),
    'ending one': (tx) => grants.endGrant(tx, { id: row.id, holderId }, 1, 'holder'),
    'ending erased ones': (tx) => grants.endGrantsOfContacts(tx, workspaceId, few, 1),
    'forgetting contacts': async (tx) => {
      await grants.endGrantsOfContacts(tx, workspaceId, few, 1);
      await grants.forgetContacts(tx, workspaceId, few);
    },
    'noting that they disconnected': (tx) => noteDisconnected(tx, workspaceId, few, 1),
    'closing chats': (tx) => chats.closeChatRows(tx, few, 1),
    'the chats of contacts': (tx) => chats.selectChats(tx, few, true),
    'who is told of a chat': (tx) => chats.selectTold(tx, 'notices', few, 1),
    'posting in a lane': (tx) =>
      chats.insertBroadcastPosts(
        tx,
        { runId: 70, broadcastId: 8, kind: 'notices', atMs: 9 },
        tx`SELECT c.bucket, c.id AS owner_id FROM contacts c WHERE c.bucket = ANY(${at.buckets}::smallint[]) AND c.workspace_id = ${workspaceId}`,
      ),
    'who is told in a lane': (tx) => tx`${chats.postedAndTold(tx, { runId: 7, kind: 'notices' }, at)}`,
    'who is shown in a lane': (tx) => tx`${chats.postedIn(tx, 7, at.buckets)}`,
    'what was posted to one': (tx) => chats.selectPosted(tx, contactId, { limit: 10 }),
    'what was said to one': (tx) => selectSaid(tx, holds, { limit: 10 }),
    'what is unread of it': (tx) => countSaidAfter(tx, holds, [{ kind: 'notices', atMs: 0 }]),
    'whom a post is told in a lane': (tx) => tx`${groups.toldOf(tx, said, at)}`,
    'whom it is told still': (tx) => groups.selectStillTold(tx, { ...said, announcements: true }, few, 1),
    'members in a lane': (tx) => tx`${groups.membersIn(tx, group.id, at.buckets)}`,
    'a page of members': (tx) => groups.selectMemberPage(tx, group.id, { afterId: 0, limit: 10 }),
    'some members': (tx) => groups.selectMembers(tx, group.id, few),
    'the groups of one': (tx) => groups.selectMembershipsOf(tx, contactId),
    'leaving all groups': (tx) => groups.deleteMemberships(tx, few),
    'a page of posts': (tx) => selectPostPage(tx, group.id, { beforePosition: 50, limit: 10 }),
    'what is unread of a group': (tx) =>
      countUnread(tx, contactId, [{ groupId: group.id, readPosition: 90 }]),
    'an order': (tx) => orders.selectOrder(tx, whose, order.id, true),
    'a page of orders': (tx) => orders.selectOrders(tx, whose, { beforeId: order.id + 1, limit: 10 }),
    'the orders of one': (tx) =>
      orders.selectOrdersOf(tx, whose, [order.contactId], { beforeId: order.id + 1, limit: 10 }),
    'taking a reference away': (tx) => orders.lockReferences(tx, [named]),
    'orders by id': (tx) => orders.selectOrdersById(tx, [order.id]),
    'an order by its reference': (tx) => orders.selectReferences(tx, [named]),
    'giving a reference': (tx) =>
      orders.claimReferences(tx, [{ ...named, orderId: order.id }], { alone: false }),
    'deleting the orders of one': (tx) => orders.deleteOrdersOf(tx, order.workspaceId, [order.contactId]),
    'noting that somebody was told': (tx) =>
      orders.noteNotified(tx, [{ orderId: order.id, workspaceId: order.workspaceId, us: 1 }]),
  };
  const found: string[] = [];
  for (const [what, work] of Object.entries(tried))
    for (const one of await wentThrough(work)) found.push(`${what} goes through ${one}`);
  assert.deepEqual(found, []);
});

test('when the next of a run is due is asked lane by lane, also where nothing was in the queue when that was asked first', async () => {
  // As the queue is when nothing is to be done: the store knows that it is empty.
  await sql`DELETE FROM due`;
  await sql.unsafe('VACUUM ANALYZE due');
  const undone = new Error('undone');
  let read: number | undefined;
  await sql
    .begin(async (tx) => {
      const next = () => dueOfStream(tx, ctx.queue.lanes(), KIND.delivery, 77);
      const readSoFar = async () => {
        const [row] = await tx<{ n: number }[]>`
          SELECT coalesce(seq_tup_read, 0) AS n FROM pg_stat_xact_user_tables WHERE relname = 'due'`;
        return row?.n ?? 0;
      };
      for (let n = 0; n < 8; n++) await next();
      await tx`
        INSERT INTO due (bucket, kind, owner_id, cause_id, seq, lane, stream, workspace_id, due_ms)
        SELECT l.bucket, ${KIND.delivery}::smallint, n, 77, 0, l.lane, 77, 1, 5 FROM lanes l CROSS JOIN generate_series(1, 600) n`;
      const before = await readSoFar();
      assert.equal((await next()).length, ctx.queue.lanes().length);
      read = (await readSoFar()) - before;
      throw undone;
    })
    .catch((error: unknown) => assert.equal(error, undone));
  assert.equal(read, 0, 'rows of the queue that were gone through');
});

test('no statement of connect, groups and orders has a form that Citus refuses', async () => {
  const refused: Record<string, RegExp> = {
    'LATERAL over rows that are given': /LATERAL/,
    'EXISTS of no column': /EXISTS \(SELECT FROM/,
    'a subquery in what is set': /SET [^`]*= *(ARRAY)?\(SELECT/,
    'an array that is read from text in what is set':
      /SET [^`]*::bigint\[\](?<!string_to_array\([^`]*\)::bigint\[\])[^`]*FROM unnest/,
    'rows of several shards that are locked through a join':
      /JOIN (?!connect_clients|workspaces|operators)[^`]*FOR (UPDATE|SHARE)/,
    'a parameter where rows collide': /DO UPDATE SET[^`]*WHERE[^`]*\$\{/,
  };
  const rooms = ['connect', 'orders', 'conversations/groups'];
  for (const room of rooms) {
    const folder = new URL(`../src/${room}/`, import.meta.url);
    for (const file of (await readdir(folder)).filter((name) => name.startsWith('sql'))) {
      const text = await readFile(new URL(file, folder), 'utf8');
      for (const [what, form] of Object.entries(refused))
        assert.doesNotMatch(text, form, `${room}/${file}: ${what}`);
    }
  }
});
