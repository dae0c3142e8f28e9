/**
 * Signing in by the company's provider, in a browser: the address that leads there, and the one to which it leads back. Both are pages, so
 * what goes wrong is said on a page. The session they open is the console's, in its cookie; how a sign-in is proved is not known here.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { appendAudit } from '../../accounts/audit.ts';
import { openSession } from '../../accounts/operators.ts';
import { createProvider, type SignInProvider, type Vouched } from '../../accounts/signIn/provider.ts';
import { AWAY_MS, comeBack, letIn, sendAway } from '../../accounts/signIn/providerSignIn.ts';
import { newFactorLink } from '../../accounts/signIn/signInLinks.ts';
import { randomToken } from '../../base/crypto.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { networkOf } from '../../base/network.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendNote } from '../kit/note.ts';
import { createRateLimit } from '../kit/rateLimit.ts';
import { setSessionCookie } from './cookie.ts';

/** Who is here has only to wait for a page; who asks without end would fill the table of sign-ins. */
const TRIES_PER_S = 10;
const COOKIE = 'parley_sign_in';
const CALLBACK = '/sign-in/callback';

/** The door. Without a provider its addresses say that there is none. */
export function providerDoor(app: FastifyInstance, ctx: HttpContext): void {
  const provider = createProvider(ctx.config, ctx);
  const limit = createRateLimit(ctx.config.rateLimitPerS === 0 ? 0 : TRIES_PER_S, ctx.clock);
  const serve = (path: string, handle: (provider: SignInProvider, ...at: At) => Promise<FastifyReply>) =>
    // A HEAD would use a sign-in up.
    app.get(path, { exposeHeadRoute: false }, async (request, reply) => {
      reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer');
      if (!provider) return await refuse(reply, 404, 'No provider of sign-ins is set up on this server.');
      const waitS = limit.take(networkOf(request.ip));
      if (waitS === undefined) return await handle(provider, request, reply);
      reply.header('retry-after', String(waitS));
      return await refuse(reply, 429, 'Too many sign-ins come from your network. Try again in a moment.');
    });
  serve('/sign-in/provider', (to, request, reply) => leave(ctx, to, request, reply));
  serve(CALLBACK, (from, request, reply) => arrive(ctx, from, request, reply));
}

type At = [request: FastifyRequest, reply: FastifyReply];

async function leave(
  ctx: HttpContext,
  provider: SignInProvider,
  ...[request, reply]: At
): Promise<FastifyReply> {
  // Several tabs of one browser have one cookie, and a state each.
  const browser = browserOf(request) ?? randomToken(32);
  const { to } = request.query as { to?: unknown };
  const returnTo = returnAddress(to, ctx.publicUrl());
  const proofs = await sendAway(ctx.sql, { browser, returnTo, nowMs: ctx.clock.nowMs() });
  const url = await provider.begin(`${ctx.publicUrl()}${CALLBACK}`, proofs);
  if (isFault(url)) return await refuse(reply, 503, url.message);
  setBrowser(request, reply, browser);
  return reply.redirect(url, 303);
}

async function arrive(
  ctx: HttpContext,
  provider: SignInProvider,
  ...[request, reply]: At
): Promise<FastifyReply> {
  const cameTo = new URL(`${ctx.publicUrl()}${request.url}`);
  const state = cameTo.searchParams.get('state');
  const browser = browserOf(request);
  const begun =
    state && browser ? await comeBack(ctx.sql, { browser, state, nowMs: ctx.clock.nowMs() }) : undefined;
  if (!begun)
    return await refuse(
      reply,
      400,
      'This sign-in was begun in another browser, was used already, or took too long. Begin again.',
    );
  const vouched = await provider.redeem(cameTo, begun.proofs);
  if (isFault(vouched)) return await refuse(reply, 401, vouched.message);
  const came = await enter(ctx, vouched);
  if (isFault(came)) return await refuse(reply, 403, came.message);
  if ('path' in came) return reply.redirect(withReturn(came.path, begun.returnTo), 303);
  setSessionCookie(request, reply, came.token);
  return reply.redirect(begun.returnTo, 303);
}

/** A session for whom the provider vouches; or the page that asks for the second factor, where a workspace does. */
async function enter(
  ctx: HttpContext,
  vouched: Vouched,
): Promise<{ token: string } | { path: string } | Fault> {
  const nowMs = ctx.clock.nowMs();
  const { oidcDomains: domains } = ctx.config;
  return await ctx.sql.begin(async (tx): Promise<{ token: string } | { path: string } | Fault> => {
    const found = await letIn(tx, ctx.ids, vouched, { domains, nowMs });
    if (isFault(found)) return found;
    const { operator, asksFactor } = found;
    if (asksFactor) return await newFactorLink(tx, operator.id, nowMs);
    const { token } = await openSession(tx, operator, nowMs);
    const subject = `operator:${operator.id}`;
    const detail = { by: vouched.issuer };
    await appendAudit(tx, ctx.ids, { actor: 'nobody', action: 'session.create', subject, detail, nowMs });
    return { token };
  });
}

/** Where to go on: an address of the console's, and never one of somebody else's. */
function returnAddress(to: unknown, publicUrl: string): string {
  if (typeof to !== 'string' || !URL.canParse(to, publicUrl)) return '/';
  const { origin, pathname, search, hash } = new URL(to, publicUrl);
  const isPage = origin === new URL(publicUrl).origin && (pathname.startsWith('/w/') || pathname === '/me');
  return isPage && to.length <= 2000 ? `${pathname}${search}${hash}` : '/';
}

/** The page that asks for a code is told where to go on; what follows the `#` stays its own. */
function withReturn(path: string, returnTo: string): string {
  const [page, code] = path.split('#');
  return `${page}?to=${encodeURIComponent(returnTo)}#${code}`;
}

async function refuse(reply: FastifyReply, status: number, text: string): Promise<FastifyReply> {
  const title = 'You are not signed in';
  return await sendNote(reply, status, {
    title,
    text,
    form: '<p><a href="/sign-in">Back to sign-in</a></p>',
  });
}

function browserOf({ headers }: FastifyRequest): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{43})(?:;|$)`).exec(headers.cookie ?? '')?.[1];
}

/** Lax: the way back begins on the provider's page. */
function setBrowser(request: FastifyRequest, reply: FastifyReply, browser: string): void {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  const maxAgeS = AWAY_MS / 1000;
  reply.header(
    'set-cookie',
    `${COOKIE}=${browser}; Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}${secure}`,
  );
}
