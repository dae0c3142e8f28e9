/** The SDKs' side: nobody is made until there is something to say (api/sunshine.md §10; N22–N29). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { caller, errors, jwt, startProduct } from './sunshineProduct.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct({ rateLimitPerS: 0 });
const { url, sql } = product;
const receiver = await startReceiver();
const app = await product.newApp();
const call = caller(url, app);
const root = `/sdk/v2/apps/${app.appId}`;

await call('POST', '/v1.1/webhooks', {
  target: receiver.url('/all'),
  triggers: ['conversation:start', 'message:appUser', 'merge:appUser'],
});
const told = (trigger: string, appUserId: string): Json[] =>
  receiver
    .received('/all')
    .map(({ body }) => JSON.parse(body))
    .filter((body) => body.trigger === trigger && body.appUser._id === appUserId);
const awaited = (trigger: string, appUserId: string) =>
  until<Json>(trigger, () => told(trigger, appUserId)[0], 10_000);

/** A call as an SDK makes it: without credentials, or with those of a user. */
async function sdk(
  method: string,
  path: string,
  body?: object,
  authorization?: string,
): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${url}${root}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(authorization ? { authorization } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}
const tokenFor = (userId: string, of = app) => `Bearer ${jwt(of, { scope: 'appUser', userId })}`;
const basic = (user: Json) =>
  `Basic ${Buffer.from(`${user.appUser._id}:${user.sessionToken}`).toString('base64')}`;
let clients = 0;
const client = (more: object = {}) => ({ client: { id: `client-${++clients}`, platform: 'web', ...more } });
const people = async () => {
  const [row] = await sql`SELECT (SELECT count(*) FROM contacts) AS contacts,
    (SELECT count(*) FROM conversations) AS conversations`;
  return { ...row };
};
const anonymous = async (): Promise<Json> => {
  const made = await sdk('POST', '/appusers', client());
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
};

describe('users', () => {
  test('N22 N23 reading the settings makes nobody', async () => {
    const before = await people();
    const { status, body } = await sdk('GET', '/config');
    assert.equal(status, 200);
    assert.equal(body.config.app._id, app.appId);
    assert.equal(body.config.baseUrl.web, `${url}/sdk/v2`);
    assert.deepEqual(await people(), before);
  });

  test('N24 startConversation() makes user and conversation, and is told as conversation:start, once', async () => {
    const user = await anonymous();
    assert.equal(user.appUser.conversationStarted, true);
    assert.match(user.conversation._id, /^[0-9a-f]{24}$/);
    const body = await awaited('conversation:start', user.appUser._id);
    assert.equal(body.source.type, 'web');
    assert.equal(body.source.integrationId, app.integrations['webchat']);
    assert.equal(body.conversation._id, user.conversation._id);
    const again = await sdk('POST', `/appusers/${user.appUser._id}/conversation`, undefined, basic(user));
    assert.deepEqual([again.status, again.body.conversation._id], [200, user.conversation._id]);
    await until('the feed is read', async () => {
      const [row] = await sql`SELECT count(*) AS n FROM feed`;
      return row!['n'] === 0;
    });
    const [row] = await sql`SELECT count(*) AS n FROM feed_log
      WHERE type = 'conversation.started' AND (payload->>'contactId')::bigint =
        ${Number.parseInt(user.appUser._id.slice(8), 16)}`;
    assert.equal(row!['n'], 1);
  });

  test('N25 N26 the business answers by the id of the webhook; the user sees it unread, and replies', async () => {
    const user = await anonymous();
    const { appUser } = await awaited('conversation:start', user.appUser._id);
    const posted = await call('POST', `/v1.1/appusers/${appUser._id}/messages`, {
      role: 'appMaker',
      type: 'text',
      text: 'Can I help?',
    });
    assert.equal(posted.status, 201);
    const resumed = await sdk('GET', `/appusers/${appUser._id}`, undefined, basic(user));
    assert.equal(resumed.body.conversation.unreadCount, 1);
    assert.deepEqual(
      resumed.body.messages.map((m: Json) => m.text),
      ['Can I help?'],
    );
    const said = await sdk(
      'POST',
      `/appusers/${appUser._id}/messages`,
      { message: { type: 'text', text: 'Yes' } },
      basic(user),
    );
    assert.equal(said.status, 201, JSON.stringify(said.body));
    assert.equal(said.body.conversation.unreadCount, 0);
    const heard = await awaited('message:appUser', appUser._id);
    assert.equal(heard.messages[0].text, 'Yes');
    assert.equal(heard.messages[0].source.type, 'web');
  });

  test('N27 login() of somebody unknown makes nobody; the first word does, under that userId', async () => {
    const before = await people();
    const body = { userId: 'steve', ...client() };
    const nobody = await sdk('POST', '/login', body, tokenFor('steve'));
    assert.deepEqual([nobody.status, nobody.body], [204, undefined]);
    assert.deepEqual(await people(), before);
    const made = await sdk('POST', '/appusers', body, tokenFor('steve'));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.appUser.userId, 'steve');
    assert.equal(made.body.appUser.credentialRequired, true);
    const known = await sdk('POST', '/login', body, tokenFor('steve'));
    assert.equal(known.status, 200);
    assert.equal(known.body.appUser._id, made.body.appUser._id);
    const resumed = await sdk('GET', '/appusers/steve', undefined, tokenFor('steve'));
    assert.equal(resumed.body.appUser._id, made.body.appUser._id);
  });

  test('what was said before login() is the user’s: named when there was none, merged when there was', async () => {
    const first = await anonymous();
    await sdk('POST', `/appusers/${first.appUser._id}/messages`, { message: { text: 'one' } }, basic(first));
    const session = (user: Json) => ({ appUserId: user.appUser._id, sessionToken: user.sessionToken });
    const named = await sdk(
      'POST',
      '/login',
      { userId: 'ann', ...client(), ...session(first) },
      tokenFor('ann'),
    );
    assert.equal(named.status, 200, JSON.stringify(named.body));
    assert.deepEqual([named.body.appUser._id, named.body.appUser.userId], [first.appUser._id, 'ann']);
    const second = await anonymous();
    await sdk(
      'POST',
      `/appusers/${second.appUser._id}/messages`,
      { message: { text: 'two' } },
      basic(second),
    );
    const merged = await sdk(
      'POST',
      '/login',
      { userId: 'ann', ...client(), ...session(second) },
      tokenFor('ann'),
    );
    assert.equal(merged.body.appUser._id, first.appUser._id);
    assert.deepEqual(
      merged.body.messages.map((m: Json) => m.text),
      ['one', 'two'],
    );
    const body = await awaited('merge:appUser', first.appUser._id);
    assert.equal(body.reason, 'sdkLogin');
    assert.equal(body.discarded[0]._id, second.appUser._id);
    // A browser that still has the old session goes on as the user.
    const old = await sdk('GET', `/appusers/${second.appUser._id}`, undefined, basic(second));
    assert.equal(old.body.appUser._id, first.appUser._id);
  });

  test('a code of the business makes a device the user’s, once', async () => {
    await call('POST', '/v1.1/appusers', { userId: 'social' });
    await call('POST', '/v1.1/appusers/social/messages', { role: 'appUser', type: 'text', text: 'by SMS' });
    const given = (await call('GET', '/v1.1/appusers/social/authcode')) as Json;
    assert.equal(given.status, 200, JSON.stringify(given.body));
    assert.match(given.body.authCode, /^ac_/);
    const body = { authCode: given.body.authCode, ...client() };
    const arrived = await sdk('POST', '/appusers/authcode', body);
    assert.equal(arrived.status, 200, JSON.stringify(arrived.body));
    assert.equal(arrived.body.appUser.userId, 'social');
    assert.equal(arrived.body.appUser.sessionToken, arrived.body.sessionToken);
    const resumed = await sdk('GET', '/appusers/social', undefined, basic(arrived.body));
    assert.deepEqual(
      resumed.body.messages.map((m: Json) => m.text),
      ['by SMS'],
    );
    assert.equal((await sdk('POST', '/appusers/authcode', body)).status, 401);
    assert.equal((await sdk('POST', '/appusers/authcode', { ...body, authCode: 'ac_nope' })).status, 401);
  });

  test('N28 N29 a push token from before there was a user is the user’s; a message by userId arrives as a push', async () => {
    const device = { platform: 'android', pushNotificationToken: 'device-token-1' };
    const body = { userId: 'bob', ...client(device) };
    const made = await sdk('POST', '/appusers', body, tokenFor('bob'));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual(
      made.body.appUser.clients.map((c: Json) => [c.platform, c.pushNotificationToken]),
      [['android', 'device-token-1']],
    );
    const start = await awaited('conversation:start', made.body.appUser._id);
    assert.equal(start.appUser.userId, 'bob');
    await call('POST', '/v1.1/appusers/bob/messages', {
      role: 'appMaker',
      type: 'text',
      text: 'Your parcel',
    });
    let pushed: Json;
    await until('the push', async () => {
      const [row] = await sql<{ rendered: Json }[]>`SELECT rendered FROM simulated_messages
        WHERE channel = 'push' AND address = 'device-token-1'`;
      return row?.rendered.body === 'Your parcel' ? (pushed = row.rendered) : false;
    });
    assert.equal(pushed.data.conversationId, made.body.conversation._id);
    assert.ok(pushed.title.length > 0, 'the push says whose it is');
    const next = { pushNotificationToken: 'device-token-2', platform: 'android' };
    const kept = await sdk('PUT', `/appusers/bob/clients/x`, next, tokenFor('bob'));
    assert.equal(kept.status, 200, JSON.stringify(kept.body));
    const user = (await call('GET', '/v1.1/appusers/bob')) as Json;
    assert.equal(user.body.appUser.clients.length, 2);
  });
});

describe('who may call', () => {
  test('only the business says who somebody is, and a session is for its own user', async () => {
    const before = await people();
    const body = { userId: 'mallory', ...client() };
    const other = await product.newApp();
    for (const authorization of [
      undefined,
      tokenFor('somebody else'),
      `Bearer ${jwt(app, { scope: 'app' })}`,
      tokenFor('mallory', other),
    ])
      for (const path of ['/appusers', '/login']) {
        const { status, body: refusal } = await sdk('POST', path, body, authorization);
        assert.ok([401, 403].includes(status), `${path} ${status}`);
        assert.ok(refusal.error.code);
      }
    assert.deepEqual(await people(), before);
    const [one, two] = [await anonymous(), await anonymous()];
    const at = (user: Json) => `/appusers/${user.appUser._id}`;
    assert.equal((await sdk('GET', at(one), undefined, basic(two))).status, 403);
    assert.equal((await sdk('GET', at(one))).status, 401);
    assert.equal((await sdk('GET', at(one), undefined, tokenFor(one.appUser._id))).status, 403);
    const forged = { ...two, sessionToken: one.sessionToken };
    assert.equal((await sdk('GET', at(two), undefined, basic(forged))).status, 401);
  });

  test('bad input is a 4xx that says what is wrong, and makes nobody', async () => {
    const before = await people();
    const refusals = [
      await sdk('POST', '/appusers', {}),
      await sdk('POST', '/appusers', { client: { id: '' } }),
      await sdk('POST', '/appusers', { client: { id: 7 } }),
      await sdk('POST', '/appusers', { ...client({ pushNotificationToken: 'x', platform: 'toaster' }) }),
      await sdk('POST', '/appusers', { ...client(), givenName: 'x'.repeat(10_000) }),
      await sdk('POST', '/login', { client: { id: 'x' } }),
      await sdk('GET', '/appusers/%00', undefined, basic({ appUser: { _id: 'x' }, sessionToken: 'y' })),
      await sdk('GET', '/appusers/%00', undefined, tokenFor('x')),
      await sdk('GET', '/appusers/%zz'),
      await sdk('GET', '/nothing'),
    ];
    for (const { status, body } of refusals) {
      assert.ok(status >= 400 && status < 500, JSON.stringify([status, body]));
      assert.ok(body.error.description);
    }
    const nowhere = await fetch(`${url}/sdk/v2/apps/${'b'.repeat(24)}/config`);
    assert.equal(nowhere.status, 404);
    assert.deepEqual(await people(), before);
  });
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});
