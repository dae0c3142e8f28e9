/** Statements that hold what campaigns count and promise against their rows. Read all lanes, for who audits. */
import type { Db } from '../../db/pool.ts';

/** What is amiss in a workspace: how many, of each kind. */
export type Amiss = {
  enrolmentsWithoutTimer: number;
  timersWithoutEnrolment: number;
  entriesWithoutEnd: number;
};

/** Enrolments without a timer, timers without an enrolment, and entries that neither ended nor are under way. */
export async function countAmiss(db: Db, workspaceId: number): Promise<Amiss> {
  const rows = await db<Amiss[]>`
    SELECT
      (SELECT count(*) FROM enrolments e LEFT JOIN timers t ON t.bucket = e.bucket AND t.contact_id = e.contact_id AND t.owner_id = e.id
        WHERE e.workspace_id = ${workspaceId} AND t.owner_id IS NULL) AS "enrolmentsWithoutTimer",
      (SELECT count(*) FROM timers t LEFT JOIN enrolments e ON e.bucket = t.bucket AND e.contact_id = t.contact_id AND e.id = t.owner_id
        WHERE t.workspace_id = ${workspaceId} AND e.id IS NULL) AS "timersWithoutEnrolment",
      (SELECT count(*) FROM campaign_entries n
        LEFT JOIN enrolments e ON e.bucket = n.bucket AND e.contact_id = n.contact_id AND e.id = n.enrolment_id
        WHERE n.workspace_id = ${workspaceId} AND n.ended_ms IS NULL AND e.id IS NULL) AS "entriesWithoutEnd"`;
  return rows[0]!;
}

/** A count against the rows it counts. */
export type Held = { campaignId: number; what: string; counted: number; rows: number };

/** Entries, endings, messages and conversions of a workspace's campaigns, counted and as rows. */
export async function selectHeld(db: Db, workspaceId: number): Promise<Held[]> {
  return await db<Held[]>`
    WITH own AS (SELECT id FROM campaigns WHERE workspace_id = ${workspaceId}),
    counted AS (
      SELECT t.campaign_id, 'entered' AS what, sum(t.n)::bigint AS n FROM campaign_tallies t JOIN own ON own.id = t.campaign_id
      WHERE t.metric = 'entered' GROUP BY 1
      UNION ALL SELECT t.campaign_id, 'ended', sum(t.n)::bigint FROM campaign_tallies t JOIN own ON own.id = t.campaign_id
      WHERE t.metric LIKE 'ended:%' GROUP BY 1
      UNION ALL SELECT t.campaign_id, 'sent', sum(CASE t.metric WHEN 'sent' THEN t.n ELSE -t.n END)::bigint
      FROM campaign_tallies t JOIN own ON own.id = t.campaign_id WHERE t.metric IN ('sent', 'unsent') GROUP BY 1
    ), rows AS (
      SELECT campaign_id, 'entered' AS what, count(*) AS n FROM campaign_entries WHERE workspace_id = ${workspaceId} GROUP BY 1
      UNION ALL SELECT campaign_id, 'ended', count(*) FROM campaign_entries
      WHERE workspace_id = ${workspaceId} AND ended_ms IS NOT NULL GROUP BY 1
      UNION ALL SELECT campaign_id, 'sent', count(*) FROM campaign_sends WHERE workspace_id = ${workspaceId} GROUP BY 1
    )
    SELECT coalesce(c.campaign_id, r.campaign_id) AS "campaignId", coalesce(c.what, r.what) AS what, coalesce(c.n, 0) AS counted,
      coalesce(r.n, 0) AS rows
    FROM counted c FULL JOIN rows r ON r.campaign_id = c.campaign_id AND r.what = c.what ORDER BY 1, 2`;
}
