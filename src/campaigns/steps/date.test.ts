/** When dates come: days on the wall, 29 February, what is past. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextDate, type DateTrigger } from './date.ts';

const YEARLY: DateTrigger = { attribute: 'born', at: '08:30', yearly: true };
/** Each time it comes after a moment, as often as asked for. */
function comes(asked: DateTrigger, value: unknown, zone: string, after: string, times: number): string[] {
  const found: string[] = [];
  let afterMs = Date.parse(after);
  while (found.length < times) {
    const next = nextDate(asked, value, zone, afterMs)?.atMs;
    if (next === undefined) break;
    found.push(new Date(next).toISOString());
    afterMs = next;
  }
  return found;
}

test('born on 29 February: the 28th in years that have none, the 29th in those that have', () => {
  assert.deepEqual(comes(YEARLY, '2000-02-29', 'UTC', '2026-01-01T00:00:00Z', 4), [
    '2026-02-28T08:30:00.000Z',
    '2027-02-28T08:30:00.000Z',
    '2028-02-29T08:30:00.000Z',
    '2029-02-28T08:30:00.000Z',
  ]);
});

test('so long before 29 February, and 100 years without one', () => {
  const before = { ...YEARLY, offset: '-3d' };
  assert.deepEqual(comes(before, '2000-02-29', 'UTC', '2026-01-01T00:00:00Z', 3), [
    '2026-02-25T08:30:00.000Z',
    '2027-02-25T08:30:00.000Z',
    '2028-02-26T08:30:00.000Z',
  ]);
  assert.deepEqual(comes(YEARLY, '2000-02-29', 'UTC', '2100-01-01T00:00:00Z', 1), [
    '2100-02-28T08:30:00.000Z',
  ]);
});

test('on the day of the contact, whatever day it is elsewhere; an offset over the turn of the year', () => {
  assert.deepEqual(comes(YEARLY, '1990-03-01', 'Asia/Tokyo', '2026-02-28T00:00:00Z', 1), [
    '2026-02-28T23:30:00.000Z',
  ]);
  const early: DateTrigger = { ...YEARLY, offset: '-7d' };
  assert.deepEqual(comes(early, '1990-01-03', 'UTC', '2026-12-01T00:00:00Z', 2), [
    '2026-12-27T08:30:00.000Z',
    '2027-12-27T08:30:00.000Z',
  ]);
});

test('what is past comes no more, and what is no date never', () => {
  const once: DateTrigger = { attribute: 'due', offset: '2h' };
  assert.deepEqual(comes(once, '2026-05-01T10:00:00Z', 'UTC', '2026-05-01T11:59:59Z', 3), [
    '2026-05-01T12:00:00.000Z',
  ]);
  for (const value of [null, 'soon', '2026-02-30', {}, true])
    assert.deepEqual(comes(once, value, 'UTC', '2020-01-01T00:00:00Z', 1), [], String(value));
});

test('campaigns.md §3.2: a time without a zone is one on the contact’s wall, and no time is the morning', () => {
  const once: DateTrigger = { attribute: 'due' };
  const of = (value: string, asked = once, zone = 'Europe/Paris') =>
    comes(asked, value, zone, '2026-01-01T00:00:00Z', 1)[0];
  assert.equal(of('2026-07-01T18:30'), '2026-07-01T16:30:00.000Z');
  assert.equal(of('2026-07-01 18:30:59.5', once, 'Asia/Tokyo'), '2026-07-01T09:30:00.000Z');
  assert.equal(of('2026-07-01'), '2026-07-01T07:00:00.000Z');
  assert.equal(of('2026-07-01T18:30', { ...once, at: '08:00', offset: '-1d' }), '2026-06-30T06:00:00.000Z');
  assert.equal(of('2026-07-01T18:30', { ...once, offset: '-2h' }), '2026-07-01T14:30:00.000Z');
  // The night that loses an hour: the first instant after it. A day before is the same time of the day before.
  assert.equal(of('2026-03-29T02:30'), '2026-03-29T01:00:00.000Z');
  assert.equal(of('2026-03-30T12:00', { ...once, offset: '-1d' }), '2026-03-29T10:00:00.000Z');
  for (const value of ['2026-07-01T24:00', '2026-07-01T18:60', '2026-02-30T10:00', '2026-07-01T18', '18:30'])
    assert.equal(of(value), undefined, value);
});
