/**
 * Text that Postgres or JSON cannot keep, in every text of every provider's callback: it is answered as any other, what was said is
 * kept, and so is what came beside it. Generated from one good callback of each kind.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { signatureHeaders, signingKey } from '../src/channels/kit/standardWebhooks.ts';
import { testDatabase } from './support/database.ts';
import { newIntegration } from './support/messages.ts';
import { newWorkspace, startWorld, type World } from './support/world.ts';

/* oxlint-disable typescript/no-explicit-any */
type Json = any;
type Made = { url: string; headers: Record<string, string>; body: string };
/** A callback: what it says, and how it is signed and sent. */
type Kind = {
  provider: string;
  settings: object;
  purpose: string;
  good: Json;
  send: (url: string, said: Json) => Made;
};

const database = await testDatabase();
const whsec = `whsec_${Buffer.from('a key of the test, 24 by').toString('base64')}`;
const json = { 'content-type': 'application/json' };
let world: World;
let app: { id: number };
let made = 0;
before(async () => {
  world = await startWorld(database.connection);
  app = await newWorkspace(world.ctx, 'live');
});
after(() => world.stop());

const twilioForm = (url: string, said: Record<string, string>): Made => {
  const names = Object.keys(said).sort();
  const signed = url + names.map((name) => name + said[name]).join('');
  return {
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', 'token').update(signed).digest('base64'),
    },
    body: new URLSearchParams(said).toString(),
  };
};
const standard = (url: string, said: Json): Made => {
  const body = JSON.stringify(said);
  const nowMs = world.ctx.clock.nowMs();
  return {
    url,
    headers: { ...json, ...signatureHeaders(signingKey(whsec), { id: 'm', nowMs, body }) },
    body,
  };
};
const meta = (url: string, said: Json): Made => {
  const body = JSON.stringify(said);
  const signature = createHmac('sha256', 'app-secret').update(body).digest('hex');
  return { url, headers: { ...json, 'x-hub-signature-256': `sha256=${signature}` }, body };
};
const mailgunEvent = (url: string, said: Json): Made => {
  const timestamp = String(Math.floor(world.ctx.clock.nowMs() / 1000));
  const token = `token${++made}`;
  const signature = createHmac('sha256', 'signing')
    .update(timestamp + token)
    .digest('hex');
  return {
    url,
    headers: json,
    body: JSON.stringify({ ...said, signature: { timestamp, token, signature } }),
  };
};
const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'token', phoneNumber: '+15005550000' };
const whatsappMessage = (more: object) => ({
  entry: [
    {
      id: '1',
      changes: [
        {
          field: 'messages',
          value: {
            metadata: { display_phone_number: '15550001111', phone_number_id: '1234567' },
            contacts: [{ profile: { name: 'Ann', username: 'ann' }, wa_id: '31600000010', user_id: 'NL.1' }],
            messages: [
              {
                from: '31600000010',
                id: 'wamid.a',
                timestamp: '1795834861',
                context: { id: 'wamid.o' },
                ...more,
              },
            ],
            statuses: [
              {
                id: 'wamid.s',
                status: 'failed',
                timestamp: '1795834861',
                biz_opaque_callback_data: 'a.b.0',
                errors: [{ code: 131026, title: 'T', error_data: { details: 'D' } }],
              },
            ],
          },
        },
      ],
    },
  ],
});
const whatsapp = {
  provider: 'whatsapp',
  settings: { phoneNumberId: '1234567', accessToken: 'token', appSecret: 'app-secret' },
  purpose: 'inbound',
  send: meta,
};
const bird = {
  provider: 'messagebird',
  settings: { api: 'v1', accessKey: 'bk_eu_x', originator: 'Shop', signingKey: whsec },
};
const webhook = {
  provider: 'webhook',
  settings: { url: 'https://hook.example/', secret: whsec },
  purpose: 'inbound',
  send: standard,
};
const classic = {
  provider: 'messagebird',
  settings: { api: 'classic', accessKey: 'x', originator: 'Shop', webhookSecret: 'sss' },
};
const posted = (url: string, said: Json): Made => ({
  url: `${url}/sss`,
  headers: json,
  body: JSON.stringify(said),
});

const KINDS: Record<string, Kind> = {
  'an SMS by Twilio': {
    provider: 'twilio',
    settings: account,
    purpose: 'inbound',
    good: {
      MessageSid: 'SM1',
      From: '+12125550102',
      To: '+15005550000',
      Body: 'hi',
      NumMedia: '1',
      MediaUrl0: 'https://x.example/a',
      MediaContentType0: 'image/png',
      FromCity: 'Rome',
      OptOutType: 'X',
    },
    send: twilioForm,
  },
  'a status by Twilio': {
    provider: 'twilio',
    settings: account,
    purpose: 'status?ref=a.b.0',
    good: { MessageSid: 'SM1', MessageStatus: 'failed', ErrorCode: '30003', To: '+12125550102' },
    send: twilioForm,
  },
  'keys of a call': {
    provider: 'twilio-voice',
    settings: account,
    purpose: 'status?ref=a.b.0&event=gather',
    good: { CallSid: 'CA1', Digits: '1', To: '+12125550103', From: '+15005550000' },
    send: twilioForm,
  },
  'a text on WhatsApp': { ...whatsapp, good: whatsappMessage({ type: 'text', text: { body: 'hi' } }) },
  'a file on WhatsApp': {
    ...whatsapp,
    good: whatsappMessage({ type: 'document', document: { caption: 'c', filename: 'f' } }),
  },
  'an order on WhatsApp': {
    ...whatsapp,
    good: whatsappMessage({
      type: 'order',
      order: { text: 't', product_items: [{ product_retailer_id: 's', currency: 'EUR' }] },
    }),
  },
  'a form on WhatsApp': {
    ...whatsapp,
    good: whatsappMessage({
      type: 'interactive',
      interactive: {
        type: 'nfm_reply',
        nfm_reply: { body: 'Sent', name: 'flow', response_json: '{"a":"b"}' },
      },
    }),
  },
  'a place on WhatsApp': {
    ...whatsapp,
    good: whatsappMessage({
      type: 'location',
      location: { latitude: 1, longitude: 2, name: 'n', address: 'a' },
    }),
  },
  'an SMS by MessageBird': {
    ...classic,
    purpose: 'inbound',
    good: {
      id: 'a',
      originator: '31612345677',
      recipient: '31600000000',
      body: 'hi',
      createdDatetime: '2026-11-20T09:00:00Z',
    },
    send: posted,
  },
  'a status by MessageBird': {
    ...classic,
    purpose: 'status',
    good: { id: 'a', reference: 'a.b.0', status: 'delivery_failed', statusReason: 'x', statusErrorCode: '5' },
    send: posted,
  },
  'an SMS by Bird': {
    ...bird,
    purpose: 'status',
    good: {
      type: 'sms.received',
      timestamp: '2026-11-20T09:00:00Z',
      data: { sms_id: 'a', from: '+31612345678', to: '+31600000000', text: 'hi', subject: 's', carrier: 'c' },
    },
    send: standard,
  },
  'a status by Bird': {
    ...bird,
    purpose: 'status',
    good: {
      type: 'sms.failed',
      data: { sms_id: 'a', metadata: { ref: 'a.b.0' }, error: { code: 'x', description: 'y' } },
    },
    send: standard,
  },
  'a message by a webhook': {
    ...webhook,
    good: {
      type: 'message',
      id: 'a',
      from: 'ann',
      to: 'us',
      text: 'hi',
      profileName: 'Ann',
      replyTo: 'r',
      payload: 'p',
      media: [{ url: 'https://x.example/a', name: 'n', mediaType: 'image/png' }],
      raw: { a: { b: 'c' } },
    },
  },
  'a receipt by a webhook': {
    ...webhook,
    good: {
      type: 'receipt',
      ref: 'a.b.0',
      id: 'i',
      state: 'failed',
      class: 'content',
      code: 'c',
      detail: 'd',
    },
  },
  'an event by Mailgun': {
    provider: 'mailgun',
    settings: { apiKey: 'key', domain: 'mg.shop.example', signingKey: 'signing' },
    purpose: 'status',
    good: {
      'event-data': {
        event: 'failed',
        severity: 'permanent',
        recipient: 'a@example.com',
        'user-variables': { ref: 'a.b.0' },
        message: { headers: { 'message-id': 'm' } },
        'delivery-status': { code: 550, message: 'no', description: 'd' },
      },
    },
    send: mailgunEvent,
  },
};

/** The paths of all texts in a value. */
function textsIn(value: Json, path: string[] = []): string[][] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, entry]) => textsIn(entry, [...path, name]));
}
function withText(value: Json, path: readonly string[], change: (text: string) => string): Json {
  const copy = structuredClone(value);
  const last = path.at(-1)!;
  const at = path.slice(0, -1).reduce((found, name) => found[name], copy);
  at[last] = change(at[last]);
  return copy;
}
/** The same under ids of its own, so that it is no repeat. */
const fresh = (value: Json, path: readonly string[]): Json => {
  let copy = value;
  for (const other of textsIn(value))
    if (['MessageSid', 'CallSid', 'id', 'sms_id'].includes(other.at(-1)!) && other.join() !== path.join())
      copy = withText(copy, other, (text) => `${text}-${++made}`);
  return copy;
};

const ODD: Record<string, (text: string) => string> = {
  'U+0000': (text) => `${text}\0x`,
  'half a pair': (text) => `${text}\ud83d`,
  'the other half': (text) => `\ude00${text}`,
  'a very long text': (text) => text + 'é😀'.repeat(20_000),
  nothing: () => '',
};

for (const [name, { provider, settings, purpose, good, send }] of Object.entries(KINDS))
  test(`${name}: no text in it makes a 500`, async () => {
    const at = await newIntegration(world.ctx, app.id, provider, settings as Record<string, unknown>);
    const url = `${world.url}/callbacks/${toHex24(at.id)}/${at.callbackKey}/${purpose}`;
    const call = async (said: Json) => {
      const { url: to, headers, body } = send(url, said);
      return (await fetch(to, { method: 'POST', headers, body })).status;
    };
    assert.ok((await call(good)) < 300, 'the good one');
    for (const path of textsIn(good))
      for (const [odd, change] of Object.entries(ODD)) {
        const status = await call(withText(fresh(good, path), path, change));
        assert.ok(status < 500, `${path.join('.')} with ${odd}: ${status}`);
      }
  });

test('each address that the documents name is there', async () => {
  const docs = join(import.meta.dirname, '../docs/channels');
  const known = Object.values(KINDS);
  let count = 0;
  for (const { provider, settings } of new Map(known.map((kind) => [kind.provider, kind])).values()) {
    const text = await readFile(join(docs, `${provider}.md`), 'utf8');
    const at = await newIntegration(world.ctx, app.id, provider, settings as Record<string, unknown>);
    for (const [, path] of text.matchAll(/`(\/(?:inbound|status|mail)(?:\/[^`]*)?)`/g)) {
      const url = `${world.url}/callbacks/${toHex24(at.id)}/${at.callbackKey}${path!.replace(/<[^>]*>/, 'sss')}`;
      const { status } = await fetch(url, { method: 'POST', headers: json, body: '{}' });
      assert.ok(status !== 404 && status < 500, `${provider} ${path}: ${status}`);
      count++;
    }
  }
  assert.ok(count >= 6, `${count} addresses`);
});

test('what is said is kept without what cannot be, beside its neighbours', async () => {
  const at = await newIntegration(world.ctx, app.id, 'whatsapp', whatsapp.settings);
  const url = `${world.url}/callbacks/${toHex24(at.id)}/${at.callbackKey}/inbound`;
  const said = whatsappMessage({ type: 'text', text: { body: 'good' } });
  const { messages, contacts } = said.entry[0]!.changes[0]!.value as Json;
  contacts[0].profile.name = 'Ann \ud83d';
  for (const body of ['ann\0people.example', 'half \ud83d', '\ude00half', 'whole 😀'])
    messages.push({ ...messages[0], id: `wamid.${++made}`, text: { body } });
  const { headers, body } = meta(url, said);
  assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 200);
  const rows = await world.ctx.sql<{ text: string }[]>`
    SELECT content->>'text' AS text FROM messages
    WHERE workspace_id = ${app.id} AND (source->>'integrationId')::bigint = ${at.id} ORDER BY id`;
  assert.deepEqual(
    rows.map(({ text }) => text).toSorted(),
    ['annpeople.example', 'good', 'half �', 'whole 😀', '�half'].toSorted(),
  );
  const [named] = await world.ctx
    .sql`SELECT display_name AS name FROM destinations WHERE integration_id = ${at.id}`;
  assert.equal(named!['name'], 'Ann �');
});
