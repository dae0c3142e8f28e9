/**
 * Outgoing HTTP. One pooled client for all providers and webhooks, on undici's dispatch: `undici.request` costs
 * about a third more per call, global `fetch` ten times (measured, design §13).
 *
 * A call never throws. What matters to its caller is whether the peer may have acted: `unsent` says the request
 * did not leave, so it is safe to repeat; `unclear` says it left and no answer came.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

/** A request. `url` is absolute; `deadlineMs` bounds the wait for headers and between body chunks. */
export type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  deadlineMs: number;
  /** Larger answers are cut off and count as `unclear`. Bytes; default 1 MiB. */
  maxBytes?: number;
};

/** What came of a request. */
export type HttpOutcome =
  | { kind: 'answer'; status: number; headers: Record<string, string | string[] | undefined>; body: Buffer }
  | { kind: 'unsent'; reason: string }
  | { kind: 'unclear'; reason: string };

/** A client: `call` performs one request. */
export type HttpClient = {
  call(request: HttpRequest): Promise<HttpOutcome>;
  close(): Promise<void>;
};

const DEFAULT_MAX_BYTES = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * A client. `connections` bounds the sockets per origin. With `guard`, hosts that are or resolve to an address it
 * refuses are not connected to; the check is made on the address at connect, so a name cannot change in between.
 */
export function httpClient(options: { connections: number; guard?: AddressGuard }): HttpClient {
  const { guard } = options;
  const agent = new Agent({
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    connect: { timeout: 5_000, ...(guard ? { lookup: guardedLookup(guard) } : {}) },
  });
  return {
    call(request) {
      let url: URL;
      try {
        url = new URL(request.url);
      } catch {
        return Promise.resolve({ kind: 'unsent', reason: `not a URL: ${request.url}` });
      }
      // A literal address never passes through the resolver, so it is checked here.
      if (isRefusedHost(guard, url.hostname)) {
        return Promise.resolve({ kind: 'unsent', reason: `${url.hostname} is a private address` });
      }
      return dispatch(agent, url, request);
    },
    close: () => agent.close(),
  };
}

function dispatch(agent: Agent, url: URL, request: HttpRequest): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
    let left = false;
    let status = 0;
    let headers: Record<string, string | string[] | undefined> = {};
    let size = 0;
    let chunks: Buffer[] | undefined;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {
        left = true;
      },
      onResponseStart(_controller, statusCode, answerHeaders) {
        status = statusCode;
        headers = answerHeaders;
      },
      onResponseData(controller, chunk) {
        size += chunk.length;
        if (size > maxBytes) controller.abort(new Error(`answer larger than ${maxBytes} bytes`));
        else (chunks ??= []).push(chunk);
      },
      onResponseEnd() {
        const body = !chunks ? EMPTY : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
        resolve({ kind: 'answer', status, headers, body });
      },
      onResponseError(_controller, error) {
        resolve({ kind: left ? 'unclear' : 'unsent', reason: reasonOf(error) });
      },
    };
    try {
      agent.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: request.headers ?? {},
          body: request.body ?? null,
          headersTimeout: request.deadlineMs,
          bodyTimeout: request.deadlineMs,
        },
        handler,
      );
    } catch (error) {
      resolve({ kind: 'unsent', reason: reasonOf(error as Error) });
    }
  });
}

function reasonOf(error: Error & { code?: string }): string {
  return error.code ? `${error.code}: ${error.message}` : error.message;
}

/** Reads `Retry-After` (seconds or HTTP date) as milliseconds from now; undefined when absent or unreadable. */
export function retryAfterMs(
  headers: Record<string, string | string[] | undefined>,
  nowMs: number,
): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Math.round(Number(value) * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** `a=1&b=x%20y` of pairs whose value is defined; spaces as `+`, as forms are sent. */
export function formBody(fields: Record<string, string | undefined>): string {
  let body = '';
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    if (body) body += '&';
    body += `${encodeURIComponent(name)}=${encodeURIComponent(value).replaceAll('%20', '+')}`;
  }
  return body;
}

/** Says which addresses may be connected to. */
export type AddressGuard = { allows(address: string): boolean };

/** Ranges that are not public: RFC 1918, loopback, link-local (cloud metadata), CGNAT, multicast, reserved, IPv6 twins. */
const PRIVATE_RANGES: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

/** True for a host that is a literal address the guard refuses. Names are checked when they are resolved. */
export function isRefusedHost(guard: AddressGuard | undefined, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return guard !== undefined && isIP(address) !== 0 && !guard.allows(address);
}

/** A guard that refuses private addresses except those in `allowed` (CIDR texts, or `loopback`). */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const refused = new BlockList();
  for (const [net, bits] of PRIVATE_RANGES) refused.addSubnet(net, bits, isIP(net) === 6 ? 'ipv6' : 'ipv4');
  const open = new BlockList();
  for (const range of allowed.flatMap((name) =>
    name === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [name],
  )) {
    const [net, bits] = range.split('/');
    open.addSubnet(net!, Number(bits ?? (isIP(net!) === 6 ? 128 : 32)), isIP(net!) === 6 ? 'ipv6' : 'ipv4');
  }
  return {
    allows(address) {
      // ::ffff:10.0.0.1 is 10.0.0.1 in disguise.
      const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
      const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
      return open.check(plain, family) || !refused.check(plain, family);
    },
  };
}

type LookupCallback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/** A resolver for `net.connect` and its like that leaves out addresses the guard refuses. A literal address never comes here. */
export function guardedLookup(guard: AddressGuard) {
  return (host: string, options: { all?: boolean; family?: number | string }, done: LookupCallback): void => {
    dnsLookup(host, { all: true }, (error, addresses) => {
      if (error) return done(error);
      const fit = addresses.filter(({ address }) => guard.allows(address));
      if (!fit.length) return done(new Error(`${host} resolves to a private address`));
      if (options.all) return done(null, fit);
      return done(null, fit[0]!.address, fit[0]!.family);
    });
  };
}
