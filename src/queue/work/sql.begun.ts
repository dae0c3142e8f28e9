/** What of somebody's work has begun and is not settled yet: by the flights there are, whoever owns them. Locks nothing. */
import { bucketOf } from '../../base/ids.ts';
import { column } from '../../db/column.ts';
import type { Db } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';

/** A piece of work that has begun: it may be done already, and nobody has said so. */
export type BegunWork = { ownerId: number; causeId: number; seq: number };

/**
 * Work of a kind that has begun for some owners and is still in the queue, of each what was claimed last first. What was put off since is
 * due later than it was claimed.
 */
export async function selectBegun(
  db: Db,
  kind: number,
  owners: readonly { ownerId: number; lane: number; laneBucket: number }[],
): Promise<BegunWork[]> {
  return await onEachShard(
    db,
    owners,
    (o) => o.laneBucket,
    async (some, laneBuckets) =>
      await db<BegunWork[]>`
        SELECT k.owner_id AS "ownerId", w.cause_id AS "causeId", w.seq
        FROM unnest(${column(some, (o) => bucketOf(o.ownerId))}::smallint[], ${column(some, (o) => o.ownerId)}::bigint[],
          ${column(some, (o) => o.lane)}::smallint[], ${column(some, (o) => o.laneBucket)}::smallint[])
          AS k (bucket, owner_id, lane, lane_bucket)
        JOIN flights f ON f.bucket = k.lane_bucket AND f.lane = k.lane AND f.kind = ${kind} AND k.owner_id = ANY(f.owner_ids)
          ${db.onShard('f.bucket', laneBuckets)}
        CROSS JOIN LATERAL unnest(f.owner_ids, f.cause_ids, f.seqs) WITH ORDINALITY AS w (owner_id, cause_id, seq, at)
        JOIN due d ON (d.bucket, d.kind, d.owner_id, d.cause_id, d.seq)
          BETWEEN (k.bucket, f.kind, w.owner_id, w.cause_id, w.seq) AND (k.bucket, f.kind, w.owner_id, w.cause_id, w.seq)
          ${db.onShard(
            'd.bucket',
            column(some, (o) => bucketOf(o.ownerId)),
          )}
        WHERE w.owner_id = k.owner_id AND d.due_ms <= f.at_ms AND (f.whole OR EXISTS (
          SELECT 1 FROM flight_steps s WHERE s.bucket = f.bucket AND s.flight_id = f.id AND (w.at - 1)::smallint = ANY(s.begun)
            ${db.onShard('s.bucket', laneBuckets)}))
        ORDER BY f.at_ms DESC, w.cause_id DESC, w.seq DESC`,
  );
}
