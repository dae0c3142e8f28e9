/** The lock of what a workspace keeps for its inbox in bounded numbers: answers that are ready, views, teams. */
import { hash32 } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';

/** Makes those who keep something of a sort for a workspace queue up, until the transaction ends, so that each counts those before it: an advisory lock. */
export async function lockKept(
  db: Db,
  workspaceId: number,
  what: 'saved replies' | 'views' | 'teams',
): Promise<void> {
  await db`SELECT pg_advisory_xact_lock(hashtext('inbox kept'), ${hash32(`${workspaceId} ${what}`)}::integer)`;
}
