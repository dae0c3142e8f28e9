/** What becomes of deliveries that were called off: each counts once, as canceled or as what it was already. */
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { giveRoomBack } from './caps.ts';
import { changeTold, tellOfDeliveries } from './events.ts';
import type { DeliveryKey } from './ref.ts';
import { cancelWaiting } from './sql.cancel.ts';
import { addTallies } from './sql.ts';
import { STATE } from './states.ts';

/**
 * Ends deliveries of one lane whose work was taken out of the queue. Who had no row yet gets none: the tally tells. `bucket` is the
 * lane's first, `atMs` by the workspace's clock.
 */
export async function callOffDeliveries(
  queue: Queue,
  tx: Tx,
  run: { runId: number; workspaceId: number },
  bucket: number,
  keys: readonly DeliveryKey[],
  atMs: number,
): Promise<void> {
  if (!keys.length) return;
  const known = await cancelWaiting(tx, keys, atMs);
  const moved = known.filter((one) => one.moved);
  const held = moved.filter(({ state }) => state === STATE.held).length;
  const canceled = keys.length - known.length + moved.length;
  const tallies = [
    { bucket, causeId: run.runId, state: STATE.canceled, n: canceled },
    { bucket, causeId: run.runId, state: STATE.held, n: -held },
  ].filter(({ n }) => n !== 0);
  if (tallies.length) await addTallies(tx, tallies);
  await giveRoomBack(tx, keys);
  if (!moved.length) return;
  const changes = moved.map(({ state, moved: _moved, ...key }) =>
    changeTold({ ...key, state: STATE.canceled, priorState: state }, atMs),
  );
  const { workspaceId } = run;
  await tellOfDeliveries(queue, tx, [
    { ownerId: moved[0]!.contactId, workspaceId, atMs, bulk: true, changes },
  ]);
}

/** Ends deliveries of single messages whose work was taken out of the queue; of one lane. `atMs` by the workspace's clock. */
export async function callOffSingles(
  queue: Queue,
  tx: Tx,
  workspaceId: number,
  keys: readonly DeliveryKey[],
  atMs: number,
): Promise<void> {
  if (!keys.length) return;
  const moved = (await cancelWaiting(tx, keys, atMs)).filter((one) => one.moved);
  await giveRoomBack(tx, keys);
  await tellOfDeliveries(
    queue,
    tx,
    moved.map(({ state, moved: _moved, ...key }) => ({
      ownerId: key.contactId,
      workspaceId,
      atMs,
      bulk: false,
      changes: [changeTold({ ...key, state: STATE.canceled, priorState: state }, atMs)],
    })),
  );
}
