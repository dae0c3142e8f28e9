/** Another system as a channel, on the running product: a signed call there, and receipts and answers back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { toHex24 } from '../src/base/ids.ts';
import { testDatabase } from './support/database.ts';
import { deliveriesOf, newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const database = await testDatabase();
const other = await startReceiver();
let world: World;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let integration: Awaited<ReturnType<typeof newIntegration>>;
let consoleKey: string;
let count = 0;

before(async () => {
  other.answer('/in', (before) => ({ status: 202, body: JSON.stringify({ id: `theirs-${before}` }) }));
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  app = await newWorkspace(world.ctx, 'live');
  integration = await newIntegration(world.ctx, app.id, 'webhook', {
    url: other.url('/in'),
    secret: SECRET,
    receipts: true,
  });
  consoleKey = await newConsoleKey(world.ctx, app.id);
});
after(() => world.stop());

const api = async (method: string, path: string) =>
  (await callApi(world, consoleKey, method, `/api/workspaces/${app.appId}${path}`)).json;
const send = async (room: string, text: string, more: object = {}) =>
  await sendMessage(
    world,
    { appId: app.appId, consoleKey },
    { destination: { channel: 'webhook', address: room }, content: { type: 'text', text, ...more } },
  );

/** What the other system tells, signed by the reference library. */
async function tell(events: object, secret = SECRET): Promise<number> {
  const body = JSON.stringify(events);
  const id = `evt_${++count}`;
  const at = new Date(world.ctx.clock.nowMs());
  const response = await fetch(
    `${world.url}/callbacks/${toHex24(integration.id)}/${integration.callbackKey}/inbound`,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      },
      body,
    },
  );
  return response.status;
}

test('a message is a signed call with all that it can show, and its receipts move it on', async () => {
  const actions = [{ type: 'reply', text: 'Yes', payload: 'YES' }];
  const id = await send('room-1', 'Coming?', { actions });
  const delivery = await reaches(world.ctx, id, 'accepted');
  assert.deepEqual(delivery.externalIds, ['theirs-0']);
  const [call] = other.received('/in');
  const message = new Webhook(SECRET).verify(call!.body, call!.headers as Record<string, string>) as Record<
    string,
    any
  >;
  assert.deepEqual([message['type'], message['to'], message['text']], ['message', 'room-1', 'Coming?']);
  assert.deepEqual(message['payload'], { type: 'text', text: 'Coming?', actions });

  const { ref } = message;
  assert.equal(
    await tell({ type: 'receipt', ref, state: 'read' }, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx'),
    401,
  );
  assert.equal(await tell({ type: 'receipt', id: 'theirs-0', state: 'read' }), 400);
  assert.equal((await deliveriesOf(world.ctx, id))[0]!.state, 4);
  assert.equal(await tell({ events: [{ type: 'receipt', ref, state: 'delivered' }] }), 200);
  await reaches(world.ctx, id, 'delivered');
  assert.equal(await tell({ type: 'receipt', ref, state: 'read' }), 200);
  await reaches(world.ctx, id, 'read');
});

test('a failure that is reported ends it, and a dead address is not written to again', async () => {
  const id = await send('room-2', 'Hello');
  await reaches(world.ctx, id, 'accepted');
  const { ref } = JSON.parse(other.received('/in').at(-1)!.body);
  const failed = {
    type: 'receipt',
    ref,
    state: 'failed',
    code: 'left',
    class: 'recipient',
    detail: 'left the room',
  };
  assert.equal(await tell(failed), 200);
  const delivery = await reaches(world.ctx, id, 'failed');
  assert.deepEqual([delivery.code, delivery.detail], ['left', 'left the room']);
  await reaches(world.ctx, await send('room-2', 'Again'), 'suppressed');
});

test('an answer comes into the same conversation, once; a stranger begins one', async () => {
  await reaches(world.ctx, await send('room-3', 'Coming?'), 'accepted');
  const answer = { type: 'message', id: 'msg_1', from: 'room-3', text: 'Yes', profileName: 'Ada' };
  assert.equal(await tell(answer), 200);
  assert.equal(await tell({ events: [answer, { ...answer, id: 'msg_2', from: 'room-9' }] }), 200);
  const rows = await world.ctx.sql<{ contactId: number; text: string }[]>`
    SELECT m.contact_id AS "contactId", m.content ->> 'text' AS text FROM messages m
    WHERE m.contact_id IN (SELECT contact_id FROM destinations WHERE address = 'room-3') ORDER BY m.at_ms, m.id`;
  assert.deepEqual(
    rows.map(({ text }) => text),
    ['Coming?', 'Yes'],
  );
  const { entries } = await api('GET', `/contacts/${toHex24(rows[0]!.contactId)}/history`);
  const [said, asked] = entries.map((one: Record<string, unknown>) => one['message']);
  assert.deepEqual([said.direction, said.conversationId], ['in', asked.conversationId]);
  const owners = await world.ctx.sql`SELECT DISTINCT contact_id FROM destinations WHERE address = 'room-3'`;
  assert.equal(owners.length, 1, 'the answer is of who was written to');
  await until('the stranger is there', async () => {
    const found = await world.ctx.sql`SELECT 1 FROM destinations WHERE address = 'room-9'`;
    return found.length === 1;
  });
});

test('an address that an operator linked is known when it writes; send me one works', async () => {
  const base = `/api/workspaces/${app.appId}`;
  const made = await callApi(world, consoleKey, 'POST', `${base}/contacts`, { givenName: 'Bea' });
  const linked = await callApi(world, consoleKey, 'POST', `${base}/contacts/${made.json.id}/destinations`, {
    channel: 'webhook',
    address: 'room-5',
  });
  assert.equal(linked.status, 201, JSON.stringify(linked.json));
  assert.equal(await tell({ type: 'message', id: 'msg_5', from: 'room-5', text: 'Hello' }), 200);
  const { entries } = await api('GET', `/contacts/${made.json.id}/history`);
  assert.equal(entries[0].message.content.text, 'Hello');
  const test = await callApi(
    world,
    consoleKey,
    'POST',
    `${base}/integrations/${toHex24(integration.id)}/test`,
    {
      to: 'room-6',
      text: 'Does it work?',
    },
  );
  assert.equal(test.status, 202, JSON.stringify(test.json));
  await until('it is there', () => other.received('/in').some(({ body }) => body.includes('Does it work?')));
});
