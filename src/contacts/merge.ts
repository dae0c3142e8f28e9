/** Two contacts turn out to be one person. */
import { fault, type Fault } from '../base/fault.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { destinationIdOf } from './keys.ts';
import { CONTACT_LIMITS } from './profile.ts';
import { deleteAllDestinations, insertConsent } from './sql.destinations.ts';
import { fillContact, insertMoved, moveIdentities, takeConsent } from './sql.merge.ts';
import { touchContacts } from './sql.resolve.ts';
import { deleteMemberships, insertMembers } from './sql.sets.ts';
import { type Contact, deleteContacts } from './sql.ts';

/** What a merge did in this room. */
export type Merged = {
  survivingId: number;
  /** The contact that is gone, as it was. */
  discarded: Contact;
  /** Destinations that moved; `toId` may be one the survivor had. */
  destinations: { fromId: number; toId: number }[];
};

/** Rows elsewhere that name a contact, and that the caller of mergeContacts moves in the same transaction. */
export const ROWS_OF_OTHER_ROOMS = [
  { table: 'conversations', room: 'conversations', columns: ['contact_id'] },
  { table: 'messages', room: 'conversations', columns: ['contact_id'] },
  { table: 'deliveries', room: 'outbox', columns: ['contact_id', 'destination_id'] },
  { table: 'due', room: 'queue', columns: ['owner_id'] },
] as const;

/**
 * Makes one contact of two. What the survivor has stays, what it lacks comes from the other: names, attributes, identities,
 * destinations, lists, tags, consent. The rows in ROWS_OF_OTHER_ROOMS are the caller's to move.
 */
export async function mergeContacts(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  merge: { workspaceId: number; survivingId: number; discardedId: number },
): Promise<Merged | Fault> {
  const { workspaceId, survivingId, discardedId } = merge;
  if (survivingId === discardedId)
    return fault('unprocessable', 'discarded: a contact cannot be merged with itself', {
      field: 'discarded',
    });
  // In order of id, so that two merges of the same two wait for each other instead of locking each other out.
  const touch = (id: number) => touchContacts(tx, [{ workspaceId, id, externalId: null }], nowMs);
  const alive = await Promise.all([survivingId, discardedId].sort((a, b) => a - b).map(touch));
  if (alive.some((one) => one.size === 0)) return fault('not_found', 'contact: there is none with this id');
  const [[discarded], destinations, memberships, consent] = await Promise.all([
    deleteContacts(tx, workspaceId, [discardedId]),
    deleteAllDestinations(tx, workspaceId, [discardedId]),
    deleteMemberships(tx, [discardedId]),
    takeConsent(tx, workspaceId, discardedId),
  ]);
  const newId = () => ids.inBucket(bucketOf(survivingId));
  const moving = destinations.map((one) => {
    const moved = { ...one, contactId: survivingId };
    return { ...moved, id: destinationIdOf(moved) };
  });
  const entries = consent
    .sort((a, b) => a.id - b.id)
    .map((entry) => ({ ...entry, id: newId(), contactId: survivingId }));
  const setIds = memberships.map(({ setId }) => setId);
  await Promise.all([
    moving.length > 0 ? insertMoved(tx, moving) : undefined,
    moveIdentities(tx, workspaceId, discardedId, survivingId),
    setIds.length > 0 ? insertMembers(tx, workspaceId, setIds, [survivingId]) : 0,
    fillContact(tx, survivingId, discarded!, CONTACT_LIMITS.attributesBytes),
    entries.length > 0 ? insertConsent(tx, entries) : undefined,
  ]);
  return {
    survivingId,
    discarded: discarded!,
    destinations: destinations.map(({ id }, i) => ({ fromId: id, toId: moving[i]!.id })),
  };
}
