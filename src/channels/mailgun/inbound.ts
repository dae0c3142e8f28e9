/** A mail that a route of Mailgun has parsed and forwarded (or stored, and told us of). */
import { parseLenient } from '../../base/exactJson.ts';
import { beginningOf } from '../../base/text.ts';
import type { Inbound } from '../adapter.ts';
import { addressIn } from '../kit/mail/address.ts';
import { isAutomatic, type Header } from '../kit/mail/automatic.ts';
import { textOfHtml } from '../kit/mail/htmlText.ts';
import { withoutQuotes } from '../kit/mail/quotes.ts';
import { earlierIn } from '../kit/mail/thread.ts';
import { textIn, type Json } from '../kit/json.ts';
import type { FormPart } from './multipart.ts';
import { messageIdOf, refIn } from './settings.ts';

/** A person's mail, one that no person wrote, or why it cannot be read. */
type Mail = { kind: 'mail'; inbound: Inbound } | { kind: 'automatic' } | { kind: 'unreadable'; why: string };

/** Beyond this the HTML of a mail is not kept: it is a picture in text, or an attack. Characters. */
const LARGEST_HTML = 200_000;
const MOST_FILES = 50;
/** As much of a text or HTML as is read, characters; and of a header with addresses. */
const READ_LENGTH = 1024 * 1024;
const ADDRESS_LENGTH = 1000;

/** The mail in a forwarded form. */
export function mailOf(fields: Json, parts: readonly FormPart[], domain: string): Mail {
  const header = headersOf(fields);
  const written = beginningOf(textIn(fields, 'from') ?? header('from') ?? '', ADDRESS_LENGTH);
  const from = mailboxIn(written) ?? mailboxIn(textIn(fields, 'sender') ?? '');
  const html = beginningOf(textIn(fields, 'body-html'), READ_LENGTH);
  const plain = beginningOf(textIn(fields, 'body-plain'), READ_LENGTH) ?? (html && textOfHtml(html));
  if (fields['body-mime'] !== undefined && plain === undefined)
    return { kind: 'unreadable', why: 'the URL of the route ends in mime; Parley takes parsed mails' };
  if (!from) return { kind: 'unreadable', why: 'from is missing' };
  const sender = typeof fields['sender'] === 'string' ? fields['sender'] : undefined;
  if (isAutomatic(header, from, sender)) return { kind: 'automatic' };
  // Not `stripped-text`: what Mailgun strips takes people's own words along.
  const whole = (plain ?? textIn(fields, 'stripped-text') ?? '').replaceAll('\r\n', '\n').trim();
  const subject = textIn(fields, 'subject') ?? header('subject');
  const text = withoutQuotes(whole, subject);
  const id = header('message-id')?.replace(/^\s*<|>\s*$/g, '');
  const profileName = nameIn(written);
  const replyTo = answered(header, domain);
  const seconds = Number(textIn(fields, 'timestamp'));
  return {
    kind: 'mail',
    inbound: {
      externalId: id ?? `token:${textIn(fields, 'token')}`,
      from,
      to: mailboxIn(textIn(fields, 'recipient') ?? '') ?? '',
      text,
      media: [...filesOf(parts), ...storedOf(fields)].slice(0, MOST_FILES),
      ...(profileName ? { profileName } : {}),
      ...(subject ? { subject } : {}),
      ...(whole === text ? {} : { fullText: plain ?? whole }),
      ...(replyTo ? { replyTo } : {}),
      ...(id ? { references: earlierIn(header) } : {}),
      raw: rawOf(fields, written, header('reply-to')),
      ...(seconds > 0 ? { atMs: seconds * 1000 } : {}),
    },
  };
}

/** What Sunshine keeps of a mail client (api/sunshine.md §3.3), and the HTML. */
function rawOf(fields: Json, from: string, replyTo: string | undefined): Json {
  const signature = textIn(fields, 'stripped-signature');
  const html = textIn(fields, 'body-html');
  return {
    from,
    ...(replyTo ? { 'Reply-To': replyTo } : {}),
    ...(signature ? { 'stripped-signature': signature } : {}),
    ...(html && html.length <= LARGEST_HTML ? { html } : {}),
  };
}

/** Each header of the mail is a field too; `message-headers` has them all, as pairs. */
function headersOf(fields: Json): Header {
  const all = new Map<string, string>();
  for (const [name, value] of pairsIn(textIn(fields, 'message-headers') ?? '[]'))
    if (typeof name === 'string' && typeof value === 'string' && !all.has(name.toLowerCase()))
      all.set(name.toLowerCase(), value);
  for (const [name, value] of Object.entries(fields))
    if (/^[A-Z][A-Za-z-]*$/.test(name) && typeof value === 'string') all.set(name.toLowerCase(), value);
  return (name) => all.get(name) || undefined;
}

function pairsIn(text: string): unknown[][] {
  const list = jsonList(text);
  return list.filter((pair): pair is unknown[] => Array.isArray(pair));
}

function jsonList(text: string): unknown[] {
  try {
    const value: unknown = parseLenient(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** The id of our mail that this one answers; the last of them in the thread when the answered one is another's. */
function answered(header: Header, domain: string): string | undefined {
  const refs = earlierIn(header).flatMap((id) => refIn(id, domain) ?? []);
  const ref = refs.at(-1);
  return ref === undefined ? undefined : messageIdOf(ref, domain);
}

/** Attachments come with the call: their bytes are here, and nowhere else. */
function filesOf(parts: readonly FormPart[]): Inbound['media'] {
  return parts.flatMap((part) =>
    'content' in part && /^(attachment|inline)-\d+$/.test(part.name)
      ? [
          {
            url: `attachment:${part.name.replace(/\D/g, '')}`,
            mediaType: part.mediaType,
            ...(part.filename ? { name: part.filename } : {}),
            bytes: part.content,
          },
        ]
      : [],
  );
}

/** A route that stores: the files stay at Mailgun for three days. */
function storedOf(fields: Json): Inbound['media'] {
  return jsonList(textIn(fields, 'attachments') ?? '[]').flatMap((given) => {
    const file = typeof given === 'object' && given !== null ? (given as Json) : {};
    const url = textIn(file, 'url');
    const mediaType = textIn(file, 'content-type');
    const name = textIn(file, 'name');
    return url && url.startsWith('https://')
      ? [{ url, ...(mediaType ? { mediaType } : {}), ...(name ? { name } : {}) }]
      : [];
  });
}

/** The address in `Ada <ada@x.example>`; undefined when there is none. */
function mailboxIn(text: string): string | undefined {
  return addressIn(/<([^<>]*)>\s*$/.exec(text)?.[1] ?? text);
}

/** The name in front of the address; not one that is still encoded. */
function nameIn(text: string): string | undefined {
  const name = /^(.*?)\s*<[^<>]*>\s*$/.exec(text)?.[1]?.trim();
  const plain = name?.replace(/^"(.*)"$/, '$1').replace(/\\(["\\])/g, '$1');
  return plain && !plain.startsWith('=?') ? plain : undefined;
}
