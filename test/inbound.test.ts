/** What people send: numbers that stand for choices, and files, which are kept where a conversation can show them. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fromUuid, toHex24 } from '../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { testDatabase } from './support/database.ts';
import { newIntegration, reaches } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { callAsTwilio, startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import {
  callApi,
  must,
  newContacts,
  newTwilio,
  newWorkspace,
  startWorld,
  type World,
} from './support/world.ts';

const database = await testDatabase();
const meta = await startReceiver();
let world: World;
let sink: TwilioSink;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let twilio: Awaited<ReturnType<typeof newTwilio>>;
let mailgun: Awaited<ReturnType<typeof newIntegration>>;
let whatsapp: Awaited<ReturnType<typeof newIntegration>>;
let count = 0;

before(async () => {
  sink = await startTwilioSink();
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  app = await newWorkspace(world.ctx, 'live');
  twilio = await newTwilio(world.ctx, app.id, sink.url);
  mailgun = await newIntegration(world.ctx, app.id, 'mailgun', {
    apiKey: 'key',
    domain: 'mg.shop.example',
    signingKey: 'signing-key',
    incomingAddress: 'answers@mg.shop.example',
  });
  whatsapp = await newIntegration(world.ctx, app.id, 'whatsapp', {
    phoneNumberId: '1234567',
    accessToken: 'token',
    appSecret: 'app-secret',
    baseUrl: meta.url('/v25.0'),
  });
});
after(async () => {
  await world.stop();
  await sink.close();
});

const callbackOf = ({ id, callbackKey }: { id: number; callbackKey: string }) =>
  `${world.url}/callbacks/${toHex24(id)}/${callbackKey}/inbound`;

/** A text message from a number, as Twilio calls; the same `sid` is a repeat. */
async function text(from: string, body: string, sid = `SM${++count}`): Promise<void> {
  await callAsTwilio(callbackOf(twilio), {
    AccountSid: `AC${'0'.repeat(32)}`,
    Body: body,
    From: from,
    MessageSid: sid,
    NumMedia: '0',
    SmsStatus: 'received',
    To: '+15005550000',
  });
}

async function said(): Promise<Record<string, any>> {
  const rows = await world.ctx.sql<{ content: Record<string, any> }[]>`
    SELECT content FROM messages WHERE workspace_id = ${app.id} AND direction = 'in' ORDER BY id DESC LIMIT 1`;
  return rows[0]!.content;
}

/** A question with choices, by text message. */
async function ask(to: string, actions: object[]): Promise<void> {
  const { status, json } = await callApi(
    world,
    app.authorization,
    'POST',
    `/v1.1/apps/${app.appId}/notifications`,
    {
      destination: { integrationId: toHex24(twilio.id), destinationId: to },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'Which day?', actions },
    },
  );
  assert.equal(status, 201, JSON.stringify(json));
  await reaches(world.ctx, fromUuid(json.notification._id)!, 'accepted');
}

const DAYS = [
  { type: 'reply', text: 'Monday', payload: 'MON' },
  { type: 'reply', text: 'Tuesday', payload: 'TUE' },
];

test('a number stands for the choice that had it', async () => {
  const to = '+15559000001';
  await ask(to, DAYS);
  assert.match(sink.calls.at(-1)!.body, /2\. Tuesday/);
  await text(to, ' 2. ');
  const { text: words, payload } = await said();
  assert.deepEqual({ words, payload }, { words: 'Tuesday', payload: 'TUE' });
});

test('a short code and a name are no phone numbers: kept, and answered, as they are', async () => {
  for (const from of ['22000', '878787', '12345678', 'SHOPEXPRESS']) {
    await text(from, 'Reply Y to confirm');
    const rows = await world.ctx.sql<{ address: string; id: number }[]>`
      SELECT address, contact_id AS id FROM destinations
      WHERE workspace_id = ${app.id} AND address LIKE ${`%${from}`}`;
    assert.deepEqual(
      rows.map(({ address }) => address),
      [from],
    );
    const path = `/v1.1/apps/${app.appId}/appusers/${toHex24(rows[0]!.id)}/messages`;
    const answer = { role: 'appMaker', type: 'text', text: `Y to ${from}` };
    const { status, json } = await callApi(world, app.authorization, 'POST', path, answer);
    assert.equal(status, 201, JSON.stringify(json));
    await until('it is sent', () => sink.calls.some(({ to, body }) => to === from && body === answer.text));
  }
});

test('a number that no choice had, words, and a number to a plain message stand for nothing', async () => {
  const to = '+15559000002';
  await ask(to, DAYS);
  for (const words of ['3', '0', '2 please', 'Tuesday']) {
    await text(to, words);
    assert.equal((await said())['payload'], undefined, words);
  }
  const { status } = await callApi(
    world,
    app.authorization,
    'POST',
    `/v1.1/apps/${app.appId}/notifications`,
    {
      destination: { integrationId: toHex24(twilio.id), destinationId: to },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'See you' },
    },
  );
  assert.equal(status, 201);
  await until('it is sent', () => sink.calls.at(-1)!.body === 'See you');
  await until(
    'it is settled',
    async () => (await world.ctx.sql`SELECT 1 FROM due WHERE kind = 1`).length === 0,
  );
  await text(to, '1');
  assert.equal((await said())['payload'], undefined);
});

test('a number that comes before the message it answers is settled stands for a choice of that one, not of an older question', async () => {
  const to = '+15559000004';
  await ask(to, [
    { type: 'reply', text: 'Morning', payload: 'AM' },
    { type: 'reply', text: 'Evening', payload: 'PM' },
  ]);
  // The provider hands it over, and the answer is here before the provider has answered us.
  sink.onCall = async (call) => {
    if (call.to === to) await text(to, '2');
  };
  try {
    await ask(to, DAYS);
  } finally {
    sink.onCall = () => {};
  }
  assert.equal((await said())['payload'], 'TUE');
  // What is under way to somebody is nothing of others, and once it is settled it is simply the last.
  await text(to, '1');
  assert.equal((await said())['payload'], 'MON');
});

test('a number in answer to a broadcast stands for its choice', async () => {
  const { ctx } = world;
  const other = await newWorkspace(ctx, 'live');
  const through = await newTwilio(ctx, other.id, sink.url);
  await newContacts(ctx, other.id, 1, 9_100_000);
  [app, twilio] = [other, through];
  const answer = (words: string) => text('+15559100000', words);
  const nowMs = ctx.clock.nowMs();
  const input = {
    name: 'days',
    channel: 'sms',
    class: 'transactional',
    integrationId: through.id,
    audience: { include: { all: true } },
    content: { type: 'text', text: 'Which day, {{ contact.givenName }}?', actions: DAYS },
  };
  sink.onCall = async (call) => {
    if (call.to === '+15559100000') await answer('2');
  };
  const made = must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, other.id, input, nowMs)),
  );
  await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, other.id, made.id, nowMs));
  await until(
    'it is done',
    async () => (await selectBroadcast(ctx.sql, other.id, made.id))?.state === 'done',
  );
  sink.onCall = () => {};
  assert.equal((await said())['payload'], 'TUE', 'also before the broadcast has settled it');
  await answer('1');
  assert.equal((await said())['payload'], 'MON');
});

test('a picture by WhatsApp is fetched and kept, once', async () => {
  const picture = Buffer.from('a picture of a cat');
  meta.answer('/v25.0/555?phone_number_id=1234567', {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: meta.url('/cat'), mime_type: 'image/jpeg', id: '555' }),
  });
  meta.answer('/cat', { status: 200, headers: { 'content-type': 'image/jpeg' }, body: picture.toString() });
  const value = {
    metadata: { phone_number_id: '1234567' },
    contacts: [{ profile: { name: 'Ann' }, wa_id: '15559000003' }],
    messages: [
      {
        from: '15559000003',
        id: 'wamid.in1',
        timestamp: '1767225600',
        type: 'image',
        image: { id: '555', mime_type: 'image/jpeg', caption: 'Look' },
      },
    ],
  };
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ changes: [{ field: 'messages', value }] }],
  });
  const headers = {
    'x-hub-signature-256': `sha256=${createHmac('sha256', 'app-secret').update(body).digest('hex')}`,
  };
  for (let repeat = 0; repeat < 2; repeat++)
    assert.ok((await fetch(callbackOf(whatsapp), { method: 'POST', headers, body })).ok);
  const rows = await world.ctx.sql<{ content: Record<string, any> }[]>`
    SELECT content FROM messages WHERE external_id = 'wamid.in1'`;
  assert.equal(rows.length, 1);
  const { type, mediaUrl, mediaType, text: caption } = rows[0]!.content;
  assert.deepEqual({ type, mediaType, caption }, { type: 'image', mediaType: 'image/jpeg', caption: 'Look' });
  const served = await fetch(mediaUrl);
  assert.equal(served.headers.get('content-type'), 'image/jpeg');
  assert.deepEqual(Buffer.from(await served.arrayBuffer()), picture);
  const kept = await readdir(join(world.config.dataDir, 'files', toHex24(whatsapp.workspaceId)));
  assert.equal(kept.length, 1, 'the repeat left no file');
});

test('files of a mail are kept: the first with its words, each other as a message behind it, once', async () => {
  const timestamp = String(Math.floor(world.ctx.clock.nowMs() / 1000));
  const token = 'a'.repeat(50);
  const form = new FormData();
  const fields = {
    timestamp,
    token,
    signature: createHmac('sha256', 'signing-key')
      .update(timestamp + token)
      .digest('hex'),
    sender: 'bea@people.example',
    from: 'Bea <bea@people.example>',
    recipient: 'answers@mg.shop.example',
    subject: 'My invoice',
    'body-plain': 'Here it is',
    'Message-Id': '<one@people.example>',
  };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('attachment-1', new Blob(['%PDF-1.7'], { type: 'application/pdf' }), 'invoice.pdf');
  form.set('attachment-2', new Blob(['<script>alert(1)</script>'], { type: 'text/html' }), 'page.html');
  for (let i = 0; i < 2; i++)
    assert.equal((await fetch(callbackOf(mailgun), { method: 'POST', body: form })).status, 200);
  const rows = await world.ctx.sql<{ content: Record<string, any>; source: Record<string, any> }[]>`
    SELECT content, source FROM messages WHERE external_id LIKE 'one@people.example%' ORDER BY at_ms, id`;
  assert.equal(rows.length, 2, 'and none of the repeat');
  const { type, mediaUrl, mediaType, text: words } = rows[0]!.content;
  assert.deepEqual({ type, mediaType }, { type: 'file', mediaType: 'application/pdf' });
  assert.equal(await (await fetch(mediaUrl)).text(), '%PDF-1.7');
  assert.equal(words, 'Here it is');
  const { text: none, mediaUrl: second, ...more } = rows[1]!.content;
  assert.deepEqual([none, more], [undefined, { type: 'file', mediaType: 'text/html' }]);
  assert.equal(rows[1]!.source['originalMessageId'], 'one@people.example');
  const page = await fetch(second);
  // Nothing that somebody sends runs as a page of ours.
  assert.equal(page.headers.get('content-type'), 'application/octet-stream');
  assert.match(page.headers.get('content-disposition')!, /^attachment/);
});
