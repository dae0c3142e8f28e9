/** Scenarios 25 and 26: times on the wall, on the nights when it jumps, and windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAYS } from '../../../contract/campaign.ts';
import { instantOf, nextAtMinute, nextInWindow } from './local.ts';

const at = (iso: string) => Date.parse(iso);
const shown = (ms: number) => new Date(ms).toISOString();
const day = (iso: string) => Math.floor(at(`${iso}T00:00:00Z`) / 86_400_000);
const window = (from: number, to: number, days: readonly string[] = DAYS) => ({
  from,
  to,
  days: new Set(days.map((name) => DAYS.indexOf(name as never))),
});

test('Paris, the night that loses an hour: 02:30 is the first instant after the gap', () => {
  assert.equal(shown(instantOf(day('2026-03-29'), 150, 'Europe/Paris')), '2026-03-29T01:00:00.000Z');
  assert.equal(shown(instantOf(day('2026-03-30'), 150, 'Europe/Paris')), '2026-03-30T00:30:00.000Z');
});

test('Paris, the night that has an hour twice: 02:30 is the first of the two', () => {
  assert.equal(shown(instantOf(day('2026-10-25'), 150, 'Europe/Paris')), '2026-10-25T00:30:00.000Z');
});

test('a window from 7 to 22 on both nights', () => {
  const hours = window(420, 1320);
  assert.equal(
    shown(nextInWindow(hours, 'Europe/Paris', at('2026-03-29T02:00:00Z'))),
    '2026-03-29T05:00:00.000Z',
  );
  assert.equal(
    shown(nextInWindow(hours, 'Europe/Paris', at('2026-10-25T02:00:00Z'))),
    '2026-10-25T06:00:00.000Z',
  );
  assert.equal(
    shown(nextInWindow(hours, 'Europe/Paris', at('2026-10-25T12:00:00Z'))),
    '2026-10-25T12:00:00.000Z',
  );
});

test('Tokyo, Saturday 18:13, weekdays from 9: Monday at 9', () => {
  const weekdays = window(540, 1080, ['mon', 'tue', 'wed', 'thu', 'fri']);
  assert.equal(
    shown(nextInWindow(weekdays, 'Asia/Tokyo', at('2026-11-28T09:13:00Z'))),
    '2026-11-30T00:00:00.000Z',
  );
});

test('a window over midnight, and a time of day', () => {
  const night = window(1320, 360);
  assert.equal(shown(nextInWindow(night, 'UTC', at('2026-11-28T03:00:00Z'))), '2026-11-28T03:00:00.000Z');
  assert.equal(shown(nextInWindow(night, 'UTC', at('2026-11-28T12:00:00Z'))), '2026-11-28T22:00:00.000Z');
  assert.equal(
    shown(nextAtMinute(540, 'Asia/Tokyo', at('2026-11-28T00:00:01Z'))),
    '2026-11-29T00:00:00.000Z',
  );
});
