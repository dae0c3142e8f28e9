/** Statements for the clock of a test workspace. */
import type { Db } from '../../db/pool.ts';
import { ofAllLanes } from '../../queue/lanes/all.ts';
import type { TaskKind } from './understood.ts';

/** Brings the timers of a workspace forward: how its clock is advanced. When they are due by its own clock stays. */
export async function bringTimersForward(db: Db, workspaceId: number, byMs: number): Promise<void> {
  await db`UPDATE timers SET due_ms = due_ms - ${byMs} WHERE workspace_id = ${workspaceId}`;
}

/**
 * Brings the tasks of a workspace forward with its clock: what lets in so many in a minute, and what is tried again later. One that was not
 * begun on (0) is due since now. Locks their rows.
 */
export async function bringTasksForward(
  db: Db,
  workspaceId: number,
  byMs: number,
  nowMs: number,
): Promise<void> {
  await db`
    UPDATE campaign_tasks SET due_ms = CASE WHEN due_ms = 0 THEN ${nowMs}::bigint ELSE due_ms END - ${byMs}
    WHERE workspace_id = ${workspaceId}`;
}

/** A task that comes due in a lane; of `build` the campaign is a segment. */
type TaskAhead = { id: number; kind: TaskKind; campaignId: number; only: number | null; dueMs: number };

/**
 * The first tasks of a workspace after a moment, up to `most`, whichever lanes they are of. Nobody is let into what is paused: of that nothing
 * comes. Locks nothing.
 */
export async function selectTasksAhead(
  db: Db,
  of: { workspaceId: number; afterMs: number; most: number },
): Promise<TaskAhead[]> {
  return await db<TaskAhead[]>`
    SELECT t.id, t.kind, t.campaign_id AS "campaignId", (t.params ->> 'only')::bigint AS only, t.due_ms AS "dueMs"
    FROM campaign_tasks t LEFT JOIN campaigns c ON c.id = t.campaign_id
    WHERE t.workspace_id = ${of.workspaceId} AND t.due_ms > ${of.afterMs} AND (c.paused IS NULL OR t.kind NOT IN ('since', 'hand'))
    ORDER BY t.due_ms LIMIT ${of.most}`;
}

/** True when something waits to be taken in a workspace. */
export async function hasTurns(db: Db, workspaceId: number, nowMs: number): Promise<boolean> {
  const rows = await db<{ busy: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM event_arrivals WHERE workspace_id = ${workspaceId})
      OR EXISTS (SELECT 1 FROM timers WHERE workspace_id = ${workspaceId} AND due_ms <= ${nowMs})
      OR EXISTS (SELECT 1 FROM campaign_tasks WHERE workspace_id = ${workspaceId} AND due_ms <= ${nowMs}) AS busy`;
  return rows[0]!.busy;
}

/** A timer that comes due; no campaign where a contact is to be looked at because of a date. */
type TimerAhead = { lane: number; contactId: number; campaignId: number | null; dueMs: number };

/**
 * The first timers of each lane after a moment: up to `most` of a lane are read, of whichever workspace; `lastMs` is where that ended in a
 * lane that has more. Locks nothing.
 */
export async function selectTimersAhead(
  db: Db,
  of: { workspaceId: number; afterMs: number; most: number },
): Promise<{ timers: TimerAhead[]; lastMs: number | null }> {
  const rows = await ofAllLanes(
    db,
    async (lanes, onShard) =>
      await db<(TimerAhead & { mine: boolean })[]>`
        SELECT t.lane, t.contact_id AS "contactId", e.campaign_id AS "campaignId", t.due_ms AS "dueMs", t.workspace_id = ${of.workspaceId} AS mine
        FROM ${lanes}
        CROSS JOIN LATERAL (
          SELECT * FROM timers WHERE lane = l.lane ${onShard('bucket')} AND due_ms > ${of.afterMs} ORDER BY due_ms LIMIT ${of.most}
        ) t
        LEFT JOIN enrolments e ON e.bucket = t.bucket AND e.contact_id = t.contact_id AND e.id = t.owner_id
          AND e.workspace_id = ${of.workspaceId} ${onShard('e.bucket')}`,
  );
  const full = [...Map.groupBy(rows, ({ lane }) => lane).values()].filter(({ length }) => length === of.most);
  const ends = full.map((lane) => Math.max(...lane.map(({ dueMs }) => dueMs)));
  return { timers: rows.filter(({ mine }) => mine), lastMs: ends.length ? Math.min(...ends) : null };
}
