/** Statements on the history of events for who looks on. */
import { MAX_ID } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import type { FeedEvent } from './reader.ts';

/** An event that was handed on. */
export type LoggedEvent = Omit<FeedEvent, 'bucket'> & { failed: boolean };

/**
 * Events of a workspace, the newest first, of those that are looked at: `most`, from the newest on. With a bucket those of its contacts
 * only, which are found by the primary key; else by the index of the workspace. Locks nothing.
 */
export async function selectHistory(
  db: Db,
  of: {
    workspaceId: number;
    bucket: number | undefined;
    contactId: number | undefined;
    type: string | undefined;
    beforeId: number | undefined;
    afterId: number | undefined;
    limit: number;
    most: number;
  },
): Promise<{ events: LoggedEvent[]; lookedAt: number; oldestId: number | null }> {
  const { workspaceId, bucket, contactId, type, beforeId = MAX_ID, afterId = 0, limit, most } = of;
  const named = contactId === undefined ? null : JSON.stringify({ contactId });
  const changed = contactId === undefined ? null : JSON.stringify({ changes: [{ contactId }] });
  const rows = await db<(LoggedEvent & { isWanted: boolean; lookedAt: number; oldestId: number })[]>`
    WITH looked AS MATERIALIZED (
      SELECT id, workspace_id, type, at_ms, payload, error FROM feed_log
      WHERE workspace_id = ${workspaceId} AND id < ${beforeId}::bigint AND id > ${afterId}::bigint
        ${bucket === undefined ? db`` : db`AND bucket = ${bucket}::smallint`}
      ORDER BY id DESC LIMIT ${most}),
    wanted AS (
      SELECT * FROM looked
      WHERE (${type ?? null}::text IS NULL OR type = ${type ?? null}::text)
        AND (${named}::text IS NULL OR payload @> ${named}::text::jsonb OR payload @> ${changed}::text::jsonb)
      ORDER BY id DESC LIMIT ${limit + 1}),
    all_of AS (SELECT count(*)::integer AS looked_at, min(id) AS oldest_id FROM looked)
    SELECT w.id, w.workspace_id AS "workspaceId", w.type, w.at_ms AS "atMs", w.payload, w.error IS NOT NULL AS failed,
      w.id IS NOT NULL AS "isWanted", a.looked_at AS "lookedAt", a.oldest_id AS "oldestId"
    FROM all_of a LEFT JOIN wanted w ON true ORDER BY w.id DESC`;
  return {
    events: rows.flatMap(({ isWanted, lookedAt: _lookedAt, oldestId: _oldestId, ...event }) =>
      isWanted ? [event] : [],
    ),
    lookedAt: rows[0]?.lookedAt ?? 0,
    oldestId: rows[0]?.oldestId ?? null,
  };
}
