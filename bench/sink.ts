/**
 * The provider of the bench, in a process of its own: takes Twilio's Messages call, answers 201 with a sid, and counts. It
 * does as little as it can, since it shares the machine with what is measured.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from './child.ts';
import { sharedMs } from './measure.ts';

let count = 0;
let serial = 0;
let firstMs = 0;
let lastMs = 0;
let marker: string | undefined;
let hanging = 0;
let arrivals: { to: string; atMs: number }[] = [];

function take(body: string): string {
  const atMs = sharedMs();
  if (count++ === 0) firstMs = atMs;
  lastMs = atMs;
  if (marker !== undefined) {
    const from = body.indexOf(marker);
    if (from >= 0) {
      const to = body.slice(from + 'To='.length, (body.indexOf('&', from) + 1 || body.length + 1) - 1);
      arrivals.push({ to: decodeURIComponent(to), atMs });
    }
  }
  return `{"sid":"SM${(++serial).toString(16).padStart(32, '0')}","status":"queued"}`;
}

const server = createServer((request, response) => {
  // A provider that takes a call and says nothing.
  if (request.url?.startsWith('/hangs/')) return void hanging++;
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    const answer = take(body);
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.keepAliveTimeout = 120_000;

const commands = {
  /** Where it listens. */
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  /** Starts to count from zero; keeps the arrival times of messages to numbers that begin with `watch`. */
  reset(watch: string | undefined) {
    count = 0;
    arrivals = [];
    marker = watch === undefined ? undefined : `To=${encodeURIComponent(watch)}`;
  },
  /** How many came since the last reset, and when the first and the last did. */
  count: () => ({ count, firstMs, lastMs }),
  /** Calls that came to `…/hangs`, where nothing is ever answered. */
  hanging: () => hanging,
  /** What came for the watched numbers. */
  arrivals: () => arrivals,
};
/** What the sink can be asked. */
export type SinkCommands = typeof commands;

server.listen(0, '127.0.0.1');
await once(server, 'listening');
serve(commands, async () => {
  server.closeAllConnections();
  server.close();
});
