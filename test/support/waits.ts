/** What a test waits for, told when it waits long: what comes out right in the end would otherwise say nothing of why it took a minute. */
import type { Sql } from '../../src/db/pool.ts';

const LONG_MS = 15_000;

/** Does that, and says on standard error what a workspace has to do, and what statements wait for, each time it has taken as long again. */
export async function tellingWhy<T>(sql: Sql, workspaceId: number, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => void tell(sql, workspaceId).catch(() => {}), LONG_MS);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

async function tell(sql: Sql, workspaceId: number): Promise<void> {
  const of = (rows: readonly object[]) => rows.map((row) => `\n  ${JSON.stringify(row)}`).join('');
  const due = await sql`
    SELECT 'due' AS what, kind, stream, count(*)::integer AS n, min(due_ms) AS "dueMs", max(attempt) AS attempt
    FROM due WHERE workspace_id = ${workspaceId} GROUP BY kind, stream`;
  const others = await sql`
    SELECT 'feed' AS what, count(*)::integer AS n, NULL AS why, NULL AS "dueMs" FROM feed WHERE workspace_id = ${workspaceId}
    UNION ALL SELECT 'failed on ' || reader, 1, error, again_ms FROM feed_failures WHERE workspace_id = ${workspaceId}
    UNION ALL SELECT 'arrivals', count(*)::integer, NULL, NULL FROM event_arrivals WHERE workspace_id = ${workspaceId}
    UNION ALL SELECT 'timers', count(*)::integer, NULL, min(due_ms) FROM timers WHERE workspace_id = ${workspaceId}
    UNION ALL SELECT 'task ' || kind, 1, NULL, due_ms FROM campaign_tasks WHERE workspace_id = ${workspaceId}`;
  const waiting = await sql`
    SELECT 'statement' AS what, state, wait_event_type AS type, wait_event AS event, pg_blocking_pids(pid) AS by,
      (extract(epoch FROM now() - xact_start) * 1000)::integer AS "forMs", left(query, 200) AS query
    FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now() - interval '2 seconds'`;
  const lanes =
    await sql`SELECT 'lanes' AS what, owner, min(leased_until_ms) AS "untilMs", count(*)::integer AS n FROM lanes GROUP BY owner`;
  process.stderr.write(
    `it is ${Date.now()}, and waited for is${of([...due, ...others, ...waiting, ...lanes])}\n`,
  );
}
