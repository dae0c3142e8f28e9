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

/** Whom contacts became that were merged into others. */
async function becameOf(db: Db, named: readonly Named[]): Promise<Map<number, number>> {
  const merged = await selectMerged(db, named);
  return new Map(merged.map(({ contactId, intoId }) => [contactId, intoId]));
}
