/** The published SDK, unmodified, as client and as webhook receiver, against the running product (api/web1on1.md §B.11). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { after, describe, test } from 'node:test';
import { issueAccessToken } from '../src/accounts/accessTokens.ts';
import { errors } from './sunshineProduct.ts';
import { callerOf, deviceOf, newBot, newPhone, startProduct, type Json } from './web1on1Product.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';

const ChipChat = createRequire(import.meta.url)('chipchat') as new (options: object) => Json;

const product = await startProduct();
const { url, ctx, simulator } = product;
const bot = await newBot(product);
const call = callerOf(url, bot.token);
const own = (more: object = {}) =>
  new ChipChat({ host: url, token: bot.token, refreshToken: bot.key, email: bot.email, ...more });
const api = own();

async function begun() {
  const telephone = newPhone();
  const made = await api.conversations.create({
    organization: bot.organization,
    type: 'contact',
    contact: { profile: { name: 'John Johnson', telephone } },
    messages: [{ text: 'Hey there.', touchpoint: 'sms', role: 'agent' }],
  });
  return { telephone, id: made.id as string, made, device: deviceOf(product, bot, 'sms', telephone) };
}

const reply = (address: string, text: string) =>
  simulator.reply({ workspaceId: bot.workspaceId, channel: 'sms', address, text });

describe('as client', () => {
  test('W24 a conversation is begun and found by the telephone of its contact', async () => {
    const { telephone, id, device } = await begun();
    await device.arrived(1);
    const [contact] = await api.contacts.list({
      'profile.telephone': telephone,
      organization: bot.organization,
    });
    assert.equal(contact.conversation, id);
    const conversation = await api.conversation(contact.conversation);
    const said = await conversation.say({ text: 'Again', role: 'agent' });
    assert.equal(said.text, 'Again');
    assert.equal(said.user, bot.user);
    const both = await conversation.say([{ text: 'One', role: 'agent' }, { text: 'Two' }]);
    assert.deepEqual(
      both.map(({ text }: Json) => text),
      ['One', 'Two'],
    );
    await device.arrived(3);
    const plain = await api.send(id, 'Hello');
    assert.equal(plain.role, 'bot');
  });

  test('W33 accept, leave, assign, notify, set', async () => {
    const { id } = await begun();
    const conversation = await api.conversation(id);
    const now = () => api.conversations.get(id);
    await conversation.leave();
    assert.equal((await now()).status, 'closed');
    await conversation.notify([bot.organization], []);
    assert.equal((await now()).status, 'queued');
    await conversation.accept();
    assert.equal((await now()).status, 'active');
    await conversation.join();
    await conversation.assign('b'.repeat(24));
    assert.ok((await now()).participants.some(({ user, inbox }: Json) => inbox && user === 'b'.repeat(24)));
    await conversation.set('color', 'blue');
    assert.equal((await now()).meta.color, 'blue');
    await conversation.set('color');
    assert.equal((await now()).meta.color, undefined);
  });

  test('lists follow the Link header: thirty in pages of twelve', async () => {
    const { id } = await begun();
    await api.send(
      id,
      Array.from({ length: 29 }, (_, i) => ({ text: `note ${i}` })),
    );
    const paged = own({ pagination: { limit: 12, backoff: 1 } });
    const all = await paged.messages.list({ conversation: id });
    assert.equal(all.length, 30);
    assert.equal(new Set(all.map((one: Json) => one.id)).size, 30);
  });

  test('messages and conversations are changed and taken away', async () => {
    const { id } = await begun();
    const note = await api.send(id, 'Draft');
    const changed = await api.messages.update(note.id, { text: 'Better', meta: { a: 'b' } });
    assert.equal(changed.text, 'Better');
    assert.equal((await api.messages.get(note.id)).meta.a, 'b');
    await api.messages.delete(note.id);
    await assert.rejects(() => api.messages.get(note.id), /There is no such message/);
    const renamed = await api.conversations.update(id, { name: 'Renamed', tags: ['x'] });
    assert.equal(renamed.name, 'Renamed');
    assert.deepEqual((await api.conversations.list({ tags: 'x', name: ['Renamed', 'y'] })).length, 1);
  });

  test('who is asked, and what is refused', async () => {
    assert.equal((await api.users.get(bot.user)).email, bot.email);
    assert.equal((await api.bots.get(bot.user)).name, 'testbot');
    assert.equal((await api.organizations.get(bot.organization)).displayName, 'Shop');
    assert.equal((await api.channels.list())[0].id, bot.organization);
    await assert.rejects(() => api.conversations.get('a'.repeat(24)), /There is no such conversation/);
    const viewer = await newBot(product, ['viewer'], bot);
    const asViewer = new ChipChat({ host: url, token: viewer.token });
    await assert.rejects(() => asViewer.conversations.list(), /scope viewer/);
  });

  test('an expired token is refreshed, and the request made again', async () => {
    const claims = JSON.parse(Buffer.from(bot.token.split('.')[1]!, 'base64url').toString());
    const expired = issueAccessToken(ctx.vault, { ...claims, exp: Math.floor(ctx.clock.nowMs() / 1000) - 1 });
    const client = own({ token: expired });
    const fresh: string[] = [];
    client.on('token', (token: string) => void fresh.push(token));
    assert.equal((await client.users.get(bot.user)).id, bot.user);
    assert.equal(fresh.length, 1);
    await assert.rejects(() => own({ token: expired, refreshToken: 'wob_x.y' }).users.get(bot.user));
  });
});

describe('as webhook receiver', () => {
  const secret = 'secret of the webhook';
  const heard: Json[] = [];
  const receiver = own({ secret: secret.replaceAll(' ', '-'), webhook: '/hook', ignoreBots: false });
  receiver.on('**', function (this: Json, data: Json) {
    heard.push({ event: this.event, data });
  });
  const trouble: Json[] = [];
  receiver.on('error', (error: Json) => void trouble.push(error));
  // It takes no port 0: one that is free at this moment is looked for.
  const server = (async (): Promise<Server> => {
    const looking = createServer().listen(0, '127.0.0.1');
    await once(looking, 'listening');
    const { port } = looking.address() as AddressInfo;
    looking.close();
    await once(looking, 'close');
    receiver.start(port);
    const started = receiver.server as Server;
    if (!started.listening) await once(started, 'listening');
    return started;
  })();
  after(async () => {
    const running = await server;
    running.closeAllConnections();
    running.close();
  });

  test('the challenge is echoed, signatures are good, and events arrive under their names', async () => {
    const { port } = (await server).address() as AddressInfo;
    const service = await api.services.create({
      name: 'Hook',
      type: 'webhook',
      params: { url: `http://127.0.0.1:${port}/hook`, secret: secret.replaceAll(' ', '-'), events: ['*'] },
    });
    assert.equal(service.type, 'webhook');
    const { telephone, id, device } = await begun();
    await device.arrived(1);
    receiver.onText('yes', (_message: Json, conversation: Json) =>
      conversation.say({ text: 'You said yes', role: 'agent' }),
    );
    await reply(telephone, 'Yes');
    const arrived = await device.arrived(2);
    assert.equal(arrived[1].content.text, 'You said yes');
    const of = (event: string) => heard.find((one) => one.event === event)?.data;
    const said = await until('the message', () => of('message.create.contact.chat'));
    assert.equal(said.conversation, id);
    await until('the conversation', () => of('conversation.update'));
    assert.equal((await until('its begin', () => of('conversation.create'))).organization, bot.organization);
    const conversation = await api.conversation(id);
    await conversation.leave();
    await reply(telephone, 'Still there?');
    const notified = await until('the notification', () => of('channel.notify'));
    assert.equal(notified.data.conversation.status, 'queued');
    assert.equal(notified.data.message.text, 'Still there?');
    assert.deepEqual(trouble, []);
    await api.services.delete(service.id);
  });
});

describe('webhooks', () => {
  test('a target that does not echo the challenge is refused', async () => {
    const receiving = await startReceiver();
    const refused = await call('POST', '/services', {
      type: 'webhook',
      params: { url: receiving.url('/mute') },
    });
    assert.equal(refused.status, 422);
    assert.equal(refused.body.error.field, 'params.url');
    const odd = await call('POST', '/services', { type: 'webhook', params: { url: 'ftp://x' } });
    assert.equal(odd.status, 400);
  });

  test('W33 messages in the answer are posted, once, as the bot of its token', async () => {
    const calls: Json[] = [];
    const answering = createServer((request, response) => {
      const challenge = new URL(request.url!, 'http://x').searchParams.get('challenge');
      if (challenge) return void response.end(challenge);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        calls.push(JSON.parse(Buffer.concat(chunks).toString()));
        const messages = [{ text: 'Answered', role: 'agent' }];
        const isTheirs = calls.at(-1).data.message.role === 'contact';
        response.end(isTheirs ? JSON.stringify({ token: bot.key, messages }) : '');
      });
    });
    answering.listen(0, '127.0.0.1');
    await once(answering, 'listening');
    const { port } = answering.address() as AddressInfo;
    const { telephone, device } = await begun();
    await device.arrived(1);
    const made = await call('POST', '/services', {
      type: 'webhook',
      params: { url: `http://127.0.0.1:${port}/`, events: ['message.create.contact.chat'] },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    await reply(telephone, 'Hello?');
    const arrived = await device.arrived(2);
    assert.equal(arrived[1].content.text, 'Answered');
    await call('DELETE', `/services/${made.body.id}`);
    const [told] = calls;
    assert.equal(told.event, 'message.create.contact.chat');
    assert.match(told.id, /^[0-9a-f-]{36}$/);
    assert.equal(told.organization, bot.organization);
    assert.equal(told.activity.type, 'Create');
    assert.equal(told.data.message.text, 'Hello?');
    answering.closeAllConnections();
    answering.close();
  });
});

test('what another door sends is told, too', async () => {
  const calls: Json[] = [];
  const target = createServer((request, response) => {
    const challenge = new URL(request.url!, 'http://x').searchParams.get('challenge');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (challenge === null) calls.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end(challenge ?? '');
    });
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const { port } = target.address() as AddressInfo;
  const params = { url: `http://127.0.0.1:${port}/`, events: ['message.create.*'] };
  const made = await call('POST', '/services', { type: 'webhook', params });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const sent = await fetch(`${url}/v1.1/apps/${bot.appId}/notifications`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${bot.keyId}:${bot.secret}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      destination: { integrationId: bot.integrations['twilio'], destinationId: newPhone() },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'By the other door' },
    }),
  });
  assert.equal(sent.status, 201, await sent.text());
  const told = await until<Json>('the message', () => calls[0]);
  assert.equal(told.event, 'message.create.contact.chat');
  assert.equal(told.data.message.text, 'By the other door');
  assert.equal(told.data.message.role, 'agent');
  const conversation = await call('GET', `/conversations/${told.data.conversation.id}`);
  assert.equal(conversation.body.slug, told.data.conversation.slug);
  await call('DELETE', `/services/${made.body.id}`);
  target.closeAllConnections();
  target.close();
});

test('nothing was an error', () => {
  assert.deepEqual(errors, []);
});
