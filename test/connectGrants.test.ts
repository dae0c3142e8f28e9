/** Grants on a real Postgres: who wins of two, what a disconnect leaves, and who is told of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFault } from '../src/base/fault.ts';
import { saveDraft } from '../src/campaigns/campaigns.ts';
import { offerAction, shareAction } from '../src/connect/actions.ts';
import { changeClient, clientSecret, disableConnect, rotateClientSecret } from '../src/connect/clients.ts';
import {
  connectedContacts,
  disconnectAccount,
  disconnectWorkspace,
  grantOf,
  grantsBy,
  holdGrant,
  listGrants,
  liveGrantsOf,
  mayOnBehalf,
  type LiveGrant,
} from '../src/connect/grants.ts';
import type { GrantTold } from '../src/connect/ending.ts';
import { chatsOf } from '../src/conversations/groups/chats.ts';
import {
  createGroup,
  followConnection,
  joinGroup,
  membersAmong,
  openAnnouncements,
} from '../src/conversations/groups/groups.ts';
import { actingFor } from '../src/doors/shout/read.ts';
import { erasePerson, mergePeople } from '../src/people/people.ts';
import { listAudit } from '../src/accounts/audit.ts';
import { connectHolder, endGrant, makeGrant, newCompany, newHolder } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';
import { must, newContacts, startWorld } from './support/world.ts';

const database = await testDatabase();
// No worker: what is on the feed stays there to be looked at.
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
const { ctx } = world;
const { sql } = ctx;
after(() => world.stop());

async function told(workspaceId: number): Promise<{ type: string; payload: GrantTold }[]> {
  return await sql`SELECT type, payload FROM feed WHERE workspace_id = ${workspaceId} AND type LIKE 'grant.%' ORDER BY id`;
}

const faultOf = (outcome: unknown) => (isFault(outcome) ? outcome.fault : undefined);

test('S2 S8 a grant maps the connect id to the user, both ways, and to nobody else', async () => {
  const { company, holder, grant } = await makeGrant(ctx, { connectId: '123abc' });
  const byId = must(await grantOf(sql, company.id, { connectId: '123abc' }));
  const byUser = must(await grantOf(sql, company.id, { userId: holder.id }));
  assert.deepEqual(byId, byUser);
  assert.equal(byId.userId, holder.id);
  assert.equal(byId.contactId, grant.contactId);
  assert.ok(Number.isSafeInteger(byId.userId));
  const other = await newCompany(ctx);
  for (const who of [{ connectId: '123abc' }, { userId: holder.id }, { userId: 12 }, { connectId: 'x' }])
    assert.equal(faultOf(await grantOf(sql, other.id, who)), 'not_found');
});

test('S9 S10 S11 connect, disconnect, connect again: one contact, three things told in order, the last grant counts', async () => {
  const company = await newCompany(ctx);
  const holder = await newHolder(ctx);
  const first = must(await connectHolder(ctx, company, holder, 'a'));
  assert.equal(must(await connectHolder(ctx, company, holder, 'a')).created, false);
  must(await endGrant(ctx, first.grant));
  assert.equal(faultOf(await grantOf(sql, company.id, { connectId: 'a' })), 'forbidden');
  assert.equal(faultOf(await endGrant(ctx, first.grant)), 'not_found');
  const second = must(await connectHolder(ctx, company, holder, 'a'));
  assert.notEqual(second.grant.id, first.grant.id);
  assert.equal(second.grant.contactId, first.grant.contactId);
  assert.equal(must(await grantOf(sql, company.id, { connectId: 'a' })).id, second.grant.id);
  const events = await told(company.id);
  assert.deepEqual(
    events.map(({ type, payload }) => [type, payload.grantId]),
    [
      ['grant.created', first.grant.id],
      ['grant.deleted', first.grant.id],
      ['grant.created', second.grant.id],
    ],
  );
  const { connectId, userId } = events[0]!.payload;
  assert.deepEqual({ connectId, userId }, { connectId: 'a', userId: holder.id });
  for (const workspaceId of [company.id, holder.workspaceId]) {
    const entries = await listAudit(sql, { workspaceId });
    assert.deepEqual(entries.map(({ action }) => action).toReversed(), [
      'connect.grant',
      'connect.end',
      'connect.grant',
    ]);
  }
});

test('two accounts that take one connect id at once: one has it, the other is told', async () => {
  const company = await newCompany(ctx);
  const holders = await Promise.all([1, 2, 3, 4].map(() => newHolder(ctx)));
  const outcomes = await Promise.all(holders.map((holder) => connectHolder(ctx, company, holder, 'same')));
  assert.deepEqual(
    outcomes.map(faultOf).filter((one) => one !== undefined),
    ['conflict', 'conflict', 'conflict'],
  );
  assert.equal((await told(company.id)).length, 1);
  assert.equal((await listGrants(sql, { clientWorkspaceId: company.id, limit: 10 })).grants.length, 1);
});

test('one account that connects as two ids at once, and twice as one: one grant, one event', async () => {
  const company = await newCompany(ctx);
  const holder = await newHolder(ctx);
  const ids = ['p', 'q', 'p', 'q'];
  const outcomes = await Promise.all(ids.map((id) => connectHolder(ctx, company, holder, id)));
  const granted = outcomes.flatMap((one) => (isFault(one) ? [] : [one]));
  assert.equal(granted.filter(({ created }) => created).length, 1);
  assert.equal(new Set(granted.map(({ grant }) => grant.id)).size, 1);
  assert.equal((await told(company.id)).length, 1);
});

test('two who connect at once, past each other’s locks: one has it and is told, the other is refused', async () => {
  const company = await newCompany(ctx);
  const holder = await newHolder(ctx);
  const { grant } = must(await connectHolder(ctx, company, holder, 'r'));
  must(await endGrant(ctx, grant));
  const before = (await told(company.id)).length;
  let second: ReturnType<typeof connectHolder> | undefined;
  await database.sql.begin(async (tx) => {
    // As a process would that does not queue up.
    await tx`UPDATE connect_grants SET disconnected_ms = NULL, ended_by = NULL WHERE id = ${grant.id}`;
    second = connectHolder(ctx, company, holder, 'r');
    await until('it waits for the other', async () => {
      const waiting = await sql`
        SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return waiting.length > 0;
    });
  });
  assert.equal(faultOf(await second), 'conflict');
  const since = (await told(company.id)).slice(before);
  assert.deepEqual(since, []);
});

for (const how of ['erased', 'merged'] as const)
  test(`who connects again while they are ${how}: the grant names nobody who is gone`, async () => {
    const { company, holder, grant } = await makeGrant(ctx, { connectId: 'again' });
    must(await endGrant(ctx, grant));
    const { id: workspaceId } = company;
    const nowMs = ctx.clock.nowMs();
    const [survivingId] = (await newContacts(ctx, workspaceId, 1)) as [number];
    const { promise: gone, resolve: isGone } = Promise.withResolvers<void>();
    const { promise: ending, resolve: end } = Promise.withResolvers<void>();
    const { contactId } = grant;
    const pair = { workspaceId, survivingId, discardedId: contactId };
    const going = ctx.queue.transact(async (tx) => {
      if (how === 'merged') must(await mergePeople(ctx, tx, nowMs, pair));
      else await erasePerson(ctx, tx, { workspaceId, contactId, atMs: nowMs, afterCommit: () => {} });
      isGone();
      await ending;
    });
    await gone;
    let isOver = false;
    const connecting = connectHolder(ctx, company, holder, 'again').finally(() => (isOver = true));
    await until('it waits for them', async () => {
      const waiting = await sql`SELECT 1 FROM pg_locks WHERE NOT granted`;
      return isOver || waiting.length > 0;
    });
    end();
    await going;
    const { grant: again } = must(await connecting);
    if (how === 'merged') assert.equal(again.contactId, survivingId);
    const named =
      await sql`SELECT 1 FROM contacts WHERE id = ${again.contactId} AND workspace_id = ${workspaceId}`;
    assert.equal(named.length, 1);
  });

test('an action that is offered twice at once, for the first time, is offered once', async () => {
  const { company, holder } = await makeGrant(ctx);
  const nowMs = ctx.clock.nowMs();
  const campaign = {
    parley: 'campaign/1',
    key: 'thanks',
    trigger: { event: { did: 'bought' } },
    steps: [{ key: 'text', send: { content: { type: 'text', text: 'Thank you' } } }],
  };
  must(await ctx.queue.transact((tx) => shareAction(tx, company.id, { campaign, mayChange: [] }, nowMs)));
  const of = { clientWorkspaceId: company.id, key: 'thanks', who: { userId: holder.id } };
  const { promise: offered, resolve: isOffered } = Promise.withResolvers<void>();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const first = ctx.queue.transact(async (tx) => {
    const offer = await offerAction(ctx, tx, of, nowMs);
    isOffered();
    await held;
    return offer;
  });
  await offered;
  const second = ctx.queue.transact((tx) => offerAction(ctx, tx, of, nowMs));
  await until('it waits', async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`).length > 0);
  letGo();
  assert.equal(must(await first).kept, false);
  const { kept, campaign: there } = must(await second);
  assert.deepEqual([kept, there.key], [true, 'thanks']);
});

test('what an account changes of an action while a newer version of it is offered is carried over', async () => {
  const { company, holder } = await makeGrant(ctx);
  const nowMs = ctx.clock.nowMs();
  const saying = (text: string, name: string) => ({
    parley: 'campaign/1',
    key: 'thanks',
    name,
    trigger: { event: { did: 'bought' } },
    steps: [{ key: 'text', send: { content: { type: 'text', text } } }],
  });
  const mayChange = ['steps.text.send.content.text'];
  const share = (name: string) =>
    ctx.queue.transact((tx) =>
      shareAction(tx, company.id, { campaign: saying('Thanks', name), mayChange }, nowMs),
    );
  const of = { clientWorkspaceId: company.id, key: 'thanks', who: { userId: holder.id } };
  must(await share('first'));
  must(await ctx.queue.transact((tx) => offerAction(ctx, tx, of, nowMs)));
  must(await share('second'));
  const { promise: changed, resolve: isChanged } = Promise.withResolvers<void>();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const changing = ctx.queue.transact(async (tx) => {
    must(await saveDraft(ctx, tx, holder.workspaceId, saying('Merci', 'first'), nowMs));
    isChanged();
    await held;
  });
  await changed;
  const offering = ctx.queue.transact((tx) => offerAction(ctx, tx, of, nowMs));
  await until('it waits', async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`).length > 0);
  letGo();
  await changing;
  const { draft } = must(await offering).campaign;
  assert.deepEqual([draft!.name, JSON.stringify(draft!.steps).includes('Merci')], ['second', true]);
});

test('a grant is ended by its account or its company, and by no other', async () => {
  const { company, grant } = await makeGrant(ctx);
  const [rival, stranger] = [await newCompany(ctx), await newHolder(ctx)];
  const nowMs = ctx.clock.nowMs();
  const at = { clientNowMs: nowMs, nowMs, actor: 'somebody' };
  for (const who of [{ clientWorkspaceId: rival.id }, { holderId: stranger.id }]) {
    const ended = await ctx.queue.transact((tx) => disconnectAccount(ctx, tx, { id: grant.id, ...who }, at));
    assert.equal(faultOf(ended), 'not_found');
  }
  must(await grantOf(sql, company.id, { userId: grant.userId }));
  const of = { id: grant.id, clientWorkspaceId: company.id };
  assert.equal(must(await ctx.queue.transact((tx) => disconnectAccount(ctx, tx, of, at))).endedBy, 'company');
});

test('one account that agrees in two windows at once is connected in both, and refused in neither', async () => {
  const company = await newCompany(ctx);
  const holder = await newHolder(ctx);
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => connectHolder(ctx, company, holder, 'w')));
  const granted = outcomes.map((one) => must(one));
  assert.equal(granted.filter(({ created }) => created).length, 1);
  assert.equal(new Set(granted.map(({ grant }) => grant.id)).size, 1);
});

test('a connect id that nobody vouched for stays with whom it was first used by; a signed one goes to whom the company says', async () => {
  const company = await newCompany(ctx);
  const [ann, bea] = [await newHolder(ctx), await newHolder(ctx)];
  const { grant } = must(await connectHolder(ctx, company, ann, 'seat'));
  const taken = await connectHolder(ctx, company, bea, 'seat', { signed: true });
  assert.equal(faultOf(taken), 'conflict', 'not while it is in use');
  must(await endGrant(ctx, grant));
  assert.equal(faultOf(await connectHolder(ctx, company, bea, 'seat')), 'conflict');
  assert.equal(faultOf(await connectHolder(ctx, company, ann, 'other')), 'conflict');
  const signed = must(await connectHolder(ctx, company, bea, 'seat', { signed: true }));
  assert.equal(signed.grant.userId, bea.id);
  assert.notEqual(signed.grant.contactId, grant.contactId);
});

test('who acts by a grant is done before it ends, or is refused', async () => {
  const { company, grant } = await makeGrant(ctx);
  const order: string[] = [];
  const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  const acting = sql.begin(async (tx) => {
    const got = must(await holdGrant(tx, company.id, { userId: grant.userId }));
    isHeld();
    await go;
    order.push('acted');
    return mayOnBehalf(got, 'orders');
  });
  await held;
  const ending = endGrant(ctx, grant).then((ended) => {
    order.push('ended');
    return ended;
  });
  await until('the end waits, or is over', async () => {
    const waiting = await database.sql`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return waiting.length > 0 || order.length > 0;
  });
  release();
  assert.equal(await acting, true);
  must(await ending);
  assert.deepEqual(order, ['acted', 'ended']);
  const after = await sql.begin((tx) => holdGrant(tx, company.id, { userId: grant.userId }));
  assert.equal(faultOf(after), 'forbidden');
});

test('S16 with Connect switched off nobody acts for anybody', async () => {
  const { company, holder } = await makeGrant(ctx);
  must(await sql.begin((tx) => disableConnect(tx, company.id, ctx.clock.nowMs())));
  assert.equal(faultOf(await grantOf(sql, company.id, { userId: holder.id })), 'forbidden');
});

test('a contact that the company erases is connected no more, and the account sees that it was', async () => {
  const { company, holder, grant } = await makeGrant(ctx);
  const person = { workspaceId: company.id, contactId: grant.contactId, atMs: ctx.clock.nowMs() };
  await ctx.queue.transact((tx) => erasePerson(ctx, tx, { ...person, afterCommit: () => {} }));
  assert.equal(faultOf(await grantOf(sql, company.id, { connectId: grant.connectId })), 'not_found');
  assert.equal(faultOf(await grantOf(sql, company.id, { userId: holder.id })), 'forbidden');
  const { grants } = await listGrants(sql, { clientWorkspaceId: company.id, limit: 10 });
  assert.deepEqual(
    grants.map(({ connectId, contactId, endedBy }) => ({ connectId, contactId, endedBy })),
    [{ connectId: null, contactId: null, endedBy: 'erased' }],
  );
  // Who listens is told of the account alone; once, also where it is erased again.
  await ctx.queue.transact((tx) => erasePerson(ctx, tx, { ...person, afterCommit: () => {} }));
  const events = await told(company.id);
  assert.deepEqual(
    events.map(({ type, payload }) => [type, payload.userId, payload.connectId]),
    [
      ['grant.created', holder.id, grant.connectId],
      ['grant.deleted', holder.id, null],
    ],
  );
  const again = must(await connectHolder(ctx, company, holder, grant.connectId));
  assert.notEqual(again.grant.contactId, grant.contactId);
});

test('a contact that is merged takes its grant along', async () => {
  const { company, grant } = await makeGrant(ctx);
  const [survivingId] = await newContacts(ctx, company.id, 1);
  const pair = { workspaceId: company.id, survivingId: survivingId!, discardedId: grant.contactId };
  must(await ctx.queue.transact((tx) => mergePeople(ctx, tx, ctx.clock.nowMs(), pair)));
  const after = must(await grantOf(sql, company.id, { connectId: grant.connectId }));
  assert.equal(after.contactId, survivingId);
});

test('two accounts that are one person: who disconnects as one is spoken to as the other, and as neither when both have', async () => {
  const company = await newCompany(ctx);
  const workspaceId = company.id;
  const nowMs = ctx.clock.nowMs();
  const group = await ctx.queue.transact((tx) =>
    openAnnouncements(tx, ctx.ids, nowMs, workspaceId, { name: 'News' }),
  );
  const accounts = [await makeGrant(ctx, { company }), await makeGrant(ctx, { company })];
  const [own, work] = accounts.map(({ grant }) => grant) as [LiveGrant, LiveGrant];
  const { contactId } = own;
  const pair = { workspaceId, survivingId: contactId, discardedId: work.contactId };
  must(await ctx.queue.transact((tx) => mergePeople(ctx, tx, nowMs, pair)));
  const reached = async () => {
    await ctx.queue.transact((tx) => followConnection(tx, nowMs, { workspaceId, contactId }));
    const chats = await chatsOf(sql, contactId);
    return [
      chats.some(({ closedMs }) => closedMs === null),
      (await membersAmong(sql, group.id, [contactId])).length,
    ];
  };
  assert.deepEqual(await reached(), [true, 1]);
  must(await endGrant(ctx, own));
  assert.deepEqual(await reached(), [true, 1], 'as the other account');
  must(await endGrant(ctx, work));
  assert.deepEqual(await reached(), [false, 0]);
  // Both at once: one of them is the last.
  for (const { holder, grant } of accounts) must(await connectHolder(ctx, company, holder, grant.connectId));
  const again = (await listGrants(sql, { clientWorkspaceId: workspaceId, limit: 10, live: true })).grants;
  assert.deepEqual(await reached(), [true, 1]);
  await Promise.all(again.map((grant) => endGrant(ctx, grant)));
  assert.deepEqual(await reached(), [false, 0]);
});

test('who connected and was merged before that was read is in the announcements as whom they became', async () => {
  const company = await newCompany(ctx);
  const workspaceId = company.id;
  const nowMs = ctx.clock.nowMs();
  const group = await ctx.queue.transact((tx) =>
    openAnnouncements(tx, ctx.ids, nowMs, workspaceId, { name: 'News' }),
  );
  const { grant } = await makeGrant(ctx, { company });
  const [survivingId] = await newContacts(ctx, workspaceId, 1);
  const discardedId = grant.contactId;
  const pair = { workspaceId, survivingId: survivingId!, discardedId };
  must(await ctx.queue.transact((tx) => mergePeople(ctx, tx, nowMs, pair)));
  // Only now the feed is read.
  await ctx.queue.transact((tx) => followConnection(tx, nowMs, { workspaceId, contactId: discardedId }));
  const members = await membersAmong(sql, group.id, [survivingId!, discardedId]);
  assert.deepEqual(
    members.map(({ contactId }) => contactId),
    [survivingId],
  );
});

test('who is erased or merged at the moment at which they are put into a group: no row names who is gone', async () => {
  const { id: workspaceId } = await newCompany(ctx);
  const people = await newContacts(ctx, workspaceId, 3);
  const [erasedId, discardedId, survivingId] = people as [number, number, number];
  const nowMs = ctx.clock.nowMs();
  const { id: groupId } = await ctx.queue.transact((tx) =>
    createGroup(tx, ctx.ids, nowMs, workspaceId, { name: 'Friends' }),
  );
  const { promise: gone, resolve: isGone } = Promise.withResolvers<void>();
  const { promise: ending, resolve: end } = Promise.withResolvers<void>();
  const going = ctx.queue.transact(async (tx) => {
    await erasePerson(ctx, tx, { workspaceId, contactId: erasedId, atMs: nowMs, afterCommit: () => {} });
    must(await mergePeople(ctx, tx, nowMs, { workspaceId, survivingId, discardedId }));
    isGone();
    await ending;
  });
  await gone;
  let isOver = false;
  const joining = ctx.queue
    .transact((tx) => joinGroup(tx, nowMs, { workspaceId, groupId }, [erasedId, discardedId]))
    .finally(() => (isOver = true));
  await until('it waits for them', async () => {
    const waiting = await sql`SELECT 1 FROM pg_locks WHERE NOT granted`;
    return isOver || waiting.length > 0;
  });
  end();
  await going;
  assert.deepEqual(await joining, [survivingId]);
  const members = await membersAmong(sql, groupId, people);
  assert.deepEqual(
    members.map(({ contactId }) => contactId),
    [survivingId],
  );
});

test('S9 of many who are named only those who are connected now', async () => {
  const company = await newCompany(ctx);
  const [one, two] = [await makeGrant(ctx, { company }), await makeGrant(ctx, { company })];
  const elsewhere = await makeGrant(ctx);
  must(await endGrant(ctx, two.grant));
  const named = {
    connectIds: [one.grant.connectId, two.grant.connectId, 'nobody'],
    userIds: [one.holder.id, elsewhere.holder.id],
  };
  const found = await liveGrantsOf(sql, company.id, named);
  assert.deepEqual(
    found.map(({ id }) => id),
    [one.grant.id],
  );
  const contacts = [one, two, elsewhere].map(({ grant }) => grant.contactId);
  assert.deepEqual([...(await connectedContacts(sql, company.id, contacts))], [one.grant.contactId]);
});

test('a grant allows what was asked for when it was given, and not what is asked for since', async () => {
  const company = await newCompany(ctx);
  const change = { nowMs: ctx.clock.nowMs(), workspaceId: company.id };
  must(await sql.begin((tx) => changeClient(tx, change, { asks: ['messages'] })));
  const { grant } = await makeGrant(ctx, { company });
  must(await sql.begin((tx) => changeClient(tx, change, { asks: ['messages', 'orders'] })));
  const acting = async (ability: 'orders' | 'messages') =>
    faultOf(await sql.begin((tx) => actingFor(tx, company.id, { connectId: grant.connectId }, ability)));
  assert.equal(await acting('messages'), undefined);
  assert.equal(await acting('orders'), 'forbidden');
  for (const [asks, fault] of [
    [['all'], 'bad_request'],
    [[], undefined],
  ] as const)
    assert.equal(faultOf(await sql.begin((tx) => changeClient(tx, change, { asks }))), fault);
});

test('nobody is sent back but to whole https addresses, or to this machine', async () => {
  const company = await newCompany(ctx);
  const change = { nowMs: ctx.clock.nowMs(), workspaceId: company.id };
  const take = async (uri: string) =>
    faultOf(await sql.begin((tx) => changeClient(tx, change, { redirectUris: [uri] })));
  for (const uri of ['https://shop.example/back?a=1', 'http://localhost:3000/', 'http://127.0.0.1:3/x'])
    assert.equal(await take(uri), undefined, uri);
  const odd = [
    'http://shop.example/',
    'javascript:alert(1)',
    'https://a@shop.example/',
    'https://shop.example/#x',
  ];
  for (const uri of [
    ...odd,
    '/back',
    'https://shop.example/;x',
    "https://shop.example/'",
    'data:text/html,x',
  ])
    assert.equal(await take(uri), 'bad_request', uri);
});

test('a secret that is drawn anew is another', async () => {
  const company = await newCompany(ctx);
  const before = await clientSecret(sql, ctx.vault, company.id);
  const drawn = must(
    await sql.begin((tx) =>
      rotateClientSecret(tx, ctx.vault, { workspaceId: company.id, nowMs: ctx.clock.nowMs() }),
    ),
  );
  assert.notEqual(drawn, before);
  assert.equal(await clientSecret(sql, ctx.vault, company.id), drawn);
});

test('a workspace that goes ends its grants on both sides, and who listens is told', async () => {
  const { company, holder, grant } = await makeGrant(ctx);
  const other = await makeGrant(ctx, { company });
  const at = { clientNowMs: ctx.clock.nowMs() };
  await ctx.queue.transact((tx) => disconnectWorkspace(ctx, tx, holder.workspaceId, at));
  assert.equal(faultOf(await grantOf(sql, company.id, { connectId: grant.connectId })), 'forbidden');
  must(await grantOf(sql, company.id, { connectId: other.grant.connectId }));
  await ctx.queue.transact((tx) => disconnectWorkspace(ctx, tx, company.id, at));
  const ended = (await told(company.id)).filter(({ type }) => type === 'grant.deleted');
  assert.deepEqual(new Set(ended.map(({ payload }) => payload.grantId)), new Set([grant.id, other.grant.id]));
  assert.equal(ended.length, 2);
  const [kept] = await grantsBy(sql, holder.id);
  assert.deepEqual([kept!.client.name, kept!.endedBy], ['Acme', 'workspace']);
});
