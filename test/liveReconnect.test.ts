/**
 * The live channel under bad weather, with two processes over one store: connections cut at any byte, servers killed, clients
 * that do not read. Nothing is lost, nothing is told twice, the order is one for all.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs, systemClock } from '../src/base/clock.ts';
import { toHex24 } from '../src/base/ids.ts';
import { findContact } from '../src/contacts/contacts.ts';
import { conversationsOf } from '../src/conversations/conversations.ts';
import { accept } from '../src/outbox/accept.ts';
import { startCutter, type Cutter } from './support/cutter.ts';
import { testDatabase } from './support/database.ts';
import { closeTabs, inStep, newSigner, openTab, type Tab } from './support/live.ts';
import { startProcess, type ParleyProcess } from './support/processes.ts';
import { until } from './support/until.ts';
import { callApi, newWorkspace, startWorld, TEST_SECRET, type World } from './support/world.ts';

const CUTS = 200;
const KILLS = 5;

// Before the database's own, so that nobody is left who misses it.
after(async () => {
  closeTabs();
  await Promise.all(cutters.map((cutter) => cutter.close()));
  await Promise.all(processes.map((one) => one.stop()));
  await world.stop();
  await rm(dir, { recursive: true, force: true });
});

const db = await testDatabase();
let dir: string;
let world: World;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let signer: Awaited<ReturnType<typeof newSigner>>;
let env: Record<string, string>;
let processes: ParleyProcess[];
const cutters: Cutter[] = [];

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-live-'));
  env = {
    PARLEY_DATABASE_URL: db.url,
    PARLEY_DATA_DIR: dir,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_PORT: '0',
    PARLEY_LEASE_MS: '1500',
    PARLEY_RATE_LIMIT: '0',
  };
  // This process only prepares and looks.
  world = await startWorld(db.connection, { PARLEY_ROLES: 'http' });
  app = await newWorkspace(world.ctx, 'live');
  signer = await newSigner(world.ctx, app.id);
  processes = [await startProcess(env), await startProcess(env)];
});
async function cutterTo(url: string): Promise<Cutter> {
  const cutter = await startCutter(url);
  cutters.push(cutter);
  return cutter;
}

/** The business says something through one of the processes, again until it is accepted: the key makes it once. */
async function post(userId: string, text: string, url: () => string): Promise<string> {
  const path = `/v1.1/appusers/${userId}/messages`;
  const body = { role: 'appMaker', type: 'text', text };
  const answer = await until('it is accepted', async () => {
    const headers = { 'idempotency-key': `${userId}-${text}`.slice(0, 60) };
    const given = await callApi({ url: url() }, app.authorization, 'POST', path, body, headers).catch(
      () => undefined,
    );
    return given?.status === 201 ? given : undefined;
  });
  return answer.json.message._id;
}

const chance = (share: number) => Math.random() < share;

async function shown(tabs: readonly Tab[], count: number): Promise<void> {
  for (const tab of tabs)
    await until(`all ${count} are told`, () => tab.told.length >= count, 60_000).catch((error: Error) => {
      throw new Error(`${error.message} (${tab.told.length} told, ${tab.status()})`);
    });
}

test(`${CUTS} connections cut at any moment, while both sides talk through two processes: each message once, in one order, on two tabs`, async () => {
  const userId = 'weather';
  const nets = [await cutterTo(processes[0]!.url), await cutterTo(processes[1]!.url)];
  const tabs = nets.map(({ url }) => openTab(url, () => signer.tokenOf(userId)));
  await tabs[0]!.start();
  for (const tab of tabs) await until('it knows the person', () => tab.conversation()?.started);
  const before = tabs.map(({ resets }) => resets);
  const ids: Promise<string>[] = [];
  let cuts = 0;
  for (let n = 0; cuts < CUTS; n++) {
    ids.push(post(userId, `b${n}`, () => processes[n % 2]!.url));
    if (chance(0.4)) ids.push(tabs[n % 2]!.say(`c${n}`).then(({ messageId }) => messageId));
    if (chance(0.6)) cuts += nets[n % 2]!.cut();
    if (n % 4 === 3) await Promise.all(ids.slice(-2));
    // Now and then it comes to rest, so that a cut also meets a connection that is whole.
    if (n % 10 === 9) await until('they are back', () => tabs.every((tab) => tab.status() === 'open'));
  }
  const expected = await Promise.all(ids);
  await shown(tabs, expected.length);
  inStep(tabs, expected);
  assert.deepEqual(
    tabs.map(({ resets }) => resets),
    before,
    'a cursor was not taken',
  );
  assert.ok(tabs.reduce((sum, { opens }) => sum + opens, 0) > CUTS / 4, 'there were reconnects');
  for (const tab of tabs) {
    const isDelivered = () =>
      tab.messages().every(({ from, state }) => from === 'contact' || state === 'delivered');
    await until('all is delivered', isDelivered, 60_000);
    tab.close();
  }
});

test(`kill -9 of the server, ${KILLS} times: what was said is kept once, and what was answered is told once`, async () => {
  const userId = 'killed';
  const net = await cutterTo(processes[0]!.url);
  const tabs = [
    openTab(net.url, () => signer.tokenOf(userId)),
    openTab(net.url, () => signer.tokenOf(userId)),
  ];
  await tabs[0]!.start();
  for (const tab of tabs) await until('it knows the person', () => tab.conversation()?.started);
  const ids: Promise<string>[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    for (let n = 0; n < 20; n++) {
      ids.push(tabs[n % 2]!.say(`c${kill}.${n}`).then(({ messageId }) => messageId));
      ids.push(post(userId, `b${kill}.${n}`, () => processes[n % 2]!.url));
    }
    await until('some were told', () => tabs[0]!.told.length > kill * 40 + 5, 60_000);
    await processes[0]!.kill();
    processes[0] = await startProcess(env);
    net.lead(processes[0].url);
  }
  const expected = await Promise.all(ids);
  assert.equal(new Set(expected).size, KILLS * 40);
  await shown(tabs, expected.length);
  inStep(tabs, expected);
  for (const tab of tabs) tab.close();
});

test('a client that does not read is closed, with little kept for it, and gets all the rest when it comes back', async (t) => {
  const userId = 'slow';
  // Patience is a twentieth of what it is.
  const after20th = (delayMs: number, run: () => void) => systemClock.after(delayMs / 20, run);
  const server = await startWorld(
    db.connection,
    { PARLEY_ROLES: 'http' },
    { clock: { ...systemClock, after: after20th } },
  );
  const net = await cutterTo(server.url);
  t.after(async () => {
    closeTabs();
    await net.close();
    await server.stop();
  });
  const tab = openTab(net.url, () => signer.tokenOf(userId));
  await tab.start();
  await until('it knows the person', () => tab.conversation()?.started);
  net.hold(true);
  const heldBytes = process.memoryUsage().arrayBuffers;
  // More than the sockets on the way take.
  const ids = await acceptMany(userId, 2_500, 'x'.repeat(4_000));
  const logged = () => db.sql<{ n: number }[]>`
    SELECT max(seq) AS n FROM live_heads WHERE contact_id = (
      SELECT contact_id FROM identities WHERE workspace_id = ${app.id} AND value = ${userId})`;
  await until('all is logged', async () => (await logged())[0]!.n >= ids.length, 60_000);
  const startMs = monotonicMs();
  await until('the server has asked twice whether somebody is there', () => monotonicMs() - startMs > 3_500);
  const grownBytes = process.memoryUsage().arrayBuffers - heldBytes;
  assert.ok(grownBytes < 20_000_000, `${grownBytes} bytes are held`);
  net.hold(false);
  await until('it is back', () => tab.opens > 1);
  // It missed more than the log keeps: it is shown the last ones, and can load the others.
  await until('it has the last', () => tab.messages().at(-1)?.id === ids.at(-1), 60_000);
  while (tab.hasMore()) await tab.history();
  assert.equal(tab.repeats, 0);
  assert.deepEqual(
    tab
      .messages()
      .map(({ id }) => id)
      .toSorted(),
    ids.toSorted(),
  );
});

test('what was said before is loaded also when the connection goes meanwhile, or is away; a closed client waits for nothing', async () => {
  const userId = 'before';
  const net = await cutterTo(processes[0]!.url);
  const first = openTab(net.url, () => signer.tokenOf(userId));
  await first.start();
  await until('it knows the person', () => first.conversation()?.started);
  const ids = await acceptMany(userId, 400, 'x');
  await shown([first], ids.length);
  const tab = openTab(net.url, () => signer.tokenOf(userId));
  await until('it is shown the last', () => tab.hasMore());
  const count = () => tab.messages().length;
  for (const cut of [
    () => void net.cut(),
    async () => {
      const { promise: away, resolve } = Promise.withResolvers<void>();
      const off = tab.on('status', (status) => status === 'waiting' && resolve());
      net.cut();
      await away;
      off();
    },
  ]) {
    const before = count();
    await cut();
    await tab.history();
    assert.ok(count() > before);
    await until('it is back', () => tab.status() === 'open');
  }
  while (tab.hasMore()) await tab.history();
  assert.equal(count(), ids.length);
  const left = openTab(net.url, () => signer.tokenOf(userId));
  await until('it is shown the last', () => left.hasMore());
  net.cut();
  const waited = left.history();
  left.close();
  await waited;
});

/** The business says many things to somebody, without HTTP. */
async function acceptMany(userId: string, count: number, text: string): Promise<string[]> {
  const { ctx } = world;
  const contact = (await findContact(ctx.sql, app.id, { kind: 'external', value: userId }))!;
  const conversation = (await conversationsOf(ctx.sql, [contact.id])).get(contact.id)!;
  const send = {
    workspaceId: app.id,
    contactId: contact.id,
    conversationId: conversation.id,
    kind: 'message',
    class: 'transactional',
    content: { type: 'text', text },
    author: {},
    source: { type: 'api' },
  } as const;
  const ids: number[] = [];
  for (let n = 0; n < count; n += 50) {
    const some = Array.from({ length: 50 }, () => send);
    const made = await ctx.queue.transact((tx) => accept(ctx, tx, ctx.clock.nowMs() + n, some));
    ids.push(...made.map(({ messageId }) => messageId));
  }
  return ids.map(toHex24);
}

test('tabs that open while both sides talk: what a tab is shown first and told then is everything, once', async () => {
  const userId = 'joining';
  const first = openTab(world.url, () => signer.tokenOf(userId));
  await first.start();
  const ids: Promise<string>[] = [];
  const tabs: Tab[] = [];
  for (let n = 0; n < 80; n++) {
    ids.push(post(userId, `b${n}`, () => processes[n % 2]!.url));
    if (n % 2) ids.push(first.say(`c${n}`).then(({ messageId }) => messageId));
    if (n % 3 === 0 && tabs.length < 15)
      tabs.push(openTab(processes[n % 2]!.url, () => signer.tokenOf(userId)));
    if (n % 4 === 3) await Promise.all(ids.slice(-3));
  }
  const expected = await Promise.all(ids);
  for (const tab of tabs) {
    await until(
      'all are shown',
      () => tab.messages().length >= 100 || tab.messages().length === expected.length,
    );
    while (tab.hasMore()) await tab.history();
    await until('all are shown', () => tab.messages().length === expected.length);
    assert.deepEqual(
      tab
        .messages()
        .map(({ id }) => id)
        .toSorted(),
      expected.toSorted(),
    );
    assert.equal(tab.repeats, 0, 'a message was shown and told');
    assert.equal(new Set(tab.told).size, tab.told.length);
    tab.close();
  }
  first.close();
});

test('a notice that is lost only delays', async () => {
  const userId = 'unnoticed';
  const tab = openTab(world.url, () => signer.tokenOf(userId));
  await tab.start();
  await until('it knows the person', () => tab.conversation()?.started);
  const stop = await deafen();
  const id = await post(userId, 'late', () => processes[0]!.url);
  await shown([tab], 1);
  assert.deepEqual(tab.told, [id]);
  stop();
  tab.close();
});

/** Ends the connection on which this process listens, again and again, so that it hears nothing. */
async function deafen(): Promise<() => void> {
  let deaf = true;
  const kill = async () => {
    await db.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'LISTEN "parley_live"%'`;
  };
  await kill();
  void until('it hears again', async () => {
    if (deaf) await kill();
    return !deaf;
  }).catch(() => {});
  return () => {
    deaf = false;
  };
}

test('a server that stops says so, after it has answered what was asked', async () => {
  const stopping = await startProcess({ ...env, PARLEY_ROLES: 'http' });
  const net = await cutterTo(stopping.url);
  const tab = openTab(net.url, () => signer.tokenOf('leaving'));
  await tab.start();
  const said = Array.from({ length: 20 }, (_, n) => tab.say(`last ${n}`));
  net.lead(processes[0]!.url);
  await stopping.stop();
  const ids = (await Promise.all(said)).map(({ messageId }) => messageId);
  await until('it is at the other server', () => tab.status() === 'open');
  await until('all are shown', () => tab.messages().length === 20);
  assert.deepEqual(
    tab.messages().map(({ id }) => id),
    ids,
  );
  tab.close();
});
