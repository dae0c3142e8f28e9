/** What waits on the feed of a lane, for who must not overtake it. */
import type { Db } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { selectOldest } from './sql.ts';

/** The id of the oldest event of each lane that nobody was handed yet; lanes without are left out. */
export async function oldestUnread(
  db: Db,
  lanes: readonly OwnedLane[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await selectOldest(db, lanes);
  return new Map(rows.map(({ lane, id }) => [lane, id]));
}
