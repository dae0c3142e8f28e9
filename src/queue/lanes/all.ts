/** What is asked of all lanes at once. */
import type { Db, Fragment } from '../../db/pool.ts';
import { lanesAsked, selectLanes } from './sql.ts';

/** What is asked of lanes `l`, all of them in one statement; on Citus one by one, and `onShard` says that the lane's buckets alone are meant. */
export async function ofAllLanes<T>(
  db: Db,
  ask: (lanes: Fragment, onShard: (column: string) => Fragment) => Promise<T[]>,
): Promise<T[]> {
  if (!db.placement.distributed) return await ask(lanesAsked(db), () => db``);
  const all = await selectLanes(db);
  const found = all.map(({ bucket, buckets }) =>
    ask(lanesAsked(db, bucket), (column) => db.onShard(column, buckets)),
  );
  return (await Promise.all(found)).flat();
}
