/** Every statement on the steps of flights: what of a claim has begun, and what is known of it. */
import type { Db } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkItem } from './work.ts';

/**
 * Writes down what of a flight begins now and what came of earlier ones; false when the lane is not held under this epoch any more.
 * One row, one commit. Locks the lane's row for key share.
 */
export async function insertStep(
  db: Db,
  step: { lane: OwnedLane; flightId: number; n: number; begun: readonly number[]; notes: string | null },
): Promise<boolean> {
  const { lane } = step;
  const result = await db`
    WITH fence AS (
      SELECT 1 FROM lanes WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} AND epoch = ${lane.epoch} FOR KEY SHARE
    )
    INSERT INTO flight_steps (bucket, flight_id, n, begun, notes)
    SELECT ${lane.bucket}::smallint, ${step.flightId}::bigint, ${step.n}::integer, ${[...step.begun]}::smallint[], ${step.notes}::text
    FROM fence`.plannedAnyhow();
  return result.count > 0;
}

/** Ends flights, with their steps; `bucket` is their lane's. */
export async function deleteFlights(
  db: Db,
  flights: readonly { bucket: number; flightId: number }[],
): Promise<void> {
  const buckets = flights.map(({ bucket }) => bucket);
  const ids = flights.map(({ flightId }) => flightId);
  await db`
    WITH steps AS (
      DELETE FROM flight_steps s USING unnest(${buckets}::smallint[], ${ids}::bigint[]) AS k (bucket, id)
      WHERE s.bucket = k.bucket AND s.flight_id = k.id ${db.onShard('s.bucket', buckets)}
    )
    DELETE FROM flights f USING unnest(${buckets}::smallint[], ${ids}::bigint[]) AS k (bucket, id)
    WHERE f.bucket = k.bucket AND f.id = k.id ${db.onShard('f.bucket', buckets)}`;
}

/** A flight that a former owner left behind. */
type LeftFlight = {
  flightId: number;
  kind: number;
  whole: boolean;
  atMs: number;
  items: (WorkItem & { at: number })[];
};

/** Flights that former owners of the lane left behind, with those of their items that are still due. Oldest first. */
export async function selectAbandoned(db: Db, lane: OwnedLane): Promise<LeftFlight[]> {
  return await db<LeftFlight[]>`
    SELECT f.id AS "flightId", f.kind, f.whole, f.at_ms AS "atMs", coalesce(jsonb_agg(jsonb_build_object(
        'bucket', d.bucket, 'ownerId', d.owner_id, 'causeId', d.cause_id, 'seq', d.seq, 'attempt', d.attempt,
        'stream', d.stream, 'workspaceId', d.workspace_id, 'dueMs', d.due_ms, 'at', k.at - 1)) FILTER (WHERE d.bucket IS NOT NULL), '[]') AS items
    FROM flights f
    CROSS JOIN LATERAL unnest(f.owner_ids, f.cause_ids, f.seqs) WITH ORDINALITY AS k (owner_id, cause_id, seq, at)
    LEFT JOIN due d ON d.bucket = (k.owner_id & 4095)::smallint AND d.kind = f.kind AND d.owner_id = k.owner_id
      AND d.cause_id = k.cause_id AND d.seq = k.seq
    WHERE f.bucket = ${lane.bucket} AND f.lane = ${lane.lane} AND f.epoch < ${lane.epoch}
    GROUP BY f.bucket, f.id ORDER BY f.id`;
}

/** The steps of flights of one lane, in order. */
export async function selectSteps(
  db: Db,
  lane: OwnedLane,
  flightIds: readonly number[],
): Promise<{ flightId: number; begun: number[]; notes: string | null }[]> {
  return await db<{ flightId: number; begun: number[]; notes: string | null }[]>`
    SELECT flight_id AS "flightId", begun, notes FROM flight_steps
    WHERE bucket = ${lane.bucket} AND flight_id = ANY(${[...flightIds]}::bigint[]) ORDER BY flight_id, n`;
}
