/** Statements on what is due later: for who wants to see it, not for who does it. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { ofAllLanes } from '../lanes/all.ts';

/** Work that is due later. */
export type WorkAhead = { kind: number; ownerId: number; causeId: number; stream: number; dueMs: number };

/** What was found, and where a look ended that had more before it. */
type Found = { work: WorkAhead[]; lastMs: number | null };

/**
 * Interactive work of a workspace that is due after a moment: the first `most` of all workspaces are read, in the order of an index.
 * Locks nothing.
 */
export async function selectInteractiveAhead(
  db: Db,
  of: { workspaceId: number; afterMs: number; most: number },
): Promise<Found> {
  const rows = await db<(WorkAhead & { mine: boolean })[]>`
    SELECT kind, owner_id AS "ownerId", cause_id AS "causeId", stream, due_ms AS "dueMs", workspace_id = ${of.workspaceId} AS mine
    FROM due WHERE stream = 0 AND due_ms > ${of.afterMs} ORDER BY due_ms LIMIT ${of.most}`;
  return {
    work: rows.filter(({ mine }) => mine),
    lastMs: rows.length === of.most ? rows.at(-1)!.dueMs : null,
  };
}

/** As that, of the runs of a workspace and what its senders set apart, where it flows: up to `most` of each in each lane. Locks nothing. */
export async function selectStreamsAhead(
  db: Db,
  of: { workspaceId: number; afterMs: number; most: number },
): Promise<Found> {
  const rows = await ofAllLanes(
    db,
    async (lanes, onShard) =>
      await db<(WorkAhead & { lane: number })[]>`
        SELECT l.lane, s.kind, d.owner_id AS "ownerId", d.cause_id AS "causeId", s.stream, d.due_ms AS "dueMs"
        FROM streams s CROSS JOIN ${lanes}
        CROSS JOIN LATERAL (
          SELECT owner_id, cause_id, due_ms FROM due
          WHERE lane = l.lane ${onShard('bucket')} AND kind = s.kind AND stream = s.stream AND due_ms > ${of.afterMs}
          ORDER BY due_ms LIMIT ${of.most}
        ) d
        WHERE s.workspace_id = ${of.workspaceId} AND s.flowing`,
  );
  const full = [...Map.groupBy(rows, ({ lane, stream }) => `${lane} ${stream}`).values()].filter(
    ({ length }) => length === of.most,
  );
  const ends = full.map((some) => Math.max(...some.map(({ dueMs }) => dueMs)));
  return { work: rows, lastMs: ends.length ? Math.min(...ends) : null };
}

/** When the next work of a kind is due of each of some owners, after a moment; of those that have some. A range of the key each. Locks nothing. */
export async function selectNextOf(
  db: Db,
  kind: number,
  ownerIds: readonly number[],
  afterMs: number,
): Promise<{ ownerId: number; dueMs: number }[]> {
  return await db<{ ownerId: number; dueMs: number }[]>`
    SELECT d.owner_id AS "ownerId", min(d.due_ms) AS "dueMs"
    FROM unnest(${ownerIds.map(bucketOf)}::smallint[], ${[...ownerIds]}::bigint[]) AS k (bucket, id)
    JOIN due d ON d.bucket = k.bucket AND d.kind = ${kind} AND d.owner_id = k.id
    WHERE d.due_ms > ${afterMs} GROUP BY 1`;
}
