/**
 * E-mail through any SMTP server, over a pool of kept connections. The server's 250 is the last word we get of a mail that
 * arrives; a bounce comes as mail to the bounce address, where that reaches us (`receive.ts`).
 */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
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
import { domainOf, type SendsAs } from '../kit/mail/domain.ts';
import { HIDE_LINK, linkIn, withHtmlLink, withTextLink } from '../kit/mail/unsubscribeLink.ts';
import { bounceAddressOf, LEAVING, nameOf } from './name.ts';
import type { Mail, MailPool } from './post.ts';
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
  title: 'SMTP',
  channel: 'email',
  settings: SETTINGS,
  confirms: 'nothing',
  idempotent: false,
  open: openSmtp,
  sendsAs,
  receive: receiveSmtp,
  parsedApart: { purposes: ['mail'], module: new URL('receive.ts', import.meta.url) },
  takesMail: true,
};

/** Who runs the server says what SPF should name; its own address is the nearest to it. */
function sendsAs(settings: Settings): SendsAs | undefined {
  const from = domainOf(textSetting(settings, 'from'));
  const host = textSetting(settings, 'host') ?? '';
  return from === undefined
    ? undefined
    : {
        from,
        envelope: domainOf(textSetting(settings, 'bounceAddress')) ?? from,
        spf: { mechanism: `${isIP(host) ? `ip${isIP(host)}` : 'a'}:${host.toLowerCase()}`, isCertain: false },
        selectors: ['default', 'mail', 'dkim', 's1', 'selector1'],
      };
}

type Email = Extract<Outgoing['rendered'], { channel: 'email' }>;
function openSmtp(settings: Settings, tools: AdapterTools): Sender {
  // The library is 5 MB of code, and most installs send no mail through a server of their own.
  let opened: Promise<MailPool> | undefined;
  const posting = () =>
    (opened ??= import('./post.ts').then(({ openPosting }) => openPosting(settings, tools)));
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
      return await (await posting()).post(mail, secrets);
    },
    async close() {
      await opened?.then((pool) => pool.close());
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

type Letter = {
  from: string;
  returnTo: { bounce: string | undefined; incoming: string | undefined };
  attachments: Attachment[];
  nowMs: number;
};

/** A mail in the words of the library. */
function mailOf(
  { ref, to, callbackUrl }: Outgoing,
  rendered: Email,
  { from, returnTo: { bounce, incoming }, attachments, nowMs }: Letter,
): Mail {
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
    ...(rendered.headers === undefined
      ? {}
      : { headers: withMailto(rendered.headers, bounce ?? incoming, name) }),
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

/**
 * An address to leave by, behind the link: mail programs that do not know RFC 8058 (iOS’ among them) show a button for one only. It holds the name
 * of the delivery, so that who leaves is whom it went to, from whatever address they write.
 */
function withMailto(
  headers: Readonly<Record<string, string>>,
  address: string | undefined,
  name: string,
): Readonly<Record<string, string>> {
  const key = Object.keys(headers).find((one) => /^list-unsubscribe$/i.test(one));
  if (key === undefined || !address?.includes('@') || /<mailto:/i.test(headers[key]!)) return headers;
  const to = bounceAddressOf(address, name).replaceAll(/[^\w.+@~-]/g, encodeURIComponent);
  return { ...headers, [key]: `${headers[key]}, <mailto:${to}?subject=${LEAVING}>` };
}

/** With the line ends of a mail, however it is encoded. */
function asLines(text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, '\r\n');
}

function addressIn(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim();
}
