/**
 * Faults and thrown errors on their way out: the status from the catalogue, the body in the door's own form. What is thrown
 * is a bug (500, logged), a lost database (503) or the framework's word on a request it could not read.
 */
import { beginningOf } from '../../base/text.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FAULTS } from '../../../contract/errors.ts';
import { fault, type Fault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { isPassing, isDiskFull } from '../../db/errors.ts';

/** What a door makes a body of: a fault, or the one thing that is none, `internal_error`. */
type ShownFault = Omit<Fault, 'fault'> & { readonly fault: Fault['fault'] | 'internal_error' };

/** A door's form of a fault. */
export type FaultForm = {
  (told: ShownFault): unknown;
  /** The status of an answer, where it is not that of the catalogue. */
  statusOf?(told: Fault): number;
  /** What goes with each fault, also where no route was reached. */
  headers?: Readonly<Record<string, string>>;
};

declare module 'fastify' {
  interface FastifyInstance {
    /** Which form is used below which path, of whoever sends a header where it names one: for requests that reach no route. */
    faultForms: { prefix: string; form: FaultForm; by?: string }[];
    /** Every route there is, to tell a wrong method from a wrong path. */
    routesKnown: { method: string; path: RegExp; first: string }[];
    /** What a person in a browser sees at an address that nobody has; without it the root's form of a fault. */
    lost: {
      page?: (request: FastifyRequest, reply: FastifyReply) => FastifyReply;
      /** First parts of paths below which pages are, and no door's. */
      below: readonly string[];
    };
  }
}

/** How a fault leaves a parser, which can only throw. */
export class RequestFault extends Error {
  readonly fault: Fault;
  constructor(cause: Fault) {
    super(cause.message);
    this.fault = cause;
  }
}

const RETRY_AFTER_S = 1;
/** Somebody has to make room first. */
const FULL_RETRY_AFTER_S = 30;

/** Uses a door's form for everything that goes wrong below a prefix, unknown routes included. */
export function useFaultForm(app: FastifyInstance, log: Log, prefix: string, form: FaultForm): void {
  app.faultForms.push({ prefix, form });
  app.setErrorHandler((error, request, reply) => sendError(log, error, request, reply, form));
  // Another door may have what is below it, too.
  app.setNotFoundHandler((request, reply) => sendNotFound(app, request, reply, formFor(app, request, form)));
}

/** Answers that a path leads nowhere, or with the methods it has. */
export function sendNotFound(
  app: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
  form: FaultForm,
): FastifyReply {
  const allowed = methodsOf(app, pathOf(request.url));
  const told = `There is no ${request.method} ${pathOf(request.url)}.`;
  if (allowed.length === 0) {
    const { page } = app.lost;
    return page && isLostPerson(app, request)
      ? page(request, reply)
      : sendFault(reply, fault('not_found', told), form);
  }
  reply.header('allow', allowed.join(', '));
  return sendFault(reply, fault('method_not_allowed', told), form);
}

/** Somebody with a browser who mistyped an address: what is below a door's own paths is answered by the door. */
function isLostPerson(app: FastifyInstance, { method, url, headers }: FastifyRequest): boolean {
  const path = `${pathOf(url).toLowerCase()}/`;
  const first = firstOf(path);
  return (
    !app.faultForms.some(({ prefix, by }) => prefix !== '' && !by && path.startsWith(`${prefix}/`)) &&
    (method === 'GET' || method === 'HEAD') &&
    /\btext\/html\b/i.test(headers.accept ?? '') &&
    (app.lost.below.includes(first) || !app.routesKnown.some((route) => route.first === first))
  );
}

function firstOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Notes every route from now on. */
export function noteRoutes(app: FastifyInstance): void {
  app.decorate('routesKnown', []);
  app.decorate('lost', { below: [] });
  app.addHook('onRoute', ({ method, url }) => {
    // A route for everything is no path of its own.
    if (/(?:^|\/)\*$/.test(url)) return;
    const pattern = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/:\w+/g, '[^/]+');
    const path = new RegExp(`^${pattern.replace(/\/$/, '')}/?$`, 'i');
    for (const one of [method].flat())
      app.routesKnown.push({ method: one, path, first: firstOf(url.toLowerCase()) });
  });
}

/** The methods a path has. */
function methodsOf(app: FastifyInstance, path: string): string[] {
  const known = app.routesKnown.filter((route) => route.path.test(path)).map(({ method }) => method);
  return [...new Set(known)].toSorted((a, b) => (a < b ? -1 : 1));
}

/** Answers with a fault. */
export function sendFault(reply: FastifyReply, given: Fault, form: FaultForm): FastifyReply {
  if (given.retryAfterS !== undefined) reply.header('retry-after', String(Math.ceil(given.retryAfterS)));
  if (form.headers) reply.headers(form.headers);
  return reply.code(form.statusOf?.(given) ?? FAULTS[given.fault].http).send(form(given));
}

/** Answers to something thrown. */
export function sendError(
  log: Log,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  form: FaultForm,
): FastifyReply {
  const expected = faultOf(error);
  if (expected) return sendFault(reply, expected, form);
  log.error(
    { error, request: request.id, method: request.method, path: pathOf(request.url) },
    'a request failed',
  );
  return reply
    .code(500)
    .send(form({ fault: 'internal_error', message: `Something went wrong here; request ${request.id}.` }));
}

/** The form for a request, when no route was reached. */
export function formFor(
  app: FastifyInstance,
  { url, headers }: Pick<FastifyRequest, 'url' | 'headers'>,
  otherwise: FaultForm,
): FaultForm {
  const path = `${pathOf(url).toLowerCase()}/`;
  const fits = ({ prefix, by }: FastifyInstance['faultForms'][number]) =>
    path.startsWith(`${prefix}/`) && (by === undefined || headers[by] !== undefined);
  // The root's fits everything; of what fits best the last.
  const fitting = app.faultForms.filter(fits).toSorted((a, b) => a.prefix.length - b.prefix.length);
  return fitting.at(-1)?.form ?? otherwise;
}

/** The fault that a thrown error stands for; undefined when it is a bug. */
function faultOf(error: unknown): Fault | undefined {
  if (error instanceof RequestFault) return error.fault;
  if (isDiskFull(error))
    return fault(
      'unavailable',
      'The disk of the store is full: nothing was kept; try again when there is room.',
      {
        retryAfterS: FULL_RETRY_AFTER_S,
      },
    );
  if (isPassing(error))
    return fault('unavailable', 'The store cannot be reached at the moment; try again.', {
      retryAfterS: RETRY_AFTER_S,
    });
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (typeof code !== 'string' || !code.startsWith('FST_') || !statusCode || statusCode >= 500)
    return undefined;
  if (statusCode === 413) return fault('too_large', 'The body is larger than this route takes.');
  if (statusCode === 415) return fault('unsupported_media', 'The Content-Type header is not one.');
  return fault('bad_request', message ?? 'The request could not be read.');
}

/** The path of a URL without its query, short enough to be shown. */
function pathOf(url: string): string {
  const end = url.indexOf('?');
  return beginningOf(end < 0 ? url : url.slice(0, end), 200);
}
