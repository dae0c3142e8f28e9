/** A bulk run as whoever started it sees it: when the next of it is due, calling it off, closing it. */
import type { Db, Tx } from '../../db/pool.ts';
import { lockLane } from '../lanes/sql.ts';
import {
  deleteOfCauses,
  deleteStream,
  deleteStreamRow,
  selectBulkOf,
  selectNextOfStream,
  selectOfCauses,
  selectStreams,
} from './sql.ts';
import type { WorkItem } from './work.ts';

/** A lane. */
type Lane = { lane: number; bucket: number; buckets: number[] };

/** When the first work of a run is due (or was, when it is in flight), by lane; a lane with nothing left is not in it. */
export async function dueOfStream(
  db: Db,
  lanes: readonly Lane[],
  kind: number,
  stream: number,
): Promise<{ lane: number; dueMs: number }[]> {
  const all = lanes.map((lane) => ({ ...lane, afterMs: -1 }));
  return await selectNextOfStream(db, all, kind, stream);
}

/**
 * Takes up to `most` pieces of work of a run out of a lane, but for what is in flight; what comes back from there is taken the next
 * time. Locks the lane until the transaction ends, so keep that short: a claim that is under way is waited for, and is then seen as a
 * flight; one that comes later finds nothing.
 */
export async function callOff(
  tx: Tx,
  lane: Lane,
  kind: number,
  stream: number,
  most: number,
): Promise<WorkItem[]> {
  await lockLane(tx, lane);
  return await deleteStream(tx, lane, kind, stream, most);
}

/** As `callOff`, of some causes of owners. */
export async function callOffOf(
  tx: Tx,
  lane: Lane,
  kind: number,
  streams: readonly number[],
  of: readonly Pick<WorkItem, 'ownerId' | 'causeId'>[],
): Promise<WorkItem[]> {
  await lockLane(tx, lane);
  return await deleteOfCauses(tx, lane, kind, streams, of);
}

/** Causes of owners of which some streams have work in the queue, in flight or not. */
export async function inQueueOf(
  db: Db,
  kind: number,
  streams: readonly number[],
  of: readonly Pick<WorkItem, 'ownerId' | 'causeId'>[],
): Promise<Pick<WorkItem, 'ownerId' | 'causeId'>[]> {
  return await selectOfCauses(db, kind, streams, of);
}

/** Work of runs that some owners have in the queue, in flight or not. */
export async function bulkWorkOf(
  db: Db,
  kind: number,
  ownerIds: readonly number[],
): Promise<Pick<WorkItem, 'ownerId' | 'causeId' | 'seq'>[]> {
  return await selectBulkOf(db, kind, ownerIds);
}

/** What senders have set apart (stream.ts), by their ids, and whether it flows. */
export async function apartStreams(db: Db): Promise<Map<number, boolean>> {
  const streams = await selectStreams(db);
  return new Map(streams.flatMap(({ stream, flowing }) => (stream < 0 ? [[-stream, flowing]] : [])));
}

/** Closes a run of which nothing is left. */
export async function closeStream(tx: Tx, stream: number): Promise<void> {
  await deleteStreamRow(tx, stream);
}
