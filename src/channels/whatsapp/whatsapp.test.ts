/** WhatsApp against the repaired contract, every row of the error table, and what is sent. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hmac } from '../../base/crypto.ts';
import type { CallbackRequest, Outcome, Outgoing, Settings } from '../adapter.ts';
import { conformance, withSender } from '../testing/conformance.ts';
import { contractOf, ownContract } from '../testing/contract.ts';
import { WHATSAPP, WHATSAPP_CODES_BY_CLASS } from '../testing/contracts/whatsapp.ts';
import { startFake, type FakeAnswer } from '../testing/fake.ts';
import { whatsapp } from './adapter.ts';
import { WHATSAPP_CODES, whatsappVerdict } from './outcomes.ts';

const APP_SECRET = 'meta-app-secret-0123456789abcdef';
const VERIFY_TOKEN = 'a-text-of-ours-0123';
const NUMBER = '106540352242922';
const WAMID = 'wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJCOTY3NDc0NDFDRUI3NTA0Q0UA';

const settings = (url: string): Settings => ({
  phoneNumberId: NUMBER,
  accessToken: 'EAAG-access-token-0123456789',
  appSecret: APP_SECRET,
  verifyToken: VERIFY_TOKEN,
  baseUrl: `${url}/v25.0`,
});
const message: Outgoing = {
  ref: 'dlv.01.a',
  idempotencyKey: 'key_01',
  to: '+31612345678',
  rendered: {
    channel: 'whatsapp',
    payload: { type: 'text', text: { body: 'Zon & zee ☀ "messages"', preview_url: false } },
    text: 'Zon & zee ☀ "messages"',
  },
  callbackUrl: 'https://msg.example.org/callbacks/int_1/key/status?ref=dlv.01.a',
};

const sent = (fields: Record<string, unknown> = {}): FakeAnswer => ({
  status: 200,
  body: JSON.stringify({
    messaging_product: 'whatsapp',
    contacts: [{ input: '+31612345678', wa_id: '31612345678' }],
    messages: [{ id: WAMID, ...fields }],
  }),
});
const failure = (status: number, code: number, more: Record<string, unknown> = {}): FakeAnswer => ({
  status,
  body: JSON.stringify({
    error: {
      message: `(#${code}) no`,
      type: 'OAuthException',
      code,
      error_data: { messaging_product: 'whatsapp', details: 'This is why' },
      fbtrace_id: 'A1',
      ...more,
    },
  }),
});

const post = (body: unknown, secret = APP_SECRET): CallbackRequest => {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    method: 'POST',
    url: 'https://msg.example.org/callbacks/int_1/key/inbound',
    purpose: 'inbound',
    query: {},
    headers: {
      'content-type': 'application/json',
      'x-hub-signature-256': `sha256=${hmac('sha256', secret, bytes, 'hex')}`,
    },
    body: bytes,
  };
};
const change = (value: Record<string, unknown>) => ({
  field: 'messages',
  value: {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: NUMBER },
    ...value,
  },
});
const event = (...values: Record<string, unknown>[]) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '102290129340398', changes: values.map(change) }],
});
const status = (value: string, fields: Record<string, unknown> = {}) => ({
  id: WAMID,
  status: value,
  timestamp: '1750030073',
  recipient_id: '31612345678',
  biz_opaque_callback_data: 'dlv.01.a',
  ...fields,
});
const incoming = {
  contacts: [{ profile: { name: 'Sheena Nelson' }, wa_id: '16505551234' }],
  messages: [
    {
      from: '16505551234',
      id: 'wamid.in1',
      timestamp: '1749416383',
      type: 'text',
      text: { body: 'Does it come in another colour? é' },
    },
  ],
};
const challenge = (query: Record<string, string>): CallbackRequest => ({
  ...post(''),
  method: 'GET',
  headers: {},
  query: {
    'hub.mode': 'subscribe',
    'hub.verify_token': VERIFY_TOKEN,
    'hub.challenge': '1158201444',
    ...query,
  },
});

const contract = await contractOf(WHATSAPP);

test('the WhatsApp adapter keeps the adapter contract', async (t) => {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  const genuine = post(event({ statuses: [status('delivered')] }, incoming));
  await conformance(t, {
    adapter: whatsapp,
    fake,
    settings,
    message,
    success: { answer: sent(), externalIds: [WAMID], receipts: true },
    refused: { answer: failure(400, 131026), code: '131026', class: 'recipient' },
    transient: { answer: failure(503, 131016), code: '131016', class: 'transient' },
    throttled: { answer: failure(400, 131056), code: '131056', retryAfterMs: 6000 },
    broken: { answer: { status: 500, body: 'oops' }, kind: 'unclear' },
    echo: (secret) => failure(401, 190, { message: `token ${secret}\nis not valid` }),
    callbacks: {
      genuine: [
        {
          name: 'a status and a message in one call',
          request: genuine,
          receipts: [{ ref: 'dlv.01.a', externalId: WAMID, state: 'delivered', atMs: 1_750_030_073_000 }],
          inbound: [
            {
              externalId: 'wamid.in1',
              from: '+16505551234',
              to: '+15550783881',
              text: 'Does it come in another colour? é',
              profileName: 'Sheena Nelson',
              media: [],
              raw: { from: '16505551234', profile: { name: 'Sheena Nelson' } },
              atMs: 1_749_416_383_000,
            },
          ],
        },
        { name: 'the challenge', request: challenge({}) },
      ],
      forged: [
        { name: 'other secret', request: post(event(), 'x'.repeat(32)) },
        { name: 'changed body', request: { ...genuine, body: Buffer.from('{"entry":[]}') } },
        { name: 'no signature', request: { ...genuine, headers: {} } },
        { name: 'other verify token', request: challenge({ 'hub.verify_token': 'x' }) },
        { name: 'no verify token', request: { ...challenge({}), query: {} } },
      ],
      malformed: [
        { name: 'no entries', request: post('{"object":"page"}') },
        { name: 'not JSON', request: post('entry') },
        { name: 'a challenge that is markup', request: challenge({ 'hub.challenge': '<b>' }) },
      ],
    },
  });
});

test('what is sent', async (t) => {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  const send = async (change: Partial<Outgoing>) => {
    fake.answerNext(sent());
    const outcome = await withSender({ adapter: whatsapp, settings }, fake.url, (sender) =>
      sender.send({ ...message, ...change }),
    );
    deepEqual(fake.violations(), []);
    return { outcome, body: JSON.parse(fake.last().body) as Record<string, unknown>, request: fake.last() };
  };
  const rendered = (payload: Record<string, unknown> & { type: string }): Outgoing['rendered'] => ({
    channel: 'whatsapp',
    payload,
    text: '',
  });

  await t.test('the message, its addressee and our reference', async () => {
    const { body, request } = await send({});
    equal(request.path, `/v25.0/${NUMBER}/messages`);
    equal(request.headers.authorization, 'Bearer EAAG-access-token-0123456789');
    deepEqual(body, {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '+31612345678',
      type: 'text',
      text: { body: 'Zon & zee ☀ "messages"', preview_url: false },
      biz_opaque_callback_data: 'dlv.01.a',
    });
  });
  await t.test('N9: a template as content has made it', async () => {
    const template = {
      name: 'order_shipped',
      language: { code: 'nl_NL' },
      components: [
        { type: 'body', parameters: [{ type: 'text', text: 'Ada' }] },
        {
          type: 'button',
          sub_type: 'quick_reply',
          index: '0',
          parameters: [{ type: 'payload', payload: 'A' }],
        },
      ],
    };
    const { body } = await send({ rendered: rendered({ type: 'template', template }) });
    deepEqual(body.template, template);
  });
  await t.test('a person without a number is a recipient', async () => {
    for (const to of ['US.13491208655302741918', 'US.ENT.11815799212886844830']) {
      const { body } = await send({ to });
      equal(body.recipient, to);
      equal('to' in body, false);
    }
  });
  await t.test(
    'an answer names what it answers; a caller’s payload does not choose who gets it',
    async () => {
      const payload = {
        type: 'text',
        text: { body: 'x' },
        context: { message_id: 'wamid.in1' },
        to: '+31600000000',
        recipient: 'US.1',
        recipient_type: 'group',
        messaging_product: 'x',
        biz_opaque_callback_data: 'x',
      };
      const { body } = await send({ rendered: rendered(payload) });
      deepEqual(body, {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        type: 'text',
        text: { body: 'x' },
        context: { message_id: 'wamid.in1' },
        to: '+31612345678',
        biz_opaque_callback_data: 'dlv.01.a',
      });
    },
  );
  await t.test('a message that is held for a check of its template is accepted', async () => {
    fake.answerNext(sent({ message_status: 'held_for_quality_assessment' }));
    const outcome = await withSender({ adapter: whatsapp, settings }, fake.url, (sender) =>
      sender.send(message),
    );
    deepEqual(outcome, { kind: 'accepted', externalIds: [WAMID], receipts: true });
  });
  await t.test('what is no WhatsApp message is refused without a call', async () => {
    const before = fake.count();
    const outcome = await withSender({ adapter: whatsapp, settings }, fake.url, (sender) =>
      sender.send({ ...message, rendered: { channel: 'sms', text: 'x' } }),
    );
    equal(outcome.kind, 'refused');
    equal(fake.count(), before);
  });
});

test('all that content makes for WhatsApp fits the contract', () => {
  type Golden = Record<string, { payload?: { type: string; interactive?: { type: string } } }>;
  const golden = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../content/golden/whatsapp.json'), 'utf8'),
  ) as Golden;
  const own = ownContract(WHATSAPP);
  const seen = new Set<string>();
  for (const [name, { payload }] of Object.entries(golden)) {
    if (!payload) continue;
    seen.add(`${payload.type}/${payload.interactive?.type ?? ''}`);
    const to = { messaging_product: 'whatsapp', recipient_type: 'individual', to: '+31612345678' };
    const request = {
      method: 'POST',
      path: '/v25.0/1/messages',
      contentType: 'application/json',
      body: JSON.stringify({ ...to, ...payload }),
    };
    // The collected document names links and places, and has no schema for them.
    const isCollected = !['cta_url', 'location_request_message'].includes(payload.interactive?.type ?? '');
    deepEqual((isCollected ? contract : own).request(request), [], name);
  }
  for (const kind of ['button', 'list', 'cta_url', 'location_request_message'])
    ok(seen.has(`interactive/${kind}`), kind);
});

test('every row of the table gives the outcome of its class', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  const refused = ['recipient', 'optout', 'content', 'window'];
  await withSender({ adapter: whatsapp, settings }, fake.url, async (sender) => {
    // The HTTP status says nothing: Meta changes it without notice.
    for (const [code, meaning, , reach] of WHATSAPP_CODES)
      for (const http of [400, 500]) {
        fake.answerNext(failure(http, code));
        const outcome = await sender.send(message);
        const kind = refused.includes(meaning) || reach === 'message' ? 'refused' : 'deferred';
        equal(outcome.kind, kind, String(code));
        ok('class' in outcome && outcome.class === meaning, String(code));
        deepEqual([outcome.code, outcome.detail], [String(code), `(#${code}) no: This is why`]);
      }
  });
});

test('the table says what the contract says', () => {
  const facts = Object.entries(WHATSAPP_CODES_BY_CLASS).flatMap(([meaning, codes]) =>
    codes.map((code): [number, string] => [code, meaning]),
  );
  equal(facts.length, WHATSAPP_CODES.length);
  for (const [code, meaning] of facts) equal(whatsappVerdict(code).class, meaning, String(code));
});

test('W15: outside of the 24 hours the class is window; the pair rate holds only that person', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  await withSender({ adapter: whatsapp, settings }, fake.url, async (sender) => {
    fake.answerNext(failure(400, 131047), failure(400, 131056), failure(429, 130429));
    const [window, pair, number] = [
      await sender.send(message),
      await sender.send(message),
      await sender.send(message),
    ];
    deepEqual([window.kind, 'class' in window && window.class], ['refused', 'window']);
    equal('retryAfterMs' in pair && pair.retryAfterMs, 6000);
    deepEqual(number, {
      kind: 'deferred',
      code: '130429',
      class: 'rate',
      detail: '(#130429) no: This is why',
    });
  });
});

test('codes that are not in the table, and answers that are not Meta’s', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  const cases: [FakeAnswer, Outcome['kind'], string | undefined][] = [
    [failure(400, 100, { error_subcode: 33 }), 'deferred', 'config'],
    [failure(400, 100, { error_subcode: 2494010 }), 'refused', 'content'],
    [failure(403, 299), 'deferred', 'config'],
    [failure(400, 132999), 'refused', 'content'],
    [failure(400, 133999), 'deferred', 'config'],
    [failure(400, 999), 'deferred', 'transient'],
    [failure(400, 132999, { is_transient: true }), 'deferred', 'transient'],
    [failure(429, 999), 'deferred', 'rate'],
    [failure(500, 132999), 'unclear', undefined],
    [{ status: 429, headers: { 'retry-after': '9' } }, 'deferred', 'rate'],
    [{ status: 404, body: '<html>' }, 'deferred', 'config'],
    [{ status: 301, headers: { location: '/x' } }, 'deferred', 'config'],
    [{ status: 413, body: 'too large' }, 'deferred', 'transient'],
    [{ status: 408 }, 'unclear', undefined],
    [{ status: 200, body: '{"messages":[]}' }, 'unclear', undefined],
    [{ status: 200, body: '{"messages":[{"id":""}]}' }, 'unclear', undefined],
    [{ status: 200, body: '{"messages":[null]}' }, 'unclear', undefined],
    [{ status: 200, body: failure(200, 131026).body! }, 'unclear', undefined],
  ];
  await withSender({ adapter: whatsapp, settings }, fake.url, async (sender) => {
    for (const [answer, kind, meaning] of cases) {
      fake.answerNext(answer);
      const outcome = await sender.send(message);
      equal(outcome.kind, kind, JSON.stringify(answer));
      equal('class' in outcome ? outcome.class : undefined, meaning, JSON.stringify(answer));
    }
  });
});

test('the document explains every code and setting', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/whatsapp.md'), 'utf8');
  for (const [code, meaning] of WHATSAPP_CODES)
    ok(
      new RegExp(`\\| ${code} \\|[^\\n]*\\| ${meaning} \\|`).test(doc),
      `${code} ${meaning} is not in docs/channels/whatsapp.md`,
    );
  for (const name of Object.keys(whatsapp.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
});
