/** Mailgun against its contract: single mails, batches, every answer of the table, the event log. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hmac } from '../../base/crypto.ts';
import { httpClient } from '../../base/http.ts';
import type { CallbackRequest, Outcome, Outgoing, Settings } from '../adapter.ts';
import { conformance, SUITE_DEADLINE_MS, SUITE_NOW_MS, withSender } from '../testing/conformance.ts';
import { contractOf, ownContract, type Contract } from '../testing/contract.ts';
import { MAILGUN, MAILGUN_ANSWERS_BY_CLASS, MAILGUN_REASONS_BY_CLASS } from '../testing/contracts/mailgun.ts';
import { startFake, type FakeAnswer, type FakeHttp, type FakeRequest } from '../testing/fake.ts';
import { mailgun } from './adapter.ts';
import { decodeMultipart } from './multipart.ts';
import { MAILGUN_ANSWERS, MAILGUN_REASONS, mailgunReason } from './outcomes.ts';
import { MAILGUN_URLS } from './settings.ts';

const DOMAIN = 'mg.sunshine.example';
const KEY = 'mailgun-http-webhook-signing-key';

const settings = (url: string): Settings => ({
  apiKey: 'key-0123456789abcdef',
  domain: DOMAIN,
  incomingAddress: `answers@${DOMAIN}`,
  fromAddress: `Sunshine <hello@${DOMAIN}>`,
  signingKey: KEY,
  region: 'eu',
  baseUrl: url,
});
type Email = Extract<Outgoing['rendered'], { channel: 'email' }>;
const mail: Email = {
  channel: 'email',
  subject: 'Zon & zee ☀',
  text: 'Hi Ada',
  html: '<html><body><p>Hi Ada</p></body></html>',
};
const message: Outgoing = {
  ref: 'c1.p1.0',
  idempotencyKey: 'c1.p1.0',
  to: 'ada@x.example',
  rendered: mail,
  callbackUrl: 'https://msg.example.org/callbacks/int_1/key/status?ref=c1.p1.0',
};
const to = (address: string, ref: string, change: Partial<Email> = {}): Outgoing => ({
  ...message,
  ref,
  to: address,
  rendered: { ...mail, ...change },
});

const queued = (id = `<c1.p1.0@${DOMAIN}>`): FakeAnswer => ({
  status: 200,
  body: JSON.stringify({ id, message: 'Queued. Thank you.' }),
});
const failure = (status: number, text = 'no'): FakeAnswer => ({
  status,
  body: JSON.stringify({ message: text }),
});

/** The form of a request, as its parts. */
function formOf(request: FakeRequest): URLSearchParams {
  const parts = decodeMultipart(request.headers['content-type'] ?? '', Buffer.from(request.body));
  ok(parts, 'the body is multipart/form-data');
  return new URLSearchParams(
    parts.map((part): [string, string] => [
      part.name,
      'value' in part ? part.value : Buffer.from(part.content).toString('utf8'),
    ]),
  );
}

/** The contract reads forms as they are in URLs. */
async function formContract(): Promise<Contract> {
  const contract = await contractOf(MAILGUN);
  return {
    request(request) {
      const parts = decodeMultipart(request.contentType, Buffer.from(request.body));
      const form =
        parts &&
        new URLSearchParams(parts.map((p): [string, string] => [p.name, 'value' in p ? p.value : 'file']));
      return contract.request({ ...request, body: form ? form.toString() : request.body });
    },
    response: contract.response.bind(contract),
  };
}
const contract = await formContract();

async function start(t: TestContext): Promise<FakeHttp> {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  return fake;
}

const signature = (at: number) => {
  const timestamp = String(Math.floor(at / 1000));
  const token = 'a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0';
  return { timestamp, token, signature: hmac('sha256', KEY, timestamp + token, 'hex') };
};
const call = (purpose: string, contentType: string, body: string | Buffer): CallbackRequest => ({
  method: 'POST',
  url: `https://msg.example.org/callbacks/int_1/key/${purpose}`,
  purpose,
  query: {},
  headers: { 'content-type': contentType },
  body: Buffer.from(body),
  receivedAtMs: SUITE_NOW_MS,
});
const event = (data: unknown, signed: object = signature(SUITE_NOW_MS)): CallbackRequest =>
  call('status', 'application/json', JSON.stringify({ signature: signed, 'event-data': data }));
const delivered = {
  event: 'delivered',
  id: 'CPgfbmQMTCKtHW6uIWtuVe',
  timestamp: 1_521_472_262.908181,
  message: { headers: { 'message-id': `c1.p1.0@${DOMAIN}` } },
  recipient: 'ada@x.example',
  'user-variables': { ref: 'c1.p1.0' },
};
const route = (fields: Record<string, string>): CallbackRequest =>
  call(
    'inbound',
    'application/x-www-form-urlencoded',
    new URLSearchParams({ ...signature(SUITE_NOW_MS), ...fields }).toString(),
  );
const answer = {
  recipient: `answers@${DOMAIN}`,
  sender: 'ada@x.example',
  from: 'Ada Lovelace <ada@x.example>',
  subject: 'Re: Zon',
  'body-plain': 'Yes!\n\nOn Fri, Nov 20, 2026 at 9:12 AM Sunshine <a@x.example> wrote:\n> Hi',
  'stripped-text': 'Yes!',
  'Message-Id': '<abc@x.example>',
  'In-Reply-To': `<c1.p1.0@${DOMAIN}>`,
};

test('the Mailgun adapter keeps the adapter contract', async (t) => {
  const fake = await start(t);
  await conformance(t, {
    adapter: mailgun,
    fake,
    settings,
    message,
    success: { answer: queued(), externalIds: [`c1.p1.0@${DOMAIN}`], receipts: true },
    refused: { answer: failure(400, 'html is too odd'), code: 'http_400', class: 'content' },
    transient: { answer: failure(503), code: 'http_503', class: 'transient' },
    throttled: {
      answer: failure(429, `Domain ${DOMAIN}: limit exceeded, try again after 120 seconds`),
      code: 'http_429',
      retryAfterMs: 120_000,
    },
    broken: { answer: failure(500), kind: 'unclear' },
    echo: (secret) => failure(401, `${secret}\nis not a key`),
    batch: {
      messages: [to('ada@x.example', 'c1.p1.0'), to('bob@x.example', 'c1.p2.0')],
      answer: queued('<20261120.1@mailgun>'),
      expected: [
        { kind: 'accepted', externalIds: [`c1.p1.0@${DOMAIN}`], receipts: true },
        { kind: 'accepted', externalIds: [`c1.p2.0@${DOMAIN}`], receipts: true },
      ],
    },
    callbacks: {
      genuine: [
        {
          name: 'event',
          request: event(delivered),
          receipts: [
            { ref: 'c1.p1.0', externalId: `c1.p1.0@${DOMAIN}`, state: 'delivered', atMs: 1_521_472_262_908 },
          ],
        },
        {
          name: 'answer',
          request: route(answer),
          inbound: [
            {
              externalId: 'abc@x.example',
              from: 'ada@x.example',
              to: `answers@${DOMAIN}`,
              text: 'Yes!',
              fullText: answer['body-plain'],
              subject: 'Re: Zon',
              profileName: 'Ada Lovelace',
              replyTo: `c1.p1.0@${DOMAIN}`,
              media: [],
            },
          ],
        },
      ],
      forged: [
        {
          name: 'event of another key',
          request: event(delivered, { ...signature(SUITE_NOW_MS), signature: 'f0' }),
        },
        {
          name: 'event with another token',
          request: event(delivered, { ...signature(SUITE_NOW_MS), token: 'x' }),
        },
        { name: 'event without a signature', request: event(delivered, {}) },
        { name: 'event of yesterday', request: event(delivered, signature(SUITE_NOW_MS - 24 * 3_600_000)) },
        { name: 'event of tomorrow', request: event(delivered, signature(SUITE_NOW_MS + 3_600_000)) },
        { name: 'event that is no JSON', request: call('status', 'application/json', 'x') },
        { name: 'route with a wrong signature', request: route({ ...answer, signature: 'f0' }) },
        {
          name: 'route of yesterday',
          request: route({ ...answer, ...signature(SUITE_NOW_MS - 24 * 3_600_000) }),
        },
        { name: 'route as something else', request: { ...route(answer), headers: {} } },
        { name: 'route cut short', request: call('inbound', 'multipart/form-data; boundary=b', '--b\r\nx') },
        { name: 'other purpose', request: { ...event(delivered), purpose: 'other' } },
      ],
      malformed: [
        { name: 'no event', request: event({}) },
        { name: 'raw MIME', request: route({ 'body-mime': 'From: a@b.c\n\nx', from: 'a@b.example' }) },
        { name: 'nobody wrote it', request: route({ ...answer, from: 'x', sender: 'y' }) },
      ],
    },
  });
});

test('what is sent', async (t) => {
  const fake = await start(t);
  const send = async (change: Partial<Email>, more: Settings = {}, outgoing: Partial<Outgoing> = {}) => {
    fake.answerNext(queued());
    const spec = { adapter: mailgun, settings: (url: string) => ({ ...settings(url), ...more }) };
    const outcome = await withSender(spec, fake.url, (sender) =>
      sender.send({ ...message, rendered: { ...mail, ...change }, ...outgoing }),
    );
    deepEqual(fake.violations(), []);
    return { outcome, form: formOf(fake.last()), request: fake.last() };
  };

  await t.test('sender, answers, texts, our Message-Id and our reference', async () => {
    const { form, request } = await send({});
    equal(request.path, `/v3/${DOMAIN}/messages`);
    equal(request.headers.authorization, `Basic ${btoa('api:key-0123456789abcdef')}`);
    deepEqual(Object.fromEntries(form), {
      from: `Sunshine <hello@${DOMAIN}>`,
      to: 'ada@x.example',
      subject: 'Zon & zee ☀',
      text: 'Hi Ada',
      html: '<html><body><p>Hi Ada</p></body></html>',
      'h:Message-Id': `<c1.p1.0@${DOMAIN}>`,
      'h:Reply-To': `answers@${DOMAIN}`,
      'v:ref': 'c1.p1.0',
    });
  });
  await t.test('a message brings its own sender and address for answers', async () => {
    const { form } = await send({ from: 'Ann <ann@x.example>', replyTo: 'desk@x.example' });
    deepEqual([form.get('from'), form.get('h:Reply-To')], ['Ann <ann@x.example>', 'desk@x.example']);
    const bare = await send({}, { fromAddress: undefined });
    deepEqual([bare.form.get('from'), bare.form.get('h:Reply-To')], [`answers@${DOMAIN}`, null]);
  });
  await t.test('List-Unsubscribe, and the link below the mail unless it is hidden or there', async () => {
    const headers = {
      'List-Unsubscribe': '<https://x.example/u?a=1&b=2>, <mailto:u@x.example>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'X-Odd\r\nBcc': 'evil@x.example',
      'X-Plain': 'a\r\nBcc: evil@x.example',
    };
    const { form } = await send({ headers });
    equal(form.get('h:List-Unsubscribe'), headers['List-Unsubscribe']);
    equal(form.get('h:List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click');
    equal(form.get('h:X-Plain'), 'a Bcc: evil@x.example');
    equal([...form.keys()].filter((name) => /odd|bcc/i.test(name)).length, 0);
    equal(form.get('text'), 'Hi Ada\n\n--\nUnsubscribe: https://x.example/u?a=1&b=2\n');
    ok(
      form
        .get('html')!
        .endsWith('<a href="https://x.example/u?a=1&amp;b=2">Unsubscribe</a></p>\n</body></html>'),
    );
    const hidden = await send({ headers }, { hideUnsubscribeLink: true });
    deepEqual([hidden.form.get('text'), hidden.form.has('h:List-Unsubscribe')], ['Hi Ada', true]);
    const own = await send({ headers, html: '<a href="https://x.example/u?a=1&amp;b=2">weg</a>' });
    equal(own.form.get('text'), 'Hi Ada');
    const bare = await send({ headers, html: '<p>Hi</p>' });
    ok(bare.form.get('html')!.startsWith('<p>Hi</p>\n<p '));
  });
  await t.test('how long Mailgun tries: five minutes to a day', async () => {
    const within = async (ttlS: number) => (await send({}, {}, { ttlS })).form.get('o:deliver-within');
    deepEqual(
      [await within(10), await within(5400), await within(7199), await within(86_400)],
      ['0h5m', '1h30m', '1h59m', null],
    );
  });
  await t.test('names of files in any script are what another program reads of the form', async () => {
    const files = await startFake();
    t.after(() => files.close());
    const names = [
      'Übersicht – März.pdf',
      '請求書.pdf',
      'smile 😀.pdf',
      'a "quoted" name.pdf',
      'счёт №5.pdf',
    ];
    files.answerNext(
      ...names.map(() => ({ status: 200, body: 'PDF', headers: { 'content-type': 'application/pdf' } })),
    );
    const attachments = names.map((name, at) => ({ url: `${files.url}/${at}`, name }));
    const { request } = await send({ attachments });
    const form = await new Response(request.body, {
      headers: { 'content-type': String(request.headers['content-type']) },
    }).formData();
    deepEqual(
      form.getAll('attachment').map((file) => (file as File).name),
      names,
    );
  });
  await t.test('attachments, and pictures that the mail shows', async () => {
    const files = await startFake();
    t.after(() => files.close());
    files.answerNext(
      { status: 200, body: 'PDF', headers: { 'content-type': 'application/pdf' } },
      { status: 200, body: 'PNG', headers: { 'content-type': 'image/png' } },
    );
    const attachments = [{ url: `${files.url}/a.pdf` }, { url: `${files.url}/l`, name: 'logo "1".png' }];
    const { request } = await send({ attachments, html: '<img src="cid:logo "1".png">' });
    const parts = decodeMultipart(request.headers['content-type']!, Buffer.from(request.body))!;
    deepEqual(
      parts.flatMap((part) =>
        'content' in part ? [[part.name, part.filename, part.mediaType, part.content.toString()]] : [],
      ),
      [
        ['attachment', 'a.pdf', 'application/pdf', 'PDF'],
        ['inline', 'logo "1".png', 'image/png', 'PNG'],
      ],
    );
    files.answerNext({ status: 404 });
    const before = fake.count();
    const outcome = await withSender({ adapter: mailgun, settings }, fake.url, (sender) =>
      sender.send(to('a@x.example', 'r', { attachments: [{ url: `${files.url}/gone` }] })),
    );
    deepEqual([outcome.kind, 'code' in outcome && outcome.code], ['refused', 'attachment']);
    equal(fake.count(), before);
  });
  await t.test('what cannot be sent is not called for', async () => {
    const before = fake.count();
    const spec = { adapter: mailgun, settings: () => ({ apiKey: 'x', domain: DOMAIN, baseUrl: fake.url }) };
    const [none, other] = await withSender(spec, fake.url, async (sender) => [
      await sender.send(message),
      await sender.send({ ...message, rendered: { channel: 'sms', text: 'x' } }),
    ]);
    deepEqual(
      [none, other].map((outcome) => outcome && 'class' in outcome && [outcome.kind, outcome.class]),
      [
        ['deferred', 'config'],
        ['refused', 'content'],
      ],
    );
    equal(fake.count(), before);
  });
  await t.test('each region has its address', () => {
    equal(MAILGUN_URLS.eu, 'https://api.eu.mailgun.net');
    equal(MAILGUN_URLS.us, 'https://api.mailgun.net');
  });
});

test('a batch', async (t) => {
  const fake = await start(t);
  const sendBatch = async (messages: Outgoing[], answers: FakeAnswer[]) => {
    const before = fake.count();
    fake.answerNext(...answers);
    const outcomes = await withSender(
      { adapter: mailgun, settings, deadlineMs: 30_000 },
      fake.url,
      (sender) => sender.sendBatch!(messages),
    );
    deepEqual(fake.violations(), []);
    return { outcomes, calls: fake.requests.slice(before).map(formOf) };
  };

  await t.test('equal content is one call, with what is each one’s own in variables', async () => {
    const unsubscribe = (n: number) => ({ headers: { 'List-Unsubscribe': `<https://x.example/u/${n}>` } });
    const { calls } = await sendBatch(
      [to('ada@x.example', 'c1.p1.0', unsubscribe(1)), to('bob@x.example', 'c1.p2.0', unsubscribe(2))],
      [queued()],
    );
    const form = calls[0]!;
    equal(calls.length, 1);
    deepEqual(form.getAll('to'), ['ada@x.example', 'bob@x.example']);
    equal(form.get('v:ref'), '%recipient.ref%');
    equal(form.get('h:Message-Id'), `<%recipient.ref%@${DOMAIN}>`);
    equal(form.get('h:List-Unsubscribe'), '%recipient.listUnsubscribe%');
    ok(form.get('text')!.includes('Unsubscribe: %recipient.link%'));
    ok(form.get('html')!.includes('href="%recipient.link%"'));
    deepEqual(JSON.parse(form.get('recipient-variables')!), {
      'ada@x.example': {
        ref: 'c1.p1.0',
        listUnsubscribe: '<https://x.example/u/1>',
        link: 'https://x.example/u/1',
      },
      'bob@x.example': {
        ref: 'c1.p2.0',
        listUnsubscribe: '<https://x.example/u/2>',
        link: 'https://x.example/u/2',
      },
    });
  });
  await t.test('what a template filled in differs within one call', async () => {
    const personal = (name: string) => ({
      subject: `For ${name}`,
      text: `Hi ${name}!\nCome.`,
      html: `<html><body><p>Hi ${name}!</p><p>Come.</p></body></html>`,
    });
    const { calls } = await sendBatch(
      [
        to('ada@x.example', 'c1.p1.0', personal('Ada')),
        to('bob@x.example', 'c1.p2.0', personal('Bob van Dam')),
      ],
      [queued()],
    );
    equal(calls.length, 1);
    const form = calls[0]!;
    deepEqual(
      [form.get('subject'), form.get('text'), form.get('html')],
      [
        'For %recipient.s0%',
        'Hi %recipient.t0%\nCome.',
        '<html><body><p>Hi %recipient.h0%</p><p>Come.</p></body></html>',
      ],
    );
    deepEqual(JSON.parse(form.get('recipient-variables')!), {
      'ada@x.example': { ref: 'c1.p1.0', s0: 'Ada', t0: 'Ada!', h0: 'Ada!' },
      'bob@x.example': { ref: 'c1.p2.0', s0: 'Bob van Dam', t0: 'Bob van Dam!', h0: 'Bob van Dam!' },
    });
  });
  await t.test('a call that would be too large goes in halves', async () => {
    const long = (letter: string) => ({ text: letter.repeat(1_500_000) });
    const { calls } = await sendBatch(
      ['a', 'b', 'c', 'd'].map((name) => to(`${name}@x.example`, `r.${name}`, long(name))),
      [queued(), queued()],
    );
    deepEqual(calls.map((form) => form.getAll('to').join()).sort(), [
      'a@x.example,b@x.example',
      'c@x.example,d@x.example',
    ]);
  });
  await t.test('what is not of one template goes alone, and nobody sees anybody else', async () => {
    const messages = [
      to('a@x.example', 'r.1'),
      to('b@x.example', 'r.2', { from: 'Bob <bob@x.example>' }),
      to('c@x.example', 'r.3'),
      // The same address again: its variables would overwrite the first ones.
      to('A@x.example', 'r.4'),
      // Written by a person, and a name of Mailgun's: must arrive as it is.
      to('d@x.example', 'r.5', { text: 'use %recipient.name%' }),
      to('e@x.example', 'r.6', { text: 'use %recipient.name%' }),
    ];
    const { outcomes, calls } = await sendBatch(
      messages,
      Array.from({ length: 5 }, () => queued()),
    );
    deepEqual(calls.map((form) => form.getAll('to').join()).sort(), [
      'A@x.example',
      'a@x.example,c@x.example',
      'b@x.example',
      'd@x.example',
      'e@x.example',
    ]);
    for (const form of calls)
      equal(form.has('recipient-variables'), form.getAll('to').length > 1, 'variables hide the others');
    deepEqual(
      outcomes.map(({ kind }) => kind),
      messages.map(() => 'accepted'),
    );
  });
  await t.test('one bad address does not fail the others: halves are tried', async () => {
    const bad = failure(400, "'to' parameter is not a valid address. please check documentation");
    const people = ['a', 'b', 'c', 'bad'].map((name, n) => to(`${name}@x.example`, `r.${n}`));
    const { outcomes, calls } = await sendBatch(people, [bad, queued(), bad, queued('<r.2@mg>'), bad]);
    equal(calls.length, 5);
    deepEqual(
      outcomes.map((outcome) => [outcome.kind, 'class' in outcome && outcome.class]),
      [
        ['accepted', false],
        ['accepted', false],
        ['accepted', false],
        ['refused', 'recipient'],
      ],
    );
  });
  await t.test('a throttle holds the whole call, once', async () => {
    const { outcomes, calls } = await sendBatch(
      [to('a@x.example', 'r.1'), to('b@x.example', 'r.2')],
      [failure(429, 'try again after 3 seconds')],
    );
    equal(calls.length, 1);
    deepEqual(
      outcomes.map((outcome) => 'retryAfterMs' in outcome && outcome.retryAfterMs),
      [3000, 3000],
    );
  });
  await t.test('a thousand in one call, and a wrong message among them has its own outcome', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => to(`p${n}@x.example`, `r.${n}`));
    many[7] = { ...message, rendered: { channel: 'sms', text: 'x' } };
    const { outcomes, calls } = await sendBatch(many, [queued()]);
    deepEqual([calls.length, calls[0]!.getAll('to').length, outcomes.length], [1, 999, 1000]);
    deepEqual([outcomes[7]!.kind, outcomes[8]!.kind], ['refused', 'accepted']);
    equal(mailgun.batchSize, 1000);
  });
});

test('every answer of the table, and others', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  const outcomeOf = async (given: FakeAnswer, change: Partial<Email> = {}) => {
    fake.answerNext(given);
    return await withSender({ adapter: mailgun, settings }, fake.url, (sender) =>
      sender.send(to('a@x.example', 'r', change)),
    );
  };
  const kinds: Record<string, Outcome['kind']> = {
    content: 'refused',
    config: 'deferred',
    rate: 'deferred',
    transient: 'deferred',
    ambiguous: 'unclear',
  };
  for (const [status, meaning] of MAILGUN_ANSWERS) {
    const outcome = await outcomeOf(failure(status));
    equal(outcome.kind, kinds[meaning], String(status));
    if ('class' in outcome) equal(outcome.class, meaning, String(status));
  }
  const cases: [FakeAnswer, Outcome['kind'], string | undefined][] = [
    [failure(400, "'from' parameter is not a valid address"), 'deferred', 'config'],
    [
      failure(400, 'Domain mg.x is not allowed to send: Sandbox subdomains are for test purposes only'),
      'deferred',
      'config',
    ],
    [failure(400, 'to parameter is not a valid address. please check documentation'), 'refused', 'recipient'],
    [{ status: 401, body: 'Forbidden' }, 'deferred', 'config'],
    [{ status: 301 }, 'deferred', 'config'],
    [{ status: 405 }, 'deferred', 'config'],
    [{ status: 418 }, 'deferred', 'transient'],
    [{ status: 408 }, 'unclear', undefined],
    [{ status: 520 }, 'unclear', undefined],
    [{ status: 200, body: '{"message":"Queued"}' }, 'unclear', undefined],
    [{ status: 429, headers: { 'retry-after': '9' } }, 'deferred', 'rate'],
  ];
  for (const [given, kind, meaning] of cases) {
    const outcome = await outcomeOf(given);
    equal(outcome.kind, kind, JSON.stringify(given));
    equal('class' in outcome ? outcome.class : undefined, meaning, JSON.stringify(given));
  }
  const forbidden = await outcomeOf({ status: 401, body: '"Forbidden"' });
  equal('detail' in forbidden && forbidden.detail, 'Forbidden');
  const own = await outcomeOf(failure(400, "'from' parameter is not a valid address"), {
    from: 'x@y.example',
  });
  deepEqual([own.kind, 'class' in own && own.class], ['refused', 'config']);
});

test('the tables say what the contract says, and events what they mean', () => {
  const answers = Object.entries(MAILGUN_ANSWERS_BY_CLASS).flatMap(([meaning, statuses]) =>
    statuses.map((status) => `${status} ${meaning}`),
  );
  deepEqual(MAILGUN_ANSWERS.map(([status, meaning]) => `${status} ${meaning}`).sort(), answers.sort());
  for (const [meaning, reasons] of Object.entries(MAILGUN_REASONS_BY_CLASS))
    for (const reason of reasons) equal(mailgunReason({ reason }).class, meaning, reason);
  const said = (data: Record<string, string>) => {
    const callback = mailgun.receive!(event({ ...delivered, ...data }), settings(''));
    ok(callback.kind === 'parsed');
    return callback;
  };
  // Mailgun tries again by itself.
  equal(said({ event: 'failed', severity: 'temporary' }).receipts.length, 0);
  equal(said({ event: 'rejected' }).receipts[0]?.class, 'config');
  equal(said({ event: 'complained' }).inbound[0]?.handledKeyword, 'complaint');
  equal(said({ event: 'unsubscribed' }).inbound[0]?.handledKeyword, 'stop');
});

test('a mail whose call was not answered is found in the event log by its Message-Id', async (t) => {
  const fake = await start(t);
  const item = (fields: Record<string, unknown>, id = `c1.p1.0@${DOMAIN}`) => ({
    ...delivered,
    message: { headers: { 'message-id': id, from: 'x@y.example' }, attachments: [], size: 1 },
    ...fields,
  });
  const look = async (...items: unknown[]) => {
    fake.answerNext({ status: 200, body: JSON.stringify({ items, paging: {} }) });
    return await withSender(
      { adapter: mailgun, settings, deadlineMs: SUITE_DEADLINE_MS },
      fake.url,
      (sender) => sender.lookUp!({ ref: 'c1.p1.0', to: 'ada@x.example', sinceMs: SUITE_NOW_MS }),
    );
  };
  const found = { kind: 'accepted', externalIds: [`c1.p1.0@${DOMAIN}`], receipts: true };
  deepEqual(await look(item({ event: 'accepted' }), item({})), found);
  equal(fake.last().query.get('message-id'), `c1.p1.0@${DOMAIN}`);
  equal(await look(), undefined);
  equal(await look(item({}, 'c1.p2.0@elsewhere.example')), undefined);
  const rejected = await look(item({ event: 'rejected', reject: { reason: 'Sandbox', description: '' } }));
  deepEqual(rejected, { kind: 'refused', code: 'rejected', class: 'config', detail: 'Sandbox' });
  deepEqual(fake.violations(), []);
  fake.answerNext('hang');
  const brief = { adapter: mailgun, settings, deadlineMs: SUITE_DEADLINE_MS };
  const silent = await withSender(brief, fake.url, (sender) =>
    sender.lookUp!({ ref: 'c1.p1.0', to: 'x', sinceMs: SUITE_NOW_MS }),
  );
  equal(silent, undefined);
});

test('its own list: events by time, a page after the other until one is empty; what routes handed on is not in it', async (t) => {
  // The collected document does not have what `paging.next` leads to.
  const fake = await startFake({ contract: ownContract(MAILGUN) });
  const http = httpClient({ connections: 1 });
  t.after(() => Promise.all([fake.close(), http.close()]));
  const tools = { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS };
  const list = (next?: string) =>
    mailgun.listMessages!(settings(fake.url), tools, {
      fromMs: SUITE_NOW_MS - 3_600_000,
      toMs: SUITE_NOW_MS,
      ...(next === undefined ? {} : { next }),
    });
  const event = (name: string, more: Record<string, unknown> = {}) => ({
    event: name,
    id: name,
    timestamp: SUITE_NOW_MS / 1000,
    message: { headers: { 'message-id': `${name}@${DOMAIN}` } },
    ...more,
  });
  const page = (items: unknown[]): FakeAnswer => ({
    status: 200,
    body: JSON.stringify({
      items,
      paging: { next: `https://elsewhere.example/v3/${DOMAIN}/events/W3si-_=` },
    }),
  });
  fake.answerNext(
    page([
      event('accepted'),
      event('failed', { severity: 'temporary' }),
      event('delivered'),
      event('stored'),
      event('accepted', { flags: { 'is-routed': true } }),
    ]),
    page([]),
    { ...failure(429, 'slow down'), headers: { 'retry-after': '3' } },
  );
  deepEqual(await list(), {
    kind: 'listed',
    rows: [
      { externalId: `accepted@${DOMAIN}`, status: 'accepted', takenMs: SUITE_NOW_MS },
      { externalId: `failed@${DOMAIN}`, status: 'deferred' },
      { externalId: `delivered@${DOMAIN}`, status: 'delivered' },
    ],
    next: 'W3si-_=',
  });
  equal(fake.last().query.get('begin'), String(SUITE_NOW_MS / 1000 - 3_600));
  deepEqual(await list('W3si-_='), { kind: 'listed', rows: [] });
  equal(fake.last().path, `/v3/${DOMAIN}/events/W3si-_=`);
  deepEqual(fake.violations(), []);
  const slow = await list();
  deepEqual(slow.kind === 'deferred' && [slow.class, slow.retryAfterMs], ['rate', 3_000]);
  const before = fake.count();
  equal((await list('../../messages')).kind, 'refused');
  equal(fake.count(), before);
});

test('the document explains every answer, reason and setting', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/mailgun.md'), 'utf8');
  for (const [name, meaning] of [...MAILGUN_ANSWERS, ...MAILGUN_REASONS])
    ok(
      new RegExp(`\\| ${name} \\|[^\\n]*\\| ${meaning} \\|`).test(doc),
      `${name} ${meaning} is not in docs/channels/mailgun.md`,
    );
  for (const name of Object.keys(mailgun.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
});
