/**
 * How much work waits. Reads the whole table: 0.33 to 0.41 s for a million rows on Postgres 15 and two busy cores, so whoever asks
 * keeps the answer for a while (watch/metrics.ts).
 */
import type { Db } from '../../db/pool.ts';

/** Work by kind and by whether it is interactive; `oldestMs` is when the oldest of what is due fell due. */
export async function selectWorkBacklog(
  db: Db,
  nowMs: number,
): Promise<{ kind: number; interactive: boolean; items: number; oldestMs: number | null }[]> {
  return await db<{ kind: number; interactive: boolean; items: number; oldestMs: number | null }[]>`
    SELECT kind, stream = 0 AS interactive, count(*) AS items,
      min(due_ms) FILTER (WHERE due_ms <= ${nowMs}) AS "oldestMs"
    FROM due GROUP BY 1, 2`;
}
