/**
 * How many deliveries of a run are in which state, kept where they are written: a row a lane and state. What is queued is not
 * tallied: it is whatever the other states leave over of the audience.
 */
import type { Db, Tx } from '../db/pool.ts';
import type { Change } from './delivery.ts';
import type { AcceptedInRun } from './events.ts';
import { addTallies, selectTallies } from './sql.ts';
import { STATE, type StateCode } from './states.ts';

/** A number that a tally goes up by. */
export type Tally = { causeId: number; state: StateCode; n: number };

/** Counts what changed of runs in one lane; `bucket` is the lane's first. Part of the transaction that changed it. */
export async function tallyChanges(
  tx: Tx,
  bucket: number,
  changes: readonly Change[],
  accepted: readonly AcceptedInRun[] = [],
): Promise<void> {
  const tallies = tallyOf(changes, accepted);
  if (tallies.length) await addTallies(tx, bucket, tallies);
}

/** Counts deliveries that a run has beyond one for each of its people. */
export async function tallyAdded(tx: Tx, bucket: number, runId: number, n: number): Promise<void> {
  await addTallies(tx, bucket, [{ causeId: runId, state: STATE.queued, n: -n }]);
}

/** How many deliveries of a run are in each state; `buckets` are the first of its lanes. */
export async function talliesOf(
  db: Db,
  buckets: readonly number[],
  runId: number,
): Promise<{ state: StateCode; n: number }[]> {
  return await selectTallies(db, buckets, runId);
}

/** What changes of state mean for the tallies of their runs. */
export function tallyOf(changes: readonly Change[], accepted: readonly AcceptedInRun[] = []): Tally[] {
  const sums = new Map<string, Tally>();
  const add = (causeId: number, state: StateCode, n: number) => {
    const key = `${causeId}:${state}`;
    const sum = sums.get(key);
    if (sum) sum.n += n;
    else sums.set(key, { causeId, state, n });
  };
  for (const { causeId, contactIds } of accepted) add(causeId, STATE.accepted, contactIds.length);
  for (const { causeId, state, priorState } of changes) {
    if (state === priorState) continue;
    add(causeId, state, 1);
    if (priorState !== null && priorState !== STATE.queued) add(causeId, priorState, -1);
  }
  return [...sums.values()].filter(({ n }) => n !== 0);
}
