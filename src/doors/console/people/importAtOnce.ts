/**
 * `POST …/contacts/import`: a CSV of any size, written while it arrives. It is never held here: reading waits for writing, and
 * the sender for the reading. The answer is a line of JSON about four times a second, and a last one with `done`.
 *
 * A row is found by its address, so doing it again doubles nothing. With an Idempotency-Key a repeat of the whole file changes
 * nothing at all: it is read, and answered as it was. Two at the same moment are both carried out.
 */
import { beginningOf } from '../../../base/text.ts';
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { appendAudit } from '../../../accounts/audit.ts';
import { answeredBefore, checkKey, hashRequest, keepAnswer } from '../../../accounts/idempotency.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { createTurnsOf } from '../../../base/turns.ts';
import { importContacts, type ColumnMapping, type ImportResult } from '../../../contacts/imports/import.ts';
import { ImportLine } from '../../../../contract/doors/console/contacts.ts';
import { mustFit } from '../../kit/answer.ts';
import { isPassing } from '../../../db/errors.ts';
import { idempotencyKey } from '../../kit/change.ts';
import type { HttpContext } from '../../kit/context.ts';
import { sendFault, type FaultForm } from '../../kit/errors.ts';
import { bytesOf, CSV_TYPES, encodingOf } from '../csvBody.ts';
import { isCountry, readMapping } from './importInput.ts';
import { receive, UPLOAD } from './imports.ts';
import { idOf } from '../route.ts';

/** Imports of one workspace at the same time; the others wait unread. */
const MOST_IMPORTS = 2;
const PROGRESS_MS = 250;
const KNOWN = ['listId', 'tag', 'country', 'mapping', 'encoding'];

/** The route, as documents describe it: it is served beside the others, as its bodies are streams. */
export const IMPORT = {
  method: 'POST',
  path: '/contacts/import',
  does: 'Imports contacts from a CSV of any size; answers by lines of JSON while it is read.',
  of: 'workspace',
  action: 'contacts.import',
  answers: { 200: ImportLine },
} as const;

/** Adds the route; its bodies are streams, so it has a scope of its own. */
export function addImport(app: FastifyInstance, ctx: HttpContext, form: FaultForm): void {
  const imports = createTurnsOf(MOST_IMPORTS);
  void app.register((inner, _options, done) => {
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));
    inner.route({
      method: IMPORT.method,
      url: `/workspaces/:workspaceId${IMPORT.path}`,
      config: { guarded: IMPORT, stream: true },
      handler: (request, reply) =>
        imports(request.admitted!.workspace.id)(() => handle(ctx, form, request, reply)),
    });
    inner.route({
      method: UPLOAD.method,
      url: `/workspaces/:workspaceId${UPLOAD.path}`,
      config: { guarded: UPLOAD, stream: true },
      handler: (request, reply) =>
        imports(request.admitted!.workspace.id)(() => receive(ctx, form, request, reply)),
    });
    done();
  });
}

type Wanted = {
  listId?: number;
  tags: string[];
  defaultCountry: string;
  mapping?: ColumnMapping;
  encoding?: string;
};

async function handle(
  ctx: HttpContext,
  form: FaultForm,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { workspace } = request.admitted!;
  const type = request.headers['content-type'] ?? '';
  if (!CSV_TYPES.test(type))
    return sendFault(reply, fault('unsupported_media', 'The body must be text/csv.'), form);
  const wanted = readWanted(request, workspace.country);
  if (isFault(wanted)) return sendFault(reply, wanted, form);
  const once = await onceOf(ctx, request);
  if (isFault(once)) return sendFault(reply, once, form);
  if (once.before) return await repeat(ctx, form, request, reply, once);
  await note(ctx, request, 'contacts.import.begin', { listId: wanted.listId, tags: wanted.tags });
  const answer = createAnswer(ctx, reply);
  // What is not read after a fault is thrown away, so that the sender gets to hear of it.
  reply.raw.once('finish', () => request.raw.resume());
  let last: ImportResult | undefined;
  try {
    const result = await importContacts(
      { sql: ctx.sql, transact: ctx.queue.transact, ids: ctx.ids, nowMs: () => ctx.clock.nowMs() },
      Readable.from(
        bytesOf(request.raw, ctx.clock, (chunk) => {
          answer.took(chunk.length);
          once.took(chunk);
        }),
        { objectMode: false },
      ),
      {
        workspaceId: workspace.id,
        ...wanted,
        onProgress(progress) {
          last = progress;
          answer.progress(progress);
        },
      },
    );
    const stopped = isFault(result) || !result.stopped ? {} : { stopped: result.stopped };
    await note(ctx, request, 'contacts.import', { ...countsOf(isFault(result) ? last : result), ...stopped });
    if (!isFault(result)) {
      const last = { done: true, ...countsOf(result), faults: result.faults, ...stopped };
      await once.keep(last);
      return answer.end(last);
    }
    return answer.begun()
      ? answer.end({ done: false, ...(form(result) as object) })
      : sendFault(reply, result, form);
  } catch (error) {
    if (!request.raw.destroyed) return failed(ctx, request, answer, error);
    // The sender went away. What was written stays, and sending it again doubles nothing.
    ctx.log.info({ request: request.id, rows: last?.rows ?? 0 }, 'an import was broken off by its sender');
    await note(ctx, request, 'contacts.import', { brokenOff: true, ...countsOf(last) });
    return answer.end({ done: false });
  }
}

/** What the Idempotency-Key of a request comes to. Without one nothing was before and nothing is kept. */
type Once = {
  before: Awaited<ReturnType<typeof answeredBefore>>;
  took(chunk: Uint8Array): void;
  /** Hash of the request and of its body, as far as it was read. */
  hash(): string;
  keep(last: object): Promise<void>;
};

async function onceOf(ctx: HttpContext, request: FastifyRequest): Promise<Once | Fault> {
  const key = idempotencyKey(request);
  const body = createHash('sha256');
  const hash = () => hashRequest(request.method, request.url, body.digest('hex'));
  if (key === undefined) return { before: undefined, took: () => {}, hash, keep: () => Promise.resolve() };
  const bad = checkKey(key);
  if (bad) return bad;
  const { workspace, actor } = request.admitted!;
  const scope = `console:${workspace.id}:${actor}`;
  return {
    before: await answeredBefore(ctx.sql, { scope, key }),
    took: (chunk) => void body.update(chunk),
    hash,
    keep: (last) =>
      keepAnswer(
        ctx.sql,
        { scope, key, requestHash: hash(), nowMs: ctx.clock.nowMs() },
        { status: 200, body: last },
      ),
  };
}

/** Answers as before, when it is the same file: that is known once it was read. */
async function repeat(
  ctx: HttpContext,
  form: FaultForm,
  request: FastifyRequest,
  reply: FastifyReply,
  once: Once,
): Promise<FastifyReply> {
  try {
    for await (const chunk of bytesOf(request.raw, ctx.clock, () => {})) once.took(chunk);
  } catch (error) {
    if (!request.raw.destroyed) throw error;
    // The sender went away; nobody is left to be answered.
    return reply.hijack();
  }
  const kept = once.before!(once.hash());
  if (isFault(kept)) return sendFault(reply, kept, form);
  return reply
    .code(200)
    .type('application/x-ndjson')
    .header('idempotent-replayed', 'true')
    .send(`${JSON.stringify(kept.body)}\n`);
}

/** Something failed here. Once the answer has begun it has no status any more, so its last line has to say so. */
function failed(
  ctx: HttpContext,
  request: FastifyRequest,
  answer: ReturnType<typeof createAnswer>,
  error: unknown,
): FastifyReply {
  if (!answer.begun()) throw error;
  const lost = isPassing(error);
  if (!lost) ctx.log.error({ error, request: request.id }, 'an import failed');
  const code = lost ? 'unavailable' : 'internal_error';
  const message = `The import stopped before its end; sending it again doubles nothing. Request ${request.id}.`;
  return answer.end({ done: false, error: { code, message } });
}

/** The answer, which begins with the first progress: until then a fault has a status of its own. */
function createAnswer(ctx: HttpContext, reply: FastifyReply) {
  let begun = false;
  let toldMs = ctx.clock.nowMs();
  let bytes = 0;
  const write = (line: ImportLine) => {
    if (ctx.config.checkAnswers) mustFit(IMPORT, { status: 200, body: line });
    if (!begun) {
      begun = true;
      void reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    }
    reply.raw.write(`${JSON.stringify(line)}\n`);
  };
  return {
    begun: () => begun,
    took(more: number): void {
      bytes += more;
    },
    progress(result: ImportResult): void {
      const nowMs = ctx.clock.nowMs();
      if (nowMs - toldMs < PROGRESS_MS) return;
      toldMs = nowMs;
      write({ bytes, ...countsOf(result) });
    },
    end(line: ImportLine): FastifyReply {
      write({ bytes, ...line });
      reply.raw.end();
      return reply;
    },
  };
}

function countsOf(result: ImportResult | undefined): Record<string, number> {
  const { rows = 0, created = 0, updated = 0, rejected = 0 } = result ?? {};
  return { rows, created, updated, rejected };
}

async function note(
  ctx: HttpContext,
  request: FastifyRequest,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const { actor, workspace } = request.admitted!;
  const nowMs = ctx.clock.nowMs();
  await appendAudit(ctx.sql, ctx.ids, {
    workspaceId: workspace.id,
    actor,
    action,
    detail,
    nowMs,
  });
}

function readWanted(request: FastifyRequest, homeCountry: string): Wanted | Fault {
  const query = request.query as Record<string, string | string[]>;
  for (const [name, value] of Object.entries(query)) {
    if (!KNOWN.includes(name)) return breaks(beginningOf(name, 64), 'is not known here');
    if (Array.isArray(value) && name !== 'tag') return breaks(name, 'is given twice');
  }
  const {
    listId,
    tag = [],
    country = homeCountry,
    mapping,
  } = query as Record<string, string | undefined> & {
    tag?: string | string[];
  };
  if (listId !== undefined && !/^[0-9a-f]{24}$/i.test(listId))
    return breaks('listId', 'must be an id of 24 hex digits');
  if (!isCountry(country))
    return breaks('country', 'must be a country code of two capital letters, such as US');
  const columns = mapping === undefined ? undefined : readMapping(mapping);
  if (isFault(columns)) return columns;
  const encoding = encodingOf(request.headers['content-type'] ?? '', query['encoding']);
  if (isFault(encoding)) return encoding;
  return {
    ...encoding,
    tags: Array.isArray(tag) ? tag : [tag],
    defaultCountry: country,
    ...(listId === undefined ? {} : { listId: idOf(listId) }),
    ...(columns === undefined ? {} : { mapping: columns }),
  };
}
