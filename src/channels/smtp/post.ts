/**
 * Gives mails to a server over the library's pool: composed here where they are ordinary, by the library where they are not. Loaded with the
 * first mail. What was handed over when a connection broke is noted, and nothing is sent twice.
 */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { addressGuard, guardedLookup, isRefusedHost, type AddressGuard } from '../../base/addressGuard.ts';
import type { AdapterTools, Outcome, Settings } from '../adapter.ts';
import { textSetting } from '../kit/outcome.ts';
import type { Attachment } from '../kit/mail/attachments.ts';
import { composed, PLAIN_ADDRESS, type MailParts } from './compose.ts';
import { smtpOutcome, type SmtpFailure } from './outcomes.ts';

/** A mail, its envelope and what the server is asked to say of it. */
export type Mail = MailParts & {
  envelope: { from: string; to: string };
  dsn: { id: string; return: 'headers'; notify: ['failure']; recipient: string };
  attachments: (Attachment & { cid?: string })[];
};

/** A pool that is open. */
export type MailPool = {
  post(mail: Mail, secrets: string[]): Promise<Outcome>;
  close(): void;
};

/** Opens a pool; its connections open with the first mails. */
export function openPosting(settings: Settings, tools: AdapterTools): MailPool {
  const pool = poolOf(settings, tools);
  return { post: (mail, secrets) => deliver(pool, mail, secrets), close: () => pool.close() };
}

type Pool = ReturnType<typeof poolOf>;
/** Set when the final dot has left, the point from which a lost connection leaves the outcome open. */
type Progress = { left: boolean };

/** A mail server scans a mail before it takes it: it gets more time than an API has for a whole call. */
const REPLY_DEADLINES = 4;

function poolOf(settings: Settings, { deadlineMs, guard }: AdapterTools) {
  const secure = settings.secure === true;
  const user = textSetting(settings, 'user');
  const ehloName = textSetting(settings, 'ehloName');
  const waitMs =
    typeof settings.timeoutS === 'number' ? settings.timeoutS * 1000 : REPLY_DEADLINES * deadlineMs;
  const options = {
    pool: true as const,
    host: textSetting(settings, 'host') ?? '',
    port: typeof settings.port === 'number' ? settings.port : secure ? 465 : 587,
    secure,
    ...(ehloName ? { name: ehloName } : {}),
    requireTLS: settings.requireTls === true,
    tls: { rejectUnauthorized: settings.verifyCertificate !== false },
    ...(user ? { auth: { user, pass: textSetting(settings, 'password') ?? '' } } : {}),
    maxConnections: typeof settings.maxConnections === 'number' ? settings.maxConnections : 5,
    maxMessages: 1000,
    // Retries are the outbox's: the pool must not send anything a second time by itself.
    maxRequeues: 0,
    connectionTimeout: deadlineMs,
    greetingTimeout: waitMs,
    socketTimeout: waitMs,
    dnsTimeout: deadlineMs,
    // Attachments are fetched by us, through the guarded client.
    disableFileAccess: true,
    disableUrlAccess: true,
    // Whoever brings no guard gets the strictest.
    getSocket: guardedSocket(guard ?? addressGuard([]), deadlineMs),
  };
  const pool = createTransport(options);
  pool.use('stream', (mail, done) => {
    const { progress } = mail.data as { progress?: Progress };
    if (progress) noteEnd(mail.message, progress);
    done();
  });
  return pool;
}

type SocketTaken = (error: Error | null, taken?: { connection: Socket }) => void;

/** Connects for the library, to no address that the guard refuses. The library goes on with TLS where it is wanted. */
function guardedSocket(guard: AddressGuard, deadlineMs: number) {
  return ({ host, port }: { host?: string; port?: number }, done: SocketTaken): void => {
    // In the words the library has for it, so that it means what it means elsewhere: nothing was sent.
    const failed = (message: string) =>
      done(Object.assign(new Error(message), { code: 'ESOCKET', command: 'CONN' }));
    if (isRefusedHost(guard, host ?? '')) return failed(`${host} is a private address`);
    const socket = connect({
      host: host ?? '',
      port: port ?? 25,
      lookup: guardedLookup(guard) as LookupFunction,
    });
    const refused = (error: Error) => failed(error.message);
    socket.setTimeout(deadlineMs, () => socket.destroy(new Error(`no connection in ${deadlineMs} ms`)));
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      socket.setTimeout(0);
      inOneWrite(socket);
      done(null, { connection: socket });
    });
  };
}

/** What is written in one turn of the loop goes to the network in one call: an envelope is three lines, a mail and its dot are two. */
function inOneWrite(socket: Socket): void {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  socket.write = (...given: unknown[]) => {
    if (socket.writableCorked === 0) {
      socket.cork();
      setImmediate(() => socket.uncork());
    }
    return write(...given);
  };
}

/** The stream is read only after the server's 354, and its end is what makes the library write the final dot. */
function noteEnd(message: { createReadStream(): NodeJS.ReadableStream }, progress: Progress): void {
  const create = message.createReadStream.bind(message);
  message.createReadStream = () => {
    const stream = create();
    stream.once('end', () => {
      progress.left = true;
    });
    return stream;
  };
}

async function deliver(pool: Pool, mail: Mail, secrets: string[]): Promise<Outcome> {
  const progress: Progress = { left: false };
  try {
    const bytes = isOrdinary(mail) ? composed(mail) : undefined;
    if (bytes) await hand(pool, mail, bytes, progress);
    else await pool.sendMail({ ...mail, progress } as Mail);
    return { kind: 'accepted', externalIds: [mail.messageId], receipts: false };
  } catch (error) {
    return smtpOutcome(error as SmtpFailure, progress.left, secrets);
  }
}

/** Whether the envelope is as it stands: the library rewrites other addresses. */
function isOrdinary({ attachments, envelope }: Mail): boolean {
  return attachments.length === 0 && PLAIN_ADDRESS.test(envelope.from) && PLAIN_ADDRESS.test(envelope.to);
}

/** Gives a mail that is composed already to the library's pool, in the form in which the library gives it its own. */
function hand(
  pool: Pool,
  { envelope, messageId, dsn }: Mail,
  bytes: Buffer,
  progress: Progress,
): Promise<unknown> {
  const message = {
    getEnvelope: () => ({ from: envelope.from, to: [envelope.to] }),
    messageId: () => messageId,
    getHeader: (key: string) => (key === 'message-id' ? messageId : ''),
    createReadStream: () => Readable.from(bytes, { objectMode: false }),
  };
  noteEnd(message, progress);
  return new Promise((taken, failed) => {
    const done = (error: Error | null, info: unknown) => (error ? failed(error) : taken(info));
    pool.transporter.send(
      { data: { dsn }, message } as unknown as Parameters<Pool['transporter']['send']>[0],
      done,
    );
  });
}
