/** Orders of a workspace by the console's API, on a running Parley: whose they are, what is told of them, what is sent about them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fromHex24, toHex24 } from '../src/base/ids.ts';
import { STATE } from '../src/ledger/states.ts';
import { notifiedReader } from '../src/orders/notified.ts';
import { mergePeople } from '../src/people/people.ts';
import { caller } from './consoleProduct.ts';
import { DAY_MS, HOUR_MS, newPlace, provesWhole, sql, world } from './campaignsProduct.ts';
import { newConsoleKey } from './support/messages.ts';
import { until } from './support/until.ts';
import { must, newContacts, newTwilio } from './support/world.ts';

// oxlint-disable typescript/no-explicit-any
type Json = any;
const { ctx, url } = world;

let people = 0;
const newPhone = () => `+1801555${String(++people).padStart(4, '0')}`;

/** A workspace with a number, and its API. */
async function newShop() {
  const place = await newPlace('America/Denver');
  await newTwilio(ctx, place.id, 'http://127.0.0.1:9');
  const token = (await newConsoleKey(ctx, place.id)).replace('Bearer ', '');
  const call = caller(url, token);
  const base = `/api/workspaces/${toHex24(place.id)}`;
  return {
    ...place,
    token,
    call: (method: string, path: string, body?: unknown) => call(method, `${base}${path}`, body),
    async order(body: object): Promise<Json> {
      const made = await call('POST', `${base}/orders`, body);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body;
    },
    /** What came to a phone, oldest first. */
    async texts(phone: string): Promise<string[]> {
      const seen = must(await ctx.simulator.phone(place.id, phone));
      return seen.filter(({ direction }) => direction === 'out').map(({ content }) => (content as Json).text);
    },
  };
}

const PAID = {
  paidAt: 'now',
  invoicedAt: 'now',
  totalCents: 16_800,
  description: 'Order from Ecommerce Site',
};

test('S26 S27 S28: a contact is made by what is told, and used as it is when it is there', async () => {
  const shop = await newShop();
  const phone = newPhone();
  const first = await shop.order({
    ...PAID,
    name: 'Janet Smith',
    phone: `(${phone.slice(2, 5)}) ${phone.slice(5, 8)}-${phone.slice(8)}`,
  });
  assert.equal(first.phone, phone);
  const contact = (await shop.call('GET', `/contacts/${first.contactId}`)).body;
  assert.deepEqual([contact.givenName, contact.surname], ['Janet', 'Smith']);
  assert.equal(contact.destinations?.length ?? 1, 1);
  const second = await shop.order({ ...PAID, name: 'Somebody Else', phone, email: 'else@example.com' });
  assert.equal(second.contactId, first.contactId);
  assert.deepEqual([second.name, second.email], ['Somebody Else', 'else@example.com']);
  const after = (await shop.call('GET', `/contacts/${first.contactId}`)).body;
  assert.deepEqual(after, contact, 'the contact is as it was');
  // The address was not taken for them: it is free for who it belongs to.
  const third = await shop.order({ ...PAID, name: 'Else', email: 'else@example.com' });
  assert.notEqual(third.contactId, first.contactId);
  const named = await shop.order({ ...PAID, contactId: third.contactId, phone, name: 'Nobody' });
  assert.equal(named.contactId, third.contactId, 'the profile that is named wins');
});

test('two orders for one new phone in the same moment make one contact, ten times over', async () => {
  const shop = await newShop();
  for (let round = 0; round < 10; round++) {
    const phone = newPhone();
    const made = await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        shop.order({ ...PAID, phone, email: `r${round}n${i}@example.com`, name: `N ${i}` }),
      ),
    );
    assert.equal(new Set(made.map(({ contactId }) => contactId)).size, 1);
    const { contactId } = made[0];
    const known =
      await sql`SELECT kind FROM identities WHERE contact_id = ${fromHex24(contactId)!} ORDER BY kind`;
    assert.deepEqual(
      known.map(({ kind }) => kind),
      ['email', 'phone'],
      'as one after the other',
    );
    assert.equal(new Set(made.map(({ id }) => id)).size, 4);
  }
});

test('S30 S36 S37: dates, status and money', async () => {
  const shop = await newShop();
  const phone = newPhone();
  const made = await shop.order({
    phone,
    invoicedAt: '2023-06-21T22:06:02.775344-06:00',
    paidAt: '2023-06-21',
    currency: 'jpy',
    totalCents: 1168,
    lineItems: [
      { name: 'Tank Top', eachPriceCents: 3500, quantity: 2, priceCents: 7000 },
      { name: 'Gift', eachPriceCents: 1_234_567, eachPriceCurrency: 'USD', quantity: 1.5 },
    ],
  });
  assert.deepEqual([made.total, made.currency, made.status], ['¥1,168', 'JPY', 'paid']);
  assert.deepEqual([made.invoicedAt, made.paidAt], ['2023-06-22T04:06:02.775Z', '2023-06-21T06:00:00.000Z']);
  assert.deepEqual(
    made.lineItems.map(({ eachPrice, price }: Json) => [eachPrice, price]),
    [
      ['¥3,500', '¥7,000'],
      ['$12,345.67', '¥1,851,851'],
    ],
  );
  const at = `/orders/${made.id}`;
  const shipped = await shop.call('PATCH', at, { shippingState: 'pre_transit' });
  assert.deepEqual([shipped.body.status, shipped.body.shippedAt], ['paid', null]);
  const left = await shop.call('PATCH', at, { shippingState: 'in_transit' });
  assert.deepEqual(
    [left.body.status, left.body.shippedSource, left.body.shippingSource],
    ['shipped', 'console', 'console'],
  );
  const same = await shop.call('PATCH', at, { shippingLink: 'https://track.example.com/1' });
  assert.equal(same.body.shippedAt, left.body.shippedAt, 'it shipped once');
  const back = await shop.call('PATCH', at, { refundedAt: 'now', description: null });
  assert.deepEqual([back.body.status, back.body.description], ['refunded', null]);
  assert.equal((await shop.call('GET', at)).body.updatedAt, back.body.updatedAt);
});

test('what is wrong is named, and changes nothing', async () => {
  const shop = await newShop();
  const odd = async (body: object) => {
    const { status, body: answer } = await shop.call('POST', '/orders', body);
    assert.ok(status >= 400 && status < 500, `${status}`);
    return `${answer.error.field}: ${answer.error.message}`;
  };
  const phone = newPhone();
  assert.match(await odd({ ...PAID }), /^phone: phone: is required, or email, or contactId/);
  assert.match(await odd({ phone: '12' }), /^phone: phone: must be a phone number/);
  assert.match(await odd({ phone, paidAt: 'yesterday' }), /^paidAt: paidAt: must be "now" or/);
  assert.match(await odd({ phone, paidAt: '2023-02-30' }), /^paidAt/);
  assert.match(await odd({ phone, currency: 'XQZ' }), /^currency: currency: must be a currency/);
  assert.match(await odd({ phone, totalCents: 1.5 }), /^totalCents/);
  assert.match(
    await odd({ phone, lineItems: [{ name: 'x', quantity: -1, priceCents: 1 }] }),
    /^lineItems\[0\]\.quantity/,
  );
  assert.match(
    await odd({ phone, lineItems: [{ name: 'x' }] }),
    /^lineItems\[0\]\.priceCents: .*is required/,
  );
  assert.match(await odd({ phone, shippingState: 'lost' }), /^shippingState/);
  assert.match(await odd({ phone, shippingLink: 'javascript:alert(1)' }), /^shippingLink/);
  assert.match(await odd({ phone, contactId: 'a'.repeat(24) }), /^contactId/);
  assert.match(await odd({ phone, metadata: { big: 'x'.repeat(20_000) } }), /^metadata/);
  assert.match(await odd({ phone, total: 1 }), /total/);
  const left = await sql`SELECT 1 FROM identities WHERE workspace_id = ${shop.id} AND kind = 'phone'`;
  assert.equal(left.length, 0);
});

test('a reference names the last order that was given it; of two at once that want it alone, one gets it', async () => {
  const shop = await newShop();
  const reference = 'A/1001 ü';
  const path = `/orders/reference-${encodeURIComponent(reference)}`;
  const first = await shop.order({ phone: newPhone(), reference });
  const second = await shop.order({ phone: newPhone(), reference });
  assert.equal((await shop.call('GET', path)).body.id, second.id);
  assert.equal((await shop.call('DELETE', path)).status, 200);
  assert.equal((await shop.call('GET', path)).body.id, first.id, 'the one before has it again');
  assert.equal((await shop.call('PATCH', path, { reference: 'other' })).body.reference, 'other');
  assert.equal((await shop.call('GET', path)).status, 404);
  const phones = Array.from({ length: 6 }, newPhone);
  const taken = await Promise.all(
    phones.map((phone) =>
      shop.call('POST', '/orders/batch', { referencesOnce: true, orders: [{ phone, reference: 'once' }] }),
    ),
  );
  const made = taken.filter(({ body }) => body.created === 1);
  assert.equal(made.length, 1);
  for (const { body } of taken)
    if (body.created === 0)
      assert.match(body.results[0].error.message, /^orders\[0\]\.reference: another order has it already/);
  assert.equal(
    (await sql`SELECT 1 FROM orders WHERE workspace_id = ${shop.id} AND reference = 'once'`).length,
    1,
  );
  // Who is only in the second of two that want one reference alone is nobody afterwards.
  const [one, other] = [newPhone(), newPhone()];
  const { body } = await shop.call('POST', '/orders/batch', {
    referencesOnce: true,
    orders: [one, other].map((phone) => ({ phone, reference: 'twice' })),
  });
  assert.equal(body.created, 1);
  const people = await sql<{ value: string }[]>`
    SELECT value FROM identities WHERE workspace_id = ${shop.id} AND value = ANY(${[one, other]}::text[])`;
  assert.deepEqual(
    people.map(({ value }) => value),
    [one],
  );
});

test('a batch: one that is bad hurts itself alone, and one reference is given twice in order', async () => {
  const shop = await newShop();
  const phone = newPhone();
  const orders = [
    { phone, reference: 'x', quiet: true },
    { phone: 'nonsense' },
    { phone, reference: 'x', quiet: true },
    { phone, misspelt: 1 },
    { contactId: toHex24(4096 * 999) },
  ];
  const { status, body } = await shop.call('POST', '/orders/batch', { orders });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.created, body.refused], [2, 3]);
  assert.deepEqual(
    body.results.map(({ error }: Json) => error?.field),
    [undefined, 'orders[1].phone', undefined, 'orders[3].misspelt', 'orders[4].contactId'],
  );
  assert.equal((await shop.call('GET', '/orders/reference-x')).body.id, body.results[2].id);
  const page = await shop.call('GET', `/orders?limit=1`);
  assert.equal(page.body.orders[0].id, body.results[2].id);
  const next = await shop.call('GET', `/orders?limit=1&before=${page.body.next}`);
  assert.deepEqual([next.body.orders[0].id, next.body.next], [body.results[0].id, null]);
  const { contactId } = page.body.orders[0];
  assert.equal((await shop.call('GET', `/orders?contactId=${contactId}`)).body.orders.length, 2);
});

test('a reference that 100 orders have is given to no other, and hurts only whoever asks for it', async () => {
  const shop = await newShop();
  const full = await shop.order({ phone: newPhone(), reference: 'full' });
  // The last of 100, without telling the others.
  await sql`
    UPDATE order_references SET earlier = array_fill(order_id, ARRAY[99]) WHERE workspace_id = ${shop.id} AND reference = 'full'`;
  const orders = [
    { phone: newPhone(), reference: 'full' },
    { phone: newPhone(), reference: 'fine' },
  ];
  const { status, body } = await shop.call('POST', '/orders/batch', { orders });
  assert.deepEqual([status, body.created, body.refused], [200, 1, 1], JSON.stringify(body));
  assert.equal(body.results[0].error.field, 'orders[0].reference');
  assert.equal((await shop.call('GET', '/orders/reference-full')).body.id, full.id);
  assert.equal((await shop.call('GET', '/orders/reference-fine')).body.id, body.results[1].id);
});

test('of two changes at once neither is lost; a change is later than the one before, whatever the clock says', async () => {
  const shop = await newShop();
  const { id: hexId } = await shop.order({ phone: newPhone() });
  const id = fromHex24(hexId)!;
  let second: Promise<Json> | undefined;
  await sql.begin(async (tx) => {
    await tx`UPDATE orders SET description = 'by another' WHERE id = ${id}`;
    second = shop.call('PATCH', `/orders/${hexId}`, { totalCents: 5 });
    await until('it waits for the other', async () => {
      const waiting = await ctx.sql`
        SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%orders%'`;
      return waiting.length > 0;
    });
  });
  const { body } = await second!;
  assert.deepEqual([body.description, body.totalCents], ['by another', 5]);
  // Written by a process whose clock is ahead.
  const [row] = await sql<{ us: number }[]>`
    UPDATE orders SET updated_us = updated_us + 3600000000 WHERE id = ${id} RETURNING updated_us AS us`;
  assert.equal((await shop.call('PATCH', `/orders/${hexId}`, { totalCents: 6 })).status, 200);
  const [now] = await sql<{ us: number }[]>`SELECT updated_us AS us FROM orders WHERE id = ${id}`;
  assert.equal(now!.us, row!.us + 1);
});

test('S22 S25: the alert and the follow-up go from the own number, once; a backfill and what is taken back send none', async () => {
  const shop = await newShop();
  const usual = (await shop.call('GET', '/orders/settings')).body;
  assert.deepEqual([usual.accepts, usual.alert.on, usual.followUp.on], [true, false, false]);
  const set = await shop.call('PATCH', '/orders/settings', {
    alert: { on: true, text: 'Thanks {{ contact.givenName }}, {{ event.total_text }} for {{ event.items }}' },
    followUp: { on: true, text: 'All well with {{ event.items }}?', delay: '2d' },
  });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  assert.deepEqual([set.body.alert.delay, set.body.followUp.delay, set.body.followUp.on], ['0m', '2d', true]);
  const [ann, bob, eve, zoe] = [newPhone(), newPhone(), newPhone(), newPhone()];
  const lineItems = [{ name: 'Tank Top', priceCents: 16_800 }];
  const order = await shop.order({ ...PAID, phone: ann, name: 'Ann', lineItems });
  await shop.order({ ...PAID, phone: bob, name: 'Bob', lineItems, quiet: true });
  const later = await shop.order({ invoicedAt: 'now', totalCents: 100, phone: eve, name: 'Eve', lineItems });
  const gone = await shop.order({ ...PAID, phone: zoe, name: 'Zoe', lineItems });
  await shop.settled();
  const alert = 'Thanks Ann, $168.00 for Tank Top';
  assert.deepEqual(await shop.texts(ann), [alert]);
  assert.deepEqual(await shop.texts(eve), [], 'it is not paid yet');
  await until(
    'it is noted',
    async () => (await shop.call('GET', `/orders/${order.id}`)).body.notifiedAt !== null,
  );
  for (let i = 0; i < 2; i++)
    await shop.call('PATCH', `/orders/${later.id}`, { paidAt: 'now', description: `${i}` });
  assert.equal((await shop.call('DELETE', `/orders/${gone.id}`)).status, 200);
  await shop.settled();
  assert.deepEqual(await shop.texts(eve), ['Thanks Eve, $1.00 for Tank Top'], 'paid once, told once');
  for (const paidAt of [null, 'now']) await shop.call('PATCH', `/orders/${later.id}`, { paidAt });
  await shop.settled();
  assert.equal((await shop.texts(eve)).length, 1, 'a payment that is corrected is not told again');
  const payments = await sql`
    SELECT 1 FROM contact_events e JOIN event_names n ON n.id = e.name_id
    WHERE n.name = '$order_paid' AND e.contact_id = ${fromHex24(later.contactId)!}`;
  assert.equal(payments.length, 1, 'to no campaign');
  await notesOnce(shop, order);
  await shop.advance(3 * DAY_MS);
  assert.deepEqual(await shop.texts(ann), [alert, 'All well with Tank Top?']);
  assert.deepEqual(await shop.texts(bob), []);
  assert.equal((await shop.texts(zoe)).length, 1, 'what was taken back is not followed up');
  const off = await shop.call('PATCH', '/orders/settings', { alert: { on: false } });
  assert.equal(off.body.alert.on, false);
  await shop.order({ ...PAID, phone: ann, name: 'Ann', lineItems });
  await shop.settled();
  assert.equal((await shop.texts(ann)).length, 2);
  assert.equal((await shop.call('PATCH', '/orders/settings', { alert: { on: true } })).body.alert.on, true);
  await shop.order({ ...PAID, phone: ann, name: 'Ann', lineItems });
  await shop.settled();
  assert.equal((await shop.texts(ann)).length, 3);
  await provesWhole();
});

/** That an alert which is told of again does not change when the customer was told. */
async function notesOnce(shop: Awaited<ReturnType<typeof newShop>>, { id, contactId }: Json): Promise<void> {
  const notified = async () => (await shop.call('GET', `/orders/${id}`)).body.notifiedAt;
  const before = await notified();
  const [sent] = await sql<{ contactId: number; causeId: number; stateMs: number }[]>`
    SELECT contact_id AS "contactId", cause_id AS "causeId", state_ms AS "stateMs" FROM deliveries
    WHERE contact_id = ${fromHex24(contactId)!}`;
  const change = {
    contactId: sent!.contactId,
    causeId: sent!.causeId,
    seq: 0,
    to: STATE.read,
    atMs: sent!.stateMs + HOUR_MS,
  };
  const event = {
    type: 'delivery.changed',
    workspaceId: shop.id,
    payload: { bulk: false, changes: [change] },
  };
  await ctx.queue.transact((tx) => notifiedReader().read(tx, [event as never]));
  assert.equal(await notified(), before);
}

test('who said stop gets no text about an order, and the order is there all the same', async () => {
  const shop = await newShop();
  await shop.call('PATCH', '/orders/settings', { alert: { on: true }, followUp: { on: true, delay: '1h' } });
  const phone = newPhone();
  const first = await shop.order({ ...PAID, phone, name: 'Ann', quiet: true });
  await ctx.simulator.reply({ workspaceId: shop.id, channel: 'sms', address: phone, text: 'STOP' });
  await shop.settled();
  const second = await shop.order({ ...PAID, phone });
  await shop.settled();
  await shop.advance(2 * HOUR_MS);
  assert.equal(second.contactId, first.contactId);
  const sent = await shop.texts(phone);
  assert.deepEqual(
    sent.filter((text) => text.includes('order')),
    [],
  );
  assert.equal((await shop.call('GET', `/orders/${second.id}`)).body.notifiedAt, null);
});

test('two who become one have the orders of both; who is erased has none, and their references are free', async () => {
  const shop = await newShop();
  const [a, b, c] = (await newContacts(ctx, shop.id, 3)) as [number, number, number];
  for (const [i, id] of [a, b, c].entries())
    await shop.order({ ...PAID, contactId: toHex24(id), reference: `m${i}` });
  const merge = (survivingId: number, discardedId: number) =>
    ctx.queue.transact((tx) =>
      mergePeople(ctx, tx, ctx.clock.nowMs(), { workspaceId: shop.id, survivingId, discardedId }),
    );
  must(await merge(b, c));
  must(await merge(a, b));
  const of = await shop.call('GET', `/orders?contactId=${toHex24(a)}`);
  assert.equal(of.body.orders.length, 3);
  assert.deepEqual([...new Set(of.body.orders.map(({ contactId }: Json) => contactId))], [toHex24(a)]);
  const named = await shop.order({ ...PAID, contactId: toHex24(c) });
  assert.equal(named.contactId, toHex24(a), 'whom they became');
  const exported = await shop.call('GET', `/contacts/${toHex24(a)}/export`);
  assert.equal(exported.body.rooms.orders.orders.length, 4);
  assert.equal((await shop.call('DELETE', `/contacts/${toHex24(a)}`)).status, 204);
  assert.equal((await shop.call('GET', `/orders`)).body.orders.length, 0);
  assert.equal((await sql`SELECT 1 FROM order_references WHERE workspace_id = ${shop.id}`).length, 0);
});

test('orders of another workspace are not there', async () => {
  const [shop, other] = [await newShop(), await newShop()];
  const order = await shop.order({ ...PAID, phone: newPhone(), reference: 'mine' });
  for (const path of [`/orders/${order.id}`, '/orders/reference-mine'])
    for (const [method, body] of [['GET'], ['PATCH', { description: 'x' }], ['DELETE']] as const)
      assert.equal((await other.call(method, path, body)).status, 404);
  assert.equal((await other.call('GET', `/orders?contactId=${order.contactId}`)).body.orders.length, 0);
  const stolen = await other.call('POST', '/orders', { ...PAID, contactId: order.contactId });
  assert.equal(stolen.status, 422);
});

/** `parley orders import` of a file against the server that runs here. */
async function importFile(file: string, token: string, ...more: string[]) {
  const bin = path.join(import.meta.dirname, '..', 'bin', 'parley.mjs');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_')));
  return await new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [bin, 'orders', 'import', file, '--url', url, '--token', token, ...more],
      { env },
      (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

test('S25: a file of orders is told with a line that says how far it is; nothing is sent, and again it doubles nothing', async (t) => {
  const shop = await newShop();
  await shop.call('PATCH', '/orders/settings', { alert: { on: true }, followUp: { on: true, delay: '1h' } });
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-orders-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'orders.jsonl');
  const phones = Array.from({ length: 20 }, newPhone);
  const lines = Array.from({ length: 1_200 }, (_, i) =>
    JSON.stringify({
      phone: phones[i % phones.length],
      paidAt: '2023-06-21T10:00:00Z',
      totalCents: 100 + i,
      ...(i % 2 ? {} : { reference: `h${i}` }),
    }),
  );
  lines[600] = '{"phone": "nobody"}';
  lines[601] = 'no order at all';
  await writeFile(file, `${lines.join('\n')}\n\n`);
  const first = await importFile(file, shop.token);
  assert.match(first.out, /1,198 told, 2 refused\./, first.err);
  assert.match(first.out, /line 601: .*phone: must be a phone number/);
  assert.match(first.out, /line 602: is no JSON/);
  assert.match(first.err, /100 % {2}1,200 orders, [\d,]+ a second/);
  assert.notEqual(first.code, 0);
  const again = await importFile(file, shop.token);
  assert.match(again.out, /1,198 told, 2 refused/, 'it was told so before');
  await sql`DELETE FROM idempotency`;
  lines.length = 3;
  await writeFile(file, lines.join('\n'));
  const later = await importFile(file, shop.token);
  assert.match(
    later.out,
    /1 told, 2 there already\./,
    'without a reference it is another order once a day is over',
  );
  const [count] = await sql`SELECT count(*) AS n FROM orders WHERE workspace_id = ${shop.id}`;
  assert.equal(count!.n, 1_199);
  await shop.settled();
  await shop.advance(DAY_MS);
  for (const phone of phones.slice(0, 3)) assert.deepEqual(await shop.texts(phone), []);
  const told = await sql`
    SELECT s.count FROM event_stats s JOIN event_names n ON n.id = s.name_id
    WHERE s.workspace_id = ${shop.id} AND n.name = '$order_created'`;
  assert.equal(
    told.reduce((sum, { count: one }) => sum + one, 0),
    1_199,
    'each is counted once',
  );
});
