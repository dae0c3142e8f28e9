/** Text messages as providers carry them: words that stop and start, help, pictures, receipts, and MessageBird's two APIs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { Webhook } from 'standardwebhooks';
import { sha256Hex } from '../src/base/crypto.ts';
import { toHex24 } from '../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { callAsTwilio, startTwilioSink, TWILIO_TOKEN, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import {
  callApi,
  must,
  newContacts,
  newTwilio,
  newWorkspace,
  startWorld,
  type World,
} from './support/world.ts';

const database = await testDatabase();
const bird = await startReceiver();
let world: World;
let sink: TwilioSink;
let shop: { id: number; appId: string; consoleKey: string; authorization: string };
let twilio: Awaited<ReturnType<typeof newTwilio>>;
let count = 0;

before(async () => {
  sink = await startTwilioSink();
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  const app = await newWorkspace(world.ctx, 'live', 'NL');
  shop = { ...app, consoleKey: await newConsoleKey(world.ctx, app.id) };
  twilio = await newTwilio(world.ctx, app.id, sink.url);
});
after(async () => {
  await world.stop();
  await sink.close();
});

const callbackOf = ({ id, callbackKey }: { id: number; callbackKey: string }, purpose = 'inbound') =>
  `${world.url}/callbacks/${toHex24(id)}/${callbackKey}/${purpose}`;

/** A text message from a number, as Twilio calls. */
async function text(from: string, body: string, more: Record<string, string> = {}): Promise<void> {
  await callAsTwilio(callbackOf(twilio), {
    AccountSid: `AC${'0'.repeat(32)}`,
    Body: body,
    From: from,
    MessageSid: `SM${++count}`,
    NumMedia: '0',
    To: '+15005550000',
    ...more,
  });
}

const say = (address: string, words: string, more: object = {}) =>
  sendMessage(world, shop, {
    destination: { channel: 'sms', address },
    content: { type: 'text', text: words },
    ...more,
  });
const ofMessage = async (id: number) =>
  (await callApi(world, shop.consoleKey, 'GET', `/api/workspaces/${shop.appId}/messages/${toHex24(id)}`))
    .json;
const settings = (given: object) =>
  callApi(world, shop.consoleKey, 'PATCH', `/api/workspaces/${shop.appId}`, { settings: given });
/** What was said with these words, either way. */
const withWords = async (words: string) =>
  await world.ctx.sql<{ content: any; direction: string }[]>`
    SELECT content, direction FROM messages
    WHERE workspace_id = ${shop.id} AND strpos(content->>'text', ${words}) = 1 ORDER BY at_ms, id`;

test("a number as people write it is the workspace's country's; Sunshine's API asks for E.164, as it always did", async () => {
  await reaches(world.ctx, await say('06 12345670', 'console'), 'accepted');
  assert.equal(sink.countOf('+31612345670'), 1);
  const path = `/v1.1/apps/${shop.appId}/notifications`;
  const notified = await callApi(world, shop.authorization, 'POST', path, {
    destination: { integrationId: toHex24(twilio.id), destinationId: '06-12345670' },
    author: { role: 'appMaker' },
    message: { type: 'text', text: 'sunshine' },
  });
  assert.equal(notified.status, 400);
  assert.match(notified.json.error.description, /destination\.destinationId/);
});

test('STOP as the whole message ends everything to the number, START takes it back; a sentence with the word does neither', async () => {
  const to = '+15557200001';
  await text(to, "Don't stop now");
  await reaches(world.ctx, await say(to, 'one'), 'accepted');
  for (const [stop, start] of [
    [' stop ', 'START'],
    ['UNSUBSCRIBE', 'unstop'],
    ['Stopall', 'Start'],
  ] as const) {
    await text(to, stop);
    const kept = await reaches(world.ctx, await say(to, 'two'), 'suppressed');
    assert.equal(kept.code, 'opted_out_sender');
    await text(to, start);
    await reaches(world.ctx, await say(to, 'three'), 'accepted');
  }
  assert.equal(sink.countOf(to), 4);
});

test('what Twilio handled itself is known here too, whatever the word was; nothing is answered twice', async () => {
  const to = '+15557200002';
  await settings({ helpText: 'The shop. Call 020 123 4567.' });
  await text(to, 'ARRET', { OptOutType: 'STOP' });
  assert.equal((await reaches(world.ctx, await say(to, 'one'), 'suppressed')).code, 'opted_out_sender');
  await text(to, 'DEBUT', { OptOutType: 'START' });
  await reaches(world.ctx, await say(to, 'two'), 'accepted');
  await text(to, 'HELP', { OptOutType: 'HELP' });
  await text(to, 'Please help');
  assert.deepEqual(
    (await withWords('Please help')).map(({ direction }) => direction),
    ['in'],
  );
  assert.deepEqual(await withWords('The shop.'), []);
  assert.equal(sink.countOf(to), 1);
});

test("HELP as the whole message is answered with the workspace's words, once; without words it is a message like any other", async () => {
  const to = '+15557200003';
  await settings({ helpText: 'The shop. Call 020 123 4567.' });
  await text(to, ' help ', { MessageSid: 'SMhelp' });
  await text(to, ' help ', { MessageSid: 'SMhelp' });
  await until('the answer', () => sink.countOf(to) === 1);
  assert.equal(sink.calls.findLast((call) => call.to === to)!.body, 'The shop. Call 020 123 4567.');
  assert.equal((await settings({ helpText: 'x'.repeat(1601) })).json.error.field, 'settings.helpText');
  await settings({ helpText: null });
  await text(to, 'INFO');
  await text(to, 'anything');
  assert.equal(sink.countOf(to), 1);
});

test('MMS: files that Twilio gives to the account only are fetched and kept; one that is gone keeps its address', async () => {
  const media = `${sink.url}/2010-04-01/Accounts/AC${'0'.repeat(32)}/Messages/MM1/Media`;
  const store = bird.url('/store/0');
  bird.answer('/store/0', { status: 200, headers: { 'content-type': 'image/jpeg' }, body: 'a picture' });
  sink.files.set(`${media}/ME0`, { status: 307, headers: { location: store } });
  sink.files.set(`${media}/ME1`, { status: 404, body: '{"code":20404,"message":"not found"}' });
  await text('+15557200004', 'Look', {
    NumMedia: '2',
    MediaUrl0: `${media}/ME0`,
    MediaContentType0: 'image/jpeg',
    MediaUrl1: `${media}/ME1`,
    MediaContentType1: 'text/vcard',
  });
  const { type, mediaUrl, mediaType, text: words } = (await withWords('Look'))[0]!.content;
  assert.deepEqual({ type, mediaType, words }, { type: 'image', mediaType: 'image/jpeg', words: 'Look' });
  const further = await world.ctx.sql<{ content: Record<string, unknown> }[]>`
    SELECT content FROM messages WHERE content ->> 'mediaUrl' = ${`${media}/ME1`}`;
  assert.deepEqual(
    further.map(({ content }) => content),
    [{ type: 'file', mediaUrl: `${media}/ME1`, mediaType: 'text/vcard' }],
  );
  assert.ok(mediaUrl.startsWith(world.url), mediaUrl);
  assert.equal(await (await fetch(mediaUrl)).text(), 'a picture');
  const key = Buffer.from(`AC${'0'.repeat(32)}:${TWILIO_TOKEN}`).toString('base64');
  assert.deepEqual(
    sink.asked.map(({ authorization }) => authorization),
    [`Basic ${key}`, `Basic ${key}`],
  );
  assert.equal(bird.received('/store/0')[0]!.headers.authorization, undefined);
});

test('MessageBird classic: sent, reported by GET, answered; a wrong token is not believed', async () => {
  const to = '+31612345671';
  bird.answer('/messages', { status: 201, body: JSON.stringify({ id: 'mb1', recipients: {} }) });
  const classic = await newIntegration(world.ctx, shop.id, 'messagebird', {
    accessKey: 'live_key',
    originator: 'Sunshine',
    signingKey: 'signing-key',
    baseUrl: bird.url(''),
  });
  const id = await say(to, 'Hello', { integrationId: toHex24(classic.id) });
  await reaches(world.ctx, id, 'accepted');
  const sent = JSON.parse(bird.received('/messages').at(-1)!.body) as Record<string, string>;
  assert.deepEqual([sent['originator'], sent['body']], ['Sunshine', 'Hello']);
  const get = async (url: string, key = 'signing-key') => {
    const token = await new SignJWT({ url_hash: sha256Hex(url), jti: String(++count) })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('MessageBird')
      .setNotBefore('-10s')
      .setExpirationTime('1m')
      .sign(Buffer.from(key));
    return (await fetch(url, { headers: { 'messagebird-signature-jwt': token } })).status;
  };
  const report = `${sent['reportUrl']}&id=mb1&status=delivered&recipient=31612345671`;
  assert.equal(await get(report, 'other-key'), 401);
  assert.equal(await get(report), 200);
  await reaches(world.ctx, id, 'delivered');
  const inbound = callbackOf(classic);
  assert.equal(await get(`${inbound}?id=in1&originator=31612345671&recipient=3197010240000&body=STOP`), 200);
  const more = await say(to, 'more', { integrationId: toHex24(classic.id) });
  assert.equal((await reaches(world.ctx, more, 'suppressed')).code, 'opted_out_sender');
});

test('Bird v1: sent with a key, reported and answered by signed webhooks', async () => {
  const to = '+31612345672';
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  bird.answer('/v1/sms/messages', { status: 202, body: JSON.stringify({ id: 'sms_1' }) });
  const v1 = await newIntegration(world.ctx, shop.id, 'messagebird', {
    accessKey: 'bk_eu_key',
    originator: 'Sunshine',
    signingKey: secret,
    baseUrl: bird.url(''),
  });
  const id = await say(to, 'Hello', { integrationId: toHex24(v1.id), class: 'marketing' });
  await reaches(world.ctx, id, 'accepted');
  const call = bird.received('/v1/sms/messages').at(-1)!;
  const { category, metadata } = JSON.parse(call.body) as { category: string; metadata: { ref: string } };
  assert.equal(category, 'marketing');
  assert.equal(call.headers['idempotency-key'], metadata.ref);
  const tell = async (type: string, data: object) => {
    const at = new Date(world.ctx.clock.nowMs());
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data });
    const headers = {
      'content-type': 'application/json',
      'webhook-id': `evt_${++count}`,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(`evt_${count}`, at, body),
    };
    assert.equal((await fetch(callbackOf(v1, 'status'), { method: 'POST', headers, body })).status, 200);
  };
  await tell('sms.delivered', { sms_id: 'sms_1', metadata });
  await reaches(world.ctx, id, 'delivered');
  await tell('sms.received', { sms_id: 'sms_in', from: to, to: '+3197010240000', text: 'Thanks' });
  assert.deepEqual(
    (await withWords('Thanks')).map(({ direction }) => direction),
    ['in'],
  );
  assert.equal((await ofMessage(id)).deliveries[0].externalIds[0], 'sms_1');
});

test('W14 a name as sender keeps the rule, in an integration and in a message; it goes out as the sender, one-way', async () => {
  const make = (type: string, settings_: object) =>
    callApi(world, shop.consoleKey, 'POST', `/api/workspaces/${shop.appId}/integrations`, {
      type,
      settings: settings_,
    });
  const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'token-of-the-test', baseUrl: sink.url };
  for (const senderId of ['Sunshine Inc', '12345', 'Sun-shine', ' Sun', 'Zonneschijn!', '']) {
    const made = await make('twilio', { ...account, senderId });
    assert.deepEqual([made.status, made.json.error.field], [400, 'settings.senderId'], senderId);
    if (senderId === '') continue;
    const mb = await make('messagebird', { accessKey: 'k', originator: senderId });
    if (senderId !== '12345') assert.equal(mb.json.error.field, 'settings.originator', senderId);
    const said = await callApi(world, shop.consoleKey, 'POST', `/api/workspaces/${shop.appId}/messages`, {
      destination: { channel: 'sms', address: '+31612345673' },
      content: { type: 'text', text: 'x', senderId },
    });
    assert.ok(said.status >= 400 && /senderId/.test(said.json.error.field), senderId);
  }
  assert.equal((await make('twilio', { ...account, senderId: 'Sunshine 24' })).status, 201);
  const own = await newTwilio(world.ctx, shop.id, sink.url, { senderId: 'Shop 24' });
  await reaches(
    world.ctx,
    await say('+31612345673', 'named', { integrationId: toHex24(own.id) }),
    'accepted',
  );
  assert.equal(sink.calls.at(-1)!.from, 'Shop 24');
  const content = { type: 'text', text: 'renamed', senderId: 'Sunshine' };
  await reaches(world.ctx, await say('+31612345673', '', { content }), 'accepted');
  assert.equal(sink.calls.at(-1)!.from, 'Sunshine');
});

test('a name that a country’s networks do not carry is forecast, held back and explained; from a number the same people are reached', async () => {
  const { ctx } = world;
  const other = await newWorkspace(ctx, 'live');
  const key = await newConsoleKey(ctx, other.id);
  const named = await newTwilio(ctx, other.id, sink.url, { senderId: 'Shop 24' });
  const api = (method: string, path: string, body?: object) =>
    callApi(world, key, method, `/api/workspaces/${other.appId}${path}`, body);
  const people = [
    ['+12125550123'],
    ['+14165550123'],
    ['+18765550123'],
    ['+31612340001'],
    ['+6581234567'],
    // The American number is the one linked last; she is reached at the other.
    ['+31612340002', '+12125550124'],
  ];
  for (const [at, numbers] of people.entries()) {
    const made = await api('POST', '/contacts', { externalId: `named-${at}` });
    assert.equal(made.status, 201, JSON.stringify(made.json));
    for (const address of numbers)
      assert.equal(
        (await api('POST', `/contacts/${made.json.id}/destinations`, { channel: 'sms', address })).status,
        201,
      );
  }
  const input = {
    name: 'from a name',
    channel: 'sms',
    class: 'transactional',
    audience: { include: { all: true } },
    content: { type: 'text', text: 'Hello' },
  };
  const forecast = async (more: object) =>
    (await api('POST', '/broadcasts/forecast', { ...input, ...more })).json;
  const before = await forecast({});
  assert.deepEqual(
    [before.matched, before.reachable, before.unreachable, before.registration],
    [6, 4, { sender_refused: 2 }, 1],
  );
  const made = await api('POST', '/broadcasts', input);
  assert.equal((await api('POST', `/broadcasts/${made.json.id}/start`)).status, 200);
  const counts = await until('it is over', async () => {
    const { json } = await api('GET', `/broadcasts/${made.json.id}`);
    return json.counts.accepted + json.counts.delivered + json.counts.suppressed === 6 && json.counts;
  });
  assert.equal(counts.suppressed, 2);
  const refused = await ctx.sql<{ code: string; detail: string }[]>`
    SELECT code, detail FROM deliveries WHERE workspace_id = ${other.id} AND state = 11`;
  assert.deepEqual(
    refused.map(({ code }) => code),
    ['sender_refused', 'sender_refused'],
  );
  assert.match(refused[0]!.detail, /carry no SMS from a name/);
  // The same from a number: the name was all that was in the way.
  const numbered = await newTwilio(ctx, other.id, sink.url);
  const after = await forecast({ integrationId: toHex24(numbered.id) });
  assert.deepEqual([after.reachable, after.unreachable, after.registration], [6, {}, 0]);
  const content = { type: 'text', text: 'Hello', senderId: 'Sunshine' };
  const own = await forecast({ integrationId: toHex24(numbered.id), content });
  assert.deepEqual([own.reachable, own.unreachable], [4, { sender_refused: 2 }]);
  assert.notEqual(named.id, numbered.id);
});

test('a broadcast through Bird v1 goes in calls of up to a hundred, each message once, each with its own reference', async () => {
  const { ctx } = world;
  const other = await newWorkspace(ctx, 'live');
  await newIntegration(ctx, other.id, 'messagebird', {
    accessKey: 'bk_eu_key',
    originator: '+31612340000',
    baseUrl: bird.url(''),
  });
  await newContacts(ctx, other.id, 250, 9_400_000);
  bird.answer('/v1/sms/batches', (made, { body }) => ({
    status: 202,
    body: JSON.stringify({
      data: (JSON.parse(body) as object[]).map((_, at) => ({ id: `sms_${made}_${at}` })),
      summary: {},
    }),
  }));
  const nowMs = ctx.clock.nowMs();
  const input = {
    name: 'sale',
    channel: 'sms',
    class: 'marketing',
    audience: { include: { all: true } },
    content: { type: 'text', text: 'Hi {{ contact.givenName }}' },
  };
  const made = must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, other.id, input, nowMs)),
  );
  await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, other.id, made.id, nowMs));
  await until(
    'it is done',
    async () => (await selectBroadcast(ctx.sql, other.id, made.id))?.state === 'done',
  );
  type Item = { to: string; text: string; metadata: { ref: string } };
  const batches = bird.received('/v1/sms/batches').map(({ body }) => JSON.parse(body) as Item[]);
  const alone = bird.received('/v1/sms/messages').map(({ body }) => JSON.parse(body) as Item);
  const items = [...batches.flat(), ...alone.filter(({ text: words }) => words.startsWith('Hi '))];
  assert.equal(new Set(items.map(({ metadata }) => metadata.ref)).size, 250);
  assert.equal(new Set(items.map(({ to }) => to)).size, 250);
  assert.equal(items.length, 250);
  assert.ok(batches.length > 0 && batches.every((batch) => batch.length <= 100));
});
