/** Numbers looked up through the console's API: offline, at a provider, in a test workspace, and by the command's own call. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createKey } from '../src/accounts/keys.ts';
import { toHex24 } from '../src/base/ids.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey, newIntegration } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
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
const provider = await startReceiver();
let world: World;
let live: Awaited<ReturnType<typeof newWorkspace>>;
let key: string;
let twilio: string;

before(async () => {
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '300' });
  live = await newWorkspace(world.ctx, 'live', 'NL');
  key = await newConsoleKey(world.ctx, live.id);
  twilio = toHex24((await newTwilio(world.ctx, live.id, provider.url(''))).id);
});
after(() => world.stop());

const lookUp = (body: object, to = { appId: live.appId, key }) =>
  callApi(world, to.key, 'POST', `/api/workspaces/${to.appId}/numbers/lookup`, body);

const NL = {
  given: '06 12345678',
  number: '+31612345678',
  national: '06 12345678',
  country: 'NL',
  type: 'mobile',
  valid: true,
  canReceiveSms: true,
  contactId: null,
  provider: null,
};

test("a number is normalised with the workspace's country, or the one that is given; nobody is asked", async () => {
  const { status, json } = await lookUp({ number: '06 12345678' });
  assert.deepEqual([status, json], [200, NL]);
  const british = await lookUp({ number: '020 7946 0958', country: 'GB' });
  const { number, type, canReceiveSms, national } = british.json;
  assert.deepEqual(
    [number, type, canReceiveSms, national],
    ['+442079460958', 'landline', false, '020 7946 0958'],
  );
  const american = (await lookUp({ number: '+1 415 555 2671' })).json;
  assert.deepEqual([american.type, american.canReceiveSms], ['landline_or_mobile', null]);
  assert.deepEqual(provider.received(), []);
});

test('whose it is here is told, of several numbers at once, and what is none is told in its place', async () => {
  const [contactId] = await newContacts(world.ctx, live.id, 1, 3_300_000);
  const { status, json } = await lookUp({
    numbers: ['+15553300000', 'call me', '06 12345678', '0612345678'],
  });
  assert.equal(status, 200);
  const [known, none, first, again] = json.numbers;
  assert.deepEqual([known.contactId, known.valid], [toHex24(contactId!), false]);
  assert.deepEqual(none, {
    given: 'call me',
    valid: false,
    error: {
      message: 'numbers[1]: must be a phone number, such as +31612345678',
      field: 'numbers[1]',
    },
  });
  assert.deepEqual(first, NL);
  assert.equal(again.number, first.number);
  const other = await newWorkspace(world.ctx, 'live');
  const theirs = { appId: other.appId, key: await newConsoleKey(world.ctx, other.id) };
  assert.equal((await lookUp({ number: '+15553300000' }, theirs)).json.contactId, null);
});

test('bad input names the field and the rule', async () => {
  const cases: [object, number, string][] = [
    [{ number: 'x' }, 400, 'number'],
    [{ number: '+31 6' }, 400, 'number'],
    [{}, 400, 'number'],
    [{ number: '+31612345678', numbers: ['+31612345678'] }, 400, 'number'],
    [{ numbers: [] }, 400, 'numbers'],
    [{ numbers: Array.from({ length: 101 }, () => '+31612345678') }, 400, 'numbers'],
    [{ number: '0612345678', country: 'XX' }, 400, 'country'],
    [{ number: '0612345678', country: 'nl' }, 400, 'country'],
    [{ number: '+31612345678', integrationId: '0'.repeat(24) }, 404, 'integrationId'],
    [{ number: '+31612345678', integrationId: 'mine' }, 400, 'integrationId'],
  ];
  for (const [body, status, field] of cases) {
    const answer = await lookUp(body);
    assert.deepEqual([answer.status, answer.json.error.field], [status, field], JSON.stringify(body));
  }
  const mail = await newIntegration(world.ctx, live.id, 'webhook', {
    url: 'https://x.example/',
    secret: `whsec_${'a'.repeat(32)}`,
  });
  const refused = await lookUp({ number: '+31612345678', integrationId: toHex24(mail.id) });
  assert.match(refused.json.error.message, /webhook cannot be asked about numbers/);
});

const path = (number: string) =>
  `/v2/PhoneNumbers/${encodeURIComponent(number)}?Fields=line_type_intelligence`;
const known = (type: string, fields: object = {}) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    valid: true,
    country_code: 'US',
    line_type_intelligence: { type, carrier_name: 'T-Mobile', error_code: null },
    ...fields,
  }),
});

test('Twilio is asked once for each number, and its word on the kind of line goes before that of the range', async () => {
  provider.answer(path('+14155552671'), known('mobile'));
  provider.answer(path('+14155552672'), known('landline'));
  provider.answer(path('+14155552673'), known('mobile', { valid: false, line_type_intelligence: null }));
  const numbers = ['+14155552671', '+14155552672', '+14155552673', '(415) 555-2671', 'nobody'];
  const { status, json } = await lookUp({ numbers, country: 'US', integrationId: twilio });
  assert.equal(status, 200);
  assert.deepEqual(json.numbers[0].provider, {
    integrationId: twilio,
    outcome: 'found',
    valid: true,
    country: 'US',
    type: 'mobile',
    carrier: 'T-Mobile',
    network: null,
    ported: null,
  });
  assert.deepEqual(
    json.numbers.map(({ canReceiveSms }: { canReceiveSms?: boolean }) => canReceiveSms),
    [true, false, false, true, undefined],
  );
  assert.equal(provider.received(path('+14155552671')).length, 1);
});

test('what Twilio does not tell is said, beside what the range tells', async () => {
  const to = '+31612345679';
  const error = (status: number, code: number) => ({
    status,
    body: JSON.stringify({ code, message: 'why' }),
  });
  const outcomes: [Parameters<typeof provider.answer>[1], string, string, string][] = [
    [error(404, 20404), 'refused', 'recipient', '20404'],
    [error(401, 20003), 'deferred', 'config', '20003'],
    [error(429, 20429), 'deferred', 'rate', '20429'],
    [{ status: 500 }, 'deferred', 'transient', 'http_500'],
    ['hang', 'deferred', 'transient', 'no_answer'],
    [known('x', { line_type_intelligence: { error_code: 60600 } }), 'refused', 'recipient', '60600'],
  ];
  for (const [answer, outcome, meaning, code] of outcomes) {
    provider.answer(path(to), answer);
    const { status, json } = await lookUp({ number: to, integrationId: twilio });
    assert.equal(status, 200, code);
    const told = json.provider;
    assert.deepEqual([told.outcome, told.class, told.code], [outcome, meaning, code]);
    assert.deepEqual([json.type, json.canReceiveSms], ['mobile', true]);
    assert.ok(!JSON.stringify(json).includes('token-of-the-test'));
  }
  provider.release();
});

test('asking a provider costs, so it takes who may send; the range may be asked by all', async () => {
  const made = must(
    await world.ctx.sql.begin((tx) =>
      createKey(tx, world.ctx, {
        owner: { workspaceId: live.id },
        door: 'console',
        name: 'viewer',
        scopes: ['viewer'],
        nowMs: world.ctx.clock.nowMs(),
      }),
    ),
  );
  const viewer = { appId: live.appId, key: `Bearer ${made.token}` };
  assert.equal((await lookUp({ number: '06 12345678' }, viewer)).status, 200);
  const before = provider.received().length;
  const refused = await lookUp({ number: '06 12345678', integrationId: twilio }, viewer);
  assert.equal(refused.status, 403);
  assert.equal(provider.received().length, before);
});

test('a test workspace reaches no provider: its look-ups are simulated, misbehaving numbers too', async () => {
  const app = await newWorkspace(world.ctx, 'test', 'NL');
  const to = { appId: app.appId, key: await newConsoleKey(world.ctx, app.id) };
  const integrationId = toHex24((await newTwilio(world.ctx, app.id, provider.url(''))).id);
  const before = provider.received().length;
  const numbers = ['06 12345678', '+15005550001', '+15005550003', '+15005550005'];
  const { json } = await lookUp({ numbers, integrationId }, to);
  const told = json.numbers.map((one: any) => [one.provider.outcome, one.provider.code, one.canReceiveSms]);
  assert.deepEqual(told, [
    ['found', undefined, true],
    ['refused', '21211', null],
    ['deferred', '20429', null],
    ['deferred', 'timeout', null],
  ]);
  assert.equal(json.numbers[2].provider.retryAfterMs, 2000);
  assert.equal(provider.received().length, before);
});
