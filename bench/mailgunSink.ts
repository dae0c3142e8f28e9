/** Mailgun of the bench, in a process of its own: takes messages for one or many recipients, and counts both. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from './child.ts';

let count = 0;
let calls = 0;
let most = 0;

const TO = 'name="to"\r\n';
const VARIABLES = 'name="recipient-variables"\r\n';

/** Many recipients without variables would all see each other: that is not a batch. */
function take(body: string): boolean {
  let recipients = 0;
  for (let at = body.indexOf(TO); at >= 0; at = body.indexOf(TO, at + TO.length)) recipients++;
  if (recipients === 0 || recipients > 1000 || (recipients > 1 && !body.includes(VARIABLES))) return false;
  count += recipients;
  calls++;
  most = Math.max(most, recipients);
  return true;
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    const taken = take(body);
    const answer = taken
      ? `{"id":"<${calls}@mg.bench.example>","message":"Queued. Thank you."}`
      : '{"message":"not a message of one, or of a batch"}';
    response.writeHead(taken ? 200 : 400, {
      'content-type': 'application/json',
      'content-length': answer.length,
    });
    response.end(answer);
  });
});
server.keepAliveTimeout = 120_000;

const commands = {
  /** Where it listens. */
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  /** Starts to count from zero. */
  reset() {
    count = 0;
    calls = 0;
    most = 0;
  },
  /** Recipients and calls that came since, and the most recipients of one call. */
  count: () => ({ count, calls, most }),
};
/** What this Mailgun can be asked. */
export type MailgunSinkCommands = typeof commands;

server.listen(0, '127.0.0.1');
await once(server, 'listening');
serve(commands, async () => {
  server.closeAllConnections();
  server.close();
});
