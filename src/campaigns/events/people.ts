/** What becomes of events when a person is erased, and when two turn out to be one. */
import type { Erasing, Merging } from '../../db/room.ts';
import { deleteEventsOf, moveArrivals, moveEvents, moveKeys, moveStats } from './sql.people.ts';

/** All they did goes. */
export async function eraseEvents({ tx, contactIds }: Erasing): Promise<void> {
  await deleteEventsOf(tx, contactIds);
}

/**
 * What was done becomes the survivor's, so that a look at a time back is one range of one contact; keys move with it, so that a
 * repeat stays one event, and what was not taken yet is taken as the survivor's.
 */
export async function mergeEvents({ tx, survivingId, discardedId }: Merging): Promise<void> {
  await moveEvents(tx, discardedId, survivingId);
  await moveStats(tx, discardedId, survivingId);
  await moveKeys(tx, discardedId, survivingId);
  await moveArrivals(tx, discardedId, survivingId);
}
