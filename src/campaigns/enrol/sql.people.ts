/** Statements on people who are erased or merged, as campaigns have them. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import type { Arm } from './entry.ts';

const TABLES = [
  'timers',
  'enrolments',
  'campaign_entries',
  'campaign_sends',
  'conversions',
  'enrolment_log',
  'campaign_refusals',
] as const;

/** Deletes all that contacts have in campaigns; counts stay. Locks the rows. */
export async function deleteCampaignRowsOf(db: Db, contactIds: readonly number[]): Promise<void> {
  const buckets = [...new Set(contactIds.map(bucketOf))];
  for (const table of TABLES)
    await db.unsafe(
      `DELETE FROM ${table} WHERE bucket = ANY($1::smallint[]) AND contact_id = ANY($2::bigint[])`,
      [buckets, [...contactIds]],
    );
}

/** Moves what does not clash: entries that the survivor has not made, sends, conversions and decisions. Locks the rows. */
export async function moveHistory(db: Db, fromId: number, toId: number): Promise<void> {
  const from = bucketOf(fromId);
  const to = bucketOf(toId);
  await db`
    INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm,
      variant, reached_ms, entered_ms, ended_ms, ending, trigger, converted, missed)
    SELECT ${to}::smallint, ${toId}::bigint, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm, variant, reached_ms,
      entered_ms, ended_ms, ending, trigger, converted, missed FROM campaign_entries WHERE bucket = ${from} AND contact_id = ${fromId} ON CONFLICT DO NOTHING`;
  await db`
    INSERT INTO campaign_sends (bucket, contact_id, message_id, workspace_id, campaign_id, enrolment_id, epoch, version_id, variant,
      seen, step, at_ms, depth)
    SELECT ${to}::smallint, ${toId}::bigint, message_id, workspace_id, campaign_id, enrolment_id, epoch, version_id, variant, seen, step, at_ms, depth
    FROM campaign_sends WHERE bucket = ${from} AND contact_id = ${fromId} ON CONFLICT DO NOTHING`;
  await db`
    INSERT INTO conversions (bucket, contact_id, enrolment_id, goal, event_key, workspace_id, campaign_id, epoch, arm, at_ms, value, message_id)
    SELECT ${to}::smallint, ${toId}::bigint, enrolment_id, goal, event_key, workspace_id, campaign_id, epoch, arm, at_ms, value, message_id
    FROM conversions WHERE bucket = ${from} AND contact_id = ${fromId} ON CONFLICT DO NOTHING`;
  await db`
    INSERT INTO enrolment_log (bucket, contact_id, enrolment_id, seq, at_ms, workspace_id, campaign_id, what, step, detail)
    SELECT ${to}::smallint, ${toId}::bigint, enrolment_id, seq, at_ms, workspace_id, campaign_id, what, step, detail
    FROM enrolment_log WHERE bucket = ${from} AND contact_id = ${fromId} ON CONFLICT DO NOTHING`;
  await db`
    INSERT INTO campaign_refusals (bucket, contact_id, campaign_id, workspace_id, at_ms, reason)
    SELECT ${to}::smallint, ${toId}::bigint, campaign_id, workspace_id, at_ms, reason
    FROM campaign_refusals WHERE bucket = ${from} AND contact_id = ${fromId} ON CONFLICT DO NOTHING`;
}

/** Moves enrolments, but for those that end by the merge, and their timers, into the survivor's lane. True when the survivor is in anything then. */
export async function moveEnrolments(
  db: Db,
  fromId: number,
  toId: number,
  ended: readonly number[],
): Promise<boolean> {
  const from = bucketOf(fromId);
  const to = bucketOf(toId);
  const [lane] = await db<{ lane: number }[]>`SELECT lane FROM lanes WHERE buckets @> ARRAY[${to}::smallint]`;
  await db`
    INSERT INTO timers (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
    SELECT ${to}::smallint, ${toId}::bigint, t.owner_id, ${lane!.lane}::smallint, t.workspace_id, t.due_ms, t.at_ms
    FROM timers t JOIN enrolments e ON e.bucket = ${from} AND e.contact_id = ${fromId} AND e.id = t.owner_id
    WHERE t.bucket = ${from} AND t.contact_id = ${fromId} AND e.id <> ALL(${[...ended]}::bigint[])`;
  await db`
    INSERT INTO enrolments (bucket, contact_id, id, workspace_id, campaign_id, version_id, entry_key, epoch, arm, variant, entered_ms, trigger,
      place)
    SELECT ${to}::smallint, ${toId}::bigint, id, workspace_id, campaign_id, version_id, entry_key, epoch, arm, variant, entered_ms, trigger, place
    FROM enrolments WHERE bucket = ${from} AND contact_id = ${fromId} AND id <> ALL(${[...ended]}::bigint[])`;
  return await isInAny(db, toId);
}

/** Whether a contact is in any campaign. Locks nothing. */
export async function isInAny(db: Db, contactId: number): Promise<boolean> {
  const rows = await db`
    SELECT 1 FROM enrolments WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} LIMIT 1`;
  return rows.length > 0;
}

/**
 * An enrolment in a campaign that another contact is or was in. `ends`: of the two only the other's goes on. While it is not decided of one
 * of them whether they enter, neither ends: that is decided once they are one.
 */
type Clash = {
  id: number;
  campaignId: number;
  workspaceId: number;
  epoch: number;
  arm: Arm | null;
  variant: string | null;
  versionId: number;
  seq: number;
  ends: boolean;
};

/** Enrolments of one contact in campaigns that another is in, or has entered. Locks nothing. */
export async function selectClashing(db: Db, fromId: number, toId: number): Promise<Clash[]> {
  const to = bucketOf(toId);
  return await db<Clash[]>`
    SELECT d.id, d.campaign_id AS "campaignId", d.workspace_id AS "workspaceId", d.epoch, d.arm, d.variant,
      d.version_id AS "versionId", (d.place ->> 'seq')::integer AS seq,
      d.arm IS NOT NULL AND bool_or(CASE WHEN s.is_in THEN s.arm IS NOT NULL ELSE s.entry_key = d.entry_key END) AS ends
    FROM enrolments d JOIN (
      SELECT true AS is_in, campaign_id, entry_key, arm FROM enrolments WHERE bucket = ${to} AND contact_id = ${toId}
      UNION ALL
      SELECT false, campaign_id, entry_key, arm FROM campaign_entries WHERE bucket = ${to} AND contact_id = ${toId}
    ) s ON s.campaign_id = d.campaign_id
    WHERE d.bucket = ${bucketOf(fromId)} AND d.contact_id = ${fromId} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`;
}

/** A comparison in which two contacts are on different sides: the side of the first. */
export type Crossed = {
  campaignId: number;
  epoch: number;
  arm: Arm;
  variant: string | null;
  versionId: number;
};

/** Comparisons that two contacts entered on different sides, whether they are in them still or have left. Locks nothing. */
export async function selectCrossed(db: Db, fromId: number, toId: number): Promise<Crossed[]> {
  return await db<Crossed[]>`
    SELECT DISTINCT ON (d.campaign_id, d.epoch) d.campaign_id AS "campaignId", d.epoch, d.arm, d.variant, d.version_id AS "versionId"
    FROM campaign_entries d JOIN campaign_entries s ON s.bucket = ${bucketOf(toId)} AND s.contact_id = ${toId}
      AND s.campaign_id = d.campaign_id AND s.epoch = d.epoch AND (s.arm <> d.arm OR s.variant IS DISTINCT FROM d.variant)
    WHERE d.bucket = ${bucketOf(fromId)} AND d.contact_id = ${fromId}
    ORDER BY d.campaign_id, d.epoch, d.entered_ms`;
}

/** Entries that end by a merge. Locks the rows. */
export async function endEntries(
  db: Db,
  contactId: number,
  enrolmentIds: readonly number[],
  atMs: number,
): Promise<void> {
  await db`
    UPDATE campaign_entries SET ended_ms = ${atMs}, ending = 'merged'
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND enrolment_id = ANY(${[...enrolmentIds]}::bigint[])
      AND ended_ms IS NULL`;
}
