/** Holding contacts, for whoever writes what hangs on them without changing them. */
import type { Db, Tx } from '../db/pool.ts';
import { selectMerged } from './sql.merge.ts';
import { lockPresent } from './sql.people.ts';

/** Contacts by workspace. */
type Named = { workspaceId: number; contactId: number };

/**
 * Holds contacts until the transaction ends: none of those returned is erased or merged in between. The others are gone; those that
 * became somebody else are in `became`. Nobody who only changes a contact waits for it.
 */
export async function holdContacts(
  tx: Tx,
  named: readonly Named[],
): Promise<{ present: Set<number>; became: Map<number, number> }> {
  const present = await lockPresent(tx, named);
  const gone = named.filter(({ contactId }) => !present.has(contactId));
  return { present, became: gone.length ? await becameOf(tx, gone) : new Map() };
}

/** So often somebody may have become another while they are looked for: each time takes a merge at that very moment. */
const MOST_MERGES = 20;

/**
 * Holds who a contact is by now until the transaction ends: the contact, or whom it became that was found just before. Undefined where they
 * are gone.
 */
export async function holdWhoIs(
  tx: Tx,
  { workspaceId, contactId: found }: Named,
): Promise<number | undefined> {
  let contactId: number | undefined = found;
  for (let n = 0; n < MOST_MERGES && contactId !== undefined; n++) {
    const { present, became } = await holdContacts(tx, [{ workspaceId, contactId }]);
    if (present.has(contactId)) return contactId;
    contactId = became.get(contactId);
  }
  return undefined;
}

/** Whom contacts became that were merged into others. */
async function becameOf(db: Db, named: readonly Named[]): Promise<Map<number, number>> {
  const merged = await selectMerged(db, named);
  return new Map(merged.map(({ contactId, intoId }) => [contactId, intoId]));
}
