/** What one contact is and was in. Locks nothing. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { entryColumns, whereItStands, type EntryRow } from './sql.ts';

/** An entry of a contact with the campaign it is in. */
type CampaignEntryRow = Omit<EntryRow, 'contactId'> & {
  campaignId: number;
  name: string;
  state: 'draft' | 'active' | 'paused' | 'ended';
};

/** Where an entry stands among those of its contact: first what they are in, each part newest first. */
export type CampaignEntryPlace = { isIn: boolean; enteredMs: number; enrolmentId: number };

/**
 * Entries of a contact behind a place. They are read as a range of the primary key and sorted, and only those of the page are looked up
 * further: 10 ms for somebody with 5,000 of them, among a million of others. An index in this order would be one more to write for
 * everybody who enters anything.
 */
export async function selectCampaignsOf(
  db: Db,
  of: { workspaceId: number; contactId: number },
  page: { after?: CampaignEntryPlace | undefined; limit: number },
): Promise<CampaignEntryRow[]> {
  const { after, limit } = page;
  return await db<CampaignEntryRow[]>`
    SELECT e.campaign_id AS "campaignId", c.name, c.state, ${entryColumns(db)}
    FROM (
      SELECT * FROM campaign_entries
      WHERE bucket = ${bucketOf(of.contactId)} AND contact_id = ${of.contactId} AND workspace_id = ${of.workspaceId}
        ${after === undefined ? db`` : db`AND (ended_ms IS NULL, entered_ms, enrolment_id) < (${after.isIn}::boolean, ${after.enteredMs}::bigint, ${after.enrolmentId}::bigint)`}
      ORDER BY ended_ms IS NULL DESC, entered_ms DESC, enrolment_id DESC LIMIT ${limit}) e
    JOIN campaigns c ON c.id = e.campaign_id
    ${whereItStands(db, of.contactId)}
    ORDER BY e.ended_ms IS NULL DESC, e.entered_ms DESC, e.enrolment_id DESC`;
}

/** What a contact entered before a moment, newest first: a range of its primary key. Locks nothing. */
export async function selectEnteredBy(
  db: Db,
  of: { workspaceId: number; contactId: number; beforeMs: number; limit: number },
): Promise<
  { campaignId: number; name: string; enteredMs: number; endedMs: number | null; ending: string | null }[]
> {
  return await db`
    SELECT e.campaign_id AS "campaignId", c.name, e.entered_ms AS "enteredMs", e.ended_ms AS "endedMs", e.ending
    FROM campaign_entries e JOIN campaigns c ON c.id = e.campaign_id
    WHERE e.bucket = ${bucketOf(of.contactId)} AND e.contact_id = ${of.contactId} AND e.workspace_id = ${of.workspaceId}
      AND e.entered_ms < ${of.beforeMs}
    ORDER BY e.entered_ms DESC LIMIT ${of.limit}`;
}

/** Since when somebody waits to be decided on, who lacks what the filter asks for; undefined where they do not. Locks nothing. */
export async function selectUndecided(
  db: Db,
  contactId: number,
  campaignId: number,
): Promise<{ atMs: number } | undefined> {
  const rows = await db<{ atMs: number }[]>`
    SELECT entered_ms AS "atMs" FROM enrolments
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId} AND arm IS NULL
    ORDER BY id LIMIT 1`;
  return rows[0];
}
