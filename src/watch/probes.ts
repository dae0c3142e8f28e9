/**
 * The probes and metrics on a port of their own: for a process that serves no requests, and for those who keep metrics off the port
 * that the world reaches.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import { StartRefusal } from '../base/refusal.ts';
import { mayRead } from './access.ts';
import type { Metrics } from './metrics.ts';

/** What is served, and where. */
export type ProbeDeps = {
  host: string;
  port: number;
  /** What opens the metrics to who is not on this machine. */
  metricsToken: string;
  metrics: Pick<Metrics, 'registry'>;
  ready(): Promise<string[]>;
  log: Log;
};

/** The port; `url` is known once it listens. */
export function createProbes(deps: ProbeDeps): Part & { url(): string | undefined } {
  const server = createServer((request, response) => {
    answer(deps, request, response).catch((error: unknown) => {
      deps.log.error({ error }, 'a probe failed');
      response.destroy();
    });
  });
  let at: string | undefined;
  return {
    name: 'probes',
    async start() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject).listen(deps.port, deps.host, resolve);
      await promise.catch((error: Error) => {
        throw new StartRefusal(`PARLEY_PROBE_PORT: ${error.message}`);
      });
      const { address, port, family } = server.address() as AddressInfo;
      at = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
      deps.log.info({ url: at }, 'probes and metrics');
    },
    async stop() {
      if (at === undefined) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    url: () => at,
  };
}

async function answer(deps: ProbeDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0];
  const json = (status: number, body: unknown) =>
    response
      .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(JSON.stringify(body));
  if (request.method !== 'GET' && request.method !== 'HEAD')
    json(405, { error: { code: 'method_not_allowed' } });
  else if (path === '/healthz') json(200, { status: 'ok' });
  else if (path === '/readyz') {
    const faults = await deps.ready();
    json(faults.length ? 503 : 200, { ready: !faults.length, faults });
  } else if (path !== '/metrics') json(404, { error: { code: 'not_found' } });
  else if (
    !mayRead({ address: request.socket.remoteAddress ?? '', headers: request.headers }, deps.metricsToken)
  )
    json(401, { error: { code: 'invalid_auth' } });
  else {
    const text = await deps.metrics.registry.metrics();
    response.writeHead(200, { 'content-type': deps.metrics.registry.contentType }).end(text);
  }
}
