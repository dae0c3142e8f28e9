/** Mailgun's callbacks: the collected vector, every event, mails with attachments, mails that nobody wrote. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { hmac } from '../../base/crypto.ts';
import type { CallbackRequest, Inbound, Receipt } from '../adapter.ts';
import { MAILGUN_SIGNED } from '../testing/contracts/mailgun.ts';
import { mailgun } from './adapter.ts';
import { MAILGUN_REASONS } from './outcomes.ts';

const KEY = 'mailgun-http-webhook-signing-key';
const DOMAIN = 'mg.sunshine.example';
const settings = { domain: DOMAIN, signingKey: KEY, incomingAddress: `answers@${DOMAIN}` };
const AT_MS = 1_529_006_854_000;
const token = 'a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0';
const signed = {
  timestamp: '1529006854',
  token,
  signature: hmac('sha256', KEY, `1529006854${token}`, 'hex'),
};

const post = (purpose: string, contentType: string, body: Buffer): CallbackRequest => ({
  method: 'POST',
  url: `https://msg.example.org/callbacks/int_1/key/${purpose}`,
  purpose,
  query: {},
  headers: { 'content-type': contentType },
  body,
  receivedAtMs: AT_MS,
});
const about = (data: Record<string, unknown>) => {
  const body = JSON.stringify({ signature: signed, 'event-data': { ...EVENT, ...data } });
  const callback = mailgun.receive!(post('status', 'application/json', Buffer.from(body)), settings);
  ok(callback.kind === 'parsed');
  equal(callback.answer.status, 200);
  return callback;
};
const EVENT = {
  id: 'ev1',
  timestamp: 1_529_006_854.5,
  recipient: 'ada@x.example',
  message: { headers: { 'message-id': `c1.p1.0@${DOMAIN}` } },
  'user-variables': { ref: 'c1.p1.0' },
};
const BASE: Partial<Receipt> = { ref: 'c1.p1.0', externalId: `c1.p1.0@${DOMAIN}`, atMs: 1_529_006_854_500 };
const MAIL = {
  ...signed,
  recipient: `answers@${DOMAIN}`,
  sender: 'ada@x.example',
  from: 'Ada <ada@x.example>',
  subject: 'Hi',
  'body-plain': 'Hello',
  'stripped-text': 'Hello',
  'Message-Id': '<abc@x.example>',
};
const form = (fields: Record<string, string>) =>
  mailgun.receive!(
    post(
      'inbound',
      'application/x-www-form-urlencoded',
      Buffer.from(new URLSearchParams({ ...MAIL, ...fields }).toString()),
    ),
    settings,
  );
const mail = (fields: Record<string, string>): Inbound | undefined => {
  const callback = form(fields);
  ok(callback.kind === 'parsed');
  return callback.inbound[0];
};

test('signatures: the vector of the contract', () => {
  const { signingKey, ...signature } = MAILGUN_SIGNED;
  const body = Buffer.from(JSON.stringify({ signature, 'event-data': { event: 'stored' } }));
  const at = { receivedAtMs: Number(signature.timestamp) * 1000 };
  const request = { ...post('status', 'application/json', body), ...at };
  equal(mailgun.receive!(request, { domain: DOMAIN, signingKey }).kind, 'parsed');
  const forged = mailgun.receive!(request, { domain: DOMAIN, signingKey: `${signingKey}x` });
  deepEqual([forged.kind, forged.answer.status], ['forged', 406]);
  equal(mailgun.receive!(request, { domain: DOMAIN }).kind, 'forged');
});

test('signatures: Mailgun retries for eight hours, and after half a day nothing is believed', () => {
  const late = (hours: number) => {
    const body = Buffer.from(new URLSearchParams(MAIL).toString());
    const request = post('inbound', 'application/x-www-form-urlencoded', body);
    return mailgun.receive!({ ...request, receivedAtMs: AT_MS + hours * 3_600_000 }, settings).kind;
  };
  deepEqual([late(-1), late(0), late(8.5), late(13)], ['forged', 'parsed', 'parsed', 'forged']);
});

test('events: what each says of a delivery', () => {
  const receipt = (data: Record<string, unknown>) => about(data).receipts[0];
  deepEqual(receipt({ event: 'accepted' }), { ...BASE, state: 'accepted' });
  deepEqual(receipt({ event: 'delivered' }), { ...BASE, state: 'delivered' });
  deepEqual(receipt({ event: 'opened', 'client-info': { bot: '' } }), { ...BASE, state: 'read' });
  for (const bot of ['apple', 'gmail', 'generic'])
    equal(receipt({ event: 'opened', 'client-info': { bot } }), undefined);
  for (const event of ['clicked', 'stored', 'email_validation', 'from_the_future'])
    equal(receipt({ event }), undefined);
  equal(receipt({ event: 'failed', severity: 'temporary', reason: 'generic' }), undefined);
  deepEqual(receipt({ event: 'rejected', reject: { reason: 'Sandbox\nonly' } }), {
    ...BASE,
    state: 'failed',
    code: 'rejected',
    class: 'config',
    detail: 'Sandbox only',
  });
});

test('events: why a mail failed for good', () => {
  const failed = (reason: string | undefined, status: Record<string, unknown> = {}) => {
    const given = {
      event: 'failed',
      severity: 'permanent',
      'delivery-status': status,
      ...(reason ? { reason } : {}),
    };
    const { code, class: meaning, detail } = about(given).receipts[0]!;
    return detail ? [code, meaning, detail] : [code, meaning];
  };
  for (const [reason, meaning] of MAILGUN_REASONS) deepEqual(failed(reason).slice(0, 2), [reason, meaning]);
  const full = { code: 550, 'enhanced-code': '5.2.2', message: 'mailbox is full' };
  deepEqual(failed('bounce', full), ['5.2.2', 'transient', 'mailbox is full']);
  deepEqual(failed('generic', { code: 550, message: '550 5.1.1 No such user' }), [
    '5.1.1',
    'recipient',
    '550 5.1.1 No such user',
  ]);
  deepEqual(failed('bounce', { code: 550, message: 'no' }), ['550', 'transient', 'no']);
  const listed = { code: 550, message: '5.1.1 Your IP is listed at zen.spamhaus.org' };
  deepEqual(failed('bounce', listed).slice(0, 2), ['5.1.1', 'blocked']);
  deepEqual(failed('bounce', { code: 550, message: 'Unknown user ann' }).slice(0, 2), ['550', 'recipient']);
  deepEqual(failed('suppress-bounce', { code: 605, description: 'Not delivering' }), [
    'suppress-bounce',
    'recipient',
    'Not delivering',
  ]);
  deepEqual(failed(undefined), ['failed', 'transient']);
});

test('events: our reference from the variables, else from our Message-Id', () => {
  const { 'user-variables': _, ...without } = EVENT;
  const receipt = (id: string) =>
    about({
      ...without,
      event: 'delivered',
      'user-variables': {},
      message: { headers: { 'message-id': id } },
    }).receipts[0];
  equal(receipt(`c2.p2.1@${DOMAIN}`)?.ref, 'c2.p2.1');
  deepEqual(receipt('20261120.1@elsewhere.example'), {
    externalId: '20261120.1@elsewhere.example',
    state: 'delivered',
    atMs: BASE.atMs,
  });
  equal(about({ event: 'delivered', 'user-variables': {}, message: {} }).receipts.length, 0);
});

test('events: who complains or unsubscribes had the mail, and wants no more', () => {
  for (const event of ['complained', 'unsubscribed']) {
    const callback = about({ event });
    deepEqual(callback.receipts, [{ ...BASE, state: 'delivered' }]);
    deepEqual(callback.inbound, [
      {
        externalId: 'event:ev1',
        from: 'ada@x.example',
        to: `answers@${DOMAIN}`,
        text: '',
        media: [],
        handledKeyword: event === 'complained' ? 'complaint' : 'stop',
        raw: { from: 'ada@x.example', event },
        atMs: BASE.atMs,
      },
    ]);
  }
});

test('a mail: quoted parts removed, the whole kept, and what Sunshine keeps of a client', () => {
  const inbound = mail({
    from: '"Lovelace, Ada" <Ada@x.example>',
    'Reply-To': 'desk@x.example',
    'body-plain': 'Yes\n-- \nAda\n\n> Hi',
    'stripped-text': 'Yes',
    'stripped-signature': '-- \nAda',
    'body-html': '<p>Yes</p>',
    References: `<other@x.example> <c1.p1.0@${DOMAIN}>`,
    'In-Reply-To': '<other2@x.example>',
  });
  deepEqual(inbound, {
    externalId: 'abc@x.example',
    from: 'Ada@x.example',
    to: `answers@${DOMAIN}`,
    text: 'Yes',
    media: [],
    profileName: 'Lovelace, Ada',
    subject: 'Hi',
    fullText: 'Yes\n-- \nAda\n\n> Hi',
    replyTo: `c1.p1.0@${DOMAIN}`,
    references: ['other@x.example', `c1.p1.0@${DOMAIN}`, 'other2@x.example'],
    raw: {
      from: '"Lovelace, Ada" <Ada@x.example>',
      'Reply-To': 'desk@x.example',
      'stripped-signature': '-- \nAda',
      html: '<p>Yes</p>',
    },
    atMs: AT_MS,
  });
});

test('a mail with less: headers only as a list, no name, an answer that is all quote', () => {
  const { 'Message-Id': _, ...rest } = MAIL;
  const headers = JSON.stringify([
    ['Message-Id', '<h@x.example>'],
    ['In-Reply-To', `<c1.p9.0@${DOMAIN.toUpperCase()}>`],
    7,
  ]);
  const body = new URLSearchParams({
    ...rest,
    from: 'ada@x.example',
    'stripped-text': '',
    'message-headers': headers,
  });
  const callback = mailgun.receive!(
    post('inbound', 'application/x-www-form-urlencoded', Buffer.from(body.toString())),
    settings,
  );
  ok(callback.kind === 'parsed');
  const [inbound] = callback.inbound;
  deepEqual(
    [inbound?.externalId, inbound?.replyTo, inbound?.text],
    ['h@x.example', `c1.p9.0@${DOMAIN}`, 'Hello'],
  );
  equal('fullText' in inbound! || 'profileName' in inbound!, false);
  equal(mail({ 'message-headers': 'x', 'Message-Id': '' })?.externalId, `token:${token}`);
  equal(mail({ from: '=?utf-8?q?Ada?= <ada@x.example>' })?.profileName, undefined);
  equal(mail({ 'body-html': 'x'.repeat(300_000) })?.raw.html, undefined);
});

test('mails that nobody wrote to us are taken and left alone', () => {
  const automatic: Record<string, string>[] = [
    { 'Auto-Submitted': 'auto-replied' },
    { 'Auto-Submitted': 'auto-generated (rejected)' },
    { Precedence: 'bulk' },
    { 'List-Id': '<news.x.example>' },
    { 'X-Autoreply': 'yes' },
    { 'Return-Path': '<>' },
    { sender: '' },
    { 'Content-Type': 'multipart/report; report-type=delivery-status' },
    { from: 'Mail <MAILER-DAEMON@x.example>' },
    { 'message-headers': '[["auto-submitted","auto-replied"]]' },
  ];
  for (const fields of automatic) {
    const callback = form(fields);
    ok(callback.kind === 'parsed', JSON.stringify(fields));
    deepEqual([callback.inbound.length, callback.answer.status], [0, 200], JSON.stringify(fields));
  }
  equal(mail({ 'Auto-Submitted': 'no' })?.text, 'Hello');
  equal(mail({ Precedence: 'first-class' })?.text, 'Hello');
});

test('senders whose names are legal or careless are people, too', () => {
  for (const [from, address] of [
    ['"ann b"@x.example', '"ann b"@x.example'],
    ['Ann <ann..b.@docomo.example>', 'ann..b.@docomo.example'],
    ['<"ann"@x.example>', 'ann@x.example'],
    ["o'brien@x.example", "o'brien@x.example"],
    ['Zoë <zoë@bücher.example>', 'zoë@bücher.example'],
  ] as const)
    equal(mail({ from })?.from, address);
});

test('attachments come as bytes, encoded by somebody else’s library', async () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, n) => (n * 7) % 256);
  const data = new FormData();
  for (const [name, value] of Object.entries({ ...MAIL, 'attachment-count': '2' })) data.append(name, value);
  data.append('attachment-1', new File([bytes], 'foto "1" €.png', { type: 'image/png' }));
  data.append('attachment-2', new File([new Uint8Array()], 'leeg.txt', { type: 'text/plain' }));
  data.append('other', new File(['x'], 'x.txt'));
  const encoded = new Response(data);
  const contentType = encoded.headers.get('content-type')!;
  const body = Buffer.from(await encoded.arrayBuffer());
  const callback = mailgun.receive!(post('inbound', contentType, body), settings);
  ok(callback.kind === 'parsed');
  const media = callback.inbound[0]!.media;
  deepEqual(
    media.map(({ url, name, mediaType, bytes: given }) => [url, name, mediaType, given?.length]),
    [
      ['attachment:1', 'foto "1" €.png', 'image/png', 4096],
      ['attachment:2', 'leeg.txt', 'text/plain', 0],
    ],
  );
  ok(Buffer.from(media[0]!.bytes!).equals(Buffer.from(bytes)));
});

test('a route that stores tells where the files are', () => {
  const attachments = JSON.stringify([
    { url: 'https://storage.eu.mailgun.net/v3/1', 'content-type': 'image/png', name: 'a.png', size: 3 },
    { url: 'file:///etc/passwd' },
    null,
  ]);
  deepEqual(mail({ attachments })?.media, [
    { url: 'https://storage.eu.mailgun.net/v3/1', mediaType: 'image/png', name: 'a.png' },
  ]);
});

test('a mail of HTML alone has a text, and own words that Mailgun strips are kept', () => {
  const taken = (fields: Record<string, string>) => mail({ 'stripped-text': '', ...fields })!;
  const html = '<p>Yes</p><blockquote type="cite"><p>Is it?</p></blockquote>';
  const only = taken({ 'body-plain': '', 'body-html': html });
  deepEqual([only.text, only.fullText], ['Yes', 'Yes\n\n> Is it?']);
  const own = taken({ 'body-plain': 'first\n--\nsecond', 'stripped-text': 'first' });
  deepEqual([own.text, own.fullText], ['first\n--\nsecond', undefined]);
});
