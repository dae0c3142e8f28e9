/** A provider's own list by its API: pages, waits, what ends it, and what of both lists counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoTime } from '../base/clock.ts';
import type { ListedShown, TakenShown } from '../../contract/doors/console/reconcile.ts';
import { holdAgainst } from './heldAgainst.ts';
import { listedBy, sentIn } from './providerList.ts';

const FROM_MS = Date.UTC(2026, 10, 1);
const TO_MS = FROM_MS + 3_600_000;
const MINE = 'aa'.repeat(12);

const listed = (
  rows: [id: string, status: string, takenMs?: number][],
  next: string | null,
): ListedShown => ({
  outcome: 'listed',
  messages: rows.map(([externalId, status, takenMs]) => ({
    externalId,
    status,
    takenAt: takenMs === undefined ? null : isoTime(takenMs),
  })),
  to: isoTime(TO_MS),
  next,
});
const deferred = (
  kind: 'rate' | 'transient' | 'config',
  retryAfterMs: number | null = null,
): ListedShown => ({
  outcome: 'deferred',
  class: kind,
  code: '20429',
  detail: 'not now',
  retryAfterMs,
});
const taken = (id: string, state: 'accepted' | 'delivered', sentMs: number, integrationId = MINE) => ({
  contactId: 'c'.repeat(24),
  messageId: 'd'.repeat(24),
  broadcastId: null,
  seq: 0,
  state,
  integrationId,
  externalIds: [id],
  sentAt: isoTime(sentMs),
});

/** Holds a list that is given in these answers against what was taken; what was asked for, and the waits. */
async function hold(answers: readonly ListedShown[], ours: TakenShown['taken'] = [], isUntilNow = false) {
  const asked: URLSearchParams[] = [];
  const waits: number[] = [];
  const rest = answers.values();
  const api = {
    async get<T>(path: string): Promise<T> {
      const url = new URL(path, 'http://parley');
      asked.push(url.searchParams);
      if (url.pathname.endsWith('/listed')) return (rest.next().value ?? assert.fail('asked too often')) as T;
      return { taken: ours, next: null } as T;
    },
  };
  const list = listedBy(
    api,
    '/w',
    { integration: MINE, fromMs: FROM_MS, toMs: isUntilNow ? undefined : TO_MS },
    async (ms) => {
      waits.push(ms);
    },
  );
  const held = await holdAgainst(api, list, (within) => sentIn('/w', within!), MINE);
  return { ...held, codes: held.breaks.map(({ code }) => code).toSorted(), asked, waits };
}

test('both the same, in several pages; a page is asked for by what the one before gave', async () => {
  const { codes, counts, asked } = await hold(
    [listed([['a', 'Delivered', FROM_MS]], 'p2'), listed([['b', 'sent', TO_MS]], null)],
    [taken('a', 'delivered', FROM_MS), taken('b', 'accepted', TO_MS)],
  );
  assert.deepEqual([codes, counts], [[], { rows: 2, matched: 2 }]);
  assert.deepEqual(
    asked.map((query) => query.get('next')),
    [null, 'p2', null],
  );
});

test('what only one has, and what stands otherwise', async () => {
  const { codes } = await hold(
    [
      listed(
        [
          ['a', 'undelivered', FROM_MS],
          ['theirs', 'sent', FROM_MS],
        ],
        null,
      ),
    ],
    [taken('a', 'delivered', FROM_MS), taken('ours', 'accepted', FROM_MS)],
  );
  assert.deepEqual(codes, ['disagrees', 'only_at_provider', 'only_here']);
});

test('what lies outside of the time can match, and proves nothing; nor does what went through another', async () => {
  const early = FROM_MS - 1_000;
  const { codes, counts } = await hold(
    [
      listed(
        [
          ['before', 'sent', early],
          ['event', 'opened'],
          ['edge', 'sent', FROM_MS],
        ],
        null,
      ),
    ],
    [
      taken('edge', 'accepted', early),
      taken('after', 'accepted', TO_MS + 1),
      taken('other', 'accepted', FROM_MS, 'bb'.repeat(12)),
    ],
  );
  assert.deepEqual([codes, counts], [[], { rows: 1, matched: 1 }]);
});

test('a provider that is asked too often, or does not answer, is asked again when it may be', async () => {
  const { waits, codes } = await hold([
    deferred('rate', 7_000),
    deferred('rate'),
    deferred('transient'),
    deferred('transient'),
    listed([], null),
  ]);
  assert.deepEqual([waits, codes], [[7_000, 10_000, 1_000, 2_000], []]);
});

test('without a page there is no proof: refused, silent for too long, or to be asked in hours', async () => {
  const first = listed([['a', 'sent', FROM_MS]], 'p2');
  for (const answers of [
    [first, deferred('config')],
    [first, ...Array.from({ length: 6 }, () => deferred('transient'))],
    [deferred('rate', 3_600_000)],
    Array.from({ length: 21 }, () => deferred('rate')),
  ])
    await assert.rejects(hold(answers), /did not give page [12] of its list: not now \(20429\)/);
  await assert.rejects(hold([first, listed([], 'p2')]), /names itself as the next one/);
});

test('until now is until now by the server, for both', async () => {
  const { asked } = await hold([listed([], 'p2'), listed([], null)], [], true);
  assert.deepEqual(
    asked.map((query) => query.get('to') ?? query.get('sentTo')),
    [null, isoTime(TO_MS), isoTime(TO_MS + 300_000)],
  );
});
