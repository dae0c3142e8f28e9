/** What becomes of events when a person is erased, and when two turn out to be one. */
import { bucketOf, type IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Erasing, Merging } from '../../db/room.ts';
import type { Queue } from '../../queue/queue.ts';
import { ARRIVAL, insertArrivals } from './sql.ts';
import { deleteEventsOf, moveArrivals, moveEvents, moveKeys, moveStats } from './sql.people.ts';
import { FLAG } from './time.ts';

type TellDeps = { queue: Pick<Queue, 'laneOf' | 'turn'>; ids: IdSource };

/** All they did goes. */
export async function eraseEvents({ tx, contactIds }: Erasing): Promise<void> {
  await deleteEventsOf(tx, contactIds);
}

/**
 * What was done becomes the survivor's, so that a look at a time back is one range of one contact; keys move with it, so that a
 * repeat stays one event, and what was not taken yet is taken as the survivor's. It sets nothing off, but for what somebody did whom
 * nobody knew until now.
 */
export async function mergeEvents(
  deps: TellDeps,
  { tx, workspaceId, survivingId, discardedId, atMs }: Merging,
): Promise<void> {
  const { hasHeld, twice } = await moveEvents(tx, discardedId, survivingId);
  if (hasHeld) await tellChanged(deps, { tx, workspaceId, contactId: survivingId, atMs }, FLAG.unnamed);
  await moveStats(tx, discardedId, survivingId, twice);
  await moveKeys(tx, discardedId, survivingId);
  const lane = await moveArrivals(tx, discardedId, survivingId);
  if (lane !== undefined) deps.queue.turn(tx, new Set([lane]));
}

/** Somebody who is in campaigns became one with another: what either did may be what they wait for there. It lets nobody in. */
export async function tellMerged(deps: TellDeps, of: Who): Promise<void> {
  await tellChanged(deps, of, FLAG.merged);
}

type Who = { tx: Tx; workspaceId: number; contactId: number; atMs: number };

/** Tells the contact's lane that they are to be looked at, without setting anything off. */
async function tellChanged(
  { queue, ids }: TellDeps,
  { tx, workspaceId, contactId, atMs }: Who,
  flag: number,
): Promise<void> {
  const lane = queue.laneOf(bucketOf(contactId));
  const id = ids.inOrder();
  const of = { workspaceId, contactId, kind: ARRIVAL.changed, nameId: null, properties: null };
  const flags = flag | FLAG.history;
  await insertArrivals(tx, [{ ...of, id, lane, atMs, receivedMs: atMs, key: id, flags }]);
  queue.turn(tx, new Set([lane]));
}
