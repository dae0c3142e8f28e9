/** Room under a frequency cap, given back by what ended without having been sent. Taking it is the outbox's (outbox/deliver/capped.ts). */
import type { Tx } from '../db/pool.ts';
import type { DeliveryKey } from './ref.ts';
import { dropMarks, lockMarks } from './sql.caps.ts';

/**
 * Gives back the room that deliveries took; part of the transaction that ends them, once their states are written. Of a cause of which
 * something was or may have been sent, or still waits, the room stays taken. Who has no marks (there is no cap) costs one look.
 */
export async function giveRoomBack(tx: Tx, ended: readonly DeliveryKey[]): Promise<void> {
  if (!ended.length) return;
  const marked = new Set(
    (await lockMarks(tx, [...new Set(ended.map(({ contactId }) => contactId))])).flatMap(
      ({ contactId, causeIds }) => causeIds.map((causeId) => keyOf({ contactId, causeId })),
    ),
  );
  const keys = new Map(ended.map((key) => [keyOf(key), key]));
  const held = [...keys].flatMap(([name, key]) => (marked.has(name) ? [key] : []));
  if (held.length) await dropMarks(tx, held);
}

/** One mark stands for a person and a cause. */
function keyOf({ contactId, causeId }: Omit<DeliveryKey, 'seq'>): string {
  return `${contactId}.${causeId}`;
}
