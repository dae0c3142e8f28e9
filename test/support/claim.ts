/** A batch of what is due, claimed by hand: for tests that handle work by themselves, without a worker. */
import type { Clock } from '../../src/base/clock.ts';
import { bucketOf, type IdSource } from '../../src/base/ids.ts';
import type { Sql } from '../../src/db/pool.ts';
import type { OwnedLane } from '../../src/queue/lanes/lane.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { claimDue } from '../../src/queue/work/sql.ts';
import { createSteps } from '../../src/queue/work/steps.ts';
import type { Batch } from '../../src/queue/work/work.ts';

/** Claims what is due of a kind in the lane of an owner. */
export async function claimBatch(
  { sql, queue, ids, clock }: { sql: Sql; queue: Queue; ids: IdSource; clock: Pick<Clock, 'nowMs'> },
  ownerId: number,
  { kind, stream = 0, limit = 500, ...rest }: Partial<Batch> & { kind: number; limit?: number },
): Promise<Batch> {
  const number = queue.laneOf(bucketOf(ownerId));
  const [lane] = await sql<
    OwnedLane[]
  >`SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane = ${number}`;
  const flightId = ids.inBucket(lane!.bucket);
  const nowMs = clock.nowMs();
  const after = { dueMs: 0, ownerId: 0 };
  const bounds = { after, busy: [], passOver: [], limit, wholeUpTo: limit };
  const items = await claimDue(sql, { lane: lane!, flightId, kind, stream, nowMs, ...bounds });
  return {
    lane: lane!,
    flightId,
    kind,
    stream,
    items,
    abandoned: false,
    claimedMs: nowMs,
    noted: new Map(),
    steps: createSteps(sql, { lane: lane!, flightId, items, whole: true }),
    holds: () => true,
    wakeAt() {},
    settled() {},
    ...rest,
  };
}
