/**
 * Paths of this server that are upgraded to WebSocket, each by its door. What asks for another upgrade (Java's client offers h2c on any
 * request) is answered as if it had not.
 */
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** A path that is upgraded. */
type Upgrade = {
  takes(path: string): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
};

/** What an upgrade is answered while the server stops. */
export const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n';

/** What is answered where too many of one network have not said yet who they are. */
export const CROWDED = 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\nConnection: close\r\n\r\n';

const known = new WeakMap<Server, Upgrade[]>();

/** Has requests to some paths upgraded. */
export function takeUpgrades(app: FastifyInstance, upgrade: Upgrade): void {
  const there = known.get(app.server);
  if (there) return void there.push(upgrade);
  const upgrades = [upgrade];
  known.set(app.server, upgrades);
  const find = ({ url = '', headers }: IncomingMessage) =>
    headers.upgrade?.toLowerCase() === 'websocket'
      ? upgrades.find((one) => one.takes(url.split('?')[0]!))
      : undefined;
  Object.assign(app.server, {
    shouldUpgradeCallback: (request: IncomingMessage) => find(request) !== undefined,
  });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    find(request)?.take(request, socket, head);
  });
}
