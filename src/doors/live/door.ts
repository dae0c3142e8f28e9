/**
 * The door of the live channel: `GET /live`, upgraded to WebSocket. Takes sockets in, keeps an eye on them, and lets them go in
 * peace when the server stops. What is said over them is contract/live.ts.
 */
import type { FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import { ALIVE_MS, LIVE_PATH, MOST_FRAME_BYTES } from '../../../contract/live.ts';
import type { Clock } from '../../base/clock.ts';
import type { Part } from '../../base/lifecycle.ts';
import type { Log } from '../../base/log.ts';
import type { Sql } from '../../db/pool.ts';
import type { Notices } from '../../live/notices.ts';
import type { HttpContext } from '../kit/context.ts';
import { createGuests } from '../kit/guests.ts';
import { addressOf } from '../kit/network.ts';
import { createRateLimit } from '../kit/rateLimit.ts';
import type { Door } from '../kit/server.ts';
import { takeUpgrades, UNAVAILABLE } from '../kit/upgrades.ts';
import { openConnection, type LiveConnection, type LiveDeps } from './connection.ts';
import { createHub } from './hub.ts';
import { webSessions } from './sessions.ts';

/** What the live channel is given. */
type LiveTools = Pick<LiveDeps, 'takeReceipts' | 'sessionOf'> & {
  sql: Sql;
  clock: Clock;
  log: Log;
  notices: Notices;
};

/** Things one person may say in a second. */
const SAID_PER_S = 20;
/** Closing connections are waited for so long when the server stops. */
const GOODBYE_MS = 2_000;

/** The door, and what has to run for it. */
export function createLive(tools: LiveTools): { door: Door; part: Part } {
  const hub = createHub(tools);
  const connections = new Set<LiveConnection>();
  const limit = createRateLimit(SAID_PER_S);
  let isStopping = false;
  let cancel: (() => void) | undefined;
  const pulse = () => {
    for (const connection of connections) connection.pulse();
    cancel = tools.clock.after(ALIVE_MS, pulse);
  };

  const door = (app: FastifyInstance, ctx: HttpContext) => {
    const sessionOf = tools.sessionOf ?? webSessions(ctx);
    const deps: LiveDeps = { ...tools, sessionOf, ctx, hub, limit, guests: createGuests(ctx) };
    const whence = addressOf(ctx.config);
    const sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MOST_FRAME_BYTES,
      // Frames are small, and a context for each connection is not.
      perMessageDeflate: false,
      clientTracking: true,
    });
    app.get(LIVE_PATH, (_request, reply) =>
      reply
        .code(426)
        .header('upgrade', 'websocket')
        .send({ error: { code: 'bad_request', description: 'Connect to this address with WebSocket.' } }),
    );
    takeUpgrades(app, {
      takes: (path) => path === LIVE_PATH,
      take(request, socket, head) {
        if (isStopping) return void socket.end(UNAVAILABLE);
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          const connection = openConnection(webSocket, deps, whence(request));
          connections.add(connection);
          webSocket.once('close', () => connections.delete(connection));
        });
      },
    });
    app.addHook('preClose', async () => {
      isStopping = true;
      cancel?.();
      const terminate = tools.clock.after(GOODBYE_MS, () => {
        for (const webSocket of sockets.clients) webSocket.terminate();
      });
      await Promise.all([...connections].map((connection) => connection.stop()));
      if (sockets.clients.size) await allClosed(sockets);
      terminate();
    });
  };

  const part: Part = {
    name: hub.name,
    async start() {
      await hub.start();
      cancel = tools.clock.after(ALIVE_MS, pulse);
    },
    async stop() {
      cancel?.();
      await hub.stop();
    },
  };
  return { door, part };
}

async function allClosed(sockets: WebSocketServer): Promise<void> {
  const closing = [...sockets.clients].map(
    (webSocket) => new Promise<void>((resolve) => webSocket.once('close', () => resolve())),
  );
  await Promise.all(closing);
}
