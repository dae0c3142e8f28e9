/** Orders on behalf through the Shout door, both sides played: a company tells them, the account's customers are texted from its number. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createKey } from '../src/accounts/keys.ts';
import { listAudit } from '../src/accounts/audit.ts';
import { isFault } from '../src/base/fault.ts';
import { toHex24 } from '../src/base/ids.ts';
import { holdGrants } from '../src/connect/held.ts';
import { caller } from './consoleProduct.ts';
import { connectHolder, endGrant, makeGrant, newCompany } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey } from './support/messages.ts';
import { until } from './support/until.ts';
import { must, newTwilio, startWorld } from './support/world.ts';

// oxlint-disable typescript/no-explicit-any
type Json = any;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const database = await testDatabase();
const world = await startWorld(database.connection, { PARLEY_RATE_LIMIT: '0' });
const { ctx, url } = world;
const { sql } = database;
after(() => world.stop());

let people = 0;
const newPhone = () => `+1801556${String(++people).padStart(4, '0')}`;

/** Transactions that wrote orders or asked to, as the keys of their rows tell. */
async function transactions(): Promise<number> {
  const [row] = await sql<{ n: number }[]>`SELECT count(DISTINCT xmin::text)::int AS n FROM orders`;
  return row!.n;
}

/** The source's own example. */
const EXAMPLE = {
  invoiced_at: 'now',
  paid_at: 'now',
  description: 'Order from Ecommerce Site',
  profile_name: 'Janet Smith',
  profile_phone_number: '(801) 555-6788',
  profile_shipping_address_raw: '1 E Center St, Provo, UT 84606',
  line_items: [
    { name: 'Tank Top', each_price_cents: 3500, quantity: 2, price_cents: 7000 },
    { name: 'T-Shirt', each_price_cents: 4900, quantity: 1, price_cents: 4900 },
  ],
  total_cents: 16_800,
  fail_if_connect_orders_not_enabled: true,
};

/** A company and an account that is connected to it, whose wall is in Denver, with its number and its own API. */
async function connected(company?: Awaited<ReturnType<typeof newCompany>>) {
  const made = await makeGrant(ctx, company ? { company } : {});
  const { workspaceId } = made.holder;
  await sql`UPDATE workspaces SET time_zone = 'America/Denver' WHERE id = ${workspaceId}`;
  ctx.directory.forget(workspaceId);
  const number = await newTwilio(ctx, workspaceId, 'http://127.0.0.1:9', { phoneNumber: '+18015550199' });
  // The company has a number, too: it is not by that one.
  await newTwilio(ctx, made.company.id, 'http://127.0.0.1:9');
  const account = caller(url, (await newConsoleKey(ctx, workspaceId)).replace('Bearer ', ''));
  const headers = { 'X-Shout-Connect-ID': made.grant.connectId };
  const door = caller(url, made.company.token);
  const base = `/api/workspaces/${toHex24(workspaceId)}`;
  return {
    ...made,
    workspaceId,
    number: number.id,
    headers,
    door: (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
      door(method, path, body, { ...headers, ...more }),
    account: (method: string, path: string, body?: unknown) => account(method, `${base}${path}`, body),
    settled: () => until('all is done', async () => must(await ctx.simulator.settled(workspaceId)), 30_000),
    async advance(byMs: number) {
      must(await ctx.simulator.advanceClock(workspaceId, byMs));
      await this.settled();
    },
    texts: async (phone: string) => must(await ctx.simulator.phone(workspaceId, phone)),
  };
}

test('S4 S23 S24 S31 S32 S33 S34 S35 S36 S37 S38 S39 S40: the example of the source, byte by byte', async () => {
  const at = await connected();
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: {
      authorization: at.company.authorization,
      'content-type': 'application/json',
      'X-Shout-User-Id': String(at.holder.id),
      'Idempotency-Key': 'example',
    },
    body: JSON.stringify({ order: EXAMPLE }),
  });
  const text = await response.text();
  assert.equal(response.status, 201, text);
  const answer = JSON.parse(text);
  const time = (name: string) => {
    assert.match(answer[name], /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}-0[67]:00$/);
    return JSON.stringify(answer[name]);
  };
  const line = (name: string, each: string, quantity: string, price: string) =>
    `{"each_price":"$${each}","each_price_cents":${each.replace('.', '')},"each_price_currency":"USD","name":"${name}",` +
    `"object":"order_line_item","price":"$${price}","price_cents":${price.replace('.', '')},"price_currency":"USD","quantity":${quantity}}`;
  const expected =
    `{"id":${answer.id},"company_id":${at.workspaceId},"created_at":${time('created_at')},` +
    `"description":"Order from Ecommerce Site","dont_trigger_auto_actions":false,"integration":"connect",` +
    `"invoiced_at":${time('invoiced_at')},"invoiced_source":"connect",` +
    `"line_items":[${line('Tank Top', '35.00', '2.0', '70.00')},${line('T-Shirt', '49.00', '1.0', '49.00')}],` +
    `"metadata":null,"notified_profile_of_paid_invoice_at":null,"object":"order","paid_at":${time('paid_at')},` +
    `"paid_source":"connect","profile_email":null,"profile_id":${answer.profile_id},"profile_name":"Janet Smith",` +
    `"profile_phone_number":"+18015556788","profile_shipping_address_raw":"1 E Center St, Provo, UT 84606",` +
    `"reference_id":null,"refunded_at":null,"refunded_source":null,"shipped_at":null,"shipped_source":null,` +
    `"status":"paid","total":"$168.00","total_cents":16800,"total_currency":"USD","updated_at":${time('created_at')}}`;
  assert.equal(text, expected);
  assert.ok(
    answer.invoiced_at < answer.paid_at && answer.paid_at < answer.created_at,
    'each is read for itself',
  );
  assert.ok(Number.isSafeInteger(answer.id) && Number.isSafeInteger(answer.profile_id));
  const again = await at.door('POST', '/orders', { order: EXAMPLE }, { 'Idempotency-Key': 'example' });
  assert.equal(again.status, 422, 'with the other header it is another request');
  const read = await fetch(`${url}/orders/${answer.id}`, {
    headers: { authorization: at.company.authorization, ...at.headers },
  });
  assert.equal(await read.text(), text);
  const [entry] = await listAudit(sql, { workspaceId: at.workspaceId });
  assert.equal(entry!.action, 'order.create');
});

test('an answer that is repeated by its Idempotency-Key is the same, byte by byte; in another account it is another order', async () => {
  const at = await connected();
  const other = await connected(at.company);
  const tell = async (connectId: string) => {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: {
        authorization: at.company.authorization,
        'content-type': 'application/json',
        'X-Shout-Connect-ID': connectId,
        'Idempotency-Key': `k-${connectId}`,
      },
      body: JSON.stringify({ order: EXAMPLE }),
    });
    assert.equal(response.status, 201);
    return await response.text();
  };
  const first = await tell(at.grant.connectId);
  assert.equal(await tell(at.grant.connectId), first);
  assert.match(first, /"quantity":2\.0/);
  const elsewhere = JSON.parse(await tell(other.grant.connectId));
  assert.notEqual(elsewhere.id, JSON.parse(first).id);
  assert.equal(elsewhere.company_id, other.workspaceId);
  const key = await at.door(
    'POST',
    '/orders',
    { order: EXAMPLE },
    { 'Idempotency-Key': `k-${other.grant.connectId}` },
  );
  assert.equal(key.status, 422, 'the key was used for another account');
});

test('both headers, none, one that nobody is connected as, and one who has disconnected: four faults', async () => {
  const at = await connected();
  const call = caller(url, at.company.token);
  const tell = async (headers: Record<string, string>) => {
    const { status, body } = await call(
      'POST',
      '/orders',
      { order: { ...EXAMPLE, profile_phone_number: newPhone() } },
      headers,
    );
    return { status, ...body };
  };
  const both = await tell({ ...at.headers, 'x-shout-user-id': String(at.holder.id) });
  assert.deepEqual(
    [both.status, both.errors],
    [422, { 'X-Shout-Connect-ID': ['give this or X-Shout-User-Id, not both'] }],
  );
  const none = await tell({});
  assert.deepEqual(
    [none.status, none.errors],
    [422, { 'X-Shout-Connect-ID': ['is required, or X-Shout-User-Id'] }],
  );
  const unknown = await tell({ 'x-shout-connect-id': 'nobody' });
  assert.equal(unknown.status, 404);
  assert.match(unknown.error, /nobody has connected as nobody/);
  assert.equal((await tell({ 'x-shout-user-id': 'x1' })).status, 422);
  must(await endGrant(ctx, at.grant));
  const gone = await tell(at.headers);
  assert.equal(gone.status, 403);
  assert.match(gone.error, /has disconnected/);
  // Nor for whoever looked before it ended and acts after.
  const { connectId } = at.grant;
  const [held] = await sql.begin((tx) => holdGrants(tx, at.company.id, [{ connectId }]));
  assert.ok(isFault(held) && held.fault === 'forbidden', JSON.stringify(held));
  for (const [method, path] of [
    ['GET', '/orders'],
    ['GET', '/orders/1'],
    ['DELETE', '/orders/1'],
  ] as const)
    assert.equal((await at.door(method, path)).status, 403);
  assert.equal((await sql`SELECT 1 FROM orders WHERE workspace_id = ${at.workspaceId}`).length, 0);
});

test('what is wrong with an order is named by its field', async () => {
  const at = await connected();
  const odd = async (order: unknown) => {
    const { status, body } = await at.door('POST', '/orders', { order });
    assert.equal(status, 422, JSON.stringify(body));
    return body.errors as Record<string, string[]>;
  };
  const phone = newPhone();
  const having = (more: object) => odd({ profile_phone_number: phone, ...more });
  assert.ok((await odd({}))['order.profile_phone_number']);
  assert.ok((await having({ paid_at: 17 }))['order.paid_at']);
  assert.ok((await having({ total_cents: '16800' }))['order.total_cents']);
  assert.ok(
    (await having({ line_items: [{ name: 'x', price_cents: 1, quantity: 'two' }] }))[
      'order.line_items[0].quantity'
    ],
  );
  assert.ok(
    (await having({ line_items: [{ name: 'x', price_cents: 1, colour: 'red' }] }))[
      'order.line_items[0].colour'
    ],
  );
  assert.ok((await having({ totel_cents: 1 }))['order.totel_cents']);
  assert.ok((await having({ profile_id: 123 }))['order.profile_id']);
  assert.ok(
    (await having({ fail_if_connect_orders_not_enabled: 'yes' }))['order.fail_if_connect_orders_not_enabled'],
  );
  const array = await at.door('POST', '/orders', { order: [] });
  assert.deepEqual(Object.keys(array.body.errors), ['order']);
  const flag = await at.door(
    'POST',
    '/orders',
    { order: EXAMPLE },
    { 'X-Fail-Creation-On-Duplicate-Reference-Id': 'maybe' },
  );
  assert.equal(flag.status, 422);
});

test('by the own reference: read, changed, taken back; a duplicate fails where that was asked for', async () => {
  const at = await connected();
  const order = { ...EXAMPLE, profile_phone_number: newPhone(), reference_id: 'web-1/7' };
  const path = `/orders/reference_id-${encodeURIComponent('web-1/7')}`;
  const once = { 'X-Fail-Creation-On-Duplicate-Reference-Id': 'true' };
  const both = await Promise.all([1, 2, 3].map(() => at.door('POST', '/orders', { order }, once)));
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [201, 422, 422],
  );
  const refused = both.find(({ status }) => status === 422)!;
  assert.deepEqual(refused.body.errors, { 'order.reference_id': ['another order has it already'] });
  const first = both.find(({ status }) => status === 201)!.body;
  assert.equal(
    (await at.door('POST', '/orders', { order })).status,
    201,
    'else it is taken, and has the reference',
  );
  assert.equal((await at.door('DELETE', path)).status, 200);
  const read = (await at.door('GET', path)).body;
  assert.deepEqual(read, first);
  const sent = { ...read, shipping_link: 'https://track.example.com/9', shipping_state: 'unknown' };
  delete sent.notified_profile_of_paid_invoice_at;
  const changed = await at.door('PUT', path, { order: sent });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(changed.body.status, 'shipped', 'a link says that it is on its way');
  assert.equal(changed.body.shipped_source, 'connect');
  assert.equal(changed.body.paid_at, first.paid_at);
  const { shipping_link: link, shipping_state: state, shipping_source: source } = changed.body;
  assert.deepEqual([link, state, source], ['https://track.example.com/9', 'unknown', 'connect']);
  const moved = await at.door('PUT', path, { order: { profile_phone_number: newPhone() } });
  assert.deepEqual(Object.keys(moved.body.errors), ['order.profile_phone_number']);
  assert.equal((await at.door('GET', '/orders?limit=1')).body.data[0].id, first.id);
  assert.equal((await at.door('DELETE', `/orders/${first.id}`)).body.id, first.id);
  assert.equal((await at.door('GET', path)).status, 404);
});

test('S22 S25: the alert leaves from the number of the account to its customer, and is noted; a backfill sends none', async () => {
  const at = await connected();
  const set = await at.account('PATCH', '/orders/settings', {
    alert: { on: true, text: '{{ event.total_text }} received. Thank you!' },
    followUp: { on: true, text: 'Happy with it?', delay: '3d' },
  });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const [ann, bob] = [newPhone(), newPhone()];
  const live = await at.door('POST', '/orders', { order: { ...EXAMPLE, profile_phone_number: ann } });
  const past = await at.door('POST', '/orders/batch', {
    dont_trigger_auto_actions: true,
    orders: [
      { ...EXAMPLE, profile_phone_number: bob, paid_at: '2023-06-21T22:06:02-06:00', reference_id: 'h1' },
      { ...EXAMPLE, profile_phone_number: '1' },
      7,
    ],
  });
  assert.deepEqual([past.body.created, past.body.refused, past.body.skipped], [1, 2, 0]);
  assert.deepEqual(
    past.body.results.map(({ errors }: Json) => Object.keys(errors ?? {})),
    [[], ['orders[1].profile_phone_number'], ['orders[2]']],
  );
  await at.settled();
  const [text] = await at.texts(ann);
  assert.deepEqual(
    [(text!.content as Json).text, text!.integrationId],
    ['$168.00 received. Thank you!', at.number],
  );
  await until('it is noted', async () => {
    const { body } = await at.door('GET', `/orders/${live.body.id}`);
    return body.notified_profile_of_paid_invoice_at !== null;
  });
  await at.advance(4 * 86_400_000);
  assert.deepEqual(
    new Set((await at.texts(ann)).map(({ content }) => (content as Json).text)),
    new Set(['$168.00 received. Thank you!', 'Happy with it?']),
  );
  assert.deepEqual(await at.texts(bob), []);
  assert.equal((await at.door('GET', '/orders/reference_id-h1')).body.dont_trigger_auto_actions, true);
});

test('an account that takes no orders: skipped without a word, or a fault when that was asked for', async () => {
  const at = await connected();
  await at.account('PATCH', '/orders/settings', { accepts: false });
  const order = { ...EXAMPLE, profile_phone_number: newPhone() };
  const failed = await at.door('POST', '/orders', { order });
  assert.deepEqual(
    [failed.status, Object.keys(failed.body.errors)],
    [422, ['order.fail_if_connect_orders_not_enabled']],
  );
  const skipped = await at.door('POST', '/orders', {
    order: { ...order, fail_if_connect_orders_not_enabled: false },
  });
  assert.deepEqual([skipped.status, skipped.body.id, skipped.body.skipped], [200, null, true]);
  const batch = await at.door('POST', '/orders/batch', {
    orders: [order, { ...order, fail_if_connect_orders_not_enabled: false }],
  });
  assert.deepEqual([batch.body.created, batch.body.refused, batch.body.skipped], [0, 1, 1]);
  assert.equal((await sql`SELECT 1 FROM contacts WHERE workspace_id = ${at.workspaceId}`).length, 0);
});

test('a company reaches what it told in the account and nothing else; another company and another account do not reach it', async () => {
  const at = await connected();
  const phone = newPhone();
  const own = await at.account('POST', '/orders', { phone, name: 'Known To Us', reference: 'x' });
  const told = await at.door('POST', '/orders', {
    order: { profile_phone_number: phone, reference_id: 'x' },
  });
  assert.equal(told.body.profile_name, null, 'the company is not told who the account knows');
  assert.equal(toHex24(told.body.profile_id), own.body.contactId);
  assert.equal((await at.door('GET', '/orders/reference_id-x')).body.id, told.body.id);
  assert.equal((await at.door('GET', `/orders/${Number.parseInt(own.body.id.slice(8), 16)}`)).status, 404);
  assert.deepEqual((await at.door('GET', '/orders')).body.data.length, 1);
  const seen = await at.account('GET', '/orders');
  assert.deepEqual(
    seen.body.orders.map(({ companyId }: Json) => companyId),
    [toHex24(at.company.id), null],
  );
  const rival = await newCompany(ctx);
  must(await connectHolder(ctx, rival, at.holder, 'r1'));
  const other = await connected(at.company);
  for (const [token, headers] of [
    [rival.token, { 'x-shout-connect-id': 'r1' }],
    [at.company.token, other.headers],
  ] as const)
    for (const [method, body] of [['GET'], ['PUT', { order: { description: 'mine' } }], ['DELETE']] as const)
      for (const path of [`/orders/${told.body.id}`, '/orders/reference_id-x'])
        assert.equal(
          (await caller(url, token)(method, path, body, headers)).status,
          404,
          `${method} ${path}`,
        );
  assert.equal((await at.door('GET', `/orders/${told.body.id}`)).body.description, null);
});

test('what a company told stays its own when the account changes it: who dated it, its reference; both are free when the customer is erased', async () => {
  const at = await connected();
  const phone = newPhone();
  const paid_at = '2023-06-21T22:06:02-06:00';
  const told = await at.door('POST', '/orders', {
    order: { profile_phone_number: phone, reference_id: 'x', paid_at },
  });
  const own = await at.account('POST', '/orders', { phone, reference: 'x' });
  const { body: list } = await at.account('GET', '/orders');
  const { id, paidSource } = list.orders.find(({ companyId }: Json) => companyId !== null);
  assert.equal(paidSource, 'connect');
  const changed = await at.account('PATCH', `/orders/${id}`, { paidAt: paid_at, reference: 'y' });
  assert.deepEqual([changed.status, changed.body.paidSource], [200, 'connect'], 'who said so first');
  assert.equal((await at.door('GET', '/orders/reference_id-y')).body.id, told.body.id);
  assert.equal(
    (await at.account('GET', '/orders/reference-y')).status,
    404,
    'it is in the words of the company',
  );
  assert.equal((await at.account('PATCH', `/orders/${id}`, { reference: 'x' })).status, 200);
  assert.equal((await at.account('DELETE', `/contacts/${own.body.contactId}`)).status, 204);
  const left = await sql`SELECT client_id FROM order_references WHERE workspace_id = ${at.workspaceId}`;
  assert.deepEqual([...left], []);
});

test('disconnected while an order is being told: it is there and noted, or refused; never half', async () => {
  for (let round = 0; round < 5; round++) {
    const at = await connected();
    const [told] = await Promise.all([
      at.door('POST', '/orders', { order: { ...EXAMPLE, profile_phone_number: newPhone() } }),
      endGrant(ctx, at.grant),
    ]);
    const rows = await sql`SELECT 1 FROM orders WHERE workspace_id = ${at.workspaceId}`;
    assert.equal(rows.length, told.status === 201 ? 1 : 0);
    assert.ok(told.status === 201 || told.status === 403, JSON.stringify(told.body));
    assert.equal((await at.door('GET', '/orders')).status, 403);
  }
});

test('S23 S26 S27: orders of one moment go together, in whatever accounts; who is refused hurts nobody', async () => {
  const ann = await connected();
  const bob = await connected(ann.company);
  const gone = await connected(ann.company);
  const closed = await connected(ann.company);
  must(await endGrant(ctx, gone.grant));
  await sql`INSERT INTO order_settings (workspace_id, accepts, currency) VALUES (${closed.workspaceId}, false, 'USD')`;
  must(await ctx.simulator.advanceClock(bob.workspaceId, DAY_MS));
  ctx.directory.forget(bob.workspaceId);
  const [phone, mine] = [newPhone(), newPhone()];
  const order = (more: object) => ({ order: { paid_at: 'now', total_cents: 100, ...more } });
  const same = order({ profile_phone_number: phone, profile_name: 'Both' });
  // The tenth has a reference that the ninth is given at this moment: whichever comes second is refused.
  const ONCE = { 'X-Fail-Creation-On-Duplicate-Reference-Id': 'true' };
  const named = order({ profile_phone_number: phone, reference_id: 'r-1' });
  const asked: [typeof ann, object, Record<string, string>?][] = [
    [ann, same],
    [ann, same],
    [bob, same],
    [ann, order({ profile_phone_number: 'nonsense' })],
    [gone, same],
    [closed, same],
    [closed, order({ profile_phone_number: phone, fail_if_connect_orders_not_enabled: true })],
    [bob, order({ profile_id: 4096 * 999 })],
    [ann, named, ONCE],
    [ann, named, ONCE],
    [ann, order({ profile_phone_number: mine, reference_id: 'r-2' }), { 'Idempotency-Key': 'once' }],
  ];
  const came = await Promise.all(asked.map(([at, body, more]) => at.door('POST', '/orders', body, more)));
  const statuses = came.map(({ status }) => status);
  assert.deepEqual(statuses.slice(0, 8), [201, 201, 201, 422, 403, 200, 422, 422]);
  assert.deepEqual(new Set(statuses.slice(8, 10)), new Set([201, 422]));
  assert.equal(statuses[10], 201);
  const body = (i: number) => came[i]!.body;
  assert.equal(body(0).profile_id, body(1).profile_id, 'one contact of two orders of a moment');
  assert.notEqual(body(0).profile_id, body(2).profile_id, 'another account has its own');
  assert.deepEqual([body(0).company_id, body(2).company_id], [ann.workspaceId, bob.workspaceId]);
  assert.ok(
    Date.parse(body(2).created_at) - Date.parse(body(0).created_at) > DAY_MS - HOUR_MS,
    'by its own clock',
  );
  assert.deepEqual(Object.keys(body(3).errors), ['order.profile_phone_number']);
  assert.equal(body(5).skipped, true);
  const again = await ann.door('POST', '/orders', asked[10]![1], { 'Idempotency-Key': 'once' });
  assert.deepEqual([again.status, again.body.id], [201, body(10).id]);
  const rows =
    await sql`SELECT workspace_id, count(*)::int AS n FROM orders WHERE client_id = ${ann.company.id} GROUP BY 1`;
  const counted = new Map(rows.map(({ workspace_id: id, n }) => [id, n]));
  assert.deepEqual(
    counted,
    new Map([
      [ann.workspaceId, 4],
      [bob.workspaceId, 1],
    ]),
  );
  for (const [at, n] of [
    [ann, 4],
    [bob, 1],
    [closed, 1],
    [gone, 0],
  ] as const)
    assert.equal(
      (await listAudit(sql, { workspaceId: at.workspaceId })).filter(
        ({ action }) => action === 'order.create',
      ).length,
      n,
      'each is noted where it was done',
    );
  const people =
    await sql`SELECT 1 FROM contacts WHERE workspace_id = ANY(${[gone.workspaceId, closed.workspaceId]}::bigint[])`;
  assert.equal(people.length, 0, 'nothing was written for who was refused');
});

test('two orders for one new phone in the same moment make one contact, in one transaction or in two', async () => {
  const at = await connected();
  const phones = Array.from({ length: 6 }, newPhone);
  const before = await transactions();
  const came = await Promise.all(
    [...phones, ...phones].map((phone) =>
      at.door('POST', '/orders', { order: { profile_phone_number: phone } }),
    ),
  );
  assert.ok(came.every(({ status }) => status === 201));
  assert.equal(new Set(came.map(({ body }) => body.profile_id)).size, phones.length);
  assert.ok((await transactions()) - before < came.length, 'they went together');
});

test('S28: a profile of one account that is named in two at one moment is found in its own', async () => {
  const ann = await connected();
  const bob = await connected(ann.company);
  const first = await ann.door('POST', '/orders', {
    order: { ...EXAMPLE, profile_phone_number: newPhone() },
  });
  const order = { paid_at: 'now', profile_id: first.body.profile_id };
  const tell = (at: typeof ann) => at.door('POST', '/orders', { order });
  const came = await Promise.all([tell(bob), tell(ann), tell(bob), tell(ann)]);
  assert.deepEqual(
    came.map(({ status }) => status),
    [422, 201, 422, 201],
  );
  assert.equal((await sql`SELECT 1 FROM orders WHERE workspace_id = ${bob.workspaceId}`).length, 0);
});

test('S1: the same by the console of the company: told, read, changed, taken back, and by a file', async () => {
  const at = await connected();
  const key = (await newConsoleKey(ctx, at.company.id)).replace('Bearer ', '');
  const base = `/api/workspaces/${toHex24(at.company.id)}/orders`;
  const by = `connectId=${at.grant.connectId}`;
  const company = caller(url, key);
  const made = await company('POST', `${base}?${by}`, { phone: newPhone(), reference: 'c1', paidAt: 'now' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual([made.body.companyId, made.body.paidSource], [toHex24(at.company.id), 'connect']);
  const batch = await company('POST', `${base}/batch?userId=${at.holder.id}`, {
    orders: [{ phone: newPhone(), quiet: true }],
  });
  assert.deepEqual([batch.status, batch.body.created], [200, 1]);
  assert.equal((await company('GET', `${base}?${by}`)).body.orders.length, 2);
  assert.equal((await at.account('GET', '/orders')).body.orders.length, 2);
  assert.equal((await company('GET', base)).body.orders.length, 0, 'it has none of its own');
  const path = `${base}/reference-c1?${by}`;
  assert.equal((await company('PATCH', path, { description: 'x' })).body.description, 'x');
  assert.equal(
    (await at.door('GET', '/orders/reference_id-c1')).body.description,
    'x',
    'it is the same order',
  );
  assert.equal((await company('POST', `${base}?${by}&userId=1`, { phone: newPhone() })).status, 400);
  assert.equal((await company('POST', `${base}?connectId=nobody`, { phone: newPhone() })).status, 404);
  must(await endGrant(ctx, at.grant));
  assert.equal((await company('DELETE', path)).status, 403);
  const entries = await listAudit(sql, { workspaceId: at.workspaceId });
  assert.ok(
    entries.some(
      ({ action, detail }) => action === 'order.batch' && (detail as Json).company === at.company.id,
    ),
  );
});

test('a key of another door, and one of a workspace without Connect, do nothing', async () => {
  const at = await connected();
  const strange = (await newConsoleKey(ctx, at.company.id)).replace('Bearer ', '');
  assert.equal((await caller(url, strange)('GET', '/orders', undefined, at.headers)).status, 401);
  const { token } = must(
    await sql.begin((tx) =>
      createKey(tx, ctx, {
        owner: { workspaceId: at.workspaceId },
        door: 'shout',
        name: 'own',
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  assert.equal((await caller(url, token)('GET', '/orders', undefined, at.headers)).status, 403);
});
