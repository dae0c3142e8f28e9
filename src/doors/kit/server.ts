/**
 * The HTTP server: what all doors share. Reads requests, keeps them within bounds, logs them, and stops without cutting any
 * off. Knows no route but its own probes.
 */
import { beginningOf } from '../../base/text.ts';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Histogram, Registry } from 'prom-client';
import { randomToken } from '../../base/crypto.ts';
import { fault } from '../../base/fault.ts';
import type { Part } from '../../base/lifecycle.ts';
import { mayRead } from '../../watch/access.ts';
import { JSON_BYTES } from './body.ts';
import type { HttpContext } from './context.ts';
import {
  formFor,
  noteRoutes,
  RequestFault,
  sendError,
  sendFault,
  sendNotFound,
  useFaultForm,
  type FaultForm,
} from './errors.ts';
import { createHeld } from './held.ts';
import { proxiesOf } from './network.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its body is read as a stream, for as long as that takes. */
    stream?: boolean;
  }
}

/** A set of routes in one API's own form. */
export type Door = (app: FastifyInstance, ctx: HttpContext) => void;

/** What the probes tell. */
type Probes = {
  /** What keeps this process from its work, in words; empty when nothing does. */
  amiss?: () => Promise<readonly string[]>;
  /** Metrics of other rooms; those of the process and of requests are added to it. */
  registry?: Registry;
};

/** Requests in progress get this long to end when the server stops. */
const DRAIN_MS = 15_000;
/** How long a body may take to arrive; how often a stream is looked at, of which something must have come in between. */
const BODY_MS = 60_000;
/** An id or external id in a path; what is longer names nothing. */
const MAX_PARAM = 1024;

/** The server, with these doors. */
export function createServer(
  ctx: HttpContext,
  doors: readonly Door[],
  probes: Probes = {},
): Part & { url(): string } {
  let stopping = false;
  const app = createApp(ctx);
  observe(app, ctx, probes.registry ?? new Registry(), probes.amiss, () => stopping);
  // Each door is a plugin, so that its hooks, parsers and handlers are its own.
  for (const door of doors)
    void app.register((inner, _options, done) => {
      door(inner, ctx);
      done();
    });
  return {
    name: 'http server',
    async start() {
      await app.listen({ host: ctx.config.host, port: ctx.config.port });
    },
    async stop() {
      stopping = true;
      const cancel = ctx.clock.after(DRAIN_MS, () => app.server.closeAllConnections());
      await app.close();
      cancel();
    },
    url() {
      const { address, port, family } = app.server.address() as AddressInfo;
      const anywhere = address === '0.0.0.0' || address === '::';
      const host = anywhere ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
      return `http://${host}:${port}`;
    },
  };
}

const plainForm: FaultForm = ({ fault, message }) => ({ error: { code: fault, description: message } });

function createApp(ctx: HttpContext): FastifyInstance {
  const prefix = randomToken(6);
  let count = 0;
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: JSON_BYTES,
    // Node's own bound on a request holds for every route; see `boundBodies`.
    requestTimeout: 0,
    requestIdHeader: false,
    genReqId: () => `${prefix}${(++count).toString(36)}`,
    // A request on a connection that is kept is carried out, even while stopping; then the connection is closed.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => {
      void sendError(ctx.log, error, request, reply, formFor(app, request, plainForm));
    },
    // Whose address a request has: of the connection, or what a proxy that is trusted says.
    trustProxy: ctx.config.trustedProxies.length > 0 ? proxiesOf(ctx.config) : false,
    // Clients of old mix /appusers and /appUsers; ids in a path keep their case.
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: MAX_PARAM },
  });
  noteRoutes(app);
  boundBodies(app, ctx);
  refuseEncoded(app, ctx);
  refuseLost(app);
  app.decorate('faultForms', []);
  app.decorate('held', createHeld());
  app.decorateRequest('letGo', null);
  app.decorateRequest('isKnown', false);
  useFaultForm(app, ctx.log, '', plainForm);
  return app;
}

/** What is not HTTP, too slow or has too many headers never becomes a request: it is answered on the bare connection. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const [status, reason]: [number, string] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'The headers are larger than allowed.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'The request did not come in time.']
        : [400, 'This is not an HTTP request.'];
  const body = JSON.stringify(plainForm({ fault: 'bad_request', message: reason }));
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // Not `end`: a peer that never closes its side would hold the connection for good.
  socket.destroySoon();
}

/** A body that is not there in time is not waited for; a stream may take as long as it takes, while something of it comes. */
function boundBodies(app: FastifyInstance, ctx: HttpContext): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { raw } = request;
    if (!hasBody(request)) return done();
    let cancel: () => void;
    if (request.routeOptions.config.stream) {
      let heardBytes = raw.socket.bytesRead;
      const look = () => {
        // What has come and is not taken yet waits for us, not for the peer.
        if (raw.socket.bytesRead === heardBytes && raw.readableLength === 0) return void raw.destroy();
        heardBytes = raw.socket.bytesRead;
        cancel = ctx.clock.after(BODY_MS, look);
      };
      cancel = ctx.clock.after(BODY_MS, look);
    } else cancel = ctx.clock.after(BODY_MS, () => raw.destroy());
    const arrived = () => cancel();
    raw.once('end', arrived).once('close', arrived);
    done();
  });
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

/** What leads nowhere is not read: the answer is known. */
function refuseLost(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 || !hasBody(request)) return done();
    return void sendNotFound(app, request, reply, formFor(app, request, plainForm));
  });
}

/** A body that is packed (gzip) is read by no route: unpacking is for who wants to be flooded by a small request. */
function refuseEncoded(app: FastifyInstance, ctx: HttpContext): void {
  app.addHook('onRequest', (request, reply, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (/^identity$/i.test(encoding)) return done();
    reply.header('accept-encoding', 'identity');
    const refused = fault(
      'unsupported_media',
      `The body must come as it is, not in Content-Encoding ${beginningOf(encoding, 40)}.`,
    );
    return void sendError(
      ctx.log,
      new RequestFault(refused),
      request,
      reply,
      formFor(app, request, plainForm),
    );
  });
}

/** Headers, access log, metrics and probes. */
function observe(
  app: FastifyInstance,
  ctx: HttpContext,
  registry: Registry,
  amiss: Probes['amiss'],
  isStopping: () => boolean,
): void {
  const seconds = new Histogram({
    name: 'parley_http_request_seconds',
    help: 'Time from request to answer, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    setHeaders(request, reply, isStopping());
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    request.letGo?.();
    const route = request.routeOptions.url ?? 'none';
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    ctx.log.debug(
      { request: request.id, method: request.method, route, status: reply.statusCode, ms: reply.elapsedTime },
      'request',
    );
    done();
  });
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const faults = [...((await amiss?.()) ?? []), ...(isStopping() ? ['the server is stopping'] : [])];
    return await reply.code(faults.length ? 503 : 200).send({ ready: !faults.length, faults });
  });
  app.get('/metrics', async (request, reply) => {
    const address = request.raw.socket.remoteAddress ?? '';
    if (!mayRead({ address, headers: request.headers }, ctx.config.metricsToken))
      return await sendFault(
        reply,
        fault('invalid_auth', 'Metrics are for this machine, or for who has PARLEY_METRICS_TOKEN.'),
        plainForm,
      );
    return await reply.type(registry.contentType).send(await registry.metrics());
  });
}

function setHeaders(request: FastifyRequest, reply: FastifyReply, stopping: boolean): void {
  reply.header('x-request-id', request.id);
  reply.header('x-content-type-options', 'nosniff');
  reply.header('referrer-policy', 'no-referrer');
  // A door that serves pages sets its own.
  if (!reply.hasHeader('content-security-policy'))
    reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  if (stopping) reply.header('connection', 'close');
}
