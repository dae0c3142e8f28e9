/**
 * The addresses of contacts: linking, where they stand, what may not be sent to them, and the words by which people say so.
 * Consent is kept three times on purpose: on the destination for the gate, in suppressions for addresses that will be
 * linked later, and in the consent log as the proof.
 */
import type { ChannelName, MessageClass } from '../../contract/channels.ts';
import { fault, type Fault } from '../base/fault.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import {
  addressOf,
  destinationIdOf,
  type Identity,
  keyOf,
  keyText,
  identityOfAddress,
  suppressionKey,
  suppressionText,
} from './keys.ts';
import type { DestinationStatus, WantedDestination } from './resolve.ts';
import {
  blockAddresses,
  blockFound,
  type ConsentEntry,
  deleteDestinations,
  type Destination,
  type DestinationRef,
  insertConsent,
  mergeSuppressions,
  reduceSuppressions,
  selectConsent,
  selectDestinations,
  unblockAddresses,
  updateContactsInbound,
  updateInbound,
  updateStatus,
} from './sql.destinations.ts';
import { deletePending } from './sql.pending.ts';
import {
  claimIdentities,
  insertDestinations,
  ownersOf,
  releaseIdentities,
  suppressionsOf,
  touchContacts,
} from './sql.resolve.ts';

export type { Destination, DestinationRef } from './sql.destinations.ts';

/** The bit of each message class in `blockedClasses`. */
export const CLASS_BIT: Readonly<Record<MessageClass, number>> = {
  transactional: 1,
  marketing: 2,
  authentication: 4,
};

/** The bits of several classes. */
export function bitsOf(classes: readonly MessageClass[]): number {
  return classes.reduce((bits, one) => bits | CLASS_BIT[one], 0);
}

/** What a whole message asks for when it is one of the words every carrier knows; "don't stop" is not one. */
export function keywordOf(text: string): 'stop' | 'start' | 'help' | undefined {
  return KEYWORDS.get(text.trim().toUpperCase());
}

// CTIA Messaging Principles §5.1.3, and what Twilio handles by default.
const KEYWORDS = new Map<string, 'stop' | 'start' | 'help'>([
  ['STOP', 'stop'],
  ['STOPALL', 'stop'],
  ['UNSUBSCRIBE', 'stop'],
  ['CANCEL', 'stop'],
  ['END', 'stop'],
  ['QUIT', 'stop'],
  ['START', 'start'],
  ['UNSTOP', 'start'],
  ['HELP', 'help'],
  ['INFO', 'help'],
]);

/** The destinations of contacts, oldest first. */
export async function destinationsOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Destination[]> {
  return contactIds.length > 0 ? await selectDestinations(db, workspaceId, contactIds) : [];
}

/** A link that was made or was there; `conflictsWith` instead of a destination when the address is another contact's. */
export type Linked = { destinationId: number; created: boolean } | { conflictsWith: number };

/**
 * Links an address to a contact. Changes nothing when the address is another contact's: whoever asked decides whether to
 * unlink it there or to merge the two.
 */
export async function linkDestination(
  tx: Tx,
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
  const [[destination], [suppression]] = await Promise.all([
    insertDestinations(tx, [row], nowMs),
    suppressionsOf(tx, [suppressionKey(workspaceId, link.channel, link.address)]),
  ]);
  if (suppression) await blockFound(tx, [{ contactId, id: destination!.id, ...suppression }]);
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
  const contactIds = [...new Set(refs.map((ref) => ref.contactId))].sort((a, b) => a - b);
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
    .flatMap((one) => identityOf(one).map((identity) => ({ one, identity })))
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

/** Records that the person wrote, on the destination and the contact; of several for one, the latest counts. */
export async function recordInbound(
  tx: Tx,
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
  await Promise.all([updateContactsInbound(tx, [...contacts.values()]), updateInbound(tx, rows)]);
}

/** Classes of messages that may no longer be sent to an address, or may be sent again. */
export type Block = {
  workspaceId: number;
  channel: ChannelName;
  address: string;
  /** The contact whose address it is; looked up by the address when it is not given, and there may be none. */
  contactId?: number | undefined;
  classes: readonly MessageClass[];
  /** `stop`, `start`, `bounce`, `complaint`, or whatever an operator wrote. */
  reason: string;
};

/** Blocks classes on an address: on the contact's destinations with it, for those made later, and in the consent log. */
export async function blockDestination(tx: Tx, ids: IdSource, nowMs: number, block: Block): Promise<void> {
  await blockDestinations(tx, ids, nowMs, [block]);
}

/** As blockDestination, for a batch. */
export async function blockDestinations(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  blocks: readonly Block[],
): Promise<void> {
  const rows = await ownedBlocks(tx, blocks);
  if (rows.length === 0) return;
  const owned = await lockOwners(tx, rows, nowMs);
  const [left] = await Promise.all([
    mergeSuppressions(tx, rows, nowMs),
    owned.length > 0 ? blockAddresses(tx, owned) : undefined,
  ]);
  await appendConsent(tx, ids, nowMs, rows, left);
}

/** Takes a block back: classes may be sent to the address again. */
export async function unblock(tx: Tx, ids: IdSource, nowMs: number, blocks: readonly Block[]): Promise<void> {
  const rows = await ownedBlocks(tx, blocks);
  if (rows.length === 0) return;
  const owned = await lockOwners(tx, rows, nowMs);
  const [left] = await Promise.all([
    reduceSuppressions(tx, rows),
    owned.length > 0 ? unblockAddresses(tx, owned) : undefined,
  ]);
  await appendConsent(tx, ids, nowMs, rows, left);
}

/** What was decided about the addresses of a contact, oldest first. */
export async function consentOf(db: Db, workspaceId: number, contactId: number): Promise<ConsentEntry[]> {
  return await selectConsent(db, workspaceId, contactId);
}

type OwnedBlock = ReturnType<typeof suppressionKey> & {
  contactId: number | undefined;
  bits: number;
  reason: string;
};

/** One row per address, with its contact if it has one. */
async function ownedBlocks(tx: Tx, blocks: readonly Block[]): Promise<OwnedBlock[]> {
  const rows = new Map<string, OwnedBlock>();
  for (const { workspaceId, channel, address, contactId, classes, reason } of blocks) {
    const key = suppressionKey(workspaceId, channel, address);
    const before = rows.get(suppressionText(key));
    const bits = bitsOf(classes) | (before?.bits ?? 0);
    rows.set(suppressionText(key), { ...key, contactId: contactId ?? before?.contactId, bits, reason });
  }
  const all = [...rows.values()].filter(({ bits }) => bits > 0);
  const unknown = all.flatMap((row) => {
    const identity = identityOfAddress(row.channel, row.address);
    return row.contactId === undefined && identity ? [{ row, key: keyOf(row.workspaceId, identity) }] : [];
  });
  if (unknown.length === 0) return all;
  const found = await ownersOf(
    tx,
    unknown.map(({ key }) => key),
  );
  const owners = new Map(found.map((owner) => [keyText({ ...owner, hash: 0 }), owner.contactId]));
  for (const { row, key } of unknown) row.contactId = owners.get(keyText(key));
  return all;
}

/** Locks the contacts, so that a destination linked at this moment is either seen here or sees the suppression. */
async function lockOwners(
  tx: Tx,
  rows: readonly OwnedBlock[],
  nowMs: number,
): Promise<(OwnedBlock & { contactId: number })[]> {
  const owned = rows.flatMap((row) =>
    row.contactId === undefined ? [] : [{ ...row, contactId: row.contactId }],
  );
  const contacts = new Map(
    owned.map(({ workspaceId, contactId: id }) => [id, { workspaceId, id, externalId: null }]),
  );
  if (contacts.size > 0) {
    await touchContacts(
      tx,
      [...contacts.values()].sort((a, b) => a.id - b.id),
      nowMs,
    );
  }
  return owned;
}

async function appendConsent(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  rows: readonly OwnedBlock[],
  left: readonly (Omit<OwnedBlock, 'hash' | 'contactId' | 'bits' | 'reason'> & { blockedClasses: number })[],
): Promise<void> {
  const blocked = new Map(left.map((one) => [suppressionText(one), one.blockedClasses]));
  const entries = rows.map((row) => ({
    id: row.contactId === undefined ? ids.spread() : ids.inBucket(bucketOf(row.contactId)),
    // 0: an address that no contact has.
    contactId: row.contactId ?? 0,
    workspaceId: row.workspaceId,
    channel: row.channel,
    address: row.address,
    blockedClasses: blocked.get(suppressionText(row)) ?? 0,
    reason: row.reason,
    atMs: nowMs,
  }));
  await insertConsent(tx, entries);
}

function identityOf(destination: Destination): Identity[] {
  const identity = identityOfAddress(destination.channel, destination.address);
  return identity ? [identity] : [];
}

function claimTexts(destination: Destination): string[] {
  return identityOf(destination).map(
    (identity) => `${destination.contactId}|${keyText(keyOf(destination.workspaceId, identity))}`,
  );
}
