/** What providers say, over HTTP as they say it: signed callbacks in, webhooks out; and links that could not be confirmed. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { linkFailures } from '../src/confirmations/failures.ts';
import type { FeedEvent } from '../src/queue/feed/reader.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { caller, errors, startProduct } from './sunshineProduct.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url, sql, ctx } = product;
const receiver = await startReceiver();

async function twilio(environment: 'test' | 'live') {
  const app = await product.newApp(environment);
  const id = Number.parseInt(app.integrations['twilio']!.slice(8), 16);
  const { callbackKey, settings } = (await ctx.directory.integration(id))!;
  const at = (purpose: string, key = callbackKey) =>
    `${url}/callbacks/${app.integrations['twilio']}/${key}/${purpose}`;
  const post = (to: string, fields: Record<string, string>, signature?: string) => {
    const text =
      to +
      Object.keys(fields)
        .sort()
        .map((name) => name + fields[name])
        .join('');
    const made = createHmac('sha1', settings['authToken'] as string)
      .update(text)
      .digest('base64');
    return fetch(to, {
      method: 'POST',
      headers: {
        'x-twilio-signature': signature ?? made,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(fields).toString(),
    });
  };
  return { app, at, post, call: caller(url, app) };
}

const inbound = (sid: string, from: string, body: string) => ({
  MessageSid: sid,
  SmsSid: sid,
  From: from,
  To: '+15005550006',
  Body: body,
  NumMedia: '0',
});

test('N10 N16 a signed SMS becomes a message of its sender, told to webhooks once, whatever the provider repeats', async () => {
  const { app, at, post, call } = await twilio('live');
  await call('POST', '/v1.1/webhooks', { target: receiver.url('/in'), triggers: ['message:appUser'] });
  const fields = inbound(`SM${'1'.repeat(32)}`, '+15145550777', 'Hello, is it you? + & =');
  for (let i = 0; i < 3; i++) assert.equal((await post(at('inbound'), fields)).status, 200);
  const [received] = await until('the webhook', () =>
    receiver.received('/in').length > 0 ? receiver.received('/in') : undefined,
  );
  const body: Json = JSON.parse(received!.body);
  assert.equal(body.messages[0].text, 'Hello, is it you? + & =');
  assert.equal(body.messages[0].source.type, 'twilio');
  assert.equal(body.app._id, app.appId);
  const [row] = await sql`SELECT count(*) AS n FROM messages WHERE workspace_id = ${app.workspaceId}`;
  assert.equal(row!['n'], 1);
});

test('forged, unknown, misnamed and oversized callbacks change nothing', async () => {
  const { app, at, post } = await twilio('live');
  const fields = inbound(`SM${'2'.repeat(32)}`, '+15145550778', 'x');
  const statuses = [
    (await post(at('inbound'), fields, 'bm9wZQ==')).status,
    (await post(at('inbound', 'wrong-key'), fields)).status,
    (await post(`${url}/callbacks/${toHex24(ctx.ids.spread())}/key/inbound`, fields)).status,
    (await post(`${url}/callbacks/nope/key/inbound`, fields)).status,
    (await fetch(at('inbound'), { method: 'POST', body: Buffer.alloc(11 * 1024 * 1024) })).status,
    (await fetch(`${url}/callbacks/%zz/key/inbound`)).status,
  ];
  assert.deepEqual(statuses.slice(1), [404, 404, 404, 413, 400]);
  assert.ok(statuses[0]! >= 400 && statuses[0]! < 500);
  const [row] = await sql`SELECT count(*) AS n FROM messages WHERE workspace_id = ${app.workspaceId}`;
  assert.equal(row!['n'], 0);
});

test('N7 a link whose message could not be sent is told as link:failure, and taken back', async () => {
  const { app, call } = await twilio('test');
  await call('POST', '/v1.1/webhooks', {
    target: receiver.url('/link'),
    triggers: ['link:failure', 'link:success', 'client:add'],
  });
  await call('POST', '/v1.1/appusers', { userId: 'eve' });
  const linked = await call('POST', '/v1.1/appusers/eve/channels', {
    type: 'twilio',
    phoneNumber: '+15005550001',
    confirmation: { type: 'immediate', message: { type: 'text', text: 'Hello' } },
  });
  assert.equal(linked.status, 200, JSON.stringify(linked.body));
  const [received] = await until('the webhook', () =>
    receiver.received('/link').length > 0 ? receiver.received('/link') : undefined,
  );
  const body: Json = JSON.parse(received!.body);
  assert.equal(body.trigger, 'link:failure');
  assert.equal(body.channel, 'twilio');
  assert.deepEqual(body.criteria, { phoneNumber: '+15005550001' });
  assert.ok(body.error.code);
  // Read again: taking back twice is taking back once.
  const events = await sql<FeedEvent[]>`
    SELECT bucket, id, workspace_id AS "workspaceId", type, at_ms AS "atMs", payload FROM feed_log
    WHERE workspace_id = ${app.workspaceId} AND type = 'delivery.changed'`;
  for (let i = 0; i < 2; i++) await sql.begin((tx) => linkFailures.read(tx as never, events));
  const channels = (await call('GET', '/v1.1/appusers/eve/channels')) as Json;
  assert.deepEqual(channels.body.channels, []);
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});
