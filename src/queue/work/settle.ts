/** Ending what was claimed: finished work goes, other work is put off, the flight is over; all under the lanes' fences. */
import type { Batch, WorkItem } from './work.ts';
import type { Sql, Tx } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { fenceLane, fenceLanes } from '../lanes/sql.ts';
import { deleteDue, putOffDue } from './sql.ts';
import { deleteFlights } from './sql.steps.ts';

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
  await settleHeld(tx, [{ batch, settlement }]);
  return true;
}

/**
 * Ends a step of work that takes many, with what `note` writes of it in the same transaction: it says when the next step is due, undefined
 * where none is. For handlers of single items. Where the lane has changed hands nothing stands, and its new owner takes the step again.
 */
export async function settleStep(
  transact: Sql['begin'],
  batch: Batch,
  item: WorkItem,
  note: (tx: Tx) => Promise<{ dueMs: number; attempt: number } | undefined>,
): Promise<void> {
  try {
    await transact(async (tx) => {
      const next = await note(tx);
      const settled = next ? { done: [], later: [{ item, ...next }] } : { done: [item], later: [] };
      if (!(await settle(tx, batch, { ...settled, landed: true }))) throw new LaneLost(batch.lane.lane);
    });
  } catch (error) {
    if (!(error instanceof LaneLost)) throw error;
  }
}

/**
 * Those of some batches whose lanes are still held: their lanes change hands no more until the transaction ends. What is left of the
 * others is their new owners', also where that is this process again: a lane that it lost and got back is held under its last epoch only.
 */
export async function heldOf(tx: Tx, batches: readonly Batch[]): Promise<Set<Batch>> {
  const last = new Map<number, OwnedLane>();
  for (const { lane } of batches)
    if ((last.get(lane.lane)?.epoch ?? -1) < lane.epoch) last.set(lane.lane, lane);
  const held = await fenceLanes(tx, [...last.values()]);
  return new Set(
    batches.filter(({ lane }) => held.has(lane.lane) && last.get(lane.lane)!.epoch === lane.epoch),
  );
}

/** Settles batches of one kind whose lanes are fenced in this transaction. */
export async function settleHeld(
  tx: Tx,
  parts: readonly { batch: Batch; settlement: Settlement }[],
): Promise<void> {
  const kind = parts[0]!.batch.kind;
  const buckets = parts.flatMap(({ batch }) => batch.lane.buckets);
  const done = parts.flatMap(({ settlement }) => settlement.done);
  const later = parts.flatMap(({ settlement }) => settlement.later);
  const landed = parts.filter(({ settlement }) => settlement.landed);
  // Sent without waiting for each other's answers.
  await Promise.all([
    done.length ? deleteDue(tx, kind, done, buckets) : undefined,
    later.length ? putOffDue(tx, buckets, kind, later) : undefined,
    landed.length
      ? deleteFlights(
          tx,
          landed.map(({ batch: { lane, flightId } }) => ({ bucket: lane.bucket, flightId })),
        )
      : undefined,
  ]);
  for (const { batch, settlement } of parts) {
    for (const { dueMs } of settlement.later) batch.wakeAt(dueMs);
    batch.settled(settlement.done);
    batch.settled(settlement.later.map(({ item }) => item));
  }
}

/** Thrown to roll back a transaction whose lane has changed hands; caught where the transaction was begun. */
export class LaneLost extends Error {
  constructor(lane: number) {
    super(`lane ${lane} has another owner now`);
  }
}

/** Keeps lanes from changing hands until the transaction ends; returns those that have not. */
export async function fenced(tx: Tx, lanes: readonly OwnedLane[]): Promise<OwnedLane[]> {
  const held = await fenceLanes(tx, lanes);
  return lanes.filter(({ lane }) => held.has(lane));
}

/** Keeps a lane from changing hands until the transaction ends; throws `LaneLost` when it has. */
export async function fence(tx: Tx, lane: OwnedLane): Promise<void> {
  if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);
}
