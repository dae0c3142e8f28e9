/**
 * Outgoing HTTP. One pooled client for all providers and webhooks, on undici's dispatch: `undici.request` costs
 * about a third more per call, global `fetch` ten times (measured, design §13).
 *
 * A call never throws. What matters to its caller is whether the peer may have acted: `unsent` says the request
 * did not leave, so it is safe to repeat; `unclear` says it left and no answer came.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent, type Dispatcher } from 'undici';
import { guardedLookup, isRefusedHost, type AddressGuard } from './addressGuard.ts';

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
