/** Contacts one at a time: reading, listing, searching, making, changing, erasing, merging. */
import { cutPage } from '../base/page.ts';
import { noteChanged } from './changes.ts';
import { leaveSegments } from './segments.ts';
import type { ChannelName } from '../../contract/channels.ts';
import { fault, type Fault } from '../base/fault.ts';
import { bucketOf, type IdSource, MAX_ID } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { type Identity, keyOf, keyText } from './keys.ts';
import { attributesTooLarge, CONTACT_LIMITS, type ContactChange } from './profile.ts';
import { newContact } from './resolve/plan.ts';
import type { Profile } from './wanted.ts';
import { eraseBlocked } from './consent/blocks.ts';
import { proofOf } from './consent/proof.ts';
import { replaceHashes } from './consent/sql.proof.ts';
import { deleteAllDestinations, insertConsent, selectLogged } from './sql.destinations.ts';
import {
  claimIdentities,
  insertContacts,
  ownersOf,
  releaseIdentities,
  touchContacts,
} from './resolve/sql.ts';
import { searchIds, searchIn } from './search.ts';
import { deleteMergedInto, selectMergedInto } from './sql.merge.ts';
import { takePending } from './sql.pending.ts';
import { deleteMemberships } from './sql.sets.ts';
import {
  type ColumnChange,
  type Contact,
  deleteContacts,
  deleteIdentities,
  selectContacts,
  selectIdentities,
  selectNewest,
  updateContactRow,
  updateDisconnected,
} from './sql.ts';

export type { Contact } from './sql.ts';

/** A contact by id. */
export async function getContact(db: Db, workspaceId: number, id: number): Promise<Contact | undefined> {
  return (await selectContacts(db, workspaceId, [id]))[0];
}

/** Contacts by id, in the order of the ids; those that are not there are left out. */
export async function getContacts(db: Db, workspaceId: number, ids: readonly number[]): Promise<Contact[]> {
  if (ids.length === 0) return [];
  const found = new Map((await selectContacts(db, workspaceId, ids)).map((contact) => [contact.id, contact]));
  return ids.map((id) => found.get(id)).filter((contact) => contact !== undefined);
}

/** The contact that owns an external id, a phone number in E.164, an e-mail address or a token. */
export async function findContact(
  db: Db,
  workspaceId: number,
  identity: Identity,
): Promise<Contact | undefined> {
  const [id] = await findContactIds(db, workspaceId, [identity]);
  return id === undefined ? undefined : await getContact(db, workspaceId, id);
}

/** Who owns each identity, in their order. */
export async function findContactIds(
  db: Db,
  workspaceId: number,
  identities: readonly Identity[],
): Promise<(number | undefined)[]> {
  const keys = identities.map((identity) => keyOf(workspaceId, identity));
  if (keys.length === 0) return [];
  const distinct = [...new Map(keys.map((key) => [keyText(key), key])).values()];
  const owners = new Map(
    (await ownersOf(db, distinct)).map((owner) => [keyText({ ...owner, hash: 0 }), owner.contactId]),
  );
  return keys.map((key) => owners.get(keyText(key)));
}

/**
 * Contacts of a company that are accounts have disconnected from it: what was on its way to them before is not sent any more. Part of the
 * transaction that ends their grants; `atMs` is by the company's clock.
 */
export async function noteDisconnected(
  tx: Tx,
  workspaceId: number,
  contactIds: readonly number[],
  atMs: number,
): Promise<void> {
  if (contactIds.length) await updateDisconnected(tx, workspaceId, contactIds, atMs);
}

/** All that contacts are known by. Tokens are among them: show them to nobody. */
export async function identitiesOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<(Identity & { contactId: number })[]> {
  return contactIds.length > 0 ? await selectIdentities(db, workspaceId, contactIds) : [];
}

/** Those of some contacts who are known by nothing but an id of a device, or its token: nobody knows who uses it. */
export async function whoIsAnonymous(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Set<number>> {
  const of = Map.groupBy(await identitiesOf(db, workspaceId, contactIds), ({ contactId }) => contactId);
  const isDevice = (own: readonly Identity[]) =>
    own.some(({ kind }) => kind === 'anonymous') &&
    own.every(({ kind }) => kind === 'anonymous' || kind === 'token');
  return new Set([...of].filter(([, own]) => isDevice(own)).map(([contactId]) => contactId));
}

/** Makes a contact that owns the identities; a conflict, and nothing changed, when one of them is owned. */
export async function createContact(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  wanted: { workspaceId: number; identities: readonly Identity[]; profile?: Profile },
): Promise<Contact | Fault> {
  const { workspaceId, identities } = wanted;
  const contactId = ids.spread();
  const keys = new Map(identities.map((identity) => [keyText(keyOf(workspaceId, identity)), identity]));
  const claims = [...keys.values()].map((identity) => ({ ...keyOf(workspaceId, identity), contactId }));
  const [others] = claims.length > 0 ? await claimIdentities(tx, claims) : [];
  if (others) {
    await releaseIdentities(tx, claims);
    return fault('conflict', `${others.kind}: another contact has it`, { field: others.kind });
  }
  const externalId = identities.find(({ kind }) => kind === 'external')?.value ?? null;
  await insertContacts(tx, [newContact(workspaceId, contactId, externalId, wanted.profile ?? {})], nowMs);
  noteChanged(tx, workspaceId, [contactId]);
  return (await getContact(tx, workspaceId, contactId))!;
}

/** Changes what `change` names (checked by checkContactChange). Attributes merge key by key; null takes away. */
export async function updateContact(
  tx: Tx,
  nowMs: number,
  ref: { workspaceId: number; id: number },
  change: ContactChange,
): Promise<Contact | Fault> {
  if (change.externalId !== undefined) {
    const broken = await changeExternalId(tx, nowMs, ref, change.externalId);
    if (broken) return broken;
  }
  const columns: ColumnChange = {};
  if (change.externalId !== undefined) columns.external_id = change.externalId;
  if (change.givenName !== undefined) columns.given_name = change.givenName;
  if (change.surname !== undefined) columns.surname = change.surname;
  if (change.timeZone !== undefined) columns.time_zone = change.timeZone;
  if (change.locale !== undefined) columns.locale = change.locale;
  if (change.credentialRequired !== undefined) columns.credential_required = change.credentialRequired;
  if (change.signedUpMs !== undefined) columns.signed_up_ms = change.signedUpMs;
  const entries = Object.entries(change.attributes ?? {});
  const attributes = {
    set: JSON.stringify(Object.fromEntries(entries.filter(([, value]) => value !== null))),
    unset: entries.filter(([, value]) => value === null).map(([key]) => key),
    attributesBytes: CONTACT_LIMITS.attributesBytes,
  };
  const changed = await updateContactRow(tx, ref, columns, attributes, nowMs);
  if (changed) noteChanged(tx, ref.workspaceId, [ref.id]);
  if (changed) return changed;
  return (await getContact(tx, ref.workspaceId, ref.id)) ? attributesTooLarge('attributes') : NOT_FOUND;
}

/** The ids of a contact: its own, and those of contacts that were merged into it; undefined when there is no such contact. Locks nothing. */
export async function idsOfPerson(
  db: Db,
  workspaceId: number,
  contactId: number,
): Promise<number[] | undefined> {
  if (!(await getContact(db, workspaceId, contactId))) return undefined;
  return [contactId, ...(await selectMergedInto(db, workspaceId, contactId))];
}

/** What an erased contact was: for whoever has rows of it elsewhere. */
export type Erased = {
  contactId: number;
  externalId: string | null;
  addresses: { channel: string; address: string }[];
  /** Contacts that were merged into it: rows elsewhere may still name them. */
  mergedIds: number[];
};

/**
 * Erases contacts: the rows of this room are gone, and the consent log and the blocks keep proofs where they had addresses. Blocks
 * stay: an address that said stop is not written to again because its contact was erased.
 */
export async function eraseContacts(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Erased[]> {
  const gone = contactIds.length > 0 ? await deleteContacts(tx, workspaceId, contactIds) : [];
  if (gone.length === 0) return [];
  const goneIds = gone.map(({ id }) => id);
  const [destinations, merged, logged] = await Promise.all([
    deleteAllDestinations(tx, workspaceId, goneIds),
    deleteMergedInto(tx, workspaceId, goneIds),
    selectLogged(tx, workspaceId, goneIds),
    deleteIdentities(tx, workspaceId, goneIds),
    deleteMemberships(tx, goneIds),
    leaveSegments(tx, goneIds),
    takePending(tx, workspaceId, goneIds),
  ]);
  // Addresses that were unlinked before are in the log still.
  const known = [...destinations, ...logged].map(({ channel, address }) => ({
    workspaceId,
    channel: channel as ChannelName,
    address,
  }));
  await Promise.all([
    eraseBlocked(tx, known),
    replaceHashes(
      tx,
      logged.map(({ id, channel, address }) => ({ id, proof: proofOf(tx, workspaceId, channel, address) })),
    ),
  ]);
  const erased = gone.map(({ id, externalId }) => ({
    contactId: id,
    externalId,
    addresses: destinations.filter(({ contactId }) => contactId === id),
    mergedIds: merged.filter(({ intoId }) => intoId === id).map(({ contactId }) => contactId),
  }));
  const proofs = erased.flatMap(({ contactId, externalId, addresses }) => {
    const none = { channel: 'none' as const, address: externalId ?? String(contactId), blockedClasses: 0 };
    return (addresses.length > 0 ? addresses : [none]).map(({ channel, address, blockedClasses }) => ({
      id: ids.inBucket(bucketOf(contactId)),
      contactId,
      workspaceId,
      channel,
      address: proofOf(tx, workspaceId, channel, address),
      blockedClasses,
      reason: 'erased',
      atMs: nowMs,
    }));
  });
  await insertConsent(tx, proofs);
  return erased.map((one) => ({
    ...one,
    addresses: one.addresses.map(({ channel, address }) => ({ channel, address })),
  }));
}

/** Which contacts, newest first. `below` is the `next` of the page before. */
type ContactPage = { limit: number; below?: number | undefined } & (
  | {
      /** Beginning of a name, e-mail address, phone number or external id. */
      search?: string | undefined;
      setId?: undefined;
    }
  | { setId: number; search?: undefined }
);

/** A page of contacts. */
export async function listContacts(
  db: Db,
  workspaceId: number,
  page: ContactPage,
): Promise<{ contacts: Contact[]; next?: number }> {
  const within = { workspaceId, belowId: page.below ?? MAX_ID, limit: page.limit + 1 };
  const search = searchIn(page.search);
  const found =
    search === undefined
      ? await selectNewest(db, { ...within, setId: page.setId })
      : await getContacts(db, workspaceId, await searchIds(db, within, search));
  const { rows, last } = cutPage(found, page.limit);
  return { contacts: rows, ...(last ? { next: last.id } : {}) };
}

const NOT_FOUND = fault('not_found', 'contact: there is none with this id');

async function changeExternalId(
  tx: Tx,
  nowMs: number,
  ref: { workspaceId: number; id: number },
  externalId: string | null,
): Promise<Fault | undefined> {
  const { workspaceId, id } = ref;
  const alive = await touchContacts(tx, [{ workspaceId, id, externalId: null }], nowMs);
  if (!alive.has(id)) return NOT_FOUND;
  const before = (await getContact(tx, workspaceId, id))!.externalId;
  if (before === externalId) return undefined;
  const claim = (value: string) => ({ ...keyOf(workspaceId, { kind: 'external', value }), contactId: id });
  if (externalId !== null) {
    const [owner] = await claimIdentities(tx, [claim(externalId)]);
    if (owner && owner.contactId !== id)
      return fault('conflict', 'externalId: another contact has it', { field: 'externalId' });
  }
  if (before !== null) await releaseIdentities(tx, [claim(before)]);
  return undefined;
}
