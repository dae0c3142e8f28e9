/**
 * Erasing a person, making one of two, and telling what is kept of one (`export.ts`): asks all rooms, each of which declares where its
 * rows can name one and what it does there (`room.ts` in each). It has no row of its own and no rule on another's.
 *
 * What stays of somebody who was erased is what the law or the books need: that something was sent (without to whom and what), the
 * consent log and blocks with proofs for addresses, and counts.
 */
import { isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import { eraseContacts, idsOfPerson, type Erased } from '../contacts/contacts.ts';
import { mergeContacts, type Merged } from '../contacts/merge.ts';
import { overtaken, type Tx } from '../db/pool.ts';
import type { Room } from '../db/room.ts';
import { holdLanes } from '../queue/lanes/still.ts';
import type { Queue } from '../queue/queue.ts';

/** What it takes. Rooms are asked in the order of their list. */
type PeopleDeps = {
  ids: IdSource;
  queue: Pick<Queue, 'lanes' | 'laneOf'>;
  rooms: () => readonly Room[];
};

/**
 * Erases a contact and all it was merged from; undefined when there is none. `atMs` is by the workspace's clock. The lanes of the person
 * stand still meanwhile: what is being settled or told is over before, or finds that they are gone.
 */
export async function erasePerson(
  deps: PeopleDeps,
  tx: Tx,
  person: { workspaceId: number; contactId: number; atMs: number; afterCommit: (run: () => void) => void },
): Promise<Erased | undefined> {
  const { workspaceId, contactId, atMs, afterCommit } = person;
  const known = await idsOfPerson(tx, workspaceId, contactId);
  if (!known) return undefined;
  await holdLanes(tx, deps.queue, known);
  for (const room of deps.rooms())
    await room.eraseFirst?.({ tx, workspaceId, contactIds: known, addresses: [], atMs, afterCommit });
  const [erased] = await eraseContacts(tx, deps.ids, atMs, workspaceId, [contactId]);
  if (!erased) return undefined;
  const contactIds = [contactId, ...erased.mergedIds];
  // Somebody was merged into them meanwhile, whose lane does not stand still.
  if (contactIds.some((id) => !known.includes(id))) throw overtaken('somebody became the one who is erased');
  const { addresses } = erased;
  for (const room of deps.rooms())
    await room.erase?.({ tx, workspaceId, contactIds, addresses, atMs, afterCommit });
  return erased;
}

/** Makes one person of two contacts. `atMs` is by the workspace's clock. */
export async function mergePeople(
  deps: Omit<PeopleDeps, 'queue'>,
  tx: Tx,
  atMs: number,
  pair: { workspaceId: number; survivingId: number; discardedId: number; onlyUnnamed?: boolean },
): Promise<Merged | Fault> {
  const merging = { tx, ...pair, atMs };
  for (const room of deps.rooms()) await room.mergeFirst?.(merging);
  const merged = await mergeContacts(tx, deps.ids, atMs, pair);
  if (isFault(merged)) return merged;
  for (const room of deps.rooms()) await room.merge?.(merging);
  return merged;
}
