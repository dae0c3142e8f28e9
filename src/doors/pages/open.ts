/**
 * `/l/:code`: where short links lead. A person is redirected, with an auth code in the address where it asks for one. Whoever
 * only looks (a preview, a scanner that says so, HEAD) counts as no click and gets no auth code, but sees a button: some phones have
 * "bot" in their name, and scanners press nothing.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Links } from '../../links/links.ts';
import { findLink, followLink } from '../../links/links.ts';
import type { HttpContext } from '../kit/context.ts';
import type { Guard } from './guard.ts';
import { sendNote } from '../kit/note.ts';
import { createRateLimit, type RateLimit } from '../kit/rateLimit.ts';

const UNKNOWN = {
  title: 'This link leads nowhere',
  text: 'It is not one of ours, or it was not copied in full. Open it again in the message you got.',
};
const EXPIRED = {
  title: 'This link has expired',
  text: 'Links in messages are good for a limited time. Answer the message to get a new one.',
};
const BUSY = { title: 'Too many attempts', text: 'Wait a minute, then open the link again.' };

/** How often a second a link that brings its person along is followed: each time is a code that is kept for a while. */
const FOLLOWED_PER_S = 5;
/** A button without a field says nothing. */
const BUTTON_BYTES = 64;

/** Programs that fetch an address to show what is there, and say so. Browsers within apps are people and are not among them. */
const PREVIEWER =
  /bot\b|crawl|spider|facebookexternalhit|facebot|^WhatsApp\/|^Viber\/|SkypeUriPreview|Slack-ImgProxy|vkShare|preview|prefetch|HeadlessChrome|safelinks|Barracuda|Mimecast|Proofpoint/i;

/** The routes. */
export function serveLinks(app: FastifyInstance, ctx: HttpContext, links: Links, guard: Guard): void {
  const tools = { ctx, links, guard, followed: createRateLimit(FOLLOWED_PER_S, ctx.clock) };
  app.route({
    method: ['GET', 'HEAD'],
    url: '/l/:code',
    handler: (request, reply) => open(tools, request, reply),
  });
  app.post('/l/:code', { bodyLimit: BUTTON_BYTES }, (request, reply) => open(tools, request, reply));
}

type Tools = { ctx: HttpContext; links: Links; guard: Guard; followed: RateLimit };

async function open(
  { ctx, links, guard, followed }: Tools,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const nowMs = ctx.clock.nowMs();
  const busy = await guard.check(request, nowMs);
  if (busy) {
    reply.header('retry-after', String(busy.retryAfterS));
    return await sendNote(reply, 429, BUSY);
  }
  const link = await findLink(ctx.sql, links.codes, (request.params as { code: string }).code);
  const workspace = link && (await ctx.directory.workspace(link.workspaceId));
  if (!workspace) {
    await guard.missed(request, nowMs);
    return await sendNote(reply, 404, UNKNOWN);
  }
  const theirNowMs = nowMs + workspace.clockAheadMs;
  if (link.expiresMs <= theirNowMs) return await sendNote(reply, 410, EXPIRED);
  if (!isLookingOnly(request)) {
    const whose = `${link.causeId} ${link.position} ${link.holder?.id}`;
    const waitS = link.kind === 'transfer' ? followed.take(whose) : undefined;
    if (waitS !== undefined) {
      reply.header('retry-after', String(waitS));
      return await sendNote(reply, 429, BUSY);
    }
    const target = await ctx.queue.transact((tx) => followLink(ctx, tx, theirNowMs, link));
    return await redirect(reply, target);
  }
  if (link.kind === 'click') return await redirect(reply, link.longUri);
  return await sendNote(reply, 200, {
    title: workspace.name,
    text: 'Continue the conversation.',
    form: '<form method="post"><button type="submit">Continue</button></form>',
    leadsTo: link.longUri,
  });
}

async function redirect(reply: FastifyReply, target: string): Promise<FastifyReply> {
  // As a URL it is ASCII, which a header has to be.
  return await reply.code(302).header('location', new URL(target).href).send();
}

function isLookingOnly({ method, headers }: FastifyRequest): boolean {
  if (method === 'POST') return false;
  const purpose = [headers['purpose'], headers['sec-purpose'], headers['x-moz'], headers['x-purpose']].join();
  return (
    method === 'HEAD' || /prefetch|preview/i.test(purpose) || PREVIEWER.test(headers['user-agent'] ?? '')
  );
}
