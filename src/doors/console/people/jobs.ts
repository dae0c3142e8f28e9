/** What is done with many people at once, in the background: `…/contacts/bulk` and `…/exports`. */
import { Type, type Static } from 'typebox';
import { Readable } from 'node:stream';
import {
  BulkChange,
  BulkPage,
  BulkShown,
  ExportLink,
  ExportPage,
  ExportShown,
  NewExport,
  type Who,
} from '../../../../contract/doors/console/audiences.ts';
import { NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { isFault, type Fault } from '../../../base/fault.ts';
import { BUCKETS, toHex24 } from '../../../base/ids.ts';
import {
  changeOf,
  fileByLink,
  findJob,
  listJobs,
  newLink,
  startChange,
  startExport,
  stopJob,
  type JobRow,
} from '../../../audiences/jobs.ts';
import type { WhoAsked } from '../../../audiences/who.ts';
import { cutPage } from '../../../base/page.ts';
import { linkWord, tokenIn } from '../fileLinks.ts';
import {
  idText,
  actorOf,
  acts,
  idIn,
  idOf,
  missing,
  readPage,
  reads,
  timeText,
  writes,
  type Call,
  type Route,
  type Work,
} from '../route.ts';

const oneChange = '/contacts/bulk/:jobId';
const oneExport = '/exports/:exportId';

/** `…/contacts/bulk` and `…/exports`. */
export const peopleJobRoutes: readonly Route[] = [
  writes({
    path: '/contacts/bulk',
    does: 'Puts many people into lists and tags and takes them out of others, in the background.',
    action: 'contacts.write',
    body: BulkChange,
    answers: { 202: BulkShown },
    handle: change,
  }),
  reads({
    path: '/contacts/bulk',
    does: 'Changes of many people, newest first.',
    action: 'contacts.read',
    query: NEWEST_FIRST,
    answer: BulkPage,
    async handle(call) {
      const page = await pageOf(call, 'bulk');
      return isFault(page) ? page : { changes: page.jobs.map(bulkOf), next: page.next };
    },
  }),
  reads({
    path: oneChange,
    does: 'A change of many people, and how far it is.',
    action: 'contacts.read',
    answer: BulkShown,
    async handle(call) {
      const found = await findJob(call.ctx.sql, call.workspace.id, idIn(call, 'jobId'), 'bulk');
      return found ? bulkOf(found) : missing('change');
    },
  }),
  acts({
    method: 'DELETE',
    path: oneChange,
    does: 'Stops a change of many people; what was done stays.',
    action: 'contacts.write',
    answers: { 204: Nothing },
    handle: async (call) => stop(call, 'bulk', idIn(call, 'jobId')),
  }),
  writes({
    path: '/exports',
    does: 'Begins a CSV of people, made in the background. Who asks for the same again meanwhile is told of that one.',
    action: 'contacts.export',
    body: NewExport,
    answers: { 202: ExportShown },
    handle: begin,
  }),
  reads({
    path: '/exports',
    does: 'Files of people, newest first.',
    action: 'contacts.export',
    query: NEWEST_FIRST,
    answer: ExportPage,
    async handle(call) {
      const page = await pageOf(call, 'export');
      return isFault(page)
        ? page
        : { exports: page.jobs.map((job) => exportOf(job, call.nowMs)), next: page.next };
    },
  }),
  reads({
    path: oneExport,
    does: 'A file of people, and how far it is.',
    action: 'contacts.export',
    answer: ExportShown,
    async handle(call) {
      const found = await findJob(call.ctx.sql, call.workspace.id, idIn(call, 'exportId'), 'export');
      return found ? exportOf(found, call.nowMs) : missing('export');
    },
  }),
  acts({
    path: `${oneExport}/link`,
    does: 'A link by which the file is fetched, without signing in, for ten minutes; the one before opens no longer.',
    action: 'contacts.export',
    answers: { 201: ExportLink },
    secret: true,
    handle: link,
  }),
  acts({
    method: 'DELETE',
    path: oneExport,
    does: 'Stops a file from being made, or throws it away.',
    action: 'contacts.export',
    answers: { 204: Nothing },
    handle: async (call) => stop(call, 'export', idIn(call, 'exportId')),
  }),
  reads({
    of: 'nobody',
    path: '/exported/:token/people.csv',
    does: 'The file to which a link leads.',
    action: 'contacts.export',
    mediaType: 'text/csv; charset=utf-8',
    answer: Type.Unsafe<string | Readable>(Type.String()),
    async handle({ ctx, params, nowMs }) {
      const token = await tokenIn(ctx, params['token'] ?? '', nowMs);
      const found = token === undefined ? undefined : await fileByLink(ctx.sql, token, nowMs);
      return found ? Readable.from(found.lines) : missing('file, or the link is too old: make another');
    },
  }),
];

function whoOf({ rule, contacts, setId, segmentId, broadcast }: Who): WhoAsked {
  return {
    ...(rule === undefined ? {} : { rule }),
    contacts: contacts?.map(idOf),
    setId: setId === undefined ? undefined : idOf(setId),
    segmentId: segmentId === undefined ? undefined : idOf(segmentId),
    broadcast: broadcast && { ...broadcast, id: idOf(broadcast.id) },
  };
}

function askingOf({ caller, workspace, nowMs, workspaceNowMs }: Call<unknown>) {
  return { workspaceId: workspace.id, askedBy: actorOf(caller), nowMs, asOfMs: workspaceNowMs };
}

/** Whom, for the audit log: it outlives who is named. */
const kindOf = (who: Who) => ({ who: Object.keys(who)[0] ?? 'everybody' });

async function change(call: Call<Static<typeof BulkChange>>): Promise<Work<202, BulkShown>> {
  const { who, add = [], remove = [] } = call.body;
  const asked = { who: whoOf(who), add: add.map(idOf), remove: remove.map(idOf) };
  return async (tx) => {
    const job = await startChange(call.ctx, tx, askingOf(call), asked);
    if (isFault(job)) return job;
    const audit = {
      action: 'contacts.bulk',
      subject: `change:${job.id}`,
      detail: { ...kindOf(who), add, remove },
    };
    return { status: 202, body: bulkOf(job), audit };
  };
}

async function begin(call: Call<Static<typeof NewExport>>): Promise<Work<202, ExportShown>> {
  const { who } = call.body;
  return async (tx) => {
    const job = await startExport(call.ctx, tx, askingOf(call), whoOf(who));
    if (isFault(job)) return job;
    const audit = { action: 'contacts.export', subject: `export:${job.id}`, detail: kindOf(who) };
    return { status: 202, body: exportOf(job, call.nowMs), audit };
  };
}

async function link(call: Call): Promise<Work<201, ExportLink>> {
  const { ctx, workspace, nowMs } = call;
  return async (tx) => {
    const made = await newLink(tx, workspace.id, idIn(call, 'exportId'), nowMs);
    if (isFault(made)) return made;
    const { job, token, untilMs } = made;
    const url = `${ctx.publicUrl()}/api/exported/${linkWord(call, token)}/people.csv`;
    const body = { url, expiresAt: timeText(untilMs) };
    const audit = { action: 'export.link', subject: `export:${job.id}`, detail: { people: job.people } };
    return { status: 201, body, audit };
  };
}

async function stop(
  { workspace, nowMs }: Call,
  kind: JobRow['kind'],
  id: number,
): Promise<Work<204, undefined>> {
  return async (tx) => {
    const stopped = await stopJob(tx, workspace.id, id, kind, nowMs);
    if (!stopped) return missing(kind === 'bulk' ? 'change' : 'export');
    const subject = kind === 'bulk' ? `change:${id}` : `export:${id}`;
    const audit = { action: kind === 'bulk' ? 'contacts.bulk.stop' : 'export.delete', subject };
    return { status: 204, body: undefined, audit };
  };
}

async function pageOf(
  call: Call,
  kind: JobRow['kind'],
): Promise<{ jobs: JobRow[]; next: string | null } | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { limit, before } = page;
  const found = await listJobs(call.ctx.sql, call.workspace.id, { kind, before, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  return { jobs: rows, next: idText(last?.id) };
}

function jobOf({ id, state, done, people, note, createdMs, endedMs }: JobRow) {
  const times = { createdAt: timeText(createdMs), endedAt: timeText(endedMs) };
  return { id: toHex24(id), state, progress: done / BUCKETS, people, note, ...times };
}

function bulkOf(job: JobRow): BulkShown {
  const { add, remove, whom } = changeOf(job);
  return {
    ...jobOf(job),
    whom,
    add: add.map((id) => toHex24(id)),
    remove: remove.map((id) => toHex24(id)),
    changed: job.changed,
  };
}

function exportOf(job: JobRow, nowMs: number): ExportShown {
  const { state, fileUntilMs } = job;
  const isThere = state === 'done' && fileUntilMs !== null && fileUntilMs > nowMs;
  return { ...jobOf(job), fileUntil: isThere ? timeText(fileUntilMs) : null };
}
