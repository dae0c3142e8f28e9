/** What waits on the feed of a lane, for who must not overtake it. */
import type { Db } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { selectOldest } from './sql.ts';

/** The id of the oldest event that nobody was handed yet; undefined when there is none. */
export async function oldestUnread(db: Db, lane: OwnedLane): Promise<number | undefined> {
  return await selectOldest(db, lane);
}
