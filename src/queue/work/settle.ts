/** Ending what was claimed: finished work goes, other work is put off, the flight is over; all under the lane's fence. */
import type { Batch, WorkItem } from './work.ts';
import type { Tx } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { fenceLane } from '../lanes/sql.ts';
import { deleteDue, putOffDue } from './sql.ts';
import { deleteFlight } from './sql.steps.ts';

/** What became of some or all items of a batch. */
type Settlement = {
  done: readonly WorkItem[];
  /** To be tried (again) at `dueMs`; `attempt` is how often it was tried by then. */
  later: readonly { item: WorkItem; dueMs: number; attempt: number }[];
  /** True with the last of the batch: the flight is over. */
  landed: boolean;
};

/**
 * Settles in the transaction of whatever else the outcome means. False when the lane has changed hands: then nothing of
 * this transaction may stand, and the caller rolls it back.
 */
export async function settle(tx: Tx, batch: Batch, settlement: Settlement): Promise<boolean> {
  if (!(await fenceLane(tx, batch.lane))) return false;
  if (settlement.done.length) await deleteDue(tx, batch.lane, batch.kind, settlement.done);
  if (settlement.later.length) {
    await putOffDue(tx, batch.lane, batch.kind, settlement.later);
    for (const { dueMs } of settlement.later) batch.wakeAt(dueMs);
  }
  if (settlement.landed) await deleteFlight(tx, batch.lane, batch.flightId);
  batch.settled(settlement.done);
  batch.settled(settlement.later.map(({ item }) => item));
  return true;
}

/** Thrown to roll back a transaction whose lane has changed hands; caught where the transaction was begun. */
export class LaneLost extends Error {
  constructor(lane: number) {
    super(`lane ${lane} has another owner now`);
  }
}

/** Keeps a lane from changing hands until the transaction ends; throws `LaneLost` when it has. */
export async function fence(tx: Tx, lane: OwnedLane): Promise<void> {
  if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);
}
