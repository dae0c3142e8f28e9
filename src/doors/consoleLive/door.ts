/**
 * The door of the operators' live channel: a WebSocket for each page, let in by the session's cookie and only from a page of this
 * server. What is said over it is contract/consoleLive.ts.
 */
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  CONSOLE_ALIVE_MS,
  CONSOLE_CLOSE,
  CONSOLE_LIVE_PATH,
  CONSOLE_LIVE_VERSION,
  MOST_CONSOLE_FRAME_BYTES,
  type ConsoleServerFrame,
} from '../../../contract/consoleLive.ts';
import { authenticateConsole } from '../../accounts/authenticate.ts';
import { can } from '../../accounts/roles.ts';
import { isFault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Part } from '../../base/lifecycle.ts';
import { contactOf } from '../../inbox/inbox.ts';
import { upsertHere } from '../../inbox/teams.ts';
import type { NewsHeard } from '../../live/notices.ts';
import { cookieToken } from '../console/cookie.ts';
import type { HttpContext } from '../kit/context.ts';
import { createRateLimit, type RateLimit } from '../kit/rateLimit.ts';
import { takeUpgrades, UNAVAILABLE } from '../kit/upgrades.ts';
import { createConsoleHub, type ConsoleHub, type Listener } from './hub.ts';
import { readConsoleFrame } from './frames.ts';

/** Pages of one operator that are connected to one process. */
const MOST_TABS = 30;
/** Frames a second of the pages of one session. */
const FRAMES_PER_S = 50;
/** What may wait to be sent to a page; one that takes less comes back and looks again. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 2_000;
const PATH = new RegExp(`^${CONSOLE_LIVE_PATH.replace(':workspaceId', '([0-9a-f]{24})')}$`, 'i');

type Tab = {
  clock: HttpContext['clock'];
  socket: WebSocket;
  token: string;
  listener: Listener;
  isAlive: boolean;
  hasJoined: boolean;
};

/** Whoever is let in: an operator by his session's token. */
type Entrant = { token: string; workspaceId: number; operatorId: number };

/** The door, and what has to run for it. */
export function createConsoleLive(
  ctx: HttpContext,
  notices: { onNews(listener: (news: readonly NewsHeard[]) => void): void },
): { door: (app: FastifyInstance) => void; part: Part } {
  const hub = createConsoleHub({ ...ctx, onNews: (listener) => notices.onNews(listener) });
  const tabs = new Set<Tab>();
  const limit = createRateLimit(FRAMES_PER_S, ctx.clock);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_CONSOLE_FRAME_BYTES,
    perMessageDeflate: false,
  });
  let cancel: (() => void) | undefined;
  const pulse = () => {
    for (const tab of tabs) void beat(ctx, tab);
    noteHere(ctx, [...tabs]);
    cancel = ctx.clock.after(CONSOLE_ALIVE_MS, pulse);
  };
  const door = (app: FastifyInstance) => {
    app.get(CONSOLE_LIVE_PATH, (_request, reply) =>
      reply
        .code(426)
        .header('upgrade', 'websocket')
        .send({ error: { code: 'bad_request', message: 'Connect to this address with WebSocket.' } }),
    );
    takeUpgrades(app, {
      takes: (path) => PATH.test(path),
      take: (request, socket, head) => void admit(request, socket, head),
    });
    app.addHook('preClose', async () => {
      cancel?.();
      for (const tab of tabs) close(tab, CONSOLE_CLOSE.stopping);
    });
  };
  const admit = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const entrant = hub.stopping.aborted ? undefined : await entrantOf(ctx, request).catch(() => undefined);
    if (hub.stopping.aborted) return void socket.end(UNAVAILABLE);
    if (!entrant) return void socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const tab = openTab(ctx, { hub, limit }, webSocket, entrant);
      tabs.add(tab);
      noteHere(ctx, [tab]);
      webSocket.once('close', () => {
        tabs.delete(tab);
        hub.leave(tab.listener);
      });
      const own = [...tabs].filter(({ listener }) => listener.operatorId === entrant.operatorId);
      if (own.length > MOST_TABS) close(tab, CONSOLE_CLOSE.tooMany);
    });
  };
  const part: Part = {
    name: hub.name,
    async start() {
      await hub.start();
      cancel = ctx.clock.after(CONSOLE_ALIVE_MS, pulse);
    },
    async stop() {
      cancel?.();
      await hub.stop();
    },
  };
  return { door, part };
}

/** Who asks to be let in. A page of another site sends its own origin, and not the cookie. */
async function entrantOf(ctx: HttpContext, request: IncomingMessage): Promise<Entrant | undefined> {
  const { origin, host } = request.headers;
  if (origin === undefined || !isOwn(ctx, origin, host)) return undefined;
  const token = cookieToken(request.headers);
  const workspaceId = fromHex24(PATH.exec(request.url?.split('?')[0] ?? '')?.[1]?.toLowerCase() ?? '');
  if (token === undefined || workspaceId === undefined) return undefined;
  const operatorId = await operatorBehind(ctx, token, workspaceId);
  return operatorId === undefined ? undefined : { token, workspaceId, operatorId };
}

function isOwn(ctx: HttpContext, origin: string, host: string | undefined): boolean {
  const own = URL.parse(ctx.publicUrl())?.origin;
  return origin === own || URL.parse(origin)?.host === host;
}

/** The operator of a session who may see messages of a workspace. */
async function operatorBehind(
  ctx: HttpContext,
  token: string,
  workspaceId: number,
): Promise<number | undefined> {
  const authorization = `Bearer ${token}`;
  const caller = await authenticateConsole(ctx.keyring, { authorization, nowMs: ctx.clock.nowMs() });
  if (isFault(caller)) return undefined;
  const role = caller.roles.get(workspaceId);
  return role !== undefined && can(role, 'messages.read') === true ? caller.operatorId : undefined;
}

function openTab(
  ctx: HttpContext,
  { hub, limit }: { hub: ConsoleHub; limit: RateLimit },
  socket: WebSocket,
  entrant: Entrant,
): Tab {
  const { token, workspaceId, operatorId } = entrant;
  const tab: Tab = {
    clock: ctx.clock,
    socket,
    token,
    isAlive: true,
    hasJoined: false,
    listener: {
      workspaceId,
      operatorId,
      send: (frame: ConsoleServerFrame) => {
        if (socket.readyState !== socket.OPEN) return;
        if (socket.bufferedAmount > MOST_WAITING_BYTES) return close(tab, CONSOLE_CLOSE.slow);
        socket.send(JSON.stringify(frame));
      },
    },
  };
  socket.on('error', () => {});
  socket.on('pong', () => (tab.isAlive = true));
  socket.on('message', (data, isBinary) => {
    if (socket.readyState !== socket.OPEN) return;
    tab.isAlive = true;
    // A page says where somebody looks as he goes from one to the next; what says more is none.
    if (limit.take(token) !== undefined) return close(tab, CONSOLE_CLOSE.tooMany);
    // oxlint-disable-next-line typescript/no-base-to-string
    const frame = isBinary ? undefined : readConsoleFrame(data.toString());
    if (frame === undefined) return close(tab, CONSOLE_CLOSE.malformed);
    void hear(ctx, hub, tab, frame);
  });
  return tab;
}

async function hear(
  ctx: HttpContext,
  hub: ConsoleHub,
  tab: Tab,
  frame: NonNullable<ReturnType<typeof readConsoleFrame>>,
): Promise<void> {
  const { listener } = tab;
  if (frame.type === 'hello') {
    if (frame.version !== CONSOLE_LIVE_VERSION) return close(tab, CONSOLE_CLOSE.version);
    if (tab.hasJoined) return close(tab, CONSOLE_CLOSE.malformed);
    tab.hasJoined = true;
    return hub.join(listener, CONSOLE_LIVE_VERSION, frame.cursor);
  }
  const { workspaceId, operatorId } = listener;
  const contactId = await contactOf(ctx.sql, workspaceId, frame.conversationId).catch(() => undefined);
  if (contactId !== undefined) hub.present({ workspaceId, contactId, operatorId }, frame.as);
}

/** Notes who is here, for who assigns. What is not written down is with the next pulse: it is no answer to anybody. */
function noteHere({ sql, clock, log }: HttpContext, tabs: readonly Tab[]): void {
  if (!tabs.length) return;
  upsertHere(
    sql,
    tabs.map(({ listener }) => listener),
    clock.nowMs(),
  ).catch((error: unknown) => log.debug({ error }, 'who has the console open was not written down'));
}

/** Who does not answer is gone; who was signed out meanwhile is told so. */
async function beat(ctx: HttpContext, tab: Tab): Promise<void> {
  if (!tab.isAlive) return tab.socket.terminate();
  tab.isAlive = false;
  tab.socket.ping();
  tab.listener.send({ type: 'alive' });
  const { workspaceId, operatorId } = tab.listener;
  const still = await operatorBehind(ctx, tab.token, workspaceId).catch(() => operatorId);
  if (still !== operatorId) close(tab, CONSOLE_CLOSE.unauthorized);
}

/** Does not wait long for a page that does not answer. */
function close({ socket, clock }: Tab, code: number): void {
  socket.close(code);
  socket.once(
    'close',
    clock.after(PATIENCE_MS, () => socket.terminate()),
  );
}
