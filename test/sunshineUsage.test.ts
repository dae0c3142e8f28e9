/** What is counted (N20), what the feed is told of conversations, and apps that are deleted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKey } from '../src/accounts/keys.ts';
import { toHex24 } from '../src/base/ids.ts';
import { caller, errors, jwt, must, startProduct, type App } from './sunshineProduct.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url, sql, ctx } = product;
const receiver = await startReceiver();

/** An app with a key for the console's API. */
async function appWithConsole() {
  const app = await product.newApp();
  const key = must(
    await sql.begin((tx) =>
      createKey(tx, ctx, {
        owner: { workspaceId: app.workspaceId },
        door: 'console',
        scopes: ['admin'],
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  const console = async (method: string, path: string, body?: object): Promise<Json> => {
    const response = await fetch(`${url}/api/workspaces/${app.appId}${path}`, {
      method,
      headers: { authorization: `Bearer ${key.token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answered = await response.json();
    assert.ok(response.status < 300 || path.includes('month=x'), JSON.stringify(answered));
    return answered;
  };
  const usage = (month = '') => console('GET', `/usage${month}`);
  const counted = (what: string, fits: (usage: Json) => boolean) =>
    until<Json>(what, async () => {
      const now = await usage();
      return fits(now) ? now : undefined;
    });
  return { app, call: caller(url, app), console, usage, counted };
}
const text = (words: string) => ({ role: 'appMaker', type: 'text', text: words });
const notify = (app: App, destinationId: string) =>
  caller(url, app)('POST', '/v1.1/apps/' + app.appId + '/notifications', {
    destination: { integrationId: app.integrations['twilio'], destinationId },
    author: { role: 'appMaker' },
    message: { type: 'text', text: 'Hello' },
  });

describe('usage', () => {
  test('N20 a message is counted when a provider had it, a person when it answers, once a month', async () => {
    const { app, call, usage, counted } = await appWithConsole();
    const month = new Date(ctx.clock.nowMs()).toISOString().slice(0, 7);
    const none = { month, messages: [], messagesTotal: 0, activePeople: 0 };
    assert.deepEqual(await usage(), none);
    await notify(app, '+15145580001');
    await notify(app, '+15145580002');
    // Refused by the provider: an attempt.
    await notify(app, '+15005550001');
    await counted('three messages', (now) => now.messagesTotal === 3);
    assert.deepEqual((await usage()).messages, [{ channel: 'sms', count: 3, segments: 3 }]);
    assert.equal((await usage()).activePeople, 0);
    for (const words of ['Yes', 'And more'])
      await product.simulator.reply({
        workspaceId: app.workspaceId,
        channel: 'sms',
        address: '+15145580001',
        text: words,
      });
    await counted('one person', (now) => now.activePeople === 1);
    await call('POST', '/v1.1/appusers', { userId: 'mail' });
    await call('POST', '/v1.1/appusers/mail/channels', {
      type: 'mailgun',
      address: 'ann@example.com',
      confirmation: { type: 'immediate', message: text('Hello') },
    });
    const all = await counted('a mail', (now) => now.messagesTotal === 4);
    assert.deepEqual(all, {
      month,
      messages: [
        { channel: 'email', count: 1 },
        { channel: 'sms', count: 3, segments: 3 },
      ],
      messagesTotal: 4,
      activePeople: 1,
    });
    assert.deepEqual(await usage('?month=2020-01'), { ...none, month: '2020-01' });
  });

  test('N20 text messages are counted as what they cost, beside the messages: alone and in a broadcast', async () => {
    const { app, call, console, usage, counted } = await appWithConsole();
    const say = async (destinationId: string, words: string) =>
      await call('POST', `/v1.1/apps/${app.appId}/notifications`, {
        destination: { integrationId: app.integrations['twilio'], destinationId },
        author: { role: 'appMaker' },
        message: { type: 'text', text: words },
      });
    // 160 septets are one; 161 are two; 70 units of UCS-2 are one, 71 two, 135 three.
    await say('+15145580301', 'x'.repeat(160));
    await say('+15145580302', 'x'.repeat(161));
    await say('+15145580303', 'ж'.repeat(135));
    await counted('three messages', (now) => now.messagesTotal === 3);
    assert.deepEqual((await usage()).messages, [{ channel: 'sms', count: 3, segments: 6 }]);
    const tag = await console('POST', '/tags', { name: 'long' });
    const rows = await sql<
      { id: number }[]
    >`SELECT contact_id AS id FROM destinations WHERE workspace_id = ${app.workspaceId}`;
    await console('POST', `/tags/${tag.id}/members`, { add: rows.map(({ id }) => toHex24(id)) });
    const broadcast = await console('POST', '/broadcasts', {
      name: 'long',
      channel: 'sms',
      class: 'transactional',
      audience: { include: { tags: ['long'] } },
      content: { type: 'text', text: `${'y'.repeat(155)} {{ contact.phone }}` },
    });
    await console('POST', `/broadcasts/${broadcast.id}/start`);
    await counted('six messages', (now) => now.messagesTotal === 6);
    assert.deepEqual((await usage()).messages, [{ channel: 'sms', count: 6, segments: 12 }]);
  });

  test('N20 what never came to a provider is not counted', async () => {
    const { app, call, counted } = await appWithConsole();
    await call('POST', '/v1.1/appusers', { userId: 'nowhere' });
    await call('POST', '/v1.1/appusers/nowhere/messages', text('Hello'));
    await until('it was stopped', async () => {
      const [row] = await sql`SELECT count(*) AS n FROM deliveries
        WHERE workspace_id = ${app.workspaceId} AND state = 11 AND NOT EXISTS (SELECT FROM feed)`;
      return row!['n'] === 1;
    });
    await notify(app, '+15145580003');
    assert.equal((await counted('one', (now) => now.messagesTotal > 0)).messagesTotal, 1);
  });

  test('N20 a broadcast counts each of its recipients; two who are merged are one person', async () => {
    const { app, call, console, counted } = await appWithConsole();
    const tag = await console('POST', '/tags', { name: 'all' });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      const to = `+1514558010${i}`;
      assert.equal((await notify(app, to)).status, 201);
      const [row] = await until('the person', async () => {
        const rows = await sql<{ id: number }[]>`SELECT contact_id AS id FROM destinations
          WHERE address = ${to} AND workspace_id = ${app.workspaceId}`;
        return rows.length > 0 ? rows : undefined;
      });
      ids.push(toHex24(row!.id));
      await until('the text', async () => {
        const phone = await product.simulator.phone(app.workspaceId, to);
        return Array.isArray(phone) && phone.length > 0;
      });
      await product.simulator.reply({
        workspaceId: app.workspaceId,
        channel: 'sms',
        address: to,
        text: 'Hi',
      });
    }
    await console('POST', `/tags/${tag.id}/members`, { add: ids });
    const made = await console('POST', '/broadcasts', {
      name: 'News',
      content: { type: 'text', text: 'Hi' },
      channel: 'sms',
      class: 'transactional',
      audience: { include: { tags: ['all'] } },
    });
    await console('POST', `/broadcasts/${made.id}/start`);
    await counted('five and five', (now) => now.messagesTotal === 10 && now.activePeople === 5);
    const merged = await call('POST', '/v1.1/appusers/merge', {
      surviving: { _id: ids[0] },
      discarded: { _id: ids[1] },
    });
    assert.equal(merged.status, 200);
    await counted('four', (now) => now.activePeople === 4);
  });

  test('a month must be one', async () => {
    const { usage } = await appWithConsole();
    const told = await usage('?month=x');
    assert.match(JSON.stringify(told), /month: must be a month/);
  });
});

describe('what the feed is told of a conversation', () => {
  test('the business types and reads: events for whoever has it open, nothing for webhooks', async () => {
    const { app, call } = await appWithConsole();
    const path = '/typing';
    await call('POST', '/v1.1/webhooks', {
      target: receiver.url(path),
      triggers: ['typing:appUser', 'conversation:read', 'conversation:start'],
    });
    const made = (await call('POST', '/v1.1/appusers', { userId: 'ann' })) as Json;
    const contactId = Number.parseInt(made.body.appUser._id.slice(8), 16);
    await call('POST', '/v1.1/appusers/ann/messages', text('Hello'));
    for (const type of ['typing:start', 'typing:stop', 'conversation:read'])
      assert.equal(
        (await call('POST', '/v1.1/appusers/ann/conversation/activity', { role: 'appMaker', type })).status,
        200,
      );
    const told = await until('the events', async () => {
      const rows = await sql<{ type: string; payload: Json }[]>`SELECT type, payload FROM feed_log
        WHERE workspace_id = ${app.workspaceId} AND type LIKE 'conversation.%' ORDER BY id`;
      return rows.length === 3 ? rows : undefined;
    });
    assert.deepEqual(
      told.map(({ type, payload }) => [type, payload.by, payload.on, payload.contactId]),
      [
        ['conversation.typing', 'business', true, contactId],
        ['conversation.typing', 'business', false, contactId],
        ['conversation.read', 'business', undefined, contactId],
      ],
    );
    assert.deepEqual(receiver.received(path), []);
  });

  test('N24 what a person does on the web chat is told as conversation:start, typing:appUser and conversation:read', async () => {
    const { app, call } = await appWithConsole();
    const path = '/web';
    await call('POST', '/v1.1/webhooks', {
      target: receiver.url(path),
      triggers: ['typing:appUser', 'conversation:read', 'conversation:start'],
    });
    const made = (await call('POST', '/v1.1/appusers', { userId: 'eve' })) as Json;
    await call('POST', '/v1.1/appusers/eve/messages', text('Hello'));
    const contactId = Number.parseInt(made.body.appUser._id.slice(8), 16);
    const about = { contactId, conversationId: 1 };
    const atMs = ctx.clock.nowMs();
    const by = 'contact';
    await ctx.queue.transact((tx) =>
      ctx.queue.append(
        tx,
        [
          { type: 'conversation.started', payload: { ...about, destinationId: 0 } },
          { type: 'conversation.typing', payload: { ...about, by, on: true } },
          { type: 'conversation.read', payload: { ...about, by, atMs } },
        ].map((event) => ({ ...event, ownerId: contactId, workspaceId: app.workspaceId, atMs })),
      ),
    );
    const bodies = await until('the calls', () =>
      receiver.received(path).length === 3
        ? receiver.received(path).map(({ body }) => JSON.parse(body))
        : undefined,
    );
    const told = (trigger: string) => bodies.find((body) => body.trigger === trigger);
    assert.deepEqual(told('typing:appUser').activity, { type: 'typing:start' });
    assert.deepEqual(told('conversation:read').source, { type: 'web' });
    assert.equal(told('conversation:start').appUser.userId, 'eve');
    for (const body of bodies) assert.equal(typeof body.timestamp, 'number');
  });
});

describe('apps', () => {
  test('one that is deleted is gone for its account and its keys, and sends nothing more', async () => {
    const { app, call } = await appWithConsole();
    const as = (method: string, path: string) =>
      fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${jwt(app.account, { scope: 'account' })}` },
      });
    const at = `/v1.1/apps/${app.appId}`;
    assert.equal((await call('DELETE', at)).status, 403);
    assert.equal((await as('GET', at)).status, 200);
    assert.equal((await as('DELETE', at)).status, 200);
    assert.equal((await as('GET', at)).status, 404);
    assert.equal((await as('DELETE', at)).status, 404);
    assert.deepEqual(((await (await as('GET', '/v1.1/apps')).json()) as Json).apps, []);
    assert.equal((await call('GET', '/v1.1/webhooks')).status, 401);
    const [row] = await sql<{ n: number }[]>`SELECT count(*) AS n FROM integrations
      WHERE workspace_id = ${app.workspaceId} AND (secrets_sealed IS NOT NULL OR deleted_ms IS NULL)`;
    assert.equal(row!.n, 0);
  });

  test('service accounts are not there, and the answer says what to use instead', async () => {
    const app = await product.newApp();
    const response = await fetch(`${url}/v1.1/serviceaccounts`, {
      headers: { authorization: `Bearer ${jwt(app.account, { scope: 'account' })}` },
    });
    assert.equal(response.status, 501);
    const { error } = (await response.json()) as Json;
    assert.equal(error.code, 'not_built');
    assert.match(error.description, /make a key of the account/);
  });
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});
