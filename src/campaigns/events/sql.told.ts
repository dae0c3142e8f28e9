/** Statements that tell whose a message is. Lock nothing. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { those, thoseMessages } from '../sql.keys.ts';

/** A message that a campaign sent. */
export type Sent = {
  contactId: number;
  messageId: number;
  campaignId: number;
  campaign: string;
  enrolmentId: number;
  epoch: number;
  versionId: number;
  variant: string | null;
  step: string;
  /** How many campaigns had led to each other to it; null where none had. */
  depth: number | null;
};

/** Those of some messages that are campaigns'. */
export async function selectSends(
  db: Db,
  keys: readonly { contactId: number; messageId: number }[],
): Promise<Sent[]> {
  return await db<Sent[]>`
    SELECT s.contact_id AS "contactId", s.message_id AS "messageId", s.campaign_id AS "campaignId", c.key AS campaign,
      s.enrolment_id AS "enrolmentId", s.epoch, s.version_id AS "versionId", s.variant, s.step, s.depth
    FROM ${thoseMessages(db, keys)} JOIN campaign_sends s
      ON (s.bucket, s.contact_id, s.message_id) BETWEEN (k.bucket, k.contact_id, k.message_id) AND (k.bucket, k.contact_id, k.message_id)
    JOIN campaigns c ON c.id = s.campaign_id`;
}

/** The last message that a campaign sent to each of some contacts. */
export async function selectLastSends(db: Db, contactIds: readonly number[]): Promise<Sent[]> {
  return await db<Sent[]>`
    SELECT DISTINCT ON (s.contact_id) s.contact_id AS "contactId", s.message_id AS "messageId", s.campaign_id AS "campaignId",
      c.key AS campaign, s.enrolment_id AS "enrolmentId", s.epoch, s.version_id AS "versionId", s.variant, s.step, s.depth
    FROM ${those(db, contactIds)} JOIN campaign_sends s
      ON (s.bucket, s.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id)
    JOIN campaigns c ON c.id = s.campaign_id ORDER BY s.contact_id, s.message_id DESC`;
}

/** What set off those campaigns that sent some messages, of the campaigns of one key. */
export async function selectSetOff(
  db: Db,
  keys: readonly { contactId: number; messageId: number }[],
  campaignKey: string,
): Promise<{ contactId: number; messageId: number; properties: Record<string, unknown> | null }[]> {
  return await db<{ contactId: number; messageId: number; properties: Record<string, unknown> | null }[]>`
    SELECT s.contact_id AS "contactId", s.message_id AS "messageId", e.trigger -> 'properties' AS properties
    FROM ${thoseMessages(db, keys)} JOIN campaign_sends s
      ON (s.bucket, s.contact_id, s.message_id) BETWEEN (k.bucket, k.contact_id, k.message_id) AND (k.bucket, k.contact_id, k.message_id)
    JOIN campaigns c ON c.id = s.campaign_id AND c.key = ${campaignKey}
    JOIN campaign_entries e
      ON (e.bucket, e.contact_id, e.campaign_id) BETWEEN (s.bucket, s.contact_id, s.campaign_id) AND (s.bucket, s.contact_id, s.campaign_id)
      AND e.enrolment_id = s.enrolment_id`;
}

/** The newest messages that campaigns sent to a contact, the last first. */
export async function selectNewestSends(
  db: Db,
  contactId: number,
  most: number,
): Promise<Omit<Sent, 'campaign'>[]> {
  return await db<Omit<Sent, 'campaign'>[]>`
    SELECT contact_id AS "contactId", message_id AS "messageId", campaign_id AS "campaignId", enrolment_id AS "enrolmentId", epoch,
      version_id AS "versionId", variant, step, depth
    FROM campaign_sends WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} ORDER BY message_id DESC LIMIT ${most}`;
}
