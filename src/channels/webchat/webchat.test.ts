/** The web chat's adapter: it has nobody to call, so little of the suite applies. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { Outgoing } from '../adapter.ts';
import { conformance, SUITE_DEADLINE_MS, SUITE_NOW_MS } from '../testing/conformance.ts';
import { startFake } from '../testing/fake.ts';
import { httpClient } from '../../base/http.ts';
import { webchat } from './adapter.ts';

const message: Outgoing = {
  ref: 'dlv_01',
  idempotencyKey: 'dlv_01',
  to: 'web:1',
  rendered: { channel: 'webchat', payload: { type: 'text', text: 'Hi' }, text: 'Hi' },
  callbackUrl: 'https://parley.example/callbacks/1',
};

test('conformance', async (t) => {
  const fake = await startFake();
  const never = { answer: { status: 599 }, code: '', class: 'content' as const };
  try {
    await conformance(t, {
      adapter: webchat,
      fake,
      callsNobody: true,
      settings: () => ({}),
      message,
      success: { answer: { status: 599 }, externalIds: [], receipts: true },
      refused: never,
      broken: { ...never, kind: 'unclear' },
    });
    equal(fake.count(), 0);
  } finally {
    await fake.close();
  }
});

test('a message for another channel is refused', async () => {
  const http = httpClient({ connections: 1 });
  const sender = webchat.open({}, { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS });
  deepEqual(await sender.send({ ...message, rendered: { channel: 'sms', text: 'Hi' } }), {
    kind: 'refused',
    code: 'wrong_channel',
    class: 'content',
    detail: 'not a message for the web chat',
  });
  await http.close();
});
