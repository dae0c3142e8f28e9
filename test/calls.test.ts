/** Calls: what is spoken, keys that become answers, and calling again when nobody could be had. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { callAsTwilio } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const provider = await startReceiver();
const account = `AC${'1'.repeat(32)}`;
const calls = `/2010-04-01/Accounts/${account}/Calls.json`;
let world: World;
let shop: { id: number; appId: string; consoleKey: string };

before(async () => {
  provider.answer(calls, (made) => ({
    status: 201,
    body: JSON.stringify({ sid: `CA${String(made + 1).padStart(32, '0')}`, status: 'queued' }),
  }));
  world = await startWorld(database.connection);
  const app = await newWorkspace(world.ctx, 'live', 'NL');
  shop = { ...app, consoleKey: await newConsoleKey(world.ctx, app.id) };
  await newIntegration(world.ctx, app.id, 'twilio-voice', {
    accountSid: account,
    authToken: 'token-of-the-test',
    phoneNumber: '+3197010240000',
    language: 'en-GB',
    goodbye: 'Goodbye',
    machineDetection: 'Enable',
    baseUrl: provider.url(''),
  });
});
after(() => world.stop());

const call = (address: string, content: object) =>
  sendMessage(world, shop, { destination: { channel: 'voice', address }, content });
const formsTo = (to: string) =>
  provider
    .received(calls)
    .map(({ body }) => new URLSearchParams(body))
    .filter((form) => form.get('To') === to);

/** Waits until nothing of a message is under way. */
const settled = (id: number) =>
  until('settled', async () => (await world.ctx.sql`SELECT 1 FROM due WHERE cause_id = ${id}`).length === 0);

const ended = (to: string, status: string, more: Record<string, string> = {}, nth = -1) => {
  const form = formsTo(to).at(nth)!;
  return callAsTwilio(form.get('StatusCallback')!, {
    AccountSid: account,
    CallSid: `CA${to.slice(1)}`,
    CallStatus: status,
    From: '+3197010240000',
    To: to,
    ...more,
  });
};

test('a text is spoken in the voice and language of the message, else of the integration', async () => {
  await reaches(world.ctx, await call('06 12345601', { type: 'text', text: 'Hello' }), 'accepted');
  const own = { type: 'text', text: 'Bonjour', voice: { voice: 'Polly.Lea', language: 'fr-FR' } };
  await reaches(world.ctx, await call('+31612345601', own), 'accepted');
  const [plain, french] = formsTo('+31612345601').map((form) => form.get('Twiml')!);
  assert.match(plain!, /<Say language="en-GB">Hello<\/Say>/);
  assert.match(
    french!,
    /<Say language="fr-FR" voice="Polly.Lea">Bonjour<\/Say>|<Say voice="Polly.Lea" language="fr-FR">Bonjour<\/Say>/,
  );
  assert.equal(formsTo('+31612345601')[0]!.get('MachineDetection'), 'Enable');
});

test('keys that are pressed are the answer in the conversation, with the payload of the choice and what they answer', async () => {
  const to = '+31612345602';
  const actions = [
    { type: 'reply', text: 'Yes', payload: 'YES' },
    { type: 'reply', text: 'No', payload: 'NO' },
  ];
  const id = await call(to, { type: 'text', text: 'Are you coming?', actions });
  await reaches(world.ctx, id, 'accepted');
  const form = formsTo(to).at(-1)!;
  assert.match(form.get('Twiml')!, /<Gather[^>]+numDigits="1"/);
  const sid = `CA${String(provider.received(calls).length).padStart(32, '0')}`;
  const twiml = await callAsTwilio(`${form.get('StatusCallback')!}&event=gather`, {
    AccountSid: account,
    CallSid: sid,
    CallStatus: 'in-progress',
    Digits: '2',
    From: '+3197010240000',
    To: to,
  });
  assert.match(twiml, /<Say[^>]*>Goodbye<\/Say>/);
  await reaches(world.ctx, id, 'read');
  const { json } = await callApi(
    world,
    shop.consoleKey,
    'GET',
    `/api/workspaces/${shop.appId}/messages/${toHex24(id)}`,
  );
  const history = await callApi(
    world,
    shop.consoleKey,
    'GET',
    `/api/workspaces/${shop.appId}/contacts/${json.contactId}/history`,
  );
  const { direction, content, source } = history.json.entries[0].message;
  assert.deepEqual([direction, content.text, content.payload], ['in', 'No', 'NO']);
  assert.deepEqual(source.repliesTo, { externalId: sid, messageId: toHex24(id) });
});

test('a call that a machine answered was not heard; a completed one was', async () => {
  const id = await call('+31612345603', { type: 'text', text: 'Hello' });
  await reaches(world.ctx, id, 'accepted');
  await ended('+31612345603', 'completed', { AnsweredBy: 'machine_start', CallDuration: '9' });
  assert.equal((await reaches(world.ctx, id, 'failed')).code, 'machine');
  const heard = await call('+31612345604', { type: 'text', text: 'Hello' });
  await reaches(world.ctx, heard, 'accepted');
  for (const status of ['initiated', 'ringing', 'in-progress']) await ended('+31612345604', status);
  await ended('+31612345604', 'completed', { AnsweredBy: 'human', CallDuration: '9' });
  await reaches(world.ctx, heard, 'delivered');
});

test('busy and no answer: called again as often as the workspace says, then it is over', async () => {
  const set = (redial: object | null) =>
    callApi(world, shop.consoleKey, 'PATCH', `/api/workspaces/${shop.appId}`, { settings: { redial } });
  const to = '+31612345605';
  assert.equal((await set({ times: 11, afterMs: 60_000 })).json.error.field, 'settings.redial.times');
  assert.equal((await set({ times: 2, afterMs: 60_000 })).status, 200);
  const id = await call(to, { type: 'text', text: 'Hello' });
  await until('the first call', () => formsTo(to).length === 1);
  for (const [nth, status] of ['busy', 'no-answer'].entries()) {
    await settled(id);
    await ended(to, status);
    // A repeat of the same word calls nobody again.
    await ended(to, status);
    const due = await world.ctx.sql<{ dueMs: number }[]>`
      SELECT due_ms AS "dueMs" FROM due WHERE cause_id = ${id}`;
    assert.equal(due.length, 1);
    assert.ok(due[0]!.dueMs > world.ctx.clock.nowMs() + 30_000, 'not before its time');
    await world.ctx.sql`UPDATE due SET due_ms = 0 WHERE cause_id = ${id}`;
    world.ctx.queue.wake(world.ctx.queue.lanes().map(({ lane }) => ({ lane, what: 1 })));
    await until('called again', () => formsTo(to).length === nth + 2);
  }
  await settled(id);
  await ended(to, 'no-answer');
  const told = await callApi(
    world,
    shop.consoleKey,
    'GET',
    `/api/workspaces/${shop.appId}/messages/${toHex24(id)}`,
  );
  assert.deepEqual(
    told.json.deliveries.map(({ state, code }: { state: string; code: string }) => [state, code]),
    [
      ['failed', 'busy'],
      ['failed', 'no-answer'],
      ['failed', 'no-answer'],
    ],
  );
  assert.equal(told.json.deliveries[1].trail[0].what, 'called again');
  assert.equal(formsTo(to).length, 3);
  await set(null);
  const once = await call('+31612345606', { type: 'text', text: 'Hello' });
  await reaches(world.ctx, once, 'accepted');
  await ended('+31612345606', 'busy');
  assert.equal((await reaches(world.ctx, once, 'failed')).code, 'busy');
  assert.equal(formsTo('+31612345606').length, 1);
});
