/** What is left of a person in deliveries once the person is erased: that something was sent, not to whom nor what. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';

/** Takes addresses, what was filled in, what providers said of it, and why (which names addresses) out of the deliveries of contacts. Locks the rows. */
export async function scrubDeliveries(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<void> {
  if (contactIds.length === 0) return;
  await db`
    UPDATE deliveries SET address = NULL, vars = NULL, detail = NULL,
      trail = (SELECT jsonb_agg(step || '{"why": ""}' ORDER BY n) FROM jsonb_array_elements(trail) WITH ORDINALITY t (step, n))
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId}`;
}
