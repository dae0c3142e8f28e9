/** Web Push against a push service that decrypts what it gets as a browser would; the RFC's vector; the table. */
import { deepEqual, equal, notDeepEqual, notEqual, ok } from 'node:assert/strict';
import { createDecipheriv, createECDH, createHmac, createPublicKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { jwtVerify } from 'jose';
import { addressGuard } from '../../base/addressGuard.ts';
import { httpClient } from '../../base/http.ts';
import type { Adapter, Outcome, Outgoing, Settings } from '../adapter.ts';
import type { Push } from '../kit/pushPayload.ts';
import { conformance, SUITE_DEADLINE_MS, SUITE_NOW_MS } from '../testing/conformance.ts';
import { RFC8291_EXAMPLE, WEBPUSH_ANSWERS_BY_CLASS } from '../testing/contracts/webpush.ts';
import { type FakeAnswer, listen, startFake } from '../testing/fake.ts';
import { webpush, webPushAddress } from './adapter.ts';
import { encryptPush, LARGEST_PLAINTEXT } from './encrypt.ts';
import { WEBPUSH_ANSWERS } from './outcomes.ts';
import { topicOf, webPushPayload } from './payload.ts';
import { generateVapidKeys, vapidPublicKey } from './vapid.ts';

const VAPID = generateVapidKeys();
const SUBJECT = 'mailto:push@example.org';
const settings: Settings = {
  vapidSubject: SUBJECT,
  vapidPrivateKey: VAPID.privateKey,
  vapidPublic: VAPID.publicKey,
};
const push: Push = { channel: 'push', title: 'Zon & zee ☀', body: 'Tot "morgen"' };

/** A browser: the keys it subscribes with, and how it reads what comes. */
function newBrowser() {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  const auth = randomBytes(16);
  return {
    auth,
    p256dh: pair.getPublicKey(),
    keys: { p256dh: pair.getPublicKey('base64url'), auth: auth.toString('base64url') },
    read: (body: Buffer) => decrypted(body, pair, auth),
  };
}

/** RFC 8291 §3.4 and RFC 8188 §2, step by step from their text. */
function decrypted(body: Buffer, pair: ReturnType<typeof createECDH>, auth: Buffer): Buffer {
  const mac = (key: Buffer, ...parts: (Buffer | string)[]) =>
    createHmac('sha256', key)
      .update(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
      .digest();
  const salt = body.subarray(0, 16);
  ok(body.length <= body.readUInt32BE(16), 'one record');
  const sender = body.subarray(21, 21 + body[20]!);
  const sealed = body.subarray(21 + body[20]!);
  const prk = mac(auth, pair.computeSecret(sender));
  const ikm = mac(prk, 'WebPush: info\0', pair.getPublicKey(), sender, Buffer.of(1));
  const content = mac(salt, ikm);
  const key = mac(content, 'Content-Encoding: aes128gcm\0', Buffer.of(1)).subarray(0, 16);
  const nonce = mac(content, 'Content-Encoding: nonce\0', Buffer.of(1)).subarray(0, 12);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  const end = padded.findLastIndex((byte) => byte !== 0);
  equal(padded[end], 2, 'the delimiter of the last record');
  return padded.subarray(0, end);
}

const browser = newBrowser();
const addressAt = (url: string) => webPushAddress({ endpoint: `${url}/push/abc?x=1`, keys: browser.keys });
const message = (url: string): Outgoing => ({
  ref: '2s.k9.1',
  idempotencyKey: 'key_01',
  to: addressAt(url),
  rendered: push,
  callbackUrl: 'https://msg.example.org/callbacks/1/k/status?ref=2s.k9.1',
});
const LOCATION = 'https://push.example/m/1';
const created: FakeAnswer = { status: 201, headers: { location: LOCATION } };

test('the Web Push adapter keeps the adapter contract', async (t) => {
  const fake = await startFake({ check: ({ headers }) => wrongWith(headers) });
  t.after(() => fake.close());
  // Where a provider has a base URL, here the address says whom to call: it moves with the suite's settings.
  let url = fake.url;
  const moving: Adapter = {
    ...webpush,
    open(given, tools) {
      const to = addressAt(url);
      const sender = webpush.open(given, tools);
      return { ...sender, send: (one) => sender.send({ ...one, to }) };
    },
  };
  await conformance(t, {
    adapter: moving,
    fake,
    settings(at) {
      url = at;
      return settings;
    },
    message: message(fake.url),
    success: { answer: created, externalIds: [LOCATION], receipts: false },
    refused: { answer: { status: 410 }, code: 'http_410', class: 'recipient' },
    transient: { answer: { status: 503 }, code: 'http_503', class: 'transient' },
    throttled: {
      answer: { status: 429, headers: { 'retry-after': '7' } },
      code: 'http_429',
      retryAfterMs: 7000,
    },
    broken: { answer: { status: 500 }, kind: 'deferred' },
    // 201 comes with an empty body.
    malformed: { empty: 'accepted' },
    echo: (secret) => ({ status: 403, body: `key ${secret}\nis not valid` }),
  });
  deepEqual(fake.violations(), []);
});

/** What RFC 8030, 8291 and 8292 say each request has to be. */
function wrongWith(headers: IncomingMessage['headers']): string[] {
  const rules: [string, RegExp][] = [
    ['ttl', /^\d+$/],
    ['content-encoding', /^aes128gcm$/],
    ['content-type', /^application\/octet-stream$/],
    ['urgency', /^(very-low|low|normal|high)$/],
    ['topic', /^[A-Za-z0-9_-]{1,32}$/],
    ['authorization', /^vapid t=[\w-]+\.[\w-]+\.[\w-]{86}, k=B[\w-]{86}$/],
  ];
  return rules.flatMap(([name, pattern]) =>
    pattern.test(String(headers[name] ?? '')) ? [] : [`${name}: ${String(headers[name])}`],
  );
}

type Arrived = { headers: IncomingMessage['headers']; url: string; body: Buffer };

/** A push service that keeps bodies as bytes, and a sender whose clock stands where `atMs` puts it. */
async function setUp(t: TestContext, more: Settings = {}, guard = addressGuard(['loopback'])) {
  const arrived: Arrived[] = [];
  const answers: FakeAnswer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      arrived.push({ headers: request.headers, url: request.url!, body: Buffer.concat(chunks) });
      const { status, headers, body } = answers.shift() ?? created;
      response.writeHead(status, headers).end(body);
    });
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  const http = httpClient({ connections: 2, guard });
  let nowMs = SUITE_NOW_MS;
  const sender = webpush.open(
    { ...settings, ...more },
    { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => nowMs },
  );
  t.after(async () => {
    await sender.close();
    await http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url,
    arrived,
    answer: (...list: FakeAnswer[]) => void answers.push(...list),
    atMs: (ms: number) => (nowMs = SUITE_NOW_MS + ms),
    send: (change: Partial<Outgoing> = {}): Promise<Outcome> => sender.send({ ...message(url), ...change }),
    last: () => {
      const { headers, body, url: path } = arrived.at(-1)!;
      return { headers, path, payload: JSON.parse(browser.read(body).toString()) as Record<string, unknown> };
    },
  };
}

test('what is sent', async (t) => {
  const { url, send, last } = await setUp(t);
  const after = async (change: Partial<Outgoing>) => {
    deepEqual(await send(change), { kind: 'accepted', externalIds: [LOCATION], receipts: false });
    deepEqual(wrongWith(last().headers), []);
    return last();
  };
  await t.test('N29: the browser reads title and text as written', async () => {
    const { headers, path, payload } = await after({});
    equal(path, '/push/abc?x=1');
    deepEqual(payload, {
      notification: { title: push.title, body: push.body, tag: '2s.k9.1', data: { ref: '2s.k9.1' } },
    });
    deepEqual([headers.ttl, headers.urgency, headers.topic], ['2419200', 'high', topicOf('2s.k9.1')]);
  });
  await t.test('everything a push can have', async () => {
    const rendered: Push = {
      ...push,
      badge: 2,
      imageUrl: 'https://x.example/1.jpg',
      deepLink: 'https://x.example/c/1',
      collapseKey: 'order-7',
      actions: [{ id: 'YES', title: 'Ja' }],
      data: { order: '7', deepLink: 'other' },
    };
    const { headers, payload } = await after({ rendered, ttlS: 90.7, messageClass: 'marketing' });
    deepEqual(payload, {
      app_badge: 2,
      notification: {
        title: push.title,
        body: push.body,
        navigate: 'https://x.example/c/1',
        image: 'https://x.example/1.jpg',
        tag: 'order-7',
        actions: [{ action: 'YES', title: 'Ja' }],
        data: { order: '7', ref: '2s.k9.1', deepLink: 'https://x.example/c/1' },
      },
    });
    deepEqual([headers.ttl, headers.urgency, headers.topic], ['90', 'normal', 'order-7']);
  });
  await t.test('with a link and no choices Safari can show it by itself', async () => {
    const rendered: Push = { channel: 'push', body: 'Alleen tekst', deepLink: 'https://x.example/c/1' };
    const { payload } = await after({ rendered });
    const { web_push, mutable, notification } = payload;
    deepEqual([web_push, mutable], [8030, true]);
    deepEqual(notification, {
      title: 'Alleen tekst',
      navigate: 'https://x.example/c/1',
      tag: '2s.k9.1',
      data: { ref: '2s.k9.1', deepLink: 'https://x.example/c/1' },
    });
    const app = await after({ rendered: { ...rendered, deepLink: 'app://c/1' } });
    equal(app.payload.web_push, undefined);
  });
  await t.test('a silent push has data only', async () => {
    const rendered: Push = { channel: 'push', body: '', silent: true, data: { sync: '1' } };
    const { headers, payload } = await after({ rendered, ttlS: -1 });
    deepEqual(payload, { silent: true, data: { sync: '1', ref: '2s.k9.1' } });
    deepEqual([headers.ttl, headers.urgency], ['0', 'low']);
  });
  await t.test('VAPID: an ES256 token for that push service, which any library verifies', async () => {
    const { headers } = await after({});
    const [, token, key] = /^vapid t=(\S+), k=(\S+)$/.exec(headers.authorization!)!;
    equal(key, VAPID.publicKey);
    const point = Buffer.from(key, 'base64url');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: x!, y: y! } });
    const { payload, protectedHeader } = await jwtVerify(token!, publicKey, {
      currentDate: new Date(SUITE_NOW_MS),
      audience: url,
    });
    deepEqual(protectedHeader, { typ: 'JWT', alg: 'ES256' });
    deepEqual(payload, { aud: url, sub: SUBJECT, exp: Math.floor(SUITE_NOW_MS / 1000) + 12 * 3600 });
  });
});

test('the VAPID token is kept for its push service, and renewed in time', async (t) => {
  const one = await setUp(t);
  const tokenAt = async (atMs: number) => {
    one.atMs(atMs);
    await one.send();
    return one.last().headers.authorization;
  };
  const first = await tokenAt(0);
  equal(await tokenAt(6 * 3_600_000 - 1), first);
  const second = await tokenAt(6 * 3_600_000);
  notEqual(second, first);
  equal(await tokenAt(6 * 3_600_000 + 1), second);
});

test('what cannot be sent is refused, and nothing is called', async (t) => {
  const { url, arrived, send } = await setUp(t);
  const said = async (change: Partial<Outgoing>) => {
    const outcome = await send(change);
    return outcome.kind === 'refused' ? [outcome.code, outcome.class] : [outcome.kind];
  };
  const at = (endpoint: unknown, keys: unknown = browser.keys) =>
    `webpush:${Buffer.from(JSON.stringify({ endpoint, keys })).toString('base64url')}`;
  for (const to of ['apns:a1', 'fcm:x', 'fid:x', `${url}/push`, '+31612345678'])
    deepEqual(await said({ to }), ['wrong_address', 'content'], to);
  const bad = [
    'webpush:',
    'webpush:e30',
    at(7),
    at('nowhere'),
    at('http://push.example/x'),
    at('ftp://push.example/x'),
    at('https://user:pass@push.example/x'),
    at(`${url}/push`, null),
    at(`${url}/push`, { ...browser.keys, auth: 'AAAA' }),
    at(`${url}/push`, { ...browser.keys, p256dh: browser.keys.p256dh.slice(4) }),
    at(`${url}/push`, { ...browser.keys, p256dh: Buffer.alloc(65, 4).toString('base64url') }),
  ];
  for (const to of bad) deepEqual(await said({ to }), ['bad_address', 'recipient'], to);
  deepEqual(await said({ rendered: { channel: 'sms', text: 'x' } }), ['wrong_channel', 'content']);
  equal(arrived.length, 0);
  const room =
    LARGEST_PLAINTEXT -
    Buffer.byteLength(webPushPayload('2s.k9.1', { channel: 'push', title: 'x', body: '' }));
  const body = 'x'.repeat(room - ',"body":""'.length);
  deepEqual(await said({ rendered: { channel: 'push', title: 'x', body: `${body}x` } }), [
    'payload_too_large',
    'content',
  ]);
  deepEqual(await said({ rendered: { channel: 'push', title: 'x', body } }), ['accepted']);
  equal(arrived.at(-1)!.body.length, 4096);
});

test('an endpoint in our own network is not called, and does not hold the others', async (t) => {
  const { url, arrived, send } = await setUp(t, {}, addressGuard([]));
  for (const endpoint of [
    `${url}/push`,
    'https://10.0.0.1/push',
    'https://169.254.169.254/latest',
    'https://[::1]/x',
  ]) {
    const outcome = await send({ to: webPushAddress({ endpoint, keys: browser.keys }) });
    deepEqual(
      [outcome.kind, 'code' in outcome && outcome.code, 'class' in outcome && outcome.class],
      ['refused', 'bad_address', 'recipient'],
      endpoint,
    );
  }
  equal(arrived.length, 0);
});

test('only the push services that are allowed, where a list is given', async (t) => {
  for (const host of ['127.0.0.1', '0.0.1']) {
    const below = await setUp(t, { pushServices: [host] });
    equal((await below.send()).kind, 'accepted', host);
  }
  const { send } = await setUp(t, { pushServices: ['push.apple.com'] });
  for (const endpoint of ['https://evil-push.apple.com.example/x', 'https://notpush.apple.com/x']) {
    const outcome = await send({ to: webPushAddress({ endpoint, keys: browser.keys }) });
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['refused', 'blocked'], endpoint);
  }
});

test('every row of the table gives the outcome of its class', async (t) => {
  const { answer, send } = await setUp(t);
  for (const [status, meaning, , reach] of WEBPUSH_ANSWERS) {
    answer({ status });
    const outcome = await send();
    const refused = meaning === 'recipient' || meaning === 'content' || reach === 'message';
    ok(outcome.kind === (refused ? 'refused' : 'deferred'), String(status));
    deepEqual([outcome.code, outcome.class], [`http_${status}`, meaning]);
  }
});

test('answers that are not in the table, and what the push service says', async (t) => {
  const { answer, send } = await setUp(t);
  const cases: [FakeAnswer, string, string | undefined, number?][] = [
    [{ status: 200 }, 'accepted', undefined],
    [{ status: 202 }, 'accepted', undefined],
    [{ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'unclear', undefined],
    [{ status: 301, headers: { location: 'http://10.0.0.1/' } }, 'refused', 'config'],
    [{ status: 408 }, 'deferred', 'transient'],
    [{ status: 418 }, 'refused', 'content'],
    [{ status: 504 }, 'unclear', undefined],
    [{ status: 507 }, 'deferred', 'transient'],
    [{ status: 503, headers: { 'retry-after': '30' } }, 'deferred', 'transient', 30_000],
    [
      { status: 429, headers: { 'retry-after': new Date(SUITE_NOW_MS + 9000).toUTCString() } },
      'deferred',
      'rate',
      // An HTTP date has no fractions of a second.
      9000,
    ],
  ];
  for (const [given, kind, meaning, waitMs] of cases) {
    answer(given);
    const outcome = await send();
    equal(outcome.kind, kind, JSON.stringify(given));
    equal('class' in outcome ? outcome.class : undefined, meaning, JSON.stringify(given));
    equal('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined, waitMs, JSON.stringify(given));
  }
  answer({ status: 403, body: '{"reason":"BadJwtToken"}' }, { status: 403, body: '<html>no</html>' });
  const [said, page] = [await send(), await send()];
  equal('detail' in said && said.detail, '{"reason":"BadJwtToken"}');
  equal('detail' in page && page.detail, 'The subscription was made with another VAPID key');
});

test('RFC 8291 §5, byte for byte', () => {
  const { plaintext, senderPrivateKey, receiverPublicKey, authSecret, salt, body } = RFC8291_EXAMPLE;
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  const encrypted = encryptPush(
    Buffer.from(plaintext),
    { p256dh: bytes(receiverPublicKey), auth: bytes(authSecret) },
    { privateKey: bytes(senderPrivateKey), salt: bytes(salt) },
  );
  equal(encrypted!.toString('base64url'), body);
});

test('whatever is encrypted is read by its browser, and no two bodies are alike', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: LARGEST_PLAINTEXT }), (plain) => {
      const reader = newBrowser();
      const body = encryptPush(Buffer.from(plain), { p256dh: reader.p256dh, auth: reader.auth })!;
      deepEqual(reader.read(body), Buffer.from(plain));
      notDeepEqual(encryptPush(Buffer.from(plain), { p256dh: reader.p256dh, auth: reader.auth }), body);
    }),
    { numRuns: 50 },
  );
});

test('VAPID keys: made, in the form browsers take, the public one found from the private one', () => {
  for (let made = 0; made < 50; made++) {
    const { publicKey, privateKey } = generateVapidKeys();
    equal(Buffer.from(privateKey, 'base64url').length, 32);
    deepEqual([Buffer.from(publicKey, 'base64url').length, Buffer.from(publicKey, 'base64url')[0]], [65, 4]);
    equal(vapidPublicKey(privateKey), publicKey);
  }
  const none = [
    '',
    'AAAA',
    Buffer.alloc(32).toString('base64url'),
    Buffer.alloc(33, 1).toString('base64url'),
  ];
  for (const key of none) equal(vapidPublicKey(key), undefined);
});

test('an integration without keys gets a pair; with a pair it keeps it; one that does not fit is refused', async (t) => {
  const http = httpClient({ connections: 1 });
  t.after(() => http.close());
  const tools = { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS };
  const connect = (given: Settings) =>
    webpush.connect!({ vapidSubject: SUBJECT, ...given }, tools, { inbound: '' });
  const made = await connect({});
  ok(made.kind === 'connected');
  equal(vapidPublicKey(String(made.settings.vapidPrivateKey)), made.settings.vapidPublic);
  deepEqual(await connect(made.settings), made);
  deepEqual(await connect({ vapidPrivateKey: VAPID.privateKey }), { kind: 'connected', settings });
  for (const given of [
    { vapidPublic: VAPID.publicKey },
    { vapidPublic: VAPID.publicKey, vapidPrivateKey: generateVapidKeys().privateKey },
    { vapidPrivateKey: Buffer.alloc(32).toString('base64url') },
  ]) {
    const answer = await connect(given);
    deepEqual([answer.kind, 'class' in answer && answer.class], ['refused', 'config']);
  }
});

test('without a key the integration is to be mended', async (t) => {
  const { send } = await setUp(t, { vapidPrivateKey: '' });
  const outcome = await send();
  deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'config']);
});

test('the table says what the contract says', () => {
  const facts = Object.entries(WEBPUSH_ANSWERS_BY_CLASS).flatMap(([meaning, statuses]) =>
    statuses.map((status) => `${status} ${meaning}`),
  );
  deepEqual(WEBPUSH_ANSWERS.map(([status, meaning]) => `${status} ${meaning}`).sort(), facts.sort());
});

test('the document explains every answer and setting', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/webpush.md'), 'utf8');
  for (const [status, meaning] of WEBPUSH_ANSWERS)
    ok(
      new RegExp(`\\| ${status} \\|[^\\n]*\\| ${meaning} \\|`).test(doc),
      `${status} ${meaning} is not in docs/channels/webpush.md`,
    );
  for (const name of Object.keys(webpush.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
  for (const code of [
    'payload_too_large',
    'wrong_address',
    'bad_address',
    'push_service_not_allowed',
    'bad_key',
  ])
    ok(doc.includes(`\`${code}\``), `${code} is not in the document`);
});
