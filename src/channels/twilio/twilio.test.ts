/** Twilio SMS against the contract, the official SDK's signatures, the vectors and every row of the table. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import twilioSdk from 'twilio';
import { sha256Hex } from '../../base/crypto.ts';
import { httpClient } from '../../base/http.ts';
import type { CallbackRequest, Outcome, Outgoing, Settings } from '../adapter.ts';
import { conformance, SUITE_DEADLINE_MS, SUITE_NOW_MS, withSender } from '../testing/conformance.ts';
import { contractOf, ownContract, type Contract } from '../testing/contract.ts';
import { TWILIO, TWILIO_CODES_BY_CLASS, TWILIO_LOOKUPS, TWILIO_SIGNED } from '../testing/contracts/twilio.ts';
import { startFake, type FakeAnswer } from '../testing/fake.ts';
import { twilio, twilioAccount } from './adapter.ts';
import { LOOK_UP_CODES } from './number.ts';
import { TWILIO_CODES, twilioVerdict } from './outcomes.ts';

const AUTH_TOKEN = '0123456789abcdef0123456789abcdef';
const ACCOUNT = 'ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const SID = 'SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb';
const CALLBACKS = 'https://msg.example.org/callbacks/int_1';

const settings = (url: string): Settings => ({
  accountSid: ACCOUNT,
  authToken: AUTH_TOKEN,
  phoneNumber: '+3197010240000',
  baseUrl: url,
});
const message: Outgoing = {
  ref: 'dlv_01',
  idempotencyKey: 'key_01',
  to: '+31612345678',
  rendered: { channel: 'sms', text: 'Zon & zee ☀ = 50% "sid"' },
  callbackUrl: `${CALLBACKS}/status?ref=dlv_01`,
};

/** The answer to a create, as the provider's own example has it. */
const created = (fields: Record<string, unknown> = {}): FakeAnswer => ({
  status: 201,
  body: JSON.stringify({
    account_sid: ACCOUNT,
    api_version: '2010-04-01',
    body: '"sid": "SMffffffffffffffffffffffffffffffff"',
    date_created: 'Fri, 20 Nov 2026 08:32:53 +0000',
    date_sent: null,
    date_updated: 'Fri, 20 Nov 2026 08:32:53 +0000',
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from: '+3197010240000',
    messaging_service_sid: null,
    num_media: '0',
    num_segments: '1',
    price: null,
    price_unit: null,
    sid: SID,
    status: 'queued',
    to: '+31612345678',
    uri: `/2010-04-01/Accounts/${ACCOUNT}/Messages/${SID}.json`,
    subresource_uris: { media: `/2010-04-01/Accounts/${ACCOUNT}/Messages/${SID}/Media.json` },
    ...fields,
  }),
});
const failure = (status: number, code: number, text = 'no'): FakeAnswer => ({
  status,
  body: JSON.stringify({
    code,
    message: text,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  }),
});

/** The answer of a look-up. The provider's example has null where its contract knows none. */
const looked = (line: Record<string, unknown>, fields: Record<string, unknown> = {}): FakeAnswer => ({
  status: 200,
  body: JSON.stringify({
    calling_country_code: '31',
    country_code: 'NL',
    phone_number: '+31612345678',
    national_format: '06 12345678',
    valid: true,
    line_type_intelligence: { type: 'mobile', ...line },
    url: 'https://lookups.twilio.com/v2/PhoneNumbers/+31612345678',
    ...fields,
  }),
});

/** A callback signed by the official SDK. */
function signed(
  tail: string,
  fields: Record<string, string>,
  more: Partial<CallbackRequest> = {},
  token = AUTH_TOKEN,
): CallbackRequest {
  const url = `${CALLBACKS}/${tail}`;
  return {
    method: 'POST',
    url,
    purpose: tail.split('?')[0]!,
    query: Object.fromEntries(new URL(url).searchParams),
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-twilio-signature': twilioSdk.getExpectedTwilioSignature(token, url, fields),
    },
    body: Buffer.from(new URLSearchParams(fields).toString()),
    ...more,
  };
}

const status = (value: string, fields: Record<string, string> = {}): Record<string, string> => ({
  ApiVersion: '2010-04-01',
  AccountSid: ACCOUNT,
  MessageSid: SID,
  SmsSid: SID,
  SmsStatus: value,
  MessageStatus: value,
  To: '+31612345678',
  From: '+3197010240000',
  ...fields,
});
const incoming = {
  MessageSid: 'MMcccccccccccccccccccccccccccccccc',
  SmsSid: 'MMcccccccccccccccccccccccccccccccc',
  AccountSid: ACCOUNT,
  From: '+31612345678',
  FromCity: 'Utrecht',
  FromState: '',
  FromZip: '3511',
  FromCountry: 'NL',
  To: '+3197010240000',
  Body: 'Ja, graag! ☀️ STOP',
  NumMedia: '2',
  MediaUrl0: 'https://api.twilio.com/m/0',
  MediaContentType0: 'image/jpeg',
  MediaUrl1: 'https://api.twilio.com/m/1',
  OptOutType: 'STOP',
  SomethingNew: 'later',
};

const contract = await contractOf(TWILIO);

test('the Twilio adapter keeps the adapter contract', async (t) => {
  const fake = await startFake({ contract });
  const lookUps = await startFake({ contract: await contractOf(TWILIO_LOOKUPS) });
  t.after(() => Promise.all([fake.close(), lookUps.close()]));
  const genuine = signed('status?ref=dlv_01', status('delivered', { RawDlrDoneDate: '2611200832' }));
  await conformance(t, {
    adapter: twilio,
    fake,
    settings,
    message,
    success: { answer: created(), externalIds: [SID], receipts: true },
    refused: { answer: failure(400, 21211), code: '21211', class: 'recipient' },
    transient: { answer: failure(400, 21730), code: '21730', class: 'transient' },
    throttled: {
      answer: { ...failure(429, 20429), headers: { 'retry-after': '7' } },
      code: '20429',
      retryAfterMs: 7000,
    },
    broken: { answer: failure(500, 20500), kind: 'unclear' },
    echo: (secret) => failure(401, 20003, `token ${secret}\nis not valid`),
    numbers: {
      fake: lookUps,
      found: {
        answer: looked({ mobile_country_code: '204', mobile_network_code: '08', carrier_name: 'KPN' }),
        expected: { valid: true, country: 'NL', lineType: 'mobile', carrier: 'KPN', network: '20408' },
      },
      refused: { answer: failure(404, 20404), code: '20404', class: 'recipient' },
      config: { answer: failure(401, 20003), code: '20003' },
      transient: { answer: failure(400, 60608), code: '60608' },
      throttled: {
        answer: { ...failure(429, 20429), headers: { 'retry-after': '3' } },
        code: '20429',
        retryAfterMs: 3000,
      },
    },
    callbacks: {
      genuine: [
        {
          name: 'status',
          request: genuine,
          receipts: [{ ref: 'dlv_01', externalId: SID, state: 'delivered' }],
        },
        {
          name: 'incoming message',
          request: signed('inbound', incoming),
          inbound: [
            {
              externalId: incoming.MessageSid,
              from: '+31612345678',
              to: '+3197010240000',
              text: incoming.Body,
              handledKeyword: 'stop',
              media: [
                { url: incoming.MediaUrl0, mediaType: 'image/jpeg', isKept: true },
                { url: incoming.MediaUrl1, isKept: true },
              ],
              raw: { From: '+31612345678', FromCity: 'Utrecht', FromZip: '3511', FromCountry: 'NL' },
            },
          ],
        },
      ],
      forged: [
        { name: 'other token', request: signed('status?ref=dlv_01', status('failed'), {}, 'f'.repeat(32)) },
        { name: 'changed body', request: { ...genuine, body: Buffer.from('MessageStatus=failed') } },
        { name: 'other ref', request: { ...genuine, url: `${CALLBACKS}/status?ref=dlv_02` } },
        {
          name: 'no signature',
          request: { ...genuine, headers: { 'content-type': genuine.headers['content-type'] } },
        },
        {
          name: 'unsigned body of another type',
          request: {
            ...signed('status?ref=dlv_01', {}),
            headers: { ...signed('status?ref=dlv_01', {}).headers, 'content-type': 'application/json' },
            body: Buffer.from('{}'),
          },
        },
      ],
      malformed: [
        { name: 'unknown status', request: signed('status?ref=dlv_01', status('teleported')) },
        { name: 'no From', request: signed('inbound', { ...incoming, From: '' }) },
      ],
    },
  });
});

test('what is sent', async (t) => {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  const sent = async (change: Partial<Outgoing>, more: Settings = {}) => {
    fake.answerNext(created());
    const spec = { adapter: twilio, settings: () => ({ ...settings(fake.url), ...more }) };
    const outcome = await withSender(spec, fake.url, (sender) => sender.send({ ...message, ...change }));
    deepEqual(fake.violations(), []);
    return { outcome, form: new URLSearchParams(fake.requests.at(-1)?.body), request: fake.requests.at(-1) };
  };

  await t.test('number, text and status callback arrive as written', async () => {
    const { form, request } = await sent({});
    equal(request!.path, `/2010-04-01/Accounts/${ACCOUNT}/Messages.json`);
    equal(request!.headers.authorization, `Basic ${btoa(`${ACCOUNT}:${AUTH_TOKEN}`)}`);
    deepEqual(Object.fromEntries(form), {
      From: '+3197010240000',
      To: '+31612345678',
      Body: 'Zon & zee ☀ = 50% "sid"',
      StatusCallback: message.callbackUrl,
    });
  });
  await t.test('W13: a sender id of the message overrides the number', async () => {
    const { form } = await sent({ rendered: { channel: 'sms', text: 'x', from: 'Sunshine' } });
    equal(form.get('From'), 'Sunshine');
  });
  await t.test('a Messaging Service wins over sender id and number', async () => {
    const service = `MG${'a'.repeat(32)}`;
    const { form } = await sent({}, { messagingServiceSid: service, senderId: 'Sunshine' });
    equal(form.get('MessagingServiceSid'), service);
    equal(form.get('From'), null);
  });
  await t.test('media without text, and a time to live within 1 to 36000', async () => {
    const media = [{ url: 'https://x.example/a%20b.jpg?w=1&h=2' }, { url: 'https://x.example/2.png' }];
    const { form } = await sent({ rendered: { channel: 'sms', text: '', media }, ttlS: 90_000 });
    deepEqual(
      form.getAll('MediaUrl'),
      media.map(({ url }) => url),
    );
    equal(form.has('Body'), false);
    equal(form.get('ValidityPeriod'), '36000');
    equal((await sent({ ttlS: 0.4 })).form.get('ValidityPeriod'), '1');
  });
  await t.test('an API key signs in instead of the auth token', async () => {
    const { request } = await sent({}, { apiKey: 'SKkkkkkkkk', apiSecret: 'sssssssss' });
    equal(request!.headers.authorization, `Basic ${btoa('SKkkkkkkkk:sssssssss')}`);
  });
  await t.test('without a sender the integration is to be mended, nothing is called', async () => {
    const before = fake.count();
    const spec = {
      adapter: twilio,
      settings: () => ({ accountSid: ACCOUNT, authToken: AUTH_TOKEN, baseUrl: fake.url }),
    };
    const outcome = await withSender(spec, fake.url, (sender) => sender.send(message));
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'config']);
    equal(fake.count(), before);
  });
});

test('every row of the table gives the outcome of its class', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  const kinds: Record<string, Outcome['kind']> = {
    recipient: 'refused',
    optout: 'refused',
    blocked: 'refused',
    content: 'refused',
    window: 'refused',
    expired: 'refused',
    config: 'deferred',
    rate: 'deferred',
    transient: 'deferred',
    ambiguous: 'unclear',
  };
  const outcomes = await withSender({ adapter: twilio, settings }, fake.url, async (sender) => {
    const list: Outcome[] = [];
    for (const [code] of TWILIO_CODES) {
      fake.answerNext(failure(400, code));
      list.push(await sender.send(message));
    }
    return list;
  });
  for (const [at, [code, meaning, , reach]] of TWILIO_CODES.entries()) {
    const outcome = outcomes[at]!;
    equal(outcome.kind, reach === 'message' ? 'refused' : kinds[meaning], String(code));
    if ('class' in outcome) equal(outcome.class, meaning);
  }
});

test('a number that does not suit one message is refused, one that suits none holds the integration', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  await withSender({ adapter: twilio, settings }, fake.url, async (sender) => {
    fake.answerNext(failure(400, 21660), failure(400, 21660));
    equal((await sender.send(message)).kind, 'deferred');
    const own = await sender.send({ ...message, rendered: { channel: 'sms', text: 'x', from: 'Other' } });
    deepEqual([own.kind, 'class' in own && own.class], ['refused', 'config']);
  });
});

test('codes that are not in the table, and answers that are not Twilio’s', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  const cases: [FakeAnswer, string, string | undefined][] = [
    [failure(400, 21999), 'refused', 'content'],
    [failure(400, 30999), 'deferred', 'transient'],
    [failure(403, 20999), 'deferred', 'config'],
    [failure(503, 30410), 'unclear', undefined],
    [{ status: 404, body: '<html>' }, 'deferred', 'config'],
    [{ status: 301, headers: { location: '/x' } }, 'deferred', 'config'],
    [{ status: 413, body: 'too large' }, 'deferred', 'transient'],
    [{ status: 408 }, 'unclear', undefined],
    [{ status: 201, body: '{"sid":null}' }, 'unclear', undefined],
    [{ status: 201, body: created().body!.slice(0, 80) }, 'unclear', undefined],
    [{ status: 429, body: 'slow down' }, 'deferred', 'rate'],
  ];
  await withSender({ adapter: twilio, settings }, fake.url, async (sender) => {
    for (const [answer, kind, meaning] of cases) {
      fake.answerNext(answer);
      const outcome = await sender.send(message);
      equal(outcome.kind, kind, JSON.stringify(answer));
      equal('class' in outcome ? outcome.class : undefined, meaning, JSON.stringify(answer));
    }
  });
});

test('the table says what the contract says', () => {
  const facts = Object.entries(TWILIO_CODES_BY_CLASS).flatMap(([meaning, codes]) =>
    codes.map((code): [number, string] => [code, meaning]),
  );
  equal(facts.length, TWILIO_CODES.length);
  for (const [code, meaning] of facts) equal(twilioVerdict(code).class, meaning, String(code));
});

test('receipts: states, and the class of a failure', () => {
  const cases: [Record<string, string>, Record<string, unknown>][] = [
    ...['accepted', 'scheduled', 'queued', 'sending', 'sent'].map(
      (value): [Record<string, string>, Record<string, unknown>] => [status(value), { state: 'accepted' }],
    ),
    [status('delivered'), { state: 'delivered' }],
    [status('read'), { state: 'read' }],
    [status('undelivered', { ErrorCode: '30003' }), { state: 'failed', code: '30003', class: 'transient' }],
    [status('failed', { ErrorCode: '30007' }), { state: 'failed', code: '30007', class: 'content' }],
    [status('failed', { ErrorCode: '30999' }), { state: 'failed', code: '30999', class: 'transient' }],
    [status('failed'), { state: 'failed', code: 'failed', class: 'transient' }],
    [status('canceled'), { state: 'failed', code: 'canceled', class: 'blocked' }],
  ];
  for (const [fields, expected] of cases) {
    const callback = twilio.receive!(signed('status?ref=dlv_01', fields), settings(''));
    ok(callback.kind === 'parsed');
    const receipt = { ...callback.receipts[0]! };
    delete receipt.detail;
    deepEqual(receipt, { ref: 'dlv_01', externalId: SID, ...expected });
    equal(callback.answer.status, 204);
  }
});

test('an unanswered send is looked up by number, time and text', async (t) => {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  const at = new Date(SUITE_NOW_MS).toUTCString();
  const before = new Date(SUITE_NOW_MS - 60_000).toUTCString();
  const row = (body: string, date: string, sid = SID) => ({
    ...(JSON.parse(created({ body, date_created: date }).body!) as Record<string, unknown>),
    sid,
  });
  const look = async (messages: unknown[], known: string[] = []) => {
    fake.answerNext({ status: 200, body: JSON.stringify({ messages }) });
    return await withSender({ adapter: twilio, settings }, fake.url, (sender) =>
      sender.lookUp!({
        ref: 'dlv_01',
        to: message.to,
        sinceMs: SUITE_NOW_MS,
        text: 'Hi',
        known: new Set(known),
      }),
    );
  };
  deepEqual(await look([row('Hi', at), row('Other', at)]), {
    kind: 'accepted',
    externalIds: [SID],
    receipts: true,
  });
  equal(fake.last().query.get('To'), message.to);
  equal((await look([row('Hi', before)]))?.kind, 'deferred');
  equal(await look([row('Hi!', at)]), undefined);
  // Alike: whose is which makes no difference, but one that is another's is not ours.
  const other = SID.replace(/.$/, 'e');
  const both = [row('Hi', at, other), row('Hi', at)];
  const taken = (sid: string) => ({ kind: 'accepted', externalIds: [sid], receipts: true });
  deepEqual(await look(both), taken(SID), 'the oldest');
  deepEqual(await look(both, [SID]), taken(other));
  equal((await look(both, [SID, other]))?.kind, 'deferred', 'neither is ours: it was not taken');
});

test('its own list: by time, a page after the other, of what went out; and why a page is not had', async (t) => {
  // The collected document wants a whole URI in `next_page_uri`; its own example, and Twilio, give a path.
  const described = ownContract(TWILIO);
  const own: Contract = {
    request: (request) => contract.request(request),
    response: (answer) => described.response(answer),
  };
  const fake = await startFake({ contract: own });
  const http = httpClient({ connections: 1 });
  t.after(() => Promise.all([fake.close(), http.close()]));
  const tools = { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS };
  const list = (next?: string) =>
    twilio.listMessages!(settings(fake.url), tools, {
      fromMs: SUITE_NOW_MS - 3_600_000,
      toMs: SUITE_NOW_MS,
      ...(next === undefined ? {} : { next }),
    });
  const row = (end: string, fields: Record<string, unknown>) => ({
    ...(JSON.parse(created(fields).body!) as Record<string, unknown>),
    sid: `SM${end.repeat(32)}`,
  });
  const path = `/2010-04-01/Accounts/${ACCOUNT}/Messages.json`;
  const following = `PageSize=200&DateSent%3E=2026-11-20T07%3A32%3A53Z&Page=1&PageToken=PASM${'c'.repeat(32)}`;
  const page = (messages: unknown[], next: string | null): FakeAnswer => ({
    status: 200,
    body: JSON.stringify({ messages, next_page_uri: next, page: 0, page_size: 200 }),
  });
  fake.answerNext(
    page(
      [row('a', { status: 'delivered' }), row('b', { status: 'received', direction: 'inbound' })],
      `${path}?${following}`,
    ),
    page([row('c', { status: 'failed' })], null),
  );
  const first = await list();
  deepEqual(first, {
    kind: 'listed',
    rows: [{ externalId: `SM${'a'.repeat(32)}`, status: 'delivered', takenMs: SUITE_NOW_MS }],
    next: following,
  });
  // Twilio sends what it took for hours: the list is by when it left.
  deepEqual(Object.fromEntries(fake.last().query), {
    PageSize: '200',
    'DateSent>': '2026-11-20T07:32:53Z',
    'DateSent<': '2026-11-20T18:32:53Z',
  });
  const last = await list(following);
  ok(last.kind === 'listed' && last.next === undefined);
  deepEqual([fake.last().path, fake.last().query.get('PageToken')], [path, `PASM${'c'.repeat(32)}`]);
  deepEqual(fake.violations(), []);
  fake.answerNext(
    { ...failure(429, 20429), headers: { 'retry-after': '7' } },
    failure(401, 20003),
    'hang',
    'html',
  );
  const told = [await list(), await list(), await list(), await list()];
  deepEqual(
    told.map((one) => one.kind === 'deferred' && [one.class, one.retryAfterMs]),
    [
      ['rate', 7_000],
      ['config', undefined],
      ['transient', undefined],
      ['transient', undefined],
    ],
  );
});

test('a number named by its sid: read from Twilio, and its answers are sent here', async (t) => {
  const fake = await startFake({ contract });
  const http = httpClient({ connections: 1 });
  t.after(() => Promise.all([fake.close(), http.close()]));
  const phoneNumberSid = `PN${'d'.repeat(32)}`;
  const bySid = { accountSid: ACCOUNT, authToken: AUTH_TOKEN, phoneNumberSid, baseUrl: fake.url };
  const connect = (given: Settings) =>
    twilio.connect!(
      given,
      { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS },
      { inbound: `${CALLBACKS}/inbound` },
    );

  fake.answerNext({
    status: 200,
    body: JSON.stringify({ sid: phoneNumberSid, account_sid: ACCOUNT, phone_number: '+3197010240000' }),
  });
  deepEqual(await connect(bySid), {
    kind: 'connected',
    settings: { ...bySid, phoneNumber: '+3197010240000' },
  });
  deepEqual(fake.violations(), []);
  equal(fake.last().path, `/2010-04-01/Accounts/${ACCOUNT}/IncomingPhoneNumbers/${phoneNumberSid}.json`);
  deepEqual(Object.fromEntries(new URLSearchParams(fake.last().body)), {
    SmsUrl: `${CALLBACKS}/inbound`,
    SmsMethod: 'POST',
  });

  fake.answerNext(failure(404, 20404), 'html', 'hang');
  const kinds = [await connect(bySid), await connect(bySid), await connect(bySid)].map(({ kind }) => kind);
  deepEqual(kinds, ['deferred', 'unclear', 'unclear']);
  const before = fake.count();
  equal((await connect(settings(fake.url))).kind, 'connected');
  equal(fake.count(), before);
});

test('a number: every code of look-ups, every kind of line, and where Twilio is asked', async (t) => {
  const fake = await startFake();
  const http = httpClient({ connections: 1 });
  t.after(() => Promise.all([fake.close(), http.close()]));
  const tools = { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS };
  const ask = async (answer: FakeAnswer) => {
    fake.answerNext(answer);
    return await twilio.lookUpNumber!(settings(fake.url), tools, '+31612345678');
  };
  const kinds: Record<string, Outcome['kind']> = {
    recipient: 'refused',
    config: 'deferred',
    transient: 'deferred',
  };
  for (const [code, meaning, title, reach] of LOOK_UP_CODES)
    for (const answer of [failure(400, code, title), looked({ error_code: code, type: null })]) {
      const outcome = await ask(answer);
      equal(outcome.kind, reach ? 'refused' : kinds[meaning], String(code));
      ok('class' in outcome && outcome.class === meaning, String(code));
      deepEqual([outcome.code, outcome.detail], [String(code), title]);
    }
  // Not in the table, or of sending.
  for (const [code, meaning] of [
    [60699, 'transient'],
    [20003, 'config'],
  ] as const) {
    const outcome = await ask(failure(400, code));
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', meaning]);
  }
  const lines: [string | null, string | undefined][] = [
    ['mobile', 'mobile'],
    ['landline', 'landline'],
    ['fixedVoip', 'voip'],
    ['nonFixedVoip', 'voip'],
    ['tollFree', 'toll_free'],
    ['premium', 'premium'],
    ['uan', 'other'],
    ['unknown', undefined],
    ['something new', undefined],
    [null, undefined],
  ];
  for (const [type, expected] of lines) {
    const nothing = { carrier_name: null, mobile_country_code: null, error_code: null };
    const outcome = await ask(looked({ type, ...nothing }, { validation_errors: null }));
    deepEqual(outcome, {
      kind: 'found',
      valid: true,
      country: 'NL',
      ...(expected ? { lineType: expected } : {}),
    });
  }
  const invalid = looked({}, { valid: false, country_code: null, line_type_intelligence: null });
  deepEqual(await ask(invalid), { kind: 'found', valid: false });
  equal(fake.last().path, '/v2/PhoneNumbers/%2B31612345678');
  equal(fake.last().query.get('Fields'), 'line_type_intelligence');
  equal(fake.last().headers.authorization, `Basic ${btoa(`${ACCOUNT}:${AUTH_TOKEN}`)}`);
  const at = (baseUrl?: string) => twilioAccount(baseUrl === undefined ? {} : { baseUrl }).lookUpUrl;
  equal(at(), 'https://lookups.twilio.com');
  equal(at('https://api.dublin.ie1.twilio.com/'), 'https://lookups.dublin.ie1.twilio.com');
  equal(at('https://proxy.example/twilio'), 'https://proxy.example/twilio');
});

test('signatures: the vectors of the contract', () => {
  const { authToken, calls } = TWILIO_SIGNED;
  for (const { url, signature, ...signedWith } of calls) {
    const isForm = 'fields' in signedWith;
    const request: CallbackRequest = {
      method: 'POST',
      url,
      purpose: 'other',
      query: Object.fromEntries(new URL(url).searchParams),
      headers: {
        'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        'x-twilio-signature': signature,
      },
      body: Buffer.from(isForm ? new URLSearchParams(signedWith.fields).toString() : signedWith.json),
    };
    // Genuine but for no purpose of ours: malformed, not forged.
    equal(twilio.receive!(request, { authToken }).kind, 'malformed', url);
    equal(twilio.receive!(request, { authToken: `${authToken}x` }).kind, 'forged', url);
    equal(twilio.receive!({ ...request, url: `${url}x` }, { authToken }).kind, 'forged', url);
  }
});

test('signatures: what the official SDK signs is believed, with either form of the port, by GET too', () => {
  const url = `${CALLBACKS}/status?ref=dlv_01`;
  const fields = status('sent', { Empty: '', Zz: 'é & =' });
  for (const signedUrl of [url, url.replace('.org/', '.org:443/')]) {
    const signature = twilioSdk.getExpectedTwilioSignature(AUTH_TOKEN, signedUrl, fields);
    ok(twilioSdk.validateRequest(AUTH_TOKEN, signature, url, fields));
    const request = signed('status?ref=dlv_01', fields);
    const headers = { ...request.headers, 'x-twilio-signature': signature };
    equal(twilio.receive!({ ...request, headers }, settings('')).kind, 'parsed');
  }
  const body = '{"a":1}';
  const json = `${CALLBACKS}/status?ref=dlv_01&bodySHA256=${sha256Hex(body)}`;
  const request: CallbackRequest = {
    ...signed('status', {}),
    url: json,
    query: Object.fromEntries(new URL(json).searchParams),
    headers: {
      'content-type': 'application/json',
      'x-twilio-signature': twilioSdk.getExpectedTwilioSignature(AUTH_TOKEN, json, {}),
    },
    body: Buffer.from(body),
  };
  equal(twilio.receive!(request, settings('')).kind, 'malformed');
  equal(twilio.receive!({ ...request, body: Buffer.from('{"a":2}') }, settings('')).kind, 'forged');
});

test('the document explains every code', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/twilio.md'), 'utf8');
  for (const [code, meaning] of [...TWILIO_CODES, ...LOOK_UP_CODES])
    ok(
      new RegExp(`\\| ${code} \\|[^\\n]*\\| ${meaning} \\|`).test(doc),
      `${code} ${meaning} is not in docs/channels/twilio.md`,
    );
  for (const name of Object.keys(twilio.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
});
