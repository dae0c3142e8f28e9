/** `…/imports`: files of contacts that are read in the background. The upload is a stream, and stands beside the other routes. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import {
  ImportFaults,
  ImportLook,
  ImportPage,
  ImportPreviewShown,
  ImportShown,
  ImportStart,
  STAY_REASONS,
} from '../../../../contract/doors/console/imports.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { appendAudit } from '../../../accounts/audit.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { MAX_ID, toHex24 } from '../../../base/ids.ts';
import { cutPage } from '../../../base/page.ts';
import { beginningOf } from '../../../base/text.ts';
import {
  dropImport,
  faultsOfImport,
  findImport,
  listImports,
  previewImport,
  receiveImport,
  startImport,
  type ImportRow,
} from '../../../contacts/imports/imports.ts';
import { beginUndo, isKept, undoOf } from '../../../contacts/imports/made.ts';
import type { HttpContext } from '../../kit/context.ts';
import { sendFault, type FaultForm } from '../../kit/errors.ts';
import { bytesOf, CSV_TYPES, encodingOf } from '../csvBody.ts';
import { isCountry, readColumns } from './importInput.ts';
import {
  idText,
  acts,
  asks,
  idIn,
  idOf,
  missing,
  readLimit,
  readPage,
  reads,
  timeText,
  writes,
  type Call,
  type Route,
  type Work,
} from '../route.ts';

const one = '/imports/:importId';
const LONGEST_NAME = 200;

/** `…/imports`. */
export const importRoutes: readonly Route[] = [
  reads({
    path: '/imports',
    action: 'contacts.import',
    does: 'Imports, newest first.',
    query: NEWEST_FIRST,
    answer: ImportPage,
    async handle(call) {
      const page = readPage(call);
      if (isFault(page)) return page;
      const { limit, before = MAX_ID } = page;
      const of = { beforeId: before, limit: limit + 1 };
      const found = await listImports(call.ctx.sql, call.workspace.id, of);
      const { rows, last } = cutPage(found, limit);
      return { imports: rows.map(present), next: idText(last?.id) };
    },
  }),
  reads({
    path: one,
    action: 'contacts.import',
    does: 'An import, and how far it is.',
    answer: ImportShown,
    async handle(call) {
      const found = await find(call);
      return isFault(found) ? found : present(found);
    },
  }),
  reads({
    path: `${one}/faults`,
    action: 'contacts.import',
    does: 'Why rows were rejected, in the order of the file; `after` is the last line that is known.',
    query: { limit: NEWEST_FIRST.limit, after: Type.String({ maxLength: 10 }) },
    answer: ImportFaults,
    handle: faults,
  }),
  asks({
    path: `${one}/preview`,
    action: 'contacts.import',
    does: 'What each column is taken for, and the first 50 rows with what is wrong with them. Changes nothing.',
    body: ImportLook,
    answers: { 200: ImportPreviewShown },
    handle: look,
  }),
  writes({
    path: `${one}/start`,
    action: 'contacts.import',
    does: 'Begins to read an import.',
    body: ImportStart,
    answers: { 200: ImportShown },
    handle: start,
  }),
  acts({
    path: `${one}/undo`,
    action: 'contacts.import',
    does: 'Takes back what an import made: contacts with whom nothing was done since, and memberships that it added. One that is under way stops.',
    answers: { 200: ImportShown },
    handle: async (call) => async (tx) => {
      const of = { workspaceId: call.workspace.id, id: idIn(call, 'importId'), nowMs: call.nowMs };
      const begun = await beginUndo(call.ctx, tx, of);
      if (isFault(begun)) return begun;
      const audit = { action: 'import.undo', subject: `import:${begun.id}` };
      return { status: 200, body: present(begun), audit };
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    action: 'contacts.import',
    does: 'Deletes an import; one that is under way stops, and what was written stays.',
    answers: { 204: Nothing },
    handle: async (call) => async (tx) => {
      const id = idIn(call, 'importId');
      if (!(await dropImport(tx, call.workspace.id, id))) return missing('import');
      return { status: 204, body: undefined, audit: { action: 'import.delete', subject: `import:${id}` } };
    },
  }),
];

/** The upload, as documents describe it. */
export const UPLOAD = {
  method: 'POST',
  path: '/imports',
  does: 'Uploads a CSV of contacts, to be looked at and begun later. `?name=` is what the file is called, `?encoding=` what it is written in.',
  of: 'workspace',
  action: 'contacts.import',
  answers: { 201: ImportShown },
} as const;

/** Keeps what arrives, as it arrives. */
export async function receive(
  ctx: HttpContext,
  form: FaultForm,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { workspace, actor } = request.admitted!;
  if (!CSV_TYPES.test(request.headers['content-type'] ?? ''))
    return sendFault(reply, fault('unsupported_media', 'The body must be text/csv.'), form);
  const query = request.query as Record<string, unknown>;
  const name = nameIn(query);
  if (isFault(name)) return sendFault(reply, name, form);
  const encoding = encodingOf(request.headers['content-type'] ?? '', query['encoding']);
  if (isFault(encoding)) return sendFault(reply, encoding, form);
  // What is not read after a fault is thrown away, so that the sender gets to hear of it.
  reply.raw.once('finish', () => request.raw.resume());
  const deps = { sql: ctx.sql, ids: ctx.ids, nowMs: () => ctx.clock.nowMs() };
  const stream = Readable.from(
    bytesOf(request.raw, ctx.clock, () => {}),
    { objectMode: false },
  );
  try {
    const kept = await receiveImport(deps, stream, { workspaceId: workspace.id, name, ...encoding });
    if (isFault(kept)) return sendFault(reply, kept, form);
    await appendAudit(ctx.sql, ctx.ids, {
      workspaceId: workspace.id,
      actor,
      action: 'import.upload',
      subject: `import:${kept.id}`,
      detail: { rows: kept.rows },
      nowMs: ctx.clock.nowMs(),
    });
    return reply.code(201).send(present(kept));
  } catch (error) {
    // The sender went away; nothing was kept, and nobody is left to be answered.
    if (request.raw.destroyed) return reply.hijack();
    throw error;
  }
}

function nameIn(query: Record<string, unknown>): string | Fault {
  const odd = Object.keys(query).find((key) => key !== 'name' && key !== 'encoding');
  if (odd !== undefined) return breaks(beginningOf(odd, 64), 'is not known here');
  const { name = 'contacts.csv' } = query;
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME || /\p{Cc}|\p{Cs}/u.test(name))
    return breaks('name', `needs 1 to ${LONGEST_NAME} characters`);
  return name;
}

async function find(call: Call<unknown>): Promise<ImportRow | Fault> {
  return (await findImport(call.ctx.sql, call.workspace.id, idIn(call, 'importId'))) ?? missing('import');
}

async function faults(call: Call): Promise<ImportFaults | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const { after = '0' } = call.query;
  if (!/^\d{1,9}$/.test(after)) return breaks('after', 'must be a line');
  const read = await faultsOfImport(call.ctx.sql, found.id, { afterLine: Number(after), limit: limit + 1 });
  const { rows, last } = cutPage(read, limit);
  return { faults: rows, next: last?.line ?? null };
}

/** The columns and the country that a body names. */
function planOf({ body, workspace }: Call<Static<typeof ImportLook>>) {
  const mapping = body.mapping === undefined ? undefined : readColumns(body.mapping);
  if (isFault(mapping)) return mapping;
  const { country = workspace.country } = body;
  return isCountry(country)
    ? { mapping, defaultCountry: country }
    : breaks('country', 'is no country whose phone numbers are known');
}

async function look(
  call: Call<Static<typeof ImportLook>>,
): Promise<{ status: 200; body: ImportPreviewShown } | Fault> {
  const plan = planOf(call);
  if (isFault(plan)) return plan;
  const found = await find(call);
  if (isFault(found)) return found;
  if (found.state !== 'ready') return fault('conflict', 'Only what is uploaded and not begun is looked at.');
  const body = (await previewImport(call.ctx.sql, found, plan)) as ImportPreviewShown;
  return { status: 200, body };
}

async function start(call: Call<Static<typeof ImportStart>>): Promise<Work<200, ImportShown> | Fault> {
  const plan = planOf(call);
  if (isFault(plan)) return plan;
  const { ctx, workspace, body, nowMs } = call;
  const of = { workspaceId: workspace.id, id: idIn(call, 'importId'), nowMs };
  const listId = body.listId === undefined ? undefined : idOf(body.listId);
  return async (tx) => {
    const { tags, setsOff } = body;
    const begun = await startImport(ctx, tx, of, { ...plan, listId, tags, setsOff });
    if (isFault(begun)) return begun;
    const detail = {
      rows: begun.rows,
      ...(body.listId ? { listId: body.listId } : {}),
      tags: tags ?? [],
      ...(setsOff === undefined ? {} : { setsOff }),
    };
    const audit = { action: 'import.start', subject: `import:${begun.id}`, detail };
    return { status: 200, body: present(begun), audit };
  };
}

function present(row: ImportRow): ImportShown {
  const { name, state, rows, doneRows, created, updated, rejected, note } = row;
  return {
    id: toHex24(row.id),
    name,
    state,
    rows,
    doneRows,
    created,
    updated,
    rejected,
    stopped: row.stopped === null ? null : (JSON.parse(row.stopped) as ImportShown['stopped']),
    note,
    createdAt: timeText(row.createdMs),
    endedAt: timeText(row.endedMs),
    canUndo: isKept(row) && row.undo === null,
    undo: presentUndo(row),
  };
}

function presentUndo(row: ImportRow): ImportShown['undo'] {
  const undo = undoOf(row);
  if (!undo) return null;
  const { stayed, some, ...rest } = undo;
  return {
    ...rest,
    stayed: STAY_REASONS.flatMap((why) => (stayed[why] ? [{ why, people: stayed[why] }] : [])),
    some: some.map(({ id, why }) => ({ contactId: toHex24(id), why })),
  };
}
