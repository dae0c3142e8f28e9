/** The script for a company's own page, and what it asks: whether the visitor is connected. Nothing here changes anything. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FAULTS } from '../../../../contract/errors.ts';
import { fault, isFault, type Fault } from '../../../base/fault.ts';
import { clientSecret } from '../../../connect/clients.ts';
import { grantOf } from '../../../connect/grants.ts';
import { readIdentity } from '../../../connect/identity.ts';
import type { HttpContext } from '../../kit/context.ts';
import { networkOf } from '../../../base/network.ts';
import { createRateLimit } from '../../kit/rateLimit.ts';
import { queryOnce } from '../../kit/route.ts';
import { clientOf } from './asked.ts';

/** A page asks when it is opened and when a pop-up closes. Connect ids that nobody signs can be guessed; not fast. */
const ASKED_PER_S = 10;

/** The routes. */
export function serveScript(app: FastifyInstance, ctx: HttpContext): void {
  const limit = createRateLimit(ASKED_PER_S, ctx.clock);
  const script = readFileSync(path.join(import.meta.dirname, 'script.client.js'));
  app.get('/:client.js', async (request, reply) => {
    const client = await clientOf(ctx, request);
    if (isFault(client)) return await refuse(reply, client);
    return await reply
      .type('text/javascript; charset=utf-8')
      .header('cache-control', 'public, max-age=300')
      .header('cross-origin-resource-policy', 'cross-origin')
      .send(script);
  });
  app.get('/:client/status', async (request, reply) => {
    const retryAfterS = limit.take(networkOf(request.ip));
    if (retryAfterS !== undefined)
      return await refuse(reply, fault('rate_limited', 'This is asked too often.', { retryAfterS }));
    const status = await statusOf(ctx, request);
    // Only pages of the company may read it.
    if (!isFault(status) && status.origin !== undefined)
      reply.header('access-control-allow-origin', status.origin).header('vary', 'origin');
    return isFault(status) ? await refuse(reply, status) : await reply.send(status.body);
  });
}

async function statusOf(ctx: HttpContext, request: FastifyRequest) {
  const client = await clientOf(ctx, request);
  if (isFault(client)) return client;
  const query = queryOnce(request.query);
  if (isFault(query)) return query;
  const secret = await clientSecret(ctx.sql, ctx.vault, client.workspaceId);
  if (isFault(secret)) return secret;
  const { connect_id: connectId, signature, connect_token: token } = query;
  const who = await readIdentity({ connectId, signature, token }, { ...client, secret }, ctx.clock.nowMs());
  if (isFault(who)) return who;
  const grant = await grantOf(ctx.sql, client.workspaceId, { connectId: who.connectId });
  const { origin } = request.headers;
  const isTheirs = client.redirectUris.some((uri) => new URL(uri).origin === origin);
  return {
    origin: isTheirs ? origin : undefined,
    body: { connected: !isFault(grant), name: client.name },
  };
}

async function refuse(reply: FastifyReply, given: Fault): Promise<FastifyReply> {
  if (given.retryAfterS !== undefined) reply.header('retry-after', String(given.retryAfterS));
  const body = { error: { code: given.fault, description: given.message } };
  return await reply.code(FAULTS[given.fault].http).send(body);
}
