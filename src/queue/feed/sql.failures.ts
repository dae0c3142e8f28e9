/** Every statement on feed_failures. */
import type { Db } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { FeedEvent } from './reader.ts';

export type { FeedEvent } from './reader.ts';

/** An event with the reader that failed on it. */
export type ReaderFailure = FeedEvent & { reader: string; lane: number; attempts: number };

/** Keeps an event for a reader. */
export async function insertFailure(
  db: Db,
  lane: OwnedLane,
  failure: FeedEvent & { reader: string; error: string; againMs: number },
): Promise<void> {
  const { bucket, id, reader, workspaceId, type, atMs, payload, error, againMs } = failure;
  await db`
    INSERT INTO feed_failures (bucket, id, reader, lane, workspace_id, type, at_ms, payload, error, attempts, again_ms)
    VALUES (${bucket}, ${id}, ${reader}, ${lane.lane}, ${workspaceId}, ${type}, ${atMs}, ${JSON.stringify(payload)}::text::jsonb,
      ${error}, 1, ${againMs})
    ON CONFLICT DO NOTHING`;
}

/** Failures of some readers in some lanes whose time has come, and all of `news`; oldest first. */
export async function selectFailures(
  db: Db,
  readers: readonly string[],
  lanes: readonly OwnedLane[],
  news: readonly OwnedLane[],
  nowMs: number,
  limit: number,
): Promise<ReaderFailure[]> {
  return await db<ReaderFailure[]>`
    SELECT bucket, id, reader, lane, workspace_id AS "workspaceId", type, at_ms AS "atMs", payload, attempts
    FROM feed_failures
    WHERE reader = ANY(${[...readers]}::text[]) AND lane = ANY(${lanes.map(({ lane }) => lane)}::smallint[])
      AND (again_ms <= ${nowMs} OR lane = ANY(${news.map(({ lane }) => lane)}::smallint[]))
    ORDER BY id, reader LIMIT ${limit}`;
}

/** Forgets a failure: the event was read. */
export async function deleteFailure(db: Db, failure: ReaderFailure): Promise<void> {
  await db`
    DELETE FROM feed_failures WHERE bucket = ${failure.bucket} AND id = ${failure.id} AND reader = ${failure.reader}`;
}

/** Puts a failure off. */
export async function putOffFailure(
  db: Db,
  failure: ReaderFailure,
  error: string,
  againMs: number,
): Promise<void> {
  await db`
    UPDATE feed_failures SET error = ${error}, attempts = least(attempts + 1, 1000), again_ms = ${againMs}
    WHERE bucket = ${failure.bucket} AND id = ${failure.id} AND reader = ${failure.reader}`;
}

/** How many there are. */
export async function countFailures(db: Db): Promise<number> {
  const rows = await db<{ n: number }[]>`SELECT count(*) AS n FROM feed_failures`;
  return rows[0]!.n;
}

/** Deletes failures on events from before a time. */
export async function deleteFailuresBefore(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM feed_failures WHERE at_ms < ${beforeMs}`;
}
