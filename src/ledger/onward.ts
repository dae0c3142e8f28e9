/**
 * The deliveries of one message, and those that follow: to the next destination, again to the same, to each of a person's devices. A
 * delivery and the work that sends it are written together.
 */
import type { Db, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import { isRun } from '../queue/work/stream.ts';
import type { FirstDelivery, Onward, Tried } from './delivery.ts';
import type { DeliveryKey } from './ref.ts';
import { insertQueued } from './sql.ts';
import { giveUp, insertOnward, selectTried } from './sql.fallback.ts';
import { tallyAdded } from './tallies.ts';

/** Makes the first delivery of single messages. The statements go out together. */
export async function sendFirst(queue: Queue, tx: Tx, rows: readonly FirstDelivery[]): Promise<void> {
  await Promise.all([
    insertQueued(tx, rows),
    queue.put(
      tx,
      rows.map((one) => ({ ...workOf({ ...one, seq: 0 }), stream: one.stream, dueMs: one.dueMs })),
    ),
  ]);
}

/** All deliveries that there are of messages, in the order in which they were made. */
export async function triedFor(
  db: Db,
  messages: readonly { contactId: number; causeId: number }[],
): Promise<Tried[]> {
  // Two deliveries of a message may be asked about at once: each of them is there once all the same.
  const each = new Map(messages.map((one) => [`${one.contactId}.${one.causeId}`, one]));
  return each.size ? await selectTried(db, [...each.values()]) : [];
}

/** Makes deliveries of single messages to destinations that are decided on, to be sent at `dueMs`, by our clock. */
export async function sendOnward(
  queue: Queue,
  tx: Tx,
  onward: readonly (Onward & { stream: number })[],
  dueMs: number,
): Promise<void> {
  await insertOnward(tx, onward);
  await queue.put(
    tx,
    onward.map((one) => ({ ...workOf(one), stream: one.stream, dueMs })),
  );
}

/** A delivery that becomes one for each destination; the first is its own. `item` is its work. */
type SpreadOut = {
  item: { ownerId: number; causeId: number; seq: number; stream: number; dueMs: number };
  spread: { destinationIds: readonly number[] } & Omit<
    Onward,
    keyof DeliveryKey | 'destinationId' | 'trail' | 'integrationId'
  >;
};

/** Makes of deliveries one for each destination, and work for those that are new. `bucket` is the first of their lane. */
export async function spreadOut(
  queue: Queue,
  tx: Tx,
  bucket: number,
  spreads: readonly SpreadOut[],
): Promise<void> {
  if (!spreads.length) return;
  const onward = spreads.flatMap(({ item, spread: { destinationIds, ...shared } }) =>
    destinationIds.map((destinationId, index) => ({
      ...shared,
      contactId: item.ownerId,
      causeId: item.causeId,
      seq: item.seq + index,
      destinationId,
      trail: null,
      item,
    })),
  );
  await insertOnward(tx, onward);
  const added = onward.filter(({ seq, item }) => seq !== item.seq);
  await queue.put(
    tx,
    added.map((one) => ({ ...workOf(one), stream: one.item.stream, dueMs: one.item.dueMs })),
  );
  // What is queued is whatever the tallies leave over of the audience: these deliveries are more than it has people.
  const { stream } = spreads[0]!.item;
  if (isRun(stream)) await tallyAdded(tx, bucket, stream, added.length);
}

/** Notes that a message was moved on from deliveries that may still arrive, so that they do not keep it from moving on again. */
export async function giveUpOn(tx: Tx, keys: readonly DeliveryKey[]): Promise<void> {
  await giveUp(tx, keys);
}

function workOf({ contactId, causeId, seq, workspaceId }: DeliveryKey & { workspaceId: number }) {
  return { kind: KIND.delivery, ownerId: contactId, causeId, seq, workspaceId };
}
