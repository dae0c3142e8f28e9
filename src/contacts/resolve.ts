/**
 * Finds the contact behind identities, or makes it: the only way contacts and destinations come to be.
 *
 * First writer wins, decided by one INSERT on `identities` that waits for whoever is claiming the same identity at this
 * moment. A contact's row is written only after its identities are won, so a lost race leaves nothing behind. What was
 * found is locked before something is added to it, so that nothing is added to a contact that is being erased.
 *
 * Waits for answers: 1 when all exists and no destination is wanted, 2 with a destination, 3 when anything is new. Statements
 * that need not wait for each other are given to the driver together; they are one round trip only if its connection is in
 * pipeline mode, and one each if not (up to 7 for a new contact with a destination).
 * Expects READ COMMITTED, and addresses that are normalised.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import type { Identity } from './keys.ts';
import { applyPlan } from './resolve.apply.ts';
import { makePlan } from './resolve.plan.ts';

/** Where a destination stands. */
export type DestinationStatus = 'pending' | 'active' | 'inactive' | 'blocked';

/** An address that is to be linked to the contact. */
export type WantedDestination = {
  channel: ChannelName;
  /** null: any integration of the channel may be used. */
  integrationId: number | null;
  address: string;
  status?: DestinationStatus | undefined;
  displayName?: string | undefined;
  /** What the provider told, as JSON. */
  raw?: unknown;
};

/** What is known of a person. A null attribute is one that is to go. */
export type Profile = {
  givenName?: string | undefined;
  surname?: string | undefined;
  attributes?: Record<string, unknown> | undefined;
  timeZone?: string | undefined;
  locale?: string | undefined;
  credentialRequired?: boolean | undefined;
  signedUpMs?: number | undefined;
};

/** A person to be found or made. Without identities it is always made. */
export type Wanted = {
  workspaceId: number;
  /**
   * The first that is owned decides who it is; those that nobody owns are claimed. Name the address of the destination here,
   * too, when it is an identity (a phone number, an e-mail address): an address belongs to one contact.
   */
  identities: readonly Identity[];
  destination?: WantedDestination | undefined;
  /** Used when the contact is made; one that exists is not changed. */
  profile?: Profile | undefined;
};

/** Who it is. */
export type Resolved = {
  contactId: number;
  created: boolean;
  /** Absent when no destination was wanted, or when its address is another contact's. */
  destinationId?: number;
  destinationCreated?: boolean;
  /** Other contacts that own some of the identities, in order. */
  conflictsWith?: number[];
};

/** Finds or makes each, as if one after the other. */
export async function resolveContacts(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  wanted: readonly Wanted[],
): Promise<Resolved[]> {
  const people = wanted.map(({ destination, ...person }) => ({
    ...person,
    destinations: destination ? [destination] : [],
  }));
  const outcomes = await resolvePeople(tx, ids, nowMs, people, 'first');
  return outcomes.map(({ contactId, created, destinations, conflictsWith }) => {
    const destination = destinations[0];
    return {
      contactId,
      created,
      ...(destination ? { destinationId: destination.id, destinationCreated: destination.created } : {}),
      ...(conflictsWith.length > 0 ? { conflictsWith } : {}),
    };
  });
}

/** `Wanted` with any number of destinations. */
export type Person = Omit<Wanted, 'destination'> & { destinations: readonly WantedDestination[] };

/** Who it is; `destinations` stand in the order of the person's, undefined where the address is another's. */
export type PersonResolved = {
  contactId: number;
  created: boolean;
  destinations: ({ id: number; created: boolean } | undefined)[];
  conflictsWith: number[];
};

/** A retry needs a rival that got in between at that very moment, each time. */
const MAX_ATTEMPTS = 8;

/**
 * As resolveContacts, with any number of destinations each. Several people of one batch may be one new contact; its profile is
 * that of the first of them, or all of theirs `merged` in order.
 */
export async function resolvePeople(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  people: readonly Person[],
  profiles: 'first' | 'merged',
): Promise<PersonResolved[]> {
  const made = { contacts: new Set<number>(), destinations: new Set<number>() };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const plan = await makePlan(tx, ids, people, profiles);
    const outcomes = await applyPlan(tx, nowMs, plan, made);
    if (outcomes) return outcomes;
  }
  throw new Error(
    `contacts were not resolved in ${MAX_ATTEMPTS} attempts: is an identity left without its contact?`,
  );
}
