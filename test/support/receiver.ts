/** A real HTTP server on loopback that takes calls, keeps them, and answers as it is told per path. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export type Received = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
};

/** `hang`: no answer until `release`; `cut`: the connection is broken off. */
export type Answer = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'cut';

export type Receiver = {
  url(path: string): string;
  /** Every call so far, or those to a path. */
  received(path?: string): Received[];
  /** How a path answers from now on; a function is asked for each call, with how many came before. Without, 200. */
  answer(path: string, how: Answer | ((before: number, call: Received) => Answer)): void;
  /** Most calls to a path that were without an answer at the same time. */
  mostAtOnce(path: string): number;
  /** Answers what hangs with 200. */
  release(): void;
  close(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const calls: Received[] = [];
  const answers = new Map<string, Answer | ((before: number, call: Received) => Answer)>();
  const hanging = new Set<ServerResponse>();
  const open = new Map<string, number>();
  const most = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    open.set(path, (open.get(path) ?? 0) + 1);
    most.set(path, Math.max(most.get(path) ?? 0, open.get(path)!));
    response.on('close', () => {
      hanging.delete(response);
      open.set(path, open.get(path)! - 1);
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const call = { method: request.method ?? '', path, headers: request.headers, body };
      const before = calls.filter((c) => c.path === path).length;
      calls.push(call);
      const how = answers.get(path) ?? { status: 200 };
      const answer = typeof how === 'function' ? how(before, call) : how;
      if (answer === 'hang') hanging.add(response);
      else if (answer === 'cut') request.socket.resetAndDestroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  after(close);
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    received: (path) => (path === undefined ? [...calls] : calls.filter((call) => call.path === path)),
    answer: (path, how) => answers.set(path, how),
    mostAtOnce: (path) => most.get(path) ?? 0,
    release() {
      for (const response of hanging) response.writeHead(200).end();
    },
    close,
  };
}
