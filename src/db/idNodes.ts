/** Which process makes which ids (base/ids.ts). */
import type { Db } from './pool.ts';

/** The six bits of this process: the next of 64 at each start, so that a process never has those of one that just ended. */
export async function nextIdNode(db: Db): Promise<number> {
  const rows = await db<{ node: number }[]>`SELECT nextval('id_nodes')::integer AS node`;
  return rows[0]!.node;
}
