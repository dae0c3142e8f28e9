/**
 * What goes with an address that becomes a contact's, by whatever door: what blocks it blocks it there, who has left everything has
 * left there too, and a device leaves whoever had it. In the transaction that links it, after the contact was locked.
 */
import type { IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { blockKey, blocksOf } from './consent/blocks.ts';
import { leaveEverything, leftAmong, markOf, type Someone } from './consent/everything.ts';
import { writeBlocksAt } from './consent/sql.blocks.ts';
import { takeDevices } from './devices.ts';
import type { DestinationKey } from './keys.ts';

/** A destination that is new. */
type Fresh = DestinationKey & { id: number };

/** Does it. `known`: the contacts among them that were there before; the others cannot have left. */
export async function followLinks(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  fresh: readonly Fresh[],
  known: readonly Someone[],
): Promise<void> {
  if (!fresh.length) return;
  const [blocks] = await Promise.all([
    blocksOf(tx, [...fresh, ...known.map(markOf)]),
    takeDevices(tx, fresh),
  ]);
  if (!blocks.size) return;
  const blocked = fresh.flatMap(({ contactId, id, ...at }) => {
    const compiled = blocks.get(blockKey({ ...at, contactId }));
    return compiled ? [{ contactId, id, ...compiled }] : [];
  });
  if (blocked.length) await writeBlocksAt(tx, blocked);
  const left = leftAmong(blocks, known);
  if (left.length)
    await leaveEverything(tx, ids, nowMs, left, { rank: 'api', reason: 'unsubscribed from all' });
}
