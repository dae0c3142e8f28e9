/** Links that wait for the person: for a sign of life, or for a yes (api/sunshine.md §9.1; N7). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caller, errors, startProduct } from './sunshineProduct.ts';
import { fromHex24 } from '../src/base/ids.ts';
import { tellOfDeliveries } from '../src/ledger/events.ts';
import { STATE } from '../src/ledger/states.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url, sql } = product;
const receiver = await startReceiver();
const app = await product.newApp();
const call = caller(url, app);
const at = `/v1.1/apps/${app.appId}`;
const LINKS = ['link:match', 'link:success', 'link:failure', 'client:add'];

let users = 0;
/** A user with a link on the way, what was told of it, and the phone. */
async function linking(confirmation: object, phoneNumber = `+1514557${String(++users).padStart(4, '0')}`) {
  const userId = `user-${++users}`;
  const path = `/${userId}`;
  await call('POST', `${at}/webhooks`, { target: receiver.url(path), triggers: LINKS });
  const made = (await call('POST', `${at}/appusers`, { userId })) as Json;
  const linked = (await call('POST', `${at}/appusers/${userId}/channels`, {
    type: 'twilio',
    phoneNumber,
    confirmation,
  })) as Json;
  assert.equal(linked.status, 200, JSON.stringify(linked.body));
  const bodies = (): Json[] =>
    receiver
      .received(path)
      .map(({ body }) => JSON.parse(body))
      .filter((b) => b.appUser._id === made.body.appUser._id);
  return {
    userId,
    phoneNumber,
    linked: linked.body.appUser,
    bodies,
    told: (trigger: string) =>
      until<Json>(trigger, () => bodies().find((b) => b.trigger === trigger), 10_000),
    user: async () => ((await call('GET', `${at}/appusers/${userId}`)) as Json).body.appUser,
    says: (text: string) =>
      product.simulator.reply({ workspaceId: app.workspaceId, channel: 'sms', address: phoneNumber, text }),
    phone: async (): Promise<string[]> => {
      const seen = await product.simulator.phone(app.workspaceId, phoneNumber);
      return Array.isArray(seen) ? seen.map(({ content }) => (content as Json).text) : [];
    },
  };
}
const hello = { role: 'appMaker', type: 'text', text: 'Hello' };

test('N7 userActivity: the message goes out, and the first thing the person writes links the address', async () => {
  const link = await linking({ type: 'userActivity', message: hello });
  assert.deepEqual(link.linked.clients, []);
  assert.equal(link.linked.pendingClients[0].status, 'pending');
  await until('the message', async () => (await link.phone()).includes('Hello'));
  const match = await link.told('link:match');
  assert.equal(match.channel, 'twilio');
  assert.deepEqual(match.criteria, { phoneNumber: link.phoneNumber });
  const before = await link.user();
  assert.deepEqual([before.clients, before.pendingClients.length], [[], 1]);
  assert.deepEqual(
    link.bodies().map(({ trigger }) => trigger),
    ['link:match'],
  );
  await link.says('Who is this?');
  const success = await link.told('link:success');
  assert.deepEqual(success.criteria, { phoneNumber: link.phoneNumber });
  assert.equal(success.channel, 'twilio');
  const added = await link.told('client:add');
  assert.equal(added.clients[0].externalId, link.phoneNumber);
  assert.equal(added.clients[0].status, 'active');
  const after = await link.user();
  assert.deepEqual([after.clients[0].externalId, after.pendingClients], [link.phoneNumber, []]);
  // The confirmation is not part of the conversation; the answer is.
  const { messages } = ((await call('GET', `${at}/appusers/${link.userId}/messages`)) as Json).body;
  assert.deepEqual(
    messages.map((m: Json) => m.text),
    ['Who is this?'],
  );
});

test('while it waits, nothing else is sent there', async () => {
  const link = await linking({ type: 'userActivity', message: hello });
  await link.told('link:match');
  const sent = (await call('POST', `${at}/appusers/${link.userId}/messages`, {
    role: 'appMaker',
    type: 'text',
    text: 'Too early',
  })) as Json;
  assert.equal(sent.status, 201);
  const id = Number.parseInt(sent.body.message._id.slice(8), 16);
  await until('it was stopped', async () => {
    const [row] = await sql`SELECT code FROM deliveries WHERE cause_id = ${id} AND state = 11`;
    return row?.['code'] === 'pending';
  });
  assert.deepEqual(await link.phone(), ['Hello']);
});

test('prompt: a yes links the address, and nothing short of it', async () => {
  const link = await linking({ type: 'prompt' });
  await until('the question', async () =>
    (await link.phone()).some((text) => /^Shop .* YES .* NO /.test(text)),
  );
  await link.told('link:match');
  await link.says('what is this');
  await until('the word', async () => {
    const [row] = await sql`SELECT count(*) AS n FROM messages WHERE content->>'text' = 'what is this'
      AND NOT EXISTS (SELECT FROM feed)`;
    return row!['n'] === 1;
  });
  assert.equal((await link.user()).pendingClients.length, 1);
  await link.says(' yes. ');
  await link.told('link:success');
  await link.told('client:add');
  assert.equal((await link.user()).clients.length, 1);
});

test('prompt: a no, or STOP, takes the link back and is told as link:failure', async () => {
  for (const word of ['No', 'STOP']) {
    const link = await linking({ type: 'prompt' });
    await link.told('link:match');
    await link.says(word);
    const failure = await link.told('link:failure');
    assert.deepEqual(failure.error, { code: 'forbidden', message: 'The user refused.' });
    assert.deepEqual(failure.criteria, { phoneNumber: link.phoneNumber });
    const user = await link.user();
    assert.deepEqual([user.clients, user.pendingClients], [[], []]);
    assert.ok(!link.bodies().some(({ trigger }) => trigger === 'link:success'));
  }
});

test('a question that fails after the person has answered takes nothing back, and is told as nothing', async () => {
  const link = await linking({ type: 'userActivity', message: hello });
  await link.told('link:match');
  await link.says('It is me');
  await link.told('link:success');
  const contactId = fromHex24(link.linked._id as string)!;
  const [asked] = await sql<{ id: number }[]>`
    SELECT id FROM messages WHERE contact_id = ${contactId} AND kind = 'confirmation'`;
  const { queue, clock } = product.ctx;
  const atMs = clock.nowMs();
  const change = { contactId, causeId: asked!.id, seq: 0, from: STATE.accepted, to: STATE.failed, atMs };
  await queue.transact((tx) =>
    tellOfDeliveries(queue, tx, [
      { ownerId: contactId, workspaceId: app.workspaceId, atMs, bulk: false, changes: [change] },
    ]),
  );
  await until('it is read', async () => (await sql`SELECT 1 FROM feed`).length === 0);
  const told =
    await sql`SELECT 1 FROM webhook_calls WHERE contact_id = ${contactId} AND body LIKE '%link:failure%'`;
  assert.equal(told.length, 0);
  assert.equal((await link.user()).clients[0].status, 'active');
});

test('a question that could not be asked is a link that failed', async () => {
  const link = await linking({ type: 'prompt' }, '+15005550001');
  const failure = await link.told('link:failure');
  assert.ok(failure.error.code);
  await until('it was taken back', async () => (await link.user()).pendingClients.length === 0);
  const [row] = await sql<{ n: number }[]>`SELECT count(*) AS n FROM pending_links
    WHERE told->'criteria'->>'phoneNumber' = '+15005550001'`;
  assert.equal(row!.n, 0);
});

test('linking at once an address that waits ends the wait', async () => {
  const link = await linking({ type: 'userActivity', message: hello });
  await link.told('link:match');
  const again = await call('POST', `${at}/appusers/${link.userId}/channels`, {
    type: 'twilio',
    phoneNumber: link.phoneNumber,
    confirmation: { type: 'immediate' },
  });
  assert.equal(again.status, 200);
  await link.told('link:success');
  assert.equal((await link.user()).clients.length, 1);
});

test('a pending address of a user who is merged waits for the same person', async () => {
  const link = await linking({ type: 'userActivity', message: hello });
  await link.told('link:match');
  const survivor = await call('POST', `${at}/appusers`, { userId: 'survivor' });
  assert.equal(survivor.status, 201);
  const merged = await call('POST', `${at}/appusers/merge`, {
    surviving: { userId: 'survivor' },
    discarded: { userId: link.userId },
  });
  assert.equal(merged.status, 200, JSON.stringify(merged.body));
  await link.says('Hi');
  await until('it is linked', async () => {
    const { appUser } = ((await call('GET', `${at}/appusers/survivor`)) as Json).body;
    return appUser.clients[0]?.externalId === link.phoneNumber;
  });
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});
