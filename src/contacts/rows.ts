/** What stands beside people in a list of them: where they are reached, and how they are tagged. */
import type { Db } from '../db/pool.ts';
import { selectBeside, type BesideRow } from './sql.rows.ts';

/** Tags that are named in a row; of others it is said how many there are. */
const MOST_TAGS = 3;

/** What stands beside each of some contacts, of those that are there. */
export async function besideContacts(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Map<number, BesideRow & { moreTags: number }>> {
  const rows = await selectBeside(db, workspaceId, contactIds);
  return new Map(
    rows.map((row) => {
      const tags = row.tags.slice(0, MOST_TAGS);
      return [row.id, { ...row, tags, moreTags: row.tags.length - tags.length }];
    }),
  );
}
