/** Ending what was claimed: finished work goes, other work is put off, the flight is over; all under the lane's fence. */
import type { Tx } from '../../db/pool.ts';
import { fenceLane, type OwnedLane } from '../lanes/sql.ts';
import { deleteDue, putOffDue } from './sql.ts';
import type { WorkItem } from './core.ts';
import { deleteFlight } from './sql.steps.ts';
import type { Steps } from './steps.ts';

export type { OwnedLane } from '../lanes/sql.ts';

/** A batch as a handler gets it. */
export type Batch = {
  lane: OwnedLane;
  flightId: number;
  kind: number;
  stream: number;
  items: WorkItem[];
  /** When it was claimed, by our clock. */
  claimedMs: number;
  /**
   * True when a former owner of the lane had claimed it and is gone. The items are those that may have begun: whether their work was
   * done is not known, but for those of `noted`.
   */
  abandoned: boolean;
  /** What was noted of items of an abandoned batch. */
  noted: ReadonlyMap<WorkItem, unknown>;
  /** Where it is written down what begins. */
  steps: Steps;
  /** False once this process may no longer own the lane; looked at before anything that cannot be taken back. */
  holds(): boolean;
  /** Says that work of this lane falls due soon, so that nobody has to look for it. */
  wakeAt(dueMs: number): void;
  /** Told of items that need no room in flight any more, though others of the batch may; once or more for each. */
  settled(items: readonly WorkItem[]): void;
};

/** What became of some or all items of a batch. */
export type Settlement = {
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
