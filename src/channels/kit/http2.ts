/**
 * One HTTP/2 connection to one provider, for the providers that take a request per device (APNs, FCM): many calls
 * at once over one socket, opened when needed and opened anew when it is gone.
 *
 * A call never throws and is never repeated here. As in `base/http`, `unsent` says that the provider did not act,
 * `unclear` that it may have. RFC 9113 draws the line: streams above a GOAWAY's last id (§6.8) and streams reset
 * with REFUSED_STREAM (§8.7) were not processed.
 */
import { beginningOf } from '../../base/text.ts';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../base/clock.ts';
import { guardedLookup, isRefusedHost, type AddressGuard } from '../../base/addressGuard.ts';
import { leaveGiven, NO_LEAVE, type HttpOutcome } from '../../base/http.ts';

/** A POST. Header names in lower case. */
type Http2Request = { path: string; headers: Readonly<Record<string, string>>; body: string };

/** A client of one provider. */
export type Http2Client = {
  call(request: Http2Request): Promise<HttpOutcome>;
  /** Lets the calls under way end, each within its deadline, and takes no more. */
  close(): Promise<void>;
};

/** How a client works. */
export type Http2Options = {
  /** `https://host`; `http://host` speaks HTTP/2 in clear. A path is put before each request's. */
  baseUrl: string;
  /** Bounds each wait: for a connection and a free stream, and then for the answer. */
  deadlineMs: number;
  /** The connection is pinged this often; every 2 minutes when absent. */
  pingMs?: number;
  /** Certificates to trust instead of the usual ones. */
  ca?: string;
  /** With what the client says who it is, in PEM. */
  identity?: { cert: string; key: string } | undefined;
  /** Which addresses may be connected to; any, when absent. */
  guard?: AddressGuard | undefined;
};

type Http2Call = {
  request: Http2Request;
  /** Whether it may still go out. */
  may: (() => boolean) | undefined;
  started(): void;
  settle(outcome: HttpOutcome): void;
};

/** Load balancers forget a quiet connection without a word, the strictest of the large ones after 4 minutes (Azure). */
const PING_MS = 2 * 60_000;
/** Streams at once, where the provider allows more. */
const MOST_STREAMS = 1000;
const MOST_BYTES = 1024 * 1024;
/** How long a peer has to let go of a connection on which nothing is under way. */
const LET_GO_MS = 1000;

/** A client that is not connected yet. */
export function http2Client(options: Http2Options): Http2Client {
  const url = URL.canParse(options.baseUrl) ? new URL(options.baseUrl) : undefined;
  const waiting = new Set<Http2Call>();
  const connections = new Set<Connection>();
  let current: Connection | undefined;
  let closed = false;

  function advance(): void {
    for (const call of waiting) {
      if (!current?.usable()) current = open(url!);
      if (!current.hasRoom()) return;
      waiting.delete(call);
      if (call.may && !call.may()) {
        call.settle({ kind: 'unsent', reason: NO_LEAVE });
        continue;
      }
      current.start(call);
    }
  }

  function open(origin: URL): Connection {
    const connection = openConnection(origin, options, {
      changed: advance,
      ended(reason, wasReady) {
        connections.delete(connection);
        if (current === connection) current = undefined;
        if (wasReady) return advance();
        // Nothing was ever sent on it, and at once again would hardly end otherwise.
        for (const call of waiting) call.settle({ kind: 'unsent', reason });
        return waiting.clear();
      },
    });
    connections.add(connection);
    return connection;
  }

  function call(request: Http2Request): Promise<HttpOutcome> {
    return new Promise((resolve) => {
      if (!url) return resolve({ kind: 'unsent', reason: `not a URL: ${options.baseUrl}` });
      if (isRefusedHost(options.guard, url.hostname))
        return resolve({ kind: 'unsent', reason: `${url.hostname} is a private address` });
      if (closed) return resolve({ kind: 'unsent', reason: 'the connection is closed' });
      const cancel = systemClock.after(options.deadlineMs, () => {
        waiting.delete(entry);
        resolve({ kind: 'unsent', reason: `no connection with a free stream in ${options.deadlineMs} ms` });
      });
      const entry: Http2Call = {
        request,
        may: leaveGiven(),
        started: cancel,
        settle(outcome) {
          cancel();
          resolve(outcome);
        },
      };
      waiting.add(entry);
      return advance();
    });
  }

  return {
    call,
    async close() {
      closed = true;
      for (const entry of waiting) entry.settle({ kind: 'unsent', reason: 'the connection is closed' });
      waiting.clear();
      await Promise.all([...connections].map((connection) => connection.close()));
    },
  };
}

type Connection = {
  /** False when it takes no more streams, or has ended. */
  usable(): boolean;
  hasRoom(): boolean;
  start(call: Http2Call): void;
  close(): Promise<void>;
};
type Heard = { changed(): void; ended(reason: string, wasReady: boolean): void };
/** What is known of a session. It is ready when the peer's settings have come, and silent while a ping is out for a stream that was not answered. */
type State = {
  ready: boolean;
  silent: boolean;
  retired: boolean;
  pinging: boolean;
  active: number;
  lastStreamId: number;
  reason: string;
  socket?: Duplex;
  /** Called when the last stream has ended. */
  idle?: () => void;
};

function openConnection(url: URL, options: Http2Options, heard: Heard): Connection {
  const session = connect(url.origin, {
    settings: { enablePush: false },
    ...(options.guard ? { lookup: guardedLookup(options.guard) } : {}),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...options.identity,
  });
  const state: State = {
    ready: false,
    silent: false,
    retired: false,
    pinging: false,
    active: 0,
    lastStreamId: Number.POSITIVE_INFINITY,
    reason: 'the connection was closed',
  };
  watch(session, state, options, heard);
  return {
    usable: () => !state.retired && !session.closed && !session.destroyed,
    hasRoom: () =>
      state.ready &&
      !state.silent &&
      state.active < Math.min(session.remoteSettings.maxConcurrentStreams ?? MOST_STREAMS, MOST_STREAMS),
    start: (call) => start(session, state, call, { url, options, heard }),
    close: () => closeSession(session, state, options.deadlineMs),
  };
}

function watch(session: ClientHttp2Session, state: State, options: Http2Options, heard: Heard): void {
  const tooLate = systemClock.after(options.deadlineMs, () =>
    end(session, state, `no HTTP/2 connection in ${options.deadlineMs} ms`),
  );
  session.once('connect', (_session, socket) => {
    state.socket = socket;
  });
  session.on('remoteSettings', () => {
    state.ready = true;
    tooLate();
    heard.changed();
  });
  session.on('goaway', (code: number, lastStreamId: number, data?: Uint8Array) => {
    state.retired = true;
    state.lastStreamId = lastStreamId;
    const said = data?.length ? ` ${beginningOf(Buffer.from(data).toString('utf8'), 200)}` : '';
    state.reason = `GOAWAY ${code}${said}`;
    if (state.ready) heard.changed();
  });
  session.on('error', (error: Error) => {
    if (!state.retired) state.reason = reasonOf(error);
  });
  let stopPinging = (): void => undefined;
  session.on('close', () => {
    tooLate();
    stopPinging();
    state.retired = true;
    heard.ended(state.reason, state.ready);
  });
  // Not by the session's own timeout: measured on Node 24, it does not fire a second time.
  const pingAgain = (): void => {
    stopPinging = systemClock.after(options.pingMs ?? PING_MS, () => {
      ping(session, state, options, heard);
      pingAgain();
    });
  };
  pingAgain();
}

/** Asks whether anybody is there. A connection without an answer is ended: what waits goes over a new one. */
function ping(session: ClientHttp2Session, state: State, options: Http2Options, heard: Heard): void {
  if (state.pinging || !state.ready || session.destroyed) return;
  state.pinging = true;
  // Half a deadline, so that what waits meanwhile still has time for a new connection.
  const cancel = systemClock.after(options.deadlineMs / 2, () =>
    end(session, state, `no answer to a ping in ${options.deadlineMs / 2} ms`),
  );
  session.ping((error) => {
    cancel();
    state.pinging = false;
    if (error) return;
    state.silent = false;
    heard.changed();
  });
}

function end(session: ClientHttp2Session, state: State, reason: string): void {
  state.retired = true;
  state.reason = reason;
  session.destroy();
  // Where the session was closing already, destroying it only ends our half and waits for the peer's.
  state.socket?.destroy();
}

function start(
  session: ClientHttp2Session,
  state: State,
  call: Http2Call,
  { url, options, heard }: { url: URL; options: Http2Options; heard: Heard },
): void {
  const { path, headers, body } = call.request;
  let stream: ClientHttp2Stream;
  try {
    stream = session.request({
      ':method': 'POST',
      ':path': url.pathname.replace(/\/+$/, '') + path,
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    });
  } catch (error) {
    // A header that cannot be sent; or the last of 2^30 stream ids is used.
    call.settle({ kind: 'unsent', reason: reasonOf(error as Error) });
    return;
  }
  call.started();
  state.active++;
  const cancel = systemClock.after(options.deadlineMs, () => {
    call.settle({ kind: 'unclear', reason: `no answer in ${options.deadlineMs} ms` });
    stream.close(constants.NGHTTP2_CANCEL);
    state.silent = true;
    ping(session, state, options, heard);
  });
  read(stream, (outcome) => {
    cancel();
    call.settle(outcome);
  });
  stream.once('close', () => {
    cancel();
    state.active--;
    const { id, rstCode } = stream;
    const processed =
      id !== undefined && id <= state.lastStreamId && rstCode !== constants.NGHTTP2_REFUSED_STREAM;
    const reason = session.destroyed || session.closed ? state.reason : `the stream was reset (${rstCode})`;
    // Does nothing when it was settled before.
    call.settle({ kind: processed ? 'unclear' : 'unsent', reason });
    heard.changed();
    if (state.active === 0) state.idle?.();
  });
  stream.end(body);
}

/** Reads the answer. A stream that ends without one is settled by its `close`. */
function read(stream: ClientHttp2Stream, answered: (outcome: HttpOutcome) => void): void {
  let status = 0;
  let headers: Record<string, string | string[] | undefined> = {};
  let size = 0;
  const chunks: Buffer[] = [];
  stream.once('response', ({ ':status': code, ...rest }) => {
    status = code ?? 0;
    headers = rest;
  });
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MOST_BYTES) return void chunks.push(chunk);
    answered({ kind: 'unclear', reason: `answer larger than ${MOST_BYTES} bytes` });
    return stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.once('end', () => {
    if (status) answered({ kind: 'answer', status, headers, body: Buffer.concat(chunks, size) });
  });
  // `close` follows, and says what is known.
  stream.on('error', () => undefined);
}

function closeSession(session: ClientHttp2Session, state: State, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const endNow = () => end(session, state, state.reason);
    // Streams end by their own deadline.
    let cancel = systemClock.after(2 * deadlineMs, endNow);
    session.once('close', () => {
      cancel();
      resolve();
    });
    // With nothing under way, a peer that keeps its side of the socket open is not waited for long.
    state.idle = () => {
      cancel();
      cancel = systemClock.after(LET_GO_MS, endNow);
    };
    if (!state.ready) return endNow();
    session.close();
    if (state.active === 0) state.idle();
  });
}

function reasonOf(error: Error & { code?: string }): string {
  return error.code ? `${error.code}: ${error.message}` : error.message;
}
