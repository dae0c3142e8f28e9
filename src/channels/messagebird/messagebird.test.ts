/** Both APIs of MessageBird against their contracts, the official signature vectors, and tokens made by jose. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { Webhook } from 'standardwebhooks';
import { sha256Hex } from '../../base/crypto.ts';
import { httpClient } from '../../base/http.ts';
import type { CallbackRequest, Outgoing, Settings } from '../adapter.ts';
import { conformance, SUITE_DEADLINE_MS, SUITE_NOW_MS, withSender } from '../testing/conformance.ts';
import { contractOf } from '../testing/contract.ts';
import { BIRD, BIRD_FAILURES_BY_CLASS, CLASSIC, CLASSIC_SIGNED } from '../testing/contracts/messagebird.ts';
import { startFake, type FakeAnswer } from '../testing/fake.ts';
import { messagebird } from './adapter.ts';
import { BIRD_ERRORS, BIRD_FAILURES } from './bird.ts';
import { CLASSIC_ERRORS, CLASSIC_REASONS } from './classic.ts';

const CALLBACKS = 'https://msg.example.org/callbacks/int_1';
const message: Outgoing = {
  ref: 'dlv_01',
  idempotencyKey: 'key_01',
  to: '+31612345678',
  rendered: { channel: 'sms', text: 'Zon & zee ☀' },
  callbackUrl: `${CALLBACKS}/status?ref=dlv_01`,
};
const SIGNING_KEY = 'signing-key-0123456789';

// Classic

const classicContract = await contractOf(CLASSIC);
const CLASSIC_ID = 'e8077d803532c0b5937c639b60216938';
const classic = (url: string): Settings => ({
  accessKey: 'live_0123456789',
  originator: 'Sunshine',
  signingKey: SIGNING_KEY,
  baseUrl: url,
});
const classicCreated: FakeAnswer = {
  status: 201,
  body: JSON.stringify({
    id: CLASSIC_ID,
    href: `https://rest.messagebird.com/messages/${CLASSIC_ID}`,
    direction: 'mt',
    type: 'sms',
    originator: 'Sunshine',
    body: 'Zon',
    reference: 'dlv_01',
    validity: null,
    recipients: { totalCount: 1, items: [{ recipient: 31612345678, status: 'sent' }] },
  }),
};
const classicError = (status: number, code: number, parameter: string | null = null, description = 'no') => ({
  status,
  body: JSON.stringify({ errors: [{ code, description, parameter }] }),
});

/** A look-up, as MessageBird's documents had it. */
const classicNumber = (hlr?: Record<string, unknown>, type = 'mobile'): FakeAnswer => ({
  status: 200,
  body: JSON.stringify({
    href: 'https://rest.messagebird.com/lookup/31612345678',
    countryCode: 'NL',
    countryPrefix: 31,
    phoneNumber: 31612345678,
    type,
    formats: { e164: '+31612345678', national: '06 12345678' },
    ...(hlr ? { hlr } : {}),
  }),
});

type Signing = {
  key?: string;
  alg?: string;
  claims?: Record<string, unknown>;
  url?: string;
  method?: string;
};

/** A classic callback, its token made by jose. */
async function classicCallback(
  tail: string,
  body = '',
  { key = SIGNING_KEY, alg = 'HS256', claims = {}, url, method }: Signing = {},
): Promise<CallbackRequest> {
  const full = `${CALLBACKS}/${tail}`;
  const token = await new SignJWT({
    url_hash: sha256Hex(url ?? full),
    ...(body ? { payload_hash: sha256Hex(body) } : {}),
    iss: 'MessageBird',
    nbf: SUITE_NOW_MS / 1000 - 1,
    exp: SUITE_NOW_MS / 1000 + 60,
    jti: '11111111-2222-4333-8444-555555555555',
    ...claims,
  })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .sign(new TextEncoder().encode(key));
  return {
    method: method ?? (body ? 'POST' : 'GET'),
    url: full,
    purpose: tail.split('?')[0]!,
    query: Object.fromEntries(new URL(full).searchParams),
    headers: { 'messagebird-signature-jwt': token },
    body: Buffer.from(body),
    receivedAtMs: SUITE_NOW_MS,
  };
}
const report = (fields: Record<string, string>): string =>
  `status?${new URLSearchParams({ ref: 'dlv_01', id: CLASSIC_ID, reference: 'dlv_01', recipient: '31612345678', ...fields }).toString()}`;

test('the classic API keeps the adapter contract', async (t) => {
  const fake = await startFake({ contract: classicContract });
  const lookUps = await startFake();
  t.after(() => Promise.all([fake.close(), lookUps.close()]));
  const delivered = await classicCallback(
    report({ status: 'delivered', statusDatetime: '2026-11-20T08:32:53+00:00' }),
  );
  const form = 'id=in_1&originator=31612345678&recipient=3197010240000&body=Ja+%E2%98%80';
  await conformance(t, {
    adapter: messagebird,
    fake,
    settings: classic,
    message,
    success: { answer: classicCreated, externalIds: [CLASSIC_ID], receipts: true },
    refused: { answer: classicError(422, 9, 'recipients'), code: '9', class: 'recipient' },
    transient: { answer: classicError(404, 98), code: '98', class: 'transient' },
    throttled: {
      answer: { status: 429, headers: { 'retry-after': '3' }, body: '{}' },
      code: 'http_429',
      retryAfterMs: 3000,
    },
    broken: { answer: classicError(500, 99), kind: 'unclear' },
    echo: (secret) => classicError(401, 2, 'access_key', `incorrect ${secret}`),
    batch: 'not_offered',
    numbers: {
      fake: lookUps,
      found: {
        answer: classicNumber({
          id: '1',
          network: 20406,
          status: 'active',
          details: { ported: 1, roaming: 0 },
        }),
        expected: { valid: true, country: 'NL', lineType: 'mobile', network: '20406', ported: true },
      },
      refused: { answer: classicError(400, 21, 'phone_number'), code: '21', class: 'recipient' },
      config: { answer: classicError(401, 2, 'access_key'), code: '2' },
      throttled: {
        answer: { status: 429, headers: { 'retry-after': '4' } },
        code: 'http_429',
        retryAfterMs: 4000,
      },
    },
    callbacks: {
      genuine: [
        {
          name: 'status report by GET',
          request: delivered,
          receipts: [{ ref: 'dlv_01', externalId: CLASSIC_ID, state: 'delivered', atMs: SUITE_NOW_MS }],
        },
        {
          name: 'incoming message by form',
          request: await classicCallback('inbound', form),
          inbound: [
            {
              externalId: 'in_1',
              from: '+31612345678',
              to: '+3197010240000',
              text: 'Ja ☀',
              raw: { phoneNumber: '+31612345678' },
            },
          ],
        },
        {
          name: 'incoming message by JSON, HS512',
          request: await classicCallback(
            'inbound',
            '{"message_id":"in_2","source":31612345678,"destination":"Desk","payload":"Ja"}',
            { alg: 'HS512', key: SIGNING_KEY },
          ),
          inbound: [{ externalId: 'in_2', from: '+31612345678', to: 'Desk', text: 'Ja' }],
        },
      ],
      forged: [
        {
          name: 'other key',
          request: await classicCallback(report({ status: 'sent' }), '', { key: 'other-key-0123456789' }),
        },
        { name: 'other URL', request: { ...delivered, url: `${delivered.url}&x=1` } },
        {
          name: 'body changed',
          request: { ...(await classicCallback('inbound', form)), body: Buffer.from(`${form}!`) },
        },
        { name: 'body added', request: { ...delivered, body: Buffer.from('x') } },
        {
          name: 'body removed',
          request: { ...(await classicCallback('inbound', form)), body: Buffer.alloc(0) },
        },
        { name: 'expired', request: { ...delivered, receivedAtMs: SUITE_NOW_MS + 62_000 } },
        { name: 'not yet valid', request: { ...delivered, receivedAtMs: SUITE_NOW_MS - 3_000 } },
        {
          name: 'no expiry',
          request: await classicCallback(report({ status: 'sent' }), '', { claims: { exp: undefined } }),
        },
        {
          name: 'other issuer',
          request: await classicCallback(report({ status: 'sent' }), '', { claims: { iss: 'Eve' } }),
        },
        { name: 'no token', request: { ...delivered, headers: {} } },
        {
          name: 'four parts',
          request: { ...delivered, headers: { 'messagebird-signature-jwt': 'a.b.c.d' } },
        },
      ],
      malformed: [
        { name: 'unknown status', request: await classicCallback(report({ status: 'teleported' })) },
        { name: 'no originator', request: await classicCallback('inbound', 'id=1') },
      ],
    },
  });
});

test('classic: every kind of line, and a number that no network was asked about', async (t) => {
  const fake = await startFake();
  const http = httpClient({ connections: 1 });
  t.after(() => Promise.all([fake.close(), http.close()]));
  const ask = async (answer: FakeAnswer) => {
    fake.answerNext(answer);
    const tools = { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS };
    return await messagebird.lookUpNumber!(classic(fake.url), tools, '+31612345678');
  };
  const lines = [
    ['fixed line', 'landline'],
    ['fixed line or mobile', 'landline_or_mobile'],
    ['toll free', 'toll_free'],
    ['premium rate', 'premium'],
    ['voip', 'voip'],
    ['pager', 'other'],
    ['unknown', undefined],
    ['something new', undefined],
  ] as const;
  for (const [type, expected] of lines)
    deepEqual(await ask(classicNumber(undefined, type)), {
      kind: 'found',
      valid: true,
      country: 'NL',
      ...(expected ? { lineType: expected } : {}),
    });
  equal(fake.last().path, '/lookup/31612345678');
  equal(fake.last().headers.authorization, 'AccessKey live_0123456789');
});

test('classic: what is sent', async (t) => {
  const fake = await startFake({ contract: classicContract });
  t.after(() => fake.close());
  const send = async (change: Partial<Outgoing>, more: Settings = {}) => {
    fake.answerNext(classicCreated);
    const spec = { adapter: messagebird, settings: (url: string) => ({ ...classic(url), ...more }) };
    await withSender(spec, fake.url, (sender) => sender.send({ ...message, ...change }));
    deepEqual(fake.violations(), []);
    return JSON.parse(fake.last().body) as Record<string, unknown>;
  };
  deepEqual(await send({ ttlS: 60 }), {
    originator: 'Sunshine',
    recipients: ['31612345678'],
    body: 'Zon & zee ☀',
    reference: 'dlv_01',
    reportUrl: message.callbackUrl,
    datacoding: 'auto',
    validity: 60,
  });
  equal(fake.last().headers.authorization, 'AccessKey live_0123456789');
  const media = [{ url: 'https://x.example/1.jpg' }];
  const own = await send({ rendered: { channel: 'sms', text: 'Hi', from: 'Other', media } });
  deepEqual([own.originator, own.body], ['Other', 'Hi\nhttps://x.example/1.jpg']);
  const secret = await send({}, { signingKey: undefined, webhookSecret: 'hook-secret-1' });
  equal(secret.reportUrl, `${message.callbackUrl}&secret=hook-secret-1`);
});

test('classic without a signing key: the secret in the URL is asked for', () => {
  const settings = { ...classic(''), signingKey: undefined, webhookSecret: 'hook-secret-1' };
  const request = (tail: string): CallbackRequest => ({
    method: 'GET',
    url: `${CALLBACKS}/${tail}`,
    purpose: tail.split('?')[0]!,
    query: Object.fromEntries(new URL(`${CALLBACKS}/${tail}`).searchParams),
    headers: {},
    body: Buffer.alloc(0),
  });
  const kind = (tail: string, given: Settings = settings) => messagebird.receive!(request(tail), given).kind;
  equal(kind('inbound?id=1&originator=31612345678&body=Hi&secret=hook-secret-1'), 'parsed');
  equal(kind('inbound/hook-secret-1?id=1&originator=31612345678&body=Hi'), 'parsed');
  equal(kind('inbound?id=1&originator=31612345678&body=Hi&secret=wrong'), 'forged');
  equal(kind('inbound?id=1&originator=31612345678&body=Hi'), 'forged');
  equal(kind('inbound?id=1&originator=1&secret=', { ...settings, webhookSecret: undefined }), 'forged');
});

test('classic: errors and failed deliveries, each with its class', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  await withSender({ adapter: messagebird, settings: classic }, fake.url, async (sender) => {
    for (const [code, meaning] of CLASSIC_ERRORS) {
      fake.answerNext(classicError(422, code));
      const outcome = await sender.send(message);
      equal('class' in outcome && outcome.class, meaning, String(code));
    }
    fake.answerNext(classicError(422, 9, 'originator'), { status: 403, body: 'nope' });
    const origin = await sender.send(message);
    deepEqual([origin.kind, 'class' in origin && origin.class], ['deferred', 'config']);
    const proxy = await sender.send(message);
    deepEqual([proxy.kind, 'class' in proxy && proxy.class], ['deferred', 'config']);
  });
  const cases: [Record<string, string>, string, string?, string?][] = [
    [{ status: 'scheduled' }, 'accepted'],
    [{ status: 'sent' }, 'accepted'],
    [{ status: 'buffered' }, 'accepted'],
    [{ status: 'expired' }, 'failed', 'expired', 'expired'],
    [{ status: 'delivery_failed', statusReason: 'something new' }, 'failed', 'something_new', 'transient'],
    ...CLASSIC_REASONS.map(([reason, meaning]): [Record<string, string>, string, string, string] => [
      { status: 'delivery_failed', statusReason: reason, statusErrorCode: '5' },
      'failed',
      '5',
      meaning,
    ]),
  ];
  for (const [fields, state, code, meaning] of cases) {
    const callback = messagebird.receive!(await classicCallback(report(fields)), classic(''));
    ok(callback.kind === 'parsed');
    const [receipt] = callback.receipts;
    deepEqual(
      [receipt?.state, receipt?.code, receipt?.class],
      [state, code, meaning],
      JSON.stringify(fields),
    );
  }
});

test('classic: what is signed is believed, by every method, and nothing that was changed on its way', async () => {
  const settingsOf = classic('');
  const kindOf = (request: CallbackRequest) => messagebird.receive!(request, settingsOf).kind;
  const second = SUITE_NOW_MS / 1000;
  // To no purpose of ours, so what is genuine is malformed.
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    for (const tail of ['other', 'other?bar=1&foo=2', 'other?o%5Ba%5D=1&with=spaces+and%20more'])
      for (const body of ['', '{"a":"é & ☀"}']) {
        const genuine = await classicCallback(tail, body, { method });
        const added = { ...genuine, body: Buffer.from(`${body}x`) };
        const removed = { ...genuine, body: Buffer.alloc(0) };
        const name = `${method} ${tail} ${body}`;
        equal(kindOf(genuine), 'malformed', name);
        equal(kindOf(added), 'forged', name);
        if (body) equal(kindOf(removed), 'forged', name);
      }
  for (const alg of ['HS384', 'HS512'])
    equal(kindOf(await classicCallback('other', '', { alg })), 'malformed', alg);
  const port = 'https://msg.example.org:8080/other';
  equal(kindOf({ ...(await classicCallback('other', '', { url: port })), url: port }), 'malformed');
  const wrong: Record<string, Signing> = {
    'before it was made': { claims: { nbf: second + 30 } },
    'after its time': { claims: { exp: second - 30 } },
    'another key': { key: 'another-key-0123456789' },
    'the query in another order': { url: `${CALLBACKS}/other?foo=2&bar=1` },
    'another issuer': { claims: { iss: 'Somebody' } },
  };
  for (const [name, signing] of Object.entries(wrong))
    equal(kindOf(await classicCallback('other?bar=1&foo=2', '', signing)), 'forged', name);
  const genuine = await classicCallback('other');
  const [, claims] = String(genuine.headers['messagebird-signature-jwt']).split('.');
  const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${claims!}.`;
  equal(kindOf({ ...genuine, headers: { 'messagebird-signature-jwt': none } }), 'forged');
});

test('classic: the vector of the contract', () => {
  const { signingKey, url, token, atMs } = CLASSIC_SIGNED;
  const callback = messagebird.receive!(
    {
      method: 'GET',
      url,
      purpose: 'status',
      query: Object.fromEntries(new URL(url).searchParams),
      headers: { 'messagebird-signature-jwt': token },
      body: Buffer.alloc(0),
      receivedAtMs: atMs,
    },
    { signingKey },
  );
  ok(callback.kind === 'parsed');
  const [receipt] = callback.receipts;
  deepEqual(
    [receipt?.ref, receipt?.state, receipt?.code, receipt?.class],
    ['c1.p1.0', 'failed', '5', 'recipient'],
  );
});

test('v1: the table says what the contract says', () => {
  const facts = Object.entries(BIRD_FAILURES_BY_CLASS).flatMap(([meaning, codes]) =>
    codes.map((code) => `${code} ${meaning}`),
  );
  deepEqual(BIRD_FAILURES.map(([code, meaning]) => `${code} ${meaning}`).sort(), facts.sort());
});

// Bird v1

const birdContract = await contractOf(BIRD);
const BIRD_ID = 'sms_01krdgeqcxet5s7t44vh8rt9mg';
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const bird = (url: string): Settings => ({
  accessKey: 'bk_eu_0123456789',
  originator: 'Sunshine',
  signingKey: WEBHOOK_SECRET,
  baseUrl: url,
});
const birdCreated: FakeAnswer = {
  status: 202,
  body: JSON.stringify({
    id: BIRD_ID,
    direction: 'outbound',
    status: 'accepted',
    to: '+31612345678',
    from: 'Sunshine',
    segments: { count: 1, encoding: 'UCS2', characters: 11 },
    created_at: '2026-11-20T08:32:53Z',
  }),
};
const birdBatch = (...ids: string[]): FakeAnswer => ({
  status: 202,
  body: JSON.stringify({
    data: ids.map((id) => ({ ...(JSON.parse(birdCreated.body!) as object), id })),
    summary: { accepted_count: ids.length },
  }),
});
const birdError = (status: number, type: string, more: Record<string, unknown> = {}): FakeAnswer => ({
  status,
  body: JSON.stringify({
    error: {
      type,
      code: 'E10001',
      name: 'SomeName',
      message: 'no',
      doc_url: 'https://bird.com/d',
      request_id: 'r',
      ...more,
    },
  }),
});
const birdData = {
  sms_id: BIRD_ID,
  workspace_id: 'ws_01krdgeqcxet5s7t44vh8rt9mg',
  to: '+31612345678',
  from: 'Sunshine',
  tags: null,
  metadata: { ref: 'dlv_01' },
};
function birdCallback(
  event: unknown,
  more: { secret?: string; receivedAtMs?: number } = {},
): CallbackRequest {
  const body = JSON.stringify(event);
  const at = new Date(SUITE_NOW_MS);
  return {
    method: 'POST',
    url: `${CALLBACKS}/status`,
    purpose: 'status',
    query: {},
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(at.getTime() / 1000),
      'webhook-signature': `v1,bm9uZQ== ${new Webhook(more.secret ?? WEBHOOK_SECRET).sign('evt_1', at, body)}`,
    },
    body: Buffer.from(body),
    receivedAtMs: more.receivedAtMs ?? SUITE_NOW_MS,
  };
}
const birdEvent = (type: string, data: Record<string, unknown> = {}) => ({
  type,
  timestamp: '2026-11-20T08:32:53.000Z',
  data: { ...birdData, ...data },
});
const birdFailure = (code: string) => ({
  error: { code, description: 'said so', occurred_at: '2026-11-20T08:32:53Z' },
});
const received = birdEvent('sms.received', {
  from: '+31612345678',
  to: '+3197010240000',
  text: 'Ja ☀',
  metadata: null,
  segments: { count: 1, encoding: 'UCS2', characters: 4 },
  carrier: 'KPN',
});

test('Bird v1 keeps the adapter contract', async (t) => {
  const fake = await startFake({ contract: birdContract });
  t.after(() => fake.close());
  const delivered = birdCallback(birdEvent('sms.delivered'));
  await conformance(t, {
    adapter: messagebird,
    fake,
    settings: bird,
    message,
    success: { answer: birdCreated, externalIds: [BIRD_ID], receipts: true },
    refused: {
      answer: birdError(422, 'validation_error', { name: 'SMSInvalidRecipient' }),
      code: 'SMSInvalidRecipient',
      class: 'recipient',
    },
    transient: { answer: birdError(503, 'service_unavailable_error'), code: 'SomeName', class: 'transient' },
    throttled: {
      answer: { ...birdError(429, 'rate_limit_error'), headers: { 'retry-after': '2' } },
      code: 'SomeName',
      retryAfterMs: 2000,
    },
    broken: { answer: birdError(500, 'internal_error'), kind: 'unclear' },
    echo: (secret) => birdError(401, 'auth_error', { message: `key ${secret}` }),
    numbers: 'not_offered',
    batch: {
      messages: ['1', '2', '3'].map((n) => ({ ...message, ref: `dlv_${n}`, idempotencyKey: `key_${n}` })),
      answer: birdBatch('sms_a', 'sms_b', 'sms_c'),
      expected: ['sms_a', 'sms_b', 'sms_c'].map((id) => ({ kind: 'accepted', externalIds: [id] })),
    },
    callbacks: {
      genuine: [
        {
          name: 'delivered',
          request: delivered,
          receipts: [{ ref: 'dlv_01', externalId: BIRD_ID, state: 'delivered', atMs: SUITE_NOW_MS }],
        },
        {
          name: 'incoming message',
          request: birdCallback(received),
          inbound: [
            {
              externalId: BIRD_ID,
              from: '+31612345678',
              to: '+3197010240000',
              text: 'Ja ☀',
              atMs: SUITE_NOW_MS,
              raw: { phoneNumber: '+31612345678', carrier: 'KPN' },
            },
          ],
        },
        { name: 'of another product', request: birdCallback({ type: 'voice.call.ended', data: {} }) },
      ],
      forged: [
        {
          name: 'other secret',
          request: birdCallback(birdEvent('sms.failed'), {
            secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx',
          }),
        },
        { name: 'changed', request: { ...delivered, body: Buffer.from('{}') } },
        {
          name: 'old',
          request: birdCallback(birdEvent('sms.sent'), { receivedAtMs: SUITE_NOW_MS + 301_000 }),
        },
        { name: 'unsigned', request: { ...delivered, headers: {} } },
      ],
      malformed: [{ name: 'no data', request: birdCallback({ type: 'sms.sent' }) }],
    },
  });
});

test('v1: what is sent, and that it may be repeated', async (t) => {
  const fake = await startFake({ contract: birdContract });
  t.after(() => fake.close());
  equal(messagebird.idempotent, false);
  await withSender({ adapter: messagebird, settings: bird }, fake.url, async (sender) => {
    equal(sender.idempotent, true);
    fake.answerNext(birdCreated);
    await sender.send({ ...message, messageClass: 'marketing' });
  });
  deepEqual(fake.violations(), []);
  const { headers, body, path } = fake.last();
  equal(path, '/v1/sms/messages');
  equal(headers.authorization, 'Bearer bk_eu_0123456789');
  equal(headers['idempotency-key'], 'key_01');
  ok(headers['user-agent']);
  deepEqual(JSON.parse(body), {
    to: '+31612345678',
    from: 'Sunshine',
    text: 'Zon & zee ☀',
    category: 'marketing',
    metadata: { ref: 'dlv_01' },
  });
});

test('v1: a batch is one call; a bad message among them is found by halves and stands alone', async (t) => {
  const fake = await startFake({ contract: birdContract });
  t.after(() => fake.close());
  const messages = ['1', '2', '3', '4'].map((n) => ({
    ...message,
    ref: `dlv_${n}`,
    idempotencyKey: `key_${n}`,
    to: `+3161234567${n}`,
  }));
  const unfit: Outgoing = { ...message, rendered: { channel: 'voice', say: 'x' } };
  await withSender({ adapter: messagebird, settings: bird }, fake.url, async (sender) => {
    equal(sender.batchIdempotent, false);
    fake.answerNext(birdBatch(ids[0]!, ids[1]!, ids[2]!, ids[3]!));
    const all = await sender.sendBatch!([...messages.slice(0, 2), unfit, ...messages.slice(2)]);
    deepEqual(
      all.map((outcome) => (outcome.kind === 'accepted' ? outcome.externalIds[0] : outcome.kind)),
      [ids[0], ids[1], 'refused', ids[2], ids[3]],
    );
    equal(fake.count(), 1);
    equal(fake.last().path, '/v1/sms/batches');
    const sent = JSON.parse(fake.last().body) as { to: string; metadata: { ref: string } }[];
    deepEqual(
      sent.map(({ to, metadata }) => [to, metadata.ref]),
      messages.map(({ to, ref }) => [to, ref]),
    );
    const key = fake.last().headers['idempotency-key'];
    // The same messages again have the same key, others another one.
    fake.answerNext(birdBatch(...ids), birdBatch(ids[0]!, ids[1]!));
    await sender.sendBatch!(messages);
    equal(fake.last().headers['idempotency-key'], key);
    await sender.sendBatch!(messages.slice(0, 2));
    ok(fake.last().headers['idempotency-key'] !== key);

    const bad = birdError(422, 'validation_error', { name: 'SMSInvalidRecipient' });
    fake.answerNext(bad, birdBatch(ids[0]!, ids[1]!), bad, bad, birdCreated);
    const halves = await sender.sendBatch!(messages);
    deepEqual(
      halves.map(({ kind }) => kind),
      ['accepted', 'accepted', 'refused', 'accepted'],
    );
    equal(fake.last().headers['idempotency-key'], 'key_4');
    // A throttle or no clear answer is the outcome of all, and nothing is tried again here.
    const before = fake.count();
    fake.answerNext(birdError(429, 'rate_limit_error'), birdBatch(ids[0]!));
    const slow = await sender.sendBatch!(messages);
    const odd = await sender.sendBatch!(messages);
    deepEqual(
      [slow, odd].map((list) => list.map(({ kind }) => kind)),
      [Array.from({ length: 4 }, () => 'deferred'), Array.from({ length: 4 }, () => 'unclear')],
    );
    equal(fake.count(), before + 2);
  });
  deepEqual(fake.violations(), []);
});
const ids = ['a', 'b', 'c', 'd'].map((letter) => `sms_01krdgeqcxet5s7t44vh8rt9m${letter}`);

test('v1: errors and failed deliveries, each with its class', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  await withSender({ adapter: messagebird, settings: bird }, fake.url, async (sender) => {
    for (const [type, meaning] of BIRD_ERRORS) {
      fake.answerNext(birdError(400, type));
      const outcome = await sender.send(message);
      if (meaning === 'ambiguous') equal(outcome.kind, 'unclear');
      else equal('class' in outcome && outcome.class, meaning, type);
    }
    const unknown: [FakeAnswer, string, string?][] = [
      [
        birdError(409, 'new_error', {
          next: [
            { kind: 'external', description: 'x' },
            { kind: 'wait', description: 'x' },
          ],
        }),
        'deferred',
        'transient',
      ],
      [
        birdError(409, 'new_error', { next: [{ kind: 'operation', description: 'x' }] }),
        'deferred',
        'config',
      ],
      [birdError(409, 'new_error', { next: [{ kind: 'terminal', description: 'x' }] }), 'refused', 'content'],
      [birdError(500, 'new_error'), 'unclear'],
      [birdError(422, 'validation_error', { name: 'SMSNoEligibleSender' }), 'deferred', 'config'],
      [{ status: 502, body: '<html>' }, 'unclear'],
      [{ status: 421, body: '' }, 'deferred', 'config'],
    ];
    for (const [answer, kind, meaning] of unknown) {
      fake.answerNext(answer);
      const outcome = await sender.send(message);
      deepEqual([outcome.kind, 'class' in outcome ? outcome.class : undefined], [kind, meaning], answer.body);
    }
  });
  const events = [
    birdEvent('sms.accepted', { segments: { count: 1, encoding: 'UCS2', characters: 4 } }),
    birdEvent('sms.sent'),
    received,
    ...BIRD_FAILURES.map(([code]) => birdEvent('sms.failed', birdFailure(code))),
    birdEvent('sms.undelivered', birdFailure('unreachable')),
    birdEvent('sms.rejected', birdFailure('recipient_opted_out')),
    birdEvent('sms.expired', birdFailure('unreachable')),
  ];
  const seen = events.flatMap((event) => {
    const problems = birdContract.request({
      method: 'POST',
      path: '/webhook',
      contentType: 'application/json',
      body: JSON.stringify(event),
    });
    deepEqual(problems, [], event.type);
    const callback = messagebird.receive!(birdCallback(event), bird(''));
    ok(callback.kind === 'parsed');
    return callback.receipts.map((receipt) => [receipt.state, receipt.code, receipt.class]);
  });
  deepEqual(seen, [
    ['accepted', undefined, undefined],
    ['accepted', undefined, undefined],
    ...BIRD_FAILURES.map(([code, meaning]) => ['failed', code, meaning]),
    ['failed', 'unreachable', 'transient'],
    ['failed', 'recipient_opted_out', 'optout'],
    ['failed', 'unreachable', 'expired'],
  ]);
});

test('the document explains every code of both', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/messagebird.md'), 'utf8');
  for (const [code, meaning] of [...CLASSIC_ERRORS, ...CLASSIC_REASONS, ...BIRD_ERRORS, ...BIRD_FAILURES])
    ok(
      new RegExp(`\\| ${code} \\|(?:[^\\n]*\\|)? ${meaning} \\|`).test(doc),
      `${code} is not in the document`,
    );
  for (const name of Object.keys(messagebird.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
});

test('an unanswered send is looked for in the list of Bird v1 by what was given along', async (t) => {
  const fake = await startFake({ contract: birdContract });
  t.after(() => fake.close());
  const row = (ref: string, id = BIRD_ID) => ({
    ...(JSON.parse(birdCreated.body!) as object),
    id,
    metadata: { ref },
  });
  const page = (data: unknown[], next: string | null = null): FakeAnswer => ({
    status: 200,
    body: JSON.stringify({ data, next_cursor: next, prev_cursor: null, refresh_cursor: null }),
  });
  const look = async (...answers: FakeAnswer[]) => {
    fake.answerNext(...answers);
    return await withSender({ adapter: messagebird, settings: bird }, fake.url, (sender) =>
      sender.lookUp!({ ref: 'dlv_01', to: message.to, sinceMs: SUITE_NOW_MS, text: 'Hi' }),
    );
  };
  const taken = { kind: 'accepted', externalIds: [BIRD_ID], receipts: true };
  deepEqual(await look(page([row('dlv_02', BIRD_ID.replace(/.$/, 'h')), row('dlv_01')])), taken);
  const { query } = fake.last();
  deepEqual(
    [query.get('to'), query.get('direction'), query.get('created_after')],
    [message.to, 'outbound', new Date(SUITE_NOW_MS - 60_000).toISOString()],
  );
  deepEqual(await look(page([row('dlv_02')], 'more'), page([row('dlv_01')])), taken, 'on the second page');
  equal(fake.last().query.get('starting_after'), 'more');
  equal((await look(page([row('dlv_02')])))?.kind, 'deferred', 'it was not taken');
  equal(await look(birdError(500, 'internal_error')), undefined, 'it does not tell');
  equal(await look(...Array.from({ length: 4 }, () => page([row('dlv_02')], 'more'))), undefined, 'too many');
  deepEqual(fake.violations(), []);
});
