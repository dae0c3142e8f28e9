/** Statements on campaigns that contacts have left. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { isOneOf, those } from '../sql.keys.ts';

/** A contact and a campaign. */
type Left = { contactId: number; campaignId: number };

/** The campaigns of a workspace with these keys or ids. */
export async function selectNamed(
  db: Db,
  workspaceId: number,
  keys: readonly string[],
  ids: readonly number[],
): Promise<{ id: number; key: string }[]> {
  return await db<{ id: number; key: string }[]>`
    SELECT id, key FROM campaigns
    WHERE workspace_id = ${workspaceId} AND (key = ANY(${[...keys]}::text[]) OR id = ANY(${[...ids]}::bigint[]))`;
}

/** Notes that a contact has left campaigns; those that it left before stay as they are. */
export async function insertOptouts(
  db: Db,
  of: { workspaceId: number; contactId: number },
  campaignIds: readonly number[],
  nowMs: number,
): Promise<void> {
  await db`
    INSERT INTO campaign_optouts (bucket, contact_id, campaign_id, workspace_id, since_ms)
    SELECT ${bucketOf(of.contactId)}::smallint, ${of.contactId}::bigint, c, ${of.workspaceId}::bigint, ${nowMs}::bigint
    FROM unnest(${[...campaignIds]}::bigint[]) c ON CONFLICT DO NOTHING`;
}

/** Takes that back. */
export async function deleteOptouts(
  db: Db,
  contactId: number,
  campaignIds: readonly number[],
): Promise<void> {
  await db`
    DELETE FROM campaign_optouts
    WHERE bucket = ${bucketOf(contactId)}::smallint AND contact_id = ${contactId} AND campaign_id = ANY(${[...campaignIds]}::bigint[])`;
}

/** Of some contacts and campaigns, those where the one has left the other. Locks nothing. */
export async function selectOptouts(
  db: Db,
  contactIds: readonly number[],
  campaignIds: readonly number[],
): Promise<Left[]> {
  return await db<Left[]>`
    SELECT o.contact_id AS "contactId", o.campaign_id AS "campaignId"
    FROM ${those(db, contactIds)}
    JOIN campaign_optouts o ON (o.bucket, o.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id)
    WHERE ${isOneOf(db, db`o.campaign_id`, campaignIds)}`;
}

/** The campaigns that a contact has left. */
export async function selectLeftBy(db: Db, contactId: number): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT campaign_id AS id FROM campaign_optouts WHERE bucket = ${bucketOf(contactId)}::smallint AND contact_id = ${contactId}`;
  return rows.map(({ id }) => id);
}

/** Notes that somebody has left campaigns; true when of one of them nobody had. Locks those. */
export async function markLeft(db: Db, campaignIds: readonly number[]): Promise<boolean> {
  const result = await db`
    UPDATE campaigns SET is_left = true WHERE id = ANY(${[...campaignIds]}::bigint[]) AND NOT is_left`;
  return result.count > 0;
}

/** Deletes what contacts have left. */
export async function deleteOptoutsOf(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM campaign_optouts
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** What one contact has left, another has left as well. */
export async function copyOptouts(db: Db, fromId: number, toId: number): Promise<void> {
  await db`
    INSERT INTO campaign_optouts (bucket, contact_id, campaign_id, workspace_id, since_ms)
    SELECT ${bucketOf(toId)}::smallint, ${toId}::bigint, campaign_id, workspace_id, since_ms
    FROM campaign_optouts WHERE bucket = ${bucketOf(fromId)}::smallint AND contact_id = ${fromId}
    ON CONFLICT DO NOTHING`;
}
