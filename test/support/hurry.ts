/** Nobody waits for what was put off: of an outcome that is unclear a receipt may tell for ten seconds, and a provider is asked only then. */
import type { HttpContext } from '../../src/doors/kit/context.ts';

/** Once nothing of a workspace is due or in flight, what is due first comes now, and what follows by as much earlier. */
export async function hurry({ sql, queue, clock }: HttpContext, workspaceId: number): Promise<void> {
  const nowMs = clock.nowMs();
  const [first] = await sql<{ dueMs: number }[]>`
    SELECT due_ms AS "dueMs" FROM due WHERE workspace_id = ${workspaceId}
      AND NOT EXISTS (SELECT 1 FROM due WHERE workspace_id = ${workspaceId} AND due_ms <= ${nowMs})
    ORDER BY due_ms LIMIT 1`;
  if (first) await queue.transact((tx) => queue.bringForward(tx, workspaceId, first.dueMs - nowMs));
}
