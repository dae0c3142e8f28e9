/** Holding lanes still: for what must not happen at the same time as anything that workers do for some people. */
import type { Db, Sql, Tx } from '../../db/pool.ts';
import { bucketOf } from '../../base/ids.ts';
import { lockLane, selectLanes } from './sql.ts';

/** Which bucket is in which lane, as the queue knows it. */
type LaneMap = {
  lanes(): readonly { lane: number; bucket: number }[];
  laneOf(bucket: number): number;
};

/**
 * Until the transaction ends nothing is claimed, settled or handed on of what is in the lanes of these owners; what is under way is
 * waited for. Locks the lanes in their order, so hold nothing else before, and be quick.
 */
export async function holdLanes(tx: Tx, queue: LaneMap, ownerIds: readonly number[]): Promise<void> {
  const numbers = new Set(ownerIds.map((id) => queue.laneOf(bucketOf(id))));
  for (const lane of queue.lanes()) if (numbers.has(lane.lane)) await lockLane(tx, lane);
}

/** Lanes with all their buckets. */
export async function allLanes(db: Db): Promise<{ lane: number; bucket: number; buckets: number[] }[]> {
  return await selectLanes(db);
}

/** Until the transaction ends nothing is claimed, settled or handed on of what is in a lane. */
export async function holdLane(tx: Tx, lane: { lane: number; bucket: number }): Promise<void> {
  await lockLane(tx, lane);
}

/**
 * Resolves when whatever workers had under way in any lane when it was called has been committed or is gone. One lane after the other, each
 * in a transaction of its own, so that no lane stands still for another's sake.
 */
export async function waitOut(sql: Sql, queue: Pick<LaneMap, 'lanes'>): Promise<void> {
  for (const lane of queue.lanes()) await lockLane(sql, lane);
}
