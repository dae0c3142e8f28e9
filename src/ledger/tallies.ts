/**
 * How many deliveries of a run are in which state, kept where they are written: a row a lane and state. What is queued is not
 * tallied: it is whatever the other states leave over of the audience.
 */
import { bucketOf } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import type { StateChange } from './delivery.ts';
import type { AcceptedInRun } from './events.ts';
import { addTallies, selectTallies } from './sql.ts';
import { STATE, type StateCode } from './states.ts';

/** A number that a tally goes up by. What belongs to a lane is kept in its first bucket. */
type Tally = { bucket: number; causeId: number; state: StateCode; n: number };

/** Counts what changed of runs in one lane, whose first bucket it is; part of the transaction that changed it. */
export async function tallyLane(
  tx: Tx,
  bucket: number,
  changes: readonly StateChange[],
  accepted: readonly AcceptedInRun[] = [],
): Promise<void> {
  const tallies = tallyOf(bucket, changes, accepted);
  if (tallies.length) await addTallies(tx, tallies);
}

/** Counts what changed of runs in any lanes, in one order everywhere: who counts at the same time waits, and nobody for each other. */
export async function tallyLanes(
  queue: Pick<Queue, 'lanes' | 'laneOf'>,
  tx: Tx,
  changes: readonly StateChange[],
): Promise<void> {
  const lanes = queue.lanes();
  const tallies = [...Map.groupBy(changes, ({ contactId }) => queue.laneOf(bucketOf(contactId)))]
    .flatMap(([lane, list]) => tallyOf(lanes[lane]!.bucket, list))
    .sort((a, b) => a.bucket - b.bucket || a.causeId - b.causeId || a.state - b.state);
  if (tallies.length) await addTallies(tx, tallies);
}

/** Counts deliveries that a run has beyond one for each of its people. */
export async function tallyAdded(tx: Tx, bucket: number, runId: number, n: number): Promise<void> {
  await addTallies(tx, [{ bucket, causeId: runId, state: STATE.queued, n: -n }]);
}

/** How many deliveries of a run are in each state; `buckets` are the first of its lanes. */
export async function talliesOf(
  db: Db,
  buckets: readonly number[],
  runId: number,
): Promise<{ state: StateCode; n: number }[]> {
  return await selectTallies(db, buckets, runId);
}

/** What changes of state in one lane mean for the tallies of their runs. */
export function tallyOf(
  bucket: number,
  changes: readonly StateChange[],
  accepted: readonly AcceptedInRun[] = [],
): Tally[] {
  const sums = new Map<string, Tally>();
  const add = (causeId: number, state: StateCode, n: number) => {
    const key = `${causeId}:${state}`;
    const sum = sums.get(key);
    if (sum) sum.n += n;
    else sums.set(key, { bucket, causeId, state, n });
  };
  for (const { causeId, contactIds } of accepted) add(causeId, STATE.accepted, contactIds.length);
  for (const { causeId, state, priorState } of changes) {
    if (state === priorState) continue;
    add(causeId, state, 1);
    if (priorState !== null && priorState !== STATE.queued) add(causeId, priorState, -1);
  }
  return [...sums.values()].filter(({ n }) => n !== 0);
}
