/** Telling, by the feed, that contacts are there no more: pages that show them are told once it is committed. */
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';

/**
 * `contact.gone`: contacts that were erased together, or the one that has become another (`intoId`). `listedIds`: those of them that were
 * in the inbox, where every page may show them; of the rest only who has their page open is told.
 */
export type ContactsGone = { contactIds: number[]; listedIds: number[]; intoId?: number };

/** Puts it on the feed, in the transaction in which they go. */
export async function tellContactsGone(
  queue: Pick<Queue, 'append'>,
  tx: Tx,
  gone: { workspaceId: number; atMs: number; payload: ContactsGone },
): Promise<void> {
  const [ownerId] = gone.payload.contactIds;
  if (ownerId !== undefined) await queue.append(tx, [{ ...gone, ownerId, type: 'contact.gone' }]);
}
