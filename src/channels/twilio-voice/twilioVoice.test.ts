/** Twilio Voice against the contract, with TwiML as the official SDK writes it and signatures as it makes them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import twilioSdk from 'twilio';
import type { CallbackRequest, Outgoing, Settings } from '../adapter.ts';
import { conformance, SUITE_NOW_MS, withSender } from '../testing/conformance.ts';
import { contractOf } from '../testing/contract.ts';
import { TWILIO } from '../testing/contracts/twilio.ts';
import { startFake, type FakeAnswer } from '../testing/fake.ts';
import { TWILIO_CODES } from '../twilio/outcomes.ts';
import { twilioVoice } from './adapter.ts';
import { CALL_ENDS } from './callback.ts';

const AUTH_TOKEN = '0123456789abcdef0123456789abcdef';
const ACCOUNT = `AC${'a'.repeat(32)}`;
const SID = `CA${'b'.repeat(32)}`;
const STATUS_URL = 'https://msg.example.org/callbacks/int_1/status?ref=dlv_01';

const settings = (url: string): Settings => ({
  accountSid: ACCOUNT,
  authToken: AUTH_TOKEN,
  phoneNumber: '+3197010240000',
  language: 'nl-NL',
  voice: 'Polly.Lotte',
  baseUrl: url,
});
const say = 'Beste Ada & co, <test> "1"';
const message: Outgoing = {
  ref: 'dlv_01',
  idempotencyKey: 'key_01',
  to: '+31612345678',
  rendered: { channel: 'voice', say, gather: { digits: 1, prompt: 'Druk 9 om af te melden' } },
  callbackUrl: STATUS_URL,
};
const created: FakeAnswer = {
  status: 201,
  body: JSON.stringify({
    account_sid: ACCOUNT,
    answered_by: null,
    api_version: '2010-04-01',
    phone_number_sid: `PN${'c'.repeat(32)}`,
    sid: SID,
    status: 'queued',
    direction: 'outbound-api',
  }),
};
const failure = (status: number, code: number, text = 'no'): FakeAnswer => ({
  status,
  body: JSON.stringify({ code, message: text, more_info: '', status }),
});

function signed(fields: Record<string, string>, url = STATUS_URL, token = AUTH_TOKEN): CallbackRequest {
  return {
    method: 'POST',
    url,
    purpose: 'status',
    query: Object.fromEntries(new URL(url).searchParams),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': twilioSdk.getExpectedTwilioSignature(token, url, fields),
    },
    body: Buffer.from(new URLSearchParams(fields).toString()),
  };
}
const ended = (status: string, more: Record<string, string> = {}): Record<string, string> => ({
  CallSid: SID,
  AccountSid: ACCOUNT,
  From: '+3197010240000',
  To: '+31612345678',
  CallStatus: status,
  Direction: 'outbound-api',
  ApiVersion: '2010-04-01',
  Timestamp: 'Fri, 20 Nov 2026 08:32:53 +0000',
  SequenceNumber: '0',
  CallbackSource: 'call-progress-events',
  ...more,
});

const contract = await contractOf(TWILIO);

test('the Twilio Voice adapter keeps the adapter contract', async (t) => {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  const genuine = signed(ended('completed', { CallDuration: '12', AnsweredBy: 'human' }));
  const keys = signed(
    { ...ended('in-progress'), Digits: '9', FinishedOnKey: '' },
    `${STATUS_URL}&event=gather`,
  );
  await conformance(t, {
    adapter: twilioVoice,
    fake,
    settings,
    message,
    success: { answer: created, externalIds: [SID], receipts: true },
    refused: { answer: failure(400, 21214), code: '21214', class: 'recipient' },
    transient: { answer: failure(400, 21730), code: '21730', class: 'transient' },
    throttled: { answer: failure(429, 20429), code: '20429' },
    broken: { answer: failure(500, 20500), kind: 'unclear' },
    echo: (secret) => failure(401, 20003, `token ${secret}`),
    callbacks: {
      genuine: [
        {
          name: 'heard',
          request: genuine,
          receipts: [{ ref: 'dlv_01', externalId: SID, state: 'delivered', atMs: SUITE_NOW_MS }],
        },
        {
          name: 'keys',
          request: keys,
          receipts: [{ ref: 'dlv_01', externalId: SID, state: 'read' }],
          inbound: [
            {
              externalId: `${SID}-9`,
              from: '+31612345678',
              to: '+3197010240000',
              text: '9',
              payload: undefined,
              replyTo: SID,
            },
          ],
        },
      ],
      forged: [
        { name: 'other token', request: signed(ended('failed'), STATUS_URL, 'f'.repeat(32)) },
        { name: 'keys added', request: { ...keys, body: Buffer.from('Digits=1') } },
        { name: 'a status passed off as keys', request: { ...genuine, url: `${STATUS_URL}&event=gather` } },
        { name: 'no signature', request: { ...genuine, headers: {} } },
      ],
      malformed: [
        { name: 'unknown status', request: signed(ended('dancing')) },
        { name: 'no CallSid', request: signed({ CallStatus: 'busy' }) },
        { name: 'other purpose', request: { ...signed(ended('busy')), purpose: 'inbound' } },
      ],
    },
  });
});

test('what is called: TwiML as the official SDK writes it', async (t) => {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  const call = async (rendered: Outgoing['rendered'], more: Settings = {}) => {
    fake.answerNext(created);
    const spec = { adapter: twilioVoice, settings: (url: string) => ({ ...settings(url), ...more }) };
    const outcome = await withSender(spec, fake.url, (sender) => sender.send({ ...message, rendered }));
    deepEqual(fake.violations(), []);
    return { outcome, form: new URLSearchParams(fake.requests.at(-1)?.body) };
  };
  const expected = new twilioSdk.twiml.VoiceResponse();
  const how = { voice: 'Polly.Lotte' as const, language: 'nl-NL' as const };
  expected.say(how, say);
  expected
    .gather({
      input: ['dtmf'],
      numDigits: 1,
      timeout: 5,
      action: `${STATUS_URL}&event=gather`,
      method: 'POST',
    })
    .say(how, 'Druk 9 om af te melden');
  expected.hangup();
  // The SDK leaves quotes in text as they are; both are right.
  const plain = (xml: string) => xml.replaceAll('&quot;1&quot;', '"1"');
  const { form } = await call(message.rendered, { ringS: 30, machineDetection: 'DetectMessageEnd' });
  equal(plain(form.get('Twiml')!), plain(expected.toString()));
  form.delete('Twiml');
  deepEqual(Object.fromEntries(form), {
    From: '+3197010240000',
    Timeout: '30',
    MachineDetection: 'DetectMessageEnd',
    To: '+31612345678',
    StatusCallback: STATUS_URL,
  });
  const own = await call({ channel: 'voice', say: 'Hi\u0000\u000b you', voice: 'alice', language: 'en-GB' });
  ok(
    own.form
      .get('Twiml')!
      .endsWith('<Response><Say voice="alice" language="en-GB">Hi you</Say><Hangup/></Response>'),
  );
  const before = fake.count();
  const long = await withSender({ adapter: twilioVoice, settings }, fake.url, (sender) =>
    sender.send({ ...message, rendered: { channel: 'voice', say: '&'.repeat(1000) } }),
  );
  deepEqual([long.kind, 'code' in long && long.code, fake.count()], ['refused', 'too_long', before]);
});

test('how a call ends', () => {
  const cases: [Record<string, string>, string, string?, string?][] = [
    [ended('queued'), 'accepted'],
    [ended('initiated'), 'accepted'],
    [ended('ringing'), 'accepted'],
    [ended('in-progress'), 'accepted'],
    [ended('completed', { CallDuration: '3' }), 'delivered'],
    [ended('completed', { CallDuration: '3', AnsweredBy: 'unknown' }), 'delivered'],
    [ended('completed', { CallDuration: '9', AnsweredBy: 'machine_end_beep' }), 'delivered'],
    [
      ended('completed', { CallDuration: '9', AnsweredBy: 'machine_start' }),
      'failed',
      'machine',
      'transient',
    ],
    [
      ended('completed', { CallDuration: '9', AnsweredBy: 'machine_end_other' }),
      'failed',
      'machine',
      'transient',
    ],
    [ended('completed', { CallDuration: '9', AnsweredBy: 'fax' }), 'failed', 'fax', 'recipient'],
    [ended('completed', { CallDuration: '0' }), 'failed', 'not_heard', 'transient'],
    [ended('busy'), 'failed', 'busy', 'transient'],
    [ended('no-answer'), 'failed', 'no-answer', 'transient'],
    [ended('canceled'), 'failed', 'canceled', 'blocked'],
    [ended('failed'), 'failed', 'failed', 'transient'],
    [ended('failed', { SipResponseCode: '404' }), 'failed', 'sip_404', 'recipient'],
    [ended('failed', { SipResponseCode: '503' }), 'failed', 'failed', 'transient'],
    [ended('failed', { ErrorCode: '13224', SipResponseCode: '503' }), 'failed', '13224', 'recipient'],
    [ended('failed', { ErrorCode: '21215' }), 'failed', '21215', 'config'],
  ];
  for (const [fields, state, code, meaning] of cases) {
    const callback = twilioVoice.receive!(signed(fields), settings(''));
    ok(callback.kind === 'parsed');
    const [receipt] = callback.receipts;
    deepEqual(
      [receipt?.state, receipt?.code, receipt?.class],
      [state, code, meaning],
      JSON.stringify(fields),
    );
  }
});

test('after the keys the call says goodbye and ends', () => {
  const url = `${STATUS_URL}&event=gather`;
  const goodbye = { ...settings(''), goodbye: 'Dank & dag' };
  const callback = twilioVoice.receive!(signed({ ...ended('in-progress'), Digits: '1' }, url), goodbye);
  equal(callback.answer.contentType, 'text/xml');
  ok(callback.answer.body.includes('>Dank &amp; dag</Say><Hangup/></Response>'));
  const none = twilioVoice.receive!(signed(ended('in-progress'), url), goodbye);
  ok(none.kind === 'parsed' && none.inbound.length === 0);
});

test('an unanswered call is looked up by number and time', async (t) => {
  const fake = await startFake({ contract });
  t.after(() => fake.close());
  const look = (calls: unknown[]) => {
    fake.answerNext({ status: 200, body: JSON.stringify({ calls }) });
    return withSender({ adapter: twilioVoice, settings }, fake.url, (sender) =>
      sender.lookUp!({ ref: 'dlv_01', to: message.to, sinceMs: SUITE_NOW_MS }),
    );
  };
  const at = new Date(SUITE_NOW_MS).toUTCString();
  equal((await look([]))?.kind, 'deferred');
  equal(await look([{ sid: SID, direction: 'outbound-api', date_created: at }]), undefined);
});

test('the document explains every end and every code of a call', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/twilio-voice.md'), 'utf8');
  const calls = TWILIO_CODES.filter(([code]) => code < 21_300);
  for (const [code, meaning] of [...CALL_ENDS, ...calls])
    ok(new RegExp(`\\| ${code} \\|[^\\n]*\\| ${meaning} \\|`).test(doc), `${code} is not in the document`);
  for (const name of Object.keys(twilioVoice.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
});
