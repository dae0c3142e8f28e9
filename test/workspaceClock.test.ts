/** What is issued by the clock of a test workspace is checked by it: codes, requests, sessions and links, after the clock was moved on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { createOperator } from '../src/accounts/operators.ts';
import { AUTH_CODE_LIFE_MS, LINK_REQUEST_LIFE_MS } from '../src/links/authCodes.ts';
import { caller, errors, must, startProduct } from './sunshineProduct.ts';
import { newConsoleKey } from './support/messages.ts';
import { callerOf, newBot, newPhone, type Json } from './web1on1Product.ts';
import { until } from './support/until.ts';

const product = await startProduct();
const { url, ctx, simulator } = product;
const YEAR_MS = 365 * 86_400_000;
const SESSION_LIFE_MS = 30 * 86_400_000;

async function ahead() {
  const bot = await newBot(product);
  const moved = await simulator.advanceClock(bot.workspaceId, YEAR_MS);
  assert.ok('nowMs' in moved);
  const call = caller(url, bot) as (
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<{ status: number; body: Json }>;
  const user = (await call('POST', '/v1.1/appusers', { userId: `u${bot.appId}` })).body.appUser;
  const arrive = (authCode: string) =>
    fetch(`${url}/sdk/v2/apps/${bot.appId}/appusers/authcode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ authCode, client: { id: 'browser', platform: 'web' } }),
    });
  return {
    bot,
    call,
    user,
    arrive,
    advance: (byMs: number) => simulator.advanceClock(bot.workspaceId, byMs),
  };
}

test('an auth code made after the clock was moved on works once, and for as long as one lives', async () => {
  const { bot, call, user, arrive, advance } = await ahead();
  const code = async () => (await call('GET', `/v1.1/appusers/${user._id}/authcode`)).body.authCode;
  const first = await arrive(await code());
  assert.equal(first.status, 200);
  const session = ((await first.json()) as Json).sessionToken;
  const asUser = () =>
    fetch(`${url}/sdk/v2/apps/${bot.appId}/appusers/${user._id}`, {
      headers: { authorization: `Basic ${Buffer.from(`${user._id}:${session}`).toString('base64')}` },
    });
  assert.equal((await asUser()).status, 200, 'the session is good');
  const late = await code();
  await advance(AUTH_CODE_LIFE_MS + 1);
  assert.equal((await arrive(late)).status, 401, 'and no longer');
  const theirs = callerOf(url, bot.token);
  const given = await theirs('POST', `/contacts/${user._id}/authcode`);
  assert.equal(given.status, 201, JSON.stringify(given.body));
  assert.equal(given.body.authuser, user._id);
  assert.ok(Date.parse(given.body.expiresAt) > ctx.clock.nowMs() + YEAR_MS);
  assert.equal((await arrive(given.body.authtoken)).status, 200);
  await advance(31 * 86_400_000);
  assert.equal((await asUser()).status, 401, 'a session ends by the same clock');
});

test('a link request made after the clock was moved on is good, and for as long as one lives (W43)', async () => {
  const { bot, call, user, advance } = await ahead();
  const clients = async () =>
    ((await call('GET', `/v1.1/appusers/${user._id}`)).body.appUser.clients as Json[]).length;
  const theirs = callerOf(url, bot.token);
  const requests = await theirs(
    'POST',
    `/contacts/${user._id}/linkrequests?services=${bot.integrations['twilio']}`,
  );
  assert.equal(requests.status, 201, JSON.stringify(requests.body));
  const { code } = requests.body[0];
  assert.match(requests.body[0].url, /^sms:/);
  const integrationId = Number.parseInt(bot.integrations['twilio']!.slice(8), 16);
  const say = (text: string) =>
    simulator.reply({
      workspaceId: bot.workspaceId,
      channel: 'sms',
      address: newPhone(),
      integrationId,
      text,
    });
  await say(code);
  await until('the phone is the user’s', async () => (await clients()) === 1);
  const asked = await call(
    'GET',
    `/v1.1/appusers/${user._id}/linkrequest?integrationIds=${bot.integrations['twilio']}`,
  );
  const late = asked.body.linkRequests[0].code;
  await advance(LINK_REQUEST_LIFE_MS + 1);
  await say(late);
  assert.equal(await clients(), 1);
});

test('9.17 what is accepted is dated by the clock of its workspace, and so is what is told of it', async () => {
  const { bot, call, user } = await ahead();
  const fromMs = ctx.clock.nowMs() + YEAR_MS;
  const said = await call('POST', `/v1.1/appusers/${user._id}/messages`, {
    role: 'appMaker',
    type: 'text',
    text: 'Hi',
  });
  assert.equal(said.status, 201, JSON.stringify(said.body));
  const rows = await until('it is told', async () => {
    const found = await ctx.sql<{ what: string; atMs: number }[]>`
      SELECT 'message' AS what, at_ms AS "atMs" FROM messages WHERE workspace_id = ${bot.workspaceId}
      UNION ALL SELECT 'delivery', state_ms FROM deliveries WHERE workspace_id = ${bot.workspaceId}
      UNION ALL SELECT 'expiry', expires_ms FROM deliveries WHERE workspace_id = ${bot.workspaceId}
      UNION ALL SELECT 'event', at_ms FROM feed_log WHERE workspace_id = ${bot.workspaceId} AND type = 'message.accepted'`;
    return found.length >= 4 ? found : undefined;
  });
  for (const { what, atMs } of rows) assert.ok(atMs >= fromMs, `${what} is dated ${atMs}, before ${fromMs}`);
});

/** Something that is issued, and what says whether it is still good; `lifeMs` where it ends by the clock of its workspace. */
type Pair = { name: string; lifeMs?: number; issue: () => Promise<() => Promise<boolean>> };

test('whatever is issued after the clock was moved on is good when it is looked at, and ends by the clock that it was issued by', async () => {
  const { bot, call, user, advance } = await ahead();
  const at = `/api/workspaces/${bot.appId}`;
  const consoleKey = await newConsoleKey(ctx, bot.workspaceId);
  const api = async (method: string, path: string, body?: object, authorization = consoleKey) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : {} };
  };
  const code = async () => (await call('GET', `/v1.1/appusers/${user._id}/authcode`)).body.authCode as string;
  const enter = (token: string) => api('POST', '/chat/session', { id: user._id, token }, '');
  const entered = async () => (await enter(await code())).json.token as string;
  const password = 'correct horse battery';
  const operator = async () => {
    const email = `clock-${newPhone()}@people.example`;
    const made = await ctx.sql.begin((tx) =>
      createOperator(tx, ctx.ids, { email, name: 'Clock', password, nowMs: ctx.clock.nowMs() }),
    );
    return { email, id: must(made).id };
  };
  const signedIn = async (email: string) =>
    `Bearer ${(await api('POST', '/api/sessions', { email, password }, '')).json.token}`;
  const pairs: Pair[] = [
    {
      name: 'an auth code, at the page of the web chat',
      lifeMs: AUTH_CODE_LIFE_MS,
      async issue() {
        const one = await code();
        return async () => (await enter(one)).status === 201;
      },
    },
    {
      name: 'a session of the page',
      lifeMs: SESSION_LIFE_MS,
      async issue() {
        const token = await entered();
        return async () => (await api('GET', '/chat/messages', undefined, `Bearer ${token}`)).status === 200;
      },
    },
    {
      name: 'a session, on the live channel',
      lifeMs: SESSION_LIFE_MS,
      async issue() {
        const token = await entered();
        return async () => {
          const socket = new WebSocket(`${url.replace('http', 'ws')}/live`);
          const said = await new Promise<boolean>((resolve, reject) => {
            socket.on('error', reject);
            socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, token })));
            socket.on('message', () => resolve(true));
            socket.on('close', () => resolve(false));
          });
          socket.terminate();
          return said;
        };
      },
    },
    {
      name: 'a short link to the web chat',
      lifeMs: 7 * 86_400_000,
      async issue() {
        const uri = `${url}/chat/${bot.appId}?id={authuser}&token={authtoken}`;
        const told = await call('POST', `/v1.1/appusers/${user._id}/messages`, {
          role: 'appMaker',
          type: 'text',
          text: 'Go on here',
          actions: [{ type: 'link', text: 'Go', uri }],
        });
        const short = told.body.message.actions[0].uri as string;
        const open = () =>
          fetch(url + new URL(short).pathname, {
            redirect: 'manual',
            headers: { 'user-agent': 'Mozilla/5.0 Firefox/140.0' },
          });
        return async () => (await open()).status < 400;
      },
    },
    {
      name: 'a key that ends',
      async issue() {
        const expiresAt = new Date(ctx.clock.nowMs() + 3_600_000).toISOString();
        const made = await api('POST', `${at}/keys`, { door: 'console', role: 'admin', expiresAt });
        assert.equal(made.status, 201, JSON.stringify(made.json));
        return async () => (await api('GET', at, undefined, `Bearer ${made.json.token}`)).status === 200;
      },
    },
    {
      name: 'an access token of Web1on1',
      async issue() {
        const given = await api('POST', '/v2/auth/token', { refreshToken: bot.key }, '');
        const { token: accessToken } = given.json;
        assert.ok(accessToken, JSON.stringify(given.json));
        return async () =>
          (await api('GET', '/v2/conversations', undefined, `Bearer ${accessToken}`)).status === 200;
      },
    },
    {
      name: 'a session of an operator, and the invitation that he accepts in it',
      async issue() {
        const { email } = await operator();
        const asked = await api('POST', `${at}/members`, { email, role: 'viewer' });
        assert.equal(asked.status, 202, JSON.stringify(asked.json));
        const session = await signedIn(email);
        let accepted = false;
        return async () => {
          if (!accepted) await api('POST', `/api/me/invitations/${bot.appId}`, {}, session);
          accepted = true;
          return (await api('GET', at, undefined, session)).status === 200;
        };
      },
    },
    {
      name: 'an answer that is kept for an Idempotency-Key',
      async issue() {
        const key = newPhone();
        const send = async () => {
          const response = await fetch(`${url}${at}/tags`, {
            method: 'POST',
            headers: {
              authorization: consoleKey,
              'content-type': 'application/json',
              'idempotency-key': key,
            },
            body: JSON.stringify({ name: `tag ${key}` }),
          });
          return { status: response.status, text: await response.text() };
        };
        const first = await send();
        return async () => {
          const again = await send();
          return again.status === first.status && again.text === first.text;
        };
      },
    },
  ];
  for (const { name, lifeMs, issue } of pairs) {
    const isGood = await issue();
    assert.ok(await isGood(), `${name}: just issued`);
    const later = await issue();
    if (lifeMs !== undefined) {
      await advance(lifeMs - 60_000);
      assert.ok(await later(), `${name}: a minute before its end`);
      const last = await issue();
      await advance(lifeMs + 60_000);
      assert.ok(!(await last()), `${name}: after its end`);
    } else {
      await advance(YEAR_MS);
      assert.ok(await later(), `${name}: it ends by the clock on the wall`);
    }
  }
});

test('what the console is told of a time to come is by the clock of the workspace', async () => {
  const { bot, advance } = await ahead();
  const at = `/api/workspaces/${bot.appId}`;
  const authorization = await newConsoleKey(ctx, bot.workspaceId);
  const api = async (method: string, path: string, body?: object): Promise<Json> => {
    const response = await fetch(url + at + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const json = (await response.json()) as Json;
    assert.ok(response.status < 300, `${path}: ${response.status} ${JSON.stringify(json)}`);
    return json;
  };
  const soon = () => new Date(ctx.clock.nowMs() + YEAR_MS + 3_600_000).toISOString();
  const [phone, other] = [newPhone(), newPhone()];
  const content = { type: 'text', text: 'Later' };
  await api('POST', '/messages', {
    destination: { channel: 'sms', address: phone },
    content,
    notBefore: soon(),
  });
  await api('POST', '/contacts', { phone: other });
  const made = await api('POST', '/broadcasts', {
    name: 'Later',
    channel: 'sms',
    class: 'transactional',
    audience: { include: { all: true } },
    content,
  });
  await api('POST', `/broadcasts/${made.id}/schedule`, { at: soon() });
  const said = async (number: string) => {
    const shown = await simulator.phone(bot.workspaceId, number);
    return Array.isArray(shown) ? shown.length : 0;
  };
  assert.deepEqual([await said(phone), await said(other)], [0, 0]);
  await advance(3_700_000);
  await until('both came', async () => (await said(phone)) >= 1 && (await said(other)) === 1);
});

test('nothing was an error', () => assert.deepEqual(errors, []));
