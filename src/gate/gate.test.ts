/** The gate: codes in their order, holds as instants, and the rules it reads; quiet hours over all zones and the nights that jump. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CAUSES, NEVER_CODES } from '../../contract/reasons.ts';
import type { CompiledBlock } from '../contacts/consent/compiled.ts';
import { freeAt, reserve, type Mark } from './caps.ts';
import { gate, windowEndsMs, windowOpenSinceMs, type AddressFacts, type GateFacts } from './gate.ts';
import { sendRules } from './settings.ts';
import { saidOf } from './say.ts';
import { allowed, nextOpen } from './window.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const HOUR_MS = 3_600_000;
const address = (more: Partial<AddressFacts> = {}): AddressFacts => ({
  channel: 'sms',
  address: '+31612345678',
  status: 'active',
  blocks: null,
  lastInboundMs: null,
  ...more,
});
const block = (more: Partial<CompiledBlock>): CompiledBlock => ({
  cause: 'banned',
  classes: 7,
  scope: 0,
  elsewhere: 0,
  reason: 'because',
  ...more,
});
const facts = (more: Partial<GateFacts> = {}): GateFacts => ({
  class: 'marketing',
  expiresMs: NOW + 1e12,
  destination: address(),
  integrationId: 5,
  timeZone: 'UTC',
  rules: {},
  capFreeMs: undefined,
  isTemplate: false,
  ...more,
});
const codesOf = (more: Partial<GateFacts>, atMs = NOW) => {
  const verdict = gate(facts(more), atMs);
  return verdict.verdict === 'go' ? [] : [verdict.code, ...verdict.also];
};

test('never: expiry, no address, its status, what blocks it, WhatsApp’s window', () => {
  assert.deepEqual(gate(facts(), NOW), { verdict: 'go' });
  assert.deepEqual(codesOf({ expiresMs: NOW }), ['expired']);
  assert.deepEqual(codesOf({ destination: undefined }), ['no_destination']);
  for (const status of ['pending', 'inactive'] as const)
    assert.deepEqual(codesOf({ destination: address({ status }) }), [status]);
  assert.deepEqual(codesOf({ destination: address({ status: 'blocked' }) }), ['banned']);
  assert.deepEqual(codesOf({ destination: address({ status: 'pending' }), confirms: true }), []);
  assert.deepEqual(codesOf({ destination: address({ status: 'inactive' }), confirms: true }), ['inactive']);
  const silent = address({ channel: 'whatsapp', lastInboundMs: NOW - 25 * HOUR_MS });
  assert.deepEqual(codesOf({ destination: silent, class: 'transactional' }), ['whatsapp_window']);
  assert.deepEqual(codesOf({ destination: silent, isTemplate: true }), []);
  assert.deepEqual(codesOf({ destination: { ...silent, lastInboundMs: NOW - HOUR_MS } }), []);
});

test('WhatsApp’s window is a minute shorter than Meta’s, and all who ask for it ask for the same', () => {
  const heardMs = NOW - 24 * HOUR_MS + 60_000;
  const heard = (lastInboundMs: number) => address({ channel: 'whatsapp', lastInboundMs });
  assert.deepEqual(codesOf({ destination: heard(heardMs) }), []);
  assert.deepEqual(codesOf({ destination: heard(heardMs - 1) }), ['whatsapp_window']);
  assert.equal(windowOpenSinceMs(NOW), heardMs);
  assert.equal(windowEndsMs(heard(heardMs)), NOW);
  assert.equal(windowEndsMs(address({ lastInboundMs: heardMs })), undefined, 'other channels have none');
});

test('the order of codes decides, not that in which they are found; a cap that has room by now holds nothing', () => {
  const destination = address({ blocks: [block({ cause: 'imported' }), block({ cause: 'dead' })] });
  assert.deepEqual(codesOf({ destination }), ['dead', 'imported']);
  assert.deepEqual(codesOf({ capFreeMs: NOW }), []);
  assert.deepEqual(codesOf({ capFreeMs: NOW + 1 }), ['cap_full']);
  assert.deepEqual(
    codesOf({ destination: address({ channel: 'whatsapp' }) }),
    ['whatsapp_window'],
    'who never wrote',
  );
});

test('every cause blocks the classes it says and no other, and is told with its evidence', () => {
  for (const cause of CAUSES) {
    const destination = address({ blocks: [block({ cause, classes: 3 })] });
    assert.deepEqual(codesOf({ destination }), [cause]);
    assert.deepEqual(codesOf({ destination, class: 'transactional' }), [cause]);
    assert.deepEqual(codesOf({ destination, class: 'authentication' }), [], 'passwords are reset');
    assert.match(saidOf(cause, facts({ destination })), /because/);
  }
});

test('a stop to one sender is a stop on the channel for the others’ marketing only', () => {
  const destination = address({
    blocks: [block({ cause: 'opted_out_sender', scope: 5, classes: 7, elsewhere: 2 })],
  });
  for (const messageClass of ['marketing', 'transactional', 'authentication'] as const)
    assert.deepEqual(codesOf({ destination, class: messageClass }), ['opted_out_sender']);
  assert.deepEqual(codesOf({ destination, integrationId: 6 }), ['opted_out_channel']);
  assert.deepEqual(codesOf({ destination, integrationId: 6, class: 'transactional' }), []);
  assert.deepEqual(codesOf({ destination, integrationId: undefined, class: 'authentication' }), [
    'opted_out_sender',
  ]);
});

test('of several reasons the first by order decides, the others are told, and adding a no never lets anything through', () => {
  fc.assert(
    fc.property(
      fc.subarray([...CAUSES]),
      fc.constantFrom(...CAUSES),
      fc.boolean(),
      fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
      (causes, more, expired, wait) => {
        const capFreeMs = wait === undefined ? undefined : NOW + wait;
        const given = { expiresMs: expired ? NOW : NOW + 1e9, capFreeMs };
        const at = (list: readonly (typeof CAUSES)[number][]) =>
          gate(
            facts({ ...given, destination: address({ blocks: list.map((cause) => block({ cause })) }) }),
            NOW,
          );
        const before = at(causes);
        const after = at([...causes, more]);
        assert.equal(after.verdict, 'never');
        assert.ok(
          before.verdict !== 'never' ||
            NEVER_CODES.indexOf(after.verdict === 'never' ? after.code : 'dead') <=
              NEVER_CODES.indexOf(before.code),
        );
        const told = after.verdict === 'never' ? [after.code, ...after.also] : [];
        for (const cause of causes) assert.ok(told.includes(cause));
        assert.equal(told.includes('cap_full'), wait !== undefined);
      },
    ),
  );
});

test('quiet hours hold marketing until they end on the recipient’s wall, and nothing else', () => {
  const rules = sendRules({ quietHours: { from: '21:00', to: '08:30' } });
  const at = Date.UTC(2026, 10, 20, 3, 15, 30);
  const timeZone = 'Europe/Amsterdam';
  assert.deepEqual(gate(facts({ rules, timeZone }), at), {
    verdict: 'hold',
    untilMs: Date.UTC(2026, 10, 20, 7, 30),
    code: 'quiet_hours',
    also: [],
  });
  assert.deepEqual(codesOf({ rules, timeZone, class: 'transactional' }, at), []);
  assert.deepEqual(codesOf({ rules }), [], 'noon is not quiet');
  assert.deepEqual(
    gate(facts({ rules, timeZone: 'Nowhere/Known' }), at),
    gate(facts({ rules, timeZone: 'UTC' }), at),
  );
  const both = gate(facts({ rules, timeZone, capFreeMs: at + 24 * HOUR_MS }), at);
  assert.deepEqual(both, {
    verdict: 'hold',
    untilMs: at + 24 * HOUR_MS,
    code: 'cap_full',
    also: ['quiet_hours'],
  });
});

test('settings that are not well formed are no rules', () => {
  assert.deepEqual(
    sendRules({ quietHours: { from: '25:00', to: '08:00' }, frequencyCap: { most: 0, perHours: 1 } }),
    {},
  );
});

const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
const quiet = (from: string, to: string) => ({ fromMinute: minutes(from), toMinute: minutes(to) });
const opens = (from: string, to: string, zone: string, at: string) =>
  new Date(nextOpen(quiet(from, to), zone, Date.parse(at))).toISOString();

test('the first minute is quiet and the last is not, by day and over midnight, in each zone and by each rule', () => {
  for (const [from, to] of [
    ['12:00', '14:00'],
    ['22:00', '06:00'],
  ] as const) {
    const day = Date.UTC(2026, 10, 20);
    const first = day + minutes(from) * 60_000;
    const last = day + minutes(to) * 60_000;
    const isOpen = (ms: number, zone = 'UTC') => allowed(quiet(from, to), zone, ms);
    assert.deepEqual(
      [first - 1, first, last - 1, last].map((ms) => isOpen(ms)),
      [true, false, false, true],
    );
    // What is remembered of one instant says nothing of those before it, nor of another zone or rule.
    assert.equal(isOpen(first + 30 * 60_000), false);
    assert.equal(isOpen(first + 30 * 60_000, from === '22:00' ? 'America/Lima' : 'Asia/Kolkata'), true);
    assert.equal(isOpen(first - 1), true);
    assert.equal(isOpen(first + 30 * 60_000), false);
    assert.equal(allowed(quiet('00:00', '00:01'), 'UTC', first + 30 * 60_000), true);
  }
});

test('9.18 ends are instants on the wall: the lost hour, the doubled hour, the day and the midnight that do not exist', () => {
  // Case 25: the night that loses an hour ends when the wall says eight.
  assert.equal(opens('21:00', '08:00', 'Europe/Berlin', '2027-03-27T21:30:00Z'), '2027-03-28T06:00:00.000Z');
  assert.equal(opens('21:00', '08:00', 'Europe/Berlin', '2027-10-30T21:30:00Z'), '2027-10-31T07:00:00.000Z');
  // 02:30 does not exist that night: it opens when the wall jumps to 03:00.
  assert.equal(opens('22:00', '02:30', 'Europe/Berlin', '2027-03-28T00:10:00Z'), '2027-03-28T01:00:00.000Z');
  // Half past one comes twice in London: open, shut again when the wall jumps back to one, open again.
  const london = quiet('22:00', '01:30');
  const at = (text: string) => Date.parse(text);
  assert.equal(nextOpen(london, 'Europe/London', at('2027-10-30T23:00:00Z')), at('2027-10-31T00:30:00Z'));
  assert.equal(allowed(london, 'Europe/London', at('2027-10-31T00:59:59Z')), true);
  assert.equal(allowed(london, 'Europe/London', at('2027-10-31T01:00:00Z')), false);
  assert.equal(nextOpen(london, 'Europe/London', at('2027-10-31T01:00:00Z')), at('2027-10-31T01:30:00Z'));
  // Lord Howe moves by half an hour.
  assert.equal(
    opens('21:00', '08:00', 'Australia/Lord_Howe', '2026-10-03T12:00:00Z'),
    '2026-10-03T21:00:00.000Z',
  );
  // Samoa had no 30 December 2011.
  assert.equal(opens('21:00', '08:00', 'Pacific/Apia', '2011-12-30T09:00:00Z'), '2011-12-30T18:00:00.000Z');
  // Beirut’s clocks go from 23:59 to 01:00: what opens at 00:00 opens then.
  assert.equal(opens('20:00', '00:00', 'Asia/Beirut', '2026-03-28T20:00:00Z'), '2026-03-28T22:00:00.000Z');
});

test('gate.md §14 e, f: what opens is allowed, the millisecond before is not, and nothing between is; all zones, 1990 to 2040', () => {
  const zones = Intl.supportedValuesOf('timeZone');
  const minute = fc.integer({ min: 0, max: 1439 });
  const formats = new Map(
    zones.map((timeZone) => [
      timeZone,
      new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    ]),
  );
  const minuteOfDay = (ms: number, zone: string) => {
    const [hours, minutes] = formats.get(zone)!.format(ms).split(':');
    return Number(hours) * 60 + Number(minutes);
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      minute,
      minute,
      fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2040, 0, 1) }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
      (zone, fromMinute, toMinute, atMs, between) => {
        fc.pre(fromMinute !== toMinute);
        const rule = { fromMinute, toMinute };
        const isQuiet = (ms: number) => {
          const wall = minuteOfDay(ms, zone);
          return fromMinute < toMinute
            ? wall >= fromMinute && wall < toMinute
            : wall >= fromMinute || wall < toMinute;
        };
        assert.equal(allowed(rule, zone, atMs), !isQuiet(atMs));
        const open = nextOpen(rule, zone, atMs);
        assert.ok(!isQuiet(open));
        if (open === atMs) return;
        assert.ok(isQuiet(open - 1));
        for (const part of between) assert.ok(isQuiet(Math.floor(atMs + (open - 1 - atMs) * part)));
      },
    ),
    { numRuns: 4000 },
  );
});

test('9.18 both nights that jump, in every zone: what is held over them goes when the wall says so', () => {
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    for (const year of [1999, 2011, 2026]) {
      for (const change of jumpsIn(zone, year)) {
        for (const minutesBefore of [30, 90, 300]) {
          const rule = quiet('21:00', '03:30');
          const open = nextOpen(rule, zone, change - minutesBefore * 60_000);
          assert.ok(allowed(rule, zone, open), `${zone} ${new Date(open).toISOString()}`);
        }
      }
    }
  }
});

/** The instants of a year, to the hour, at which a zone’s wall jumps. */
function jumpsIn(zone: string, year: number): number[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
    hour: 'numeric',
  });
  const offset = (ms: number) => format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')!.value;
  const jumps: number[] = [];
  for (let day = 0; day < 366; day++) {
    const at = Date.UTC(year, 0, 1 + day);
    if (offset(at) === offset(at + 24 * HOUR_MS)) continue;
    let hour = 0;
    while (offset(at + hour * HOUR_MS) === offset(at)) hour++;
    jumps.push(at + hour * HOUR_MS);
  }
  return jumps;
}

test('gate.md §14 g: marks never exceed the most in any window; a hold ends when the oldest mark in the way leaves', () => {
  const cap = { most: 2, perMs: 100 };
  let marks: Mark[] = [];
  const take = (causeId: number, atMs: number) => {
    const reserved = reserve(cap, marks, causeId, atMs);
    if ('marks' in reserved) marks = reserved.marks;
    return 'freeMs' in reserved ? reserved.freeMs : 'taken';
  };
  assert.deepEqual([take(1, 0), take(2, 10), take(3, 20)], ['taken', 'taken', 100]);
  assert.equal(take(1, 30), 'taken', 'the same cause again takes its mark along');
  assert.equal(take(3, 40), 110);
  assert.equal(take(3, 110), 'taken');
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 60 })), { maxLength: 60 }),
      (most, asked) => {
        let own: Mark[] = [];
        let now = 0;
        const sent: Mark[] = [];
        for (const [causeId, step] of asked) {
          now += step;
          const reserved = reserve({ most, perMs: 100 }, own, causeId, now);
          if ('freeMs' in reserved) {
            assert.ok(reserved.freeMs > now);
            assert.equal(freeAt({ most, perMs: 100 }, own, causeId, reserved.freeMs), undefined);
            assert.notEqual(freeAt({ most, perMs: 100 }, own, causeId, reserved.freeMs - 1), undefined);
            continue;
          }
          own = reserved.marks;
          sent.push({ causeId, atMs: now });
          const within = new Set(sent.filter(({ atMs }) => atMs > now - 100).map((one) => one.causeId));
          assert.ok(within.size <= most);
        }
      },
    ),
  );
});
