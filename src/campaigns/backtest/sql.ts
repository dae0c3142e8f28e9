/** Statements of back-tests: what people of some buckets did, and the job itself. Nothing here writes of a contact. */
import type { CampaignFile } from '../../../contract/campaign.ts';
import type { Db } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';
import type { EventRow } from '../enrol/sql.read.ts';
import { those } from '../sql.keys.ts';
import type { SaidOfWriting } from './judge.ts';

/** A back-test as it is kept. `sums`: of what was counted in each bucket, the sum and the sum of squares. */
export type BacktestRow = {
  id: number;
  workspaceId: number;
  campaignId: number | null;
  file: CampaignFile;
  salt: string;
  fromMs: number;
  toMs: number;
  orderedBy: 'received' | 'at';
  wanted: number;
  done: number;
  sums: Record<string, [number, number]>;
  note: string | null;
  createdMs: number;
  endedMs: number | null;
};

const ROW = (db: Db) => db`
  id, workspace_id AS "workspaceId", campaign_id AS "campaignId", file, salt, from_ms AS "fromMs", to_ms AS "toMs",
  ordered_by AS "orderedBy", wanted, done, sums, note, created_ms AS "createdMs", ended_ms AS "endedMs"`;

/** Writes a new back-test. */
export async function insertBacktest(db: Db, row: BacktestRow): Promise<void> {
  await db`
    INSERT INTO campaign_backtests (id, workspace_id, campaign_id, file, salt, from_ms, to_ms, ordered_by, wanted, created_ms)
    VALUES (${row.id}, ${row.workspaceId}, ${row.campaignId}, ${JSON.stringify(row.file)}::text::jsonb, ${row.salt}, ${row.fromMs},
      ${row.toMs}, ${row.orderedBy}, ${row.wanted}, ${row.createdMs})`;
}

/** A back-test of a workspace. */
export async function selectBacktest(
  db: Db,
  workspaceId: number,
  id: number,
): Promise<BacktestRow | undefined> {
  const rows = await db<BacktestRow[]>`
    SELECT ${ROW(db)} FROM campaign_backtests WHERE workspace_id = ${workspaceId} AND id = ${id}`;
  return rows[0];
}

/** Back-tests, newest first. */
export async function selectBacktests(
  db: Db,
  workspaceId: number,
  page: { beforeId: number; limit: number },
): Promise<BacktestRow[]> {
  return await db<BacktestRow[]>`
    SELECT ${ROW(db)} FROM campaign_backtests WHERE workspace_id = ${workspaceId} AND id < ${page.beforeId}
    ORDER BY id DESC LIMIT ${page.limit}`;
}

/** How many back-tests of a workspace are under way. */
export async function countUnderWay(db: Db, workspaceId: number): Promise<number> {
  const rows = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM campaign_backtests WHERE workspace_id = ${workspaceId} AND ended_ms IS NULL`;
  return rows[0]!.n;
}

/** Notes how far a back-test is; false when another has noted more, or it is gone. */
export async function updateBacktest(
  db: Db,
  row: Pick<BacktestRow, 'id' | 'done' | 'sums' | 'note' | 'endedMs'>,
  before: number,
): Promise<boolean> {
  const result = await db`
    UPDATE campaign_backtests SET done = ${row.done}, sums = ${JSON.stringify(row.sums)}::text::jsonb, note = ${row.note},
      ended_ms = ${row.endedMs}
    WHERE id = ${row.id} AND done = ${before} AND ended_ms IS NULL`;
  return result.count > 0;
}

/** Deletes a back-test. */
export async function deleteBacktest(db: Db, workspaceId: number, id: number): Promise<boolean> {
  const result = await db`DELETE FROM campaign_backtests WHERE workspace_id = ${workspaceId} AND id = ${id}`;
  return result.count > 0;
}

/** Deletes back-tests that were made before an instant. */
export async function deleteBacktestsBefore(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM campaign_backtests WHERE created_ms < ${beforeMs}`;
}

/**
 * What a contact did that is taken through a campaign, at most: the newest. One who is a machine does hundreds of thousands of things, which took
 * 3.5 kB each, and with them the process of everybody.
 */
const MOST_DONE = 20_000;

/** What somebody who set a campaign off did. Of the names that it asks for, as far back. */
export async function selectDone(
  db: Db,
  of: { workspaceId: number; buckets: readonly number[]; contactId?: number | undefined },
  asked: { triggerId: number; fromMs: number; toMs: number; nameIds: readonly number[]; sinceMs: number },
): Promise<EventRow[]> {
  const { workspaceId, buckets, contactId } = of;
  const { triggerId, fromMs, toMs, nameIds, sinceMs } = asked;
  const who = contactId === undefined ? db`` : db`AND e.contact_id = ${contactId}`;
  return await onEachShard(
    db,
    buckets,
    (bucket) => bucket,
    async (some) =>
      await db<EventRow[]>`
        WITH set_off AS MATERIALIZED (
          SELECT DISTINCT e.bucket, e.contact_id FROM contact_events e
          WHERE e.bucket = ANY(${[...some]}::smallint[]) AND e.workspace_id = ${workspaceId} AND e.name_id = ${triggerId} ${who}
            AND e.at_ms >= ${sinceMs} AND e.received_ms BETWEEN ${fromMs} AND ${toMs}
        )
        SELECT e.contact_id AS "contactId", e.name_id AS "nameId", e.at_ms AS "atMs", e.received_ms AS "receivedMs", e.key,
          e.arrival_id AS "order", e.flags, e.properties
        FROM set_off s CROSS JOIN LATERAL (
          SELECT * FROM contact_events d WHERE d.bucket = s.bucket AND d.contact_id = s.contact_id ${db.onShard('d.bucket', some)}
            AND d.name_id = ANY(${[...nameIds]}::bigint[]) AND d.at_ms >= ${sinceMs}
          ORDER BY d.at_ms DESC, d.key DESC LIMIT ${MOST_DONE}) e
        ORDER BY e.contact_id, e.at_ms DESC, e.key DESC`,
  );
}

/** What people said of being written to, oldest first. */
export async function selectSaid(
  db: Db,
  contactIds: readonly number[],
): Promise<(SaidOfWriting & { contactId: number })[]> {
  return await db<(SaidOfWriting & { contactId: number })[]>`
    SELECT l.contact_id AS "contactId", l.channel, l.address, l.blocked_classes AS "blockedClasses", l.at_ms AS "atMs"
    FROM ${those(db, contactIds)} JOIN consent_log l ON l.bucket = k.bucket AND l.contact_id = k.contact_id
    ORDER BY l.contact_id, l.at_ms, l.id`;
}

/** When people left a campaign. */
export async function selectLeft(
  db: Db,
  campaignId: number,
  contactIds: readonly number[],
): Promise<{ contactId: number; sinceMs: number }[]> {
  return await db<{ contactId: number; sinceMs: number }[]>`
    SELECT o.contact_id AS "contactId", o.since_ms AS "sinceMs"
    FROM ${those(db, contactIds)} JOIN campaign_optouts o
      ON o.bucket = k.bucket AND o.contact_id = k.contact_id AND o.campaign_id = ${campaignId}`;
}

/** The largest share of buckets that has anything is the sample; all there are is this many. */
export const ALL_BUCKETS = 4096;
