/**
 * A mail taken apart (RFC 2045 to 2047, 2231, 3676). Total, and bounded in time and memory by the size of the mail: parts are views
 * of it, and text is read only so far. Names and addresses in headers are read by postal-mime.
 *
 * The rest of postal-mime (4.0.0) is not used, since no guard before it bounds it: of each line in a part that is not encoded it keeps
 * some 2 kB (the line, its end, and a copy of each in a Blob), and of each padding in base64 1 kB. What it took beside the mail, in
 * Node 24, without a turn of the event loop in between: 25 MB of text in lines of 76 characters 0.8 GB and 2 s, a table of 25 MB in
 * lines of 20 characters 2.1 GB and 7 s, 2 MB of line breaks 1.9 GB and 5 s, 25 MB of base64 that is padded again and again 5.4 GB and
 * 13 s, delimiters that nobody declared 6.9 GB and 37 s. All of these have one part and short headers; a bound on lines that would
 * hold them off refuses the first two, which people send. Here each takes less than 50 MB, which `mime.test.ts` holds.
 */
import { beginningOf } from '../../../base/text.ts';
import { addressParser, decodeWords } from 'postal-mime';

/** A mail. Headers by name in lower case, in their order; unfolded, and otherwise as they came. */
export type Mail = {
  headers: readonly { name: string; value: string }[];
  /** The first header of a name; undefined when it is empty, too. */
  header: (name: string) => string | undefined;
  /** What a reader sees: the text, or the text of the HTML where there is no other. `toText` turns HTML into it. */
  text: string;
  html: string | undefined;
  files: readonly MailFile[];
};

/** A part that is not the text. `isShown`: the HTML shows it by its Content-ID. */
export type MailFile = { name: string; mediaType: string; isShown: boolean; bytes: Uint8Array };

const MOST_HEADER_BYTES = 256 * 1024;
const MOST_PARTS = 1000;
const DEEPEST = 10;
/** As much of all parts that are text as is read. */
const TEXT_BYTES = 1024 * 1024;
/** Headers of which a name, a subject or an address is read: longer ones are made to cost, not to be read. Characters. */
const WORDS_LENGTH = 16 * 1024;
/** Lines that begin as a delimiter does and are none, and paddings within base64: no mail that people send has as many. */
const MOST_NEAR_MISSES = 10_000;
const MOST_PADDINGS = 1_000_000;
const LONGEST_BOUNDARY = 250;

/** The mail in bytes; undefined when it is packed deeper, in more parts or under longer headers than any mail that people send. */
export function readMail(bytes: Buffer, toText: (html: string) => string): Mail | undefined {
  const walk: Walk = { headerBytes: 0, parts: 0, textBytes: 0, texts: [], htmls: [], files: [], toText };
  const root = entityIn(bytes, walk);
  if (!root || !walkThrough(root, walk, 0, false)) return undefined;
  return {
    headers: root.headers,
    header: (name) => valueOf(root, name),
    text: walk.texts.join('\n'),
    html: walk.htmls.length ? walk.htmls.join('\n') : undefined,
    files: walk.files,
  };
}

/** The addresses in a header, with their names. */
export function mailboxesIn(value: string | undefined): { address: string; name: string }[] {
  return addressParser(beginningOf(value ?? '', WORDS_LENGTH), { flatten: true }).flatMap(
    ({ address, name }) => (address ? [{ address, name: decodeWords(name) }] : []),
  );
}

/** A header that is text, decoded. */
export function wordsIn(value: string | undefined): string {
  return decodeWords(beginningOf(value ?? '', WORDS_LENGTH));
}

type Headers = { name: string; value: string }[];
type Entity = { headers: Headers; type: string; parameters: Map<string, string>; body: Buffer };
type Walk = {
  headerBytes: number;
  parts: number;
  /** Bytes of text that were read. */
  textBytes: number;
  texts: string[];
  htmls: string[];
  files: MailFile[];
  toText: (html: string) => string;
};

/** Headers and body; undefined when there are too many of them. */
function entityIn(bytes: Buffer, walk: Walk, otherwise = 'text/plain'): Entity | undefined {
  // No header at all: the body begins at once.
  const bare = /^\r?\n/.exec(bytes.subarray(0, 2).toString('latin1'))?.[0].length;
  const end = bare === undefined ? endOfHeaders(bytes) : { headers: 0, body: bare };
  walk.headerBytes += end.headers;
  if (++walk.parts > MOST_PARTS || walk.headerBytes > MOST_HEADER_BYTES) return undefined;
  const headers = headersIn(bytes.subarray(0, end.headers).toString('utf8'));
  const { value, parameters } = parametersIn(
    headers.find(({ name }) => name === 'content-type')?.value ?? otherwise,
  );
  return { headers, type: value || otherwise, parameters, body: bytes.subarray(end.body) };
}

function endOfHeaders(bytes: Buffer): { headers: number; body: number } {
  const unix = bytes.indexOf('\n\n');
  const crlf = bytes.indexOf('\n\r\n');
  if (crlf >= 0 && (unix < 0 || crlf < unix)) return { headers: crlf + 1, body: crlf + 3 };
  return unix < 0 ? { headers: bytes.length, body: bytes.length } : { headers: unix + 1, body: unix + 2 };
}

function headersIn(text: string): Headers {
  return text
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).trim().toLowerCase();
      return colon > 0 && !/\s/.test(name) ? { name, value: line.slice(colon + 1).trim() } : [];
    });
}

function valueOf({ headers }: Pick<Entity, 'headers'>, wanted: string): string | undefined {
  return headers.find(({ name }) => name === wanted)?.value || undefined;
}

/** Goes through an entity and what is in it; false when it is too much. */
function walkThrough(entity: Entity, walk: Walk, depth: number, related: boolean): boolean {
  const { type, parameters, body } = entity;
  if (!type.startsWith('multipart/')) {
    takeLeaf(entity, walk, related);
    return true;
  }
  if (depth >= DEEPEST) return false;
  const boundary = parameters.get('boundary');
  const most = MOST_PARTS - walk.parts;
  let inner = boundary ? partsOf(body, boundary, most) : [];
  // Whoever passed it on lost the boundary, or named another: it shows where a part's headers follow; without parts it is a text.
  const shown = inner?.length === 0 ? boundaryIn(body) : undefined;
  if (shown !== undefined) inner = partsOf(body, shown, most);
  if (!inner) return false;
  if (!inner.length) takeLeaf({ ...entity, type: 'text/plain' }, walk, related);
  const otherwise = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  const isAlternative = type === 'multipart/alternative';
  const before = { texts: walk.texts.length, htmls: walk.htmls.length };
  for (const bytes of inner) {
    const part = entityIn(bytes, walk, otherwise);
    if (!part || !walkThrough(part, walk, depth + 1, related || type === 'multipart/related')) return false;
  }
  if (isAlternative) keepFirstText(walk, before.texts);
  return true;
}

function boundaryIn(body: Buffer): string | undefined {
  const beginning = body.subarray(0, 64 * 1024).toString('latin1');
  return /^--(\S[^\r\n]{0,200})\r?\ncontent-[a-z-]{1,40}:/im.exec(beginning)?.[1]?.trimEnd();
}

/** Of what says the same in several ways, the first is the text: senders put the plainest first (RFC 2046 §5.1.4). */
function keepFirstText(walk: Walk, from: number): void {
  const [first] = walk.texts.splice(from).filter((text) => text.trim());
  if (first !== undefined) walk.texts.push(first);
}

/**
 * The parts between delimiters; undefined when there are more than so many, or too much that is nearly one. What follows the last
 * delimiter is a part, too.
 */
function partsOf(body: Buffer, boundary: string, most: number): Buffer[] | undefined {
  // RFC 2046 allows 70 characters; searching for one of thousands costs as many times the mail.
  if (boundary.length > LONGEST_BOUNDARY) return undefined;
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Buffer[] = [];
  let start = -1;
  let misses = 0;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    if (misses > MOST_NEAR_MISSES) return undefined;
    if (at > 0 && body[at - 1] !== NEWLINE) {
      misses++;
      continue;
    }
    const behind = at + delimiter.length;
    const lineEnd = body.indexOf(NEWLINE, behind);
    const rest = body
      .subarray(behind, lineEnd < 0 ? body.length : lineEnd)
      .subarray(0, 100)
      .toString('latin1');
    if (!/^(?:--)?[ \t\r]*$/.test(rest)) {
      misses++;
      continue;
    }
    if (start >= 0) parts.push(body.subarray(start, endBefore(body, start, at)));
    if (parts.length > most) return undefined;
    start = lineEnd < 0 ? body.length : lineEnd + 1;
    if (rest.startsWith('--')) return parts;
  }
  if (start >= 0) parts.push(body.subarray(start));
  return parts.length > most ? undefined : parts;
}

const NEWLINE = 10;

/** The line break in front of a delimiter is the delimiter's. */
function endBefore(body: Buffer, start: number, at: number): number {
  const end = body[at - 2] === RETURN ? at - 2 : at - 1;
  return Math.max(start, end);
}

function takeLeaf(entity: Entity, walk: Walk, related: boolean): void {
  const { type, parameters } = entity;
  const disposition = parametersIn(valueOf(entity, 'content-disposition') ?? '');
  const isText = (type === 'text/plain' || type === 'text/html') && disposition.value !== 'attachment';
  if (!isText) {
    const name = disposition.parameters.get('filename') ?? parameters.get('name') ?? '';
    const isShown = related && valueOf(entity, 'content-id') !== undefined;
    walk.files.push({ name: wordsIn(name), mediaType: type, isShown, bytes: bytesOf(entity) });
    return;
  }
  const bytes = entity.body.subarray(0, TEXT_BYTES - walk.textBytes);
  walk.textBytes += bytes.length;
  const said = textIn(bytesOf({ ...entity, body: bytes }), parameters.get('charset'));
  if (type === 'text/html') {
    walk.htmls.push(said);
    walk.texts.push(walk.toText(said));
  } else
    walk.texts.push(parameters.get('format')?.toLowerCase() === 'flowed' ? unflow(said, parameters) : said);
}

function bytesOf(entity: Entity): Buffer {
  const { body } = entity;
  const encoding = tokenIn(valueOf(entity, 'content-transfer-encoding') ?? '');
  if (encoding === 'base64') return base64(body.toString('latin1'));
  return encoding === 'quoted-printable' ? quotedPrintable(body) : body;
}

/**
 * Some programs pad each line, where the decoder would take the first padding for the end. A list's footer that was put below in
 * clear is the end.
 */
function base64(text: string): Buffer {
  const out = Buffer.allocUnsafe(Math.ceil((text.length * 3) / 4));
  let length = 0;
  for (let at = 0, paddings = 0; at < text.length && paddings < MOST_PADDINGS; paddings++) {
    const end = text.indexOf('=', at);
    const next = end < 0 ? text.length : end;
    const unit = text.slice(at, next);
    if (at > 0 && /[^A-Za-z0-9+/\s]/.test(unit)) break;
    if (unit) length += out.write(unit, length, 'base64');
    at = next + 1;
  }
  return out.subarray(0, length);
}

/** RFC 2045 §6.7. What is not an escape stays as it is. Byte by byte, without an object for each: 25 MB may be nothing but `=`. */
function quotedPrintable(body: Buffer): Buffer {
  const out = Buffer.allocUnsafe(body.length);
  let length = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]!;
    const next = body[at + 1];
    const high = byte === EQUALS ? digitOf(next) : -1;
    const low = high < 0 ? -1 : digitOf(body[at + 2]);
    if (low >= 0) {
      out[length++] = high * 16 + low;
      at += 2;
    } else if (byte === EQUALS && next === NEWLINE) at++;
    else if (byte === EQUALS && next === RETURN && body[at + 2] === NEWLINE) at += 2;
    else out[length++] = byte;
  }
  return out.subarray(0, length);
}

const EQUALS = 61;
const RETURN = 13;

/** The value of a hexadecimal digit; -1 for anything else. */
function digitOf(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The text of bytes. A charset that nobody knows, or that is wrong, is read as what old mail programs write. */
function textIn(bytes: Buffer, charset: string | undefined): string {
  for (const label of [charset?.trim() || 'utf-8', 'utf-8']) {
    try {
      // `us-ascii` is windows-1252 to the decoder, while many mails that claim it are UTF-8.
      const isAscii = /^us-ascii$/i.test(label);
      return new TextDecoder(isAscii ? 'utf-8' : label, {
        fatal: /^(?:us-ascii|utf-?8)$/i.test(label),
      }).decode(bytes);
    } catch {
      // The next one.
    }
  }
  return new TextDecoder('windows-1252').decode(bytes);
}

/** RFC 3676: a line that ends in a space goes on in the next one, at the same depth of quoting. */
function unflow(text: string, parameters: Entity['parameters']): string {
  const isDeleted = parameters.get('delsp')?.toLowerCase() === 'yes';
  const lines: string[] = [];
  let goesOn: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [marks] = /^>*/.exec(line)!;
    const said = line.slice(marks.length).replace(/^ /, '');
    const isSoft = said.endsWith(' ') && said !== '-- ';
    const kept = isSoft && isDeleted ? said.slice(0, -1) : said;
    if (goesOn === marks) lines.push(lines.pop()! + kept);
    else lines.push(marks ? `${marks} ${kept}` : kept);
    goesOn = isSoft ? marks : undefined;
  }
  return lines.join('\n');
}

const MOST_PARAMETERS = 50;
const PARAMETER =
  /\s*([^\s;=]{1,100})\s{0,9}=\s{0,9}(?:"((?:[^"\\]|\\.){0,4000})(?:"|$)|([^;"]{0,4000}))[^;]*(?:;|$)/y;

/** What a header says before its parameters, without quotes and comments: `"base64" (as told)`. */
function tokenIn(header: string): string {
  return /^\s*(?:\([^()]*\)\s*)?"?([^\s;"(]*)/.exec(header)![1]!.toLowerCase();
}

/** A header's value and its parameters, those of RFC 2231 (`filename*0*=…`) put together. What is none is passed over. */
function parametersIn(header: string): { value: string; parameters: Map<string, string> } {
  const given = new Map<string, string>();
  let at = header.indexOf(';') + 1;
  for (let count = 0; at > 0 && count < MOST_PARAMETERS; count++) {
    PARAMETER.lastIndex = at;
    const [, name, quoted, bare] = PARAMETER.exec(header) ?? [];
    at = name === undefined ? header.indexOf(';', at) + 1 : PARAMETER.lastIndex;
    if (name === undefined) continue;
    const said = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare!.replace(/\s\([^()]*\)\s*$/, '').trim();
    if (!given.has(name.toLowerCase())) given.set(name.toLowerCase(), said);
  }
  const parameters = new Map<string, string>();
  for (const name of new Set([...given.keys()].map((key) => key.replace(/\*.*$/, '')))) {
    const extended = given.get(`${name}*`) ?? joined(given, name);
    parameters.set(name, extended === undefined ? given.get(name)! : percentDecoded(extended));
  }
  return { value: tokenIn(header), parameters };
}

function joined(given: ReadonlyMap<string, string>, name: string): string | undefined {
  let text: string | undefined;
  for (let index = 0; index < MOST_PARAMETERS; index++) {
    const piece = given.get(`${name}*${index}*`) ?? given.get(`${name}*${index}`);
    if (piece === undefined) break;
    text = (text ?? '') + piece;
  }
  return text;
}

/** `utf-8'en'%e2%82%ac.pdf`; other charsets as they are spelled. */
function percentDecoded(text: string): string {
  const encoded = /^[\w-]{0,40}'[^']{0,40}'(.*)$/.exec(text)?.[1];
  if (encoded === undefined) return text;
  const bytes = Buffer.from(
    encoded.replaceAll(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
  return textIn(bytes, /^([\w-]+)'/.exec(text)?.[1]);
}
