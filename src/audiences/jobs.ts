/**
 * Jobs with many people: begun, found, stopped; how one goes on is `work.ts`'s. Whoever asks for the same again while it is under way is
 * given the one there is.
 */
import { fault, isFault, type Fault } from '../base/fault.ts';
import { randomToken, sha256Hex } from '../base/crypto.ts';
import { MAX_ID, type IdSource } from '../base/ids.ts';
import { getSet } from '../contacts/sets.ts';
import { attributesSeen } from '../contacts/walk.ts';
import { lockFor } from '../db/lock.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import { columnsOf, type Columns } from './lines.ts';
import {
  countRunning,
  insertJob,
  selectByLink,
  selectJob,
  selectJobs,
  selectRows,
  selectSame,
  updateJob,
  updateLink,
  type JobRow,
} from './sql.ts';
import { readWho, whomOf, type Who, type WhoAsked, type WhoKind } from './who.ts';

export type { JobRow } from './sql.ts';

/** What is changed: put into lists and tags, and taken out of them. */
export type Change = { add: number[]; remove: number[] };

/** What a job needs to begin. */
type Begin = { ids: IdSource; queue: Pick<Queue, 'put'> };
/** Who asks, where, and when: `nowMs` by our clock, `asOfMs` by the workspace's. */
type Asking = { workspaceId: number; askedBy: string; nowMs: number; asOfMs: number };

/** Jobs of a workspace that are under way at the same time. */
const MOST_RUNNING = 20;
const LINK_MS = 10 * 60_000;

/** One job. */
export async function findJob(
  db: Db,
  workspaceId: number,
  id: number,
  kind: JobRow['kind'],
): Promise<JobRow | undefined> {
  const found = await selectJob(db, workspaceId, id);
  return found?.kind === kind ? found : undefined;
}

/** Jobs of a kind, newest first. */
export async function listJobs(
  db: Db,
  workspaceId: number,
  page: { kind: JobRow['kind']; before?: number | undefined; limit: number },
): Promise<JobRow[]> {
  return await selectJobs(db, workspaceId, { ...page, beforeId: page.before ?? MAX_ID });
}

/** Begins to put people into lists and tags, and to take them out of others. Part of the caller's transaction. */
export async function startChange(
  deps: Begin,
  tx: Tx,
  asking: Asking,
  { who: asked, add, remove }: Change & { who: WhoAsked },
): Promise<JobRow | Fault> {
  if (add.length + remove.length === 0)
    return fault('bad_request', 'add: must be given, or remove', { field: 'add' });
  for (const [field, ids] of Object.entries({ add, remove }))
    for (const [i, id] of ids.entries())
      if (!(await getSet(tx, asking.workspaceId, id)))
        return fault('not_found', 'There is no such list or tag.', { field: `${field}[${i}]` });
  const twice = add.find((id) => remove.includes(id));
  if (twice !== undefined)
    return fault('bad_request', 'remove: must not name what add names', { field: 'remove' });
  const what: Change = { add: add.toSorted((a, b) => a - b), remove: remove.toSorted((a, b) => a - b) };
  return await start(deps, tx, asking, 'bulk', asked, what);
}

/** Begins a file of people. Its columns are those of the attributes that are known now; what else somebody has is in the last. */
export async function startExport(
  deps: Begin,
  tx: Tx,
  asking: Asking,
  asked: WhoAsked,
): Promise<JobRow | Fault> {
  const columns = columnsOf(await attributesSeen(tx, asking.workspaceId));
  return await start(deps, tx, asking, 'export', asked, columns);
}

async function start(
  deps: Begin,
  tx: Tx,
  { workspaceId, askedBy, nowMs, asOfMs }: Asking,
  kind: JobRow['kind'],
  asked: WhoAsked,
  what: Change | Columns,
): Promise<JobRow | Fault> {
  const who = await readWho(tx, workspaceId, asked, asOfMs);
  if (isFault(who)) return who;
  // What is the same: the columns of a file are not what was asked for.
  const meant = 'asOfMs' in who ? { ...who, asOfMs: 0 } : who;
  const digest = sha256Hex(JSON.stringify([kind, meant, kind === 'bulk' ? what : '']));
  // Each counts those before it, however many are begun at once.
  await lockFor(tx, 'people jobs', workspaceId);
  const before = await selectSame(tx, { workspaceId, askedBy, digest });
  if (before) return before;
  if ((await countRunning(tx, workspaceId)) >= MOST_RUNNING)
    return fault('conflict', `At most ${MOST_RUNNING} of these are under way in a workspace at a time.`);
  const row = { id: deps.ids.spread(), workspaceId, kind, askedBy, digest, createdMs: nowMs };
  const made = await insertJob(tx, { ...row, who: JSON.stringify(who), what: JSON.stringify(what) });
  if (!made) return (await selectSame(tx, row))!;
  const key = { kind: KIND.peopleJob, ownerId: row.id, causeId: row.id, seq: 0, stream: 0 };
  await deps.queue.put(tx, [{ ...key, workspaceId, dueMs: nowMs }]);
  return (await selectJob(tx, workspaceId, row.id))!;
}

/** What a change of many changes, and whom, in a word. */
export function changeOf({ what, who }: Pick<JobRow, 'what' | 'who'>): Change & { whom: WhoKind } {
  return { ...(JSON.parse(what) as Change), whom: whomOf(JSON.parse(who) as Who) };
}

/** Stops a job, and lets go of its file; what was done stays done. Undefined when there is none. */
export async function stopJob(
  tx: Tx,
  workspaceId: number,
  id: number,
  kind: JobRow['kind'],
  nowMs: number,
): Promise<JobRow | undefined> {
  const job = await selectJob(tx, workspaceId, id, true);
  if (job?.kind !== kind) return undefined;
  const isRunning = job.state === 'running';
  const stopped: JobRow = {
    ...job,
    ...(isRunning ? { state: 'stopped' as const, endedMs: nowMs } : {}),
    // A file is cleared away with those whose time is over.
    fileUntilMs: kind === 'export' && (isRunning || job.fileUntilMs !== null) ? nowMs : null,
  };
  await updateJob(tx, stopped);
  return stopped;
}

/** Makes the link by which a file is fetched, for ten minutes; the one before opens no longer. */
export async function newLink(
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<{ job: JobRow; token: string; untilMs: number } | Fault> {
  const job = await selectJob(tx, workspaceId, id, true);
  if (job?.kind !== 'export') return fault('not_found', 'There is no such export.');
  if (job.state === 'running') return fault('conflict', 'The file is still being made.');
  if (job.state !== 'done' || job.fileUntilMs === null || job.fileUntilMs <= nowMs)
    return fault('conflict', 'The file is not kept any longer: make it again.');
  const token = randomToken();
  const untilMs = Math.min(nowMs + LINK_MS, job.fileUntilMs);
  await updateLink(tx, id, sha256Hex(token), untilMs);
  return { job, token, untilMs };
}

/** The file to which a link leads; undefined when it leads nowhere any longer. */
export async function fileByLink(
  sql: Sql,
  token: string,
  nowMs: number,
): Promise<{ job: JobRow; lines: AsyncGenerator<string> } | undefined> {
  const job = await selectByLink(sql, sha256Hex(token), nowMs);
  return job && { job, lines: linesOf(sql, job) };
}

/** Rows that are in memory at a time. */
const AT_ONCE = 1_000;

async function* linesOf(sql: Sql, job: JobRow): AsyncGenerator<string> {
  // So a spreadsheet knows that it is UTF-8.
  yield `\u{FEFF}${(JSON.parse(job.what) as Columns).header}`;
  let afterId = 0;
  for (;;) {
    const rows = await selectRows(sql, job.id, { afterId, limit: AT_ONCE });
    if (rows.length > 0) yield rows.map(({ line }) => line).join('');
    if (rows.length < AT_ONCE) return;
    afterId = rows.at(-1)!.contactId;
  }
}
