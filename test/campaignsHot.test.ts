/** Somebody who does hundreds of thousands of things costs a back-test no more than its share. In a process of its own: it writes what they did by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { selectDone } from '../src/campaigns/backtest/sql.ts';
import { DAY_MS, newPlace, sql } from './campaignsProduct.ts';

test('campaigns.md §3.11: of one who did very much the newest 20,000 are taken, and of the others all', async () => {
  const place = await newPlace();
  const many = await place.tell('machine', { name: 'in' });
  await place.settled();
  const toMs = await place.nowMs();
  await sql`
    INSERT INTO contact_events (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags, properties, arrival_id)
    SELECT bucket, contact_id, name_id, at_ms - n, key + n, workspace_id, received_ms - n, 0, properties, arrival_id - n
    FROM contact_events, generate_series(1, 25000) n WHERE contact_id = ${many}`;
  // Somebody else in the same bucket.
  const few = many + 4096;
  await sql`
    INSERT INTO contact_events (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags, properties, arrival_id)
    SELECT bucket, ${few}, name_id, at_ms, key, workspace_id, received_ms, flags, properties, arrival_id
    FROM contact_events WHERE contact_id = ${many} ORDER BY at_ms LIMIT 7`;
  const [name] = await sql<{ id: number }[]>`SELECT id FROM event_names WHERE workspace_id = ${place.id}`;
  const fromMs = toMs - 30 * DAY_MS;
  const asked = { triggerId: name!.id, fromMs, toMs, nameIds: [name!.id], sinceMs: fromMs };
  const rows = await selectDone(sql, { workspaceId: place.id, buckets: [bucketOf(many)] }, asked);
  const [theirs, others] = [many, few].map((id) => rows.filter(({ contactId }) => contactId === id));
  assert.deepEqual([theirs!.length, others!.length], [20_000, 7]);
  const [kept] = await sql<{ oldestMs: number }[]>`
    SELECT min(at_ms) AS "oldestMs" FROM (
      SELECT at_ms FROM contact_events WHERE contact_id = ${many} ORDER BY at_ms DESC LIMIT 20000) e`;
  assert.equal(theirs!.at(-1)!.atMs, kept!.oldestMs);
});
