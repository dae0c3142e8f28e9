/** An order as it is told: what is read of it, and the rule that a broken one is told by, at the place where it stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isFault } from '../base/fault.ts';
import { offsetAt } from '../base/zones.ts';
import { readOrder, type OrderGiven, type ReadingOrder } from './given.ts';
import type { LineItem } from './order.ts';

const NOW_US = Date.UTC(2026, 10, 29) * 1000;

function reading(more: Partial<ReadingOrder> = {}): ReadingOrder {
  let us = NOW_US;
  return {
    path: (field) => `order.${field}`,
    linePath: (i, field) => `order.lines[${i}]${field === undefined ? '' : `.${field}`}`,
    lineName: (field) => field,
    country: 'US',
    timeZone: 'America/New_York',
    currency: 'USD',
    nowUs: () => us++,
    ...more,
  };
}

function read(given: OrderGiven, more?: Partial<ReadingOrder>) {
  const order = readOrder(given, reading(more));
  assert.ok(!isFault(order), JSON.stringify(order));
  return order;
}

/** The field that a fault names. */
function refused(given: OrderGiven): string | undefined {
  const order = readOrder(given, reading());
  assert.ok(isFault(order), `${JSON.stringify(given)} was taken`);
  return order.field;
}

const lineOf = (line: Partial<Record<keyof LineItem, unknown>>) =>
  read({ lineItems: [{ name: 'shoe', ...line }] }).lineItems![0]!;

test('of dates that are all now, the further one is later', () => {
  const { dates } = read({ refundedAt: 'now', paidAt: ' NOW ', shippedAt: 'now', invoicedAt: 'now' });
  assert.deepEqual(dates, { invoiced: NOW_US, paid: NOW_US + 1, shipped: NOW_US + 2, refunded: NOW_US + 3 });
});

test('an instant without a zone is the first at which the workspace’s wall shows it', () => {
  const zones = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Apia'];
  const minutes = fc.integer({ min: Date.UTC(2005, 0, 1) / 60_000, max: Date.UTC(2040, 0, 1) / 60_000 });
  const wallAt = (zone: string, ms: number) => new Date(ms + offsetAt(zone, ms)).toISOString().slice(0, 19);
  fc.assert(
    fc.property(fc.constantFrom(...zones), minutes, (timeZone, minute) => {
      const ms = minute * 60_000;
      const wall = wallAt(timeZone, ms);
      const readMs = read({ paidAt: wall }, { timeZone }).dates.paid! / 1000;
      assert.equal(wallAt(timeZone, readMs), wall);
      assert.ok(readMs <= ms, 'a later one was taken');
    }),
  );
});

test('both nights that jump: an hour that is shown twice is the first, one that is left out is shown an hour on', () => {
  const paid = (paidAt: string) => read({ paidAt }).dates.paid! / 1000;
  assert.equal(paid('2026-11-01T01:30:00'), Date.parse('2026-11-01T01:30:00-04:00'));
  assert.equal(paid('2026-03-08T02:30:00'), Date.parse('2026-03-08T03:30:00-04:00'));
  assert.equal(paid('2026-03-08T02:30:00-05:00'), Date.parse('2026-03-08T02:30:00-05:00'));
});

test('what is no instant, or far from everything anybody bought, is refused at its field', () => {
  for (const given of [
    'yesterday',
    5,
    {},
    '2026-02-30',
    '1969-12-31',
    '2200-01-02',
    '2026-01-01T00:00:00+99:00',
  ])
    assert.equal(refused({ shippedAt: given }), 'order.shippedAt');
  assert.deepEqual(read({ shippedAt: null }).dates, { shipped: null });
});

test('an empty text takes away, a reference may be a number, and only what was given is there', () => {
  assert.deepEqual(read({ description: '  ', reference: 4711, profileEmail: '', profilePhone: null }), {
    dates: {},
    description: null,
    reference: '4711',
    profileEmail: null,
    profilePhone: null,
    isUnderWay: false,
  });
});

test('one price of a line makes the other, in the currency of the order', () => {
  assert.deepEqual(lineOf({ quantity: 3, eachPriceCents: 250 }), {
    name: 'shoe',
    quantity: 3,
    eachPriceCents: 250,
    eachPriceCurrency: 'USD',
    priceCents: 750,
    priceCurrency: 'USD',
  });
  assert.equal(lineOf({ quantity: 3, priceCents: 1000 }).eachPriceCents, 333);
  assert.equal(lineOf({ quantity: 0, priceCents: 1000 }).eachPriceCents, 1000);
  const line = { name: 'shoe', priceCents: 1, priceCurrency: 'eur' };
  assert.deepEqual(
    read({ currency: ' jpy ', lineItems: [line] }).lineItems!.map((one) => [
      one.eachPriceCurrency,
      one.priceCurrency,
    ]),
    [['JPY', 'EUR']],
  );
});

test('whatever a line says, both its prices are whole numbers that are kept, or it is refused at one of them', () => {
  const cents = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -500, max: 500 }), fc.constant(undefined));
  const quantity = fc.oneof(
    fc.double({ min: 0, max: 1e12, noNaN: true }),
    fc.constantFrom(0, 1, 5e-324, 1e-9),
  );
  fc.assert(
    fc.property(quantity, cents, cents, (many, each, price) => {
      const line = { name: 'shoe', quantity: many, eachPriceCents: each, priceCents: price };
      const order = readOrder({ lineItems: [line] }, reading());
      if (isFault(order))
        return assert.match(order.field!, /^order\.lines\[0\]\.(?:eachPriceCents|priceCents)$/);
      const [{ eachPriceCents, priceCents }] = order.lineItems as [LineItem];
      assert.ok(Number.isSafeInteger(eachPriceCents) && Number.isSafeInteger(priceCents));
    }),
  );
});

test('a broken line is told by its number and field', () => {
  const good = { name: 'shoe', priceCents: 1 };
  const at = (line: unknown) => refused({ lineItems: [good, line] });
  assert.equal(at(5), 'order.lines[1]');
  assert.equal(at({ priceCents: 1 }), 'order.lines[1].name');
  assert.equal(at({ name: 'x'.repeat(1_025), priceCents: 1 }), 'order.lines[1].name');
  assert.equal(at({ name: 'shoe' }), 'order.lines[1].priceCents');
  assert.equal(at({ ...good, quantity: -1 }), 'order.lines[1].quantity');
  assert.equal(at({ ...good, eachPriceCents: 1.5 }), 'order.lines[1].eachPriceCents');
  assert.equal(at({ ...good, priceCurrency: 'XYZ' }), 'order.lines[1].priceCurrency');
  assert.equal(refused({ lineItems: Array.from({ length: 501 }, () => good) }), 'order.lineItems');
});

test('metadata is kept as it is told, also a text that looks like an escape; what cannot be stored is refused', () => {
  const metadata = { path: 'C:\\u0000', note: '\\ud800', deep: [{ a: '😀' }] };
  assert.deepEqual(read({ metadata }).metadata, metadata);
  for (const odd of ['a\u0000', '\ud800', ['\ude00'], { '\u0000': 1 }, { deep: { a: ['\ud83d'] } }])
    assert.equal(refused({ metadata: { odd } }), 'order.metadata');
  for (const odd of [[], 'text', 5, true]) assert.equal(refused({ metadata: odd }), 'order.metadata');
});

test('a link, or a state that is beyond the shop’s door, says that it is under way', () => {
  assert.equal(read({ shippingLink: 'https://track.example/1' }).isUnderWay, true);
  assert.equal(read({ shippingState: 'pre_transit' }).isUnderWay, false);
  assert.equal(read({ shippingState: 'in_transit' }).isUnderWay, true);
  assert.equal(read({ shippingLink: '', shippingState: null }).isUnderWay, false);
  for (const odd of ['ftp://a.example', 'https://', 'x', `https://a.example/${'x'.repeat(2_048)}`, 5])
    assert.equal(refused({ shippingLink: odd }), 'order.shippingLink');
  assert.equal(refused({ shippingState: 'lost' }), 'order.shippingState');
});

test('who it is of: an id as a number or its digits, an address, a number as it is dialled in the country', () => {
  const { profileId, profileEmail, profilePhone } = read({
    profileId: '123',
    profileEmail: ' Ann@Shop.example ',
    profilePhone: '(212) 555-0147',
  });
  assert.deepEqual([profileId, profileEmail, profilePhone], [123, 'Ann@shop.example', '+12125550147']);
  for (const odd of [0, -1, 1.5, '9999999999999999', 'x', true, {}])
    assert.equal(refused({ profileId: odd }), 'order.profileId');
  assert.equal(refused({ profilePhone: '12' }), 'order.profilePhone');
  assert.equal(refused({ profileEmail: 'nobody' }), 'order.profileEmail');
});
