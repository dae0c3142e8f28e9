/** Statements on what is to be done with all who are in a campaign, and on where they stand. */
import { bucketOf } from '../../base/ids.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import type { OwnedLane } from '../../queue/lanes/lane.ts';
import { needsOf, UNDERSTOOD, type TaskKind, type TaskParams } from './understood.ts';

/** What is to be done in a lane; `afterId` is the contact up to whom it is done. */
export type Task = {
  bucket: number;
  lane: number;
  id: number;
  workspaceId: number;
  campaignId: number;
  kind: TaskKind;
  params: TaskParams;
  afterId: number;
  /** Since when it is due, by our clock; 0 when it was not begun on. */
  dueMs: number;
  /** What has to be understood for it, where that is more than this code knows of. */
  needs?: number;
  /** Up to whom it is once what is under way is done. */
  nextId?: number | undefined;
};

/** Puts a task into lanes. */
export async function insertTasks(
  db: Db,
  tasks: readonly Omit<Task, 'afterId' | 'dueMs'>[],
  nowMs: number,
  dueMs = 0,
): Promise<void> {
  await db`
    INSERT INTO campaign_tasks (bucket, lane, id, workspace_id, campaign_id, kind, params, needs, created_ms, due_ms)
    SELECT n.bucket, n.lane, n.id, n.workspace_id, n.campaign_id, n.kind, n.params::jsonb, n.needs, ${nowMs}::bigint, ${dueMs}::bigint
    FROM unnest(${tasks.map((t) => t.bucket)}::smallint[], ${tasks.map((t) => t.lane)}::smallint[], ${tasks.map((t) => t.id)}::bigint[],
      ${tasks.map((t) => t.workspaceId)}::bigint[], ${tasks.map((t) => t.campaignId)}::bigint[], ${tasks.map((t) => t.kind)}::text[],
      ${tasks.map((t) => JSON.stringify(t.params))}::text[], ${tasks.map((t) => Math.max(t.needs ?? 0, needsOf(t)))}::smallint[])
      AS n (bucket, lane, id, workspace_id, campaign_id, kind, params, needs)`;
}

const TASK = (db: Db) => db`
  bucket, lane, id, workspace_id AS "workspaceId", campaign_id AS "campaignId", kind, params, after_id AS "afterId", due_ms AS "dueMs",
  needs`;

/** Tasks that this code understands: others are for a worker that is newer, and keep nobody behind them waiting. */
export const isUnderstood = (db: Db): Fragment => db`needs <= ${UNDERSTOOD}`;

/** The first task of each workspace in a lane that is due, by our clock, in order of workspaces. */
export async function selectTasks(db: Db, lane: OwnedLane, nowMs: number): Promise<Task[]> {
  return await db<Task[]>`
    SELECT DISTINCT ON (workspace_id) ${TASK(db)}
    FROM campaign_tasks WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} AND due_ms <= ${nowMs} AND ${isUnderstood(db)}
    ORDER BY workspace_id, id`;
}

/**
 * What in some lanes goes through all people of a workspace, or all who are in a campaign of it, but for segments: of what campaigns look at, for
 * dates, by which people enter. Locks nothing.
 */
export async function selectGoingThrough(
  db: Db,
  workspaceId: number,
  lanes: readonly { lane: number; bucket: number }[],
): Promise<Task[]> {
  return await db<Task[]>`
    SELECT ${TASK(db)}
    FROM campaign_tasks WHERE bucket = ANY(${lanes.map(({ bucket }) => bucket)}::smallint[])
      AND lane = ANY(${lanes.map(({ lane }) => lane)}::smallint[]) AND workspace_id = ${workspaceId}
      AND (kind IN ('resume', 'end', 'since', 'hand')
        OR kind = 'build' AND EXISTS (SELECT 1 FROM segments s WHERE s.id = campaign_tasks.campaign_id AND s.kind = 'date'))`;
}

/** Whether a pause is not over yet for everybody, in any campaign of a workspace. */
export async function selectResuming(db: Db, workspaceId: number): Promise<boolean> {
  const rows =
    await db`SELECT 1 FROM campaign_tasks WHERE workspace_id = ${workspaceId} AND kind = 'resume' LIMIT 1`;
  return rows.length > 0;
}

/** Of contacts `c` those who wait for something and have no zone of their own. */
export const waitsBySomebodysZone = (db: Db): Fragment =>
  db`c.time_zone IS NULL AND EXISTS (SELECT 1 FROM timers t WHERE t.bucket = c.bucket AND t.contact_id = c.id)`;

/** Whether what is done with all of a lane has not come to a contact yet: they are gone through by bucket and id. */
export function isYetToCome(
  { afterId, params: { only } }: Pick<Task, 'afterId' | 'params'>,
  contactId: number,
): boolean {
  if (only !== undefined) return only === contactId;
  const [done, own] = [bucketOf(afterId), bucketOf(contactId)];
  return afterId === 0 || done < own || (done === own && afterId < contactId);
}

/** Segments that lanes were not gone through for, by lane: nothing is known of who is in them there. */
export async function selectUnbuilt(
  db: Db,
  lanes: readonly Pick<OwnedLane, 'lane' | 'bucket'>[],
): Promise<ReadonlyMap<number, ReadonlySet<number>>> {
  const rows = await db<{ lane: number; id: number }[]>`
    SELECT lane, campaign_id AS id FROM campaign_tasks
    WHERE bucket = ANY(${lanes.map(({ bucket }) => bucket)}::smallint[]) AND lane = ANY(${lanes.map(({ lane }) => lane)}::smallint[])
      AND kind = 'build' AND params ->> 'filled' IS NULL`;
  const found = new Map<number, Set<number>>();
  for (const { lane, id } of rows) found.set(lane, (found.get(lane) ?? new Set()).add(id));
  return found;
}

/** Whether anything is left to be done of a campaign or segment, in any lane. */
export async function selectTaskOf(db: Db, campaignId: number): Promise<boolean> {
  const rows = await db`SELECT 1 FROM campaign_tasks WHERE campaign_id = ${campaignId} LIMIT 1`;
  return rows.length > 0;
}

/** Takes back what was to be done of a campaign or segment in one way. Locks the rows. */
export async function deleteTasks(db: Db, campaignId: number, kind: Task['kind']): Promise<void> {
  await db`DELETE FROM campaign_tasks WHERE campaign_id = ${campaignId} AND kind = ${kind}`;
}

/** Notes that a task is done up to a contact and goes on when it is due, or, without a contact, that it is done. A turn that fails later finds in `nextId` where it was. */
export async function noteTask(db: Db, task: Task, afterId: number | undefined, dueMs = 0): Promise<void> {
  task.nextId = afterId;
  const which = db`bucket = ${task.bucket} AND lane = ${task.lane} AND id = ${task.id}`;
  if (afterId === undefined) await db`DELETE FROM campaign_tasks WHERE ${which}`;
  else
    await db`UPDATE campaign_tasks SET after_id = ${afterId}, params = ${JSON.stringify(task.params)}::text::jsonb, due_ms = ${dueMs}
      WHERE ${which}`;
}

/** Lanes that have a task that is understood, and when the first of it is due; and how many are for a worker that is newer. */
export async function selectTaskLanes(
  db: Db,
): Promise<{ lanes: { lane: number; dueMs: number }[]; tooNew: number }> {
  const rows = await db<{ lane: number; dueMs: number | null; tooNew: number }[]>`
    SELECT lane, min(due_ms) FILTER (WHERE ${isUnderstood(db)}) AS "dueMs", count(*) FILTER (WHERE NOT ${isUnderstood(db)}) AS "tooNew"
    FROM campaign_tasks GROUP BY lane`;
  return {
    lanes: rows.flatMap(({ lane, dueMs }) => (dueMs === null ? [] : [{ lane, dueMs }])),
    tooNew: rows.reduce((sum, row) => sum + row.tooNew, 0),
  };
}

/**
 * The next contacts of a lane that are in a campaign. A lane's buckets follow each other, so that these are one range of one index, whatever
 * is believed of how many are in what: without its end the last of a lane read all who are in the campaign in the lanes behind it, and without
 * its beginning the first of a lane those in the lanes before.
 */
export async function selectInside(
  db: Db,
  lane: OwnedLane,
  campaignId: number,
  afterId: number,
  limit: number,
): Promise<number[]> {
  const [first, last] = [Math.min(...lane.buckets), Math.max(...lane.buckets)];
  const rows = await db<{ contactId: number }[]>`
    SELECT DISTINCT campaign_id, bucket, contact_id AS "contactId" FROM enrolments
    WHERE (campaign_id, bucket, contact_id) > (${campaignId}::bigint, ${afterId === 0 ? first : bucketOf(afterId)}::smallint, ${afterId}::bigint)
      AND (campaign_id, bucket, contact_id) < (${campaignId}::bigint, ${last + 1}::smallint, 0::bigint) ${db.onShard('bucket', lane.buckets)}
    ORDER BY campaign_id, bucket, contact_id LIMIT ${limit}`;
  return rows.map(({ contactId }) => contactId);
}

/**
 * How many are in a campaign, and of how many something has fallen due by an instant (the workspace's clock): of the first `most`, or of all
 * in some buckets. Locks nothing.
 */
export async function countStanding(
  db: Db,
  campaignId: number,
  nowMs: number,
  among: Among,
): Promise<{ people: number; overdue: number }> {
  const rows = await db<{ people: number; overdue: number }[]>`
    SELECT count(*) AS people, count(*) FILTER (WHERE (place ->> 'dueMs')::bigint <= ${nowMs}) AS overdue
    FROM (SELECT place FROM enrolments WHERE campaign_id = ${campaignId} ${some(db, among)}) e`;
  return rows[0]!;
}

/** Which of those who are in a campaign: the first `most`, or all in some buckets. */
type Among = { most: number } | { buckets: readonly number[] };

function some(db: Db, among: Among): Fragment {
  return 'most' in among ? db`LIMIT ${among.most}` : db`AND bucket = ANY(${[...among.buckets]}::smallint[])`;
}

/** How many stand at a step of a version. */
export type PlaceCount = { versionId: number; step: string; people: number };

/** Where those who are in a campaign stand: of the first `most`, or of all in some buckets. Locks nothing. */
export async function countPlaces(db: Db, campaignId: number, among: Among): Promise<PlaceCount[]> {
  return await db<PlaceCount[]>`
    SELECT version_id AS "versionId", place ->> 'step' AS step, count(*) AS people
    FROM (SELECT version_id, place FROM enrolments WHERE campaign_id = ${campaignId} ${some(db, among)}) e
    GROUP BY 1, 2 ORDER BY 1, 2`;
}
