/** Falling back: a message whose destination was left to Parley reaches the person another way when the first fails; and only then. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { ChannelName } from '../contract/channels.ts';
import { toHex24 } from '../src/base/ids.ts';
import { blockDestination } from '../src/contacts/consent/blocks.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import { stateName } from '../src/ledger/states.ts';
import { KIND } from '../src/queue/work/kinds.ts';
import { testDatabase } from './support/database.ts';
import { startMailSink, type MailSink } from './support/mailSink.ts';
import { deliveriesOf, newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { reportStatus, startTwilioSink, type SinkAnswer, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { callApi, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const meta = await startReceiver();
let world: World;
let sms: TwilioSink;
let mail: MailSink;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let consoleKey: string;
let whatsapp: Awaited<ReturnType<typeof newIntegration>>;
const smsAnswers = new Map<string, SinkAnswer>();
const mailAnswers = new Map<string, string>();
let people = 0;

const REFUSED: SinkAnswer = {
  status: 400,
  body: '{"code":21211,"message":"Invalid To number","status":400}',
};
const META_PATH = '/v25.0/1234567/messages';

before(async () => {
  sms = await startTwilioSink();
  sms.answer = (call) => smsAnswers.get(call.to) ?? 'accept';
  mail = await startMailSink();
  mail.answer = (to) => mailAnswers.get(to);
  meta.answer(META_PATH, (count) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.${count}` }] }),
  }));
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  app = await newWorkspace(world.ctx, 'live');
  await newTwilio(world.ctx, app.id, sms.url);
  await newIntegration(world.ctx, app.id, 'smtp', {
    host: '127.0.0.1',
    port: mail.port,
    from: 'shop@shop.example',
  });
  whatsapp = await newIntegration(world.ctx, app.id, 'whatsapp', {
    phoneNumberId: '1234567',
    accessToken: 'token',
    appSecret: 'app-secret',
    baseUrl: meta.url('/v25.0'),
  });
  consoleKey = await newConsoleKey(world.ctx, app.id);
});
after(async () => {
  await world.stop();
  await sms.close();
  await mail.close();
});

type Someone = { id: number; phone: string; email: string };

/** A person with an address on each of the channels. */
async function someone(...channels: ChannelName[]): Promise<Someone> {
  const n = ++people;
  const phone = `+1555800${String(n).padStart(4, '0')}`;
  const email = `person${n}@people.example`;
  const { ctx } = world;
  const [made] = await ctx.queue.transact((tx) =>
    resolvePeople(
      tx,
      ctx.ids,
      ctx.clock.nowMs(),
      [
        {
          workspaceId: app.id,
          identities: [
            { kind: 'phone', value: phone },
            { kind: 'email', value: email },
          ],
          destinations: channels.map((channel) => ({
            channel,
            integrationId: null,
            address: channel === 'email' ? email : phone,
          })),
        },
      ],
      'first',
    ),
  );
  const id = made!.contactId;
  await ctx.sql`UPDATE destinations SET last_inbound_ms = ${ctx.clock.nowMs()} WHERE contact_id = ${id} AND channel = 'whatsapp'`;
  return { id, phone, email };
}

async function say(person: Someone, more: Record<string, unknown> = {}): Promise<number> {
  const content = { type: 'text', text: 'The ferry is late' };
  return await sendMessage(
    world,
    { appId: app.appId, consoleKey },
    { contactId: toHex24(person.id), content, ...more },
  );
}

async function set(settings: object): Promise<void> {
  const path = `/api/workspaces/${app.appId}`;
  const { status } = await callApi(world, consoleKey, 'PATCH', path, { settings });
  assert.equal(status, 200);
}

/** What Twilio says of the message to a number. */
async function report(phone: string, status: string, errorCode?: string): Promise<void> {
  const { callback } = sms.calls.find((call) => call.to === phone)!;
  await reportStatus(callback, status, errorCode);
}

/** A status callback as Meta sends it. */
async function reportWhatsApp(ref: string, status: 'delivered' | 'read'): Promise<void> {
  const value = {
    metadata: { phone_number_id: '1234567' },
    statuses: [{ id: 'wamid.1', status, timestamp: '1767225600', biz_opaque_callback_data: ref }],
  };
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ changes: [{ field: 'messages', value }] }],
  });
  const path = `/callbacks/${toHex24(whatsapp.id)}/${whatsapp.callbackKey}/inbound`;
  const response = await fetch(world.url + path, {
    method: 'POST',
    headers: {
      'x-hub-signature-256': `sha256=${createHmac('sha256', 'app-secret').update(body).digest('hex')}`,
    },
    body,
  });
  assert.ok(response.ok);
}

/** Lets the time for reading pass; returns when it was looked at. */
async function readingTimeIsOver(messageId: number): Promise<void> {
  const { sql, queue } = world.ctx;
  await until(
    'it is watched',
    async () =>
      (await sql`UPDATE due SET due_ms = 0 WHERE cause_id = ${messageId} AND kind = ${KIND.unread}`).count >
      0,
  );
  queue.wake(queue.lanes().map(({ lane }) => ({ lane, what: KIND.unread })));
  await until(
    'it was looked at',
    async () =>
      (await sql`SELECT 1 FROM due WHERE cause_id = ${messageId} AND kind = ${KIND.unread}`).length === 0,
  );
}

async function statesOf(messageId: number): Promise<string[]> {
  return (await deliveriesOf(world.ctx, messageId)).map(
    ({ channel, state }) => `${channel} ${stateName(state)}`,
  );
}

test('a refusal for good: the next channel, and the trail says why', async () => {
  const person = await someone('sms', 'email');
  smsAnswers.set(person.phone, REFUSED);
  const id = await say(person);
  const second = await reaches(world.ctx, id, 'accepted', 1);
  assert.equal(second.channel, 'email');
  assert.equal(second.trail?.[0]?.what, 'fell back');
  assert.equal(second.trail?.[0]?.why, `sms ${person.phone}: failed (21211)`);
  assert.equal(mail.to(person.email).length, 1);
  assert.deepEqual(await statesOf(id), ['sms failed', 'email accepted']);
});

test('undelivered, says a receipt: the next channel, once', async () => {
  const person = await someone('sms', 'email');
  const id = await say(person);
  await reaches(world.ctx, id, 'accepted');
  await report(person.phone, 'undelivered', '30005');
  await report(person.phone, 'undelivered', '30005');
  await reaches(world.ctx, id, 'accepted', 1);
  assert.deepEqual(await statesOf(id), ['sms failed', 'email accepted']);
  assert.equal(mail.to(person.email).length, 1);
});

test('undelivered, says a receipt that comes before the answer to the call: the next channel, not the same address', async () => {
  const person = await someone('sms', 'email');
  sms.onCall = async (call) => {
    if (call.to === person.phone) await reportStatus(call.callback, 'undelivered', '30005');
  };
  const id = await say(person);
  const second = await reaches(world.ctx, id, 'accepted', 1);
  assert.equal(second.trail?.[0]?.why, `sms ${person.phone}: failed (30005)`);
  assert.deepEqual(await statesOf(id), ['sms failed', 'email accepted']);
  assert.deepEqual([sms.countOf(person.phone), mail.to(person.email).length], [1, 1]);
  // And what it teaches is learned, as from one that comes in time.
  const next = await say(person);
  await reaches(world.ctx, next, 'accepted', 1);
  assert.deepEqual(await statesOf(next), ['sms suppressed', 'email accepted']);
  sms.onCall = () => {};
});

test('delivered: what is reported later changes nothing', async () => {
  const person = await someone('sms', 'email');
  const id = await say(person);
  await reaches(world.ctx, id, 'accepted');
  await report(person.phone, 'delivered');
  await report(person.phone, 'failed', '30003');
  assert.deepEqual(await statesOf(id), ['sms delivered']);
});

test('each destination is tried once, in the order of the workspace', async () => {
  const person = await someone('sms', 'email', 'whatsapp');
  await set({ channelOrder: ['sms', 'email', 'whatsapp'] });
  // The one used last is the first; the order decides on the others.
  await world.ctx
    .sql`UPDATE destinations SET last_inbound_ms = ${world.ctx.clock.nowMs() + 1} WHERE contact_id = ${person.id} AND channel = 'sms'`;
  smsAnswers.set(person.phone, REFUSED);
  mailAnswers.set(person.email, '550 5.1.1 no such user');
  const id = await say(person);
  await reaches(world.ctx, id, 'accepted', 2);
  assert.deepEqual(await statesOf(id), ['sms failed', 'email failed', 'whatsapp accepted']);
  await set({ channelOrder: null });
});

test('nowhere else to go: it stays failed', async () => {
  const person = await someone('sms', 'email');
  smsAnswers.set(person.phone, REFUSED);
  mailAnswers.set(person.email, '550 5.1.1 no such user');
  const id = await say(person);
  await reaches(world.ctx, id, 'failed', 1);
  assert.deepEqual(await statesOf(id), ['sms failed', 'email failed']);
  assert.equal((await world.ctx.sql`SELECT 1 FROM due WHERE cause_id = ${id}`).length, 0);
});

test('a dead address is passed over: suppressed there, and sent on the next', async () => {
  const person = await someone('sms', 'email');
  smsAnswers.set(person.phone, REFUSED);
  await reaches(world.ctx, await say(person), 'accepted', 1);
  const id = await say(person);
  await reaches(world.ctx, id, 'accepted', 1);
  assert.deepEqual(await statesOf(id), ['sms suppressed', 'email accepted']);
  assert.equal(sms.countOf(person.phone), 1);
});

test('the gate holds for the next channel: who does not want marketing by mail gets none', async () => {
  const person = await someone('sms', 'email');
  smsAnswers.set(person.phone, REFUSED);
  const { ctx } = world;
  await ctx.queue.transact((tx) =>
    blockDestination(tx, ctx.ids, ctx.clock.nowMs(), {
      workspaceId: app.id,
      channel: 'email',
      address: person.email,
      cause: 'opted_out_channel',
      by: 'person',
      classes: ['marketing'],
      reason: 'unsubscribed',
    }),
  );
  const id = await say(person, { class: 'marketing' });
  await reaches(ctx, id, 'failed');
  assert.deepEqual(await statesOf(id), ['sms failed']);
  assert.equal(mail.to(person.email).length, 0);
});

test('a destination that is named gets the message or nobody does', async () => {
  const person = await someone('sms', 'email');
  smsAnswers.set(person.phone, REFUSED);
  const id = await sendMessage(
    world,
    { appId: app.appId, consoleKey },
    { destination: { channel: 'sms', address: person.phone }, content: { type: 'text', text: 'Hello' } },
  );
  await reaches(world.ctx, id, 'failed');
  assert.deepEqual(await statesOf(id), ['sms failed']);
});

test('not read in time: the next channel; where delivery is all a provider tells, delivered is enough', async () => {
  await set({ fallback: { on: true, unreadAfterMs: 3_600_000 } });
  const [silent, reached] = [await someone('sms', 'email'), await someone('sms', 'email')];
  const [lost, arrived] = [await say(silent), await say(reached)];
  await reaches(world.ctx, lost, 'accepted');
  await reaches(world.ctx, arrived, 'accepted');
  await report(reached.phone, 'delivered');
  await readingTimeIsOver(lost);
  await readingTimeIsOver(arrived);
  const second = await reaches(world.ctx, lost, 'accepted', 1);
  assert.equal(second.trail?.[0]?.why, `sms ${silent.phone}: not read within 3600000 ms`);
  assert.deepEqual(await statesOf(lost), ['sms accepted', 'email accepted']);
  assert.deepEqual(await statesOf(arrived), ['sms delivered']);
});

test('where a provider tells of reading: delivered is not enough, read is, and what is not read goes on past a failure', async () => {
  const [unread, reader] = [await someone('whatsapp', 'sms', 'email'), await someone('whatsapp', 'sms')];
  smsAnswers.set(unread.phone, REFUSED);
  const [lost, seen] = [await say(unread), await say(reader)];
  const refOf = async (id: number) => {
    const { seq, causeId, contactId } = await reaches(world.ctx, id, 'accepted');
    return [causeId, contactId, seq].map((part) => part.toString(36)).join('.');
  };
  await reportWhatsApp(await refOf(lost), 'delivered');
  await reportWhatsApp(await refOf(seen), 'read');
  await readingTimeIsOver(lost);
  await readingTimeIsOver(seen);
  await reaches(world.ctx, lost, 'accepted', 2);
  assert.deepEqual(await statesOf(lost), ['whatsapp delivered', 'sms failed', 'email accepted']);
  assert.deepEqual(await statesOf(seen), ['whatsapp read']);
});

test('webhooks say of a failure whether more comes of the message on that type of channel', async () => {
  const { ctx } = world;
  const path = `/hook-${++people}`;
  const made = await callApi(world, app.authorization, 'POST', `/v1.1/apps/${app.appId}/webhooks`, {
    target: meta.url(path),
    triggers: ['message:delivery:failure'],
  });
  assert.equal(made.status, 201);
  const numbers = [1, 2].map((n) => `+1555700${String(people).padStart(3, '0')}${n}`);
  const email = `two-numbers${people}@people.example`;
  const [who] = await ctx.queue.transact((tx) =>
    resolvePeople(
      tx,
      ctx.ids,
      ctx.clock.nowMs(),
      [
        {
          workspaceId: app.id,
          identities: [
            { kind: 'email', value: email },
            ...numbers.map((value) => ({ kind: 'phone' as const, value })),
          ],
          destinations: [
            ...numbers.map((address) => ({ channel: 'sms' as const, integrationId: null, address })),
            { channel: 'email' as const, integrationId: null, address: email },
          ],
        },
      ],
      'first',
    ),
  );
  for (const number of numbers) smsAnswers.set(number, REFUSED);
  const messageId = await say({ id: who!.contactId, phone: '', email });
  await reaches(ctx, messageId, 'accepted', 2);
  const failures = await until('both failures are told', () => {
    const calls = meta.received(path).map(({ body }) => JSON.parse(body));
    return calls.length === 2 ? calls : undefined;
  });
  // The second number comes after the first; mail is another type, with events of its own.
  assert.deepEqual(
    failures.map(({ destination, isFinalEvent }) => [destination.type, isFinalEvent]),
    [
      ['twilio', false],
      ['twilio', true],
    ],
  );
});

test('campaigns.md §3.4: a campaign hears that its message failed when no other way is left, and not of each way', async () => {
  const path = `/api/workspaces/${app.appId}/campaigns`;
  const ok = async (method: string, to: string, body?: object) => {
    const { status, json } = await callApi(world, consoleKey, method, path + to, body);
    assert.ok(status < 300, `${method} ${to}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  const send = { content: { type: 'text', text: 'It leaves' }, class: 'transactional', await: 'accepted' };
  const campaign = {
    parley: 'campaign/1',
    key: 'ferry',
    trigger: { api: true },
    steps: [
      { key: 'tell', send, then: { failed: 'sorry' } },
      { key: 'told', stop: { reason: 'told' } },
      { key: 'sorry', stop: { reason: 'sorry' } },
    ],
  };
  const { id } = await ok('POST', '', { campaign });
  await ok('POST', `/${id}/publish`, { people: 'move' });
  const [reached, missed] = [await someone('sms', 'email'), await someone('sms', 'email')];
  for (const { phone } of [reached, missed]) smsAnswers.set(phone, REFUSED);
  mailAnswers.set(missed.email, '550 5.1.1 no such user');
  const endings: string[] = [];
  for (const person of [reached, missed]) {
    const contactId = toHex24(person.id);
    await ok('POST', `/${id}/enter`, { contactId, key: '1' });
    endings.push(
      await until(
        'they are through',
        async () => (await ok('GET', `/${id}/people/${contactId}`)).entries[0]?.ending,
      ),
    );
  }
  assert.deepEqual(endings, ['told', 'sorry']);
  const { funnel } = await ok('GET', `/${id}/report`);
  assert.deepEqual([funnel.tell.sent, funnel.tell.accepted, funnel.tell.failed], [2, 1, 1]);
  await ok('POST', `/${id}/end`, {});
});

test('switched off: a failure is the end', async () => {
  await set({ fallback: { on: false } });
  const person = await someone('sms', 'email');
  smsAnswers.set(person.phone, REFUSED);
  const id = await say(person);
  await reaches(world.ctx, id, 'failed');
  assert.deepEqual(await statesOf(id), ['sms failed']);
});
