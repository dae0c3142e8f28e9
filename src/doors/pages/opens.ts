/** The picture by which a mail tells that it was opened: fetching it is a receipt. Knows nothing of what a receipt does. */
import type { FastifyInstance } from 'fastify';
import type { TakeReceipts } from '../../channels/adapter.ts';
import { readOpen } from '../../outbox/deliver/opens.ts';
import type { HttpContext } from '../kit/context.ts';

/** One transparent pixel. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** The route. */
export function serveOpens(app: FastifyInstance, ctx: HttpContext, takeReceipts: TakeReceipts): void {
  app.get('/o/:token', async (request, reply) => {
    const opened = readOpen(ctx.vault, (request.params as { token: string }).token);
    // Whoever only asks whether it is there has seen nothing.
    if (opened && request.method === 'GET')
      await takeReceipts(opened.integrationId, [{ ref: opened.ref, state: 'read' }]);
    return await reply
      .code(opened ? 200 : 404)
      .type('image/gif')
      .header('cross-origin-resource-policy', 'cross-origin')
      .send(PIXEL);
  });
}
