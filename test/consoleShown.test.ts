/** What pages make of numbers and events, without a browser: hours drawn without gaps, and a stream in which each event is once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SERIES, stepsOf } from '../web/console/pages/broadcasts/hourSteps.ts';
import { followed, NOTHING, type StreamEvent } from '../web/console/pages/developers/followed.ts';

const HOUR_MS = 3_600_000;
const FIRST = Date.UTC(2026, 10, 12, 9);

function hourAt(n: number, sent = 1) {
  const at = new Date(FIRST + n * HOUR_MS).toISOString();
  return { at, sent, delivered: 0, read: 0, failed: 0, clicks: 0, replied: 0, optedOut: 0 };
}

test('hours stand where they were, with those between them in which nothing was; many are days of the reader', () => {
  const few = stepsOf([hourAt(0), hourAt(3, 2)], 0);
  assert.equal(few.stepMs, HOUR_MS);
  assert.deepEqual(
    few.steps.slice(0, 5).map(({ atMs, sent }) => [(atMs - FIRST) / HOUR_MS, sent]),
    [
      [0, 1],
      [1, 0],
      [2, 0],
      [3, 2],
      [4, 0],
    ],
  );
  // Two hours ahead of UTC a day begins at ten in the evening of the day before.
  const many = stepsOf([hourAt(0), hourAt(12), hourAt(13), hourAt(100)], 2 * HOUR_MS);
  assert.equal(many.stepMs, 24 * HOUR_MS);
  assert.equal(many.steps[0]!.atMs, Date.UTC(2026, 10, 11, 22));
  assert.deepEqual(
    many.steps.slice(0, 3).map(({ sent }) => sent),
    [2, 1, 0],
  );
  assert.deepEqual(stepsOf([], 0).steps, []);
});

test('nothing is lost or drawn twice while it is three months or less', () => {
  const hours = fc.uniqueArray(fc.nat({ max: 80 * 24 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(hours, fc.integer({ min: -12, max: 14 }), (at, zone) => {
      const shown = stepsOf(
        at.map((n) => hourAt(n, n + 1)),
        zone * HOUR_MS,
      );
      const sum = (list: readonly Record<(typeof SERIES)[number], number>[]) =>
        list.reduce((all, one) => all + one.sent, 0);
      assert.equal(sum(shown.steps), sum(at.map((n) => hourAt(n, n + 1))));
      assert.equal(shown.isCut, false);
    }),
  );
});

test('an event that is told again is there once, the newest first, whatever order it is told in', () => {
  const event = (n: number): StreamEvent => ({
    id: n.toString(16).padStart(24, '0'),
    type: 'message.received',
    at: '2026-11-12T09:00:00Z',
    payload: {},
    failed: false,
  });
  const page = fc.array(fc.nat({ max: 60 }), { maxLength: 12 });
  fc.assert(
    fc.property(page, fc.array(page, { maxLength: 8 }), (first, since) => {
      const pageOf = (list: number[]) => ({
        events: [...new Set(list)].toSorted((a, b) => b - a).map(event),
        next: null,
        cursor: event(1).id,
        skipped: false,
      });
      let known = followed(NOTHING, { what: 'first', page: pageOf(first) });
      for (const list of since) known = followed(known, { what: 'since', page: pageOf(list) });
      const all = [...new Set([...first, ...since.flat()])].toSorted((a, b) => b - a);
      assert.deepEqual(
        known.events.map(({ id }) => id),
        all.map((n) => event(n).id),
      );
    }),
  );
});
