/** APNs over a real HTTP/2 socket: headers and payload, the provider token, every row of the table. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jwtVerify } from 'jose';
import { until } from '../../../test/support/until.ts';
import { httpClient } from '../../base/http.ts';
import type { Outcome, Outgoing, Sender, Settings } from '../adapter.ts';
import { conformance, SUITE_DEADLINE_MS, SUITE_NOW_MS, withSender } from '../testing/conformance.ts';
import { APNS_REASONS_BY_CLASS } from '../testing/contracts/apns.ts';
import type { FakeAnswer, FakeRequest } from '../testing/fake.ts';
import { type FakeHttp2, startFakeHttp2 } from '../testing/fakeHttp2.ts';
import { apns } from './adapter.ts';
import { APNS_REASONS } from './outcomes.ts';
import { apnsIdOf, collapseId, type Push } from '../kit/pushPayload.ts';

const newKey = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
const PRIVATE_KEY = newKey();
const TOKEN = 'a1'.repeat(32);
const MINUTE_MS = 60_000;

const settings = (url: string): Settings => ({
  keyId: 'ABC123DEFG',
  teamId: 'DEF123GHIJ',
  privateKey: PRIVATE_KEY,
  topic: 'com.example.app',
  baseUrl: url,
});
const push: Push = { channel: 'push', title: 'Zon & zee ☀', body: 'Tot "morgen"' };
const message: Outgoing = {
  ref: '2s.k9.1',
  idempotencyKey: 'key_01',
  to: `apns:${TOKEN}`,
  rendered: push,
  callbackUrl: 'https://msg.example.org/callbacks/1/k/status?ref=2s.k9.1',
};
const ID = apnsIdOf(message.ref);
const accepted: FakeAnswer = { status: 200, headers: { 'apns-id': ID } };
const failure = (status: number, reason: string, more: object = {}): FakeAnswer => ({
  status,
  headers: { 'apns-id': ID },
  body: JSON.stringify({ reason, ...more }),
});

/** What Apple says each request has to be: there is no machine-readable contract. */
function wrongWith({ method, path, headers, body }: FakeRequest): string[] {
  const found: string[] = [];
  const must = (name: string, pattern: RegExp) => {
    if (!pattern.test(String(headers[name] ?? ''))) found.push(`${name}: ${String(headers[name])}`);
  };
  if (method !== 'POST' || !/^\/3\/device\/[0-9a-f]+$/.test(path)) found.push(`${method} ${path}`);
  must('authorization', /^bearer [\w-]+\.[\w-]+\.[\w-]{86}$/);
  must('apns-topic', /^[\w.-]+$/);
  must('apns-push-type', /^(alert|background)$/);
  must('apns-priority', headers['apns-push-type'] === 'background' ? /^5$/ : /^(10|5)$/);
  must('apns-id', /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  must('apns-collapse-id', /^[\x21-\x7e]{1,64}$/);
  if (headers['apns-expiration'] !== undefined) must('apns-expiration', /^\d+$/);
  if (Buffer.byteLength(body) > 4096) found.push('larger than 4096 bytes');
  const { aps } = JSON.parse(body) as { aps?: Record<string, unknown> };
  if (headers['apns-push-type'] === 'background') {
    if (JSON.stringify(aps) !== '{"content-available":1}') found.push('a background push shows something');
  } else if (!aps?.alert) found.push('an alert without alert');
  return found;
}

async function withFake(
  t: { after(done: () => Promise<void>): void },
  use: (fake: FakeHttp2, send: (change?: Partial<Outgoing>) => Promise<Outcome>) => Promise<void>,
): Promise<void> {
  const fake = await startFakeHttp2({ check: wrongWith });
  t.after(() => fake.close());
  await withSender({ adapter: apns, settings }, fake.url, (sender) =>
    use(fake, (change = {}) => sender.send({ ...message, ...change })),
  );
  deepEqual(fake.violations(), []);
}

test('the APNs adapter keeps the adapter contract', async (t) => {
  const fake = await startFakeHttp2({ check: wrongWith });
  t.after(() => fake.close());
  await conformance(t, {
    adapter: apns,
    fake,
    settings,
    message,
    success: { answer: accepted, externalIds: [ID], receipts: false },
    refused: { answer: failure(400, 'BadDeviceToken'), code: 'BadDeviceToken', class: 'recipient' },
    transient: { answer: failure(503, 'Shutdown'), code: 'Shutdown', class: 'transient' },
    throttled: { answer: failure(429, 'TooManyRequests'), code: 'TooManyRequests' },
    broken: { answer: failure(500, 'InternalServerError'), kind: 'deferred' },
    echo: (secret) => failure(403, `key ${secret}\nis not valid`),
  });
  deepEqual(fake.violations(), []);
});

test('what is sent', async (t) => {
  await withFake(t, async (fake, send) => {
    const sent = async (change: Partial<Outgoing>) => {
      fake.answerNext(accepted);
      deepEqual(await send(change), { kind: 'accepted', externalIds: [ID], receipts: false });
      const { headers, path, body } = fake.last();
      return { headers, path, payload: JSON.parse(body) as Record<string, unknown> };
    };
    await t.test('N29: title and text as written, to that device, for that app', async () => {
      const { headers, path, payload } = await sent({ ttlS: 90 });
      equal(path, `/3/device/${TOKEN}`);
      deepEqual(payload, {
        ref: message.ref,
        _oid: message.ref,
        aps: { alert: { title: push.title, body: push.body }, sound: 'default' },
      });
      const { authorization, ...rest } = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name === 'authorization' || name.startsWith('apns-')),
      );
      deepEqual(rest, {
        'apns-topic': 'com.example.app',
        'apns-push-type': 'alert',
        'apns-priority': '10',
        'apns-expiration': String(Math.ceil(SUITE_NOW_MS / 1000) + 90),
        'apns-collapse-id': message.ref,
        'apns-id': ID,
      });
      match(String(authorization), /^bearer /);
    });
    await t.test('badge, category, picture, deep link, actions and data', async () => {
      const rendered: Push = {
        ...push,
        badge: 0,
        category: 'CHAT',
        imageUrl: 'https://x.example/1.jpg',
        deepLink: 'app://c/1',
        actions: [{ id: 'YES', title: 'Ja' }],
        data: { order: '7', deepLink: 'other', aps: 'x' },
      };
      const { payload } = await sent({ rendered });
      deepEqual(payload, {
        ref: message.ref,
        _oid: message.ref,
        _odl: 'app://c/1',
        order: '7',
        deepLink: 'app://c/1',
        imageUrl: 'https://x.example/1.jpg',
        actions: [{ id: 'YES', title: 'Ja' }],
        aps: {
          alert: { title: push.title, body: push.body },
          badge: 0,
          category: 'CHAT',
          sound: 'default',
          'mutable-content': 1,
        },
      });
      const { payload: own } = await sent({ rendered: { ...push, data: { deepLink: 'app://own' } } });
      equal(own.deepLink, 'app://own');
    });
    await t.test(
      'O4 Outbound’s library knows the push as its own, unless that would make it too large',
      async () => {
        const linked: Push = { ...push, deepLink: 'app://c/1', data: { _oid: 'x' } };
        const { payload } = await sent({ rendered: linked });
        deepEqual([payload._oid, payload._odl], [message.ref, 'app://c/1']);
        const filled = (x: string): Push => ({ ...push, deepLink: 'app://c/1', data: { x } });
        const { payload: plain } = await sent({ rendered: filled('') });
        const { _oid, _odl, ...rest } = plain;
        const room = 4096 - Buffer.byteLength(JSON.stringify(rest));
        const { payload: large } = await sent({ rendered: filled('x'.repeat(room)) });
        deepEqual([large.ref, large._oid, large._odl], [message.ref, undefined, undefined]);
      },
    );
    await t.test('a silent push wakes the app and shows nothing', async () => {
      const rendered: Push = { channel: 'push', body: '', silent: true, badge: 3, data: { sync: '1' } };
      const { headers, payload } = await sent({ rendered });
      deepEqual(payload, { sync: '1', ref: message.ref, _oid: message.ref, aps: { 'content-available': 1 } });
      deepEqual([headers['apns-push-type'], headers['apns-priority']], ['background', '5']);
    });
    await t.test('marketing may wait for a good moment; one try without a time to live', async () => {
      const { headers } = await sent({ messageClass: 'marketing', ttlS: 0 });
      deepEqual([headers['apns-priority'], headers['apns-expiration']], ['5', '0']);
      equal((await sent({})).headers['apns-expiration'], undefined);
    });
    await t.test('a collapse key that is no header is hashed, the same each time', async () => {
      const { headers } = await sent({ rendered: { ...push, collapseKey: 'order-7' } });
      equal(headers['apns-collapse-id'], 'order-7');
      const { headers: odd } = await sent({ rendered: { ...push, collapseKey: '☀'.repeat(30) } });
      equal(odd['apns-collapse-id'], collapseId('☀'.repeat(30)));
    });
    await t.test('all over one connection', () => equal(fake.sessions.length, 1));
  });
});

test('an id for each delivery, the same for each attempt', () => {
  equal(apnsIdOf('a.b.1'), apnsIdOf('a.b.1'));
  notEqual(apnsIdOf('a.b.1'), apnsIdOf('a.b.2'));
});

test('what APNs would refuse is not sent', async (t) => {
  await withFake(t, async (fake, send) => {
    const said = async (change: Partial<Outgoing>) => {
      const outcome = await send(change);
      return outcome.kind === 'accepted'
        ? [outcome.kind]
        : [outcome.kind, outcome.code, 'class' in outcome && outcome.class];
    };
    deepEqual(await said({ rendered: { ...push, body: 'x'.repeat(4096) } }), [
      'refused',
      'payload_too_large',
      'content',
    ]);
    for (const to of ['fcm:abc', 'fid:abc', 'webpush:e30'])
      deepEqual(await said({ to }), ['refused', 'wrong_address', 'content'], to);
    for (const to of ['apns:', 'apns:zz', 'apns:a1/../x', `apns:${'a'.repeat(401)}`, '+31612345678'])
      deepEqual(await said({ to }), ['refused', 'bad_address', 'recipient'], to);
    deepEqual(await said({ rendered: { channel: 'sms', text: 'x' } }), [
      'refused',
      'wrong_channel',
      'content',
    ]);
    equal(fake.count(), 0);
    // As a device tells it, linked through this integration.
    fake.answerNext(accepted);
    equal((await send({ to: TOKEN })).kind, 'accepted');
    equal(fake.last().path, `/3/device/${TOKEN}`);
    fake.answerNext(accepted);
    const room =
      4096 -
      Buffer.byteLength(JSON.stringify({ ref: message.ref, aps: { alert: { body: '' }, sound: 'default' } }));
    equal((await send({ rendered: { channel: 'push', body: 'x'.repeat(room) } })).kind, 'accepted');
    equal((await send({ rendered: { channel: 'push', body: 'x'.repeat(room + 1) } })).kind, 'refused');
  });
});

test('a key that is none holds the integration, nothing is called', async (t) => {
  const fake = await startFakeHttp2();
  t.after(() => fake.close());
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  for (const privateKey of ['not a key', rsa as string, '']) {
    const spec = { adapter: apns, settings: () => ({ ...settings(fake.url), privateKey }) };
    const outcome = await withSender(spec, fake.url, (sender) => sender.send(message));
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'config']);
  }
  const written = {
    adapter: apns,
    settings: () => ({ ...settings(fake.url), privateKey: PRIVATE_KEY.replaceAll('\n', '\\n') }),
  };
  fake.answerNext(accepted);
  equal((await withSender(written, fake.url, (sender) => sender.send(message))).kind, 'accepted');
  equal(fake.count(), 1);
});

test('the provider token: ES256, one per key, renewed after 40 minutes and never within 20', async (t) => {
  const fake = await startFakeHttp2({ check: wrongWith });
  const http = httpClient({ connections: 1 });
  let nowMs = SUITE_NOW_MS;
  const privateKey = newKey();
  const open = (): Sender =>
    apns.open(
      { ...settings(fake.url), privateKey },
      { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => nowMs },
    );
  const senders = [open(), open()];
  t.after(() => Promise.all([...senders.map((sender) => sender.close()), http.close(), fake.close()]));
  const token = () => String(fake.last().headers.authorization).replace(/^bearer /, '');
  const after = async (sender: Sender, atMs: number, ...answers: FakeAnswer[]) => {
    nowMs = SUITE_NOW_MS + atMs;
    fake.answerNext(...(answers.length ? answers : [accepted]));
    const outcome = await sender.send(message);
    return { outcome, token: token() };
  };

  const first = await after(senders[0]!, 0);
  const { payload, protectedHeader } = await jwtVerify(first.token, createPublicKey(privateKey), {
    currentDate: new Date(SUITE_NOW_MS),
  });
  deepEqual(protectedHeader, { alg: 'ES256', kid: 'ABC123DEFG' });
  deepEqual(payload, { iss: 'DEF123GHIJ', iat: Math.floor(SUITE_NOW_MS / 1000) });

  equal((await after(senders[0]!, 39 * MINUTE_MS)).token, first.token);
  equal((await after(senders[1]!, 39 * MINUTE_MS)).token, first.token, 'another sender with the key');
  const second = await after(senders[1]!, 40 * MINUTE_MS);
  notEqual(second.token, first.token);
  equal((await after(senders[0]!, 41 * MINUTE_MS)).token, second.token);

  const expired = failure(403, 'ExpiredProviderToken');
  const early = await after(senders[0]!, 59 * MINUTE_MS, expired);
  deepEqual([early.outcome.kind, early.token], ['deferred', second.token]);
  const renewed = await after(senders[0]!, 61 * MINUTE_MS, expired, accepted);
  equal(renewed.outcome.kind, 'accepted');
  notEqual(renewed.token, second.token);
  deepEqual(fake.violations(), []);
});

test('tokens that expire under many messages at once are renewed once', async (t) => {
  const fake = await startFakeHttp2();
  const http = httpClient({ connections: 1 });
  let nowMs = SUITE_NOW_MS;
  const sender = apns.open(
    { ...settings(fake.url), privateKey: newKey() },
    { http, deadlineMs: 10_000, nowMs: () => nowMs },
  );
  t.after(() => Promise.all([sender.close(), http.close(), fake.close()]));
  fake.answerNext(accepted);
  await sender.send(message);
  nowMs += 30 * MINUTE_MS;
  const many = Array.from({ length: 20 }, () => message);
  fake.answerNext(
    ...many.map((): FakeAnswer => failure(403, 'ExpiredProviderToken')),
    ...many.map(() => accepted),
  );
  const outcomes = await Promise.all(many.map((one) => sender.send(one)));
  deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['accepted']));
  equal(new Set(fake.requests.map(({ headers }) => headers.authorization)).size, 2);
});

test('every row of the table gives the outcome of its class', async (t) => {
  await withFake(t, async (fake, send) => {
    for (const [reason, status, meaning] of APNS_REASONS) {
      fake.answerNext(failure(status, reason));
      const outcome = await send();
      const kind = meaning === 'recipient' || meaning === 'content' ? 'refused' : 'deferred';
      ok(outcome.kind === kind, reason);
      deepEqual([outcome.code, outcome.class], [reason, meaning]);
    }
  });
});

test('what Apple says about when: since when a device is gone, and how long to wait', async (t) => {
  await withFake(t, async (fake, send) => {
    fake.answerNext(
      failure(410, 'Unregistered', { timestamp: SUITE_NOW_MS }),
      failure(410, 'Unregistered', { timestamp: 1e300 }),
      failure(503, 'ServiceUnavailable'),
      failure(503, 'Shutdown'),
    );
    const gone = await send();
    ok(gone.kind === 'refused' && gone.detail.endsWith('since 2026-11-20T08:32:53.000Z'));
    equal((await send()).kind, 'refused');
    const [fault, stopping] = [await send(), await send()];
    equal('retryAfterMs' in fault && fault.retryAfterMs, 15 * MINUTE_MS);
    equal('retryAfterMs' in stopping, false);
  });
});

test('reasons that are not in the table, and answers that are not Apple’s', async (t) => {
  await withFake(t, async (fake, send) => {
    const cases: [FakeAnswer, string, string | undefined][] = [
      [failure(400, 'BadSomethingNew'), 'refused', 'content'],
      [failure(403, 'BadSomethingNew'), 'deferred', 'config'],
      [failure(410, 'GoneSomehow'), 'refused', 'recipient'],
      [failure(429, 'TooManyThings'), 'deferred', 'rate'],
      [failure(500, 'NewFault'), 'deferred', 'transient'],
      [{ status: 200 }, 'unclear', undefined],
      [{ status: 502, body: '<html>' }, 'unclear', undefined],
      [{ status: 404, body: '<html>' }, 'deferred', 'config'],
      [{ status: 301, headers: { location: '/x' } }, 'deferred', 'config'],
      [{ status: 413, body: 'too large' }, 'deferred', 'transient'],
      [{ status: 400, body: '{"reason":7}' }, 'deferred', 'transient'],
    ];
    for (const [answer, kind, meaning] of cases) {
      fake.answerNext(answer);
      const outcome = await send();
      equal(outcome.kind, kind, JSON.stringify(answer));
      equal('class' in outcome ? outcome.class : undefined, meaning, JSON.stringify(answer));
    }
  });
});

test('a token of the other environment is sent there; what neither knows is dead, and one that cannot say keeps it', async (t) => {
  const [fake, other] = [
    await startFakeHttp2({ check: wrongWith }),
    await startFakeHttp2({ check: wrongWith }),
  ];
  t.after(async () => void (await Promise.all([fake.close(), other.close()])));
  const both = (url: string): Settings => ({ ...settings(url), otherBaseUrl: other.url });
  const bad = failure(400, 'BadDeviceToken');
  await withSender({ adapter: apns, settings: both }, fake.url, async (sender) => {
    const after = async (own: FakeAnswer, elsewhere?: FakeAnswer) => {
      const before = other.requests.length;
      fake.answerNext(own);
      if (elsewhere) other.answerNext(elsewhere);
      const outcome = await sender.send(message);
      equal(other.requests.length - before, elsewhere ? 1 : 0);
      return 'code' in outcome ? `${outcome.kind} ${outcome.code}` : outcome.kind;
    };
    equal(await after(bad, accepted), 'accepted');
    deepEqual(other.last().headers['apns-id'], fake.last().headers['apns-id']);
    equal(await after(bad, bad), 'refused BadDeviceToken');
    equal(await after(bad, failure(400, 'DeviceTokenNotForTopic')), 'refused BadDeviceToken');
    equal(await after(bad, failure(410, 'Unregistered')), 'refused Unregistered');
    equal(await after(bad, failure(403, 'BadEnvironmentKeyInToken')), 'refused BadDeviceToken');
    equal(await after(bad, failure(503, 'Shutdown')), 'deferred Shutdown');
    equal(await after(failure(410, 'Unregistered')), 'refused Unregistered');
    equal(await after(accepted), 'accepted');
    await other.close();
    fake.answerNext(bad);
    const alone = await sender.send(message);
    equal('code' in alone && alone.code, 'BadDeviceToken', 'who cannot be reached keeps nothing alive');
  });
  deepEqual([fake.violations(), other.violations()], [[], []]);
});

test('a connection lost before a push left: deferred; after: unclear', async (t) => {
  const fake = await startFakeHttp2({ maxConcurrentStreams: 1 });
  t.after(() => fake.close());
  await withSender({ adapter: apns, settings }, fake.url, async (sender) => {
    fake.answerNext('hang', accepted);
    const calls = [sender.send(message), sender.send(message)];
    await until('the first push', () => fake.count() === 1);
    fake.sessions[0]!.destroy();
    // The second had not left: it goes over a new connection.
    deepEqual(
      (await Promise.all(calls)).map(({ kind }) => kind),
      ['unclear', 'accepted'],
    );
    fake.answerNext('hang');
    const refusedStream = sender.send(message);
    await until('the third push', () => fake.count() === 3);
    fake.sessions[1]!.goaway(0, 1, Buffer.from('{"reason":"Shutdown"}'));
    const outcome = await refusedStream;
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'transient']);
  });
});

test('the table says what the contract says', () => {
  const facts = Object.entries(APNS_REASONS_BY_CLASS).flatMap(([meaning, reasons]) =>
    reasons.map((reason) => `${reason} ${meaning}`),
  );
  deepEqual(
    APNS_REASONS.map(([reason, status, meaning]) => `${status} ${reason} ${meaning}`).sort(),
    facts.sort(),
  );
});

test('the document explains every reason and setting', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/apns.md'), 'utf8');
  for (const [reason, status, meaning] of APNS_REASONS)
    ok(
      new RegExp(`\\| ${reason} \\| ${status} \\|[^\\n]*\\| ${meaning} \\|`).test(doc),
      `${reason} ${meaning} is not in docs/channels/apns.md`,
    );
  for (const name of Object.keys(apns.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
  for (const code of ['payload_too_large', 'wrong_address', 'bad_address', 'bad_key'])
    ok(doc.includes(`\`${code}\``), `${code} is not in the document`);
});
