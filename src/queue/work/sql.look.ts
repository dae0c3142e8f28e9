/** What a worker asks of `due` when nothing woke it for a while. */
import type { Db } from '../../db/pool.ts';
import { column } from '../../db/column.ts';
import type { Stream } from './work.ts';

/**
 * Which lanes have interactive work of some kinds that is due; read when nothing woke the worker for a while. One probe of the index each, however
 * much waits: a range of it, since `stream = 0` alone would go through all that is due, of whatever lane, for each that has none.
 */
export async function selectInteractiveLanes(
  db: Db,
  kinds: readonly number[],
  nowMs: number,
): Promise<{ lane: number; kind: number }[]> {
  // Citus takes no such probes.
  if (db.placement.distributed)
    return await db<{ lane: number; kind: number }[]>`
      SELECT lane, kind FROM due WHERE stream = 0 AND due_ms <= ${nowMs} GROUP BY lane, kind`;
  return await db<{ lane: number; kind: number }[]>`
    SELECT l.lane, k.kind FROM lanes l CROSS JOIN unnest(${[...kinds]}::smallint[]) AS k (kind)
    CROSS JOIN LATERAL (
      SELECT d.lane FROM due d
      WHERE (d.lane, d.kind, d.stream, d.due_ms) BETWEEN (l.lane, k.kind, 0::bigint, 0::bigint) AND (l.lane, k.kind, 0::bigint, ${nowMs}::bigint)
      ORDER BY d.lane, d.kind, d.stream, d.due_ms LIMIT 1) first`;
}

/** Which of some streams have anything in some lanes, due or not, in flight or not. A probe of the index for each of both. */
export async function selectStreamsWithWork(
  db: Db,
  lanes: readonly number[],
  streams: readonly Pick<Stream, 'stream' | 'kind'>[],
): Promise<number[]> {
  if (!lanes.length || !streams.length) return [];
  const ids = column(streams, (one) => one.stream);
  // Citus takes no such probes.
  const rows = db.placement.distributed
    ? await db<{ stream: number }[]>`
        SELECT stream FROM due WHERE stream = ANY(${ids}::bigint[]) AND lane = ANY(${[...lanes]}::smallint[]) GROUP BY stream`
    : await db<{ stream: number }[]>`
        SELECT s.stream FROM unnest(${ids}::bigint[], ${column(streams, (one) => one.kind)}::smallint[]) AS s (stream, kind)
        CROSS JOIN LATERAL (
          SELECT l.lane FROM unnest(${[...lanes]}::smallint[]) AS l (lane)
          CROSS JOIN LATERAL (
            SELECT d.lane FROM due d
            WHERE (d.lane, d.kind, d.stream, d.due_ms) >= (l.lane, s.kind, s.stream, 0::bigint)
              AND (d.lane, d.kind, d.stream, d.due_ms) < (l.lane, s.kind, s.stream + 1, 0::bigint)
            ORDER BY d.lane, d.kind, d.stream, d.due_ms LIMIT 1) first
          LIMIT 1) any_lane`.keyed();
  return rows.map(({ stream }) => stream);
}

/** When the next interactive work falls due; undefined when there is none. What is due already is not looked for: it may be in flight. */
export async function selectNextDueMs(db: Db, nowMs: number): Promise<number | undefined> {
  const rows = await db<
    { dueMs: number | null }[]
  >`SELECT min(due_ms) AS "dueMs" FROM due WHERE stream = 0 AND due_ms > ${nowMs}`;
  return rows[0]?.dueMs ?? undefined;
}
