import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256Hex } from '../base/crypto.ts';
import { fault, isFault } from '../base/fault.ts';
import { testDatabase } from '../../test/support/database.ts';
import {
  hashRequest,
  hashRequestOf,
  idempotently,
  idempotentlyTogether,
  KEPT_MS,
  NotTogether,
  sweepIdempotency,
  transact,
} from './idempotency.ts';

const { sql } = await testDatabase();
await sql`CREATE TABLE done (n integer)`;
const NOW = Date.UTC(2026, 3, 1);
const hash = hashRequest('POST', '/x', { a: 1 });
const countDone = async () => (await sql<{ n: number }[]>`SELECT count(*) AS n FROM done`)[0]!.n;
let keys = 0;
const request = (more: object = {}) => ({
  scope: 'test:1',
  key: `k${++keys}`,
  requestHash: hash,
  nowMs: NOW,
  ...more,
});

describe('idempotently', () => {
  it('does the work once and gives the same answer again', async () => {
    const one = request();
    const before = await countDone();
    const work = () =>
      idempotently(sql, one, async (tx) => {
        await tx`INSERT INTO done VALUES (1)`;
        return { status: 201, body: { id: 'é', list: [1, null], undefinedOnes: undefined } };
      });
    const first = await work();
    ok(!isFault(first));
    equal(first.replayed, false);
    deepEqual(await work(), { status: 201, body: { id: 'é', list: [1, null] }, replayed: true });
    equal((await countDone()) - before, 1);
  });

  it('keeps an empty answer empty', async () => {
    const one = request();
    const work = () => idempotently(sql, one, async () => ({ status: 204, body: undefined }));
    await work();
    deepEqual(await work(), { status: 204, body: undefined, replayed: true });
  });

  it('refuses a key that was used with another request, but not in another scope', async () => {
    const one = request();
    const answer = async () => ({ status: 200, body: 1 });
    await idempotently(sql, one, answer);
    const other = await idempotently(sql, { ...one, requestHash: 'other' }, answer);
    equal(isFault(other) && other.fault, 'key_reused');
    const elsewhere = await idempotently(sql, { ...one, scope: 'test:2', requestHash: 'other' }, answer);
    deepEqual(elsewhere, { status: 200, body: 1, replayed: false });
  });

  it('answers at once that a request is under way, and replays it later', async () => {
    const one = request();
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const slow = idempotently(sql, one, async () => {
      begun.resolve();
      await go.promise;
      return { status: 200, body: 'slow' };
    });
    await begun.promise;
    const rival = await idempotently(sql, one, async () => ({ status: 200, body: 'rival' }));
    deepEqual(rival, {
      fault: 'in_flight',
      message: 'A request with this Idempotency-Key is still running; try again shortly.',
      retryAfterS: 1,
    });
    go.resolve();
    deepEqual(await slow, { status: 200, body: 'slow', replayed: false });
    const again = await idempotently(sql, one, async () => ({ status: 200, body: 'again' }));
    deepEqual(again, { status: 200, body: 'slow', replayed: true });
  });

  it('does the work of 40 rivals once', async () => {
    for (let round = 0; round < 10; round++) {
      const one = request();
      const before = await countDone();
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          idempotently(sql, one, async (tx) => {
            await tx`INSERT INTO done VALUES (${n})`;
            return { status: 200, body: n };
          }),
        ),
      );
      equal((await countDone()) - before, 1);
      const answers = outcomes.flatMap((outcome) => (isFault(outcome) ? [] : [outcome]));
      equal(answers.filter(({ replayed }) => !replayed).length, 1);
      equal(new Set(answers.map(({ body }) => body)).size, 1);
      for (const outcome of outcomes) if (isFault(outcome)) equal(outcome.fault, 'in_flight');
    }
  });

  it('keeps nothing of work that ended in a fault or an error, with or without a key', async () => {
    for (const one of [request(), request({ key: undefined })]) {
      const before = await countDone();
      const refused = await idempotently(sql, one, async (tx) => {
        await tx`INSERT INTO done VALUES (1)`;
        return fault('bad_request', 'to: is required', { field: 'to' });
      });
      deepEqual(refused, { fault: 'bad_request', message: 'to: is required', field: 'to' });
      await rejects(
        idempotently(sql, one, async (tx) => {
          await tx`INSERT INTO done VALUES (1)`;
          throw new Error('a bug');
        }),
        /a bug/,
      );
      equal(await countDone(), before);
      const done = await idempotently(sql, one, async () => ({ status: 200, body: 2 }));
      deepEqual(done, { status: 200, body: 2, replayed: false });
    }
  });

  it('refuses keys that are none', async () => {
    for (const key of ['', 'x'.repeat(256), 'a\0b']) {
      const outcome = await idempotently(sql, request({ key }), async () => ({ status: 200, body: 1 }));
      equal(isFault(outcome) && outcome.field, 'Idempotency-Key');
    }
    const longest = await idempotently(sql, request({ key: 'é'.repeat(255) }), async () => ({
      status: 200,
      body: 1,
    }));
    ok(!isFault(longest));
  });

  it('forgets after 24 hours, and not before', async () => {
    equal(KEPT_MS, 86_400_000);
    const one = request({ nowMs: NOW + 1000 * KEPT_MS });
    await idempotently(sql, one, async () => ({ status: 200, body: 1 }));
    ok((await sweepIdempotency(sql, one.nowMs + KEPT_MS)) > 0, 'earlier ones go');
    equal(await sweepIdempotency(sql, one.nowMs + KEPT_MS), 0);
    equal(await sweepIdempotency(sql, one.nowMs + KEPT_MS + 1), 1);
    const anew = await idempotently(sql, one, async () => ({ status: 200, body: 2 }));
    deepEqual(anew, { status: 200, body: 2, replayed: false });
  });
});

describe('hashRequest', () => {
  it('is the same for the same request, whatever the order of keys', () => {
    equal(
      hashRequest('post', '/x', { b: { d: 1, c: [2, { f: 3, e: 4 }] }, a: 0 }),
      hashRequest('POST', '/x', { a: 0, b: { c: [2, { e: 4, f: 3 }], d: 1 } }),
    );
    equal(hashRequest('POST', '/x', undefined), hashRequest('POST', '/x', undefined));
    for (const [method, path, body] of [
      ['PUT', '/x', { a: 1 }],
      ['POST', '/y', { a: 1 }],
      ['POST', '/x', { a: 2 }],
      ['POST', '/x', [1]],
      ['POST', '/x', undefined],
      ['POST', '/x', '{"a":1}'],
    ] as const)
      notEqual(hashRequest(method, path, body), hash);
  });

  it('is the same where the hash of the body was made while it came', () => {
    equal(
      hashRequestOf('POST', '/x', sha256Hex('one and two')),
      hashRequest('POST', '/x', Buffer.from('one and two')),
    );
  });
});

describe('transact', () => {
  it('gives on what the work gives', async () => {
    equal(await transact(sql, async (tx) => (await tx`SELECT 1 AS n`)[0]!['n'] as number), 1);
  });
});

describe('idempotently, together', () => {
  const answer = async (
    tx: { (strings: TemplateStringsArray, ...values: unknown[]): PromiseLike<unknown> },
    fresh: readonly number[],
  ) => {
    for (const n of fresh) await tx`INSERT INTO done VALUES (${n})`;
    return fresh.map((n) => ({ status: 201, body: n }));
  };

  it('does what was not done before, and answers each in its place', async () => {
    const [first, second, third, keyless] = [request(), request(), request(), request({ key: undefined })];
    await idempotently(sql, second, async () => ({ status: 200, body: 'before' }));
    const before = await countDone();
    const asked = [first, second, third, keyless, request({ key: '' })];
    const answers = await idempotentlyTogether(sql, asked, answer);
    deepEqual(answers.slice(0, 4), [
      { status: 201, body: 0, replayed: false },
      { status: 200, body: 'before', replayed: true },
      { status: 201, body: 2, replayed: false },
      { status: 201, body: 3, replayed: false },
    ]);
    ok(isFault(answers[4]), 'an empty key is no key');
    equal((await countDone()) - before, 3);
    deepEqual(
      (await idempotentlyTogether(sql, asked.slice(0, 3), answer)).map(
        (one) => !isFault(one) && one.replayed,
      ),
      [true, true, true],
    );
    const other = { ...second, requestHash: hashRequest('POST', '/x', { a: 2 }) };
    const [same, reused] = await idempotentlyTogether(sql, [first, other], answer);
    ok(!isFault(same) && same?.replayed);
    equal(isFault(reused) && reused.fault, 'key_reused', 'each is held to what it asked for itself');
  });

  it('says of a key that somebody is at that it is in flight, and does the rest', async () => {
    const [held, free] = [request(), request()];
    const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = idempotently(sql, held, async () => {
      begun.resolve();
      await over.promise;
      return { status: 200, body: 1 };
    });
    await begun.promise;
    const [there, done] = await idempotentlyTogether(sql, [held, free], answer);
    over.resolve();
    await holding;
    ok(isFault(there) && there.fault === 'in_flight');
    deepEqual(done, { status: 201, body: 1, replayed: false });
  });

  it('lets nothing stand when one is refused: each is to be asked alone', async () => {
    const before = await countDone();
    const asked = [request(), request()];
    await rejects(
      idempotentlyTogether(sql, asked, async (tx, fresh) => {
        await answer(tx, fresh.slice(1));
        return [fault('not_found', 'gone'), { status: 201, body: 1 }];
      }),
      NotTogether,
    );
    equal(await countDone(), before);
    const again = await idempotently(sql, asked[1]!, async () => ({ status: 200, body: 'alone' }));
    equal(!isFault(again) && again.replayed, false);
  });
});
