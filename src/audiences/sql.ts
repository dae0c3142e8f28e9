/** Statements of what is done with many people at once: how far a job is, and the rows of files. */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';

/** A job. `who` and `what` are JSON, as they were asked. */
export type JobRow = {
  id: number;
  workspaceId: number;
  kind: 'bulk' | 'export';
  askedBy: string;
  who: string;
  what: string;
  digest: string;
  state: 'running' | 'done' | 'failed' | 'stopped';
  /** Buckets that are gone through. */
  done: number;
  /** The contact up to which the next buckets are done; 0 at their beginning. */
  afterId: number;
  people: number;
  changed: number;
  note: string | null;
  fileUntilMs: number | null;
  createdMs: number;
  endedMs: number | null;
};

const ROW = (db: Db) => db`
  id, workspace_id AS "workspaceId", kind, asked_by AS "askedBy", who, what, digest, state, done, after_id AS "afterId", people, changed,
  note, file_until_ms AS "fileUntilMs", created_ms AS "createdMs", ended_ms AS "endedMs"`;

/** Writes a job; false when the same is under way for who asks. Waits for another who asks for the same at this moment. */
export async function insertJob(
  db: Db,
  row: Pick<JobRow, 'id' | 'workspaceId' | 'kind' | 'askedBy' | 'who' | 'what' | 'digest' | 'createdMs'>,
): Promise<boolean> {
  const { count } = await db`
    INSERT INTO people_jobs (id, workspace_id, kind, asked_by, who, what, digest, state, created_ms)
    VALUES (${row.id}, ${row.workspaceId}, ${row.kind}, ${row.askedBy}, ${row.who}, ${row.what}, ${row.digest}, 'running', ${row.createdMs})
    ON CONFLICT DO NOTHING`;
  return count > 0;
}

/** The job under way by which the same is done for who asks. Locks nothing. */
export async function selectSame(
  db: Db,
  { workspaceId, askedBy, digest }: Pick<JobRow, 'workspaceId' | 'askedBy' | 'digest'>,
): Promise<JobRow | undefined> {
  const rows = await db<JobRow[]>`
    SELECT ${ROW(db)} FROM people_jobs
    WHERE workspace_id = ${workspaceId} AND asked_by = ${askedBy} AND digest = ${digest} AND state = 'running'`;
  return rows[0];
}

/** How many jobs of a workspace are under way. Locks nothing. */
export async function countRunning(db: Db, workspaceId: number): Promise<number> {
  const [row] = await db<{ n: number }[]>`
    SELECT count(*)::integer AS n FROM people_jobs WHERE workspace_id = ${workspaceId} AND state = 'running'`;
  return row!.n;
}

/** A job of a workspace; locks its row when asked to. */
export async function selectJob(
  db: Db,
  workspaceId: number,
  id: number,
  isLocked = false,
): Promise<JobRow | undefined> {
  const rows = await db<JobRow[]>`
    SELECT ${ROW(db)} FROM people_jobs WHERE workspace_id = ${workspaceId} AND id = ${id} ${isLocked ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** Jobs of a kind, newest first. Locks nothing. */
export async function selectJobs(
  db: Db,
  workspaceId: number,
  page: { kind: JobRow['kind']; beforeId: number; limit: number },
): Promise<JobRow[]> {
  return await db<JobRow[]>`
    SELECT ${ROW(db)} FROM people_jobs
    WHERE workspace_id = ${workspaceId} AND kind = ${page.kind} AND id < ${page.beforeId} ORDER BY id DESC LIMIT ${page.limit}`;
}

/** Writes how far a job is. Locks its row, which the caller has. */
export async function updateJob(db: Db, row: JobRow): Promise<void> {
  await db`
    UPDATE people_jobs SET state = ${row.state}, done = ${row.done}, after_id = ${row.afterId}, people = ${row.people},
      changed = ${row.changed}, note = ${row.note}, file_until_ms = ${row.fileUntilMs}, ended_ms = ${row.endedMs}
    WHERE id = ${row.id}`;
}

/** Gives the file of a job a link, by its digest, in place of the one before. Locks the row. */
export async function updateLink(db: Db, id: number, link: string, untilMs: number): Promise<void> {
  await db`UPDATE people_jobs SET link = ${link}, link_until_ms = ${untilMs} WHERE id = ${id}`;
}

/** The job to whose file a link leads, while it opens. Locks nothing. */
export async function selectByLink(db: Db, link: string, nowMs: number): Promise<JobRow | undefined> {
  const rows = await db<JobRow[]>`
    SELECT ${ROW(db)} FROM people_jobs
    WHERE link = ${link} AND link_until_ms > ${nowMs} AND file_until_ms > ${nowMs} AND state = 'done'`;
  return rows[0];
}

/** Keeps rows of a file; one person has one. Locks the new rows. */
export async function insertRows(
  db: Db,
  jobId: number,
  rows: readonly { contactId: number; line: string }[],
): Promise<void> {
  await db`
    INSERT INTO people_rows (bucket, job_id, contact_id, line)
    SELECT n.bucket, ${jobId}::bigint, n.contact_id, n.line
    FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.line)}::text[]) AS n (bucket, contact_id, line)
    ON CONFLICT DO NOTHING`;
}

/** Rows of a file after a contact, in the order of bucket and id. Locks nothing. */
export async function selectRows(
  db: Db,
  jobId: number,
  page: { afterId: number; limit: number },
): Promise<{ contactId: number; line: string }[]> {
  const from = page.afterId === 0 ? -1 : bucketOf(page.afterId);
  return await db<{ contactId: number; line: string }[]>`
    SELECT contact_id AS "contactId", line FROM people_rows
    WHERE job_id = ${jobId} AND bucket >= ${from} AND (bucket, contact_id) > (${from}::smallint, ${page.afterId}::bigint)
    ORDER BY bucket, contact_id LIMIT ${page.limit}`;
}

/** Deletes the rows of files in some buckets. Locks them. */
export async function deleteRows(
  db: Db,
  jobIds: readonly number[],
  buckets: readonly number[],
): Promise<void> {
  await db`
    DELETE FROM people_rows WHERE bucket = ANY(${[...buckets]}::smallint[]) AND job_id = ANY(${[...jobIds]}::bigint[])`;
}

/** Takes people out of every file. Locks the rows. */
export async function deletePeople(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM people_rows
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** Files that are kept no longer, of whatever workspace: of those that were made, and of those that never will be. Locks nothing. */
export async function selectOver(db: Db, nowMs: number): Promise<{ id: number }[]> {
  return await db<{ id: number }[]>`
    SELECT id FROM people_jobs WHERE kind = 'export' AND file_until_ms < ${nowMs} LIMIT 100`;
}

/** Says that files are gone. Locks the rows. */
export async function updateGone(db: Db, ids: readonly number[]): Promise<void> {
  await db`UPDATE people_jobs SET file_until_ms = NULL, link = NULL, link_until_ms = NULL WHERE id = ANY(${[...ids]}::bigint[])`;
}

/** Deletes jobs that are over since before a moment, and of whose file nothing is left. Locks them. */
export async function deleteJobsBefore(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM people_jobs WHERE ended_ms < ${beforeMs} AND file_until_ms IS NULL`;
}
