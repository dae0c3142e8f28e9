/**
 * The console's API, `/api/…`. Authorises, reads, runs, audits and answers for every route in `routes.ts`; knows what none of
 * them is about.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticateConsole, mayConsole, type ConsoleCaller } from '../../accounts/authenticate.ts';
import { type Answer, hashRequest } from '../../accounts/idempotency.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { createTurns, type Turns } from '../../base/turns.ts';
import { acceptJson, atRoot } from '../kit/body.ts';
import { carryOut, idempotencyKey, NO_WORKSPACE } from '../kit/change.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, useFaultForm, type FaultForm } from '../kit/errors.ts';
import { createRateLimit, type RateLimit } from '../kit/rateLimit.ts';
import { addImport } from './contactsImport.ts';
import { oddQuery, readStrictly } from './input.ts';
import { actorOf, breaks, type Call, type Route, type Write } from './route.ts';
import { ROUTES } from './routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    console: Caller | null;
  }
  interface FastifyContextConfig {
    console?: Pick<Route, 'of' | 'action'>;
  }
}

/** Who calls, and of which workspace. */
export type Caller = { caller: ConsoleCaller; workspace: Workspace; credential: string };

/** Most that a JSON body may be where a route says nothing else: a mail's HTML, or 10,000 ids. */
const BODY_BYTES = 1024 * 1024;
/** Passwords are guessed at most this fast from one address. */
const SIGN_INS_PER_S = 10;
/** Work with transactions of its own holds one more; so few at a time never take up the pool. */
const MOST_OUTSIDE = 2;

/** This API's form of a fault. */
export const consoleForm: FaultForm = ({ fault: code, message, field }) => ({
  error: { code, message, ...(field === undefined ? {} : { field }) },
});

/** The door. */
export function consoleDoor(app: FastifyInstance, ctx: HttpContext): void {
  const limits = {
    requests: createRateLimit(ctx.config.rateLimitPerS),
    signIns: createRateLimit(SIGN_INS_PER_S),
  };
  const turns = createTurns(MOST_OUTSIDE);
  app.decorateRequest('console', null);
  acceptJson(app);
  void app.register(
    (inner, _options, done) => {
      useFaultForm(inner, ctx.log, '/api', consoleForm);
      inner.addHook('onRequest', (request, reply) => authorise(ctx, limits, request, reply));
      for (const route of ROUTES)
        inner.route({
          method: route.method,
          url: route.of === 'workspace' ? `/workspaces/:workspaceId${route.path}` : route.path,
          config: { console: route },
          bodyLimit: route.kind === 'write' ? (route.bodyBytes ?? BODY_BYTES) : BODY_BYTES,
          handler: async (request, reply) => {
            const answer = await run(ctx, route, request, turns);
            if (isFault(answer)) return sendFault(reply, atRoot(answer), consoleForm);
            if (answer.replayed) reply.header('idempotent-replayed', 'true');
            return reply.code(answer.status).send(answer.body);
          },
        });
      addImport(inner, ctx, consoleForm);
      done();
    },
    { prefix: '/api' },
  );
}

type Outcome = (Answer & { replayed?: boolean }) | Fault;

async function run(ctx: HttpContext, route: Route, request: FastifyRequest, turns: Turns): Promise<Outcome> {
  const call = callOf(ctx, route, request);
  if (isFault(call)) return call;
  if (route.kind === 'read') {
    const body = await route.handle(call);
    return isFault(body) ? body : { status: 200, body };
  }
  const body = readStrictly(route.body, request.body);
  if (isFault(body)) return body;
  const afterwards: (() => void | Promise<void>)[] = [];
  const afterCommit: Call['afterCommit'] = (act) => void afterwards.push(act);
  const work = await route.handle({ ...call, body: body as never, afterCommit });
  if (isFault(work)) return work;
  const change = () =>
    carryOut(ctx, {
      scope: scopeOf(call, route),
      // Signing in is not repeated from memory: that would let in who knows the key and not the password.
      key: route.of === 'nobody' ? undefined : idempotencyKey(request),
      requestHash: hashRequest(request.method, request.url, hashedBody(route, request)),
      nowMs: call.nowMs,
      actor: actorOf(call.caller),
      ...(route.of === 'workspace' ? { workspaceId: call.workspace.id } : {}),
      secret: route.secret === true,
      work,
      afterwards,
    });
  return await (route.outside ? turns(change) : change());
}

function scopeOf(call: Call, route: Route): string {
  return `console:${route.of === 'workspace' ? call.workspace.id : actorOf(call.caller)}`;
}

/** Without the fields that are secret: a hash of a password that is quick to compute is a way to guess it. */
function hashedBody(route: Write, request: FastifyRequest): unknown {
  if (!route.secretFields) return request.rawBody ?? '';
  const { secretFields } = route;
  return Object.fromEntries(
    Object.entries(request.body as object).filter(([name]) => !secretFields.includes(name)),
  );
}

/** The request as a handler gets it, without body; a fault when the URL holds what no route reads. */
function callOf(ctx: HttpContext, route: Pick<Route, 'query'>, request: FastifyRequest): Call | Fault {
  const params = request.params as Record<string, string>;
  const query = request.query as Record<string, string | string[]>;
  const odd = oddQuery(query, route.query ?? []);
  if (odd) return odd;
  // Postgres knows no such text, so nothing can have this name.
  const bad = [...Object.entries(params), ...(Object.entries(query) as [string, string][])].find(
    ([, text]) => text.includes('\0') || !text.isWellFormed(),
  );
  if (bad) return breaks(bad[0], 'must not hold the character U+0000 or half a surrogate pair');
  const { caller, workspace, credential } = request.console!;
  const nowMs = ctx.clock.nowMs();
  return {
    ctx,
    caller,
    workspace,
    params,
    query: query as Record<string, string>,
    body: undefined,
    nowMs,
    workspaceNowMs: nowMs + workspace.clockAheadMs,
    credential,
    afterCommit: (act) => void act(),
  };
}

/** Who is calling, and whether it may. Runs before the body is read. */
async function authorise(
  ctx: HttpContext,
  limits: { requests: RateLimit; signIns: RateLimit },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const route = request.routeOptions.config.console;
  if (!route) return undefined;
  const nowMs = ctx.clock.nowMs();
  const { authorization } = request.headers;
  const found =
    route.of === 'nobody' ? NOBODY : await authenticateConsole(ctx.keyring, { authorization, nowMs });
  if (isFault(found)) return sendFault(reply, found, consoleForm);
  const retryAfterS =
    route.of === 'nobody'
      ? limits.signIns.take(request.ip, nowMs)
      : limits.requests.take(actorOf(found), nowMs);
  if (retryAfterS !== undefined)
    return sendFault(reply, fault('rate_limited', 'Too many requests.', { retryAfterS }), consoleForm);
  const credential = (authorization ?? '').replace(/^\S+ +/, '').trim();
  if (route.of !== 'workspace') {
    request.console = { caller: found, workspace: NO_WORKSPACE, credential };
    return undefined;
  }
  const id = fromHex24((request.params as { workspaceId?: string }).workspaceId ?? '') ?? 0;
  const allowed = mayConsole(found, id, route.action);
  if (isFault(allowed)) return sendFault(reply, allowed, consoleForm);
  const workspace = await ctx.directory.workspace(id);
  if (!workspace) return sendFault(reply, fault('not_found', 'There is no such workspace.'), consoleForm);
  request.console = { caller: found, workspace, credential };
  return undefined;
}

const NOBODY: ConsoleCaller = { roles: new Map() };
