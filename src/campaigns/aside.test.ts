/** Of what waits in a lane what failed is set aside, and nothing that came meanwhile. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { createQueue } from '../queue/queue.ts';
import { testDatabase } from '../../test/support/database.ts';
import type { LiveNames } from './enrol/live.ts';
import { turnTaker } from './turn.ts';
import type { TurnDeps } from './turnPart.ts';

const { sql } = await testDatabase();
const ids = idSource(62, () => systemClock.nowMs());
const queue = createQueue({ sql, ids, clock: systemClock, log: silentLog });
await queue.start();
after(() => queue.stop());
const lanes = await sql<OwnedLane[]>`SELECT lane, bucket, buckets, epoch FROM lanes ORDER BY lane LIMIT 1`;

test('a timer that cannot be taken comes back in an hour; what arrives while it fails is there for the next turn', async () => {
  const lane = lanes[0]!;
  const contactId = ids.inBucket(lane.bucket);
  const nowMs = systemClock.nowMs();
  await sql`
    INSERT INTO timers (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
    VALUES (${lane.bucket}, ${contactId}, 5, ${lane.lane}, 9, ${nowMs - 1}, ${nowMs - 1})`;
  const own = await sql.reserve();
  const deps = {
    sql,
    ids,
    queue,
    clock: systemClock,
    log: silentLog,
    directory: {
      async workspace() {
        await own`
          INSERT INTO event_arrivals (bucket, id, lane, workspace_id, contact_id, kind, at_ms, received_ms, key)
          VALUES (${lane.bucket}, ${ids.inOrder()}, ${lane.lane}, 9, ${contactId}, 2, ${nowMs}, ${nowMs}, 1)`;
        throw new Error('a fault of ours');
      },
    },
  } as unknown as TurnDeps;
  const source = async () => async () => ({}) as LiveNames;
  try {
    assert.deepEqual(await turnTaker(deps, source).take([lane], true), [lane], 'and the lane may have more');
  } finally {
    own.release();
  }
  const [timer] = await sql<{ dueMs: number }[]>`SELECT due_ms AS "dueMs" FROM timers`;
  assert.ok(timer!.dueMs > nowMs + 3_500_000, 'it comes back');
  assert.equal((await sql`SELECT 1 FROM event_arrivals`).length, 1, 'what arrived waits');
});
