/** Deliveries of a run that was called off. State is moved here as `delivery_moves` allows, like in `sql.ts`. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import type { DeliveryKey } from './ref.ts';
import { STATE, type StateCode } from './states.ts';

/**
 * Cancels deliveries that wait. Returns how those stood that had a row; a delivery of a run has none before there is something to say
 * of it. One of which it is not known whether it was sent stays unknown: that it was called off would not be true. Locks the rows.
 */
export async function cancelWaiting(
  db: Db,
  keys: readonly DeliveryKey[],
  atMs: number,
): Promise<(DeliveryKey & { state: StateCode; moved: boolean })[]> {
  return await db<(DeliveryKey & { state: StateCode; moved: boolean })[]>`
    WITH k AS (
      SELECT * FROM unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
        ${keys.map((k) => k.causeId)}::bigint[], ${keys.map((k) => k.seq)}::smallint[]) AS k (bucket, contact_id, cause_id, seq)
    ), moved AS (
      UPDATE deliveries d SET prior_state = d.state, state = ${STATE.canceled}, state_ms = ${atMs}, code = NULL, detail = NULL
      FROM k WHERE d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq
        AND d.state IN (${STATE.queued}, ${STATE.held})
      RETURNING d.bucket, d.contact_id, d.cause_id, d.seq, d.prior_state
    )
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, coalesce(m.prior_state, d.state) AS state,
      m.contact_id IS NOT NULL AS moved
    FROM k
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq
    LEFT JOIN moved m ON m.bucket = d.bucket AND m.contact_id = d.contact_id AND m.cause_id = d.cause_id AND m.seq = d.seq`;
}
