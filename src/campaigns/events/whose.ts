/**
 * What a campaign sent is kept with who it was sent to, and goes with them when they become another (`enrol/sql.people.ts`). Its delivery stays
 * where it was: what is told of it names who they were then.
 */
import { survivorsAmong } from '../../contacts/merge.ts';
import type { Tx } from '../../db/pool.ts';

/**
 * Looks something up for each contact, and, where nothing is found, for the contact it was merged into. Returns what was found, in order, each with
 * the contact as it is now. Costs one look more for all together, where something was not found.
 */
export async function asTheyAre<A extends { workspaceId: number; contactId: number }, R>(
  tx: Tx,
  asked: readonly A[],
  find: (asked: readonly A[]) => Promise<(R | undefined)[]>,
): Promise<{ one: A; found: R }[]> {
  const first = await find(asked);
  const became = await survivorsAmong(
    tx,
    asked.filter((_, i) => first[i] === undefined),
  );
  const now = asked.map((one, i) => {
    const contactId = first[i] === undefined ? became.get(one.contactId) : undefined;
    return contactId === undefined ? one : { ...one, contactId };
  });
  const others = now.filter((one, i) => one !== asked[i]);
  const second = others.length ? await find(others) : [];
  const foundOf = new Map(others.map((one, i) => [one, second[i]]));
  return now.flatMap((one, i) => {
    const found = first[i] ?? foundOf.get(one);
    return found === undefined ? [] : [{ one, found }];
  });
}
