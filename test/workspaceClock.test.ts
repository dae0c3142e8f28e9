/** What is issued by the clock of a test workspace is checked by it: codes, requests, sessions and links, after the clock was moved on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTH_CODE_LIFE_MS, LINK_REQUEST_LIFE_MS } from '../src/links/authCodes.ts';
import { caller, errors, startProduct } from './sunshineProduct.ts';
import { callerOf, newBot, newPhone, type Json } from './web1on1Product.ts';
import { until } from './support/until.ts';

const product = await startProduct();
const { url, ctx, simulator } = product;
const YEAR_MS = 365 * 86_400_000;

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

test('nothing was an error', () => assert.deepEqual(errors, []));
