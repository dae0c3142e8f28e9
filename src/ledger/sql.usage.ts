/** Every statement on what a workspace used. */
import type { ChannelName } from '../../contract/channels.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import type { DeliveryKey } from './ref.ts';

/** A delivery that was handed to a provider; `segments` where it took several text messages. */
type Attempted = DeliveryKey & { channel: string; segments: number | null };

/** Deliveries that were handed to a provider at least once. */
export async function selectAttempted(db: Db, keys: readonly DeliveryKey[]): Promise<Attempted[]> {
  return await db<Attempted[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.channel, d.segments
    FROM unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
      ${keys.map((k) => k.causeId)}::bigint[], ${keys.map((k) => k.seq)}::smallint[]) AS k (bucket, contact_id, cause_id, seq)
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq
    WHERE d.channel IS NOT NULL AND (d.attempts > 0 OR d.sent_ms IS NOT NULL)`;
}

/** Messages of a workspace on a channel in a month. */
export type UsedMessages = {
  workspaceId: number;
  month: number;
  channel: string;
  n: number;
  extraSegments: number;
};

/** Adds to what was used. `bucket` is the first of the lane's, so that workers do not meet. Locks the rows. */
export async function addUsedMessages(db: Db, bucket: number, rows: readonly UsedMessages[]): Promise<void> {
  await db`
    INSERT INTO usage_messages AS u (bucket, workspace_id, month, channel, n, extra_segments)
    SELECT ${bucket}::smallint, * FROM unnest(${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.month)}::integer[],
      ${rows.map((r) => r.channel)}::text[], ${rows.map((r) => r.n)}::bigint[], ${rows.map((r) => r.extraSegments)}::bigint[])
    ON CONFLICT (bucket, workspace_id, month, channel) DO UPDATE
    SET n = u.n + excluded.n, extra_segments = u.extra_segments + excluded.extra_segments`;
}

/** Notes people as active in a month; once each. */
export async function insertActivePeople(
  db: Db,
  rows: readonly { workspaceId: number; month: number; contactId: number }[],
): Promise<void> {
  await db`
    INSERT INTO usage_people (bucket, workspace_id, month, contact_id)
    SELECT * FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => r.month)}::integer[], ${rows.map((r) => r.contactId)}::bigint[])
    ON CONFLICT DO NOTHING`;
}

/** What a workspace sent in a month, by channel; `extraSegments` are those beyond one each. */
export async function selectUsedMessages(
  db: Db,
  workspaceId: number,
  month: number,
): Promise<{ channel: ChannelName; n: number; extraSegments: number }[]> {
  return await db<{ channel: ChannelName; n: number; extraSegments: number }[]>`
    SELECT channel, sum(n)::bigint AS n, sum(extra_segments)::bigint AS "extraSegments" FROM usage_messages
    WHERE workspace_id = ${workspaceId} AND month = ${month} GROUP BY channel ORDER BY channel`;
}

/** How many people were active in a month. Contacts that were merged since are one person. */
export async function countActivePeople(db: Db, workspaceId: number, month: number): Promise<number> {
  const [row] = await db<{ n: number }[]>`
    SELECT count(DISTINCT coalesce(m.into_id, p.contact_id)) AS n FROM usage_people p
    LEFT JOIN merged_contacts m ON m.bucket = p.bucket AND m.workspace_id = p.workspace_id AND m.contact_id = p.contact_id
    WHERE p.workspace_id = ${workspaceId} AND p.month = ${month}`;
  return row!.n;
}
