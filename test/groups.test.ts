/** Groups: what is said is kept once, in order; who is told of it on their devices; what is unread; live in the browser. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LivePost } from '../contract/live.ts';
import { connectLive, type LiveClient } from '../sdk/live/client.ts';
import { isFault } from '../src/base/fault.ts';
import { toHex24 } from '../src/base/ids.ts';
import {
  changeGroup,
  changeMember,
  deleteGroup,
  groupsOf,
  joinGroup,
  leaveGroup,
  markGroupRead,
} from '../src/conversations/groups/groups.ts';
import { listPosts, markFavorite, takePostBack } from '../src/conversations/groups/posts.ts';
import type { Tx } from '../src/db/pool.ts';
import { openSession } from '../src/links/sessions.ts';
import { webChatOf } from '../src/doors/kit/webChat.ts';
import { mergePeople } from '../src/people/people.ts';
import { createQueue } from '../src/queue/queue.ts';
import { testDatabase } from './support/database.ts';
import { newDevices, newGroup, newPushPlace, post } from './support/groups.ts';
import { until } from './support/until.ts';
import { must, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
let world: World;
let place: Awaited<ReturnType<typeof newPushPlace>>;
const open: LiveClient[] = [];
before(async () => {
  world = await startWorld(database.connection);
  place = await newPushPlace(world.ctx);
});
after(async () => {
  for (const client of open) client.close();
  await world.stop();
});

/** Whose devices were told something, as texts by device. */
const toldOf = async (text: string) =>
  (
    await sql<{ address: string }[]>`
      SELECT address FROM simulated_messages WHERE rendered ->> 'body' = ${text} ORDER BY id`
  ).map(({ address }) => address);
const runsDone = async () => {
  const open = await sql<{ note: string | null }[]>`
    SELECT note FROM broadcasts WHERE origin IS NOT NULL AND state NOT IN ('done', 'scheduled')`;
  assert.deepEqual(
    open.flatMap(({ note }) => note ?? []),
    [],
  );
  return open.length === 0;
};
const done = () => until('all posts are through', runsDone, 20_000);
const of = (groupId: number) => ({ workspaceId: place.id, groupId });

test('S45 S46 a post goes to the devices of those who want to be told, once each: all by default, mentions, none, muted', async () => {
  const { ctx } = world;
  const people = await newDevices(ctx, place.id, 6);
  const [author, all, named, other, none, muted] = people;
  const { id: groupId } = await newGroup(
    ctx,
    place.id,
    people.map(({ id }) => id),
  );
  const set = (contactId: number, to: Parameters<typeof changeMember>[2]) =>
    ctx.queue.transact(async (tx) => must(await changeMember(tx, { ...of(groupId), contactId }, to)));
  await set(named!.id, { notify: 'mentions' });
  await set(other!.id, { notify: 'mentions' });
  await set(none!.id, { notify: 'none' });
  await set(muted!.id, { mutedUntilMs: ctx.clock.nowMs() + 3_600_000 });
  must(await post(ctx, of(groupId), 'hello all', { authorId: author!.id, mentions: [named!.id] }));
  must(await post(ctx, of(groupId), 'hello everyone', { mentionsAll: true }));
  await done();
  assert.deepEqual((await toldOf('hello all')).toSorted(), [all!.token, named!.token].toSorted());
  assert.deepEqual(
    (await toldOf('hello everyone')).toSorted(),
    [author!.token, all!.token, named!.token, other!.token].toSorted(),
  );
  const rows = await sql`SELECT count(*)::int AS n FROM group_posts WHERE group_id = ${groupId}`;
  assert.equal(rows[0]!['n'], 2, 'a post is one row');
});

test('what many say at the same moment has places without a gap, and what is unread is computed from them', async () => {
  const { ctx } = world;
  const [reader, writer] = await newDevices(ctx, place.id, 2);
  const { id: groupId } = await newGroup(ctx, place.id, [reader!.id, writer!.id]);
  const said = await Promise.all(
    Array.from({ length: 12 }, (_, i) => post(ctx, of(groupId), `n${i}`, { authorId: writer!.id })),
  );
  const places = said.map((one) => must(one).position);
  assert.deepEqual(
    places.toSorted((a, b) => a! - b!),
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  const unread = async (contactId: number) =>
    (await groupsOf(sql, { workspaceId: place.id, contactId })).find(({ group }) => group.id === groupId)!
      .unread;
  assert.deepEqual([await unread(reader!.id), await unread(writer!.id)], [12, 0], 'ones own are read');
  const read = (position: number) =>
    ctx.queue.transact((tx) => markGroupRead(tx, { ...of(groupId), contactId: reader!.id }, position));
  await read(8);
  await read(3);
  assert.equal(await unread(reader!.id), 4, 'a mark never goes back');
  const last = said.map(must).find(({ position }) => position === 12)!;
  await ctx.queue.transact((tx) =>
    takePostBack(tx, ctx.clock.nowMs(), { workspaceId: place.id, postId: last.id }),
  );
  assert.equal(await unread(reader!.id), 3, 'what was taken back is not unread');
  const [newest] = await listPosts(sql, groupId, { beforePosition: undefined, limit: 1 });
  assert.deepEqual([newest!.position, newest!.content], [12, { type: 'text', text: '–' }]);
  // Who joins later has nothing before them to read.
  const [late] = await newDevices(ctx, place.id, 1);
  await ctx.queue.transact((tx) => joinGroup(tx, ctx.clock.nowMs(), of(groupId), [late!.id]));
  assert.equal(await unread(late!.id), 0);
});

test('who may post: members, those who run it, or the business alone; nobody in one that is closed or not theirs', async () => {
  const { ctx } = world;
  const [boss, member, stranger] = await newDevices(ctx, place.id, 3);
  const { id: groupId } = await newGroup(ctx, place.id, [member!.id], { posting: 'admins' });
  await ctx.queue.transact((tx) =>
    joinGroup(tx, ctx.clock.nowMs(), { ...of(groupId), role: 'admin' }, [boss!.id]),
  );
  const said = async (authorId?: number) => {
    const one = await post(ctx, of(groupId), 'may I', authorId === undefined ? {} : { authorId });
    return isFault(one) ? one.fault : 'said';
  };
  assert.deepEqual(
    [await said(boss!.id), await said(member!.id), await said(stranger!.id), await said()],
    ['said', 'forbidden', 'forbidden', 'said'],
  );
  await ctx.queue.transact((tx) => changeGroup(tx, ctx.clock.nowMs(), of(groupId), { closed: true }));
  assert.deepEqual([await said(boss!.id), await said()], ['conflict', 'conflict']);
  const elsewhere = await newPushPlace(ctx);
  const foreign = await post(ctx, { workspaceId: elsewhere.id, groupId }, 'not mine');
  assert.equal(isFault(foreign) && foreign.fault, 'not_found');
  await done();
});

test('send_at: said when its time has come, with its place then; taken back before that, never', async () => {
  const { ctx } = world;
  const [reader] = await newDevices(ctx, place.id, 1);
  const { id: groupId } = await newGroup(ctx, place.id, [reader!.id]);
  const atMs = ctx.clock.nowMs() + 1_500;
  const later = must(await post(ctx, of(groupId), 'later', { atMs }));
  const never = must(await post(ctx, of(groupId), 'never', { atMs }));
  must(await post(ctx, of(groupId), 'now'));
  assert.deepEqual([later.position, never.position], [null, null]);
  await ctx.queue.transact((tx) =>
    takePostBack(tx, ctx.clock.nowMs(), { workspaceId: place.id, postId: never.id }),
  );
  await until('it was said', async () => (await toldOf('later')).length === 1, 15_000);
  await until('no post is to be said any more', async () => {
    const rows =
      await sql`SELECT 1 FROM broadcasts WHERE origin ->> 'groupId' = ${String(groupId)} AND state <> 'done'`;
    return rows.length === 0;
  });
  const posts = await listPosts(sql, groupId, { beforePosition: undefined, limit: 9 });
  assert.deepEqual(
    posts.map(({ position, content }) => [position, (content as { text: string }).text]),
    [
      [2, 'later'],
      [1, 'now'],
    ],
  );
  assert.deepEqual(await toldOf('never'), []);
});

test('S45 live: a browser that looks is shown each post, also what it missed; a muted one too', async () => {
  const { ctx } = world;
  const [looker, writer] = await newDevices(ctx, place.id, 2);
  const { id: groupId } = await newGroup(ctx, place.id, [looker!.id, writer!.id]);
  const integrationId = must(await webChatOf(ctx, place.id));
  const nowMs = ctx.clock.nowMs();
  const { token } = await ctx.queue.transact((tx) =>
    openSession(tx, nowMs, { workspaceId: place.id, contactId: looker!.id, integrationId }),
  );
  const shown: LivePost[] = [];
  const connect = () => {
    const client = connectLive({ url: world.url, token, backOffMs: { first: 5, longest: 50 } });
    open.push(client);
    client.on('event', (event) => {
      if (event.kind === 'post') shown.push(event.post);
    });
    return client;
  };
  const first = connect();
  await until('it is connected', () => first.status() === 'open');
  must(await post(ctx, of(groupId), 'seen', { authorId: writer!.id }));
  await until('it is shown', () => shown.length === 1);
  assert.deepEqual(shown[0]!.groupId, toHex24(groupId));
  assert.deepEqual([shown[0]!.position, shown[0]!.own], [1, undefined]);
  must(await post(ctx, of(groupId), 'mine', { authorId: looker!.id }));
  await until('ones own is shown, too', () => shown.length === 2);
  assert.equal(shown[1]!.own, true);
});

test('posting to 100,000 members takes as many statements as posting to ten', async () => {
  const { ctx } = world;
  // No worker of this queue's own: only the poster is heard.
  const queue = createQueue({ ...ctx, sql });
  await queue.start();
  const heard = { ...ctx, sql, queue, broadcasts: { ...ctx.broadcasts, sql, queue } };
  const small = await newGroup(
    ctx,
    place.id,
    (await newDevices(ctx, place.id, 10)).map(({ id }) => id),
  );
  const large = await newGroup(ctx, place.id, []);
  await sql`
    INSERT INTO group_members (bucket, group_id, contact_id, workspace_id, notify, joined_ms)
    SELECT n % 4096, ${large.id}, n, ${place.id}, 'none', 0 FROM generate_series(1, 100000) n`;
  const statements = async (groupId: number) => {
    const texts: string[] = [];
    database.hear((text) => texts.push(text));
    must(await post(heard, of(groupId), 'counted'));
    database.hear(undefined);
    return texts;
  };
  const [few, many] = [await statements(small.id), await statements(large.id)];
  await queue.stop();
  assert.equal(many.length, few.length);
  assert.ok(many.length <= 24, `${many.length} statements`);
  assert.ok(!many.some((text) => /group_members/.test(text)), 'members are not looked at');
  await done();
});

test('whose a post and a group are: taken back, marked and read by nobody else, and kept when two become one', async () => {
  const { ctx } = world;
  const [one, other, third] = await newDevices(ctx, place.id, 3);
  const nowMs = ctx.clock.nowMs();
  const { id: groupId } = await newGroup(ctx, place.id, [one!.id, other!.id], { posting: 'members' });
  const said = must(await post(ctx, of(groupId), 'mine', { authorId: one!.id }));
  const stranger = await newPushPlace(ctx);
  const within = <T>(work: (tx: Tx) => Promise<T>) => ctx.queue.transact(work);
  const back = { workspaceId: place.id, postId: said.id };
  for (const by of [
    { ...back, byContactId: other!.id },
    { ...back, workspaceId: stranger.id },
  ])
    assert.equal(isFault(await within((tx) => takePostBack(tx, nowMs, by))), true);
  const mark = (workspaceId: number) =>
    within((tx) => markFavorite(tx, nowMs, { workspaceId, messageId: said.id }, true));
  assert.deepEqual([await mark(stranger.id), await mark(place.id)], [false, true]);

  // Nobody has read what is not said yet.
  await within((tx) => markGroupRead(tx, { ...of(groupId), contactId: other!.id }, 99));
  must(await post(ctx, of(groupId), 'later'));
  const unread = async (contactId: number) =>
    (await groupsOf(sql, { workspaceId: place.id, contactId })).map((own) => own.unread);
  assert.deepEqual(await unread(other!.id), [1]);

  const mute = { mutedUntilMs: nowMs - 1, notify: 'mentions' as const };
  must(await within((tx) => changeMember(tx, { ...of(groupId), contactId: other!.id }, mute)));
  const pair = { workspaceId: place.id, survivingId: third!.id, discardedId: other!.id };
  must(await within((tx) => mergePeople(ctx, tx, nowMs, pair)));
  const [own] = await groupsOf(sql, { workspaceId: place.id, contactId: third!.id });
  assert.deepEqual([own!.membership.notify, own!.membership.mutedUntilMs], ['mentions', nowMs - 1]);
  must(await within((tx) => changeMember(tx, { ...of(groupId), contactId: third!.id }, { notify: 'all' })));
  must(await post(ctx, of(groupId), 'muted no more'));
  await done();
  assert.ok((await toldOf('muted no more')).includes(third!.token), 'what muted it is over');

  await sql`UPDATE group_chats SET settings = '{"posting":"admins","later":1}' WHERE id = ${groupId}`;
  const changed = must(
    await within((tx) => changeGroup(tx, nowMs, of(groupId), { settings: { posting: 'business' } })),
  );
  assert.deepEqual(changed.settings, { posting: 'business', later: 1 });
  assert.equal(await within((tx) => deleteGroup(tx, of(groupId))), undefined);
  assert.equal((await sql`SELECT 1 FROM group_members WHERE group_id = ${groupId}`).length, 0);
});

test('leaving: who left before a post reached them is not told; who joins while it runs is told or reads it, never twice', async () => {
  const { ctx } = world;
  const people = await newDevices(ctx, place.id, 4);
  const { id: groupId } = await newGroup(
    ctx,
    place.id,
    people.map(({ id }) => id),
  );
  const leave = (ids: readonly number[]) => ctx.queue.transact((tx) => leaveGroup(tx, of(groupId), ids));
  await leave([people[0]!.id]);
  must(await post(ctx, of(groupId), 'who is here'));
  await Promise.all([
    leave([people[1]!.id]),
    ctx.queue.transact((tx) => joinGroup(tx, ctx.clock.nowMs(), of(groupId), [people[0]!.id])),
    post(ctx, of(groupId), 'and now'),
  ]);
  await done();
  for (const text of ['who is here', 'and now']) {
    const told = await toldOf(text);
    assert.equal(new Set(told).size, told.length, `${text}: nobody twice`);
    for (const stays of people.slice(2)) assert.ok(told.includes(stays.token), `${text}: who stayed is told`);
  }
});
