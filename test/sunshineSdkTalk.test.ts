/** What a messenger's user does once there is one, over `/sdk/v2` (api/sunshine.md §10.4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caller, errors, startProduct } from './sunshineProduct.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct({ rateLimitPerS: 0 });
const { url, sql, simulator } = product;
const receiver = await startReceiver();
const app = await product.newApp();
const call = caller(url, app) as (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; body: Json }>;
await call('POST', '/v1.1/webhooks', { target: receiver.url('/all'), triggers: ['*'] });
const told = (trigger: string): Json[] =>
  receiver
    .received('/all')
    .map(({ body }) => JSON.parse(body))
    .filter((body) => body.trigger === trigger);

async function sdk(method: string, path: string, of?: Json, body?: object) {
  const token = of && Buffer.from(`${of.appUser._id}:${of.sessionToken}`).toString('base64');
  const response = await fetch(`${url}/sdk/v2/apps/${app.appId}${path}`, {
    method,
    headers: {
      ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      ...(of ? { authorization: `Basic ${token}` } : {}),
    },
    ...(body ? { body: body instanceof FormData ? body : JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}
let clients = 0;
const arrive = async () =>
  (await sdk('POST', '/appusers', undefined, { client: { id: `c${++clients}`, platform: 'web' } })).body;
const at = (user: Json, path = '') => `/appusers/${user.appUser._id}${path}`;
const texts = ({ body }: { body: Json }) => body.messages.map(({ text }: Json) => text);

test('what was said is read page by page, and a message that is said comes back whole', async () => {
  const user = await arrive();
  const said = await sdk('POST', at(user, '/messages'), user, { message: { text: 'Hello' } });
  assert.equal(said.status, 201, JSON.stringify(said.body));
  const { message } = said.body;
  assert.deepEqual([message.text, message.role, message.type], ['Hello', 'appUser', 'text']);
  await call('POST', `/v1.1/appusers/${user.appUser._id}/messages`, {
    role: 'appMaker',
    type: 'text',
    text: 'Hi',
  });
  const all = await sdk('GET', at(user, '/messages'), user);
  assert.deepEqual(texts(all), ['Hello', 'Hi']);
  const before = await sdk('GET', at(user, `/messages?before=${all.body.messages[1].received}`), user);
  assert.deepEqual(texts(before), ['Hello']);
  assert.equal((await sdk('GET', at(user, '/messages?before=x'), user)).status, 400);
  const other = await arrive();
  assert.equal((await sdk('GET', at(user, '/messages'), other)).status, 403);
});

test('of more than a page that were said within two moments each is shown, on the first page or before it', async () => {
  const user = await arrive();
  await sdk('POST', at(user, '/messages'), user, { message: { text: 'first' } });
  const contactId = Number.parseInt(user.appUser._id.slice(8), 16);
  // 70 a millisecond after it, and 60 in the next: a page of 100 ends among the 70.
  await sql`
    INSERT INTO messages SELECT (jsonb_populate_record(m, jsonb_build_object('id', m.id + 4096 * n, 'external_id', NULL,
      'at_ms', m.at_ms + CASE WHEN n <= 70 THEN 1 ELSE 2 END, 'content', jsonb_build_object('type', 'text', 'text', n::text)))).*
    FROM messages m CROSS JOIN generate_series(1, 130) n WHERE m.contact_id = ${contactId}`;
  const newest = (await sdk('GET', at(user), user)).body;
  assert.equal(newest.hasPrevious, true);
  const before = await sdk('GET', at(user, `/messages?before=${newest.messages[0].received}`), user);
  const shown = [...texts(before), ...newest.messages.map(({ text }: Json) => text)];
  assert.deepEqual(shown, ['first', ...Array.from({ length: 130 }, (_, n) => String(n + 1))]);
});

test('what is read is read: the count is 0, the webhook and the delivery say so', async () => {
  const user = await arrive();
  const posted = await call('POST', `/v1.1/appusers/${user.appUser._id}/messages`, {
    role: 'appMaker',
    type: 'text',
    text: 'Read me',
  });
  const id = Number.parseInt(posted.body.message._id.slice(8), 16);
  const state = async () =>
    (await sql<{ state: number }[]>`SELECT state FROM deliveries WHERE cause_id = ${id}`)[0]?.state ?? 0;
  await until('it is handed over', async () => (await state()) >= 4);
  const read = await sdk('POST', at(user, '/conversation/read'), user);
  assert.deepEqual([read.status, read.body.conversation.unreadCount], [200, 0]);
  await until('it is told', () =>
    told('conversation:read').some(({ appUser }) => appUser._id === user.appUser._id),
  );
  await until('the delivery is read', async () => (await state()) === 6);
});

test('a postback is clicked: the trigger is told, again and again; what is none is refused', async () => {
  const user = await arrive();
  const offered = await call('POST', `/v1.1/appusers/${user.appUser._id}/messages`, {
    role: 'appMaker',
    type: 'text',
    text: 'Color?',
    actions: [{ type: 'postback', text: 'Blue', payload: 'blue' }],
  });
  const actionId = offered.body.message.actions[0]._id;
  const mine = () => told('postback').filter(({ appUser }) => appUser._id === user.appUser._id);
  for (const times of [1, 2]) {
    const clicked = await sdk('POST', at(user, '/postback'), user, { postback: { actionId } });
    assert.equal(clicked.status, 200, JSON.stringify(clicked.body));
    await until('it is told', () => mine().length === times);
  }
  assert.equal(mine()[0].postbacks[0].action.payload, 'blue');
  const none = await sdk('POST', at(user, '/postback'), user, { postback: { actionId: 'a'.repeat(24) } });
  assert.deepEqual([none.status, none.body.error.code], [400, 'bad_request']);
});

test('a picture is a message; what is no picture leaves nothing', async () => {
  const user = await arrive();
  const form = (type: string) => {
    const made = new FormData();
    made.append('source', new Blob([Buffer.from('iVBORw0KGgo=', 'base64')], { type }), 'photo.png');
    return made;
  };
  const sent = await sdk('POST', at(user, '/images'), user, form('image/png'));
  assert.equal(sent.status, 201, JSON.stringify(sent.body));
  assert.equal(sent.body.message.type, 'image');
  assert.equal((await fetch(sent.body.message.mediaUrl)).status, 200);
  assert.equal((await sdk('POST', at(user, '/images'), user, form('text/html'))).status, 400);
  assert.equal((await sdk('POST', at(user, '/images'), user, {})).status, 415);
  assert.equal((await sdk('GET', at(user, '/messages'), user)).body.messages.length, 1);
});

test('the profile is the user’s to tell', async () => {
  const user = await arrive();
  const body = { givenName: 'Ann', surname: 'Lee', email: 'ann@example.com', properties: { tier: 'gold' } };
  const changed = await sdk('PUT', at(user), user, body);
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  const { body: shown } = await call('GET', `/v1.1/appusers/${user.appUser._id}`);
  const { givenName, surname, email, properties } = shown.appUser;
  assert.deepEqual({ givenName, surname, email, properties }, body);
  assert.equal((await sdk('PUT', at(user), user, { email: 'nobody' })).status, 400);
});

test('a number is asked once, is linked by a yes, and taken back; another’s is not taken', async () => {
  const user = await arrive();
  const criteria = { type: 'twilio', phoneNumber: '+15145550188' };
  const asked = await sdk('POST', at(user, '/clients'), user, { criteria });
  assert.equal(asked.status, 201, JSON.stringify(asked.body));
  assert.deepEqual([asked.body.client.platform, asked.body.client.status], ['twilio', 'pending']);
  await until('the prompt is out', async () => {
    const rows = await sql`SELECT 1 FROM simulated_messages WHERE address = ${criteria.phoneNumber}`;
    return rows.length > 0;
  });
  await simulator.reply({
    workspaceId: app.workspaceId,
    channel: 'sms',
    address: criteria.phoneNumber,
    integrationId: Number.parseInt(app.integrations['twilio']!.slice(8), 16),
    text: 'YES',
  });
  await until('it is linked', () =>
    told('link:success').some(({ appUser }) => appUser._id === user.appUser._id),
  );
  const other = await arrive();
  await until('another may ask', async () => {
    const { status } = await sdk('POST', at(other, '/clients'), other, { criteria });
    assert.ok([409, 429].includes(status), `${status}`);
    return status === 409;
  });
  const gone = await sdk('DELETE', at(user, `/clients/${asked.body.client.id}`), user);
  assert.equal(gone.status, 200);
  await until('it is told', () =>
    told('client:remove').some(({ appUser, reason }) => appUser._id === user.appUser._id && reason === 'sdk'),
  );
  assert.equal((await sdk('DELETE', at(user, `/clients/${asked.body.client.id}`), user)).status, 404);
});

test('a session is changed for a new one, and ended', async () => {
  const user = await arrive();
  const upgraded = await sdk('POST', at(user, '/upgrade'), user, { clientId: 'c' });
  assert.equal(upgraded.status, 200, JSON.stringify(upgraded.body));
  assert.equal((await sdk('GET', at(user), user)).status, 401, 'the old one is over');
  const next = { appUser: upgraded.body.appUser, sessionToken: upgraded.body.appUser.sessionToken };
  assert.equal((await sdk('GET', at(next), next)).status, 200);
  assert.equal((await sdk('POST', at(next, '/logout'), next, { client: { id: 'c' } })).status, 200);
  assert.equal((await sdk('GET', at(next), next)).status, 401);
  assert.equal((await sdk('POST', at(user, '/upgrade'), undefined, { clientId: 'c' })).status, 401);
});

test('nothing was an error', () => assert.deepEqual(errors, []));
