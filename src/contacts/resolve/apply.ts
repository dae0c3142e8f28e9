/** Second half of resolving: claims, then contacts and destinations. Undoes its claims when a rival was quicker. */
import type { IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import {
  addressOf,
  type DestinationKey,
  destinationIdOf,
  keyOf,
  keyText,
  identityOfAddress,
} from '../keys.ts';
import type { Plan, Planned } from './plan.ts';
import { followLinks } from '../linked.ts';
import type { PersonResolved, WantedDestination } from '../wanted.ts';
import {
  beginClaims,
  claimIdentities,
  findDestinations,
  insertContacts,
  insertDestinations,
  keepClaims,
  type NewDestination,
  touchContacts,
  undoClaims,
} from './sql.ts';

/** What this transaction has made so far, over several attempts. */
type Made = { contacts: Set<number>; destinations: Set<number> };

type Draft = { key: DestinationKey; id: number; wanted: WantedDestination };

/** Carries the plan out; undefined when a rival got in between and a new plan is needed. */
export async function applyPlan(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  plan: Plan,
  made: Made,
): Promise<PersonResolved[] | undefined> {
  const drafts = plan.people.map((planned) => draftsOf(planned, plan.owners));
  const distinct = new Map(drafts.flat().flatMap((draft) => (draft ? [[draft.id, draft]] : [])));
  const lookFor = [...distinct.values()].filter(({ key }) => !plan.making.has(key.contactId));
  const claiming = plan.claims.length > 0;
  // Given to the connection together; it keeps them in this order.
  const [, alive, owned, found] = await Promise.all([
    claiming ? beginClaims(tx) : undefined,
    plan.gaining.length > 0 ? touchContacts(tx, plan.gaining, nowMs) : new Map<number, string | null>(),
    claiming ? claimIdentities(tx, plan.claims) : [],
    lookFor.length > 0 ? findDestinations(tx, lookFor.map(refOf)) : [],
  ]);
  const lost =
    plan.gaining.some(
      ({ id, externalId }) =>
        !alive.has(id) || (externalId !== null && plan.unnamed.has(id) && alive.get(id) !== externalId),
    ) || owned.some((owner) => plan.owners.get(keyText({ ...owner, hash: 0 })) !== owner.contactId);
  if (lost) {
    // Contacts are locked before identities, here as in an erasure. To keep the claims that were won while locking the
    // contact of the one that was lost would be the other way round, and a deadlock.
    await undoClaims(tx);
    return undefined;
  }
  const present = new Set(found.map(({ id }) => id));
  const missing = [...distinct.values()].filter(({ id }) => !present.has(id));
  const written = await writeNew(tx, ids, nowMs, plan, missing, alive, made);
  return written ? outcomesOf(plan, drafts, made) : undefined;
}

/** Writes what is new; false when a contact was erased in the meantime. */
async function writeNew(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  plan: Plan,
  missing: readonly Draft[],
  alive: ReadonlyMap<number, unknown>,
  made: Made,
): Promise<boolean> {
  const touch = new Map<number, Plan['gaining'][number]>();
  for (const { key } of missing) {
    const { contactId: id, workspaceId } = key;
    if (!alive.has(id) && !plan.making.has(id)) touch.set(id, { workspaceId, id, externalId: null });
  }
  const rows = missing.map(newDestination);
  const [, , , written] = await Promise.all([
    plan.claims.length > 0 ? keepClaims(tx) : undefined,
    touch.size > 0 ? touchContacts(tx, [...touch.values()], nowMs) : undefined,
    plan.making.size > 0 ? insertContacts(tx, [...plan.making.values()], nowMs) : undefined,
    rows.length > 0 ? insertDestinations(tx, rows, nowMs) : [],
    // After the locks, so that a block is either seen here or sees the destination.
    followLinks(tx, ids, nowMs, rows, knownAmong(missing, plan)),
  ]);
  for (const id of plan.making.keys()) made.contacts.add(id);
  for (const { id, inserted } of written) if (inserted) made.destinations.add(id);
  return written.length === rows.length;
}

/** The contacts that get an address and were there before, each once. */
function knownAmong(
  missing: readonly Draft[],
  { making }: Plan,
): { workspaceId: number; contactId: number }[] {
  const known = new Map<number, { workspaceId: number; contactId: number }>();
  for (const { key } of missing) if (!making.has(key.contactId)) known.set(key.contactId, key);
  return [...known.values()];
}

function draftsOf(
  { person, contactId }: Planned,
  owners: ReadonlyMap<string, number>,
): (Draft | undefined)[] {
  return person.destinations.map((wanted) => {
    const { channel, integrationId } = wanted;
    const address = addressOf(channel, wanted.address);
    const identity = identityOfAddress(channel, address);
    const owner = identity && owners.get(keyText(keyOf(person.workspaceId, identity)));
    if (owner !== contactId && (owner !== undefined || person.asTheyAre)) return undefined;
    const key = { workspaceId: person.workspaceId, contactId, channel, integrationId, address };
    return { key, id: destinationIdOf(key), wanted };
  });
}

function refOf({ id, key }: Draft): { id: number; contactId: number } {
  return { id, contactId: key.contactId };
}

function newDestination({ key, id, wanted }: Draft): NewDestination {
  return {
    ...key,
    id,
    status: wanted.status ?? 'active',
    displayName: wanted.displayName ?? null,
    raw: wanted.raw === undefined ? null : JSON.stringify(wanted.raw),
  };
}

function outcomesOf(plan: Plan, drafts: readonly (Draft | undefined)[][], made: Made): PersonResolved[] {
  // The first of several that are one new contact, or share one new destination, is the one that made it.
  const fresh = { contacts: new Set(made.contacts), destinations: new Set(made.destinations) };
  return plan.people.map(({ contactId, conflictsWith }, i) => ({
    contactId,
    created: fresh.contacts.delete(contactId),
    destinations: drafts[i]!.map(
      (draft) => draft && { id: draft.id, created: fresh.destinations.delete(draft.id) },
    ),
    conflictsWith,
  }));
}
