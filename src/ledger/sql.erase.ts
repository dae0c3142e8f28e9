/** What is left of a person in deliveries once the person is erased: that something was sent, not to whom nor what. */
import { bucketOf } from '../base/ids.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import type { Db } from '../db/pool.ts';
import type { DeliveryKey } from './ref.ts';
import { STATE } from './states.ts';

/**
 * Takes addresses, what was filled in, what providers said of it, and why (which names addresses) out of the deliveries of contacts, and
 * marks them: what is written later keeps to that. Locks the rows.
 */
export async function scrubDeliveries(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<void> {
  if (contactIds.length === 0) return;
  await db`
    UPDATE deliveries SET address = NULL, vars = NULL, detail = NULL, erased = true,
      trail = (SELECT jsonb_agg(step || '{"why": ""}' ORDER BY n) FROM jsonb_array_elements(trail) WITH ORDINALITY t (step, n))
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId}`;
}

/**
 * Makes marked rows for deliveries of runs that have none yet, since they are in flight or wait for their turn: what comes of them finds
 * the mark. Their class is not known here, and is written with the outcome. One that is there already stays. `atMs` by the workspace's clock.
 */
export async function insertErased(
  db: Db,
  workspaceId: number,
  keys: readonly DeliveryKey[],
  atMs: number,
): Promise<void> {
  if (keys.length === 0) return;
  await db`
    INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, state, state_ms, erased)
    SELECT *, ${workspaceId}::bigint, ${CLASS_BIT.transactional}::smallint, ${STATE.queued}::smallint, ${atMs}::bigint, true
    FROM unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
      ${keys.map((k) => k.causeId)}::bigint[], ${keys.map((k) => k.seq)}::smallint[])
    ON CONFLICT DO NOTHING`;
}
