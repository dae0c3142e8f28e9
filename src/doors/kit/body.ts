/** Bodies: read as JSON whatever their content type says, kept as they came, and checked against a door's schema. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { readShape } from '../../content/shape.ts';
import { RequestFault } from './errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came. */
    rawBody: Buffer | null;
  }
}

/** Most that a JSON body may be (api/sunshine.md §1.5). */
export const JSON_BYTES = 100 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads JSON bodies. An empty body is no body, whatever the content type: smooch-core names JSON on every request. A multipart
 * body stays a Buffer; it is for the route to read.
 */
export function acceptJson(app: FastifyInstance): void {
  app.decorateRequest('rawBody', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request: FastifyRequest, body, done) => {
    request.rawBody = body as Buffer;
    const read = isMultipart(request) ? body : parseJson(body as Buffer, request.headers['content-type']);
    if (isFault(read)) done(new RequestFault(read));
    else done(null, read);
  });
}

/** Takes bodies as they are: for callbacks, whose signatures are over the bytes. */
export function acceptBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

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
  try {
    return JSON.parse(utf8.decode(body)) as unknown;
  } catch (error) {
    if (contentType && !/json/i.test(contentType))
      return fault('unsupported_media', `The body must be JSON, not ${contentType.slice(0, 100)}.`);
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    return fault('bad_request', `The body is not valid JSON: ${reason.slice(0, 200)}`);
  }
}
