/** WhatsApp through the product: the challenge, the 24 hours, people without a number, answers in context, and Meta's limits. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createKey } from '../src/accounts/keys.ts';
import { hash32 } from '../src/base/crypto.ts';
import { bucketOf, toHex24 } from '../src/base/ids.ts';
import { hashOfProof, proofOf } from '../src/contacts/consent/proof.ts';
import { destinationsOf } from '../src/contacts/destinations.ts';
import { destinationIdOf } from '../src/contacts/keys.ts';
import { respellBlocks, respellDestinations } from '../src/contacts/respell.ts';
import { insertDestinations } from '../src/contacts/resolve/sql.ts';
import { followDestinations } from '../src/ledger/deliveries.ts';
import { findContactIds } from '../src/contacts/contacts.ts';
import { respellIdentities } from '../src/contacts/spellings.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver, type Answer } from './support/receiver.ts';
import { until } from './support/until.ts';
import { webhooksOf } from './support/web1on1Webhooks.ts';
import { callerOf } from './web1on1Product.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const meta = await startReceiver();
const sends = '/v25.0/1234567/messages';
const answers = new Map<string, (made: number) => Answer>();
let world: World;
let shop: { id: number; appId: string; consoleKey: string; authorization: string };
let whatsapp: Awaited<ReturnType<typeof newIntegration>>;
let count = 0;

type Sent = { to?: string; recipient?: string; type: string; biz_opaque_callback_data: string } & Record<
  string,
  any
>;
const sent = (): Sent[] => meta.received(sends).map(({ body }) => JSON.parse(body) as Sent);
const sentTo = (who: string) => sent().filter(({ to, recipient }) => (to ?? recipient) === who);

before(async () => {
  meta.answer(sends, (made, { body }) => {
    const { to, recipient } = JSON.parse(body) as Sent;
    const who = (to ?? recipient)!;
    return (
      answers.get(who)?.(sentTo(who).length - 1) ?? {
        status: 200,
        body: JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.out${made + 1}` }] }),
      }
    );
  });
  world = await startWorld(database.connection);
  const app = await newWorkspace(world.ctx, 'live', 'NL');
  shop = { ...app, consoleKey: await newConsoleKey(world.ctx, app.id) };
  whatsapp = await newIntegration(world.ctx, app.id, 'whatsapp', {
    phoneNumberId: '1234567',
    accessToken: 'token',
    appSecret: 'app-secret',
    verifyToken: 'verify-me',
    businessAccountId: '777',
    accountManagementAccessToken: 'management',
    baseUrl: meta.url('/v25.0'),
  });
});
after(() => world.stop());

const callback = () => `${world.url}/callbacks/${toHex24(whatsapp.id)}/${whatsapp.callbackKey}/inbound`;
const post = (value: object, secret = 'app-secret', field = 'messages') => {
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ changes: [{ field, value: { metadata: { phone_number_id: '1234567' }, ...value } }] }],
  });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return fetch(callback(), {
    method: 'POST',
    headers: { 'x-hub-signature-256': `sha256=${signature}` },
    body,
  });
};
/** Somebody writes: by number, by user id, or with both. */
async function write(
  who: { number?: string; userId?: string },
  more: Record<string, unknown> = {},
): Promise<void> {
  const { number, userId } = who;
  const message = {
    id: `wamid.in${++count}`,
    timestamp: '1767225600',
    type: 'text',
    text: { body: `message ${count}` },
    ...(number ? { from: number.slice(1) } : {}),
    ...(userId ? { from_user_id: userId } : {}),
    ...more,
  };
  const contact = {
    profile: { name: 'Ann' },
    ...(number ? { wa_id: number.slice(1) } : {}),
    ...(userId ? { user_id: userId } : {}),
  };
  assert.equal((await post({ contacts: [contact], messages: [message] })).status, 200);
}
const say = (address: string, content: object = { type: 'text', text: 'Hello' }) =>
  sendMessage(world, shop, { destination: { channel: 'whatsapp', address }, content });
const get = async (path: string) =>
  (await callApi(world, shop.consoleKey, 'GET', `/api/workspaces/${shop.appId}${path}`)).json;
const contactsAt = async (...addresses: string[]) =>
  (
    await world.ctx.sql<{ id: number }[]>`
      SELECT DISTINCT contact_id AS id FROM destinations
      WHERE workspace_id = ${shop.id} AND address = ANY(${addresses})`
  ).map(({ id }) => id);
/** The newest message of the contact with this address. */
async function lastFrom(address: string): Promise<any> {
  const rows = await world.ctx.sql<{ contactId: number }[]>`
    SELECT contact_id AS "contactId" FROM destinations WHERE workspace_id = ${shop.id} AND address = ${address}`;
  const { entries } = await get(`/contacts/${toHex24(rows[0]!.contactId)}/history`);
  return { ...entries[0].message, contactId: toHex24(rows[0]!.contactId) };
}

test('the challenge is answered as text to who knows the verify token; a wrong signature is refused', async () => {
  const ask = (token: string) =>
    fetch(`${callback()}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`);
  const good = await ask('verify-me');
  assert.deepEqual([good.status, await good.text()], [200, '1158201444']);
  assert.match(good.headers.get('content-type')!, /^text\/plain/);
  assert.equal((await ask('guess')).status, 403);
  assert.equal((await post({ messages: [] }, 'other')).status, 403);
});

test('W15 W16 free text goes for 24 hours after a person wrote, which is told of each address; a template always does', async () => {
  const to = '+31612345701';
  const early = await reaches(world.ctx, await say(to), 'suppressed');
  assert.equal(early.code, 'whatsapp_window');
  const template = { name: 'hello', language: { code: 'nl' } };
  await reaches(world.ctx, await say(to, { type: 'nativeTemplate', template }), 'accepted');
  await write({ number: to });
  await reaches(world.ctx, await say(to), 'accepted');
  const { contactId } = await lastFrom(to);
  const { destinations } = await get(`/contacts/${contactId}/destinations`);
  const heard = destinations.find(({ lastInboundAt }: { lastInboundAt: string | null }) => lastInboundAt);
  const windowMs = Date.parse(heard.windowEndsAt) - Date.parse(heard.lastInboundAt);
  assert.ok(windowMs > 86_000_000 && windowMs < 86_400_000, 'a day, less a margin');
  await world.ctx
    .sql`UPDATE destinations SET last_inbound_ms = last_inbound_ms - 86400000 WHERE address = ${to}`;
  assert.equal((await reaches(world.ctx, await say(to), 'suppressed')).code, 'whatsapp_window');
});

test('W15 one phone in two spellings is one contact with one window, whichever came first', async () => {
  // As people give the number, and as WhatsApp names who has it (`wa_id`).
  const phones: [given: string, waId: string][] = [
    ['+525512345678', '+5215512345678'],
    ['+5215512345679', '+525512345679'],
    ['+541123456780', '+5491123456780'],
    ['+5491123456781', '+541123456781'],
    ['+5511987654321', '+551187654321'],
    ['+551187654322', '+5511987654322'],
  ];
  const template = { name: 'hello', language: { code: 'es' } };
  for (const [given, waId] of phones) {
    await reaches(world.ctx, await say(given, { type: 'nativeTemplate', template }), 'accepted');
    await write({ number: waId }, { text: { body: 'si' } });
    await reaches(world.ctx, await say(given), 'accepted');
    await reaches(world.ctx, await say(waId), 'accepted');
    assert.equal((await contactsAt(given, waId)).length, 1, given);
  }
  for (const [given, waId] of phones.map((pair) => pair.map((one) => one.replace(/\d\d$/, '99')))) {
    await write({ number: waId! }, { text: { body: 'hola' } });
    await reaches(world.ctx, await say(given!), 'accepted');
    assert.equal((await contactsAt(given!, waId!)).length, 1, waId);
  }
});

test('the number that a send is answered with is the person’s: one contact, one window, one stop; another’s number stays theirs', async () => {
  const template = { type: 'nativeTemplate', template: { name: 'hello', language: { code: 'nl' } } };
  const knownAs = (number: string, waId: string) =>
    answers.set(number, () => ({
      status: 200,
      body: JSON.stringify({
        contacts: [{ input: number, wa_id: waId.slice(1) }],
        messages: [{ id: `wamid.known${++count}` }],
      }),
    }));
  const [number, waId] = ['+31612345760', '+31612345761'];
  knownAs(number, waId);
  await reaches(world.ctx, await say(number, template), 'accepted');
  await write({ number: waId }, { text: { body: 'Hello' } });
  await reaches(world.ctx, await say(number), 'accepted');
  assert.equal((await contactsAt(number, waId)).length, 1);
  const { destinations } = await get(`/contacts/${(await lastFrom(number)).contactId}/destinations`);
  assert.deepEqual([...new Set(destinations.map(({ address }: { address: string }) => address))], [number]);
  await write({ number: waId }, { text: { body: 'STOP' } });
  const stops = await world.ctx.sql`
    SELECT address FROM suppressions WHERE workspace_id = ${shop.id} AND address = ANY(${[number, waId]}::text[])`;
  assert.deepEqual([...stops], [{ address: number }]);
  // Who has a thread of their own under that number is not taken over.
  const [third, another] = ['+31612345762', '+31612345763'];
  await write({ number: another });
  knownAs(third, another);
  await reaches(world.ctx, await say(third, template), 'accepted');
  await write({ number: another }, { text: { body: 'It is me' } });
  assert.equal((await lastFrom(another)).content.text, 'It is me');
  assert.equal((await reaches(world.ctx, await say(third), 'suppressed')).code, 'whatsapp_window');
});

test('numbers that were kept in an old spelling are found again', async () => {
  const { sql } = world.ctx;
  const old = ['+5215512345601', '+551188887701', '+541155556601'];
  const today = ['+525512345601', '+5511988887701', '+5491155556601'];
  const ids: number[] = [];
  for (const value of old) {
    const contactId = world.ctx.ids.spread();
    await sql`INSERT INTO identities (hash, workspace_id, kind, value, contact_id)
      VALUES (${hash32(`${shop.id}|phone|${value}`)}, ${shop.id}, 'phone', ${value}, ${contactId})`;
    ids.push(contactId);
  }
  for (let i = 0; i < 2; i++) await respellIdentities(sql);
  const identities = today.map((value) => ({ kind: 'phone' as const, value }));
  assert.deepEqual(await findContactIds(sql, shop.id, identities), ids);
  const left = await sql`SELECT 1 FROM identities WHERE value = ANY(${old}::text[])`;
  assert.equal(left.length, 0);
});

test('destinations and what blocks them, kept in an old spelling, become those of today’s; twice changes nothing more', async () => {
  const { ctx } = world;
  const { sql } = ctx;
  const nowMs = ctx.clock.nowMs();
  const at = {
    workspaceId: shop.id,
    integrationId: null,
    displayName: null,
    raw: null,
    status: 'active' as const,
  };
  const people: [channel: 'whatsapp' | 'sms', old: string, today: string][] = [
    ['whatsapp', '+5215512345611', '+525512345611'],
    ['sms', '+551188887711', '+5511988887711'],
    ['whatsapp', '+541155556611', '+5491155556611'],
    // Argentina dials a landline by SMS as it is.
    ['sms', '+541155556612', '+541155556612'],
  ];
  const ids: number[] = [];
  for (const [channel, old] of people) {
    const contactId = ctx.ids.spread();
    ids.push(contactId);
    const key = { workspaceId: shop.id, contactId, channel, integrationId: null, address: old };
    await sql`INSERT INTO contacts (bucket, workspace_id, id, created_ms, changed_ms)
      VALUES (${bucketOf(contactId)}, ${shop.id}, ${contactId}, ${nowMs}, ${nowMs})`;
    await insertDestinations(sql, [{ ...at, ...key, id: destinationIdOf(key) }], nowMs);
    const proof = proofOf(sql, shop.id, channel, old);
    await sql`INSERT INTO suppressions (hash, workspace_id, channel, proof, cause, scope, address, classes, rank, reason, since_ms)
      VALUES (${hashOfProof(proof)}, ${shop.id}, ${channel}, ${proof}, 'opted_out_channel', 0, ${old}, 2, 5, 'stop', ${nowMs})`;
  }
  // The same person, the same number: linked in today's spelling as well, and written to.
  const twice = {
    workspaceId: shop.id,
    contactId: ids[0]!,
    channel: 'whatsapp' as const,
    integrationId: null,
    address: people[0]![2],
  };
  await insertDestinations(sql, [{ ...at, ...twice, id: destinationIdOf(twice) }], nowMs);
  const waiting = { ...twice, address: people[0]![1] };
  await sql`INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, state, state_ms, destination_id, expires_ms)
    VALUES (${bucketOf(ids[0]!)}, ${ids[0]!}, ${ctx.ids.inBucket(bucketOf(ids[0]!))}, 0, ${shop.id}, 1, 0, ${nowMs}, ${destinationIdOf(waiting)}, ${nowMs})`;
  for (let i = 0; i < 2; i++) {
    await respellBlocks(sql);
    await respellDestinations(sql, followDestinations);
  }
  const found = await destinationsOf(sql, shop.id, ids);
  assert.deepEqual(
    found
      .map(({ address, blockedReason, contactId, channel, integrationId, workspaceId, id }) => [
        ids.indexOf(contactId),
        address,
        blockedReason,
        id === destinationIdOf({ contactId, channel, integrationId, workspaceId, address }),
      ])
      .toSorted((a, b) => Number(a[0]) - Number(b[0])),
    people.map(([, , today], index) => [index, today, index === 3 ? null : 'stop', true]),
  );
  const kept = await sql<{ address: string; proof: string; channel: string }[]>`
    SELECT address, proof, channel FROM suppressions WHERE address = ANY(${people.map(([, , today]) => today)}::text[])`;
  assert.equal(kept.length, 4);
  for (const { address, proof, channel } of kept)
    assert.equal(proof, proofOf(sql, shop.id, channel, address));
  const [delivery] = await sql<{ id: number }[]>`
    SELECT destination_id AS id FROM deliveries WHERE contact_id = ${ids[0]!}`;
  assert.equal(delivery!.id, destinationIdOf(twice), 'what waits goes to the one that is there now');
  // Of somebody who was erased there is only the proof of the old spelling: the no is found by today's.
  const erased = proofOf(sql, shop.id, 'whatsapp', '+5215587650099');
  await sql`INSERT INTO suppressions (hash, workspace_id, channel, proof, cause, scope, address, classes, rank, reason, since_ms)
    VALUES (${hashOfProof(erased)}, ${shop.id}, 'whatsapp', ${erased}, 'opted_out_channel', 0, NULL, 2, 5, 'stop', ${nowMs})`;
  const back = await callApi(world, shop.consoleKey, 'POST', `/api/workspaces/${shop.appId}/contacts`, {
    phone: '+525587650099',
  });
  assert.equal(back.status, 201, JSON.stringify(back.json));
  const linked = await callApi(
    world,
    shop.consoleKey,
    'POST',
    `/api/workspaces/${shop.appId}/contacts/${back.json.id}/destinations`,
    {
      channel: 'whatsapp',
      address: '+525587650099',
    },
  );
  assert.equal(linked.status, 201, JSON.stringify(linked.json));
  const { destinations } = await get(`/contacts/${back.json.id}/destinations`);
  assert.deepEqual(
    destinations
      .filter(({ channel }: { channel: string }) => channel === 'whatsapp')
      .map(({ blocked }: { blocked: string[] }) => blocked),
    [['marketing']],
  );
});

test('W12: typing is shown to who wrote on WhatsApp last, on the message that they wrote; and to nobody else', async () => {
  const number = '+31612345741';
  await write(
    { number },
    { id: 'wamid.asked', timestamp: String(Math.floor(world.ctx.clock.nowMs() / 1000)) },
  );
  const { contactId } = await lastFrom(number);
  const path = `/v1.1/apps/${shop.appId}/appusers/${contactId}/conversation/activity`;
  const act = async (type: string) => {
    const { status } = await callApi(world, shop.authorization, 'POST', path, { role: 'appMaker', type });
    assert.equal(status, 200);
  };
  const shown = () => sent().filter((one) => 'typing_indicator' in one);
  await act('typing:stop');
  await act('typing:start');
  await until('it is shown', () => shown().length > 0);
  assert.deepEqual(shown(), [
    {
      messaging_product: 'whatsapp',
      status: 'read',
      message_id: 'wamid.asked',
      typing_indicator: { type: 'text' },
    },
  ]);
});

test('the profile of a number is read and changed at Meta; what it refuses is told', async () => {
  const at = '/v25.0/1234567/whatsapp_business_profile';
  let about = 'Boats';
  meta.answer(`${at}?fields=about,address,description,email,vertical,websites,profile_picture_url`, () => ({
    status: 200,
    body: JSON.stringify({ data: [{ about, vertical: 'TRAVEL', messaging_product: 'whatsapp' }] }),
  }));
  meta.answer(at, (_made, { body }) => {
    const change = JSON.parse(body);
    assert.equal(change.messaging_product, 'whatsapp');
    if (change.vertical) return { status: 400, body: '{"error":{"code":100,"message":"Invalid vertical"}}' };
    about = change.about;
    return { status: 200, body: '{"success":true}' };
  });
  const path = `/v1.1/apps/${shop.appId}/integrations/${toHex24(whatsapp.id)}/profile`;
  const api = (method: string, body?: object) => callApi(world, shop.authorization, method, path, body);
  assert.deepEqual((await api('GET')).json, { profile: { about: 'Boats', vertical: 'TRAVEL' } });
  assert.deepEqual((await api('PUT', { about: 'Ships' })).json.profile.about, 'Ships');
  assert.equal((await api('GET')).json.profile.about, 'Ships');
  assert.equal((await api('PUT', { vertical: 'NONE AT ALL' })).status, 422);
  assert.equal((await api('PUT', { about: '' })).status, 400);
});

test('a changed number takes its person along: one contact, one thread, the window stays open; a repeat changes nothing', async () => {
  const [from, to] = ['+31612345720', '+31612345721'];
  await write({ number: from });
  const { contactId } = await lastFrom(from);
  const system = { type: 'system', system: { type: 'user_changed_number', wa_id: to.slice(1) } };
  for (let i = 0; i < 2; i++)
    await write({ number: from }, { id: 'wamid.moved', ...system, text: undefined });
  await reaches(world.ctx, await say(to), 'accepted');
  await write({ number: to });
  assert.equal((await lastFrom(to)).contactId, contactId);
  const { destinations } = await get(`/contacts/${contactId}/destinations`);
  assert.deepEqual([...new Set(destinations.map(({ address }: { address: string }) => address))], [to]);
  // What they want no more stays so: a stop from the old number holds at the new one, and a start from there ends it for good.
  const further = '+31612345724';
  await write({ number: to }, { text: { body: 'STOP' }, timestamp: '1767225601' });
  const gone = { type: 'system', system: { type: 'user_changed_number', wa_id: further.slice(1) } };
  const change = () => write({ number: to }, { id: 'wamid.gone', ...gone, text: undefined });
  await change();
  const sale = () =>
    sendMessage(world, shop, {
      destination: { channel: 'whatsapp', address: further },
      content: { type: 'text', text: 'Sale' },
      class: 'marketing',
    });
  await reaches(world.ctx, await sale(), 'suppressed');
  await write({ number: further }, { text: { body: 'START' }, timestamp: '1767225602' });
  await change();
  await reaches(world.ctx, await sale(), 'accepted');
  // Nobody is made at the old number by being told that it changed.
  const rows = await world.ctx.sql`SELECT 1 FROM destinations WHERE address = ${from}`;
  assert.equal(rows.length, 0);
});

test('edits, deletions, orders, reactions, answers of forms and what nobody can read: shown and told at each door', async () => {
  const number = '+31612345722';
  const key = await world.ctx.sql.begin((tx) =>
    createKey(tx, world.ctx, {
      owner: { workspaceId: shop.id },
      door: 'web1on1',
      name: 'bot',
      scopes: ['admin'],
      nowMs: world.ctx.clock.nowMs(),
    }),
  );
  const refreshToken = (key as { token: string }).token;
  const { body: auth } = await callerOf(world.url, '')('POST', '/auth/token', { refreshToken });
  const web1on1 = callerOf(world.url, auth.token);
  const hook = await webhooksOf(web1on1);
  assert.equal(hook.made.status, 201, JSON.stringify(hook.made.body));
  const subscribed = await callApi(world, shop.authorization, 'POST', `/v1.1/apps/${shop.appId}/webhooks`, {
    target: meta.url('/told'),
    triggers: ['message:appUser'],
  });
  assert.equal(subscribed.status, 201, JSON.stringify(subscribed.json));
  const answered = {
    type: 'nfm_reply',
    nfm_reply: { body: 'Sent', response_json: '{"rating":"Good"}', name: 'flow' },
  };
  await write({ number }, { id: 'wamid.first', text: { body: 'Deliver on Monday' } });
  const edit = {
    original_message_id: 'wamid.first',
    message: { type: 'text', text: { body: 'On Tuesday' } },
  };
  await write({ number }, { type: 'edit', edit, text: undefined });
  await write(
    { number },
    { type: 'revoke', revoke: { original_message_id: 'wamid.first' }, text: undefined },
  );
  await write({ number }, { type: 'interactive', interactive: answered, text: undefined });
  const order = {
    catalog_id: 'c1',
    product_items: [{ product_retailer_id: 'sku-1', quantity: 2, item_price: 9.5, currency: 'EUR' }],
  };
  await write({ number }, { type: 'order', order, text: undefined });
  const reaction = { message_id: 'wamid.first', emoji: '👍' };
  await write({ number }, { type: 'reaction', reaction, text: undefined });
  const errors = [{ code: 131051, title: 'Message type unknown' }];
  await write({ number }, { type: 'unsupported', errors, text: undefined });
  await write({ number }, { text: { body: 'thanks' } });
  const { contactId } = await lastFrom(number);
  const { entries } = await get(`/contacts/${contactId}/history`);
  const history = entries.map(({ message }: any) => message).reverse();
  assert.deepEqual(
    history.map(({ content, source }: any) => [
      content.text,
      source.facts?.kind,
      source.repliesTo?.externalId,
    ]),
    [
      ['Deliver on Monday', undefined, undefined],
      ['On Tuesday', 'edit', 'wamid.first'],
      ['[deleted a message]', 'revoke', 'wamid.first'],
      ['Sent\nrating: Good', 'interactive', undefined],
      ['2 × sku-1 9.5 EUR', 'order', undefined],
      ['👍', 'reaction', 'wamid.first'],
      ['[a kind of message that cannot be shown]', 'unsupported', undefined],
      ['thanks', undefined, undefined],
    ],
  );
  assert.deepEqual(history[3].source.facts.answers, { rating: 'Good' });
  const path = `/v1.1/apps/${shop.appId}/appusers/${contactId}/messages`;
  const { json } = await callApi(world, shop.authorization, 'GET', path);
  const facts = history.map(({ source }: any) => source.facts);
  const kinds = facts.filter(Boolean).map(({ kind }: any) => kind);
  assert.deepEqual(kinds, ['edit', 'revoke', 'interactive', 'order', 'reaction', 'unsupported']);
  assert.deepEqual(facts[4].order, order);
  assert.deepEqual(facts[6].errors, errors);
  assert.deepEqual(
    json.messages.map(({ source }: any) => source.facts),
    facts,
  );
  // What webhooks are told is what a look shows.
  const told = await until('the webhooks', () => {
    const sunshine = meta.received('/told').map(({ body }) => JSON.parse(body).messages[0]);
    const other = hook.told.filter(({ event }) => event.startsWith('message.create'));
    return Promise.resolve(sunshine.length >= 8 && other.length >= 8 ? { sunshine, other } : undefined);
  });
  assert.deepEqual(
    told.sunshine.map(({ source }: any) => source.facts),
    facts,
  );
  assert.deepEqual(
    told.other.map(({ data }: any) => [data.message.text, data.message.meta.facts]),
    history.map(({ content }: any, at: number) => [content.text, facts[at]]),
  );
  for (const { data } of told.other) {
    const { status, body } = await web1on1('GET', `/messages/${data.message.id}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.meta, data.message.meta);
  }
});

test('a person without a number: kept by the user id, answered by it, addressed by it at either door', async () => {
  const userId = 'NL.13491208655302741918';
  await write({ userId });
  await reaches(world.ctx, await say(userId), 'accepted');
  const notified = await callApi(
    world,
    shop.authorization,
    'POST',
    `/v1.1/apps/${shop.appId}/notifications`,
    {
      destination: { integrationId: toHex24(whatsapp.id), destinationId: userId },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'Again' },
    },
  );
  assert.equal(notified.status, 201, JSON.stringify(notified.json));
  await until('both', () => sentTo(userId).length === 2);
  assert.equal(sentTo(userId)[0]!.to, undefined);
  const owned = await world.ctx.sql`SELECT kind FROM identities WHERE value = ${userId}`;
  assert.deepEqual(
    owned.map(({ kind }) => kind),
    ['whatsapp'],
  );
  const bad = await callApi(world, shop.consoleKey, 'POST', `/api/workspaces/${shop.appId}/messages`, {
    destination: { channel: 'sms', address: userId },
    content: { type: 'text', text: 'x' },
  });
  assert.deepEqual([bad.status, bad.json.error.field], [400, 'destination.address']);
});

test('somebody who hides the number later is the same contact, and stays stopped for marketing', async () => {
  const who = { number: '+31612345702', userId: 'NL.222' };
  await write(who);
  const { contactId } = await lastFrom(who.number);
  await write({ userId: who.userId });
  assert.equal((await lastFrom(who.userId)).contactId, contactId);
  await write({ userId: who.userId }, { text: { body: 'STOP' } });
  const marketing = await sendMessage(world, shop, {
    destination: { channel: 'whatsapp', address: who.userId },
    content: { type: 'text', text: 'Sale' },
    class: 'marketing',
  });
  await reaches(world.ctx, marketing, 'suppressed');
  await reaches(world.ctx, await say(who.userId), 'accepted');
});

test('the switch for marketing in WhatsApp itself stops marketing from that number and nothing else, and back on lets it go', async () => {
  const number = '+31612345742';
  await write({ number });
  const turn = async (value: 'stop' | 'resume', timestamp: number) => {
    const preference = {
      wa_id: number.slice(1),
      detail: 'x',
      category: 'marketing_messages',
      value,
      timestamp,
    };
    const told = { contacts: [{ wa_id: number.slice(1) }], user_preferences: [preference] };
    assert.equal((await post(told, 'app-secret', 'user_preferences')).status, 200);
  };
  const sale = () =>
    sendMessage(world, shop, {
      destination: { channel: 'whatsapp', address: number },
      content: { type: 'text', text: 'Sale' },
      class: 'marketing',
    });
  await turn('stop', 1_767_225_700);
  const stopped = await sale();
  await reaches(world.ctx, stopped, 'suppressed');
  const [delivery] = await world.ctx.sql<
    { code: string }[]
  >`SELECT code FROM deliveries WHERE cause_id = ${stopped}`;
  assert.equal(delivery!.code, 'opted_out_sender', 'of this number, and not of the channel');
  await reaches(world.ctx, await say(number), 'accepted');
  await turn('resume', 1_767_225_600);
  await reaches(world.ctx, await sale(), 'suppressed');
  await turn('resume', 1_767_225_800);
  await reaches(world.ctx, await sale(), 'accepted');
  // Both in one call, in either order: what was said last counts.
  const both = (values: ['stop' | 'resume', number][]) =>
    post(
      {
        contacts: [{ wa_id: number.slice(1) }],
        user_preferences: values.map(([value, timestamp]) => ({
          wa_id: number.slice(1),
          detail: 'x',
          category: 'marketing_messages',
          value,
          timestamp,
        })),
      },
      'app-secret',
      'user_preferences',
    );
  await both([
    ['resume', 1_767_225_900],
    ['stop', 1_767_225_901],
  ]);
  await reaches(world.ctx, await sale(), 'suppressed');
  await both([
    ['resume', 1_767_225_911],
    ['stop', 1_767_225_910],
  ]);
  await reaches(world.ctx, await sale(), 'accepted');
  // Meta's own button below marketing comes as a message.
  const button = { text: 'Stop promotions', payload: 'Stop promotions' };
  await write({ number }, { type: 'button', button, text: undefined, timestamp: '1767226000' });
  await reaches(world.ctx, await sale(), 'suppressed');
  await reaches(world.ctx, await say(number), 'accepted');
});

test('a tapped button answers the message it was on, with its payload; told to webhooks as a quoted message', async () => {
  const to = '+31612345703';
  await write({ number: to });
  const actions = [
    { type: 'reply', text: 'Yes', payload: 'YES' },
    { type: 'reply', text: 'No', payload: 'NO' },
  ];
  const id = await say(to, { type: 'text', text: 'Coming?', actions });
  const delivery = await reaches(world.ctx, id, 'accepted');
  assert.equal(sentTo(to)[0]!['interactive'].type, 'button');
  await write(
    { number: to },
    {
      type: 'interactive',
      context: { id: delivery.externalIds![0] },
      interactive: { type: 'button_reply', button_reply: { id: 'NO', title: 'No' } },
    },
  );
  const { content, source } = await lastFrom(to);
  assert.deepEqual([content.text, content.payload], ['No', 'NO']);
  assert.deepEqual(source.repliesTo, { externalId: delivery.externalIds![0], messageId: toHex24(id) });
  const { contactId } = await lastFrom(to);
  const path = `/v1.1/apps/${shop.appId}/appusers/${contactId}/messages`;
  const { json } = await callApi(world, shop.authorization, 'GET', path);
  assert.deepEqual(json.messages.at(-1).quotedMessage, { type: 'message', content: { _id: toHex24(id) } });
  await write({ number: to }, { context: { id: 'wamid.of-another-program' } });
  assert.deepEqual((await lastFrom(to)).source.repliesTo, {
    externalId: 'wamid.of-another-program',
    messageId: null,
  });
});

const limited = (code: number): Answer => ({
  status: 400,
  body: JSON.stringify({ error: { code, message: 'slow', error_data: { details: 'slow' } } }),
});

test('the pair rate holds that person for its six seconds and nobody else; the number rate is tried again, and neither fails', async () => {
  const [pair, number, free] = ['+31612345704', '+31612345705', '+31612345706'];
  answers.set(pair, (made) => (made === 0 ? limited(131056) : (undefined as never)));
  answers.set(number, (made) => (made === 0 ? limited(130429) : (undefined as never)));
  for (const to of [pair, number, free]) await write({ number: to });
  const [held, again, other] = [await say(pair), await say(number), await say(free)];
  await reaches(world.ctx, other, 'accepted');
  await reaches(world.ctx, held, 'held');
  const [due] = await world.ctx.sql<{ dueMs: number; attempt: number }[]>`
    SELECT due_ms AS "dueMs", attempt FROM due WHERE cause_id = ${held}`;
  assert.ok(due!.dueMs > world.ctx.clock.nowMs() + 3000, 'waits for most of six seconds');
  assert.equal(due!.attempt, 0, 'a throttle is no attempt');
  await reaches(world.ctx, again, 'accepted');
  assert.equal(sentTo(number).length, 2);
});

test('statuses by our reference: sent, delivered, read, and a failure of a later hour', async () => {
  const to = '+31612345707';
  await write({ number: to });
  const id = await say(to);
  await reaches(world.ctx, id, 'accepted');
  const { biz_opaque_callback_data: ref } = sentTo(to)[0]!;
  const status = (state: string, more: object = {}) =>
    post({
      statuses: [
        { id: 'wamid.x', status: state, timestamp: '1767225700', biz_opaque_callback_data: ref, ...more },
      ],
    });
  for (const state of ['read', 'delivered', 'sent']) assert.equal((await status(state)).status, 200);
  await reaches(world.ctx, id, 'read');
  const late = await say(to);
  await reaches(world.ctx, late, 'accepted');
  const own = sentTo(to)[1]!.biz_opaque_callback_data;
  await status('failed', { biz_opaque_callback_data: own, errors: [{ code: 131049, title: 'held back' }] });
  assert.equal((await reaches(world.ctx, late, 'failed')).code, '131049');
});

const templates = (query: Record<string, string>) =>
  `/v25.0/777/message_templates?${new URLSearchParams({
    fields: 'id,name,language,status,category,rejected_reason,components',
    ...query,
  }).toString()}`;

test('N9 N19 a template goes out with all its components, is shown as the person saw it, and the catalogue is that at Meta', async () => {
  const to = '+31612345708';
  const definition = {
    id: '1',
    name: 'order_update',
    language: 'nl',
    status: 'APPROVED',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'IMAGE' },
      { type: 'BODY', text: 'Dag {{1}}, het is {{2}}.' },
      { type: 'FOOTER', text: 'De winkel' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'URL', text: 'Volg', url: 'https://shop.example/{{1}}' },
          { type: 'QUICK_REPLY', text: 'Bel mij' },
        ],
      },
    ],
  };
  const listed = { status: 200, body: JSON.stringify({ data: [definition] }) };
  meta.answer(templates({ limit: '100', name: 'order_update' }), listed);
  meta.answer(templates({ limit: '50' }), listed);
  const components = [
    { type: 'header', parameters: [{ type: 'image', image: { link: 'https://img.example/o.jpg' } }] },
    {
      type: 'body',
      parameters: [
        { type: 'text', text: 'Ann' },
        { type: 'currency', currency: { fallback_value: '€ 5', code: 'EUR', amount_1000: 5000 } },
      ],
    },
    { type: 'button', sub_type: 'url', index: 0, parameters: [{ type: 'text', text: '12' }] },
    {
      type: 'button',
      sub_type: 'quick_reply',
      index: '1',
      parameters: [{ type: 'payload', payload: 'CALL' }],
    },
  ];
  const template = { name: 'order_update', language: { code: 'nl' }, components };
  await reaches(world.ctx, await say(to, { type: 'nativeTemplate', template }), 'accepted');
  const wire = components.map((one) => ('index' in one ? { ...one, index: String(one.index) } : one));
  assert.deepEqual(sentTo(to)[0]!['template'], { ...template, components: wire });
  const seen =
    'https://img.example/o.jpg\n\nDag Ann, het is € 5.\n\nDe winkel\n\nVolg: https://shop.example/12\nBel mij';
  assert.equal((await lastFrom(to)).content.text, seen);
  const at = `/api/workspaces/${shop.appId}/broadcasts`;
  const { json } = await callApi(world, shop.consoleKey, 'POST', at, {
    name: 'all',
    channel: 'whatsapp',
    audience: { include: { all: true } },
    content: { type: 'nativeTemplate', template },
  });
  assert.equal(json.content.text, seen);
  const catalogue = await get(`/integrations/${toHex24(whatsapp.id)}/templates`);
  assert.deepEqual([catalogue.templates, catalogue.next], [[definition], null]);
  meta.answer(templates({ limit: '50' }), {
    status: 401,
    body: '{"error":{"code":190,"message":"expired"}}',
  });
  assert.match((await get(`/integrations/${toHex24(whatsapp.id)}/templates`)).error.message, /expired/);
});

test('what fills in a template goes on one line, as Meta asks, and is shown so; the words of everything else stay as they are', async () => {
  const to = '+31612345777';
  const refused = {
    code: 132018,
    message: 'Param text cannot have new-line/tab characters or more than 4 consecutive spaces',
  };
  answers.set(to, () => {
    const { template } = sentTo(to).at(-1)!;
    const texts: string[] = template?.components[0].parameters.map(({ text }: any) => text) ?? [];
    return texts.some((text) => /[\n\r\t]| {5}/.test(text))
      ? { status: 400, body: JSON.stringify({ error: refused }) }
      : { status: 200, body: JSON.stringify({ messages: [{ id: `wamid.flat${++count}` }] }) };
  });
  const parameters = [
    { type: 'text', text: 'Main Street 1\r\n1234 AB\tHome' },
    { type: 'text', parameter_name: 'note', text: '\n ring      twice\u2028please\n' },
    { type: 'text', text: 'as  it    is' },
  ];
  const template = { name: 'address', language: { code: 'nl' }, components: [{ type: 'body', parameters }] };
  await reaches(world.ctx, await say(to, { type: 'nativeTemplate', template }), 'accepted');
  const [sent] = sentTo(to) as any[];
  assert.deepEqual(
    sent.template.components[0].parameters.map(({ text }: any) => text),
    ['Main Street 1 1234 AB Home', 'ring twice please', 'as  it    is'],
  );
  assert.equal(sent.template.components[0].parameters[1].parameter_name, 'note');
  await write({ number: to });
  await reaches(world.ctx, await say(to, { type: 'text', text: 'two\nlines' }), 'accepted');
  assert.equal((sentTo(to) as any[]).at(-1).text.body, 'two\nlines');
});
