/**
 * The mail server of the bench, in a process of its own: just enough ESMTP for a client that pipelines and keeps its
 * connections. It answers at once, counts, and keeps nothing. (npm's smtp-server waits 100 ms before it greets.)
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { serve } from './child.ts';

let count = 0;
const used = new Set<Socket>();
const sockets = new Set<Socket>();
const END_OF_MAIL = '\r\n.\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
  socket.setEncoding('latin1');
  const session = { rest: '', inMail: false };
  socket.on('data', (chunk) => {
    session.rest += String(chunk);
    const { said, ends } = answer(session);
    if (session.inMail) used.add(socket);
    if (ends) socket.end(said);
    else if (said) socket.write(said);
  });
  socket.write('220 sink.example ESMTP\r\n');
});

/** Answers all that is complete, in one write. */
function answer(session: { rest: string; inMail: boolean }): { said: string; ends: boolean } {
  let said = '';
  for (;;) {
    const end = session.inMail ? END_OF_MAIL : '\r\n';
    const at = session.rest.indexOf(end);
    if (at < 0) return { said, ends: false };
    const line = session.inMail ? '' : session.rest.slice(0, Math.min(at, 4)).toUpperCase();
    session.rest = session.rest.slice(at + end.length);
    if (session.inMail) {
      session.inMail = false;
      count++;
      said += '250 2.0.0 queued\r\n';
    } else if (line === 'DATA') {
      session.inMail = true;
      said += '354 go on\r\n';
    } else if (line === 'EHLO') {
      said += '250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n';
    } else if (line === 'QUIT') {
      return { said: `${said}221 2.0.0 bye\r\n`, ends: true };
    } else {
      // MAIL, RCPT, RSET, NOOP: everything is taken.
      said += '250 2.0.0 ok\r\n';
    }
  }
}

const commands = {
  /** Where it listens. */
  port: () => (server.address() as AddressInfo).port,
  /** Starts to count from zero. */
  reset() {
    count = 0;
    used.clear();
  },
  /** Mails that came since, and over how many connections. */
  count: () => ({ count, connections: used.size }),
};
/** What the mail server can be asked. */
export type SmtpSinkCommands = typeof commands;

server.listen(0, '127.0.0.1');
await once(server, 'listening');
serve(commands, async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
});
