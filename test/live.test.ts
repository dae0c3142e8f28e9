/**
 * The live channel on the running product, through the typed client: creation (N22–N27), the conversation in step on all tabs,
 * receipts, refusals, and who is let in.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import type { LiveEvent, ServerFrame } from '../contract/live.ts';
import { connectLive, LiveRefusal, type LiveClient } from '../sdk/live/client.ts';
import { fromHex24, toHex24 } from '../src/base/ids.ts';
import { openSession } from '../src/links/sessions.ts';
import { createKey } from '../src/accounts/keys.ts';
import { testDatabase } from './support/database.ts';
import { assertProof } from './support/proof.ts';
import { startTwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { callApi, must, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const db = await testDatabase();
let world: World;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let secret: { keyId: string; secret: string };
const open: LiveClient[] = [];

before(async () => {
  world = await startWorld(db.connection);
  app = await newWorkspace(world.ctx, 'live');
  secret = await newSecret(app.id);
});
after(async () => {
  for (const client of open) client.close();
  await world.stop();
});

async function newSecret(workspaceId: number) {
  const made = must(
    await world.ctx.sql.begin((tx) =>
      createKey(tx, world.ctx, {
        owner: { workspaceId },
        door: 'sunshine',
        name: 'live',
        nowMs: world.ctx.clock.nowMs(),
      }),
    ),
  );
  return { keyId: made.key.keyId, secret: made.secret };
}

function tokenOf(userId: string, claims: Record<string, unknown> = {}, from = secret): Promise<string> {
  return new SignJWT({ scope: 'appUser', userId, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: from.keyId })
    .sign(new TextEncoder().encode(from.secret));
}

function connect(userId: string, token: string | (() => Promise<string>) = () => tokenOf(userId)) {
  const client = connectLive({ url: world.url, token, backOffMs: { first: 5, longest: 50 } });
  open.push(client);
  return client;
}

async function opened(userId: string): Promise<LiveClient> {
  const client = connect(userId);
  await until('it is connected', () => client.status() === 'open');
  return client;
}

const texts = (client: LiveClient) =>
  client.messages().map(({ content }) => ('text' in content ? content.text : content.type));
const userOf = (userId: string) => callApi(world, app.authorization, 'GET', `/v1.1/appusers/${userId}`);
const post = (userId: string, text: string, role = 'appMaker') =>
  callApi(world, app.authorization, 'POST', `/v1.1/appusers/${userId}/messages`, {
    role,
    type: 'text',
    text,
  });
const feedEvents = (type: string) =>
  db.sql<{ payload: { contactId: number } }[]>`
    SELECT payload FROM feed_log WHERE type = ${type} UNION ALL SELECT payload FROM feed WHERE type = ${type}`;

test('N22 N23 N27 connecting makes nothing: no user, no conversation, no integration', async () => {
  const client = await opened('nobody-yet');
  assert.deepEqual(client.messages(), []);
  assert.equal(client.conversation(), undefined);
  assert.equal((await userOf('nobody-yet')).status, 404);
  const [{ n }] = (await db.sql`SELECT count(*) AS n FROM integrations WHERE workspace_id = ${app.id}`) as [
    { n: number },
  ];
  assert.equal(n, 0);
  client.typing(true);
  client.read();
  assert.equal((await userOf('nobody-yet')).status, 404);
});

test('N22 N24 the first message makes user and conversation, tells of the start once, and all tabs are in step', async () => {
  const [one, two] = [await opened('ann'), await opened('ann')];
  const said = [one.say('Hello'), two.say('from both tabs')];
  const kept = await Promise.all(said);
  for (const tab of [one, two]) {
    await until('both are shown', () => tab.messages().length === 2);
    assert.deepEqual(texts(tab).toSorted(), ['Hello', 'from both tabs']);
    assert.equal(tab.unsent().length, 0);
    assert.equal(tab.conversation()?.started, true);
  }
  assert.deepEqual(
    one
      .messages()
      .map(({ id }) => id)
      .toSorted(),
    kept.map(({ messageId }) => messageId).toSorted(),
  );
  const user = await userOf('ann');
  assert.equal(user.json.appUser.conversationStarted, true);
  const starts = await feedEvents('conversation.started');
  assert.equal(starts.length, 1);
  assert.equal(toHex24(starts[0]!.payload.contactId), user.json.appUser._id);
  const shown = await callApi(world, app.authorization, 'GET', '/v1.1/appusers/ann/messages');
  assert.deepEqual(
    shown.json.messages.map((message: any) => [message.role, message.source.type]),
    [
      ['appUser', 'web'],
      ['appUser', 'web'],
    ],
  );
});

test('N24 start makes user and conversation without a message', async () => {
  const client = await opened('starter');
  await client.start();
  await client.start();
  const user = await userOf('starter');
  assert.equal(user.json.appUser.conversationStarted, true);
  const contactId = user.json.appUser._id;
  const starts = (await feedEvents('conversation.started')).filter(
    ({ payload }) => toHex24(payload.contactId) === contactId,
  );
  assert.equal(starts.length, 1);
  await until('it knows of the conversation', () => client.conversation()?.started);
});

test('N25 N26 the business answers: shown at once, unread, delivered; read by the person, and both tabs know', async () => {
  const [one, two] = [await opened('bea'), await opened('bea')];
  await one.say('Is it open?');
  const answer = await post('bea', 'Until six');
  const id = answer.json.message._id as string;
  const states = (client: LiveClient) => client.messages().find((message) => message.id === id)?.state;
  for (const tab of [one, two]) {
    await until('the answer is shown', () => texts(tab).includes('Until six'));
    await until('it is delivered', () => states(tab) === 'delivered');
    assert.equal(tab.conversation()?.unreadCount, 1);
  }
  assert.equal(
    (await callApi(world, app.authorization, 'GET', '/v1.1/appusers/bea/conversation')).json.conversation
      .unreadCount,
    1,
  );
  one.read();
  for (const tab of [one, two]) {
    await until('it is read', () => states(tab) === 'read');
    await until('nothing is unread', () => tab.conversation()?.unreadCount === 0);
  }
  const shown = await callApi(world, app.authorization, 'GET', '/v1.1/appusers/bea/conversation');
  assert.equal(shown.json.conversation.unreadCount, 0);
});

test('what the business takes away goes from open tabs, one message or all, and does not come back with the next connect', async () => {
  const tab = await opened('vera');
  await tab.say('first');
  await post('vera', 'a slip');
  await post('vera', 'and more');
  await until('all is there', () => tab.messages().length === 3);
  const at = '/v1.1/appusers/vera/messages';
  const slip = tab.messages().find(({ content }) => 'text' in content && content.text === 'a slip')!;
  assert.equal((await callApi(world, app.authorization, 'DELETE', `${at}/${slip.id}`)).status, 200);
  await until('it is gone', () => !texts(tab).includes('a slip'));
  assert.deepEqual(texts(tab), ['first', 'and more']);
  const counted = async () =>
    (await callApi(world, app.authorization, 'GET', '/v1.1/appusers/vera/conversation')).json.conversation
      .unreadCount as number;
  assert.deepEqual([tab.conversation()?.unreadCount, await counted()], [1, 1]);
  assert.equal((await callApi(world, app.authorization, 'DELETE', at)).status, 200);
  await until('all is gone', () => tab.messages().length === 0);
  assert.deepEqual([tab.conversation()?.unreadCount, await counted()], [0, 0]);
  assert.deepEqual((await opened('vera')).messages(), []);
  // Who audits is not told that what was sent had no cause.
  await assertProof(world.ctx, app.id);
});

test('N29 what was said while nobody was connected is accepted, shown at the next connect, and delivered then', async () => {
  const client = await opened('cay');
  await client.say('Hi');
  client.close();
  const posted = await post('cay', 'While you were out');
  const id = posted.json.message._id as string;
  const state = async () =>
    (
      await db.sql<{ state: number }[]>`SELECT state FROM deliveries WHERE workspace_id = ${app.id}
      AND cause_id = ${Number.parseInt(id.slice(8), 16)}`
    )[0]?.state;
  await until('it is accepted', async () => (await state()) === 4);
  const back = await opened('cay');
  assert.deepEqual(texts(back), ['Hi', 'While you were out']);
  await until('it is delivered', async () => (await state()) === 5);
  await until('it is shown as such', () => back.messages().at(-1)?.state === 'delivered');
});

test('a user made by the API while its tab is connected is found', async () => {
  const client = await opened('dee');
  await callApi(world, app.authorization, 'POST', '/v1.1/appusers', { userId: 'dee' });
  await post('dee', 'Welcome');
  await until('the message is shown', () => texts(client).includes('Welcome'));
});

test('say is idempotent by its name, also over connections', async () => {
  const [one, two] = [await opened('eve'), await opened('eve')];
  const first = await one.say('Once', 'name-1');
  const again = await two.say('Once', 'name-1');
  assert.equal(again.messageId, first.messageId);
  await one.say('Last');
  await until('the last is shown', () => texts(two).includes('Last'));
  assert.deepEqual(texts(two), ['Once', 'Last']);
  assert.equal(one.messages()[0]?.clientId, 'name-1');
});

test('what cannot be said is refused with field and rule, and the connection goes on', async () => {
  const client = await opened('fay');
  await assert.rejects(client.say({ type: 'text', text: '' }), (error) => {
    assert.ok(error instanceof LiveRefusal);
    assert.equal(error.field, 'content.text');
    return true;
  });
  await assert.rejects(
    client.say({ type: 'carousel', items: [{ title: 'x' }] }),
    /content\.type: must be one of text, image/,
  );
  await client.say('Fine');
  assert.equal(client.status(), 'open');
});

test('typing of one side reaches the tabs of the person', async () => {
  const [one, two] = [await opened('gil'), await opened('gil')];
  await one.say('Hm');
  await until('both are in step', () => texts(two).includes('Hm'));
  const heard: LiveEvent[] = [];
  two.on('event', (event) => void heard.push(event));
  one.typing(true);
  await until('it is told', () => heard.some((event) => event.kind === 'typing' && event.on));
});

test('history: the last hundred at first, older ones on request, each once', async () => {
  const client = await opened('hal');
  await client.start();
  for (let n = 0; n < 250; n += 50)
    await Promise.all(Array.from({ length: 50 }, (_, i) => post('hal', `m${n + i}`)));
  await until('all came', () => client.messages().length === 250, 60_000);
  const late = await opened('hal');
  assert.ok(late.messages().length > 50 && late.messages().length <= 100, String(late.messages().length));
  while (late.hasMore()) await late.history();
  assert.deepEqual(
    late.messages().map(({ id }) => id),
    client.messages().map(({ id }) => id),
  );
});

/** Frames and the close of a bare connection. */
async function bare(...frames: (object | string)[]) {
  const socket = new WebSocket(`${world.url.replace('http', 'ws')}/live`);
  const heard: ServerFrame[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
  });
  socket.addEventListener('message', ({ data }) => void heard.push(JSON.parse(data as string)));
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  for (const frame of frames) socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  return { socket, heard, closed };
}

test('who is not let in is told why by the code of the close', async () => {
  const other = await newWorkspace(world.ctx, 'live');
  const hello = (token: string, version = 1) => ({ type: 'hello', version, token });
  const expired = await tokenOf('ann', { exp: 1 });
  const wrong = await tokenOf('ann', {}, { ...secret, secret: 'guessed' });
  const scope = await tokenOf('ann', { scope: 'app' });
  for (const [frame, code, reason] of [
    [hello(expired), 4401, /expired/],
    [hello(wrong), 4401, /signature/],
    [hello(scope), 4401, /appUser/],
    [hello('not-a-jwt'), 4401, /not good/],
    [hello(await tokenOf('ann'), 2), 4426, /version 1/],
    [{ type: 'say', clientId: 'a', content: { type: 'text', text: 'x' } }, 4400, /hello/],
    ['nonsense', 4400, /JSON/],
    [{ type: 'odd' }, 4400, /type/],
    [{ type: 'hello', version: 1 }, 4400, /token/],
  ] as const) {
    const { closed } = await bare(frame);
    const told = await closed;
    assert.equal(told.code, code, JSON.stringify(frame));
    assert.match(told.reason, reason);
  }
  const { closed } = await bare(hello(await tokenOf('ann')), 'x'.repeat(70_000));
  assert.equal((await closed).code, 1009);
  // The same name in another workspace is another person.
  const theirs = await tokenOf('ann', {}, await newSecret(other.id));
  const client = connect('ann', theirs);
  await until('it is connected', () => client.status() === 'open');
  assert.deepEqual(client.messages(), []);
});

test('a client that is refused for good does not come back', async () => {
  const client = connect('ann', 'not-a-jwt');
  await until('it has given up', () => client.status() === 'closed');
  await assert.rejects(client.say('x'), LiveRefusal);
});

test('messages of another person are not confirmed, read or shown', async () => {
  const mine = await opened('ann');
  const theirs = await opened('bea');
  const id = theirs.messages().at(-1)!.id;
  const { socket, heard } = await bare({ type: 'hello', version: 1, token: await tokenOf('ann') });
  await until('it is welcome', () => heard.some(({ type }) => type === 'welcome'));
  const welcome = heard.find((frame) => frame.type === 'welcome')!;
  assert.ok(!JSON.stringify(welcome).includes(id));
  socket.send(JSON.stringify({ type: 'got', messageIds: [id] }));
  socket.send(JSON.stringify({ type: 'read', upTo: id }));
  socket.send(JSON.stringify({ type: 'history', beforeMs: 1 }));
  await until('it is answered', () => heard.some(({ type }) => type === 'history'));
  // Somebody else's cursor is none.
  const cursor = `1.${Number.parseInt(id.slice(8), 16).toString(36)}.5`;
  const again = await bare({ type: 'hello', version: 1, token: await tokenOf('ann'), cursor });
  await until('it is welcome', () => again.heard.length > 0);
  assert.deepEqual(
    (again.heard[0] as Extract<ServerFrame, { type: 'welcome' }>).messages?.map((message) => message.id),
    mine.messages().map((message) => message.id),
  );
  socket.close();
  again.socket.close();
});

test('without WebSocket the address says what it is; other upgrades are ordinary requests', async () => {
  const plain = await fetch(`${world.url}/live`);
  assert.equal(plain.status, 426);
  assert.equal(plain.headers.get('upgrade'), 'websocket');
  const { request } = await import('node:http');
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const call = request(
      `${world.url}/healthz`,
      { headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AA' } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.on('error', reject).end();
  });
  assert.equal(status, 200);
});

test('web chat that is switched off refuses what is said', async () => {
  const off = await newWorkspace(world.ctx, 'live');
  const key = await newSecret(off.id);
  const client = connect('zoe', await tokenOf('zoe', {}, key));
  await client.say('x');
  await db.sql`UPDATE integrations SET status = 'inactive' WHERE workspace_id = ${off.id}`;
  const [{ id }] = (await db.sql`SELECT id FROM integrations WHERE workspace_id = ${off.id}`) as [
    { id: number },
  ];
  world.ctx.directory.forget(id);
  await assert.rejects(client.say('y'), /switched off/);
});

test('a session of a web link opens the same conversation, until it is over', async () => {
  const ann = await opened('ann');
  const contactId = fromHex24((await userOf('ann')).json.appUser._id)!;
  const nowMs = world.ctx.clock.nowMs();
  const whose = { workspaceId: app.id, contactId, integrationId: 1 };
  const session = await world.ctx.sql.begin((tx) => openSession(tx, nowMs, whose));
  const client = connect('ann', session.token);
  await until('it is connected', () => client.status() === 'open');
  assert.deepEqual(client.messages(), ann.messages());
  const old = await world.ctx.sql.begin((tx) => openSession(tx, nowMs - 31 * 86_400_000, whose));
  const late = connect('ann', old.token);
  await until('it is refused', () => late.status() === 'closed');
});

test('answers come here while somebody is connected, and by SMS once they have left', async () => {
  const sink = await startTwilioSink();
  try {
    const client = await opened('zoe');
    await client.say('Hello');
    await newTwilio(world.ctx, app.id, sink.url);
    const linked = await callApi(world, app.authorization, 'POST', '/v1.1/appusers/zoe/channels', {
      type: 'twilio',
      phoneNumber: '+15558675309',
      confirmation: { type: 'immediate' },
    });
    assert.equal(linked.status, 200, JSON.stringify(linked.json));
    await until('the phone is linked', async () => (await userOf('zoe')).json.appUser.clients.length === 2);
    const channelOf = async (text: string) => {
      const { status, json } = await post('zoe', text);
      assert.equal(status, 201, JSON.stringify(json));
      const id = fromHex24(json.message._id);
      return await until('it was sent', async () => {
        const [row] =
          await db.sql`SELECT channel FROM deliveries WHERE cause_id = ${id} AND sent_ms IS NOT NULL`;
        return row?.['channel'];
      });
    };
    assert.equal(await channelOf('here'), 'webchat');
    client.close();
    await until('nobody is here', async () => {
      const here = await db.sql`SELECT 1 FROM chat_presence p JOIN destinations d USING (bucket, contact_id)
        WHERE d.address = '+15558675309'`;
      return here.length === 0;
    });
    assert.equal(await channelOf('there'), 'sms');
  } finally {
    await sink.close();
  }
});
