/**
 * A mail as its bytes, for what nearly every mail is: a text, HTML or both, from one to one. The library makes a tree of nodes, five
 * streams and a dozen turns of the loop of each, which is most of what a mail costs; here it is a string. Headers are encoded and
 * folded by the library's own functions, and whatever is out of the ordinary is left to it whole: `compose.test.ts` holds the two to
 * the same bytes. What is the same for all of a broadcast (the sender, lines of the HTML) is encoded once and kept.
 */
import { encode as toQuotedPrintable, wrap as wrapQuotedPrintable } from 'nodemailer/lib/qp';
import { foldLines, hasLongerLines, isPlainText } from 'nodemailer/lib/mime-funcs';
import MimeNode from 'nodemailer/lib/mime-node';

/** What a mail is made of, in the library's words. Lines of `text` and `html` end in CRLF. */
export type MailParts = {
  from: string;
  to: string;
  subject: string;
  text: string;
  html?: string;
  replyTo?: string;
  headers?: Readonly<Record<string, string>>;
  messageId: string;
  date: Date;
  /** 16 hex digits that nobody could have written into the mail before. */
  baseBoundary: string;
};

/** The mail, or undefined where it is one for the library. */
export function composed(mail: MailParts): Buffer | undefined {
  const { text, html } = mail;
  if (!PLAIN_ADDRESS.test(mail.to) || isOdd(text) || isOdd(html ?? '')) return undefined;
  const own = ownHeaders(mail.headers);
  if (own === undefined) return undefined;
  const head = own + headOf(mail);
  const parts: Part[] = [];
  if (text) parts.push(partOf('text/plain', text));
  if (html) parts.push(partOf('text/html', html));
  if (parts.length === 0) return undefined;
  const [only] = parts;
  if (parts.length === 1) {
    const end = only!.body.endsWith('\n') ? '' : '\r\n';
    return Buffer.from(
      `${head}Content-Transfer-Encoding: ${only!.encoding}\r\nMIME-Version: 1.0\r\n${only!.type}\r\n\r\n${only!.body}${end}`,
    );
  }
  const boundary = `--_NmP-${mail.baseBoundary}-Part_1`;
  const bodies = parts.map(
    ({ type, encoding, body }) =>
      `--${boundary}\r\n${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`,
  );
  return Buffer.from(
    `${head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="${boundary}"\r\n\r\n${bodies.join('')}--${boundary}--\r\n`,
  );
}

/** The library encodes in pieces of so many bytes, and blanks at the end as a piece of their own. */
function isOdd(content: string): boolean {
  return Buffer.byteLength(content) > LARGEST || content.endsWith(' ') || content.endsWith('\t');
}

const LARGEST = 64 * 1024;
/** An address that needs neither quotes nor Punycode, is read as nothing else, and fits on its line. */
export const PLAIN_ADDRESS =
  /^(?=.{1,70}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z](?:[a-z0-9]|-(?!-))*\.)+[a-z]{2,24}$/;

/** The types of the library do not know its method yet. */
const ENCODER = new MimeNode() as unknown as {
  encodeHeaderValue(key: string, value: string): string;
};

function header(key: string, value: string): string {
  const encoded = ENCODER.encodeHeaderValue(key, value);
  return encoded.trim() ? `${foldLines(`${key}: ${encoded}`, 76)}\r\n` : '';
}

/** Headers of the message's own: those that stand by themselves, in the case that the library gives them. Undefined: others. */
function ownHeaders(headers: Readonly<Record<string, string>> | undefined): string | undefined {
  let lines = '';
  for (const key in headers) {
    const name = OWN.get(key.toLowerCase());
    if (name === undefined) return undefined;
    lines += header(name, headers[key]!);
  }
  return lines;
}

const OWN: ReadonlyMap<string, string> = new Map(
  [
    'List-Unsubscribe',
    'List-Unsubscribe-Post',
    'In-Reply-To',
    'References',
    'Auto-Submitted',
    'Precedence',
    'Feedback-ID',
    'X-Auto-Response-Suppress',
  ].map((name) => [name.toLowerCase(), name]),
);

function headOf({ from, to, replyTo, subject, messageId, date }: MailParts): string {
  return [
    kept(FROM, from, (value) => header('From', value)),
    `To: ${to}\r\n`,
    replyTo ? kept(REPLY_TO, replyTo, (value) => header('Reply-To', value)) : '',
    subject ? header('Subject', subject) : '',
    header('Message-ID', messageId),
    `Date: ${date.toUTCString().replace('GMT', '+0000')}\r\n`,
  ].join('');
}

type Part = { type: string; encoding: string; body: string };

function partOf(type: 'text/plain' | 'text/html', content: string): Part {
  const named = `Content-Type: ${type}; charset=utf-8`;
  const isPlain = isPlainText(content);
  if (isPlain && !hasLongerLines(content, 76)) return { type: named, encoding: '7bit', body: content };
  if (isPlain || isMostlyLatin(content))
    return { type: named, encoding: 'quoted-printable', body: quotedPrintable(content) };
  const body = Buffer.from(content)
    .toString('base64')
    .replace(/.{76}(?=.)/g, '$&\r\n');
  return { type: named, encoding: 'base64', body };
}

/** As the library chooses (`_getTextEncoding`): letters of ours against what is beyond ASCII or no text. */
function isMostlyLatin(content: string): boolean {
  let others = 0;
  let letters = 0;
  for (let at = 0; at < content.length; at++) {
    const code = content.charCodeAt(at);
    if (code >= 0x80 || code <= 0x08 || code === 0x0b || code === 0x0c || (code >= 0x0e && code <= 0x1f))
      others++;
    else if ((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)) letters++;
  }
  return others < letters;
}

/** Line by line, since a line that ends in CRLF is broken without a look at the others: those of a template are the same in every mail. */
function quotedPrintable(content: string): string {
  const lines = content.split('\r\n');
  const last = lines.pop()!;
  let body = '';
  for (const line of lines)
    body += line.length > LONGEST_KEPT ? encodedLine(line) : kept(LINES, line, encodedLine);
  return body + lastLine(toQuotedPrintable(last), body);
}

/** The library leaves a whole text of up to 76 characters alone, and breaks a line of so many at a blank where more stands before it. */
function lastLine(line: string, before: string): string {
  if (line.length > 76 || before.length + line.length <= 76) return wrapQuotedPrintable(line, 76);
  return wrapQuotedPrintable(BREAKS + line, 76).slice(BREAKS.length);
}

const BREAKS = '\r\n'.repeat(39);

function encodedLine(line: string): string {
  return wrapQuotedPrintable(`${toQuotedPrintable(line)}\r\n`, 76);
}

const FROM = new Map<string, string>();
const REPLY_TO = new Map<string, string>();
const LINES = new Map<string, string>();
/** With `LONGEST_KEPT` it bounds what is kept to a few MB at the worst. */
const MOST_KEPT = 2_000;
const LONGEST_KEPT = 500;

/** What `make` gives, kept until there is too much of it: then all is dropped, which costs less than to know what was used last. */
function kept(store: Map<string, string>, value: string, make: (value: string) => string): string {
  const known = store.get(value);
  if (known !== undefined) return known;
  if (store.size >= MOST_KEPT) store.clear();
  const made = make(value);
  store.set(value, made);
  return made;
}
