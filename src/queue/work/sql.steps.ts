/** Every statement on the steps of flights: what of a claim has begun, and what is known of it. */
import { column } from '../../db/column.ts';
import type { Db } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkItem } from './work.ts';

/** What of a flight begins, by the places of its items, and what came of earlier ones; `n` counts the flight's steps. */
export type Step = {
  lane: OwnedLane;
  flightId: number;
  n: number;
  begun: readonly number[];
  notes: string | null;
};

/**
 * Writes down what of a flight begins now and what came of earlier ones; false when the lane is not held under this epoch any more.
 * One row, one commit. Locks the lane's row for key share.
 */
export async function insertStep(db: Db, step: Step): Promise<boolean> {
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

/** As `insertStep`, of flights in any lanes: each by its own fence. Locks the lanes' rows for key share, in order. Not on Citus. */
export async function insertSteps(db: Db, steps: readonly Step[]): Promise<boolean[]> {
  const written = await db<{ flightId: number; n: number }[]>`
    WITH fence AS MATERIALIZED (
      SELECT l.bucket, k.flight_id, k.n, k.begun, k.notes
      FROM unnest(${column(steps, (s) => s.lane.bucket)}::smallint[], ${column(steps, (s) => s.lane.lane)}::smallint[],
        ${column(steps, (s) => s.lane.epoch)}::bigint[], ${column(steps, (s) => s.flightId)}::bigint[],
        ${column(steps, (s) => s.n)}::integer[], ${column(steps, (s) => `{${s.begun.join(',')}}`)}::text[],
        ${column(steps, (s) => s.notes)}::text[]) AS k (bucket, lane, epoch, flight_id, n, begun, notes)
      JOIN lanes l ON l.bucket = k.bucket AND l.lane = k.lane AND l.epoch = k.epoch
      ORDER BY l.lane FOR KEY SHARE OF l
    )
    INSERT INTO flight_steps (bucket, flight_id, n, begun, notes)
    SELECT bucket, flight_id, n, begun::smallint[], notes FROM fence
    RETURNING flight_id AS "flightId", n`.plannedAnyhow();
  const known = new Set(written.map(({ flightId, n }) => `${flightId}.${n}`));
  return steps.map(({ flightId, n }) => known.has(`${flightId}.${n}`));
}

/** Ends flights, with their steps; `bucket` is their lane's. Keys are found as ranges (`sql.ts`): at rest there are no flights. */
export async function deleteFlights(
  db: Db,
  flights: readonly { bucket: number; flightId: number }[],
): Promise<void> {
  const buckets = flights.map(({ bucket }) => bucket);
  const ids = flights.map(({ flightId }) => flightId);
  await db`
    WITH steps AS (
      DELETE FROM flight_steps s USING unnest(${buckets}::smallint[], ${ids}::bigint[]) AS k (bucket, id)
      WHERE (s.bucket, s.flight_id) BETWEEN (k.bucket, k.id) AND (k.bucket, k.id) ${db.onShard('s.bucket', buckets)}
    )
    DELETE FROM flights f USING unnest(${buckets}::smallint[], ${ids}::bigint[]) AS k (bucket, id)
    WHERE (f.bucket, f.id) BETWEEN (k.bucket, k.id) AND (k.bucket, k.id) ${db.onShard('f.bucket', buckets)}`;
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
    LEFT JOIN due d ON (d.bucket, d.kind, d.owner_id, d.cause_id, d.seq)
      BETWEEN ((k.owner_id & 4095)::smallint, f.kind, k.owner_id, k.cause_id, k.seq)
      AND ((k.owner_id & 4095)::smallint, f.kind, k.owner_id, k.cause_id, k.seq) ${db.onShard('d.bucket', lane.buckets)}
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
