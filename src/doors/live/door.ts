/**
 * The door of the live channel: `GET /live`, upgraded to WebSocket. Takes sockets in, keeps an eye on them, and lets them go in
 * peace when the server stops. What is said over them is contract/live.ts.
 */
import type { FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import { ALIVE_MS, LIVE_PATH, MOST_FRAME_BYTES } from '../../../contract/live.ts';
import type { Clock } from '../../base/clock.ts';
import { networkOf } from '../../base/network.ts';
import type { Part } from '../../base/lifecycle.ts';
import type { Log } from '../../base/log.ts';
import type { Sql } from '../../db/pool.ts';
import type { Notices } from '../../live/notices.ts';
import type { HttpContext } from '../kit/context.ts';
import { createGuests } from '../kit/guests.ts';
import { addressOf } from '../kit/network.ts';
import { createRateLimit } from '../kit/rateLimit.ts';
import type { Door } from '../kit/server.ts';
import { CROWDED, takeUpgrades, UNAVAILABLE } from '../kit/upgrades.ts';
import { openConnection, type LiveConnection, type LiveDeps } from './connection.ts';
import { createHub } from './hub.ts';
import { createLobby } from './lobby.ts';
import { openSessions, webSessions, type SessionKey } from './sessions.ts';

/** What the live channel is given. */
type LiveTools = Pick<LiveDeps, 'takeReceipts'> & {
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
  const limit = createRateLimit(SAID_PER_S, tools.clock);
  let isStopping = false;
  let cancel: (() => void) | undefined;
  let stillOpen: StillOpen | undefined;
  const pulse = () => {
    for (const connection of connections) connection.pulse();
    void endThoseOver(connections, stillOpen, tools.log);
    cancel = tools.clock.after(ALIVE_MS, pulse);
  };

  const door = (app: FastifyInstance, ctx: HttpContext) => {
    stillOpen = (keys) => openSessions(ctx, keys);
    const deps: LiveDeps = {
      ...tools,
      sessionOf: webSessions(ctx),
      ctx,
      hub,
      limit,
      guests: createGuests(ctx),
    };
    const whence = addressOf(ctx.config);
    const lobby = createLobby();
    const sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MOST_FRAME_BYTES,
      // Frames are small, and a context for each connection is not.
      perMessageDeflate: false,
      clientTracking: true,
    });
    answerPlainly(app);
    takeUpgrades(app, {
      takes: (path) => path === LIVE_PATH,
      take(request, socket, head) {
        if (isStopping) return void socket.end(UNAVAILABLE);
        const address = whence(request);
        const leaveLobby = lobby.enter(networkOf(address));
        if (!leaveLobby) return void socket.end(CROWDED);
        socket.once('close', leaveLobby);
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          const connection = openConnection(webSocket, deps, { address, greeted: leaveLobby });
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

function answerPlainly(app: FastifyInstance): void {
  app.get(LIVE_PATH, (_request, reply) =>
    reply
      .code(426)
      .header('upgrade', 'websocket')
      .send({ error: { code: 'bad_request', description: 'Connect to this address with WebSocket.' } }),
  );
}

type StillOpen = (keys: readonly SessionKey[]) => Promise<ReadonlySet<string>>;

/** Tells connections whose session or workspace is gone: one statement for all, however many are idle. */
async function endThoseOver(
  connections: ReadonlySet<LiveConnection>,
  stillOpen: StillOpen | undefined,
  log: Log,
): Promise<void> {
  const held = [...connections].flatMap((connection) => {
    const key = connection.session();
    return key === undefined ? [] : [{ connection, key }];
  });
  if (held.length === 0 || !stillOpen) return;
  try {
    const open = await stillOpen(held.map(({ key }) => key));
    for (const { connection, key } of held) if (!open.has(key.hash)) connection.signOut();
  } catch (error) {
    log.debug({ error }, 'whose session is over was not seen; looking again');
  }
}

async function allClosed(sockets: WebSocketServer): Promise<void> {
  const closing = [...sockets.clients].map(
    (webSocket) => new Promise<void>((resolve) => webSocket.once('close', () => resolve())),
  );
  await Promise.all(closing);
}
