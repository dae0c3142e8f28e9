/** The log behind the live channel, on a real Postgres: numbers commit in order and without a gap, whoever commits when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENTRY } from '../src/live/entry.ts';
import {
  appendEntries,
  cursorText,
  entriesAfter,
  headsOf,
  isKept,
  readCursor,
  takeSnapshot,
} from '../src/live/log.ts';
import { insertHead } from '../src/live/sql.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const db = await testDatabase();
const entry = (contactId: number, atMs: number) => ({
  contactId,
  kind: ENTRY.message,
  messageId: atMs,
  detail: null,
  atMs,
});
const seqs = async (contactId: number, after = 0) =>
  ((await entriesAfter(db.sql, [{ contactId, seq: after }], 5_000)).get(contactId) ?? []).map(
    ({ seq }) => seq,
  );

test('a number that was taken and not committed holds back those after it, and is free again when its transaction fails', async () => {
  const contactId = 4096 + 7;
  await insertHead(db.sql, contactId);
  const gate = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const first = db.sql.begin(async (tx) => {
    await appendEntries(tx, [entry(contactId, 1)]);
    taken.resolve();
    await gate.promise;
    throw new Error('rolled back');
  });
  await taken.promise;
  const second = db.sql.begin((tx) => appendEntries(tx, [entry(contactId, 2), entry(contactId, 3)]));
  await until('the second waits', async () => {
    const [row] = await db.sql<{ n: number }[]>`
      SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`;
    return row!.n > 0;
  });
  assert.deepEqual(await seqs(contactId), []);
  gate.resolve();
  await assert.rejects(first, /rolled back/);
  assert.deepEqual(await second, [{ contactId, seq: 2 }]);
  assert.deepEqual(await seqs(contactId), [1, 2]);
});

test('N4 no log begins of somebody who was erased while their page connected', async () => {
  const contactId = 4096 + 8;
  const { cursor, messages } = await takeSnapshot(db.sql, { workspaceId: 1, contactId });
  assert.deepEqual([cursor.seq, messages], [0, []]);
  assert.deepEqual(await headsOf(db.sql, [contactId]), []);
});

test('whoever reads while many write, and some fail, never sees a number without all before it', async () => {
  const contactIds = [1, 2, 3].map((n) => n * 4096 + 9);
  for (const contactId of contactIds) await insertHead(db.sql, contactId);
  let writing = true;
  let kept = 0;
  const write = async (n: number) => {
    const some = contactIds.filter(() => Math.random() < 0.6);
    const work = db.sql.begin(async (tx) => {
      await appendEntries(
        tx,
        some.map((contactId) => entry(contactId, n + 1)),
      );
      await tx`SELECT pg_sleep(${Math.random() * 0.004})`;
      if (n % 7 === 0) throw new Error('fails');
      kept += some.length;
    });
    await work.catch(() => {});
  };
  const reader = (async () => {
    const places = new Map(contactIds.map((contactId) => [contactId, 0]));
    let seen = 0;
    for (let more = true; more; ) {
      more = writing;
      for (const contactId of contactIds) {
        const place = places.get(contactId)!;
        const found = await seqs(contactId, place);
        assert.deepEqual(
          found,
          found.map((_, index) => place + index + 1),
        );
        seen += found.length;
        places.set(contactId, place + found.length);
      }
    }
    return seen;
  })();
  for (let n = 0; n < 400; n += 5) await Promise.all([n, n + 1, n + 2, n + 3, n + 4].map(write));
  writing = false;
  assert.equal(await reader, kept);
});

test('who is not logged gets no number; what is old is let go of, and a cursor there is known to be old', async () => {
  const [known, unknown] = [4096 + 11, 2 * 4096 + 11];
  await insertHead(db.sql, known);
  await insertHead(db.sql, known);
  const both = await db.sql.begin((tx) => appendEntries(tx, [entry(known, 1), entry(unknown, 1)]));
  assert.deepEqual(both, [{ contactId: known, seq: 1 }]);
  for (let n = 0; n < 15; n++)
    await db.sql.begin((tx) =>
      appendEntries(
        tx,
        Array.from({ length: 100 }, () => entry(known, n + 2)),
      ),
    );
  assert.deepEqual(await headsOf(db.sql, [known]), [{ contactId: known, seq: 1501 }]);
  const left = await seqs(known);
  assert.ok(left.length >= 1_000 && left.length <= 1_300, String(left.length));
  const at = (seq: number) => isKept(db.sql, { contactId: known, seq, ahead: [] });
  assert.deepEqual(
    [await at(1501), await at(left[0]! - 1), await at(left[0]! - 2), await at(0), await at(1502)],
    [true, true, false, false, false],
  );
});

test('a cursor is read as it was written, and any other text is none', () => {
  const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const seq = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(id, seq, fc.array(id, { maxLength: 200 }), (contactId, at, ahead) => {
      const cursor = { contactId, seq: at, ahead };
      assert.deepEqual(readCursor(cursorText(cursor)), cursor);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(readCursor(text), undefined);
    }),
  );
  for (const text of ['', '1', '1.a', '2.a.b', '1.a.b.', '1.0.1', '1.zzzzzzzzzzz.1', '1.A.B'])
    assert.equal(readCursor(text), undefined);
});
