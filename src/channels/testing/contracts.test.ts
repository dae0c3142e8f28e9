/** That the contracts bite, say where they come from, and say what the documents collected from the providers say. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COLLECTED, collectedContract, collectedFile, ownContract, type Described } from './contract.ts';
import { APNS_REASONS_BY_CLASS } from './contracts/apns.ts';
import { FCM, FCM_CODES_BY_CLASS } from './contracts/fcm.ts';
import { MAILGUN, MAILGUN_ANSWERS_BY_CLASS } from './contracts/mailgun.ts';
import { BIRD, BIRD_FAILURES_BY_CLASS, CLASSIC } from './contracts/messagebird.ts';
import { TWILIO, TWILIO_CODES_BY_CLASS } from './contracts/twilio.ts';
import { WEBPUSH_ANSWERS_BY_CLASS } from './contracts/webpush.ts';
import { WHATSAPP, WHATSAPP_CODES_BY_CLASS, WHATSAPP_INCOMING } from './contracts/whatsapp.ts';

type Body = Record<string, unknown>;
/** A call that is right, and what makes it wrong. */
type Sample = { of: Described; path: string; right: Body | Body[]; wrong: Body[] };

const SAMPLES: Sample[] = [
  {
    of: TWILIO,
    path: `/2010-04-01/Accounts/AC${'a'.repeat(32)}/Messages.json`,
    right: { To: '+31612345678', From: 'Sunshine', Body: 'Hi', StatusCallback: 'https://a.example/cb' },
    wrong: [
      { To: '' },
      { From: '' },
      { Body: '' },
      { Bodyy: 'Hi' },
      { From: 'LongerThanEleven' },
      { MessagingServiceSid: 'MG1' },
      { ScheduleType: 'soon' },
      { StatusCallback: 'a.example' },
      { Body: 'x'.repeat(1601) },
    ],
  },
  {
    of: TWILIO,
    path: `/2010-04-01/Accounts/AC${'a'.repeat(32)}/Calls.json`,
    right: { To: '+31612345678', From: '+3197010240000', Twiml: '<Response/>' },
    wrong: [{ From: '' }, { Twiml: '' }, { Twiml: 'x'.repeat(4001) }, { Timeout: 'ten' }, { Tiwml: 'x' }],
  },
  {
    of: CLASSIC,
    path: '/messages',
    right: { originator: 'Sunshine', recipients: ['31612345678'], body: 'hi', datacoding: 'auto' },
    wrong: [
      { originator: 'SunshineLong' },
      { recipients: [] },
      { recipients: ['+31612345678'] },
      { body: '' },
      { reportUrl: 'https://a.example/r' },
      { validity: 0 },
      { bodyy: 'x' },
    ],
  },
  {
    of: BIRD,
    path: '/v1/sms/messages',
    right: { to: '+31612345678', from: 'Sunshine', text: 'hi', category: 'transactional' },
    wrong: [{ category: '' }, { category: 'news' }, { text: '' }, { validity_period: 59 }, { foo: 1 }],
  },
  {
    of: FCM,
    path: '/v1/projects/p/messages:send',
    right: { message: { token: 't', data: { a: '1' }, android: { ttl: '3600s', priority: 'HIGH' } } },
    wrong: [
      { message: { data: { a: '1' } } },
      { message: { token: 't', topic: 'x' } },
      { message: { token: 't', data: { a: 1 } } },
      { message: { token: 't', notificaton: {} } },
      { message: { token: 't', android: { ttl: 3600 } } },
      { message: { token: 't', android: { priority: 'high' } } },
    ],
  },
  {
    of: MAILGUN,
    path: '/v3/mg.example.org/messages',
    right: {
      from: 'a@mg.example.org',
      to: 'b@example.com',
      subject: 's',
      text: 't',
      'h:X-A': '1',
      'v:ref': 'r',
    },
    wrong: [{ from: '' }, { to: '' }, { txet: 't' }, { 'o:deliver-within': 'soon' }, { 'h:X A': '1' }],
  },
  {
    of: WHATSAPP,
    path: '/v25.0/106540352242922/messages',
    right: { messaging_product: 'whatsapp', to: '31612345678', type: 'text', text: { body: 'hi' } },
    wrong: [
      { messaging_product: '' },
      { to: '' },
      { text: {} },
      { text: { body: 'x'.repeat(4097) } },
      { txt: { body: 'x' } },
      { type: 'teleport' },
      { type: 'interactive' },
      { biz_opaque_callback_data: 'x'.repeat(513) },
    ],
  },
];

const callOf = ({ of, path }: Sample, body: Body | Body[]) => {
  const { takes } = of.calls.find((call) => call.path.test(path))!;
  const isForm = takes === 'form';
  const given = Object.entries(body).filter(([, value]) => value !== '');
  return {
    method: 'POST',
    path,
    contentType: isForm ? 'application/x-www-form-urlencoded' : 'application/json',
    body: isForm
      ? new URLSearchParams(given as [string, string][]).toString()
      : JSON.stringify(Object.fromEntries(given)),
  };
};

test('what is right fits its contract, and each thing that is wrong is found', () => {
  for (const sample of SAMPLES) {
    const contract = ownContract(sample.of);
    deepEqual(contract.request(callOf(sample, sample.right)), [], sample.path);
    for (const change of sample.wrong) {
      const found = contract.request(callOf(sample, Object.assign({}, sample.right, change)));
      ok(found.length > 0, `${sample.path} takes ${JSON.stringify(change).slice(0, 100)}`);
    }
    equal(contract.request({ ...callOf(sample, sample.right), path: '/elsewhere' }).length, 1);
  }
});

test('answers are held to their shapes, failures too', () => {
  const path = '/v25.0/106540352242922/messages';
  const answered = (status: number, body: unknown) =>
    ownContract(WHATSAPP).response({ method: 'POST', path, status, body: JSON.stringify(body) }).length;
  equal(answered(200, { messaging_product: 'whatsapp', messages: [{ id: 'wamid.1', more: 1 }] }), 0);
  ok(answered(200, { messages: [{}] }) > 0);
  equal(answered(400, { error: { message: 'm', type: 't', code: 1 } }), 0);
  ok(answered(400, { error: 'no' }) > 0);
});

const FOLDER = join(import.meta.dirname, 'contracts');
const FILES = readdirSync(FOLDER).filter((name) => name !== 'shape.ts');

test('every contract says where it comes from and when it was read, and has a sample that is right where it takes something', async () => {
  const isDescribed = (one: unknown): one is Described =>
    (one as Partial<Described> | undefined)?.calls?.every?.((call) => call.answers !== undefined) === true;
  for (const name of FILES) {
    match(readFileSync(join(FOLDER, name), 'utf8'), /\b20\d\d-\d\d/, name);
    const exported = Object.values((await import(join(FOLDER, name))) as Record<string, unknown>);
    for (const contract of exported.filter(isDescribed)) {
      ok(contract.source.length > 20, contract.source);
      match(contract.readOn, /^\d{4}-\d\d-\d\d$/);
      const takes = contract.calls.some((call) => call.takes !== undefined);
      ok(
        !takes || SAMPLES.some(({ of }) => of === contract),
        `${name}: no sample in ${import.meta.filename}`,
      );
    }
  }
});

test('no kind of message is named twice', () => {
  equal(new Set(WHATSAPP_INCOMING.map(({ seen }) => seen)).size, WHATSAPP_INCOMING.length);
});

// An extra, where the documents lie beside the project: nothing of the product is tested by these alone.
if (COLLECTED) {
  test('the collected documents take what these contracts take', async () => {
    for (const sample of SAMPLES.filter(({ of }) => of.collected !== undefined)) {
      // Of Mailgun the collected document takes a form in parts only, and the checker reads it as one that is not.
      const parts = sample.of === MAILGUN ? { contentType: 'multipart/form-data' } : {};
      const call = { ...callOf(sample, sample.right), ...parts };
      deepEqual((await collectedContract(sample.of))!.request(call), [], sample.path);
    }
  });

  test('the collected codes mean what these contracts say', () => {
    type Fact = { code?: number | string; status?: number; http?: number; reason?: string; class: string };
    const facts = JSON.parse(readFileSync(collectedFile('error-codes.json'), 'utf8')) as Record<
      string,
      Fact[]
    >;
    const rows: [string, object, (fact: Fact) => unknown][] = [
      ['twilio', TWILIO_CODES_BY_CLASS, ({ code }) => code],
      ['whatsapp', WHATSAPP_CODES_BY_CLASS, ({ code }) => code],
      ['apns', APNS_REASONS_BY_CLASS, ({ status, reason }) => `${status} ${reason}`],
      ['fcm', FCM_CODES_BY_CLASS, ({ http, code }) => code && `${http} ${code}`],
      ['webpush', WEBPUSH_ANSWERS_BY_CLASS, (fact) => fact.class !== 'ok' && fact.status],
      ['mailgun', MAILGUN_ANSWERS_BY_CLASS, ({ http }) => http],
      ['bird', BIRD_FAILURES_BY_CLASS, ({ code }) => code],
    ];
    for (const [provider, byClass, nameOf] of rows) {
      const ours = Object.entries(byClass as Record<string, unknown[]>).flatMap(([meaning, codes]) =>
        codes.map((code) => `${String(code)} ${meaning}`),
      );
      const theirs = facts[provider]!.filter((fact) => nameOf(fact) || nameOf(fact) === 0).map(
        (fact) => `${String(nameOf(fact))} ${fact.class}`,
      );
      deepEqual(
        theirs.filter((row) => !ours.includes(row)),
        [],
        provider,
      );
    }
  });
}
