/** A real mail server on a socket: keeps what arrives, and answers each address as it is told to. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

/** One mail as it came, with the sender of its envelope. */
export type SinkMail = { from: string; to: string; mail: Email };

export type MailSink = {
  port: number;
  mails: SinkMail[];
  /** How RCPT TO is answered (`550 5.1.1 no such user`); undefined: taken. `before` tells how often it was asked for. */
  answer: (to: string, before: number) => string | undefined;
  /** Mails to an address, in the order in which they came. */
  to(address: string): SinkMail[];
  close(): Promise<void>;
};

/** Starts the sink. */
export async function startMailSink(): Promise<MailSink> {
  const asked = new Map<string, number>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo({ address }, _session, done) {
      const before = asked.get(address) ?? 0;
      asked.set(address, before + 1);
      const reply = sink.answer(address, before);
      done(
        reply === undefined
          ? null
          : Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) }),
      );
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      const keep = async () => {
        const mail = await PostalMime.parse(Buffer.concat(chunks));
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        sink.mails.push(...envelope.rcptTo.map(({ address: to }) => ({ from, to, mail })));
        done(null, 'queued');
      };
      stream.on('end', () => void keep());
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const sink: MailSink = {
    port: (server.server.address() as AddressInfo).port,
    mails: [],
    answer: () => undefined,
    to: (address) => sink.mails.filter((one) => one.to === address),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return sink;
}
