/** The generic channel, with its signatures checked by the reference library. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { CallbackRequest, Outgoing, Settings } from '../adapter.ts';
import { conformance, SUITE_NOW_MS, withSender } from '../testing/conformance.ts';
import { STANDARD_SIGNED } from '../testing/contracts/webhooks.ts';
import { startFake } from '../testing/fake.ts';
import { signatureHeaders, signingKey } from '../kit/standardWebhooks.ts';
import { webhook, WEBHOOK_ANSWERS } from './adapter.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const settings = (url: string): Settings => ({
  url: `${url}/in`,
  secret: SECRET,
  authorization: 'Bearer 0123456789',
  headers: { 'X-Team': 'blue', Host: 'evil.example', 'webhook-id': 'mine', 'X-Bad': 'a\r\nb' },
  receipts: true,
});
const message: Outgoing = {
  ref: 'dlv_01',
  idempotencyKey: 'key_01',
  to: 'room-7',
  rendered: { channel: 'webhook', text: 'Hi ☀', payload: { type: 'text', text: 'Hi ☀' } },
  callbackUrl: 'https://msg.example.org/callbacks/int_1/status?ref=dlv_01',
};

function signed(
  body: unknown,
  more: { secret?: string; atMs?: number; receivedAtMs?: number } = {},
): CallbackRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const at = new Date(more.atMs ?? SUITE_NOW_MS);
  const signature = new Webhook(more.secret ?? SECRET).sign('evt_1', at, text);
  return {
    method: 'POST',
    url: 'https://msg.example.org/callbacks/int_1/inbound',
    purpose: 'inbound',
    query: {},
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signature,
    },
    body: Buffer.from(text),
    receivedAtMs: more.receivedAtMs ?? SUITE_NOW_MS + 1000,
  };
}

const receipt = { type: 'receipt', ref: 'dlv_01', state: 'delivered', at: '2026-11-20T08:32:53Z' };
const incoming = {
  type: 'message',
  id: 'msg_9',
  from: 'room-7',
  to: 'desk',
  text: 'Ja ☀',
  media: [{ url: 'https://x.example/1.jpg', mediaType: 'image/jpeg' }],
  profileName: 'Ada',
  replyTo: 'their_1',
  payload: 'YES',
  raw: { floor: 3 },
};

test('the webhook adapter keeps the adapter contract', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  const genuine = signed(receipt);
  await conformance(t, {
    adapter: webhook,
    fake,
    settings,
    message,
    success: { answer: { status: 202, body: '{"id":"their_1"}' }, externalIds: ['their_1'], receipts: true },
    refused: { answer: { status: 410, body: '{"error":"left"}' }, code: 'http_410', class: 'recipient' },
    transient: { answer: { status: 502 }, code: 'http_502', class: 'transient' },
    throttled: {
      answer: { status: 429, headers: { 'retry-after': 'Fri, 20 Nov 2026 08:33:03 GMT' } },
      code: 'http_429',
      retryAfterMs: 10_000,
    },
    broken: { answer: { status: 500, body: '<html>' }, kind: 'deferred' },
    // Any 2xx is a yes, whatever its body.
    malformed: { html: 'accepted', empty: 'accepted' },
    echo: (secret) => ({ status: 400, body: JSON.stringify({ error: `what is ${secret}?` }) }),
    callbacks: {
      genuine: [
        {
          name: 'receipt',
          request: genuine,
          receipts: [{ ref: 'dlv_01', state: 'delivered', atMs: SUITE_NOW_MS }],
        },
        {
          name: 'message',
          request: signed(incoming),
          inbound: [
            {
              externalId: 'msg_9',
              from: 'room-7',
              to: 'desk',
              text: 'Ja ☀',
              media: incoming.media,
              profileName: 'Ada',
              replyTo: 'their_1',
              payload: 'YES',
              raw: { floor: 3 },
            },
          ],
        },
        {
          name: 'several at once',
          request: signed({
            events: [
              incoming,
              {
                type: 'receipt',
                ref: 'dlv_01',
                id: 'their_1',
                state: 'failed',
                code: 'gone',
                class: 'recipient',
                detail: 'left',
              },
              { type: 'receipt', ref: 'dlv_02', state: 'failed' },
            ],
          }),
          inbound: [{ externalId: 'msg_9' }],
          receipts: [
            {
              ref: 'dlv_01',
              externalId: 'their_1',
              state: 'failed',
              code: 'gone',
              class: 'recipient',
              detail: 'left',
            },
            { ref: 'dlv_02', state: 'failed', code: 'failed', class: 'content' },
          ],
        },
      ],
      forged: [
        {
          name: 'other secret',
          request: signed(receipt, { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx' }),
        },
        { name: 'changed body', request: { ...genuine, body: Buffer.from('{}') } },
        { name: 'no signature', request: { ...genuine, headers: {} } },
        { name: 'too old', request: signed(receipt, { receivedAtMs: SUITE_NOW_MS + 301_000 }) },
        { name: 'from the future', request: signed(receipt, { receivedAtMs: SUITE_NOW_MS - 301_000 }) },
        {
          name: 'other id',
          request: { ...genuine, headers: { ...genuine.headers, 'webhook-id': 'evt_2' } },
        },
      ],
      malformed: [
        { name: 'no JSON', request: signed('hello') },
        { name: 'unknown type', request: signed({ type: 'dance' }) },
        { name: 'unknown state', request: signed({ ...receipt, state: 'teleported' }) },
        { name: 'no ref', request: signed({ type: 'receipt', id: 'their_1', state: 'read' }) },
        { name: 'no from', request: signed({ ...incoming, from: '' }) },
        { name: 'media that is none', request: signed({ ...incoming, media: ['x'] }) },
        { name: 'a list with one bad event', request: signed({ events: [incoming, { type: 'dance' }] }) },
      ],
    },
  });
});

test('what is sent, and that the reference library verifies it', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  fake.answerNext({ status: 204 });
  const outcome = await withSender({ adapter: webhook, settings }, fake.url, (sender) =>
    sender.send({ ...message, ttlS: 60, messageClass: 'marketing' }),
  );
  deepEqual(outcome, { kind: 'accepted', externalIds: [], receipts: true });
  const { headers, body, path } = fake.last();
  equal(path, '/in');
  deepEqual(JSON.parse(body), {
    type: 'message',
    ref: 'dlv_01',
    to: 'room-7',
    text: 'Hi ☀',
    payload: { type: 'text', text: 'Hi ☀' },
    ttlS: 60,
    messageClass: 'marketing',
  });
  equal(headers['webhook-id'], 'key_01');
  equal(headers['webhook-timestamp'], String(Math.floor(SUITE_NOW_MS / 1000)));
  // The library compares with the machine's clock, so it signs again instead of verifying.
  const expected = new Webhook(SECRET).sign('key_01', new Date(SUITE_NOW_MS), body);
  equal(headers['webhook-signature'], expected);
  equal(headers['x-team'], 'blue');
  equal(headers.authorization, 'Bearer 0123456789');
  equal(headers.host, new URL(fake.url).host);
  equal(headers['x-bad'], undefined);
});

test('the vector of the contract', () => {
  const { secret, headers, body } = STANDARD_SIGNED;
  const nowMs = Number(headers['webhook-timestamp']) * 1000;
  deepEqual(signatureHeaders(signingKey(secret), { id: headers['webhook-id'], nowMs, body }), headers);
});

test('each answer has its meaning, and every one is in the document', async (t) => {
  const fake = await startFake();
  t.after(() => fake.close());
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/webhook.md'), 'utf8');
  await withSender({ adapter: webhook, settings }, fake.url, async (sender) => {
    const cases = [
      ...WEBHOOK_ANSWERS,
      [302, 'config', ''],
      [418, 'content', ''],
      [599, 'transient', ''],
    ] as const;
    for (const [status, meaning, title] of cases) {
      fake.answerNext({ status });
      const outcome = await sender.send(message);
      ok('class' in outcome);
      equal(outcome.class, meaning, String(status));
      if (title)
        ok(
          new RegExp(`\\| ${status} \\|[^\\n]*\\| ${meaning} \\|`).test(doc),
          `${status} is not in the document`,
        );
    }
  });
  for (const name of Object.keys(webhook.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
});
