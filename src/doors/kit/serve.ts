/**
 * Serves the routes of a door: who it is and whether the role may, before the body is read; then the body by its schema, the
 * work once per Idempotency-Key, and the answer in the door's own form. Knows what no route is about.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, hashRequest, hashRequestOf } from '../../accounts/idempotency.ts';
import { can } from '../../accounts/roles.ts';
import { type Holder } from '../../../contract/roles.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { networkOf } from '../../base/network.ts';
import { createTurns, createTurnsOf, type Turns } from '../../base/turns.ts';
import { mustFit } from './answer.ts';
import { atRoot, isMultipart } from './body.ts';
import { createCarryOut, idempotencyKey, NO_WORKSPACE, type CarryOut } from './change.ts';
import type { HttpContext } from './context.ts';
import { sendFault, type FaultForm } from './errors.ts';
import { createRateLimit, type RateLimit } from './rateLimit.ts';
import { oddText, type Call, type Guarded, type Kind, type Route, type Write } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom the door has let in; null until then. */
    admitted: Admitted | null;
    /** What was wrong with it. */
    refusal: Fault | null;
  }
  interface FastifyContextConfig {
    /** Who may call the route. Without it nobody is asked who he is. */
    guarded?: Guarded;
  }
}

/** Who was let in, where, and as what. */
type Admitted<C = object> = {
  caller: C;
  /** How the audit log and the rate limit name the caller. */
  actor: string;
  workspace: Workspace;
  holder: Holder | undefined;
};

/** What only a door knows of its routes. */
export type Serving<K extends Kind> = {
  /** First word of the scope of its Idempotency-Keys. */
  name: string;
  form: FaultForm;
  /** Most that a body may be where a route says nothing else. */
  bodyBytes: number;
  /** Work that calls outside runs so often at the same time: it holds connections of its own. */
  mostOutside: number;
  /** Requests a second from one address to routes that ask for no credentials. */
  strangersPerS?: number;
  /** Who calls, by the credentials; and by what the calls are counted for the limit, where that is not who. */
  identify(
    request: FastifyRequest,
    nowMs: number,
  ): Promise<{ caller: K['caller']; actor: string; limitedBy?: string } | Fault>;
  /** For whom a caller speaks, where one key speaks for several: each has their own Idempotency-Keys. */
  speaksFor?(caller: K['caller']): string | undefined;
  /** The workspace that is meant, and as what the caller is let into it. What he does not reach is not there for him. */
  reach(
    caller: K['caller'],
    request: FastifyRequest,
  ): Promise<{ workspace: Workspace; holder: Holder } | Fault>;
  /** What the door asks besides the table of roles. */
  refuses?(caller: K['caller'], route: Guarded, request: FastifyRequest): Fault | undefined;
  readQuery(request: FastifyRequest, route: Route<K>): K['query'] | Fault;
  readBody(route: Write<K>, body: unknown): unknown;
  /** Headers that say what is meant, where there are any: of two requests that differ in them one is no repeat of the other. */
  told?(request: FastifyRequest): string;
};

/** Serves a door's routes below one prefix. `at` says under which paths a route is. */
type ServedRoutes<K extends Kind> = {
  add(app: FastifyInstance, routes: readonly Route<K>[], at: (route: Route<K>) => readonly string[]): void;
};

/** A server for the routes of one door; its limits and turns hold for all that is added. */
export function serveRoutes<K extends Kind>(ctx: HttpContext, door: Serving<K>): ServedRoutes<K> {
  const limits = {
    known: createRateLimit(ctx.config.rateLimitPerS, ctx.clock),
    strangers: createRateLimit(ctx.config.rateLimitPerS === 0 ? 0 : (door.strangersPerS ?? 0), ctx.clock),
  };
  const outside = createTurns(door.mostOutside);
  const carryOut = createCarryOut(ctx);
  const uploads = createTurnsOf(MOST_UPLOADS);
  return {
    add(app, routes, at) {
      if (!app.hasRequestDecorator('admitted')) {
        app.decorateRequest('admitted', null);
        app.decorateRequest('refusal', null);
      }
      app.addHook('onRequest', (request, reply) => admit(ctx, door, limits, request, reply));
      app.addHook('onResponse', async (request, reply) => noteRequest(ctx, door.name, request, reply));
      for (const route of routes)
        for (const url of at(route))
          app.route({
            method: route.method,
            url,
            config: { guarded: route },
            bodyLimit:
              route.kind === 'write' ? (route.upload ?? route.bodyBytes ?? door.bodyBytes) : door.bodyBytes,
            handler: async (request, reply) => {
              const isUpload = route.kind === 'write' && route.upload !== undefined;
              const inTurn = isUpload ? uploads(request.admitted!.workspace.id) : AT_ONCE;
              return send(
                ctx,
                door,
                request,
                reply,
                route,
                await inTurn(() => run(ctx, door, route, request, { outside, carryOut })),
              );
            },
          });
    },
  };
}

/** Files of one workspace that are read and kept at the same time; each may be 50 MB. */
const MOST_UPLOADS = 2;
const AT_ONCE: Turns = (work) => work();

type Ran = (Answer & { replayed?: boolean; next?: string; leaves?: Fault }) | Fault;

function send<K extends Kind>(
  ctx: HttpContext,
  door: Serving<K>,
  request: FastifyRequest,
  reply: FastifyReply,
  route: Route<K>,
  ran: Ran,
): FastifyReply {
  if (isFault(ran)) {
    request.refusal = ran;
    return sendFault(reply, atRoot(ran), door.form);
  }
  // Answered as done: what was left is told to who reads the log of requests.
  if (ran.leaves) request.refusal = ran.leaves;
  if (route.mediaType) reply.type(route.mediaType);
  else if (ctx.config.checkAnswers) mustFit(route, ran);
  if (ran.replayed) reply.header('idempotent-replayed', 'true');
  if (ran.next !== undefined)
    reply.header('link', `<${ctx.publicUrl()}${request.url.split('?')[0]}?${ran.next}>; rel="next"`);
  return reply.code(ran.status).send(ran.body);
}

async function run<K extends Kind>(
  ctx: HttpContext,
  door: Serving<K>,
  route: Route<K>,
  request: FastifyRequest,
  { outside, carryOut }: { outside: Turns; carryOut: CarryOut },
): Promise<Ran> {
  const query = door.readQuery(request, route);
  if (isFault(query)) return query;
  const call = callOf<K>(ctx, query, request);
  if (isFault(call)) return call;
  if (route.kind === 'read') return await route.handle(call);
  if (isMultipart(request) && !route.upload)
    return fault('unsupported_media', 'The body must be JSON on this route.');
  const body = door.readBody(route, request.body);
  if (isFault(body)) return body;
  const afterwards: (() => void | Promise<void>)[] = [];
  const afterCommit = (act: () => void | Promise<void>) => void afterwards.push(act);
  const work = await route.handle({ ...call, body: body as never, afterCommit });
  if (isFault(work) || 'status' in work) return work;
  const { workspace, nowMs } = call;
  const { actor } = request.admitted!;
  const speaksFor = door.speaksFor?.(call.caller);
  // Signing in is not repeated from memory: that would let in who knows the key and not the password.
  const key = route.of === 'nobody' ? undefined : (idempotencyKey(request) ?? keyIn(route, body));
  const change = () =>
    carryOut({
      // Of the caller: another's key for the same word gets neither his answer nor a conflict.
      scope: [
        door.name,
        route.of === 'workspace' ? workspace.id : '',
        actor,
        ...(speaksFor === undefined ? [] : [speaksFor]),
      ].join(':'),
      key,
      // Asked for only where somebody may come again.
      requestHash: key === undefined ? '' : hashOf(door, route, request),
      nowMs,
      actor,
      ...(route.of === 'workspace' ? { workspaceId: workspace.id } : {}),
      secret: route.secret === true,
      work,
      afterwards,
    });
  return await (route.outside ? outside(change) : change());
}

/** The name that a body gives to its request, where the route has a field for it. */
function keyIn<K extends Kind>({ keyField }: Write<K>, body: unknown): string | undefined {
  return keyField === undefined ? undefined : (body as Record<string, string>)[keyField];
}

function hashOf<K extends Kind>(door: Serving<K>, route: Write<K>, request: FastifyRequest): string {
  const { method, rawHash } = request;
  const path = `${request.url}${door.told?.(request) ?? ''}`;
  return rawHash === null
    ? hashRequest(method, path, hashedBody(route, request))
    : hashRequestOf(method, path, rawHash);
}

/** Without the fields that are secret: a hash of a password that is quick to compute is a way to guess it. */
function hashedBody<K extends Kind>({ secretFields }: Write<K>, request: FastifyRequest): unknown {
  if (!secretFields) return request.rawBody ?? '';
  return Object.fromEntries(
    Object.entries(request.body as object).filter(([name]) => !secretFields.includes(name)),
  );
}

/** The request as a handler gets it, without body; a fault when the path holds what names nothing. */
function callOf<K extends Kind>(
  ctx: HttpContext,
  query: K['query'],
  request: FastifyRequest,
): Call<K> | Fault {
  const params = request.params as Record<string, string>;
  const odd = oddText(Object.entries(params));
  if (odd) return odd;
  const { caller, workspace, holder } = request.admitted as Admitted<K['caller']>;
  const nowMs = ctx.clock.nowMs();
  return {
    ctx,
    caller,
    holder,
    workspace,
    params,
    query,
    body: undefined,
    rawBody: request.rawBody ?? Buffer.alloc(0),
    contentType: request.headers['content-type'] ?? '',
    ifMatch: request.headers['if-match'],
    nowMs,
    workspaceNowMs: nowMs + workspace.clockAheadMs,
    credential: (request.headers.authorization ?? '').replace(/^\S+ +/, '').trim(),
    url: `${ctx.publicUrl()}${request.url.split('?')[0]}`,
    afterCommit: (act) => void act(),
  };
}

/** Who is calling, and whether it may. Runs before the body is read. */
async function admit<K extends Kind>(
  ctx: HttpContext,
  door: Serving<K>,
  limits: { known: RateLimit; strangers: RateLimit },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const route = request.routeOptions.config.guarded;
  if (!route) return undefined;
  const admitted = await admittedTo(ctx, door, limits, route, request);
  if (isFault(admitted)) {
    request.refusal = admitted;
    return sendFault(reply, admitted, door.form);
  }
  request.admitted = admitted;
  request.isKnown = route.of !== 'nobody';
  return undefined;
}

const NOBODY = { caller: {}, actor: 'nobody', workspace: NO_WORKSPACE, holder: undefined };

async function admittedTo<K extends Kind>(
  ctx: HttpContext,
  door: Serving<K>,
  limits: { known: RateLimit; strangers: RateLimit },
  route: Guarded,
  request: FastifyRequest,
): Promise<Admitted | Fault> {
  if (route.of === 'nobody')
    return tooMany(limits.strangers.take(networkOf(request.ip)), door.strangersPerS ?? 0) ?? NOBODY;
  const found = await door.identify(request, ctx.clock.nowMs());
  if (isFault(found)) return found;
  const late = tooMany(limits.known.take(found.limitedBy ?? found.actor), ctx.config.rateLimitPerS);
  const refused = late ?? door.refuses?.(found.caller, route, request);
  if (refused) return refused;
  if (route.of === 'caller') return { ...found, workspace: NO_WORKSPACE, holder: undefined };
  const reached = await door.reach(found.caller, request);
  if (isFault(reached)) return reached;
  // Known, also where it may not: the log of requests says so.
  request.admitted = { ...found, ...reached };
  const allowed = can(reached.holder, route.action);
  return isFault(allowed) ? allowed : request.admitted;
}

/** Leaves a word of what a key has asked for. What operators do in pages is not of interest to who builds on Parley. */
function noteRequest(ctx: HttpContext, door: string, request: FastifyRequest, reply: FastifyReply): void {
  const { admitted, refusal } = request;
  const keyId = /^key:(.+)$/.exec(admitted?.actor ?? '')?.[1];
  if (!admitted || keyId === undefined || admitted.workspace.id === NO_WORKSPACE.id) return;
  ctx.requests.note({
    workspaceId: admitted.workspace.id,
    atMs: ctx.clock.nowMs(),
    requestId: request.id,
    door,
    keyId,
    method: request.method,
    route: request.routeOptions.url ?? '',
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime),
    fault: refusal && {
      code: refusal.fault,
      message: refusal.message,
      ...(refusal.field === undefined ? {} : { field: refusal.field }),
    },
  });
}

/** The fault of a limit, when it lets nobody pass for a while. */
function tooMany(retryAfterS: number | undefined, perS: number): Fault | undefined {
  return retryAfterS === undefined
    ? undefined
    : fault('rate_limited', `More than ${perS} requests a second.`, { retryAfterS });
}
