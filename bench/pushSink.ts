/**
 * FCM and APNs of the bench, in a process of its own: HTTP/2 in clear, with as many streams at once as Apple allows, and
 * the sign-in that FCM needs before. Answers as they do, counts, and keeps nothing.
 */
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { serve } from './child.ts';
import { sharedMs } from './measure.ts';

let count = 0;
let lastMs = 0;
let streams = 0;
let mostStreams = 0;
const sessions = new Set<ServerHttp2Session>();
const used = new Set<unknown>();

const push = createServer({ settings: { maxConcurrentStreams: 1000 } });
push.on('session', (session) => {
  sessions.add(session);
  session.once('close', () => sessions.delete(session));
});
push.on('sessionError', () => undefined);
push.on('stream', (stream, headers) => {
  mostStreams = Math.max(mostStreams, ++streams);
  used.add(stream.session);
  stream.once('close', () => streams--);
  stream.on('error', () => undefined);
  stream.resume();
  stream.once('end', () => {
    count++;
    lastMs = sharedMs();
    const id = headers['apns-id'];
    if (id !== undefined) {
      stream.respond({ ':status': 200, 'apns-id': id }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/json; charset=UTF-8' });
    stream.end(`{"name":"projects/bench/messages/${count}"}`);
  });
});

const signIn = createHttp((request, response) => {
  request.resume();
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"access_token":"token-of-the-bench","expires_in":3599,"token_type":"Bearer"}');
  });
});

const urlOf = (server: Pick<Server, 'address'>) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const commands = {
  /** Where pushes go, and where to sign in. */
  urls: () => ({ push: urlOf(push), signIn: urlOf(signIn) }),
  /** Starts to count from zero. */
  reset() {
    count = 0;
    used.clear();
    mostStreams = streams;
  },
  /** Pushes that came since, when the last did, over how many connections, and the most streams that were open at once. */
  count: () => ({ count, lastMs, connections: used.size, mostStreams }),
};
/** What the push services can be asked. */
export type PushSinkCommands = typeof commands;

push.listen(0, '127.0.0.1');
signIn.listen(0, '127.0.0.1');
await Promise.all([once(push, 'listening'), once(signIn, 'listening')]);
serve(commands, async () => {
  for (const session of sessions) session.destroy();
  push.close();
  signIn.closeAllConnections();
  signIn.close();
});
