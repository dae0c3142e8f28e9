/**
 * Outgoing HTTP. One pooled client for all providers and webhooks, on undici's dispatch: `undici.request` costs
 * about a third more per call, global `fetch` ten times (measured, design §13).
 *
 * A call never throws. What matters to its caller is whether the peer may have acted: `unsent` says the request
 * did not leave, so it is safe to repeat; `unclear` says it left and no answer came.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

/**
 * A request. `url` is absolute; `deadlineMs` bounds the whole of it: waiting for a connection, connecting, and the answer to its
 * end. What is given up is broken off: it is not sent later.
 */
export type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  deadlineMs: number;
  /** Larger answers are cut off and count as `unclear`. Bytes; default 1 MiB. */
  maxBytes?: number;
  /**
   * The status is the answer, and its body a bonus: of one that is long, slow or broken off only the beginning is had, and the
   * connection is given up. It takes nothing back of what the status said.
   */
  statusOnly?: boolean;
};

/** How long a body is waited for that is a bonus, from the head on. */
const BONUS_MS = 2000;

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

const leaving = new AsyncLocalStorage<(() => boolean) | undefined>();

/**
 * Does work whose calls leave only while `may` says so. It is asked in the tick in which a call goes out on its connection, since that
 * may be long after it was made: connecting takes time. What may not leave is `unsent`. Without `may`, all may, wherever it is asked for.
 */
export function onlyWhile<T>(may: (() => boolean) | undefined, work: () => T): T {
  return leaving.run(may, work);
}

/** Whether what is called for here may leave; for other clients than this one. */
export function leaveGiven(): (() => boolean) | undefined {
  return leaving.getStore();
}

/** Why a call that might not leave any more did not. */
export const NO_LEAVE = 'it may not be sent any more';

/**
 * A client. `connections` bounds the sockets per origin, for whoever does not bound its calls: who shares an origin waits for the others
 * of it. With `guard`, hosts that are or resolve to an address it
 * refuses are not connected to; the check is made on the address at connect, so a name cannot change in between.
 */
export function httpClient(options: { connections?: number; guard?: AddressGuard }): HttpClient {
  const { guard } = options;
  const agent = new Agent({
    connections: options.connections ?? null,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    connect: { timeout: 5_000, ...(guard ? { lookup: guardedLookup(guard) } : {}) },
  });
  const targetOf = createTargets(guard);
  return {
    call(request) {
      const target = targetOf(request.url);
      return 'reason' in target ? Promise.resolve(target) : dispatch(agent, target, request);
    },
    close: () => agent.close(),
  };
}

/** Where a call goes, or why it does not. */
type Target = { origin: string; path: string } | { kind: 'unsent'; reason: string };

/** More than a process has integrations and webhooks that are busy at one time. */
const MOST_TARGETS = 500;

/** Reads URLs. All calls of a broadcast have one, which is read and looked at once; one with a query is most often of one call. */
function createTargets(guard: AddressGuard | undefined): (url: string) => Target {
  const known = new Map<string, Target>();
  return (url) => {
    const before = known.get(url);
    if (before) return before;
    const target = readTarget(url, guard);
    if (url.includes('?')) return target;
    if (known.size >= MOST_TARGETS) known.clear();
    known.set(url, target);
    return target;
  };
}

function readTarget(text: string, guard: AddressGuard | undefined): Target {
  const url = URL.parse(text);
  if (!url) return { kind: 'unsent', reason: `not a URL: ${text}` };
  // A literal address never passes through the resolver, so it is checked here.
  if (isRefusedHost(guard, url.hostname))
    return { kind: 'unsent', reason: `${url.hostname} is a private address` };
  return { origin: url.origin, path: url.pathname + url.search };
}

function dispatch(
  agent: Agent,
  target: { origin: string; path: string },
  request: HttpRequest,
): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    const may = leaveGiven();
    const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
    let left = false;
    let gone: Error | undefined;
    let begun: Dispatcher.DispatchController | undefined;
    let status = 0;
    let headers: Record<string, string | string[] | undefined> = {};
    let size = 0;
    let chunks: Buffer[] | undefined;
    const end = (outcome: HttpOutcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const answered = () => {
      const body = !chunks ? EMPTY : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
      end({ kind: 'answer', status, headers, body });
    };
    const isSaid = () => request.statusOnly === true && status >= 200;
    const giveUp = (controller: Dispatcher.DispatchController | undefined, reason: string) => {
      if (isSaid()) answered();
      controller?.abort(new Error(reason));
    };
    // A timer of our own: undici's bound the wait for headers and between chunks, from the connection on, and are 500 ms coarse.
    let timer = setTimeout(() => {
      if (isSaid()) return giveUp(begun, 'the rest of the answer is not waited for');
      gone = new Error(`no full answer within ${request.deadlineMs / 1000} s`);
      begun?.abort(gone);
      end({ kind: left ? 'unclear' : 'unsent', reason: gone.message });
    }, request.deadlineMs);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        // Its turn for a connection has come too late: nothing leaves.
        if (may && !may()) gone ??= new Error(NO_LEAVE);
        if (gone) return controller.abort(gone);
        begun = controller;
        left = true;
      },
      onResponseStart(controller, statusCode, answerHeaders) {
        status = statusCode;
        headers = answerHeaders;
        if (!isSaid() || request.deadlineMs <= BONUS_MS) return;
        clearTimeout(timer);
        timer = setTimeout(() => giveUp(controller, 'the rest of the answer is not waited for'), BONUS_MS);
      },
      onResponseData(controller, chunk) {
        if (size + chunk.length > maxBytes) return giveUp(controller, `answer larger than ${maxBytes} bytes`);
        size += chunk.length;
        (chunks ??= []).push(chunk);
      },
      onResponseEnd: answered,
      onResponseError(_controller, error) {
        if (isSaid()) answered();
        else end({ kind: left ? 'unclear' : 'unsent', reason: reasonOf(error) });
      },
    };
    try {
      agent.dispatch(optionsOf(target, request), handler);
    } catch (error) {
      end({ kind: 'unsent', reason: reasonOf(error as Error) });
    }
  });
}

function optionsOf(
  { origin, path }: { origin: string; path: string },
  request: HttpRequest,
): Dispatcher.DispatchOptions {
  const { method, headers = {}, body } = request;
  return {
    origin,
    path,
    method,
    headers,
    body: body ?? null,
    headersTimeout: 0,
    bodyTimeout: 0,
  };
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
    body += `${formText(name)}=${formText(value)}`;
  }
  return body;
}

/** The characters of ASCII as forms have them; empty: as they are. */
const IN_FORMS = Array.from({ length: 128 }, (_, code) => {
  const sign = String.fromCharCode(code);
  const written = sign === ' ' ? '+' : encodeURIComponent(sign);
  return written === sign ? '' : written;
});

/** A name or a value as forms have it. Texts of ASCII, which most are, take two thirds of what the engine's function does. */
export function formText(text: string): string {
  let written = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = IN_FORMS[text.charCodeAt(at)];
    if (sign === undefined) return encodeURIComponent(text).replaceAll('%20', '+');
    if (sign === '') continue;
    written += text.slice(from, at) + sign;
    from = at + 1;
  }
  return from === 0 ? text : written + text.slice(from);
}

/** Says which addresses may be connected to. */
export type AddressGuard = { allows(address: string): boolean };

/** Ranges that are not public: RFC 1918, loopback, link-local (cloud metadata), CGNAT, multicast, reserved (RFC 6890). */
const PRIVATE_IPV4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/**
 * Their IPv6 twins, and whatever holds or is translated to an IPv4 address, since that may be a private one: a gateway on the way
 * unpacks it (IANA's registry of special IPv6 addresses, RFC 6890 and those it names).
 */
const PRIVATE_IPV6: readonly [string, number][] = [
  // Unspecified, loopback, IPv4-compatible (RFC 4291 §2.5.5.1).
  ['::', 96],
  // IPv4-mapped, IPv4-translated (RFC 4291 §2.5.5.2, RFC 2765).
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  // NAT64, well-known and local (RFC 6052, RFC 8215).
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  // Discard only, and its neighbour (RFC 6666, RFC 9780).
  ['100::', 64],
  ['100:0:0:1::', 64],
  // IETF protocol assignments, Teredo (RFC 4380), benchmarks and ORCHID among them.
  ['2001::', 23],
  // Documentation (RFC 3849, RFC 9637).
  ['2001:db8::', 32],
  ['3fff::', 20],
  // 6to4 (RFC 3056).
  ['2002::', 16],
  // Segment routing within a network (RFC 9602).
  ['5f00::', 16],
  // Unique local, link-local, site-local of old (RFC 3879), multicast.
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** True for a host name that is this machine's own. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** True for a host that is a literal address the guard refuses. Names are checked when they are resolved. */
export function isRefusedHost(guard: AddressGuard | undefined, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return guard !== undefined && isIP(address) !== 0 && !guard.allows(address);
}

/** A guard that refuses private addresses except those in `allowed` (CIDR texts, or `loopback`). */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const refused = rangesOf([...PRIVATE_IPV4, ...PRIVATE_IPV6]);
  const open = rangesOf(
    allowed
      .flatMap((name) => (name === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [name]))
      .map((range) => {
        const [net, bits] = range.split('/');
        return [net!, Number(bits ?? (isIP(net!) === 6 ? 128 : 32))] as const;
      }),
  );
  return {
    allows(address) {
      const plain = plainOf(address);
      return open(plain) || (isIP(plain) !== 0 && !refused(plain));
    },
  };
}

/** Says whether an address is in one of the ranges; each family has rules of its own, since Node mixes them. */
function rangesOf(ranges: readonly (readonly [string, number])[]): (address: string) => boolean {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const [net, bits] of ranges) {
    if (isIP(net) === 6) lists[6].addSubnet(net, bits, 'ipv6');
    else lists[4].addSubnet(net, bits, 'ipv4');
  }
  return (address) =>
    isIP(address) === 6 ? lists[6].check(address, 'ipv6') : lists[4].check(address, 'ipv4');
}

/** Without a zone, and IPv4 in its disguise (`::ffff:10.0.0.1`, `::ffff:a00:1`) as IPv4. */
function plainOf(address: string): string {
  const [bare] = address.split('%', 1);
  const mapped = /^(?:0{0,4}:){2,5}ffff:([\d.]+|[\da-f]{1,4}:[\da-f]{1,4})$/i.exec(bare!)?.[1];
  if (mapped === undefined) return bare!;
  if (mapped.includes('.')) return mapped;
  const [high, low] = mapped.split(':').map((part) => Number.parseInt(part, 16)) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
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
