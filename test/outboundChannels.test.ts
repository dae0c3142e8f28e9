/** What campaigns send by themselves on every channel, told by the Outbound door: by what people do, and by what they do not. */
import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { webPushAddress } from '../src/channels/webpush/adapter.ts';
import { newIntegration } from './support/messages.ts';
import { must } from './support/world.ts';
import { DAY_MS, newDoor, provesWhole, sql, world } from './campaignsProduct.ts';

const { ctx } = world;
const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'token', phoneNumber: '+15005550000' };

/** A workspace told of by the Outbound door, with a provider for each channel that Outbound had. */
async function newOutbound() {
  const door = await newDoor();
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  const publicKey = ecdh.getPublicKey('base64url');
  const push = await newIntegration(ctx, door.place.id, 'webpush', {
    vapidSubject: 'mailto:ops@example.com',
    vapidPrivateKey: ecdh.getPrivateKey('base64url'),
    vapidPublic: publicKey,
  });
  await newIntegration(ctx, door.place.id, 'twilio', account);
  await newIntegration(ctx, door.place.id, 'twilio-voice', account);
  let phones = 0;
  /** Somebody with a mail address, a phone and a browser. */
  const person = async (id: string) => {
    const phone = `+1212555${String(1000 + ++phones)}`;
    await door.post('/v2/identify', { user_id: id, email: `${id}@example.com`, phone_number: phone });
    const endpoint = `https://push.example/${id}`;
    const address = webPushAddress({
      endpoint,
      keys: { p256dh: publicKey, auth: randomBytes(16).toString('base64url') },
    });
    // A number that is told is written to; it is called where it is linked for that.
    const destinations = [
      { channel: 'push' as const, integrationId: push.id, address },
      { channel: 'voice' as const, integrationId: null, address: phone },
    ];
    await ctx.arrive(door.place.id, [
      { person: { identities: [{ kind: 'external', value: id }], destinations } },
    ]);
    return { phone };
  };
  /** What a user was sent: text by text, with the channel that it went by. */
  const got = async (id: string) => {
    await door.place.settled();
    const rows = await sql<{ text: string; channel: string; state: number }[]>`
      SELECT m.content ->> 'text' AS text, d.channel, d.state FROM deliveries d
      JOIN messages m ON m.bucket = d.bucket AND m.id = d.cause_id
      WHERE d.contact_id = ${await door.who(id)} ORDER BY m.id`;
    return rows.map(({ text, channel, state }) => `${text} ${channel}${state < 2 ? ' waits' : ''}`);
  };
  return { ...door, person, got };
}

const on = (channel: string, text: string) => ({
  key: `${channel}-${text}`,
  send: { content: { type: 'text' as const, text }, channel },
});
const CHANNELS = ['email', 'sms', 'voice', 'push'];

test('O1 O3 by what somebody did, and by what they did not do in time: an e-mail, a text, a call and a push each, to nobody else', async () => {
  const door = await newOutbound();
  await door.place.live({
    key: 'did',
    trigger: { event: { did: 'signup' } },
    steps: CHANNELS.map((channel) => on(channel, 'welcome')),
  });
  await door.place.live({
    key: 'did-not',
    trigger: { event_without: { did: 'signup', not: 'upload picture', within: '14d' } },
    steps: CHANNELS.map((channel) => on(channel, 'picture')),
  });
  for (const id of ['ann', 'bob', 'eve']) await door.person(id);
  for (const id of ['ann', 'bob']) await door.track(id, 'signup');
  const all = (text: string) => CHANNELS.map((channel) => `${text} ${channel}`);
  assert.deepEqual((await door.got('ann')).toSorted(), all('welcome').toSorted());
  await door.place.advance(13 * DAY_MS);
  await door.track('bob', 'upload picture', { timestamp: (await door.place.nowMs()) / 1000 });
  await door.place.settled();
  await door.place.advance(DAY_MS);
  assert.deepEqual(
    [await door.got('ann'), await door.got('bob'), await door.got('eve')].map((texts) => texts.toSorted()),
    [[...all('welcome'), ...all('picture')].toSorted(), all('welcome').toSorted(), []],
  );
  const reached = await sql<{ channel: string }[]>`
    SELECT DISTINCT channel FROM simulated_messages WHERE workspace_id = ${door.place.id} AND direction = 'out'`;
  assert.deepEqual(
    reached.map(({ channel }) => channel).toSorted(),
    CHANNELS.toSorted(),
    'each came to a device of its kind',
  );
  await provesWhole();
});

test('N34 who has not been seen for a month is written to where they were heard last, by themselves: each on their own channel', async () => {
  const door = await newOutbound();
  await door.place.live({
    key: 'win-back',
    trigger: { event_without: { did: 'visit', not: 'visit', within: '30d' } },
    entry: 'every',
    steps: [
      {
        key: 'miss',
        send: { content: { type: 'text' as const, text: 'We miss you' }, channel: 'best' },
      },
    ],
  });
  const texts = await door.person('texts');
  await door.person('mails');
  await door.person('visits');
  const write = async (channel: 'email' | 'sms', address: string) =>
    must(await ctx.simulator.reply({ workspaceId: door.place.id, channel, address, text: 'Hello' }));
  await write('email', 'texts@example.com');
  await door.place.advance(1_000);
  await write('sms', texts.phone);
  await write('email', 'mails@example.com');
  for (const id of ['texts', 'mails', 'visits']) await door.track(id, 'visit');
  await door.place.settled();
  await door.place.advance(29 * DAY_MS);
  await door.track('visits', 'visit', { timestamp: (await door.place.nowMs()) / 1000 });
  await door.place.settled();
  await door.place.advance(DAY_MS);
  assert.deepEqual(
    [await door.got('texts'), await door.got('mails'), await door.got('visits')],
    [['We miss you sms'], ['We miss you email'], []],
  );
});
