/** Two contacts turn out to be one person. */
import { hushChanges, noteChanged } from './changes.ts';
import { leaveSegments } from './segments.ts';
import { fault, type Fault } from '../base/fault.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { blockKey, blocksOf } from './consent/blocks.ts';
import type { CompiledConsent } from './consent/compiled.ts';
import { leaveEverything, whoLeft } from './consent/everything.ts';
import { writeBlocksAt } from './consent/sql.blocks.ts';
import { destinationIdOf } from './keys.ts';
import { CONTACT_LIMITS } from './profile.ts';
import { deleteAllDestinations, insertConsent } from './sql.destinations.ts';
import {
  fillContact,
  insertMerged,
  insertMoved,
  lockBoth,
  moveIdentities,
  selectMerged,
  selectMerges,
  takeConsent,
} from './sql.merge.ts';
import { takePending, upsertPending } from './sql.pending.ts';
import { touchContacts } from './resolve/sql.ts';
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

/**
 * Makes one contact of two. What the survivor has stays, what it lacks comes from the other: names, attributes, identities,
 * destinations, lists, tags, consent. The conversation is the caller's to merge (conversations.ts).
 *
 * Rows of other rooms whose keys carry the contact stay as they are: messages, deliveries, due work. Their ids are out in the
 * world, in receipts and webhooks, and stand in the bucket of the contact that is gone. What was on its way reaches the
 * survivor: `selectPeople` follows the mark that is left here.
 *
 * `onlyUnnamed`: whoever has an external id by the time that they are held stays.
 */
export async function mergeContacts(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  merge: { workspaceId: number; survivingId: number; discardedId: number; onlyUnnamed?: boolean },
): Promise<Merged | Fault> {
  const { workspaceId, survivingId, discardedId } = merge;
  if (survivingId === discardedId)
    return fault('unprocessable', 'discarded: a contact cannot be merged with itself', {
      field: 'discarded',
    });
  // One after the other on the server, and one wait here.
  const [alive] = await Promise.all([
    lockBoth(tx, workspaceId, [survivingId, discardedId]),
    touchContacts(tx, [{ workspaceId, id: survivingId, externalId: null }], nowMs),
  ]);
  if (alive.size < 2) return fault('not_found', 'contact: there is none with this id');
  if (merge.onlyUnnamed && alive.get(discardedId) !== null)
    return fault('unprocessable', 'discarded: has an external id', { field: 'discarded' });
  const both = [survivingId, discardedId].map((contactId) => ({ workspaceId, contactId }));
  const left = await whoLeft(tx, both);
  const [[discarded], destinations, memberships, consent, waiting] = await Promise.all([
    deleteContacts(tx, workspaceId, [discardedId]),
    deleteAllDestinations(tx, workspaceId, [discardedId]),
    deleteMemberships(tx, [discardedId]),
    takeConsent(tx, workspaceId, discardedId),
    takePending(tx, workspaceId, [discardedId]),
    leaveSegments(tx, [discardedId]),
  ]);
  const newId = () => ids.inBucket(bucketOf(survivingId));
  const moving = destinations.map((one) => {
    const moved = { ...one, contactId: survivingId };
    return { ...moved, id: destinationIdOf(moved) };
  });
  const entries = consent
    .sort((a, b) => a.id - b.id)
    .map((entry) => ({ ...entry, id: newId(), contactId: survivingId }));
  const toId = new Map(destinations.map(({ id }, i) => [id, moving[i]!.id]));
  const setIds = memberships.map(({ setId }) => setId);
  await Promise.all([
    moving.length > 0 ? insertMoved(tx, moving) : undefined,
    moveIdentities(tx, workspaceId, discardedId, survivingId),
    setIds.length > 0 ? insertMembers(tx, workspaceId, setIds, [survivingId]) : 0,
    fillContact(tx, survivingId, discarded!, CONTACT_LIMITS.attributesBytes),
    entries.length > 0 ? insertConsent(tx, entries) : undefined,
    ...waiting.flatMap((row) => {
      const destinationId = toId.get(row.destinationId);
      return destinationId ? upsertPending(tx, { ...row, contactId: survivingId, destinationId }) : [];
    }),
    insertMerged(tx, { workspaceId, fromId: discardedId, intoId: survivingId, nowMs }),
  ]);
  noteChanged(tx, workspaceId, [survivingId]);
  hushChanges(tx);
  // A token may have been both's, and be blocked as one's only.
  const blocks = moving.length > 0 ? await blocksOf(tx, moving) : new Map<string, CompiledConsent>();
  const blocked = moving.flatMap((one) => {
    const compiled = blocks.get(blockKey(one));
    return compiled ? [{ contactId: survivingId, id: one.id, ...compiled }] : [];
  });
  if (blocked.length > 0) await writeBlocksAt(tx, blocked);
  // A no of either is one of both, at every address.
  if (left.size > 0)
    await leaveEverything(tx, ids, nowMs, [{ workspaceId, contactId: survivingId }], {
      rank: 'api',
      reason: 'unsubscribed from all',
    });
  return {
    survivingId,
    discarded: discarded!,
    destinations: destinations.map(({ id }, i) => ({ fromId: id, toId: moving[i]!.id })),
  };
}

/** When others became a contact, newest first. */
export const mergesInto = selectMerges;

/** Whom contacts became that were merged into others, by contact id; those that were not are not in it. */
export async function survivorsOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Map<number, number>> {
  return await survivorsAmong(
    db,
    contactIds.map((contactId) => ({ workspaceId, contactId })),
  );
}

/** The same of contacts of several workspaces: one statement. */
export async function survivorsAmong(
  db: Db,
  contacts: readonly { workspaceId: number; contactId: number }[],
): Promise<Map<number, number>> {
  if (contacts.length === 0) return new Map();
  const rows = await selectMerged(db, contacts);
  return new Map(rows.map(({ contactId, intoId }) => [contactId, intoId]));
}
