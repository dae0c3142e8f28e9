/** Reading contacts and their destinations for a send: one statement for a whole batch, merged contacts as those they became. */
import type { Reachable, Person } from './person.ts';
import type { ChannelName } from '../../contract/channels.ts';
import type { Db } from '../db/pool.ts';
import { destinationIdOf } from './keys.ts';
import { selectMerged } from './sql.merge.ts';
import { selectPresent, type Named, type Want } from './sql.people.ts';

/**
 * Contacts with their destinations, by contact id; on one channel when given. Attributes are left out (null) unless asked
 * for: decoding them costs more than all other columns together. A contact that was merged is the one it became, with
 * destinations under the ids they had.
 */
export async function selectPeople(
  db: Db,
  contacts: readonly Named[],
  want: Want,
): Promise<Map<number, Person>> {
  const people = await selectPresent(db, contacts, want);
  const absent = contacts.filter(({ contactId }) => !people.has(contactId));
  const merged = absent.length > 0 ? await selectMerged(db, absent) : [];
  if (merged.length === 0) return people;
  const named = merged.map(({ workspaceId, intoId }) => ({ workspaceId, contactId: intoId }));
  const survivors = await selectPresent(db, named, want);
  for (const { contactId, intoId } of merged) {
    const survivor = survivors.get(intoId);
    if (survivor) people.set(contactId, { ...survivor, destinations: asOf(contactId, survivor) });
  }
  return people;
}

/** The ids of destinations are made of what they are and whose: what was linked before is found under the id it had. */
function asOf(contactId: number, { workspaceId, destinations }: Person): Reachable[] {
  return destinations.map((one) => ({
    ...one,
    destinationId: destinationIdOf({ ...one, channel: one.channel as ChannelName, workspaceId, contactId }),
  }));
}
