/** From a text message to the web and back, with the whole product running: workers deliver, and a provider that counts takes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { updateWorkspace } from '../src/accounts/workspaces.ts';
import { recordInbound, destinationsOf } from '../src/contacts/destinations.ts';
import { clicksOfCause } from '../src/links/links.ts';
import { selectDeliveriesOf } from '../src/ledger/sql.ts';
import { STATE } from '../src/ledger/states.ts';
import { testDatabase } from './support/database.ts';
import { startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
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
let world: World;
let sink: TwilioSink;
let app: Awaited<ReturnType<typeof newWorkspace>>;

before(async () => {
  sink = await startTwilioSink();
  world = await startWorld(database.connection);
  app = await newWorkspace(world.ctx, 'live');
  await newTwilio(world.ctx, app.id, sink.url);
});
after(async () => {
  await world.stop();
  await sink.close();
});

const BROWSER = { 'user-agent': 'Mozilla/5.0 Safari/604.1' };

async function say(contactId: number, message: object): Promise<any> {
  const { status, json } = await callApi(
    world,
    app.authorization,
    'POST',
    `/v1.1/apps/${app.appId}/appusers/${toHex24(contactId)}/messages`,
    { role: 'appMaker', type: 'text', ...message },
  );
  assert.equal(status, 201, JSON.stringify(json));
  return json.message;
}

async function chat(method: string, path: string, token?: string, body?: unknown): Promise<any> {
  const response = await fetch(`${world.url}/chat/${path}`, {
    method,
    headers: {
      ...BROWSER,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

async function stateOf(contactId: number, messageId: number) {
  const [delivery] = await selectDeliveriesOf(world.ctx.sql, app.id, contactId, messageId);
  return delivery;
}

test('W46 W47 W50 W51 an SMS leads to the web; answers go there while the person looks, and by SMS when not', async () => {
  const [contactId] = (await newContacts(world.ctx, app.id, 1, 4_000_001)) as [number];
  const to = '+15554000001';
  const [phone] = await destinationsOf(world.ctx.sql, app.id, [contactId]);
  await world.ctx.queue.transact((tx) =>
    recordInbound(tx, world.ctx.ids, world.ctx.clock.nowMs(), [
      { contactId, destinationId: phone!.id, workspaceId: app.id, atMs: world.ctx.clock.nowMs() },
    ]),
  );
  const uri = `${world.url}/chat/${app.appId}?id={authuser}&token={authtoken}`;
  const sent = await say(contactId, {
    text: 'Click the link to continue:',
    actions: [{ type: 'link', text: '[continue]', uri }],
  });
  assert.match(sent.actions[0].uri, /\/l\/[0-9A-Za-z]{11}$/, 'the answer has the short one, too');
  const body = await until('the SMS went', () => sink.calls.find((call) => call.to === to)?.body);
  const short = /http\S+\/l\/[0-9A-Za-z]{11}/.exec(body)![0];
  assert.ok(!body.includes('authtoken'));
  const opened = await fetch(short, { redirect: 'manual', headers: BROWSER });
  const target = new URL(opened.headers.get('location')!);
  assert.equal(target.pathname, `/chat/${app.appId}`);
  assert.equal((await fetch(target, { headers: BROWSER })).status, 200);
  const { token } = await chat('POST', 'session', undefined, {
    id: target.searchParams.get('id'),
    token: target.searchParams.get('token'),
  });

  const { messages, cursor } = await chat('GET', 'messages', token);
  assert.equal(messages[0].content.text, 'Click the link to continue:');
  const stop = new AbortController();
  const stream = await fetch(`${world.url}/chat/events?after=${cursor}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      seen += value;
    }
  })().catch(() => {});
  const calls = sink.calls.length;
  const web = await say(contactId, { text: 'Welcome to the web' });
  await until('it is on the page', () => seen.includes('Welcome to the web'));
  const messageId = Number.parseInt(web._id.slice(8), 16);
  await until(
    'it was handed over',
    async () => (await stateOf(contactId, messageId))?.state === STATE.accepted,
  );
  assert.equal((await stateOf(contactId, messageId))!.channel, 'webchat');
  await chat('POST', 'read', token);
  assert.equal((await stateOf(contactId, messageId))!.state, STATE.read);
  assert.equal(sink.calls.length, calls, 'no SMS');

  await chat('POST', 'messages', token, { text: 'I look away now' });
  stop.abort();
  await until(
    'the person is away',
    async () =>
      (await world.ctx.sql`SELECT 1 FROM chat_presence WHERE contact_id = ${contactId}`).length === 0,
  );
  await say(contactId, { text: 'See you' });
  await until('the SMS went', () => sink.calls.some((call) => call.to === to && call.body === 'See you'));
});

test('a broadcast: a short link of its own for each recipient, a row for all, clicks by person', async () => {
  const contactIds = await newContacts(world.ctx, app.id, 50, 5_000_000);
  await world.ctx.sql.begin((tx) =>
    updateWorkspace(tx, { id: app.id, settings: { trackClicks: true }, nowMs: world.ctx.clock.nowMs() }),
  );
  world.ctx.directory.forget(app.id);
  const deps = world.ctx.broadcasts;
  const nowMs = world.ctx.clock.nowMs();
  const begun = must(
    await world.ctx.queue.transact(async (tx) => {
      const made = must(
        await createBroadcast(
          deps,
          tx,
          app.id,
          {
            name: 'Sale',
            channel: 'sms',
            class: 'marketing',
            content: {
              type: 'text',
              text: 'Sale, {{ contact.givenName }}',
              actions: [{ type: 'link', text: 'Shop', uri: 'https://shop.example/sale' }],
            },
            audience: { include: { all: true } },
          },
          nowMs,
        ),
      );
      return await startBroadcast(deps, tx, app.id, made.id, nowMs);
    }),
  );
  const ofRun = () => sink.calls.filter(({ body }) => body.startsWith('Sale, '));
  await until('all went', () => ofRun().length >= contactIds.length);
  const codes = ofRun().map(({ body }) => /\/l\/([0-9A-Za-z]{19})/.exec(body)?.[1]);
  assert.ok(codes.every(Boolean));
  assert.equal(new Set(codes).size, codes.length);
  const opened = await fetch(`${world.url}/l/${codes[7]}`, { redirect: 'manual', headers: BROWSER });
  assert.equal(opened.headers.get('location'), 'https://shop.example/sale');
  const clicks = () => clicksOfCause(world.ctx.sql, app.id, begun.runId!);
  await until('it is counted', async () => (await clicks()).hours.length > 0);
  const found = await clicks();
  assert.deepEqual(found.links, [
    { position: 0, longUri: 'https://shop.example/sale', people: 1, clicks: 1 },
  ]);
  assert.deepEqual(
    found.hours.map((hour) => hour.clicks),
    [1],
  );
  const other = await newWorkspace(world.ctx, 'test');
  assert.deepEqual(await clicksOfCause(world.ctx.sql, other.id, begun.runId!), { links: [], hours: [] });
});
