/** Statements that hold what campaigns count and promise against their rows. Read all lanes, for who audits. */
import type { Db } from '../../db/pool.ts';

/** What is amiss in a workspace: how many, of each kind. */
export type Amiss = {
  enrolmentsWithoutTimer: number;
  timersWithoutEnrolment: number;
  entriesWithoutEnd: number;
};

/** Enrolments without a timer, timers without an enrolment (but for when a contact is to be looked at), and entries that neither ended nor are under way. */
export async function countAmiss(db: Db, workspaceId: number): Promise<Amiss> {
  const rows = await db<Amiss[]>`
    SELECT
      (SELECT count(*) FROM enrolments e LEFT JOIN timers t ON t.bucket = e.bucket AND t.contact_id = e.contact_id AND t.owner_id = e.id
        WHERE e.workspace_id = ${workspaceId} AND t.owner_id IS NULL) AS "enrolmentsWithoutTimer",
      (SELECT count(*) FROM timers t LEFT JOIN enrolments e ON e.bucket = t.bucket AND e.contact_id = t.contact_id AND e.id = t.owner_id
        WHERE t.workspace_id = ${workspaceId} AND e.id IS NULL AND t.owner_id <> t.contact_id) AS "timersWithoutEnrolment",
      (SELECT count(*) FROM campaign_entries n
        LEFT JOIN enrolments e ON e.bucket = n.bucket AND e.contact_id = n.contact_id AND e.id = n.enrolment_id
        WHERE n.workspace_id = ${workspaceId} AND n.ended_ms IS NULL AND e.id IS NULL) AS "entriesWithoutEnd"`;
  return rows[0]!;
}

/** A count against the rows it counts. */
export type TallyCheck = { campaignId: number; what: string; counted: number; rows: number };

/**
 * What campaigns of a workspace counted, against its rows: entries, endings, messages, what was told of them, goals; by epoch and arm.
 * Reads all of them.
 */
export async function selectHeld(db: Db, workspaceId: number): Promise<TallyCheck[]> {
  return await db<TallyCheck[]>`
    WITH own AS (
      SELECT t.* FROM campaign_tallies t JOIN campaigns c ON c.id = t.campaign_id WHERE c.workspace_id = ${workspaceId}
    ), counted AS (
      SELECT campaign_id, epoch, arm, variant, 'entered' AS what, sum(n) AS n FROM own WHERE metric = 'entered' GROUP BY 1, 2, 3, 4
      UNION ALL SELECT campaign_id, epoch, arm, variant, 'ended: ' || substr(metric, 7), sum(n) FROM own
      WHERE metric LIKE 'ended:%' GROUP BY 1, 2, 3, 4, 5
      UNION ALL SELECT campaign_id, epoch, 0, variant, 'sent at ' || step, sum(CASE metric WHEN 'sent' THEN n ELSE -n END) FROM own
      WHERE metric IN ('sent', 'unsent') GROUP BY 1, 2, 3, 4, 5
      UNION ALL SELECT campaign_id, epoch, 0, variant, split_part(metric, ':', 1) || ' at ' || step, sum(n) FROM own
      WHERE metric IN ('accepted:first', 'delivered:first', 'opened:first', 'clicked:first', 'replied:first', 'failed:first',
        'suppressed:first') GROUP BY 1, 2, 3, 4, 5
      UNION ALL SELECT campaign_id, epoch, arm, '', 'reached ' || substr(step, 6), sum(n) FROM own
      WHERE metric = 'converted' GROUP BY 1, 2, 3, 5
    ), sends AS (
      SELECT campaign_id, epoch, coalesce(variant, '') AS variant, step, seen FROM campaign_sends WHERE workspace_id = ${workspaceId}
    ), rows AS (
      SELECT campaign_id, epoch, arm, coalesce(variant, '') AS variant, 'entered' AS what, count(*) AS n FROM campaign_entries
      WHERE workspace_id = ${workspaceId} GROUP BY 1, 2, 3, 4
      UNION ALL SELECT campaign_id, epoch, arm, coalesce(variant, ''), 'ended: ' || ending, count(*) FROM campaign_entries
      WHERE workspace_id = ${workspaceId} AND ended_ms IS NOT NULL GROUP BY 1, 2, 3, 4, 5
      UNION ALL SELECT campaign_id, epoch, 0, variant, 'sent at ' || step, count(*) FROM sends GROUP BY 1, 2, 3, 4, 5
      UNION ALL SELECT campaign_id, epoch, 0, variant, b.word || ' at ' || step, count(*)
      FROM sends JOIN (VALUES (1, 'accepted'), (2, 'delivered'), (4, 'opened'), (8, 'clicked'), (16, 'replied'), (32, 'failed'),
        (64, 'suppressed')) AS b (bit, word) ON seen & b.bit <> 0 GROUP BY 1, 2, 3, 4, 5
      UNION ALL SELECT campaign_id, epoch, arm, '', 'reached ' || goal, count(DISTINCT enrolment_id) FROM conversions
      WHERE workspace_id = ${workspaceId} GROUP BY 1, 2, 3, 5
    )
    SELECT coalesce(c.campaign_id, r.campaign_id) AS "campaignId", coalesce(c.what, r.what)
        || format(' (epoch %s, arm %s%s)', coalesce(c.epoch, r.epoch), coalesce(c.arm, r.arm),
          CASE coalesce(c.variant, r.variant) WHEN '' THEN '' ELSE ', ' || coalesce(c.variant, r.variant) END) AS what,
      coalesce(c.n, 0)::bigint AS counted, coalesce(r.n, 0)::bigint AS rows
    FROM counted c FULL JOIN rows r ON r.campaign_id = c.campaign_id AND r.epoch = c.epoch AND r.arm = c.arm
      AND r.variant = c.variant AND r.what = c.what
    WHERE coalesce(c.n, 0) <> 0 OR coalesce(r.n, 0) <> 0 ORDER BY 1, 2`;
}
