/** FCM over a real HTTP/2 socket against its contract; the sign-in at Google over HTTP; every row of the table. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { jwtVerify } from 'jose';
import { httpClient } from '../../base/http.ts';
import type { Outcome, Outgoing, Sender, Settings } from '../adapter.ts';
import type { Push } from '../kit/pushPayload.ts';
import { conformance, SUITE_DEADLINE_MS, SUITE_NOW_MS } from '../testing/conformance.ts';
import { contractOf } from '../testing/contract.ts';
import { FCM, FCM_CODES_BY_CLASS } from '../testing/contracts/fcm.ts';
import { deadUrl, type FakeAnswer, type FakeHttp, startFake } from '../testing/fake.ts';
import { type FakeHttp2, startFakeHttp2 } from '../testing/fakeHttp2.ts';
import { fcm } from './adapter.ts';
import { FCM_CODES } from './outcomes.ts';

const PEM = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;
const EMAIL = 'push@example-project.iam.gserviceaccount.com';
const NAME = 'projects/example-project/messages/0:1500415314455276%31bd1c9631bd1c96';
const contract = await contractOf(FCM);

const account = (tokenUrl: string, change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    type: 'service_account',
    project_id: 'example-project',
    private_key_id: 'k1',
    private_key: PEM,
    client_email: EMAIL,
    token_uri: tokenUrl,
    ...change,
  });
const push: Push = { channel: 'push', title: 'Zon & zee ☀', body: 'Tot "morgen"' };
const message: Outgoing = {
  ref: '2s.k9.1',
  idempotencyKey: 'key_01',
  to: 'fcm:fAKE_token:APA91b-x',
  rendered: push,
  callbackUrl: 'https://msg.example.org/callbacks/1/k/status?ref=2s.k9.1',
};
const accepted: FakeAnswer = { status: 200, body: JSON.stringify({ name: NAME }) };
const granted = (token: string, expiresInS = 3599): FakeAnswer => ({
  status: 200,
  body: JSON.stringify({ access_token: token, expires_in: expiresInS, token_type: 'Bearer' }),
});

/** An error as FCM writes it: the rpc status around, its own code within. */
function failure(
  status: number,
  code: string,
  more: { message?: string; details?: object[]; rpc?: string } = {},
): FakeAnswer {
  const own = { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code };
  return {
    status,
    body: JSON.stringify({
      error: {
        code: status,
        message: more.message ?? 'no',
        status: more.rpc ?? code,
        details: more.details ?? [own],
      },
    }),
  };
}
const unauthenticated = failure(401, 'UNAUTHENTICATED', { details: [] });

type Stage = {
  fake: FakeHttp2;
  google: FakeHttp;
  sender: Sender;
  send: (change?: Partial<Outgoing>) => Promise<Outcome>;
  atMs: (ms: number) => void;
  /** What the last message was. */
  sent: () => Record<string, unknown> & { android: Record<string, unknown> };
};

/** A sender with a Google to sign in at; its clock stands where `atMs` put it. */
async function setUp(
  t: TestContext,
  more: Settings = {},
  grants: FakeAnswer[] = [granted('ya29.first')],
): Promise<Stage> {
  const fake = await startFakeHttp2({ contract });
  const google = await startFake();
  google.answerNext(...grants);
  const http = httpClient({ connections: 4 });
  let nowMs = SUITE_NOW_MS;
  const sender = fcm.open(
    { serviceAccount: account(`${google.url}/token`), baseUrl: fake.url, ...more },
    { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => nowMs },
  );
  t.after(async () => {
    await sender.close();
    await Promise.all([fake.close(), google.close(), http.close()]);
    deepEqual(fake.violations(), []);
    deepEqual(google.violations(), []);
  });
  return {
    fake,
    google,
    sender,
    send: (change = {}) => sender.send({ ...message, ...change }),
    atMs: (ms) => (nowMs = SUITE_NOW_MS + ms),
    sent: () => (JSON.parse(fake.last().body) as { message: ReturnType<Stage['sent']> }).message,
  };
}

/** Compiling the schema takes longer than the suite's deadline, so it is done before. */
const SEND = { method: 'POST', path: '/v1/projects/p/messages:send' };
contract?.request({ ...SEND, contentType: 'application/json', body: '{}' });
contract?.response({ ...SEND, status: 200, body: '{}' });
contract?.response({ ...SEND, status: 400, body: '{}' });

test('the FCM adapter keeps the adapter contract', async (t) => {
  const fake = await startFakeHttp2({ contract });
  const google = await startFake();
  t.after(() => Promise.all([fake.close(), google.close()]));
  // Each case opens a sender of its own, which signs in.
  google.answerNext(...Array.from({ length: 30 }, () => granted('ya29.suite')));
  await conformance(t, {
    adapter: fcm,
    fake,
    settings: (url) => ({ serviceAccount: account(`${google.url}/token`), baseUrl: url }),
    message,
    success: { answer: accepted, externalIds: [NAME], receipts: false },
    refused: {
      answer: failure(404, 'UNREGISTERED', { rpc: 'NOT_FOUND' }),
      code: 'UNREGISTERED',
      class: 'recipient',
    },
    transient: { answer: failure(503, 'UNAVAILABLE'), code: 'UNAVAILABLE', class: 'transient' },
    throttled: {
      answer: {
        ...failure(429, 'QUOTA_EXCEEDED', { rpc: 'RESOURCE_EXHAUSTED' }),
        headers: { 'retry-after': '7' },
      },
      code: 'QUOTA_EXCEEDED',
      retryAfterMs: 7000,
    },
    broken: { answer: failure(500, 'INTERNAL'), kind: 'deferred' },
    echo: (secret) =>
      failure(403, 'PERMISSION_DENIED', { message: `account ${secret}\nand ${PEM} and ya29.suite` }),
  });
  deepEqual(fake.violations(), []);
});

test('what is sent', async (t) => {
  const { fake, send, sent } = await setUp(t);
  const after = async (change: Partial<Outgoing>) => {
    fake.answerNext(accepted);
    deepEqual(await send(change), { kind: 'accepted', externalIds: [NAME], receipts: false });
    return sent();
  };
  await t.test('N29: title and text as written, to that device of that project', async () => {
    deepEqual(await after({}), {
      token: 'fAKE_token:APA91b-x',
      notification: { title: push.title, body: push.body },
      data: { ref: message.ref },
      android: { priority: 'HIGH', notification: { tag: message.ref } },
      apns: {
        headers: { 'apns-collapse-id': message.ref, 'apns-push-type': 'alert', 'apns-priority': '10' },
        payload: { aps: { sound: 'default' }, _oid: message.ref },
      },
      webpush: {
        headers: { Topic: (await after({})).webpush && topicSeen(sent()), Urgency: 'high' },
        notification: { tag: message.ref },
      },
    });
    equal(fake.last().path, '/v1/projects/example-project/messages:send');
    equal(fake.last().headers.authorization, 'Bearer ya29.first');
  });
  await t.test('an installation id is sent as one', async () => {
    const { fid, token } = await after({ to: 'fid:cXyZ-1_2' });
    deepEqual([fid, token], ['cXyZ-1_2', undefined]);
  });
  await t.test('everything a push can have, for each platform', async () => {
    const rendered: Push = {
      ...push,
      badge: 2,
      category: 'CHAT',
      imageUrl: 'https://x.example/1.jpg',
      deepLink: 'https://x.example/c/1',
      collapseKey: 'order-7',
      actions: [{ id: 'YES', title: 'Ja' }],
      data: { order: '7', from: 'x', 'google.a': 'x', message_type: 'x', deepLink: 'other' },
    };
    deepEqual(await after({ rendered, ttlS: 90.7, messageClass: 'marketing' }), {
      token: 'fAKE_token:APA91b-x',
      notification: { title: push.title, body: push.body, image: 'https://x.example/1.jpg' },
      data: {
        order: '7',
        ref: message.ref,
        deepLink: 'https://x.example/c/1',
        category: 'CHAT',
        actions: '[{"id":"YES","title":"Ja"}]',
      },
      android: {
        priority: 'NORMAL',
        ttl: '90s',
        collapseKey: 'order-7',
        notification: { tag: 'order-7', notificationCount: 2 },
      },
      apns: {
        headers: {
          'apns-collapse-id': 'order-7',
          'apns-push-type': 'alert',
          'apns-priority': '5',
          'apns-expiration': String(Math.ceil(SUITE_NOW_MS / 1000) + 90),
        },
        payload: {
          aps: { badge: 2, category: 'CHAT', sound: 'default', 'mutable-content': 1 },
          _oid: message.ref,
          _odl: 'https://x.example/c/1',
        },
        fcmOptions: { image: 'https://x.example/1.jpg' },
      },
      webpush: {
        headers: { Topic: 'order-7', Urgency: 'normal', TTL: '90' },
        notification: { tag: 'order-7', actions: [{ action: 'YES', title: 'Ja' }] },
        fcmOptions: { link: 'https://x.example/c/1' },
      },
    });
  });
  await t.test('a silent push is data alone', async () => {
    const rendered: Push = {
      channel: 'push',
      body: 'note',
      silent: true,
      data: { sync: '1' },
      deepLink: 'app://1',
    };
    const { notification, data, android, apns } = await after({ rendered });
    deepEqual([notification, android], [undefined, { priority: 'NORMAL' }]);
    deepEqual(data, { sync: '1', ref: message.ref, deepLink: 'app://1', body: 'note' });
    deepEqual((apns as { payload: unknown }).payload, {
      aps: { 'content-available': 1 },
      _oid: message.ref,
      _odl: 'app://1',
    });
  });
  await t.test('a lifetime is within what FCM takes', async () => {
    equal((await after({ ttlS: 1e9 })).android.ttl, '2419200s');
    equal((await after({ ttlS: -1 })).android.ttl, '0s');
  });
  await t.test('all over one connection', () => equal(fake.sessions.length, 1));
});

test('O4 to an app with Outbound’s library for Android a push goes as data, which that shows and tells of', async (t) => {
  const { fake, send, sent } = await setUp(t, { outboundLibrary: true });
  const after = async (rendered: Push) => {
    fake.answerNext(accepted);
    deepEqual(await send({ rendered }), { kind: 'accepted', externalIds: [NAME], receipts: false });
    return sent();
  };
  const shown: Push = {
    ...push,
    category: 'CHAT',
    deepLink: 'app://1',
    collapseKey: 'order-7',
    data: { order: '7' },
  };
  const { notification, data, android, apns, webpush } = await after(shown);
  // With one the device would show it by itself, and the library would hear nothing of it.
  deepEqual([notification, (android as { notification?: unknown }).notification], [undefined, undefined]);
  deepEqual(data, { order: '7', ref: message.ref, deepLink: 'app://1', category: 'CHAT' });
  const { _onid, ...told } = (android as { data: Record<string, string> }).data;
  deepEqual(told, {
    ...(data as object),
    _oid: message.ref,
    _oq: 'false',
    _odl: 'app://1',
    title: push.title,
    body: push.body,
    payload: '{"order":"7"}',
    _soundDefault: 'true',
  });
  const number = Number(_onid);
  ok(String(number | 0) === _onid && number >= 0, `${_onid} is an int of Java`);
  const numberOf = async (one: Push) =>
    ((await after(one)).android as { data: Record<string, string> }).data._onid;
  equal(await numberOf({ ...shown, body: 'changed' }), _onid);
  ok((await numberOf({ ...shown, collapseKey: 'order-8' })) !== _onid);
  // Elsewhere it is seen as before.
  const { aps } = (apns as { payload: { aps: Record<string, unknown> } }).payload;
  deepEqual(aps['alert'], { title: push.title, body: push.body });
  const { title, body } = (webpush as { notification: Record<string, unknown> }).notification;
  deepEqual([title, body], [push.title, push.body]);
  // Nothing is shown of what is silent; a ghost is what asks whether the app is still there.
  const ghost = await after({ channel: 'push', body: '', silent: true, data: { _ogp: 'true' } });
  const { _oid, _oq, _ogp } = (ghost.android as { data: Record<string, string> }).data;
  deepEqual([_oid, _oq, _ogp], [message.ref, 'true', 'true']);
  const outcome = await send({ rendered: { ...push, data: { x: 'x'.repeat(2100) } } });
  deepEqual(outcome.kind === 'refused' && outcome.code, 'payload_too_large');
});

/** A ref is no Topic as it is, so it is hashed; the form is all that matters here. */
function topicSeen(sent: Record<string, unknown>): string {
  const { Topic } = (sent.webpush as { headers: { Topic: string } }).headers;
  ok(/^[A-Za-z0-9_-]{32}$/.test(Topic));
  return Topic;
}

test('what FCM would refuse is not sent', async (t) => {
  const { fake, google, send } = await setUp(t, {}, []);
  const said = async (change: Partial<Outgoing>) => {
    const outcome = await send(change);
    return outcome.kind === 'refused' ? [outcome.code, outcome.class] : [outcome.kind];
  };
  for (const to of ['apns:a1a1', 'webpush:e30', 'fcm:', 'fid:', 'fcm:a b', 'a b'])
    deepEqual(await said({ to }), ['wrong_address', 'content'], to);
  deepEqual(await said({ rendered: { channel: 'sms', text: 'x' } }), ['wrong_channel', 'content']);
  deepEqual(await said({ rendered: { ...push, body: 'x'.repeat(4096) } }), ['payload_too_large', 'content']);
  deepEqual(await said({ rendered: { ...push, data: { a: '☀'.repeat(1400) } } }), [
    'payload_too_large',
    'content',
  ]);
  deepEqual([fake.count(), google.count()], [0, 0]);
});

test('the sign-in: an RS256 claim, one token for all, until five minutes before its end', async (t) => {
  const { fake, google, send, atMs } = await setUp(t, {}, [granted('ya29.first'), granted('ya29.second')]);
  const many = Array.from({ length: 10 }, () => accepted);
  fake.answerNext(...many, accepted, accepted);
  await Promise.all(many.map(() => send()));
  equal(google.count(), 1);
  const form = new URLSearchParams(google.last().body);
  equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const { payload, protectedHeader } = await jwtVerify(form.get('assertion')!, createPublicKey(PEM), {
    currentDate: new Date(SUITE_NOW_MS),
    audience: `${google.url}/token`,
    issuer: EMAIL,
    subject: EMAIL,
  });
  deepEqual(protectedHeader, { alg: 'RS256', typ: 'JWT', kid: 'k1' });
  deepEqual(
    [payload.scope, payload.exp! - payload.iat!],
    ['https://www.googleapis.com/auth/firebase.messaging', 3600],
  );

  atMs((3599 - 301) * 1000);
  await send();
  deepEqual([google.count(), fake.last().headers.authorization], [1, 'Bearer ya29.first']);
  atMs((3599 - 300) * 1000);
  await send();
  deepEqual([google.count(), fake.last().headers.authorization], [2, 'Bearer ya29.second']);
});

test('a token that is not accepted is replaced once; then the integration is to be mended', async (t) => {
  const { fake, google, send } = await setUp(t, {}, [
    granted('ya29.first'),
    granted('ya29.second'),
    granted('ya29.third'),
  ]);
  fake.answerNext(unauthenticated, accepted);
  equal((await send()).kind, 'accepted');
  deepEqual(
    fake.requests.map(({ headers }) => headers.authorization),
    ['Bearer ya29.first', 'Bearer ya29.second'],
  );
  fake.answerNext(unauthenticated, unauthenticated);
  const outcome = await send();
  deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'config']);
  deepEqual([google.count(), fake.count()], [3, 4]);
  // What is wrong is not the token but a key of the project: a new token would change nothing.
  fake.answerNext(failure(401, 'THIRD_PARTY_AUTH_ERROR', { rpc: 'UNAUTHENTICATED' }));
  const third = await send();
  deepEqual([third.kind, 'code' in third && third.code], ['deferred', 'THIRD_PARTY_AUTH_ERROR']);
  deepEqual([google.count(), fake.count()], [3, 5]);
});

test('a sign-in that fails: nothing has left, and it is asked again the next time', async (t) => {
  const { fake, google, send } = await setUp(t, {}, []);
  const refusal = (status: number, error: string): FakeAnswer => ({
    status,
    body: JSON.stringify({ error, error_description: `Invalid ${PEM}` }),
  });
  const cases: [FakeAnswer | 'hang' | 'reset' | 'html', string, string, number | undefined][] = [
    [refusal(400, 'invalid_grant'), 'sign_in_invalid_grant', 'config', undefined],
    [refusal(401, 'invalid_client'), 'sign_in_invalid_client', 'config', undefined],
    [{ status: 404, body: '<html>' }, 'sign_in_http_404', 'config', undefined],
    [{ status: 429, headers: { 'retry-after': '9' } }, 'sign_in_http_429', 'rate', 9000],
    [{ status: 503, headers: { 'retry-after': '3' } }, 'sign_in_http_503', 'transient', 3000],
    [{ status: 200, body: '{"access_token":"a\\r\\nb"}' }, 'sign_in_http_200', 'transient', undefined],
    ['html', 'sign_in_http_200', 'transient', undefined],
    ['hang', 'sign_in_unreachable', 'transient', undefined],
    ['reset', 'sign_in_unreachable', 'transient', undefined],
  ];
  for (const [answer, code, meaning, waitMs] of cases) {
    google.answerNext(answer);
    const outcome = await send();
    ok(outcome.kind === 'deferred', code);
    deepEqual([outcome.code, outcome.class, outcome.retryAfterMs], [code, meaning, waitMs]);
    ok(!outcome.detail.includes('PRIVATE KEY'), 'the key is not repeated');
  }
  equal(fake.count(), 0);
  google.answerNext(granted('ya29.last'));
  fake.answerNext(accepted);
  equal((await send()).kind, 'accepted');
});

test('a service account that is none holds the integration and says what is wrong', async (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  const cases: [string, RegExp][] = [
    ['', /not the JSON/],
    ['ya29.nonsense', /not the JSON/],
    [account('x', { client_email: undefined }), /no client_email/],
    [account('x', { project_id: '' }), /no project_id/],
    [account('x', { private_key: 'nonsense' }), /not a key in PEM/],
    [account('x', { private_key: ec }), /not an RSA key/],
  ];
  for (const [serviceAccount, reason] of cases) {
    const { send } = await setUp(t, { serviceAccount }, []);
    const outcome = await send();
    ok(outcome.kind === 'deferred' && outcome.class === 'config');
    ok(reason.test(outcome.detail), outcome.detail);
  }
  const { send } = await setUp(t, { serviceAccount: account('nowhere') }, []);
  const outcome = await send();
  deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'config']);
});

test('another project than that of the account', async (t) => {
  const { fake, send } = await setUp(t, { projectId: 'other-project' });
  fake.answerNext(accepted);
  await send();
  equal(fake.last().path, '/v1/projects/other-project/messages:send');
});

test('every row of the table gives the outcome of its class', async (t) => {
  const { fake, google, send } = await setUp(t);
  google.answerNext(granted('ya29.second'));
  for (const [code, status, meaning] of FCM_CODES) {
    const answer = failure(status, code);
    fake.answerNext(answer);
    // A new token is tried first.
    if (meaning === 'refresh_token') fake.answerNext(answer);
    const outcome = await send();
    const kind = meaning === 'recipient' || meaning === 'content' ? 'refused' : 'deferred';
    ok(outcome.kind === kind, code);
    deepEqual([outcome.code, outcome.class], [code, meaning === 'refresh_token' ? 'config' : meaning]);
  }
});

test('an invalid argument gives the address up only when it is the address', async (t) => {
  const { fake, send } = await setUp(t);
  const violation = (field: string) => [
    { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'INVALID_ARGUMENT' },
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description: 'x' }] },
  ];
  const cases: [Parameters<typeof failure>[2], string][] = [
    [{ details: violation('message.token') }, 'recipient'],
    [{ details: violation('message.fid') }, 'recipient'],
    [{ message: 'The registration token is not a valid FCM registration token' }, 'recipient'],
    [{ details: violation('message.data[0].value'), message: 'message.token looks fine' }, 'content'],
    [{ message: 'Request contains an invalid argument.' }, 'content'],
    [{ message: 'Android message is too big', details: [] }, 'content'],
  ];
  for (const [more, meaning] of cases) {
    fake.answerNext(failure(400, 'INVALID_ARGUMENT', more));
    const outcome = await send();
    ok(outcome.kind === 'refused');
    equal(outcome.class, meaning, JSON.stringify(more));
  }
});

test('codes that are not in the table, and answers that are not FCM’s', async (t) => {
  const { fake, send } = await setUp(t, {}, [granted('ya29.first'), granted('ya29.second')]);
  const page = (status: number, headers = {}): FakeAnswer => ({
    status,
    headers,
    body: '<html>Error</html>',
  });
  const cases: [FakeAnswer, string, string | undefined, number?][] = [
    [failure(400, 'NEW_CODE'), 'refused', 'content'],
    [failure(403, 'NEW_CODE'), 'deferred', 'config'],
    [failure(500, 'NEW_CODE'), 'deferred', 'transient'],
    [failure(404, 'NOT_FOUND', { details: [] }), 'deferred', 'config'],
    [failure(429, 'QUOTA_EXCEEDED'), 'deferred', 'rate', 60_000],
    [failure(429, 'RESOURCE_EXHAUSTED', { details: [] }), 'deferred', 'rate', 60_000],
    [failure(504, 'DEADLINE_EXCEEDED', { details: [] }), 'unclear', undefined],
    [failure(503, 'UNSPECIFIED_ERROR', { rpc: 'UNAVAILABLE' }), 'deferred', 'transient'],
    [{ ...failure(503, 'UNAVAILABLE'), headers: { 'retry-after': '12' } }, 'deferred', 'transient', 12_000],
    [page(502), 'deferred', 'transient'],
    [page(503, { 'retry-after': '5' }), 'deferred', 'transient', 5000],
    [page(504), 'unclear', undefined],
    [page(429), 'deferred', 'rate', 60_000],
    [page(404), 'deferred', 'config'],
    [page(413), 'deferred', 'transient'],
    [{ status: 200, body: '{"name":7}' }, 'unclear', undefined],
  ];
  for (const [answer, kind, meaning, waitMs] of cases) {
    fake.answerNext(answer);
    const outcome = await send();
    fake.violations();
    equal(outcome.kind, kind, JSON.stringify(answer));
    equal('class' in outcome ? outcome.class : undefined, meaning, JSON.stringify(answer));
    equal('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined, waitMs, JSON.stringify(answer));
  }
});

test('FCM cannot be reached although the sign-in can: deferred', async (t) => {
  const dead = await deadUrl('http://127.0.0.1:1');
  const { send } = await setUp(t, { baseUrl: dead });
  const outcome = await send();
  deepEqual([outcome.kind, 'code' in outcome && outcome.code], ['deferred', 'unreachable']);
});

test('the table says what the contract says', () => {
  const facts = Object.entries(FCM_CODES_BY_CLASS).flatMap(([meaning, codes]) =>
    codes.map((code) => `${code} ${meaning}`),
  );
  deepEqual(FCM_CODES.map(([code, http, meaning]) => `${http} ${code} ${meaning}`).sort(), facts.sort());
});

test('the document explains every code and setting', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/fcm.md'), 'utf8');
  for (const [code, status, meaning] of FCM_CODES)
    ok(
      new RegExp(`\\| ${code} \\| ${status} \\|[^\\n]*\\| ${meaning} \\|`).test(doc),
      `${code} ${meaning} is not in docs/channels/fcm.md`,
    );
  for (const name of Object.keys(fcm.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
  for (const code of ['payload_too_large', 'wrong_address', 'bad_service_account', 'sign_in_'])
    ok(doc.includes(code), `${code} is not in the document`);
});
