/** A provider that counts: Twilio's Messages call on a real socket, answered as each number is told to be. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monotonicMs, systemClock } from '../../src/base/clock.ts';

/** One call as it came. `atMs` is monotonic; `sid` is given once, whatever is forgotten of `calls`. */
export type SinkCall = {
  sid: string;
  to: string;
  from: string;
  body: string;
  callback: string;
  atMs: number;
  unixMs: number;
};

/** How to answer a call; `before` tells how many the number had. */
export type SinkAnswer =
  | { status: number; body?: string; headers?: Record<string, string> }
  | 'hang'
  | 'reset'
  | 'accept';

export type TwilioSink = {
  url: string;
  calls: SinkCall[];
  /** Calls by number. */
  countOf(to: string): number;
  byNumber: Map<string, number>;
  /** Files by address, for the account only. */
  files: Map<string, { status: number; headers?: Record<string, string>; body?: string }>;
  /** Who asked for files. */
  asked: { url: string; authorization: string | undefined }[];
  /** True: it lists its messages, as Twilio does; else it cannot be asked. */
  lists: boolean;
  /** Times it was asked for its list. */
  listed: number;
  answer: (call: SinkCall, before: number) => SinkAnswer;
  /** Called with every call, before it is answered: a receipt may come first. */
  onCall: (call: SinkCall) => Promise<void> | void;
  close(): Promise<void>;
};

/** Starts the sink. */
export async function startTwilioSink(): Promise<TwilioSink> {
  const hanging = new Set<ServerResponse>();
  const byNumber = new Map<string, number>();
  const calls: SinkCall[] = [];
  let taken = 0;
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      const url = `${sink.url}${request.url}`;
      const { pathname, searchParams } = new URL(url);
      if (sink.lists && pathname.endsWith('/Messages.json')) {
        sink.listed++;
        return answerList(response, sink.calls, searchParams.get('To') ?? '');
      }
      sink.asked.push({ url, authorization: request.headers.authorization });
      const { status, headers, body } = sink.files.get(url) ?? { status: 404 };
      return response.writeHead(status, headers).end(body);
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const form = new URLSearchParams(Buffer.concat(chunks).toString());
        const call = {
          sid: `SM${(++taken).toString(16).padStart(32, '0')}`,
          to: form.get('To') ?? '',
          from: form.get('From') ?? '',
          body: form.get('Body') ?? '',
          callback: form.get('StatusCallback') ?? '',
          atMs: monotonicMs(),
          unixMs: systemClock.nowMs(),
        };
        const before = byNumber.get(call.to) ?? 0;
        byNumber.set(call.to, before + 1);
        calls.push(call);
        await sink.onCall(call);
        const how = sink.answer(call, before);
        if (how === 'hang') hanging.add(response);
        else if (how === 'reset') request.socket.resetAndDestroy();
        else if (how === 'accept')
          response
            .writeHead(201, { 'content-type': 'application/json' })
            .end(JSON.stringify({ sid: call.sid, status: 'queued' }));
        else
          response
            .writeHead(how.status, { 'content-type': 'application/json', ...how.headers })
            .end(how.body ?? '');
      })();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sink: TwilioSink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    byNumber,
    files: new Map(),
    asked: [],
    countOf: (to) => byNumber.get(to) ?? 0,
    lists: false,
    listed: 0,
    answer: () => 'accept',
    onCall: () => {},
    async close() {
      for (const response of hanging) response.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return sink;
}

/** The messages to a number, the newest first, as Twilio lists them: dates have whole seconds. */
function answerList(response: ServerResponse, calls: readonly SinkCall[], to: string): void {
  const messages = calls
    .filter((call) => call.to === to)
    .map((call) => ({
      sid: call.sid,
      to,
      body: call.body,
      direction: 'outbound-api',
      date_created: new Date(Math.floor(call.unixMs / 1000) * 1000).toUTCString(),
    }));
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ messages: messages.toReversed() }));
}

/** Token of the accounts that the tests send from; Twilio signs with it. */
export const TWILIO_TOKEN = 'token-of-the-test';

/** What Twilio says of a message. */
export async function reportStatus(callback: string, status: string, errorCode?: string): Promise<void> {
  await callAsTwilio(callback, {
    AccountSid: `AC${'0'.repeat(32)}`,
    MessageSid: 'SM1',
    MessageStatus: status,
    ...(errorCode ? { ErrorCode: errorCode } : {}),
  });
}

/** A callback as Twilio makes it, signed over the URL and the sorted fields; returns what it is answered. */
export async function callAsTwilio(url: string, fields: Record<string, string>): Promise<string> {
  const sorted = Object.keys(fields).sort();
  const signed = url + sorted.map((name) => name + fields[name]).join('');
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', TWILIO_TOKEN).update(signed).digest('base64'),
    },
    body: new URLSearchParams(fields).toString(),
  });
  assert.ok(response.ok, `the callback was answered ${response.status}`);
  return await response.text();
}
