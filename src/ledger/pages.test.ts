/** Pages of a run's deliveries: whatever the size of a page and however many devices people have, each delivery is on one of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { bucketOf, firstIdAt } from '../base/ids.ts';
import { systemClock } from '../base/clock.ts';
import { amissInRun, deliveriesInRun } from './deliveries.ts';
import { STATE } from './states.ts';

const { sql } = await testDatabase();
const NOW_MS = systemClock.nowMs();
const RUN_ID = firstIdAt(NOW_MS);
/** Devices of seven people. */
const DEVICES = [1, 3, 1, 5, 2, 1, 4];
const people = DEVICES.map((_, i) => firstIdAt(NOW_MS - 60_000) + i * 4096 * 37);

test('nobody’s devices are divided between pages, and none is left out', async () => {
  const rows = people.flatMap((contactId, i) =>
    Array.from({ length: DEVICES[i]! }, (_, seq) => ({ contactId, seq })),
  );
  await sql`
    INSERT INTO deliveries (bucket, contact_id, cause_id, seq, state, class, workspace_id, code, state_ms)
    SELECT bucket, contact_id, ${RUN_ID}, seq, ${STATE.failed}, 1, 7, 'gone', ${NOW_MS}
    FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.seq)}::smallint[]) AS r (bucket, contact_id, seq)`;
  const amongFew: typeof amissInRun = (db, workspaceId, runId, page) =>
    deliveriesInRun(db, workspaceId, runId, { ...page, among: 2 });
  for (const read of [deliveriesInRun, amissInRun, amongFew])
    for (let limit = 1; limit <= 18; limit++) {
      const seen: string[] = [];
      for (let after: number | undefined = 0; after !== undefined; ) {
        const page = await read(sql, 7, RUN_ID, { states: [STATE.failed], afterContactId: after, limit });
        seen.push(...page.rows.map(({ contactId, seq }) => `${contactId}.${seq}`));
        after = page.nextAfter;
        assert.ok(
          after === undefined || page.rows.length > 0,
          'a page that is not the last has something on it',
        );
      }
      assert.equal(new Set(seen).size, seen.length, 'none is there twice');
      assert.deepEqual(seen.toSorted(), rows.map((r) => `${r.contactId}.${r.seq}`).toSorted());
    }
});

test('those in a state that hardly anybody is in are looked for among so many at a time', async () => {
  const [first, , , fourth] = people;
  await sql`UPDATE deliveries SET state = ${STATE.held} WHERE contact_id = ${fourth!} AND cause_id = ${RUN_ID}`;
  const pages: number[] = [];
  const seen = new Set<number>();
  for (let after: number | undefined = 0; after !== undefined; ) {
    const wanted = { states: [STATE.held], afterContactId: after, limit: 1, among: 3 };
    const page = await deliveriesInRun(sql, 7, RUN_ID, wanted);
    pages.push(page.rows.length);
    for (const { contactId } of page.rows) seen.add(contactId);
    after = page.nextAfter;
  }
  assert.deepEqual([...seen], [fourth]);
  assert.ok(pages.includes(0) && pages.length > 3, `no page has gone through all: ${String(pages)}`);
  assert.deepEqual(
    await deliveriesInRun(sql, 7, RUN_ID + 1, {
      states: [STATE.held],
      afterContactId: first!,
      limit: 1,
      among: 1,
    }),
    {
      rows: [],
      nextAfter: undefined,
    },
  );
});
