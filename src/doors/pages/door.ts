/**
 * The door for the people who are reached: short links, and the web chat they lead to. No key opens it; a code or a session
 * does. Knows nothing of how codes are made.
 */
import type { TakeReceipts } from '../../channels/adapter.ts';
import type { FastifyInstance } from 'fastify';
import { fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Links } from '../../links/links.ts';
import type { Notices } from '../../live/notices.ts';
import { acceptBytes, acceptJson } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, useFaultForm } from '../kit/errors.ts';
import type { Door } from '../kit/server.ts';
import { chatForm, serveChat } from './chat.ts';
import { createGuard } from './guard.ts';
import { createHub } from './hub.ts';
import { serveLinks } from './open.ts';
import { sendNote } from '../kit/note.ts';
import { sendChatPage, serveAssets } from './pages.ts';

const NOBODY = { title: 'There is nobody here', text: 'Open the link in your message again.' };

/** The door. `takeReceipts` is the receipts room's: what is read on the web is told to it. `notices` tell who types. */
export function linksDoor(links: Links, takeReceipts: TakeReceipts, notices: Pick<Notices, 'onNews'>): Door {
  return (app: FastifyInstance, ctx: HttpContext) => {
    const guard = createGuard(ctx);
    const hub = createHub(ctx, notices);
    // Before the server waits for its connections to end, for these never would.
    app.addHook('preClose', (done) => {
      hub.stop();
      done();
    });
    void app.register((inner, _options, done) => {
      acceptBytes(inner);
      serveLinks(inner, ctx, links, guard);
      done();
    });
    void app.register(
      (inner, _options, done) => {
        useFaultForm(inner, ctx.log, '/chat', chatForm);
        acceptJson(inner);
        allowBrowsers(inner);
        serveAssets(inner);
        serveChat(inner, ctx, { guard, hub, takeReceipts });
        servePage(inner, ctx);
        done();
      },
      { prefix: '/chat' },
    );
  };
}

/** The page itself needs a name only; the code in its address is for its script. */
function servePage(app: FastifyInstance, ctx: HttpContext): void {
  app.get('/:workspace', async (request, reply) => {
    const id = fromHex24((request.params as { workspace: string }).workspace);
    const workspace = id === undefined ? undefined : await ctx.directory.workspace(id);
    return workspace ? await sendChatPage(reply, workspace) : await sendNote(reply, 404, NOBODY);
  });
}

/** Lets pages of other sites call: tokens are given by the caller, never by the browser itself. */
function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'Retry-After, X-Request-Id');
    done();
  });
  app.options('/*', (request, reply) => {
    if (!request.headers['access-control-request-method'])
      return sendFault(reply, fault('bad_request', 'This is no preflight.'), chatForm);
    return reply
      .header('access-control-allow-methods', 'GET, POST, DELETE')
      .header('access-control-allow-headers', 'Authorization, Content-Type, Last-Event-ID')
      .header('access-control-max-age', '86400')
      .code(204)
      .send();
  });
}
