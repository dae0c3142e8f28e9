/** References of orders that go: what had them before has them again. */
import { refuses, type Fault } from '../base/fault.ts';
import type { Tx } from '../db/pool.ts';
import { ORDER_LIMITS } from './order.ts';
import { lockReferences, writeReferences, type Reference } from './sql.ts';

/** A reference with whose it is, as one text. */
export const referenceText = ({ workspaceId, clientId, reference }: Omit<Reference, 'orderId'>) =>
  `${workspaceId}|${clientId}|${reference}`;

/** Takes references from orders that are gone, or have another; part of the transaction. */
export async function dropReferences(tx: Tx, gone: readonly Reference[]): Promise<void> {
  const byName = Map.groupBy(gone, referenceText);
  if (!byName.size) return;
  const locked = await lockReferences(
    tx,
    [...byName.values()].map(([first]) => first!),
  );
  await writeReferences(
    tx,
    locked.map((one) => {
      const ids = new Set(byName.get(referenceText(one))!.map(({ orderId }) => orderId));
      return { ...one, orderIds: one.orderIds.filter((id) => !ids.has(id)) };
    }),
  );
}

/** Why a reference is given to no other order. */
export function tooManyOf({ path }: { path: (field: 'reference') => string }): Fault {
  return refuses(path('reference'), `at most ${ORDER_LIMITS.sameReference} orders may have the same`);
}
