/**
 * The Web1on1 door (api/web1on1.md: `/v2/…`). Authorises, reads, runs and answers for every route in `routes.ts`; knows what
 * none of them is about.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SCOPES } from '../../accounts/accessTokens.ts';
import { type Answer, hashRequest } from '../../accounts/idempotency.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { MOST_POSTED } from '../../../contract/web1on1.ts';
import { readShape } from '../../content/shape.ts';
import { acceptJson, atRoot, isMultipart, readBody } from '../kit/body.ts';
import { carryOut, idempotencyKey } from '../kit/change.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, type FaultForm, useFaultForm } from '../kit/errors.ts';
import { createRateLimit, type RateLimit } from '../kit/rateLimit.ts';
import { authenticate, giveToken, tokenBody, type Caller } from './callers.ts';
import type { Call, Route, Write } from './route.ts';
import { ROUTES } from './routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    web1on1: { caller: Caller; workspace: Workspace } | null;
  }
  interface FastifyContextConfig {
    web1on1?: Route;
  }
}

const PREFIX = '/v2';
/** Tokens are asked for once a day, and guessed at many times a second. */
const TOKENS_PER_S = 20;

/** This API's form of a fault: the client shows `error.message` (api/web1on1.md §B.1). */
export const web1on1Form: FaultForm = (told) => ({
  error: {
    message: told.message,
    code: told.fault,
    ...('field' in told && told.field !== undefined ? { field: told.field } : {}),
  },
});

/** The door. */
export function web1on1Door(app: FastifyInstance, ctx: HttpContext): void {
  const limit = createRateLimit(ctx.config.rateLimitPerS);
  const tokens = createRateLimit(ctx.config.rateLimitPerS === 0 ? 0 : TOKENS_PER_S);
  app.decorateRequest('web1on1', null);
  acceptJson(app);
  void app.register(
    (inner, _options, done) => {
      useFaultForm(inner, ctx.log, PREFIX, web1on1Form);
      inner.addHook('onRequest', (request, reply) => authorise(ctx, limit, request, reply));
      inner.post('/auth/token', (request, reply) => token(ctx, tokens, request, reply));
      for (const route of ROUTES) addRoute(inner, ctx, route);
      done();
    },
    { prefix: PREFIX },
  );
}

async function token(
  ctx: HttpContext,
  limit: RateLimit,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const nowMs = ctx.clock.nowMs();
  const retryAfterS = limit.take(request.ip, nowMs);
  if (retryAfterS !== undefined) return sendFault(reply, tooMany(TOKENS_PER_S, retryAfterS), web1on1Form);
  const body = readBody(tokenBody, request.body);
  const given = isFault(body) ? body : await giveToken(ctx, body, nowMs);
  return isFault(given) ? sendFault(reply, given, web1on1Form) : reply.code(201).send(given);
}

function addRoute(app: FastifyInstance, ctx: HttpContext, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    config: { web1on1: route },
    handler: async (request, reply) => {
      const outcome = await run(ctx, route, request);
      if (isFault(outcome)) return sendFault(reply, atRoot(outcome), web1on1Form);
      if (outcome.replayed) reply.header('idempotent-replayed', 'true');
      if (outcome.next !== undefined) {
        const [path] = request.url.split('?');
        reply.header('link', `<${ctx.publicUrl()}${path}?${outcome.next}>; rel="next"`);
      }
      return reply.code(outcome.status).send(outcome.body);
    },
  });
}

async function run(
  ctx: HttpContext,
  route: Route,
  request: FastifyRequest,
): Promise<(Answer & { replayed?: boolean; next?: string }) | Fault> {
  const call = callOf(ctx, request);
  if (isFault(call)) return call;
  if (route.kind === 'read') return await route.handle(call);
  if (isMultipart(request)) return fault('unsupported_media', 'The body must be JSON on this route.');
  const body = bodyOf(route, request.body);
  if (isFault(body)) return body;
  const work = await route.handle({ ...call, body: body as never });
  if (isFault(work)) return work;
  const { workspace, caller, nowMs } = call;
  return await carryOut(ctx, {
    scope: `web1on1:${workspace.id}`,
    key: idempotencyKey(request),
    requestHash: hashRequest(request.method, request.url, request.rawBody ?? ''),
    nowMs,
    actor: caller.actor,
    workspaceId: workspace.id,
    secret: route.secret === true,
    work,
  });
}

/** The body by its schema: one, or with `orArray` any number of them. */
function bodyOf(route: Write, body: unknown): unknown {
  if (!route.body) return undefined;
  if (!route.orArray) return readBody(route.body, body);
  if (!Array.isArray(body)) {
    const one = readBody(route.body, body);
    return isFault(one) ? one : { many: false, bodies: [one] };
  }
  if (body.length < 1 || body.length > MOST_POSTED)
    return fault('bad_request', `The body must be a message, or a list of 1 to ${MOST_POSTED}.`);
  const bodies: unknown[] = [];
  for (const [index, one] of body.entries()) {
    const read = readShape(route.body, one, `[${index}]`);
    if (read.fault) return read.fault;
    bodies.push(read.value);
  }
  return { many: true, bodies };
}

function callOf(ctx: HttpContext, request: FastifyRequest): Call | Fault {
  const params = request.params as Record<string, string>;
  const { url } = request;
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  // Postgres knows no such text, so nothing can have this name.
  if (Object.values(params).some((text) => text.includes('\0') || !text.isWellFormed()))
    return fault('bad_request', 'The URL must not hold U+0000.');
  return { ctx, ...request.web1on1!, params, query, body: undefined, nowMs: ctx.clock.nowMs() };
}

/** Who is calling, and whether it may. Runs before the body is read. */
async function authorise(
  ctx: HttpContext,
  limit: RateLimit,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const route = request.routeOptions.config.web1on1;
  if (!route) return undefined;
  const nowMs = ctx.clock.nowMs();
  const caller = await authenticate(ctx, request.headers.authorization, nowMs);
  if (isFault(caller)) return sendFault(reply, caller, web1on1Form);
  const retryAfterS = limit.take(caller.actor, nowMs);
  if (retryAfterS !== undefined)
    return sendFault(reply, tooMany(ctx.config.rateLimitPerS, retryAfterS), web1on1Form);
  if (SCOPES.indexOf(caller.scope) < SCOPES.indexOf(route.scope))
    return sendFault(
      reply,
      fault('forbidden', `A token of scope ${caller.scope} may not do this; that takes ${route.scope}.`),
      web1on1Form,
    );
  const workspace = await ctx.directory.workspace(caller.workspaceId);
  if (!workspace) return sendFault(reply, fault('invalid_auth', 'invalid token'), web1on1Form);
  request.web1on1 = { caller, workspace };
  return undefined;
}

function tooMany(perS: number, retryAfterS: number): Fault {
  return fault('rate_limited', `More than ${perS} requests a second.`, { retryAfterS });
}
