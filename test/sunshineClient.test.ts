/** The published client, unmodified, against the running product (api/sunshine.md §11.1); and the ways users come to be (N7, N30–N32). */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { caller, errors, jwt, startProduct } from './sunshineProduct.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

// The client takes FormData from the global scope when there is one, and it does not know Node's.
const require = createRequire(import.meta.url);
(globalThis as Json).FormData = createRequire(require.resolve('smooch-core'))('form-data');
const Smooch = require('smooch-core') as new (options: object) => Json;

const product = await startProduct();
const { url, sql } = product;
const receiver = await startReceiver();
const app = await product.newApp();
const { appId } = app;
const call = caller(url, app);
const base = `/v1.1/apps/${appId}`;
const account = new Smooch({ ...app.account, scope: 'account', serviceUrl: url });
const asApp = new Smooch({ keyId: app.keyId, secret: app.secret, scope: 'app', serviceUrl: `${url}/` });

const fails = async (work: Promise<unknown>, status: number, code: string) => {
  const error = (await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  )) as Json;
  assert.equal(error.response?.status, status, error.message);
  assert.equal(error.code, code);
  assert.ok(error.description);
};

async function listen(triggers: string[]) {
  const path = `/hook-${triggers.join()}-${Math.random()}`;
  const made = await account.webhooks.create(appId, { target: receiver.url(path), triggers });
  assert.equal(made.webhook.version, 'v1.1');
  const bodies = (): Json[] => receiver.received(path).map(({ body }) => JSON.parse(body));
  return {
    bodies,
    next: (what: string, fits: (b: Json) => boolean) => until<Json>(what, () => bodies().find(fits), 10_000),
  };
}

describe('smooch-core', () => {
  test('N4 N5 notifications.postNotification', async () => {
    const sent = await asApp.notifications.postNotification(appId, {
      destination: { integrationId: app.integrations['twilio'], destinationId: '+15145550001' },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'Check this out!' },
    });
    assert.match(sent.notification._id, /^[0-9a-f-]{36}$/);
    await fails(
      account.notifications.postNotification(appId, {
        destination: { integrationId: 'b'.repeat(24), destinationId: '+15145550001' },
        author: { role: 'appMaker' },
        message: { type: 'text', text: 'x' },
      }),
      404,
      'integration_not_found',
    );
  });

  test('N30 appUsers: create, get, update, deleteProfile, delete', async () => {
    const userId = 'bob@example.com';
    const made = await asApp.appUsers.create({
      appUser: { userId, givenName: 'Bob', signedUpAt: new Date(0), properties: { a: 1 } },
    });
    assert.deepEqual(
      { ...made.appUser, _id: '' },
      {
        _id: '',
        userId,
        conversationStarted: false,
        givenName: 'Bob',
        signedUpAt: '1970-01-01T00:00:00.000Z',
        properties: { a: 1 },
        credentialRequired: false,
        hasPaymentInfo: false,
        clients: [],
        pendingClients: [],
      },
    );
    await fails(account.appUsers.create(appId, { userId }), 409, 'conflict');
    const got = await account.appUsers.get(appId, userId);
    assert.deepEqual(got, made);
    assert.deepEqual(await account.appUsers.get(appId, made.appUser._id), made);
    const changed = await asApp.appUsers.update(userId, {
      surname: 'B',
      email: 'Bob@Example.com',
      properties: { b: true },
    });
    assert.deepEqual(changed.appUser.properties, { a: 1, b: true });
    assert.equal(changed.appUser.email, 'Bob@example.com');
    const bare = await account.appUsers.deleteProfile(appId, userId);
    assert.equal(bare.appUser.givenName, undefined);
    assert.deepEqual(bare.appUser.properties, {});
    const told = await listen(['appUser:delete']);
    assert.deepEqual(await account.appUsers.delete(appId, userId), {});
    await fails(account.appUsers.get(appId, userId), 404, 'user_not_found');
    const body = await told.next('appUser:delete', (b) => b.appUser._id === made.appUser._id);
    assert.deepEqual(body.appUser, { _id: made.appUser._id, userId, conversationStarted: false });
  });

  test('messages, conversation and activity', async () => {
    const userId = '+15145550002';
    await account.appUsers.create(appId, { userId });
    await fails(account.appUsers.getMessages(appId, userId), 404, 'conversation_not_found');
    const sent = await account.appUsers.sendMessage(appId, userId, {
      role: 'appMaker',
      type: 'text',
      text: 'Pick',
      actions: [{ type: 'postback', text: 'Go', payload: 'GO' }],
    });
    const got = await asApp.appUsers.getMessages(userId);
    assert.deepEqual(got.messages, [sent.message]);
    assert.deepEqual((await account.conversations.get(appId, userId)).conversation, sent.conversation);
    await account.appUsers.conversationActivity(appId, userId, { role: 'appMaker', type: 'typing:start' });
    const told = await listen(['conversation:read', 'postback']);
    await account.conversations.resetUnreadCount(appId, userId);
    assert.equal((await account.conversations.get(appId, userId)).conversation.unreadCount, 0);
    await told.next('conversation:read', (b) => b.trigger === 'conversation:read');
    await account.conversations.postPostback(appId, userId, sent.message.actions[0]._id);
    const postback = await told.next('postback', (b) => b.trigger === 'postback');
    assert.equal(postback.postbacks[0].action.payload, 'GO');
    assert.deepEqual(await account.appUsers.getBusinessSystems(appId, userId), { businessSystems: [] });
    assert.deepEqual(await account.appUsers.deleteMessage(appId, userId, sent.message._id), {});
    assert.deepEqual(await account.appUsers.deleteMessages(appId, userId), {});
  });

  test('webhooks, menu, integrations, keys, apps', async () => {
    const { webhook } = await asApp.webhooks.create({
      target: 'https://example.com/',
      triggers: ['message:appUser'],
    });
    assert.equal((await asApp.webhooks.get(webhook._id)).webhook.secret, webhook.secret);
    assert.equal(
      (await account.webhooks.update(appId, webhook._id, { includeClient: true })).webhook.includeClient,
      true,
    );
    assert.deepEqual(await asApp.webhooks.delete(webhook._id), {});

    const item = { type: 'postback', text: 'Help', payload: 'HELP' };
    const { menu } = await asApp.menu.configure({ items: [item] });
    assert.deepEqual({ ...menu.items[0], _id: '' }, { _id: '', ...item });
    assert.deepEqual((await asApp.menu.get()).menu, menu);
    assert.deepEqual((await asApp.menu.remove()).menu, { items: [] });

    const { integrations } = await account.integrations.list(appId, 'twilio');
    assert.deepEqual(
      integrations.map(({ type }: Json) => type),
      ['twilio'],
    );
    const { integration } = await account.integrations.get(appId, integrations[0]._id);
    assert.equal(integration.authToken, undefined);
    assert.deepEqual(await account.integrations.delete(appId, integrations[0]._id), {});
    await fails(account.integrations.get(appId, integrations[0]._id), 404, 'integration_not_found');

    const { key } = await account.apps.keys.create(appId, 'ci');
    assert.match(key._id, /^app_/);
    const other = new Smooch({ keyId: key._id, secret: key.secret, scope: 'app', serviceUrl: url });
    assert.ok((await other.webhooks.list()).webhooks);
    const { jwt: token } = await account.apps.keys.getJwt(appId, key._id);
    assert.equal(
      (await fetch(`${url}/v1.1/webhooks`, { headers: { authorization: `Bearer ${token}` } })).status,
      200,
    );
    assert.deepEqual(await account.apps.keys.delete(appId, key._id), {});
    await fails(other.webhooks.list(), 401, 'invalid_auth');

    const made = await account.apps.create({ name: 'Second shop', metadata: { city: 'Delft' } });
    assert.equal((await account.apps.get(made.app._id)).app.metadata.city, 'Delft');
    assert.equal((await account.apps.update(made.app._id, { name: 'Renamed' })).app.name, 'Renamed');
    assert.equal((await account.apps.list()).apps.length, 2);
    await fails(account.stripe.getAccount(appId), 501, 'not_built');
  });

  test('attachments: kept, served, removed', async () => {
    const bytes = Buffer.from('%PDF-1.4 invoice');
    const source = Object.assign(Readable.from([bytes]), { path: 'invoice.pdf' });
    const { mediaUrl, mediaType } = await account.attachments.create(appId, 'public', source);
    assert.equal(mediaType, 'application/pdf');
    const served = await fetch(mediaUrl);
    assert.equal(served.status, 200);
    assert.equal(served.headers.get('content-type'), 'application/pdf');
    assert.match(served.headers.get('content-security-policy')!, /sandbox/);
    assert.deepEqual(Buffer.from(await served.arrayBuffer()), bytes);
    assert.deepEqual(await account.attachments.delete(appId, mediaUrl), {});
    assert.equal((await fetch(mediaUrl)).status, 404);
  });
});

describe('channels', () => {
  const mail = async (address: string) => {
    const box = await product.simulator.mailbox(app.workspaceId, address);
    return Array.isArray(box) ? box : [];
  };

  test('N7 N30 N31 N32 e-mail: pre-create, link with a first message, answer', async () => {
    const told = await listen([
      'link:match',
      'link:success',
      'link:failure',
      'client:add',
      'message:appUser',
      'message:appMaker',
    ]);
    const userId = '3w7AQigJkJDkfnnKW5fF1I';
    const made = (await call('POST', `${base}/appusers`, { userId, credentialRequired: true })) as Json;
    assert.equal(made.status, 201);
    assert.equal(made.body.appUser.credentialRequired, true);
    const linked = (await call('POST', `${base}/appusers/${userId}/channels`, {
      type: 'mailgun',
      confirmation: { type: 'immediate', message: { role: 'appMaker', type: 'text', text: 'Hello there' } },
      address: 'SteveB@channel5.com',
    })) as Json;
    assert.equal(linked.status, 200, JSON.stringify(linked.body));
    assert.deepEqual(linked.body.appUser.clients, []);
    assert.equal(linked.body.appUser.pendingClients[0].status, 'pending');
    const [letter] = await until('the mail', async () =>
      (await mail('steveb@channel5.com')).length ? mail('steveb@channel5.com') : undefined,
    );
    assert.equal((letter!.content as Json).subject, 'New message from Shop');
    assert.match((letter!.content as Json).text, /Hello there/);
    const success = await told.next('link:success', (b) => b.trigger === 'link:success');
    assert.deepEqual(success.criteria, { address: 'SteveB@channel5.com' });
    assert.equal(success.appUser.userId, userId);
    const added = await told.next('client:add', (b) => b.trigger === 'client:add');
    assert.equal(added.clients[0].externalId, 'steveb@channel5.com');
    await told.next('link:match', (b) => b.trigger === 'link:match');
    const channels = (await call('GET', `${base}/appusers/${userId}/channels`)) as Json;
    assert.equal(channels.body.channels[0].address, 'steveb@channel5.com');

    await product.simulator.reply({
      workspaceId: app.workspaceId,
      channel: 'email',
      address: 'steveb@channel5.com',
      text: 'Hello back',
    });
    const answer = await told.next('the answer', (b) => b.trigger === 'message:appUser');
    assert.equal(answer.appUser.userId, userId);
    const messages = (await call('GET', `${base}/appusers/${userId}/messages`)) as Json;
    assert.deepEqual(
      messages.body.messages.map((m: Json) => m.text.trim()),
      ['Hello back'],
    );
    assert.deepEqual(
      told.bodies().filter((b) => b.trigger === 'message:appMaker'),
      [],
    );
  });

  test('an address moves to who links it; unlinking tells; what cannot be is refused', async () => {
    const integrationId = app.integrations['messagebird'] ?? app.integrations['whatsapp'];
    assert.ok(integrationId);
    const type = app.integrations['messagebird'] ? 'messagebird' : 'whatsapp';
    const told = await listen(['client:remove', 'link:success']);
    for (const userId of ['first', 'second']) {
      await call('POST', `${base}/appusers`, { userId });
      const linked = await call('POST', `${base}/appusers/${userId}/channels`, {
        type,
        phoneNumber: '+1 514-555-0042',
        confirmation: { type: 'immediate' },
      });
      assert.equal(linked.status, 200, JSON.stringify(linked.body));
    }
    const removed = await told.next('client:remove', (b) => b.trigger === 'client:remove');
    assert.equal(removed.reason, 'theft');
    assert.equal(removed.appUser.userId, 'first');
    const second = (await call('GET', `${base}/appusers/second`)) as Json;
    assert.equal(second.body.appUser.clients[0].externalId, '+15145550042');
    assert.equal((await call('DELETE', `${base}/appusers/second/channels/${type}`)).status, 200);
    assert.equal((await call('DELETE', `${base}/appusers/second/channels/${type}`)).status, 400);
    const refuse = async (body: object) =>
      (await call('POST', `${base}/appusers/second/channels`, body)).status;
    const confirmation = { type: 'immediate' };
    assert.equal(await refuse({ type, phoneNumber: '5145550042', confirmation }), 400);
    assert.equal(await refuse({ type, confirmation }), 400);
    assert.equal(await refuse({ type: 'line', phoneNumber: '+15145550042', confirmation }), 400);
    const waits = { type: 'userActivity' };
    assert.equal(await refuse({ type, phoneNumber: '+15145550042', confirmation: waits }), 400);
    const mailbox = { type: 'mailgun', address: 'ann@example.com', confirmation: { type: 'prompt' } };
    assert.equal(await refuse(mailbox), 400);
  });

  test('a token of a user reaches that user only', async () => {
    await call('POST', `${base}/appusers`, { userId: 'carol' });
    await call('POST', `${base}/appusers`, { userId: 'dave' });
    const authorization = `Bearer ${jwt(app, { scope: 'appUser', userId: 'carol' })}`;
    const as = (method: string, path: string, body?: object) => call(method, path, body, { authorization });
    assert.equal((await as('GET', '/v1.1/appusers/carol')).status, 200);
    assert.equal((await as('GET', '/v1.1/appusers/dave')).status, 403);
    assert.equal(
      (await as('POST', '/v1.1/appusers/carol/messages', { role: 'appUser', type: 'text', text: 'Hi' }))
        .status,
      201,
    );
    assert.equal(
      (await as('POST', '/v1.1/appusers/carol/messages', { role: 'appMaker', type: 'text', text: 'Hi' }))
        .status,
      403,
    );
    assert.equal((await as('DELETE', '/v1.1/appusers/carol')).status, 403);
  });
});

test('nothing was logged as an error', async () => {
  assert.deepEqual(errors, []);
  assert.ok(sql);
});
