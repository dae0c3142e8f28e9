/**
 * E-mail through any SMTP server, over a pool of kept connections. The server's 250 is the last word we get of a mail that
 * arrives; a bounce comes as mail to the bounce address, where that reaches us (`receive.ts`).
 */
import { randomBytes } from 'node:crypto';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { addressGuard, guardedLookup, isRefusedHost, type AddressGuard } from '../../base/http.ts';
import type {
  Adapter,
  AdapterTools,
  IntegrationSetting,
  Outcome,
  Outgoing,
  Sender,
  Settings,
} from '../adapter.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { attachmentFetcher, isShownIn, type Attachment } from '../kit/mail/attachments.ts';
import { HIDE_LINK, linkIn, withHtmlLink, withTextLink } from '../kit/mail/unsubscribeLink.ts';
import { composed, PLAIN_ADDRESS } from './compose.ts';
import { bounceAddressOf, nameOf } from './name.ts';
import { smtpOutcome, type SmtpFailure } from './outcomes.ts';
import { receiveSmtp } from './receive.ts';

const SETTINGS = {
  host: { required: true, secret: false, leads: true, means: 'Name or address of the mail server.' },
  port: {
    required: false,
    secret: false,
    leads: true,
    means: 'Port; 465 with secure, else 587.',
    schema: { type: 'integer', minimum: 1, maximum: 65_535 },
  },
  secure: {
    required: false,
    secret: false,
    means:
      'True for TLS from the first byte (465). False starts in clear and upgrades when the server offers it.',
    schema: { type: 'boolean' },
  },
  requireTls: {
    required: false,
    secret: false,
    means: 'True to send nothing over a connection that could not be upgraded to TLS.',
    schema: { type: 'boolean' },
  },
  verifyCertificate: {
    required: false,
    secret: false,
    means: 'False to take any certificate, for a server in your own network. True when absent.',
    schema: { type: 'boolean' },
  },
  user: { required: false, secret: false, means: 'Name to log in with; no login when absent.' },
  password: { required: false, secret: true, means: 'Password to log in with.' },
  from: { required: true, secret: false, means: 'Sender, as in `Sunshine <hello@mail.example>`.' },
  bounceAddress: {
    required: false,
    secret: false,
    means:
      'Where bounces go: `bounce@mail.example` becomes `bounce+<delivery>@mail.example`. The sender when absent.',
  },
  incomingAddress: {
    required: false,
    secret: false,
    means: 'The address that people answer to, when mail to it reaches Parley. Mails carry it as Reply-To.',
    schema: {
      type: 'string',
      pattern: '^[^\\s@<>",;]{1,64}@[^\\s@<>",;]{1,190}$',
      rule: 'must be an e-mail address without a name',
    },
  },
  maxConnections: {
    required: false,
    secret: false,
    means: 'Connections kept open at once; 5 when absent.',
    schema: { type: 'integer', minimum: 1, maximum: 100 },
  },
  timeoutS: {
    required: false,
    secret: false,
    means:
      'How long to wait for one reply of the server, in seconds. Four times PARLEY_PROVIDER_DEADLINE_MS when absent: 60.',
    schema: { type: 'integer', minimum: 1, maximum: 600 },
  },
  ehloName: {
    required: false,
    secret: false,
    means:
      'The name to greet the server with (EHLO): this machine’s name in DNS. That of the machine when absent.',
    schema: {
      type: 'string',
      pattern:
        '^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$',
      rule: 'must be a host name, such as mail.example',
    },
  },
  hideUnsubscribeLink: HIDE_LINK,
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const smtp: Adapter = {
  provider: 'smtp',
  channel: 'email',
  settings: SETTINGS,
  confirms: 'nothing',
  idempotent: false,
  open: openSmtp,
  receive: receiveSmtp,
  parsedApart: ['mail'],
  takesMail: true,
};

type Pool = ReturnType<typeof poolOf>;
type Email = Extract<Outgoing['rendered'], { channel: 'email' }>;
/** Set when the final dot has left, the point from which a lost connection leaves the outcome open. */
type Progress = { left: boolean };

function openSmtp(settings: Settings, tools: AdapterTools): Sender {
  const pool = poolOf(settings, tools);
  const fetchAll = attachmentFetcher(tools);
  const secrets = secretsOf(SETTINGS, settings);
  const sender = textSetting(settings, 'from');
  const returnTo = {
    bounce: textSetting(settings, 'bounceAddress'),
    incoming: textSetting(settings, 'incomingAddress'),
  };
  const showsLink = settings.hideUnsubscribeLink !== true;
  return {
    async send(message) {
      if (message.rendered.channel !== 'email') return WRONG_CHANNEL;
      const rendered = showsLink ? withLink(message.rendered) : message.rendered;
      const from = rendered.from ?? sender;
      if (!from) return NO_SENDER;
      const attachments = rendered.attachments?.length ? await fetchAll(rendered.attachments) : [];
      if ('kind' in attachments) return attachments;
      const mail = mailOf(message, rendered, { from, returnTo, attachments, nowMs: tools.nowMs() });
      return await deliver(pool, mail, secrets);
    },
    close() {
      pool.close();
      return Promise.resolve();
    },
  };
}

const NO_SENDER: Outcome = {
  kind: 'deferred',
  code: 'no_sender',
  class: 'config',
  detail: 'the integration has no from address',
};
const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not an e-mail',
};

/** A mail server scans a mail before it takes it: it gets more time than an API has for a whole call. */
const REPLY_DEADLINES = 4;

/** The mail with its link below, where it can be left by one. */
function withLink(mail: Email): Email {
  const header = Object.entries(mail.headers ?? {}).find(([name]) => /^list-unsubscribe$/i.test(name))?.[1];
  const link = linkIn(header, `${mail.text}\n${mail.html ?? ''}`);
  if (link === undefined) return mail;
  return {
    ...mail,
    text: withTextLink(mail.text, link),
    ...(mail.html === undefined ? {} : { html: withHtmlLink(mail.html, link) }),
  };
}

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

type Letter = {
  from: string;
  returnTo: { bounce: string | undefined; incoming: string | undefined };
  attachments: Attachment[];
  nowMs: number;
};

function mailOf(
  { ref, to, callbackUrl }: Outgoing,
  rendered: Email,
  { from, returnTo: { bounce, incoming }, attachments, nowMs }: Letter,
) {
  const address = addressIn(from);
  const name = nameOf(ref, callbackUrl);
  const returnPath = bounce && bounce.lastIndexOf('@') > 0 ? bounceAddressOf(bounce, name) : address;
  const replyTo =
    rendered.replyTo ?? (incoming?.toLowerCase() === address.toLowerCase() ? undefined : incoming);
  return {
    from,
    to,
    subject: rendered.subject,
    text: asLines(rendered.text),
    ...(rendered.html === undefined ? {} : { html: asLines(rendered.html) }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(rendered.headers === undefined ? {} : { headers: rendered.headers }),
    // The same for each attempt, so that a receiver can tell a repeat.
    messageId: `<${name}@${address.slice(address.lastIndexOf('@') + 1) || 'localhost'}>`,
    date: new Date(nowMs),
    baseBoundary: randomBytes(8).toString('hex'),
    envelope: { from: returnPath, to },
    // Comes back as Original-Envelope-ID in a bounce, where the server knows DSN (RFC 3461).
    dsn: { id: name, return: 'headers' as const, notify: ['failure' as const], recipient: to },
    // With an id of its own the library puts it beside the HTML (multipart/related) instead of below the mail.
    attachments: attachments.map((file) =>
      isShownIn(rendered.html, file) ? { ...file, cid: file.filename } : file,
    ),
  };
}

/** With the line ends of a mail, however it is encoded. */
function asLines(text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, '\r\n');
}

function addressIn(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim();
}

type Mail = ReturnType<typeof mailOf>;

async function deliver(pool: Pool, mail: Mail, secrets: string[]): Promise<Outcome> {
  const progress: Progress = { left: false };
  try {
    const bytes = isOrdinary(mail) ? composed(mail) : undefined;
    if (bytes) await post(pool, mail, bytes, progress);
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
function post(
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
