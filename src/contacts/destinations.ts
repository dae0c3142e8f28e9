/** The addresses of contacts: linking, unlinking, where they stand, and when their people were heard. What blocks them: consent/. */
import { fault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { liftBlocks } from './consent/blocks.ts';
import { readBlocks } from './consent/compiled.ts';
import { addressOf, destinationIdOf, type Identity, keyOf, keyText, identityOfAddress } from './keys.ts';
import { followLinks } from './linked.ts';
import type { DestinationStatus, WantedDestination } from './wanted.ts';
import {
  type ConsentEntry,
  deleteDestinations,
  type Destination,
  type DestinationRef,
  selectConsent,
  selectDestinations,
  updateContactsInbound,
  updateInbound,
  updateStatus,
} from './sql.destinations.ts';
import { deletePending } from './sql.pending.ts';
import { claimIdentities, insertDestinations, releaseIdentities, touchContacts } from './resolve/sql.ts';

export type { Destination, DestinationRef } from './sql.destinations.ts';

/** The destinations of contacts, oldest first. */
export async function destinationsOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Destination[]> {
  return contactIds.length > 0 ? await selectDestinations(db, workspaceId, contactIds) : [];
}

/** A link that was made or was there; `conflictsWith` instead of a destination when the address is another contact's. */
type Linked = { destinationId: number; created: boolean } | { conflictsWith: number };

/**
 * Links an address to a contact. Changes nothing when the address is another contact's: whoever asked decides whether to
 * unlink it there or to merge the two.
 */
export async function linkDestination(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  link: WantedDestination & { workspaceId: number; contactId: number },
): Promise<Linked | Fault> {
  const { workspaceId, contactId } = link;
  // The lock first: what is added to a contact is added before its erasure or not at all.
  const alive = await touchContacts(tx, [{ workspaceId, id: contactId, externalId: null }], nowMs);
  if (!alive.has(contactId)) return fault('not_found', 'contact: there is none with this id');
  const identity = identityOfAddress(link.channel, link.address);
  if (identity) {
    const key = keyOf(workspaceId, identity);
    const [owner] = await claimIdentities(tx, [{ ...key, contactId }]);
    if (owner && owner.contactId !== contactId) return { conflictsWith: owner.contactId };
  }
  const key = { ...link, address: addressOf(link.channel, link.address) };
  const row = {
    ...key,
    id: destinationIdOf(key),
    status: link.status ?? 'active',
    displayName: link.displayName ?? null,
    raw: link.raw === undefined ? null : JSON.stringify(link.raw),
  };
  const [destination] = await insertDestinations(tx, [row], nowMs);
  if (destination!.inserted) await followLinks(tx, ids, nowMs, [row], [link]);
  return { destinationId: destination!.id, created: destination!.inserted };
}

/** Unlinks destinations; an address that is linked nowhere else is free for others. Returns what was unlinked. */
export async function unlinkDestinations(
  tx: Tx,
  nowMs: number,
  workspaceId: number,
  refs: readonly DestinationRef[],
): Promise<Destination[]> {
  if (refs.length === 0) return [];
  const contactIds = [...new Set(refs.map((ref) => ref.contactId))];
  await touchContacts(
    tx,
    contactIds.map((id) => ({ workspaceId, id, externalId: null })),
    nowMs,
  );
  const [gone] = await Promise.all([
    deleteDestinations(tx, workspaceId, refs),
    deletePending(tx, workspaceId, refs),
  ]);
  const left = await selectDestinations(tx, workspaceId, contactIds);
  const kept = new Set(left.flatMap(claimTexts));
  const free = gone
    .flatMap((one) => claimsOf(one).map((identity) => ({ one, identity })))
    .map(({ one, identity }) => ({ ...keyOf(workspaceId, identity), contactId: one.contactId }))
    .filter((claim) => !kept.has(`${claim.contactId}|${keyText(claim)}`));
  if (free.length > 0) await releaseIdentities(tx, free);
  return gone;
}

/** Sets where destinations stand; returns those that are there. */
export async function setDestinationStatus(
  tx: Tx,
  workspaceId: number,
  changes: readonly (DestinationRef & { status: DestinationStatus })[],
): Promise<Destination[]> {
  return changes.length > 0 ? await updateStatus(tx, workspaceId, changes) : [];
}

/**
 * Records that the person wrote, on the destination and the contact; of several for one, the latest counts. An address that writes
 * is alive, whatever a bounce has said of it.
 */
export async function recordInbound(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  inbound: readonly (DestinationRef & {
    workspaceId: number;
    atMs: number;
    displayName?: string | undefined;
    raw?: unknown;
  })[],
): Promise<void> {
  const latest = [...inbound].sort((a, b) => a.atMs - b.atMs || a.contactId - b.contactId);
  const destinations = new Map(latest.map((one) => [one.destinationId, one]));
  const contacts = new Map(latest.map((one) => [one.contactId, one]));
  if (latest.length === 0) return;
  const rows = [...destinations.values()].map((one) => ({
    ...one,
    displayName: one.displayName ?? null,
    raw: one.raw === undefined ? null : JSON.stringify(one.raw),
  }));
  const [, blocked] = await Promise.all([
    updateContactsInbound(tx, [...contacts.values()]),
    updateInbound(tx, rows),
  ]);
  const revived = blocked.filter(({ blocks }) => readBlocks(blocks)?.some(({ cause }) => cause === 'dead'));
  await liftBlocks(
    tx,
    ids,
    nowMs,
    revived.map((at) => ({ ...at, causes: ['dead'], by: 'person', reason: 'wrote to us' })),
  );
}

/** What was decided about the addresses of a contact, oldest first. */
export async function consentOf(db: Db, workspaceId: number, contactId: number): Promise<ConsentEntry[]> {
  return await selectConsent(db, workspaceId, contactId);
}

function identityOf(destination: Destination): Identity[] {
  const identity = identityOfAddress(destination.channel, destination.address);
  return identity ? [identity] : [];
}

/** What is claimed with a destination: for a device, its token. */
function claimsOf(destination: Destination): Identity[] {
  const { channel, address } = destination;
  return channel === 'push' ? [{ kind: 'token', value: address }] : identityOf(destination);
}

function claimTexts(destination: Destination): string[] {
  return claimsOf(destination).map(
    (identity) => `${destination.contactId}|${keyText(keyOf(destination.workspaceId, identity))}`,
  );
}
