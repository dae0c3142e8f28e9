/**
 * The Web1on1 door (api/web1on1.md: `/v2/…`): who calls it, how its bodies are read, its tokens and its form of a fault. What
 * its routes have in common with those of other doors is in `kit/serve.ts`.
 */
import { TokenGiven } from '../../../contract/doors/web1on1/answers.ts';
import { mustFit } from '../kit/answer.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SCOPES } from '../../accounts/accessTokens.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { networkOf } from '../../base/network.ts';
import { MOST_POSTED } from '../../../contract/doors/web1on1/bodies.ts';
import { readShape } from '../../content/shape.ts';
import { acceptJson, JSON_BYTES, readBody } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, type FaultForm, useFaultForm } from '../kit/errors.ts';
import { SIGN_IN_BYTES } from '../kit/signIn.ts';
import { createRateLimit, type RateLimit } from '../kit/rateLimit.ts';
import { serveRoutes, type Serving } from '../kit/serve.ts';
import { authenticate, giveToken, tokenBody } from './callers.ts';
import type { Route, Web1on1Kind, Write } from './route.ts';
import { ROUTES } from './routes.ts';

const PREFIX = '/v2';
/** Tokens are asked for once a day, and guessed at many times a second. */
const TOKENS_PER_S = 20;
const MOST_OUTSIDE = 2;

/** This API's form of a fault: the client shows `error.message` (api/web1on1.md §B.1). */
const web1on1Form: FaultForm = (told) => ({
  error: {
    message: told.message,
    code: told.fault,
    ...('field' in told && told.field !== undefined ? { field: told.field } : {}),
  },
});

/** The route that gives tokens out, as documents describe it: it asks for no token, so that it is none of the kit. */
export const TOKEN = {
  method: 'POST',
  path: '/auth/token',
  does: 'Signs in, or changes a refresh token for an access token.',
  body: tokenBody,
  answers: { 201: TokenGiven },
} as const;

/** The door. */
export function web1on1Door(app: FastifyInstance, ctx: HttpContext): void {
  const tokens = createRateLimit(ctx.config.rateLimitPerS === 0 ? 0 : TOKENS_PER_S, ctx.clock);
  acceptJson(app);
  const served = serveRoutes(ctx, servingOf(ctx));
  void app.register(
    (inner, _options, done) => {
      useFaultForm(inner, ctx.log, PREFIX, web1on1Form);
      inner.post(TOKEN.path, { bodyLimit: SIGN_IN_BYTES }, (request, reply) =>
        token(ctx, tokens, request, reply),
      );
      served.add(inner, ROUTES, ({ path }) => [path]);
      done();
    },
    { prefix: PREFIX },
  );
}

function servingOf(ctx: HttpContext): Serving<Web1on1Kind> {
  return {
    name: 'web1on1',
    form: web1on1Form,
    bodyBytes: JSON_BYTES,
    mostOutside: MOST_OUTSIDE,
    async identify({ headers }, nowMs) {
      const caller = await authenticate(ctx, headers.authorization, nowMs);
      return isFault(caller) ? caller : { caller, actor: caller.actor };
    },
    refuses({ scope }, route) {
      const needed = (route as Route).scope;
      return SCOPES.indexOf(scope) >= SCOPES.indexOf(needed)
        ? undefined
        : fault('forbidden', `A token of scope ${scope} may not do this; that takes ${needed}.`);
    },
    async reach({ workspaceId, holder }) {
      const workspace = await ctx.directory.workspace(workspaceId);
      return workspace ? { workspace, holder } : fault('invalid_auth', 'invalid token');
    },
    readQuery({ url }) {
      return url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
    },
    readBody: bodyOf,
  };
}

async function token(
  ctx: HttpContext,
  limit: RateLimit,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const retryAfterS = limit.take(networkOf(request.ip));
  if (retryAfterS !== undefined) return sendFault(reply, tooMany(TOKENS_PER_S, retryAfterS), web1on1Form);
  const body = readBody(tokenBody, request.body);
  const given = isFault(body) ? body : await giveToken(ctx, body, ctx.clock.nowMs());
  if (isFault(given)) return sendFault(reply, given, web1on1Form);
  if (ctx.config.checkAnswers) mustFit(TOKEN, { status: 201, body: given });
  return reply.code(201).send(given);
}

/** The body by its schema: one, or with `orArray` any number of them. */
function bodyOf(route: Write, body: unknown): unknown {
  if (!route.body) return undefined;
  if (body === undefined && route.withoutBody) return route.withoutBody;
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

function tooMany(perS: number, retryAfterS: number): Fault {
  return fault('rate_limited', `More than ${perS} requests a second.`, { retryAfterS });
}
