/** Instants with six digits: what is written is read again as the same, and what names no instant there is is read as none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { msOf, offsetTime, readingsOf, readInstant } from './microseconds.ts';

const us = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) * 1000 });
const MINUTE_MS = 60_000;

test('what offsetTime writes, readInstant reads: the same microsecond, in any offset', () => {
  fc.assert(
    fc.property(us, fc.integer({ min: -14 * 60, max: 14 * 60 }), (at, minutes) => {
      const read = readInstant(offsetTime(at, minutes * MINUTE_MS))!;
      assert.equal(read.offsetMinutes, minutes);
      assert.equal(read.wallUs - minutes * 60_000_000, at);
    }),
  );
});

test('an instant lies in the millisecond that its text shows', () => {
  assert.equal(offsetTime(1_700_000_000_123_456, 0), '2023-11-14T22:13:20.123456+00:00');
  assert.equal(offsetTime(-1, 0), '1969-12-31T23:59:59.999999+00:00');
  assert.equal(msOf(-1), -1);
});

test('days, hours, seconds and offsets that there are not are no instants', () => {
  for (const text of [
    '2023-02-29',
    '2023-13-01',
    '2023-00-10',
    '0000-00-00',
    '2023-06-21T24:00:00Z',
    '2023-06-21T22:60:00Z',
    '2023-06-21T22:06:60Z',
    '2023-06-21T22:06:02+24:00',
    '2023-06-21T22:06:02+01:60',
    '2023-06-21T22:06:02.Z',
    '2023-06-21T22:06:02.1234567891Z',
    '2023-06-21T',
    'now',
    '',
  ])
    assert.equal(readInstant(text), undefined, text);
});

test('a day alone, a wall without a zone, a comma, and what is finer than a microsecond', () => {
  const midnightUs = Date.UTC(2024, 1, 29) * 1000;
  assert.deepEqual(readInstant('2024-02-29'), { wallUs: midnightUs, offsetMinutes: undefined });
  assert.deepEqual(readInstant(' 2024-02-29 00:00 '), { wallUs: midnightUs, offsetMinutes: undefined });
  assert.deepEqual(readInstant('2024-02-29t00:00:00,1utc'), {
    wallUs: midnightUs + 100_000,
    offsetMinutes: 0,
  });
  assert.deepEqual(readInstant('2024-02-29T00:00:00.0000019-05'), {
    wallUs: midnightUs + 1,
    offsetMinutes: -300,
  });
});

test('of two readings of a clock the second is later, though the wall stands still or goes back', () => {
  const walls = [5, 5, 5, 4, 6];
  let at = 0;
  const read = readingsOf({ nowMs: () => walls[at++]!, monotonicMs: () => 0.5 } as never, 10);
  assert.deepEqual(
    walls.map(() => read()),
    [15_500, 15_501, 15_502, 15_503, 16_500],
  );
});
