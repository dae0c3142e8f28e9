/**
 * The Sunshine Conversations v1.1 door (api: `/v1.1/apps/{appId}/…`, and the same without the app for keys of one app).
 * Authorises, reads, runs and answers for every route in `routes.ts`; knows what none of them is about.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticateSunshine, type SunshineCaller } from '../../accounts/authenticate.ts';
import { type Answer, hashRequest } from '../../accounts/idempotency.ts';
import { can } from '../../accounts/roles.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { createTurns, type Turns } from '../../base/turns.ts';
import { acceptJson, atRoot, isMultipart, readBody } from '../kit/body.ts';
import { carryOut, idempotencyKey, NO_WORKSPACE } from '../kit/change.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, type FaultForm, useFaultForm } from '../kit/errors.ts';
import { createRateLimit, type RateLimit } from '../kit/rateLimit.ts';
import { missing, type Call, type Route, type Scope, type SunshineFault } from './route.ts';
import { serveFiles } from './fileStore.ts';
import { serveSdk } from './sdk.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES } from './routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    sunshine: { caller: SunshineCaller; workspace: Workspace } | null;
  }
  interface FastifyContextConfig {
    sunshine?: Route;
  }
}

/** Changes that wait for a provider at the same time. */
const MOST_OUTSIDE = 3;
const BOTH: readonly Scope[] = ['account', 'app'];

/** This API's form of a fault (api/sunshine.md §1.3). */
export const sunshineForm: FaultForm = (told) => ({
  error: { code: codeOf(told as SunshineFault), description: told.message },
});

/** The door. */
export function sunshineDoor(app: FastifyInstance, ctx: HttpContext): void {
  const limit = createRateLimit(ctx.config.rateLimitPerS);
  const turns = createTurns(MOST_OUTSIDE);
  app.decorateRequest('sunshine', null);
  acceptJson(app);
  serveFiles(app, ctx, sunshineForm);
  const below = (prefix: string, routes: readonly Route[]) =>
    void app.register(
      (inner, _options, done) => {
        useFaultForm(inner, ctx.log, prefix, sunshineForm);
        allowBrowsers(inner);
        inner.addHook('onRequest', (request, reply) => authorise(ctx, limit, request, reply));
        for (const route of routes) addRoute(inner, ctx, route, turns);
        done();
      },
      { prefix },
    );
  below('/v1.1', [...ROUTES, ...APP_ROUTES, ...ACCOUNT_ROUTES]);
  below(
    '/v1',
    ROUTES.filter(({ alsoV1 }) => alsoV1),
  );
  void app.register(
    (inner, _options, done) => {
      useFaultForm(inner, ctx.log, '/sdk', sunshineForm);
      allowBrowsers(inner);
      serveSdk(inner, ctx, sunshineForm);
      done();
    },
    { prefix: '/sdk/v2/apps/:appId' },
  );
}

function addRoute(app: FastifyInstance, ctx: HttpContext, route: Route, turns: Turns): void {
  for (const url of urlsOf(route))
    app.route({
      method: route.method,
      url,
      config: { sunshine: route },
      ...(route.kind === 'write' && route.upload ? { bodyLimit: route.upload } : {}),
      handler: async (request, reply) => {
        const outcome = await run(ctx, route, request, turns);
        if (isFault(outcome)) return sendFault(reply, atRoot(outcome), sunshineForm);
        if (outcome.replayed) reply.header('idempotent-replayed', 'true');
        return reply.code(outcome.status).send(outcome.body);
      },
    });
}

/** Below the prefix: what is said of an app can be said with the app in the path or without, when the key tells it. */
function urlsOf(route: Route): string[] {
  if (ACCOUNT_ROUTES.includes(route)) return [route.path];
  const named = `/apps/:appId${route.path}`;
  return APP_ROUTES.includes(route) ? [named] : [named, route.path];
}

async function run(
  ctx: HttpContext,
  route: Route,
  request: FastifyRequest,
  turns: Turns,
): Promise<(Answer & { replayed?: boolean }) | Fault> {
  const call = callOf(ctx, request);
  if (isFault(call)) return call;
  if (route.kind === 'read') return await route.handle(call);
  if (isMultipart(request) && !route.upload)
    return fault('unsupported_media', 'The body must be JSON on this route.');
  const body = route.body ? readBody(route.body, request.body) : undefined;
  if (isFault(body)) return body;
  const afterwards: (() => void)[] = [];
  const afterCommit = (act: () => void) => void afterwards.push(act);
  const work = await route.handle({ ...call, body: body as never, afterCommit });
  if (isFault(work)) return work;
  const { workspace, caller, nowMs } = call;
  const change = () =>
    carryOut(ctx, {
      scope: scopeOf(call),
      key: idempotencyKey(request),
      requestHash: hashRequest(request.method, request.url, request.rawBody ?? ''),
      nowMs,
      actor: `key:${caller.keyId}`,
      ...(workspace.id ? { workspaceId: workspace.id } : {}),
      secret: route.secret === true,
      work,
      afterwards,
    });
  return await (route.outside ? turns(change) : change());
}

/** Whose Idempotency-Keys these are. */
function scopeOf({ workspace, caller }: Call): string {
  return workspace.id
    ? `sunshine:${workspace.id}`
    : `sunshine:account:${(caller as { operatorId: number }).operatorId}`;
}

function callOf(ctx: HttpContext, request: FastifyRequest): Call | Fault {
  const params = request.params as Record<string, string>;
  const query = request.query as Record<string, string | string[]>;
  const twice = Object.keys(query).find((name) => Array.isArray(query[name]));
  if (twice !== undefined) return fault('bad_request', `${twice.slice(0, 64)}: is given twice`);
  const texts = [...Object.values(params), ...Object.entries(query).flat()] as string[];
  // Postgres knows no such text, so nothing can have this name.
  if (texts.some((text) => text.includes('\0') || !text.isWellFormed()))
    return fault('bad_request', 'The URL must not hold U+0000.');
  const { caller, workspace } = request.sunshine!;
  return {
    ctx,
    caller,
    workspace,
    params,
    query: query as Record<string, string>,
    body: undefined,
    rawBody: request.rawBody ?? Buffer.alloc(0),
    contentType: request.headers['content-type'] ?? '',
    nowMs: ctx.clock.nowMs(),
    url: `${ctx.publicUrl()}${request.url.split('?')[0]}`,
    afterCommit: (run) => run(),
  };
}

/** Who is calling, for which app, and whether it may. Runs before the body is read. */
async function authorise(
  ctx: HttpContext,
  limit: RateLimit,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const route = request.routeOptions.config.sunshine;
  if (!route) return undefined;
  const nowMs = ctx.clock.nowMs();
  const { authorization } = request.headers;
  const caller = await authenticateSunshine(ctx.keyring, { authorization, nowMs });
  if (isFault(caller)) return sendFault(reply, caller, sunshineForm);
  const retryAfterS = limit.take(caller.keyId, nowMs);
  if (retryAfterS !== undefined)
    return sendFault(
      reply,
      fault('rate_limited', `More than ${ctx.config.rateLimitPerS} requests a second.`, { retryAfterS }),
      sunshineForm,
    );
  const workspace = await workspaceFor(ctx, route, caller, (request.params as { appId?: string }).appId);
  if (isFault(workspace)) return sendFault(reply, workspace, sunshineForm);
  request.sunshine = { caller, workspace };
  return undefined;
}

async function workspaceFor(
  ctx: HttpContext,
  route: Route,
  caller: SunshineCaller,
  appId: string | undefined,
): Promise<Workspace | SunshineFault> {
  if (!(route.scopes ?? BOTH).includes(caller.scope))
    return fault('forbidden', `A token of scope ${caller.scope} may not do this.`);
  // What concerns the account concerns no app; its routes never look at this one.
  if (ACCOUNT_ROUTES.includes(route) && appId === undefined) return NO_WORKSPACE;
  if (appId === undefined && caller.scope === 'account')
    return fault('bad_request', 'The path must name the app with a key of this scope: /v1.1/apps/{appId}/…');
  const id = appId === undefined ? (caller as { workspaceId: number }).workspaceId : fromHex24(appId);
  const workspace = id === undefined ? undefined : await ctx.directory.workspace(id);
  if (!workspace) return missing('app');
  if (caller.scope !== 'account')
    return caller.workspaceId === workspace.id ? workspace : fault('forbidden', 'The key is of another app.');
  const role = (await ctx.keyring.rolesOf(caller.operatorId)).get(workspace.id);
  if (!role) return fault('forbidden', 'The account of the key has no access to this app.');
  const allowed = can(role, route.action);
  return isFault(allowed) ? allowed : workspace;
}

/** Those of callers, and those that the SDKs send. */
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, X-Smooch-AppId, X-Smooch-AppName, X-Smooch-ClientId, X-Smooch-Push, X-Smooch-SDK';

/** Lets pages of other sites call: tokens are given by the caller, never by the browser itself. */
function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'Idempotent-Replayed, Retry-After, X-Request-Id');
    done();
  });
  app.options('/*', (_request, reply) =>
    reply
      .header('access-control-allow-methods', 'GET, POST, PUT, DELETE')
      .header('access-control-allow-headers', ALLOWED_HEADERS)
      .header('access-control-max-age', '86400')
      .code(204)
      .send(),
  );
}

function codeOf(told: SunshineFault): string {
  return told.code ?? (told.fault === 'in_flight' ? 'conflict' : told.fault);
}
