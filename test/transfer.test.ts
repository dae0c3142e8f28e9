/** W43, and api/sunshine.md §9.2: codes that carry a person to another channel as themselves. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { takeInbound } from '../src/receipts/receive.ts';
import { testDatabase } from './support/database.ts';
import { callApi, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
let world: World;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let integration: { id: number };
before(async () => {
  world = await startWorld(database.connection);
  app = await newWorkspace(world.ctx, 'test');
  integration = await newTwilio(world.ctx, app.id, 'http://127.0.0.1:9');
  await callApi(world, app.authorization, 'POST', `/v1.1/apps/${app.appId}/appusers`, { userId: 'ann' });
});
after(() => world.stop());

const ask = (path: string) =>
  callApi(world, app.authorization, 'GET', `/v1.1/apps/${app.appId}/appusers/ann/${path}`);

test('an auth code is made for a user, a new one each time; an unknown user has none', async () => {
  const [first, second] = [await ask('authcode'), await ask('authcode')];
  assert.match(first.json.authCode, /^ac_/);
  assert.notEqual(first.json.authCode, second.json.authCode);
  assert.equal(
    (await callApi(world, app.authorization, 'GET', `/v1.1/apps/${app.appId}/appusers/nobody/authcode`))
      .status,
    404,
  );
});

test('W43 who brings a link request by SMS is known as the user it was made for, once', async () => {
  const { json } = await ask(`linkrequest?integrationIds=${toHex24(integration.id)}`);
  const [{ code, url, type }] = json.linkRequests;
  assert.equal(type, 'twilio');
  assert.equal(url, `sms:+15005550000?&body=${encodeURIComponent(code)}`);
  const say = (from: string, n: number) =>
    takeInbound({ ...world.ctx, runs: async () => undefined } as never, integration.id, [
      { externalId: `SM${n}`, from, to: '+15005550000', text: `Hello ${code}`, media: [], raw: {} },
    ]);
  await say('+15558880001', 1);
  const user = (await ask('channels')).json.channels;
  assert.ok(
    user.some((channel: { phoneNumber?: string }) => channel.phoneNumber === '+15558880001'),
    JSON.stringify(user),
  );
  await say('+15558880002', 2);
  assert.equal((await ask('channels')).json.channels.length, user.length, 'the code was used up');
});

test('what is asked for wrongly is told', async () => {
  for (const query of ['', '?integrationIds=', `?integrationIds=${','.repeat(3)}`])
    assert.equal((await ask(`linkrequest${query}`)).status, 400);
  assert.equal((await ask(`linkrequest?integrationIds=${'f'.repeat(24)}`)).status, 404);
});
