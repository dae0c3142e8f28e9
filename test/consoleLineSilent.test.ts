/** The line of a tab against a server that falls silent, says something late, or says more than is kept: as the console's own code has it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { QueryClient, QueryObserver } from '@tanstack/query-core';
import { WebSocket as Socket, WebSocketServer } from 'ws';
import { CONSOLE_ALIVE_MS, type ConsoleServerFrame } from '../contract/consoleLive.ts';
import { openLine } from '../web/console/live/line.ts';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
await once(server, 'listening');
after(() => {
  for (const client of server.clients) client.terminate();
  server.close();
});
const { port } = server.address() as AddressInfo;
const WELCOME: ConsoleServerFrame = { type: 'welcome', version: 1, cursor: 'a.1', reset: false };
const device = (n: number): ConsoleServerFrame => ({
  type: 'event',
  cursor: `a.${n}`,
  event: { kind: 'devices' },
});

/** A line whose server is the test: `there` is its end of the newest connection, which has said welcome. */
async function newLine(client = new QueryClient()) {
  const told: unknown[] = [];
  const sockets: Socket[] = [];
  const state = { wallMs: 0 };
  const connected = async () => {
    const [there] = (await once(server, 'connection')) as [Socket];
    there.on('error', () => {});
    await once(there, 'message');
    there.send(JSON.stringify(WELCOME));
    await once(sockets.at(-1)!, 'message');
    return there;
  };
  const first = connected();
  const line = openLine({
    client,
    ws: 'w',
    me: 'me',
    nowMs: () => 0,
    wallMs: () => state.wallMs,
    connect() {
      const socket = new Socket(`ws://127.0.0.1:${port}`);
      socket.on('error', () => {});
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    onOnline: () => {},
    onEvent: (event) => told.push(event),
  });
  return { line, told, sockets, state, connected, there: await first };
}

test('§7 a line on which nothing is heard for long is closed and made again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { line, sockets, connected } = await newLine();
  t.after(() => line.end());
  const closed = once(sockets[0]!, 'close');
  t.mock.timers.tick(2 * CONSOLE_ALIVE_MS);
  assert.equal(sockets[0]!.readyState, Socket.OPEN);
  t.mock.timers.tick(CONSOLE_ALIVE_MS);
  assert.equal(sockets[0]!.readyState, Socket.CLOSING);
  await closed;
  const again = connected();
  t.mock.timers.tick(500);
  await again;
});

test('§7 a line that is let go of before it is there is closed once it is, of which browsers tell no error', async () => {
  const sockets: Socket[] = [];
  const came = once(server, 'connection') as Promise<[Socket]>;
  const line = openLine({
    client: new QueryClient(),
    ws: 'w',
    me: 'me',
    nowMs: () => 0,
    wallMs: () => 0,
    connect() {
      const socket = new Socket(`ws://127.0.0.1:${port}`);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    onOnline: () => {},
    onEvent: () => {},
  });
  const failed: unknown[] = [];
  sockets[0]!.on('error', (error) => failed.push(error));
  line.end();
  assert.equal(sockets[0]!.readyState, Socket.CONNECTING);
  const [there] = await came;
  await once(there, 'close');
  assert.deepEqual([failed, sockets.length], [[], 1]);
});

test('§7 of a line that was given up nothing more is believed, and none is made in its place', {
  timeout: 5_000,
}, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { line, told, sockets, state, there, connected } = await newLine();
  t.after(() => line.end());
  const again = connected();
  const closed = once(sockets[0]!, 'close');
  state.wallMs += 2 * CONSOLE_ALIVE_MS;
  line.wake();
  // It has not heard yet that it was given up.
  there.send(JSON.stringify(device(2)));
  const [there2] = await Promise.all([again, closed]);
  assert.deepEqual(told, []);
  t.mock.timers.tick(10_000);
  there2.send(JSON.stringify(device(3)));
  await once(sockets.at(-1)!, 'message');
  assert.deepEqual([told.length, sockets.length], [1, 2]);
});

test('§7 of more than is kept while something is fetched nothing is lost: it is fetched once more', {
  timeout: 5_000,
}, async (t) => {
  const client = new QueryClient();
  const { line, sockets, there } = await newLine(client);
  const fetched = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const answers = Promise.withResolvers<void>();
  let fetches = 0;
  const queryFn = async () => {
    fetched[fetches++]!.resolve();
    await answers.promise;
    return null;
  };
  const leave = new QueryObserver(client, { queryKey: ['w', 'thread', 't'], queryFn }).subscribe(() => {});
  t.after(() => {
    line.end();
    leave();
    client.clear();
  });
  await fetched[0]!.promise;
  const all = Promise.withResolvers<void>();
  let heard = 0;
  sockets[0]!.on('message', () => ++heard === 1_001 && all.resolve());
  for (let n = 0; n < 1_001; n++) there.send(JSON.stringify(device(n)));
  await all.promise;
  answers.resolve();
  await fetched[1]!.promise;
  assert.equal(fetches, 2);
});
