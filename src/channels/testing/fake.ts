/**
 * A fake provider on a real socket, for tests. It does what it is told, one scripted answer per request, and
 * notes what arrived. When it is given a contract, requests and its own answers are held to it.
 * It knows no provider.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Contract } from './contract.ts';

/** Ways of not answering: never; cut off; bytes that are not the protocol; a web page; an answer without a body. */
export type FakeMode = 'hang' | 'reset' | 'garbage' | 'html' | 'empty';

/** A fake provider. `A` is how its answers are written. */
export type Fake<A> = {
  readonly url: string;
  /** How many messages or requests arrived. */
  count(): number;
  /** Answers to the next requests, in order. */
  answerNext(...answers: (A | FakeMode)[]): void;
  /** What broke the contract, or arrived unexpectedly. Emptied by reading. */
  violations(): string[];
  /** Whether a contract is loaded. */
  readonly checked: boolean;
  close(): Promise<void>;
};

/** An HTTP answer. */
export type FakeAnswer = { status: number; headers?: Record<string, string>; body?: string };

/** An HTTP request as it arrived. */
export type FakeRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
};

/** A fake HTTP provider. */
export type FakeHttp = Fake<FakeAnswer> & { readonly requests: FakeRequest[]; last(): FakeRequest };

/** Starts a fake HTTP provider on a free port. */
export async function startFake(
  options: { contract?: Contract | undefined; check?: (request: FakeRequest) => string[] } = {},
): Promise<FakeHttp> {
  const requests: FakeRequest[] = [];
  const script: (FakeAnswer | FakeMode)[] = [];
  let violations: string[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = requestOf(incoming, Buffer.concat(chunks).toString('utf8'));
      requests.push(request);
      const answer = script.shift();
      if (answer === undefined) violations.push(`no answer scripted for ${request.method} ${request.path}`);
      violations.push(...broken(request, answer, options));
      perform(incoming, response, answer ?? { status: 599 });
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    checked: options.contract !== undefined,
    count: () => requests.length,
    last: () => requests.at(-1)!,
    answerNext: (...answers) => void script.push(...answers),
    violations() {
      const list = violations;
      violations = [];
      return list;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Listens on a free loopback port. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** The same URL at a port where nobody listens. */
export async function deadUrl(url: string): Promise<string> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const dead = new URL(url);
  dead.port = String(port);
  return dead.href.replace(/\/$/, '');
}

function requestOf(incoming: IncomingMessage, body: string): FakeRequest {
  const url = new URL(incoming.url ?? '/', 'http://fake');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body,
  };
}

function broken(
  request: FakeRequest,
  answer: FakeAnswer | FakeMode | undefined,
  options: { contract?: Contract | undefined; check?: (request: FakeRequest) => string[] },
): string[] {
  const { method, path, body } = request;
  const found = options.check?.(request) ?? [];
  if (options.contract) {
    const contentType = request.headers['content-type'] ?? '';
    found.push(...options.contract.request({ method, path, query: request.query, contentType, body }));
    if (typeof answer === 'object')
      found.push(
        ...options.contract.response({ method, path, status: answer.status, body: answer.body ?? '' }),
      );
  }
  return found;
}

function perform(incoming: IncomingMessage, response: ServerResponse, answer: FakeAnswer | FakeMode): void {
  switch (answer) {
    case 'hang':
      return;
    case 'reset':
      incoming.socket.resetAndDestroy();
      return;
    case 'garbage':
      incoming.socket.end('\u0000\u0001\u0002 this is not HTTP \r\n\r\n');
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>It works!</body></html>');
      return;
    case 'empty':
      response.writeHead(200).end();
      return;
    default:
      response
        .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
        .end(answer.body ?? '');
  }
}
