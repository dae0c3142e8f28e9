/**
 * A fake provider that speaks HTTP/2 in clear on a real socket, for tests: the twin of `fake.ts`, with the same
 * script, the same ways of not answering and the same hold on a contract. It knows no provider.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Contract } from './contract.ts';
import { type Fake, type FakeAnswer, type FakeMode, type FakeRequest, listen } from './fake.ts';

/** A fake HTTP/2 provider. */
export type FakeHttp2 = Fake<FakeAnswer> & {
  readonly requests: FakeRequest[];
  last(): FakeRequest;
  /** The connections that were made, in order, those that have ended too. */
  readonly sessions: ServerHttp2Session[];
  /** The streams in the order of the requests: those told to hang can be answered, or reset, by the test. */
  readonly streams: ServerHttp2Stream[];
};

type Options = {
  contract?: Contract | undefined;
  check?: (request: FakeRequest) => string[];
  /** Streams that one connection may have open. */
  maxConcurrentStreams?: number;
};

/** Starts a fake HTTP/2 provider on a free port. */
export async function startFakeHttp2(options: Options = {}): Promise<FakeHttp2> {
  const requests: FakeRequest[] = [];
  const streams: ServerHttp2Stream[] = [];
  const script: (FakeAnswer | FakeMode)[] = [];
  const sessions: ServerHttp2Session[] = [];
  const sockets = new Set<Socket>();
  let violations: string[] = [];
  const { maxConcurrentStreams } = options;
  const server = createServer(
    maxConcurrentStreams === undefined ? {} : { settings: { maxConcurrentStreams } },
  );
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => sessions.push(session));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const request = requestOf(headers, Buffer.concat(chunks).toString('utf8'));
      requests.push(request);
      streams.push(stream);
      const answer = script.shift();
      if (answer === undefined) violations.push(`no answer scripted for ${request.method} ${request.path}`);
      violations.push(...broken(request, answer, options));
      const port = stream.session?.socket.remotePort;
      perform(stream, answer ?? { status: 599 }, () =>
        [...sockets].find(({ remotePort }) => remotePort === port),
      );
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    streams,
    sessions,
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
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function requestOf(headers: IncomingHttpHeaders, body: string): FakeRequest {
  const url = new URL(headers[':path'] ?? '/', 'http://fake');
  return {
    method: headers[':method'] ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers,
    body,
  };
}

function broken(
  request: FakeRequest,
  answer: FakeAnswer | FakeMode | undefined,
  { check, contract }: Options,
): string[] {
  const { method, path, body } = request;
  const found = check?.(request) ?? [];
  if (!contract) return found;
  const contentType = request.headers['content-type'] ?? '';
  found.push(...contract.request({ method, path, contentType, body }));
  if (typeof answer === 'object')
    found.push(...contract.response({ method, path, status: answer.status, body: answer.body ?? '' }));
  return found;
}

function perform(
  stream: ServerHttp2Stream,
  answer: FakeAnswer | FakeMode,
  socketOf: () => Socket | undefined,
): void {
  switch (answer) {
    case 'hang':
      return;
    case 'reset':
      socketOf()?.resetAndDestroy();
      return;
    case 'garbage':
      // Read as a frame it would be 4.7 MB long, which no peer has to take.
      socketOf()?.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      return;
    case 'html':
      stream.respond({ ':status': 200, 'content-type': 'text/html' });
      stream.end('<html><body>It works!</body></html>');
      return;
    case 'empty':
      stream.respond({ ':status': 200 }, { endStream: true });
      return;
    default:
      stream.respond({ ':status': answer.status, 'content-type': 'application/json', ...answer.headers });
      stream.end(answer.body ?? '');
  }
}
