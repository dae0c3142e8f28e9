/**
 * How jobs with people go on: bucket after bucket, up to a thousand people in a transaction with the note that they are done, behind a lock
 * of the job's row. So each counts once, whichever of two workers takes them and wherever one dies.
 */
import type { Clock } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import { BUCKETS } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { getContacts } from '../contacts/contacts.ts';
import { destinationsOf } from '../contacts/destinations.ts';
import { holdContacts } from '../contacts/held.ts';
import { nextWhere } from '../contacts/segments.ts';
import { addMembers, membershipsOf, removeMembers } from '../contacts/sets.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import { stepping } from '../queue/stepping.ts';
import type { WorkItem } from '../queue/work/work.ts';
import type { Handler } from '../queue/worker.ts';
import type { Change } from './jobs.ts';
import { lineOf, type Columns } from './lines.ts';
import { insertRows, selectJob, updateJob, type JobRow } from './sql.ts';
import { whoHolds, type Who } from './who.ts';

/** What the work needs. */
export type JobDeps = { queue: Queue; clock: Clock; log: Log };

/** Of a million people, 512 buckets have 125,000: a quarter of a second to look through where nobody is found. */
const BUCKETS_AT_ONCE = 512;
const PEOPLE_AT_ONCE = 1_000;
/** How long a file is kept. */
const FILE_MS = 24 * 3_600_000;

/** Does the work of these jobs. */
export function jobHandler(deps: JobDeps): Handler {
  return stepping(deps, {
    kind: KIND.peopleJob,
    name: 'a job with people',
    takePart: (item) => deps.queue.transact((tx) => takePart(deps, tx, item)),
    tell: (tx, item, why) => tell(deps, tx, item, why),
  });
}

/** The next people; false when there are no more. */
async function takePart(
  { clock }: JobDeps,
  tx: Tx,
  { workspaceId, ownerId: id }: WorkItem,
): Promise<boolean> {
  const job = await selectJob(tx, workspaceId, id, true);
  if (job?.state !== 'running') return false;
  const to = Math.min(job.done + BUCKETS_AT_ONCE, BUCKETS);
  const buckets = Array.from({ length: to - job.done }, (_, i) => job.done + i);
  const holds = await whoHolds(tx, workspaceId, JSON.parse(job.who) as Who);
  const page = { afterId: job.afterId, limit: PEOPLE_AT_ONCE };
  const ids = await nextWhere(tx, workspaceId, buckets, holds(buckets), page);
  const done = job.kind === 'bulk' ? await change(tx, job, ids) : await write(tx, job, ids);
  const isFull = ids.length === PEOPLE_AT_ONCE;
  const after: JobRow = {
    ...job,
    note: null,
    people: job.people + done.people,
    changed: job.changed + done.changed,
    ...(isFull ? { afterId: ids.at(-1)! } : { done: to, afterId: 0 }),
  };
  const nowMs = clock.nowMs();
  if (done.note !== undefined)
    await updateJob(tx, { ...after, state: 'failed', note: done.note, endedMs: nowMs });
  else if (after.done === BUCKETS) {
    const fileUntilMs = job.kind === 'export' ? nowMs + FILE_MS : null;
    await updateJob(tx, { ...after, state: 'done', endedMs: nowMs, fileUntilMs });
  } else await updateJob(tx, after);
  return done.note === undefined && after.done < BUCKETS;
}

type Done = { people: number; changed: number; note?: string };

/** Puts people into lists and tags and takes them out of others. */
async function change(tx: Tx, { workspaceId, what }: JobRow, ids: readonly number[]): Promise<Done> {
  const { add, remove } = JSON.parse(what) as Change;
  let changed = 0;
  for (const [act, sets] of [
    [addMembers, add],
    [removeMembers, remove],
  ] as const)
    for (const setId of sets) {
      const n = await act(tx, workspaceId, setId, ids);
      if (isFault(n)) return { people: 0, changed: 0, note: 'A list or tag was deleted meanwhile.' };
      changed += n;
    }
  return { people: ids.length, changed };
}

/** Writes lines of people. They are held: who is erased meanwhile is gone before, or is taken out of the file after. */
async function write(tx: Tx, { id, workspaceId, what }: JobRow, ids: readonly number[]): Promise<Done> {
  if (ids.length === 0) return { people: 0, changed: 0 };
  const { present } = await holdContacts(
    tx,
    ids.map((contactId) => ({ workspaceId, contactId })),
  );
  const held = ids.filter((one) => present.has(one));
  const contacts = await getContacts(tx, workspaceId, held);
  const sets = await membershipsOf(tx, workspaceId, held);
  const destinations = Map.groupBy(await destinationsOf(tx, workspaceId, held), (one) => one.contactId);
  const columns = JSON.parse(what) as Columns;
  const rows = contacts.map((contact) => {
    const person = { contact, destinations: destinations.get(contact.id) ?? [], ...sets.get(contact.id)! };
    return { contactId: contact.id, line: lineOf(person, columns) };
  });
  await insertRows(tx, id, rows);
  return { people: rows.length, changed: 0 };
}

/** Says why it waits, or why it is over. */
async function tell(
  { clock }: JobDeps,
  tx: Tx,
  { workspaceId, ownerId }: WorkItem,
  { note, isOver }: { note: string; isOver: boolean },
): Promise<boolean> {
  const job = await selectJob(tx, workspaceId, ownerId, true);
  if (job?.state !== 'running') return false;
  const endedMs = clock.nowMs();
  // A file that has no end is cleared away.
  const fileUntilMs = job.kind === 'export' ? endedMs : null;
  await updateJob(tx, { ...job, note, ...(isOver ? { state: 'failed', endedMs, fileUntilMs } : {}) });
  return true;
}
