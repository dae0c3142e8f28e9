/**
 * What a company says reaches the devices and browsers of an account, over real sockets: FCM, APNs, web push and the live channel, each
 * by what the account has set; and after a disconnect none of them.
 */
import assert from 'node:assert/strict';
import { createECDH, generateKeyPairSync, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { connectLive, type LiveClient } from '../sdk/live/client.ts';
import { webPushAddress } from '../src/channels/webpush/adapter.ts';
import { startFake, type FakeHttp } from '../src/channels/testing/fake.ts';
import { startFakeHttp2, type FakeHttp2 } from '../src/channels/testing/fakeHttp2.ts';
import { postToAccounts } from '../src/broadcasts/posted.ts';
import { linkDestination } from '../src/contacts/destinations.ts';
import { changeChat } from '../src/conversations/groups/chats.ts';
import { changeMember, joinGroup, openAnnouncements } from '../src/conversations/groups/groups.ts';
import { webChatOf } from '../src/doors/kit/webChat.ts';
import { openSession } from '../src/links/sessions.ts';
import { tellAccount } from '../src/outbox/tellAccount.ts';
import { connectHolder, endGrant, makeGrant, newCompany, type Company } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { newGroup, post } from './support/groups.ts';
import { newIntegration } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { must, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
const browsers = await startReceiver();
const open: LiveClient[] = [];
let world: World;
let worker: World | undefined;
let company: Company;
let fcm: FakeHttp2;
let apns: FakeHttp2;
let google: FakeHttp;
let integrations: Record<'fcm' | 'apns' | 'webpush', number>;

/** More than all tests here take. */
const ANSWERS = 200;
const pem = (key: { export: (as: { type: 'pkcs8'; format: 'pem' }) => string | Buffer }) =>
  key.export({ type: 'pkcs8', format: 'pem' }) as string;

before(async () => {
  [fcm, apns, google] = await Promise.all([startFakeHttp2(), startFakeHttp2(), startFake()]);
  const named = { status: 200, body: '{"name":"projects/p/messages/1"}' };
  fcm.answerNext(...Array.from({ length: ANSWERS }, () => named));
  const taken = { status: 200, headers: { 'apns-id': '6C2B6B5E-8B8E-4E5B-8F3A-0E8D4C3B2A10' } };
  apns.answerNext(...Array.from({ length: ANSWERS }, () => taken));
  const signedIn = '{"access_token":"a","expires_in":3599,"token_type":"Bearer"}';
  google.answerNext(...Array.from({ length: ANSWERS }, () => ({ status: 200, body: signedIn })));
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  const { ctx } = world;
  company = await newCompany(ctx, 'live');
  const vapid = createECDH('prime256v1');
  vapid.generateKeys();
  const [phones, tablets, pages] = [
    await newIntegration(ctx, company.id, 'fcm', {
      serviceAccount: JSON.stringify({
        type: 'service_account',
        project_id: 'p',
        private_key_id: 'k',
        private_key: pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
        client_email: 'push@p.iam.gserviceaccount.com',
        token_uri: `${google.url}/token`,
      }),
      baseUrl: fcm.url,
    }),
    await newIntegration(ctx, company.id, 'apns', {
      keyId: 'ABC123DEFG',
      teamId: 'DEF123GHIJ',
      privateKey: pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
      topic: 'com.example.app',
      baseUrl: apns.url,
    }),
    await newIntegration(ctx, company.id, 'webpush', {
      vapidSubject: 'mailto:ops@shop.example',
      vapidPrivateKey: vapid.getPrivateKey('base64url'),
      vapidPublic: vapid.getPublicKey('base64url'),
    }),
  ];
  integrations = { fcm: phones.id, apns: tablets.id, webpush: pages.id };
  await ctx.queue.transact((tx) =>
    openAnnouncements(tx, ctx.ids, ctx.clock.nowMs(), company.id, { name: 'News' }),
  );
});
after(async () => {
  for (const client of open) client.close();
  await worker?.stop();
  await world.stop();
  await Promise.all([fcm.close(), apns.close(), google.close()]);
});

let named = 0;
/** A connected account with a phone, a tablet and a browser that takes pushes, and a page of it that is open. */
async function account() {
  const { ctx } = world;
  const { grant, holder } = await makeGrant(ctx, { company, environment: 'live' });
  const { contactId } = grant;
  const at = { fcm: `phone${++named}`, apns: named.toString(16).padStart(64, '0'), page: `/page/${named}` };
  browsers.answer(at.page, { status: 201 });
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  const keys = { p256dh: ecdh.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') };
  const devices = [
    [integrations.fcm, `fcm:${at.fcm}`],
    [integrations.apns, `apns:${at.apns}`],
    [integrations.webpush, webPushAddress({ endpoint: browsers.url(at.page), keys })],
  ] as const;
  for (const [integrationId, address] of devices) {
    const device = { workspaceId: company.id, contactId, integrationId, address, channel: 'push' as const };
    await ctx.queue.transact(async (tx) =>
      must(await linkDestination(tx, ctx.ids, ctx.clock.nowMs(), { ...device, status: 'active' })),
    );
  }
  const told = (text: string) => ({
    fcm: fcm.requests.filter(({ body }) => body.includes(at.fcm) && body.includes(text)).length,
    apns: apns.requests.filter(({ path, body }) => path.endsWith(at.apns) && body.includes(text)).length,
  });
  const pages = () => browsers.received(at.page).length;
  return { grant, holder, contactId, told, pages };
}

/** A page of an account that is open: what it shows. */
async function page(contactId: number) {
  const { ctx } = world;
  const integrationId = must(await webChatOf(ctx, company.id));
  const of = { workspaceId: company.id, contactId, integrationId };
  const { token } = await ctx.queue.transact((tx) => openSession(tx, ctx.clock.nowMs(), of));
  const shown: string[] = [];
  const client = connectLive({ url: world.url, token, backOffMs: { first: 5, longest: 50 } });
  open.push(client);
  client.on('event', (event) => shown.push(JSON.stringify(event)));
  await until('it is connected', () => client.status() === 'open');
  return (text: string) => shown.filter((event) => event.includes(text)).length;
}

const tell = async (contactId: number, kind: 'direct' | 'notices', text: string) =>
  must(
    await world.ctx.queue.transact((tx) =>
      tellAccount(
        world.ctx,
        tx,
        world.ctx.clock.nowMs(),
        { workspaceId: company.id, contactId, kind, companyName: 'Acme', aheadMs: 0 },
        { content: { type: 'text', text }, source: { type: 'api' } },
      ),
    ),
  );
const broadcast = async (text: string) => {
  const nowMs = world.ctx.clock.nowMs();
  const said = { content: { type: 'text' as const, text }, audience: { include: { all: true as const } } };
  const of = { workspaceId: company.id, kind: 'notices' as const, companyName: 'Acme' };
  return must(
    await world.ctx.queue.transact((tx) =>
      postToAccounts(world.ctx.broadcasts, tx, of, said, { nowMs, wsNowMs: nowMs }),
    ),
  );
};
/** All that was said has gone to whom it goes. */
const done = () =>
  until('all is through', async () => {
    const rows = await sql`
      SELECT 1 FROM broadcasts WHERE origin IS NOT NULL AND state <> 'done'
      UNION ALL SELECT 1 FROM due UNION ALL SELECT 1 FROM feed LIMIT 1`;
    return rows.length === 0;
  });
const ONCE = { fcm: 1, apns: 1 };
const NEVER = { fcm: 0, apns: 0 };

test('S2 what waits to be sent when an account disconnects goes to none of its devices, also where it has connected again', async () => {
  const { ctx } = world;
  const [gone, back, stays] = [await account(), await account(), await account()];
  const everybody = [gone, back, stays];
  const { id: groupId } = await newGroup(
    ctx,
    company.id,
    everybody.map(({ contactId }) => contactId),
  );
  // Nobody works yet: all of it waits.
  for (const { contactId } of everybody) await tell(contactId, 'direct', 'on its way');
  await broadcast('to all who were there');
  must(await post(ctx, { workspaceId: company.id, groupId }, 'in the group'));
  for (const { grant } of [gone, back]) must(await endGrant(ctx, grant));
  must(await connectHolder(ctx, company, back.holder, back.grant.connectId));
  await tell(back.contactId, 'direct', 'welcome back');
  worker = await startWorld(database.connection, { PARLEY_ROLES: 'worker' });
  await done();
  for (const text of ['on its way', 'in the group']) {
    assert.deepEqual(stays.told(text), ONCE, text);
    for (const one of [gone, back]) assert.deepEqual(one.told(text), NEVER, text);
  }
  assert.deepEqual(gone.told('to all who were there'), NEVER);
  assert.deepEqual(back.told('welcome back'), ONCE);
  const rows = await sql<{ code: string | null }[]>`
    SELECT code FROM deliveries WHERE contact_id = ${gone.contactId}`;
  assert.deepEqual([...rows], [{ code: 'disconnected' }]);
});

test('S3 S45 S46 S53 S71 S72 messages, notifications, broadcasts and posts reach every device and page of an account, once, as it has set', async () => {
  const { ctx } = world;
  const one = await account();
  const other = await account();
  const shown = await page(one.contactId);
  const { id: groupId } = await newGroup(ctx, company.id, [one.contactId, other.contactId]);
  const group = { workspaceId: company.id, groupId };
  await tell(one.contactId, 'direct', 'said directly');
  await tell(one.contactId, 'notices', 'an order came');
  await broadcast('to each of you');
  must(await post(ctx, group, 'hello group'));
  await done();
  for (const text of ['said directly', 'an order came', 'to each of you', 'hello group'])
    assert.deepEqual(one.told(text), ONCE, text);
  assert.equal(one.pages(), 4);
  assert.deepEqual(other.told('to each of you'), ONCE);
  assert.deepEqual(other.told('said directly'), NEVER);
  for (const text of ['said directly', 'an order came', 'to each of you', 'hello group'])
    await until(`the page shows: ${text}`, () => shown(text) === 1);
  // A device that is told twice shows it once.
  const [sent] = fcm.requests.filter(({ body }) => body.includes('hello group'));
  assert.match(sent!.body, /"collapse_key"|"tag"/);
  assert.ok(apns.requests.every(({ headers }) => headers['apns-collapse-id'] !== undefined));

  const set = (to: Parameters<typeof changeMember>[2]) =>
    ctx.queue.transact(async (tx) =>
      must(await changeMember(tx, { ...group, contactId: one.contactId }, to)),
    );
  const setChat = (kind: 'direct' | 'notices', to: Parameters<typeof changeChat>[2]) =>
    ctx.queue.transact(async (tx) => must(await changeChat(tx, { contactId: one.contactId, kind }, to)));
  await set({ notify: 'mentions' });
  await setChat('direct', { notify: 'none' });
  await setChat('notices', { mutedUntilMs: ctx.clock.nowMs() + 3_600_000 });
  await tell(one.contactId, 'direct', 'quiet one');
  await broadcast('quiet two');
  must(await post(ctx, group, 'quiet three'));
  must(await post(ctx, group, 'naming you', { mentions: [one.contactId] }));
  await done();
  await set({ notify: 'none' });
  must(await post(ctx, group, 'quiet four', { mentions: [one.contactId] }));
  await done();
  for (const text of ['quiet one', 'quiet two', 'quiet three', 'quiet four'])
    assert.deepEqual(one.told(text), NEVER, text);
  assert.deepEqual(one.told('naming you'), ONCE);
  assert.equal(one.pages(), 5);
  assert.deepEqual(other.told('quiet four'), ONCE);
  // What devices are not told is there to be seen.
  for (const text of ['quiet one', 'quiet two', 'quiet three', 'quiet four'])
    await until(`the page shows: ${text}`, () => shown(text) === 1);
});

test('S2 after a disconnect no device and no page is told: of groups, of broadcasts, of what was on its way; connected again, of what is new', async () => {
  const { ctx } = world;
  const [gone, stays] = [await account(), await account()];
  const shown = await page(gone.contactId);
  const { id: groupId } = await newGroup(ctx, company.id, [gone.contactId, stays.contactId]);
  const group = { workspaceId: company.id, groupId };
  must(await post(ctx, group, 'while connected'));
  await done();
  assert.deepEqual(gone.told('while connected'), ONCE);
  await until('the page shows it', () => shown('while connected') === 1);
  must(await endGrant(ctx, gone.grant));
  must(await post(ctx, group, 'after the end', { mentionsAll: true }));
  await broadcast('to who is left');
  await done();
  for (const text of ['after the end', 'to who is left']) {
    assert.deepEqual(gone.told(text), NEVER, text);
    assert.deepEqual(stays.told(text), ONCE, text);
    assert.equal(shown(text), 0, text);
  }
  assert.equal(gone.pages(), 1);
  const again = must(
    await ctx.queue.transact((tx) => joinGroup(tx, ctx.clock.nowMs(), group, [stays.contactId])),
  );
  assert.deepEqual(again, [], 'who stays is in it as before');
});
