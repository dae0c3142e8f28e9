/** What answers mean and when to try again (api/sunshine.md §8.2, Standard Webhooks 1.0.0). */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpOutcome } from '../base/http.ts';
import { backoffMs, judge } from './policy.ts';

const answer = (status: number, headers: Record<string, string> = {}): HttpOutcome => ({
  kind: 'answer',
  status,
  headers,
  body: Buffer.alloc(0),
});

test('2xx is delivered; 400, 401, 403, 404, 406 and 410 are final; all else is tried again', () => {
  for (let status = 100; status < 600; status++) {
    const final = [400, 401, 403, 404, 406, 410].includes(status);
    const expected = status >= 200 && status < 300 ? 'delivered' : final ? 'failed' : 'again';
    equal(judge(answer(status), 0).kind, expected, String(status));
  }
  deepEqual(judge(answer(410), 0), { kind: 'failed', gone: true });
  equal(judge({ kind: 'unclear', reason: 'x' }, 0).kind, 'again');
  equal(judge({ kind: 'unsent', reason: 'ECONNREFUSED' }, 0).kind, 'again');
  equal(judge({ kind: 'unsent', reason: '10.0.0.1 is a private address' }, 0).kind, 'failed');
});

test('Retry-After counts for 429 and 503 only, and for a day at most', () => {
  deepEqual(judge(answer(429, { 'retry-after': '120' }), 0), { kind: 'again', retryAfterMs: 120_000 });
  deepEqual(judge(answer(503, { 'retry-after': '999999' }), 0), { kind: 'again', retryAfterMs: 86_400_000 });
  deepEqual(judge(answer(500, { 'retry-after': '120' }), 0), { kind: 'again' });
});

test('Sunshine: five attempts within 15 minutes, each wait longer', () => {
  for (const random of [0, 0.5, 1]) {
    const waits = [1, 2, 3, 4].map((attempts) => backoffMs('sunshine', attempts, random)!);
    ok(waits.every((wait, i) => i === 0 || wait > 2 * waits[i - 1]!));
    ok(waits.reduce((a, b) => a + b) <= 15 * 60_000);
  }
  equal(backoffMs('sunshine', 5, 0.5), undefined);
});

test('other doors: ten attempts within 75.6 hours', () => {
  const waits = Array.from({ length: 9 }, (_, i) => backoffMs('console', i + 1, 0.5)!);
  deepEqual(
    waits.map((wait) => wait / 1000),
    [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
  );
  equal(backoffMs('console', 10, 0.5), undefined);
  deepEqual(
    [backoffMs('console', 2, 0), backoffMs('console', 2, 1)],
    [270_000, 330_000],
    'a tenth either way',
  );
});

test('Web1on1: for up to 24 hours, each wait longer', () => {
  const waits = Array.from({ length: 8 }, (_, i) => backoffMs('web1on1', i + 1, 1)!);
  ok(waits.every((wait, i) => i === 0 || wait > waits[i - 1]!));
  const totalMs = waits.reduce((a, b) => a + b);
  ok(totalMs > 20 * 3_600_000 && totalMs <= 24 * 3_600_000);
  equal(backoffMs('web1on1', 9, 0.5), undefined);
});
