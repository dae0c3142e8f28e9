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
import type { Wanted, Resolved, WantedPerson, PersonResolved } from '../wanted.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { noteChanged } from '../changes.ts';
import { applyPlan } from './apply.ts';
import { makePlan } from './plan.ts';

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
  people: readonly WantedPerson[],
  profiles: 'first' | 'merged',
): Promise<PersonResolved[]> {
  const made = { contacts: new Set<number>(), destinations: new Set<number>() };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const plan = await makePlan(tx, ids, people, profiles);
    const outcomes = await applyPlan(tx, ids, nowMs, plan, made);
    if (outcomes) {
      outcomes.forEach(({ contactId, created }, i) => {
        if (created) noteChanged(tx, people[i]!.workspaceId, [contactId]);
      });
      return outcomes;
    }
  }
  throw new Error(
    `contacts were not resolved in ${MAX_ATTEMPTS} attempts: is an identity left without its contact?`,
  );
}
