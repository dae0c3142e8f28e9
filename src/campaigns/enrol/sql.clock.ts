/** Statements for the clock of a test workspace. */
import type { Db } from '../../db/pool.ts';

/** Brings the timers of a workspace forward: how its clock is advanced. When they are due by its own clock stays. */
export async function bringTimersForward(db: Db, workspaceId: number, byMs: number): Promise<void> {
  await db`UPDATE timers SET due_ms = due_ms - ${byMs} WHERE workspace_id = ${workspaceId}`;
}

/** True when something waits to be taken in a workspace. */
export async function hasTurns(db: Db, workspaceId: number, nowMs: number): Promise<boolean> {
  const rows = await db<{ busy: boolean }[]>`
    SELECT EXISTS (SELECT FROM event_arrivals WHERE workspace_id = ${workspaceId})
      OR EXISTS (SELECT FROM timers WHERE workspace_id = ${workspaceId} AND due_ms <= ${nowMs})
      OR EXISTS (SELECT FROM campaign_tasks WHERE workspace_id = ${workspaceId}) AS busy`;
  return rows[0]!.busy;
}
