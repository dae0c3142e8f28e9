/** Every statement on broadcasts and broadcast_lanes. */
import type { Audience } from '../../contract/audience.ts';
import { audienceCondition } from '../contacts/audience.ts';
import type { Db, Fragment } from '../db/pool.ts';
import type { Broadcast, BroadcastState } from './broadcasts.ts';

const columns = (db: Db) => db`
  id, workspace_id AS "workspaceId", name, state, content, class, channel, integration_id AS "integrationId", audience,
  rate_per_s AS "ratePerS", note, run_id AS "runId", scheduled_ms AS "scheduledMs", started_ms AS "startedMs",
  finished_ms AS "finishedMs", step_id AS "stepId", expires_after_ms AS "expiresAfterMs", created_ms AS "createdMs", changed_ms AS "changedMs"`;

/** Writes a draft down. */
export async function insertBroadcast(db: Db, b: Broadcast): Promise<void> {
  await db`
    INSERT INTO broadcasts (id, workspace_id, name, state, content, class, channel, integration_id, audience, rate_per_s,
      expires_after_ms, created_ms, changed_ms)
    VALUES (${b.id}, ${b.workspaceId}, ${b.name}, 'draft', ${JSON.stringify(b.content)}::text::jsonb, ${b.class}, ${b.channel},
      ${b.integrationId}, ${JSON.stringify(b.audience)}::text::jsonb, ${b.ratePerS}, ${b.expiresAfterMs}, ${b.createdMs}, ${b.createdMs})`;
}

/** Changes what a draft says and to whom. */
export async function updateDraft(db: Db, b: Broadcast, nowMs: number): Promise<void> {
  await db`
    UPDATE broadcasts SET name = ${b.name}, content = ${JSON.stringify(b.content)}::text::jsonb, class = ${b.class},
      channel = ${b.channel}, integration_id = ${b.integrationId}, audience = ${JSON.stringify(b.audience)}::text::jsonb,
      rate_per_s = ${b.ratePerS}, expires_after_ms = ${b.expiresAfterMs}, changed_ms = ${nowMs}
    WHERE id = ${b.id} AND workspace_id = ${b.workspaceId} AND state IN ('draft', 'scheduled')`;
}

/** A broadcast of a workspace; with `lock` it stays as it is until the transaction ends. */
export async function selectBroadcast(
  db: Db,
  workspaceId: number,
  id: number,
  lock = false,
): Promise<Broadcast | undefined> {
  const rows = await db<Broadcast[]>`
    SELECT ${columns(db)} FROM broadcasts WHERE id = ${id} AND workspace_id = ${workspaceId} ${lock ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** The broadcast of a run. */
export async function selectByRun(db: Db, runId: number): Promise<Broadcast | undefined> {
  const rows = await db<Broadcast[]>`SELECT ${columns(db)} FROM broadcasts WHERE run_id = ${runId}`;
  return rows[0];
}

/** Broadcasts of runs. */
export async function selectByRuns(db: Db, runIds: readonly number[]): Promise<Broadcast[]> {
  return await db<
    Broadcast[]
  >`SELECT ${columns(db)} FROM broadcasts WHERE run_id = ANY(${[...runIds]}::bigint[])`;
}

/** A page of a workspace's broadcasts, newest first. */
export async function selectBroadcasts(
  db: Db,
  workspaceId: number,
  page: { beforeId?: number | undefined; limit: number },
): Promise<Broadcast[]> {
  return await db<Broadcast[]>`
    SELECT ${columns(db)} FROM broadcasts
    WHERE workspace_id = ${workspaceId} ${page.beforeId === undefined ? db`` : db`AND id < ${page.beforeId}`}
    ORDER BY id DESC LIMIT ${page.limit}`;
}

/** Moves a broadcast to another state; only the columns given change. */
export async function updateState(
  db: Db,
  id: number,
  to: BroadcastState,
  more: {
    nowMs: number;
    runId?: number;
    scheduledMs?: number | null;
    startedMs?: number;
    finishedMs?: number;
    note?: string | null;
    /** The step that is to be taken next; null: none is. */
    stepId?: number | null;
  },
): Promise<void> {
  await db`
    UPDATE broadcasts SET state = ${to}, changed_ms = ${more.nowMs},
      step_id = ${more.stepId === undefined ? db`step_id` : more.stepId},
      run_id = coalesce(${more.runId ?? null}::bigint, run_id),
      scheduled_ms = ${more.scheduledMs === undefined ? db`scheduled_ms` : more.scheduledMs},
      started_ms = coalesce(${more.startedMs ?? null}::bigint, started_ms),
      finished_ms = coalesce(${more.finishedMs ?? null}::bigint, finished_ms),
      note = ${more.note === undefined ? db`note` : more.note}
    WHERE id = ${id}`;
}

/** Sets how fast a broadcast may go. */
export async function updateRate(db: Db, id: number, ratePerS: number | null, nowMs: number): Promise<void> {
  await db`UPDATE broadcasts SET rate_per_s = ${ratePerS}, changed_ms = ${nowMs} WHERE id = ${id}`;
}

/** Notes why a broadcast does not get on; null when it does. */
export async function updateNote(db: Db, id: number, note: string | null): Promise<void> {
  await db`UPDATE broadcasts SET note = ${note} WHERE id = ${id}`;
}

/** Marks a lane as fanned out; false when it was before. In the transaction that does it, so it is done once. */
export async function insertLaneMark(db: Db, bucket: number, runId: number, lane: number): Promise<boolean> {
  const rows = await db`
    INSERT INTO broadcast_lanes (bucket, run_id, lane, matched) VALUES (${bucket}, ${runId}, ${lane}, 0)
    ON CONFLICT DO NOTHING RETURNING 1`;
  return rows.length > 0;
}

/** Writes how many contacts a lane had. */
export async function updateLaneMark(
  db: Db,
  bucket: number,
  runId: number,
  lane: number,
  matched: number,
): Promise<void> {
  await db`UPDATE broadcast_lanes SET matched = ${matched} WHERE bucket = ${bucket} AND run_id = ${runId} AND lane = ${lane}`;
}

/** The lanes of a run that are fanned out. */
export async function selectLaneMarks(
  db: Db,
  buckets: readonly number[],
  runId: number,
): Promise<{ lane: number; matched: number }[]> {
  return await db<{ lane: number; matched: number }[]>`
    SELECT lane, matched FROM broadcast_lanes WHERE bucket = ANY(${[...buckets]}::smallint[]) AND run_id = ${runId}`;
}

/** The audience's contacts in some buckets, as (bucket, owner_id): what the queue puts in. */
export function audienceOf(
  db: Db,
  workspaceId: number,
  audience: Audience,
  buckets: readonly number[],
): Fragment {
  return db`
    SELECT c.bucket, c.id AS owner_id FROM contacts c
    WHERE c.workspace_id = ${workspaceId} AND c.bucket = ANY(${[...buckets]}::smallint[])
      AND ${audienceCondition(db, workspaceId, audience, buckets)}`;
}

/** Who of an audience would be reached on a channel, and why the others would not. */
export async function selectForecast(
  db: Db,
  workspaceId: number,
  audience: Audience,
  on: { channel: string; classBit: number },
): Promise<{ reason: string | null; n: number }[]> {
  return await db<{ reason: string | null; n: number }[]>`
    SELECT CASE WHEN d.contact_id IS NULL THEN 'no_destination' WHEN d.ok THEN NULL WHEN d.active THEN 'opted_out'
        ELSE 'destination_inactive' END AS reason, count(*) AS n
    FROM contacts c
    LEFT JOIN (
      SELECT bucket, contact_id, bool_or(status = 'active') AS active,
        bool_or(status = 'active' AND blocked_classes & ${on.classBit}::smallint = 0) AS ok
      FROM destinations WHERE workspace_id = ${workspaceId} AND channel = ${on.channel} GROUP BY bucket, contact_id
    ) d ON d.bucket = c.bucket AND d.contact_id = c.id
    WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND ${audienceCondition(db, workspaceId, audience)}
    GROUP BY 1`.unprepared();
}
