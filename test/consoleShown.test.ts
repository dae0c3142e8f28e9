/**
 * What pages make of numbers and events, without a browser: hours drawn without gaps, a stream in which each event is once, and lists that
 * look into what an event concerns and nothing else, however long they are.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type {
  ConversationPage,
  ConversationShown,
  ThreadEntry,
  ThreadPage,
} from '../contract/doors/console/inbox.ts';
import { applyToList, applyToThread } from '../web/console/live/apply.ts';
import { SERIES, stepsOf } from '../web/console/pages/broadcasts/hourSteps.ts';
import { aboutOf, wordsOf } from '../web/console/pages/people/rule.ts';
import { followed, NOTHING, type StreamEvent } from '../web/console/pages/developers/followed.ts';
import { isCut, MOST_ROWS, wantsMore } from '../web/console/ui/growth.ts';
import { dayBeginsMs, dayEndsMs, dayIn, dayOf, isOtherDay } from '../web/shared/days.ts';
import { aheadOfUtcMs, momentIn, momentOf, setReader, wallOf } from '../web/shared/reader.ts';

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

const idOf = (n: number) => n.toString(16).padStart(24, '0');
const timeOf = (n: number) => new Date(FIRST - n * 60_000).toISOString();
/** The n-th of a list that has the newest first. */
const conversation = (n: number, more: Partial<ConversationShown> = {}) =>
  ({
    id: idOf(n),
    contact: { id: idOf(n), name: `Ann ${n}` },
    closed: false,
    snoozedUntil: null,
    priority: 'none',
    assignee: null,
    team: null,
    lastAt: timeOf(n),
    waitingSince: null,
    unread: false,
    channel: 'sms',
    ...more,
  }) as ConversationShown;
const PAGES = 200;
const ROWS = 50;

test('an event leaves alone each page of a list that it neither leaves nor comes into, of 10,000 conversations', () => {
  const pages: ConversationPage[] = Array.from({ length: PAGES }, (_, page) => ({
    conversations: Array.from({ length: ROWS }, (__, n) => conversation(page * ROWS + n)),
    next: `after ${page}`,
  }));
  const list = { view: 'all', me: idOf(1), teams: [], nowMs: FIRST, filter: {} } as const;
  const othersOf = (given: readonly ConversationPage[]) =>
    given.flatMap((page, n) => (page === pages[n] ? [] : [n]));
  const answered = applyToList(pages, list, conversation(7_777, { lastAt: timeOf(-1) }));
  assert.equal(answered[0]!.conversations[0]!.id, idOf(7_777));
  assert.deepEqual(othersOf(answered), [0, 155], 'the page it left, and the one it came into');
  const read = applyToList(pages, list, conversation(7_777, { unread: true }));
  assert.deepEqual(othersOf(read), [155], 'where it stays');
  const closed = applyToList(pages, list, conversation(7_777, { closed: true }));
  assert.deepEqual(othersOf(closed), [155], 'what it left');
  const old = applyToList(pages, list, conversation(20_000));
  assert.deepEqual(othersOf(old), [], 'beyond the last page');
  const found = applyToList(pages, { ...list, filter: { q: 'Ann' } }, conversation(3, { unread: true }));
  assert.deepEqual(othersOf(found), [0], 'what a search found');
});

test('a message leaves alone each page of a conversation but its own', () => {
  const entry = (n: number) => ({ id: idOf(n), type: 'message', at: timeOf(n) }) as ThreadEntry;
  const pages: ThreadPage[] = Array.from({ length: PAGES }, (_, page) => ({
    entries: Array.from({ length: ROWS }, (__, n) => entry(page * ROWS + n)).toReversed(),
    before: `before ${page}`,
    after: null,
  }));
  const othersOf = (given: readonly ThreadPage[]) =>
    given.flatMap((page, n) => (page === pages[n] ? [] : [n]));
  const come = applyToThread(pages, entry(-1));
  assert.deepEqual([othersOf(come), come[0]!.entries.at(-1)!.id], [[0], idOf(-1)]);
  assert.deepEqual(othersOf(applyToThread(pages, entry(7_777))), [155]);
  assert.deepEqual(othersOf(applyToThread(pages, entry(20_000))), []);
});

test('a list grows before its end is seen, and no further than anybody reads', () => {
  assert.equal(wantsMore({ lastShown: 10, loaded: 50, hasNext: true }), false);
  assert.equal(wantsMore({ lastShown: 40, loaded: 50, hasNext: true }), true);
  assert.equal(wantsMore({ lastShown: 40, loaded: 50, hasNext: false }), false);
  const far = { lastShown: MOST_ROWS - 1, loaded: MOST_ROWS, hasNext: true };
  assert.deepEqual([wantsMore(far), isCut(far)], [false, true]);
  assert.equal(isCut({ ...far, hasNext: false }), false);
});

test('§16 a wall clock of any zone says the same there and back, also where a day begins an hour late or has 23', () => {
  const moment = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  const zone = fc.constantFrom(
    'America/Sao_Paulo',
    'Europe/Amsterdam',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'UTC',
  );
  try {
    fc.assert(
      fc.property(moment, zone, (ms, timeZone) => {
        setReader({ timeZone });
        const { year, month, day, hour, minute } = wallOf(ms);
        const back = wallOf(momentOf(year, month, day, hour, minute));
        assert.deepEqual({ ...back, second: 0 }, { year, month, day, hour, minute, second: 0 });
        const named = dayOf(ms);
        assert.equal(dayOf(dayBeginsMs(named)), named);
        assert.ok(dayBeginsMs(named) <= ms);
      }),
      { numRuns: 300 },
    );
    setReader({ timeZone: 'America/New_York' });
    assert.equal(dayBeginsMs('2026-03-08'), Date.UTC(2026, 2, 8, 5));
    assert.equal(dayEndsMs('2026-03-08'), Date.UTC(2026, 2, 9, 4));
    assert.equal(momentIn('2026-11-29T09:30'), Date.UTC(2026, 10, 29, 14, 30));
    assert.equal(momentIn(''), undefined);
  } finally {
    setReader({});
  }
});

test('§13 a day is one there is, of the zone of who looks; what is said at its last moment is of it, and nothing after', () => {
  for (const text of ['2026-11-29', '1970-01-02', '2028-02-29', '9999-12-31'])
    assert.equal(dayIn(text), text);
  for (const text of [
    undefined,
    '',
    'today',
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '0099-01-01',
    '2026-1-1',
  ])
    assert.equal(dayIn(text), undefined, text);
  const day = fc.date({ min: new Date(2000, 0, 1), max: new Date(2100, 0, 1), noInvalidDate: true });
  fc.assert(
    fc.property(day, (at) => {
      const of = dayOf(at.getTime());
      assert.equal(dayIn(of), of);
      assert.ok(dayBeginsMs(of) <= at.getTime() && at.getTime() < dayEndsMs(of));
      assert.equal(dayOf(dayEndsMs(of) - 1), of);
      assert.notEqual(dayOf(dayEndsMs(of)), of);
    }),
  );
});

test('§16 a day between two messages, and a day of a plot, begin when they do where the reader is', () => {
  const [evening, night] = [Date.parse('2026-11-12T17:00:00Z'), Date.parse('2026-11-12T19:00:00Z')];
  for (const [timeZone, isOther, aheadMin] of [
    ['UTC', false, 0],
    // Midnight is at a quarter past six in the evening of UTC.
    ['Asia/Kathmandu', true, 345],
    ['America/St_Johns', false, -210],
  ] as const) {
    setReader({ timeZone });
    assert.equal(isOtherDay(evening, night), isOther, timeZone);
    assert.equal(aheadOfUtcMs(evening + 12_345), aheadMin * 60_000, timeZone);
  }
  setReader({});
});

test('§5 a rule in words says all of it: what is not, how often, when, and which group is within which', () => {
  const [bought, lives] = [{ did: 'bought' }, { attribute: 'city', is: 'Ghent' }];
  for (const [rule, words] of [
    [{ not: { any: [bought, lives] } }, 'none of: did bought or city is Ghent'],
    [{ not: { any: [bought] } }, 'not did bought'],
    [{ all: [{ any: [bought, lives] }, { tagged: 'vip' }] }, '(did bought or city is Ghent) and tag vip'],
    [{ attribute: 'city', exists: false }, 'city is not known'],
    [{ not: { createdWithin: '30d' } }, 'not known for at most 30 days'],
    [{ did: 'bought', atLeast: 1, within: '30d' }, 'did bought within 30 days'],
    [
      { did: 'bought', atLeast: 2, atMost: 5, within: '1d' },
      'did bought at least 2 times and at most 5 times within 1 day',
    ],
    [{ did: 'bought', atMost: 1, within: '1d12h' }, 'did bought at most 1 time within 1d12h'],
    [
      { did_not: 'bought', between: ['2026-01-01', '2026-02-01'] },
      'did not bought between 2026-01-01 and 2026-02-01',
    ],
    [
      { did: 'bought', where: { property: 'total', greaterThan: 5 } },
      'did bought where {"property":"total","greaterThan":5}',
    ],
  ] as const)
    assert.equal(wordsOf(rule as unknown as Parameters<typeof wordsOf>[0]), words);
  // The form has “is known” alone: what is not known is not shown as it.
  assert.equal(aboutOf({ attribute: 'city', exists: false }), undefined);
  assert.equal(aboutOf({ attribute: 'city', exists: true }), 'attribute');
});
