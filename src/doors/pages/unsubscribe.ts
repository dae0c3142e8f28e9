/**
 * What is behind List-Unsubscribe: mail programs POST to it (RFC 8058), people open it and press a button. Opening it changes
 * nothing, since scanners open every address in a mail.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { openUnsubscribe, unsubscribe, type Recipient } from '../../outbox/deliver/unsubscribe.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendNote } from '../kit/note.ts';

/** What RFC 8058 §3.2 lets a mail program send, as a form of either kind, is not much longer. */
const BODY_BYTES = 4096;

/** The routes. */
export function serveUnsubscribe(app: FastifyInstance, ctx: HttpContext): void {
  app.get('/u/:token', async (request, reply) => {
    const who = await whoLeaves(ctx, request);
    return who ? await ask(reply, who) : await unknown(reply);
  });
  app.post('/u/:token', { bodyLimit: BODY_BYTES }, async (request, reply) => {
    const who = await whoLeaves(ctx, request);
    if (!who) return await unknown(reply);
    if (!isOneClick(request))
      return await sendNote(reply, 400, {
        title: 'Nothing was changed',
        text: 'This request did not ask to unsubscribe.',
      });
    await ctx.queue.transact((tx) => unsubscribe(tx, ctx.ids, ctx.clock.nowMs() + who.aheadMs, who));
    return await sendNote(reply, 200, {
      title: 'You are unsubscribed',
      text: [
        `${who.name} will send no more marketing to ${who.address}.`,
        'Messages about your orders and appointments may still reach you.',
      ],
    });
  });
}

type Leaver = Recipient & { name: string; aheadMs: number };

async function whoLeaves(ctx: HttpContext, request: FastifyRequest): Promise<Leaver | undefined> {
  const recipient = openUnsubscribe(ctx.vault, (request.params as { token: string }).token);
  const workspace = recipient && (await ctx.directory.workspace(recipient.workspaceId));
  return workspace && { ...recipient, name: workspace.name, aheadMs: workspace.clockAheadMs };
}

/** `List-Unsubscribe=One-Click` and nothing else, URL-encoded or as the one part of a multipart form. */
function isOneClick({ body, headers }: FastifyRequest): boolean {
  const text = Buffer.isBuffer(body) ? body.toString('latin1') : '';
  if (/^multipart\/form-data\b/i.test(headers['content-type'] ?? ''))
    return /^--[^\r\n]+\r\ncontent-disposition: form-data; name="List-Unsubscribe"(?:\r\n[^\r\n]+)*\r\n\r\nOne-Click\r\n--[^\r\n]+--\s*$/i.test(
      text,
    );
  return /^List-Unsubscribe=One-Click\s*$/.test(text);
}

async function ask(reply: FastifyReply, { name, address }: Leaver): Promise<FastifyReply> {
  return await sendNote(reply, 200, {
    title: 'Unsubscribe?',
    text: `${name} will send no more marketing to ${address}.`,
    form: '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button type="submit">Unsubscribe</button></form>',
  });
}

async function unknown(reply: FastifyReply): Promise<FastifyReply> {
  return await sendNote(reply, 404, {
    title: 'This link leads nowhere',
    text: 'It was not copied in full. Open it again in the mail you got.',
  });
}
