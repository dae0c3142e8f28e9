/** The statement that keeps what was told of campaigns' messages. Written by the owner of the lane alone. */
import { bucketOf } from '../../base/ids.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';

/** What `campaign_sends.seen` is made of. */
export const BITS = {
  accepted: 1,
  delivered: 2,
  opened: 4,
  clicked: 8,
  replied: 16,
  failed: 32,
  suppressed: 64,
} as const;

/**
 * Whether a message has left, and did not come to nothing since, by what was told of it (`seen`): one that waits for the morning, or that nobody
 * could be reached with, led to nothing. What was delivered, opened, clicked or answered came, whatever else was told.
 */
export const hasLeft = (db: Db, seen: Fragment): Fragment =>
  db`(${seen} & ${CAME}::smallint <> 0 OR (${seen} & ${BITS.accepted}::smallint <> 0 AND ${seen} & ${TO_NOTHING}::smallint = 0))`;

const CAME = BITS.delivered | BITS.opened | BITS.clicked | BITS.replied;
const TO_NOTHING = BITS.failed | BITS.suppressed;

/** Notes what was told of messages, a bit each; returns what was told before, by `contact.message`, of those of which something is new. */
export async function noteSeen(
  db: Db,
  rows: readonly { contactId: number; messageId: number; bits: number }[],
): Promise<Map<string, number>> {
  const found = await onEachShard(
    db,
    rows,
    (r) => bucketOf(r.contactId),
    async (some, buckets) =>
      await db<{ contactId: number; messageId: number; before: number }[]>`
        UPDATE campaign_sends s SET seen = s.seen | n.bits
        FROM (
          SELECT k.bucket, k.contact_id, k.message_id, k.bits, o.seen AS before
          FROM unnest(${some.map((r) => bucketOf(r.contactId))}::smallint[], ${some.map((r) => r.contactId)}::bigint[],
            ${some.map((r) => r.messageId)}::bigint[], ${some.map((r) => r.bits)}::smallint[]) AS k (bucket, contact_id, message_id, bits)
          JOIN campaign_sends o
            ON (o.bucket, o.contact_id, o.message_id) BETWEEN (k.bucket, k.contact_id, k.message_id) AND (k.bucket, k.contact_id, k.message_id)
            ${db.onShard('o.bucket', buckets)}) n
        WHERE (s.bucket, s.contact_id, s.message_id) BETWEEN (n.bucket, n.contact_id, n.message_id) AND (n.bucket, n.contact_id, n.message_id)
          AND s.seen | n.bits <> s.seen ${db.onShard('s.bucket', buckets)}
        RETURNING s.contact_id AS "contactId", s.message_id AS "messageId", n.before`,
  );
  return new Map(found.map(({ contactId, messageId, before }) => [`${contactId}.${messageId}`, before]));
}
