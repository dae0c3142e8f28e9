/** Clicks, arrivals by link request, and what this API calls platforms (api/sunshine.md §3.3, §8.3, §9.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYCHAIN_P12, PASSWORD } from '../src/channels/testing/pushCertificates.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { caller, errors, startProduct } from './sunshineProduct.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url, simulator } = product;
const receiver = await startReceiver();
const app = await product.newApp();
const call = caller(url, app) as (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; body: Json }>;
await call('POST', '/v1.1/webhooks', { target: receiver.url('/all'), triggers: ['*'] });
const told = (trigger: string): Json[] =>
  receiver.received('/all').flatMap(({ body }) => {
    const one = JSON.parse(body);
    return one.trigger === trigger ? [one] : [];
  });
const reply = (address: string, text: string) =>
  simulator.reply({
    workspaceId: app.workspaceId,
    channel: 'sms',
    address,
    integrationId: Number.parseInt(app.integrations['twilio']!.slice(8), 16),
    text,
  });

test('a numbered answer to postbacks fires postback, and is a message only where the app echoes', async () => {
  const phone = '+15145550123';
  await reply(phone, 'hello');
  const [first] = await until('it is heard', () =>
    told('message:appUser').length ? told('message:appUser') : undefined,
  );
  const user = `/v1.1/appusers/${first.appUser._id}`;
  const offer = {
    role: 'appMaker',
    type: 'text',
    text: 'Favorite color?',
    actions: [
      { type: 'postback', text: 'Red', payload: 'red' },
      { type: 'postback', text: 'Blue', payload: 'blue' },
    ],
  };
  const said = await call('POST', `${user}/messages`, offer);
  assert.equal(said.status, 201, JSON.stringify(said.body));
  await until(
    'it went out',
    async () =>
      (
        await product.sql`SELECT 1 FROM deliveries WHERE workspace_id = ${app.workspaceId} AND state BETWEEN 4 AND 6`
      ).length > 0,
  );
  await reply(phone, '2');
  const [clicked] = await until('postback is told', () =>
    told('postback').length ? told('postback') : undefined,
  );
  const [{ action, message }] = clicked.postbacks;
  assert.deepEqual([action.type, action.text, action.payload], ['postback', 'Blue', 'blue']);
  assert.equal(action._id, said.body.message.actions[1]._id);
  assert.equal(message._id, said.body.message._id);
  await reply(phone, 'thanks');
  await until('what comes after is told', () =>
    told('message:appUser').some(({ messages }) => messages[0].text === 'thanks'),
  );
  assert.deepEqual(
    told('message:appUser').map(({ messages }) => messages[0].text),
    ['hello', 'thanks'],
  );
});

test('who arrives with a link request is linked and told of; the code is nothing that was said', async () => {
  const { body } = await call('POST', '/v1.1/appusers', { userId: 'traveller' });
  const user = `/v1.1/appusers/${body.appUser._id}`;
  const asked = await call('GET', `${user}/linkrequest?integrationIds=${app.integrations['twilio']}`);
  await reply('+15145550124', asked.body.linkRequests[0].code);
  await until('the client is told', () =>
    told('client:add').some(({ appUser }) => appUser.userId === 'traveller'),
  );
  assert.ok(told('link:success').some(({ appUser }) => appUser.userId === 'traveller'));
  const [added] = told('client:add').filter(({ appUser }) => appUser.userId === 'traveller');
  assert.equal(added.clients[0].externalId, '+15145550124');
  await reply('+15145550124', 'I am here');
  await until('it is heard', () =>
    told('message:appUser').some(({ messages }) => messages[0].text === 'I am here'),
  );
  const { messages } = (await call('GET', `${user}/messages`)).body;
  assert.deepEqual(
    messages.map(({ text }: Json) => text),
    ['I am here'],
  );
});

test('integrations are web, ios and android to SDKs', async () => {
  const { integrations } = app;
  const sdks = await call('GET', `/v1.1/apps/${app.appId}/sdks`);
  assert.deepEqual(sdks.body, {
    webIntegrationId: integrations['webchat'],
    iosIntegrationId: integrations['apns'],
    androidIntegrationId: integrations['fcm'],
  });
  const web = await call('GET', `/v1.1/apps/${app.appId}/integrations?types=web`);
  assert.deepEqual(
    web.body.integrations.map(({ _id, type }: Json) => [_id, type]),
    [[integrations['webchat'], 'web']],
  );
});

test('integrations are made with the settings that clients of this API have; what a provider ended is named', async () => {
  const looks = {
    type: 'web',
    brandColor: '65758e',
    displayStyle: 'tab',
    fixedIntroPane: true,
    originWhitelist: ['https://shop.example'],
  };
  const other = await product.newApp();
  const theirs = caller(url, other) as typeof call;
  const web = await theirs('POST', `/v1.1/apps/${other.appId}/integrations`, looks);
  assert.equal(web.status, 201, JSON.stringify(web.body));
  const shown = await theirs('GET', `/v1.1/apps/${other.appId}/integrations/${web.body.integration._id}`);
  const { brandColor, displayStyle, fixedIntroPane, originWhitelist, type } = shown.body.integration;
  assert.deepEqual({ type, brandColor, displayStyle, fixedIntroPane, originWhitelist }, looks);
  const account = JSON.stringify({ project_id: 'p', client_email: 'a@b', private_key: 'k' });
  const fcm = await theirs('POST', `/v1.1/apps/${other.appId}/integrations`, {
    type: 'fcm',
    serverKey: account,
    senderId: '123456',
  });
  assert.equal(fcm.status, 201, JSON.stringify(fcm.body));
  assert.equal(fcm.body.integration.senderId, '123456');
  assert.ok(!JSON.stringify(fcm.body).includes('client_email'));
  const apn = await theirs('POST', `/v1.1/apps/${other.appId}/integrations`, {
    type: 'apn',
    certificate: KEYCHAIN_P12,
    password: PASSWORD,
    production: false,
    autoUpdateBadge: true,
  });
  assert.equal(apn.status, 201, JSON.stringify(apn.body));
  assert.deepEqual([apn.body.integration.production, apn.body.integration.autoUpdateBadge], [false, true]);
  assert.ok(!JSON.stringify(apn.body).includes(PASSWORD));
  for (const body of [
    { type: 'fcm', serverKey: 'AAAA', senderId: '1' },
    { type: 'apn', certificate: 'AAAA' },
    { type: 'whatsapp', deploymentId: 'a'.repeat(24) },
    { type: 'web', brandColor: 'red' },
  ]) {
    const refused = await theirs('POST', `/v1.1/apps/${other.appId}/integrations`, body);
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.ok(
      refused.body.error.description.startsWith(Object.keys(body)[1]!),
      refused.body.error.description,
    );
  }
});

test('nothing was an error', () => assert.deepEqual(errors, []));
