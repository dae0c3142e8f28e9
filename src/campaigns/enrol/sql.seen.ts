/** The statement that keeps what was told of campaigns' messages. Written by the owner of the lane alone. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';

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
