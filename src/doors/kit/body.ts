/** Bodies: read as JSON whatever their content type says, kept as they came, and checked against a door's schema. */
import { createHash } from 'node:crypto';
import { parseExact } from '../../base/exactJson.ts';
import { beginningOf } from '../../base/text.ts';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { networkOf } from '../../base/network.ts';
import { readShape } from '../../content/shape.ts';
import { RequestFault } from './errors.ts';
import type { Held } from './held.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came. */
    rawBody: Buffer | null;
    /** The SHA-256 of a body of parts that came under an Idempotency-Key: of 50 MB at once it would hold everybody up for 100 ms. */
    rawHash: string | null;
    /** Tells that what was read of the body is held no longer. */
    letGo: (() => void) | null;
    /** Who it is has been shown, before any of the body is read. */
    isKnown: boolean;
  }
  interface FastifyInstance {
    /** Bytes of bodies in this process. */
    held: Held;
  }
}

/** Most that a JSON body may be (api/sunshine.md §1.5). */
export const JSON_BYTES = 100 * 1024;

/** Fields that a JSON body may have in all: each costs far more than its bytes to parse, to check and to hash. */
const MOST_FIELDS = 20_000;
/** Values in all: an audience may name twice 100,000 contacts. */
const MOST_VALUES = 250_000;
/** Lists and objects within each other. Nothing that we read goes so deep, and what is nested without end costs ten times its bytes. */
const DEEPEST = 200;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads JSON bodies. An empty body is no body, whatever the content type: smooch-core names JSON on every request. A multipart
 * body stays a Buffer; it is for the route to read.
 */
export function acceptJson(app: FastifyInstance): void {
  app.decorateRequest('rawBody', null);
  app.decorateRequest('rawHash', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const body = await collect(request, payload);
    request.rawBody = body;
    const read = isMultipart(request) ? body : parseJson(body, request.headers['content-type']);
    if (isFault(read)) throw new RequestFault(read);
    return read;
  });
}

/** Takes bodies as they are: for callbacks, whose signatures are over the bytes. */
export function acceptBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', collect);
}

/** The body, within what the route takes and what may be held of this peer and of all. */
function collect(request: FastifyRequest, payload: IncomingMessage): Promise<Buffer> {
  const { held } = request.server;
  const most = request.routeOptions.bodyLimit;
  const from = { peer: networkOf(request.ip), isStranger: !request.isKnown };
  const chunks: Buffer[] = [];
  const isHashed = isMultipart(request) && request.headers['idempotency-key'] !== undefined;
  const hash = isHashed ? createHash('sha256') : undefined;
  let size = 0;
  let taken = 0;
  const { socket } = request.raw;
  const release = () => {
    held.give(from, taken);
    taken = 0;
    socket.removeListener('close', release);
  };
  // Until the answer is out, what was read is in memory in one form or another.
  request.letGo = release;
  socket.once('close', release);
  return new Promise((resolve, reject) => {
    const refuse = (why: Fault) => {
      chunks.length = 0;
      release();
      payload.removeAllListeners('data').removeAllListeners('end');
      // What still comes is thrown away, so that the sender gets to hear of it.
      payload.resume();
      reject(new RequestFault(why));
    };
    if (Number(request.headers['content-length'] ?? 0) > most) return refuse(TOO_LARGE);
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) return refuse(TOO_LARGE);
      if (!held.take(from, chunk.length, size <= SMALL_BYTES)) return refuse(FULL);
      taken += chunk.length;
      chunks.push(chunk);
      hash?.update(chunk);
    });
    payload.once('end', () => {
      if (hash) request.rawHash = hash.digest('hex');
      resolve(Buffer.concat(chunks, size));
    });
    payload.once('error', reject);
    payload.once('close', () => {
      if (!payload.readableEnded) reject(new RequestFault(UNFINISHED));
    });
  });
}

/** A call of an API with what it says; uploads, lists and mails are larger. */
const SMALL_BYTES = 64 * 1024;
const TOO_LARGE = fault('too_large', 'The body is larger than this route takes.');
const FULL = fault('unavailable', 'Too much is being sent at the moment; try again.', { retryAfterS: 5 });
const UNFINISHED = fault('bad_request', 'The body ended before its end.');

/** True for a body of parts. */
export function isMultipart(request: Pick<FastifyRequest, 'headers'>): boolean {
  return /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');
}

/** The body as its schema names it, or the first rule it breaks; unknown fields are dropped. */
export function readBody<S extends TSchema>(schema: S, body: unknown): Static<S> | Fault {
  if (Buffer.isBuffer(body)) return fault('unsupported_media', 'The body must be JSON.');
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return fault('bad_request', 'The body must be a JSON object.');
  const read = readShape(schema, body, '');
  return read.fault ? atRoot(read.fault) : (read.value as Static<S>);
}

/** A fault whose fields are those of the body itself: `.author.role` becomes `author.role`. */
export function atRoot(given: Fault): Fault {
  if (given.field === undefined || !given.field.startsWith('.')) {
    return given.field === '' ? { ...given, message: `The body${given.message.replace(/^:/, '')}` } : given;
  }
  return { ...given, field: given.field.slice(1), message: given.message.replace(/^\./, '') };
}

function parseJson(body: Buffer, contentType: string | undefined): unknown {
  if (body.length === 0) return undefined;
  const excess = excessOf(body);
  if (excess) return excess;
  try {
    const read = parseExact(utf8.decode(body));
    return 'inexact' in read ? inexact(read.inexact) : read.value;
  } catch (error) {
    if (contentType && !/json/i.test(contentType))
      return fault('unsupported_media', `The body must be JSON, not ${beginningOf(contentType, 100)}.`);
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    return fault('bad_request', `The body is not valid JSON: ${beginningOf(reason, 200)}`);
  }
}

/** The fault of a whole number whose last digits would be lost. */
export function inexact(field: string): Fault {
  const rule = `must be a whole number of at most ${Number.MAX_SAFE_INTEGER}, or text`;
  return fault('bad_request', `${field}: ${rule}`, { field: beginningOf(field, 200) });
}

/** What JSON has too much of, by its marks outside of texts: known before anything is made of them. */
function excessOf(body: Buffer): Fault | undefined {
  if (body.length <= 2 * DEEPEST) return undefined;
  let fields = 0;
  let values = 0;
  let depth = 0;
  let inText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) inText = !inText;
    else if (inText) {
      if (byte === BACKSLASH) at++;
    } else if (byte === COLON) {
      if (++fields > MOST_FIELDS) return fault('too_large', `The body has more than ${MOST_FIELDS} fields.`);
    } else if (byte === COMMA) {
      if (++values > MOST_VALUES) return fault('too_large', `The body has more than ${MOST_VALUES} values.`);
    } else if (byte === OPENS_LIST || byte === OPENS_OBJECT) {
      if (++depth > DEEPEST)
        return fault('bad_request', `The body is nested deeper than ${DEEPEST} lists and objects.`);
    } else if (byte === CLOSES_LIST || byte === CLOSES_OBJECT) depth--;
  }
  return undefined;
}

const [QUOTE, BACKSLASH, COLON, COMMA, OPENS_LIST, CLOSES_LIST, OPENS_OBJECT, CLOSES_OBJECT] =
  Buffer.from('"\\:,[]{}');
