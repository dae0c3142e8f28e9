/** Statements on how many enter campaigns in an hour, and on who did what since a time. */
import { bucketOf, BUCKETS } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { those } from '../sql.keys.ts';

/** Adds to how many entered campaigns in an hour, each in its own bucket; returns how many did in each. Locks the rows, in order. */
export async function addHours(
  db: Db,
  hourMs: number,
  entered: readonly { bucket: number; campaignId: number; n: number }[],
): Promise<{ campaignId: number; n: number }[]> {
  return await db<{ campaignId: number; n: number }[]>`
    INSERT INTO campaign_hours AS h (bucket, campaign_id, hour_ms, n)
    SELECT e.bucket, e.campaign_id, ${hourMs}::bigint, e.n
    FROM unnest(${entered.map((e) => e.bucket)}::smallint[], ${entered.map((e) => e.campaignId)}::bigint[],
      ${entered.map((e) => e.n)}::bigint[]) AS e (bucket, campaign_id, n)
    ORDER BY 1, 2
    ON CONFLICT (bucket, campaign_id, hour_ms) DO UPDATE SET n = h.n + excluded.n
    RETURNING campaign_id AS "campaignId", n`;
}

/** Forgets hours that are over. */
export async function deleteHoursBefore(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM campaign_hours WHERE hour_ms < ${beforeMs} AND bucket >= 0`;
}

/** Stops a campaign from letting anybody in, and says why; false when it is not active. Locks it. */
export async function stopEntering(db: Db, id: number, note: string, nowMs: number): Promise<boolean> {
  const result = await db`
    UPDATE campaigns SET state = 'paused', paused = 'entering', paused_ms = ${nowMs}, changed_ms = ${nowMs}, note = ${note}
    WHERE id = ${id} AND state = 'active'`;
  return result.count > 0;
}

/** Sets how many are expected in an hour; null: nobody knows, and nothing is stopped. What was noted is over. */
export async function setExpected(db: Db, id: number, perHour: number | null): Promise<void> {
  await db`UPDATE campaigns SET expected_per_hour = ${perHour}, note = NULL WHERE id = ${id}`;
}

/** One bucket of 64: buckets are hashes, so that these are a fair sample. */
const SAMPLE = Array.from({ length: BUCKETS / 64 }, (_, i) => i * 64);
/** What is found in the sample is so many times as much in all. */
const SAMPLED = BUCKETS / SAMPLE.length;

/** Whether a bucket is one of the sample. */
export const isSampled = (bucket: number): boolean => bucket % 64 === 0;

/** How many of a bucket came into a segment in an hour. */
export type CameInto = { bucket: number; segmentId: number; hourMs: number; n: number };

/** Adds to how many came into segments. Locks the rows, in order; each is of the owner of its lane. */
export async function addComings(db: Db, rows: readonly CameInto[]): Promise<void> {
  await db`
    INSERT INTO segment_comings AS s (bucket, segment_id, hour_ms, n)
    SELECT n.* FROM unnest(${rows.map((r) => r.bucket)}::smallint[], ${rows.map((r) => r.segmentId)}::bigint[],
      ${rows.map((r) => r.hourMs)}::bigint[], ${rows.map((r) => r.n)}::bigint[]) AS n (bucket, segment_id, hour_ms, n)
    ORDER BY 1, 2, 3
    ON CONFLICT (bucket, segment_id, hour_ms) DO UPDATE SET n = s.n + excluded.n`;
}

/** About how many came into a segment since a time, whether they are in it still or not. Locks nothing. */
export async function countComings(db: Db, segmentId: number, sinceMs: number): Promise<number> {
  const [row] = await db<{ n: number }[]>`
    SELECT coalesce(sum(n), 0)::bigint AS n FROM segment_comings
    WHERE bucket = ANY(${SAMPLE}::smallint[]) AND segment_id = ${segmentId} AND hour_ms >= ${sinceMs}`;
  return row!.n * SAMPLED;
}

/** Forgets who came long ago. */
export async function deleteComingsBefore(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM segment_comings WHERE hour_ms < ${beforeMs} AND bucket >= 0`;
}

/** About how often something was done since a time, and when first; by the workspace's clock. */
export async function selectOften(
  db: Db,
  workspaceId: number,
  nameId: number,
  sinceMs: number,
): Promise<{ n: number; firstMs: number | null }> {
  const [row] = await db<{ n: number; firstMs: number | null }[]>`
    SELECT count(*) AS n, min(at_ms) AS "firstMs" FROM contact_events
    WHERE bucket = ANY(${SAMPLE}::smallint[]) AND workspace_id = ${workspaceId} AND name_id = ${nameId} AND at_ms >= ${sinceMs}`;
  return { n: row!.n * SAMPLED, firstMs: row!.firstMs };
}

/** How many contacts of some buckets did something since a time. */
export async function countWhoDid(
  db: Db,
  buckets: readonly number[],
  of: { workspaceId: number; nameId: number; sinceMs: number },
): Promise<number> {
  const [row] = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM event_stats
    WHERE bucket = ANY(${[...buckets]}::smallint[]) AND workspace_id = ${of.workspaceId} AND name_id = ${of.nameId}
      AND last_ms >= ${of.sinceMs}`;
  return row!.n;
}

/** Who of some contacts did something since a time, in order of id. */
export async function selectWhoOfThose(
  db: Db,
  contactIds: readonly number[],
  of: { nameId: number; sinceMs: number },
): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT s.contact_id AS id FROM ${those(db, contactIds)} JOIN event_stats s
      ON (s.bucket, s.contact_id, s.name_id) BETWEEN (k.bucket, k.contact_id, ${of.nameId}::bigint) AND (k.bucket, k.contact_id, ${of.nameId}::bigint)
      AND s.last_ms >= ${of.sinceMs} ORDER BY 1`;
  return rows.map(({ id }) => id);
}

/** The next contacts of some buckets who did something since a time, in the order of bucket and id. */
export async function selectWhoDid(
  db: Db,
  buckets: readonly number[],
  of: {
    workspaceId: number;
    nameId: number;
    sinceMs: number;
    afterId: number;
    limit: number;
    only?: number | undefined;
  },
): Promise<number[]> {
  const alone = of.only === undefined ? db`` : db`AND contact_id = ${of.only}`;
  const from = of.afterId === 0 ? -1 : bucketOf(of.afterId);
  const rows = await db<{ id: number }[]>`
    SELECT bucket, contact_id AS id FROM event_stats
    WHERE bucket = ANY(${[...buckets]}::smallint[]) AND workspace_id = ${of.workspaceId} AND name_id = ${of.nameId}
      AND last_ms >= ${of.sinceMs} ${alone} AND (bucket, contact_id) > (${from}::smallint, ${of.afterId}::bigint)
    ORDER BY bucket, contact_id LIMIT ${of.limit}`;
  return rows.map(({ id }) => id);
}
