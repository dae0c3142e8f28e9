/**
 * Bodies of parts (`multipart/form-data`), read whole: one file named `source`, and the texts beside it. Where parts end is found here, by
 * their delimiters; what their headers mean is the platform's to say, which is shown the headers alone: it takes seconds over a large file
 * or very many parts.
 */
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import type { Upload } from '../../content/mediaStore.ts';

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;
/** A file, and the fields of the widest message. */
const MOST_PARTS = 50;
const MOST_HEAD_BYTES = 16 * 1024;
/** What looks like a delimiter and is none is somewhere in some file; where it is everywhere, somebody made it so. */
const MOST_LOOKALIKES = 1_000;
/** What is searched through at a time: within a few milliseconds, whatever is in it. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** The parts of a body: the file, and the texts beside it. */
export async function readForm(call: {
  contentType: string;
  rawBody: Buffer;
}): Promise<{ source: Upload; fields: Record<string, string> } | Fault> {
  if (!/^multipart\/form-data\b/i.test(call.contentType))
    return fault('unsupported_media', 'The body must be multipart/form-data with a file named source.');
  const parts = await partsOf(call);
  const named = isFault(parts) ? parts : await namesOf(call.contentType, parts);
  if (isFault(named)) return named;
  const fields: Record<string, string> = {};
  let source: Upload | undefined;
  for (const { name, file, content } of named) {
    if (file && name === 'source') source ??= { bytes: content, name: file.name, mediaType: file.type };
    else if (!file) fields[name] = content.toString('utf8');
  }
  if (!source) return breaks('source', 'is required, as a file');
  if (source.bytes.length === 0) return breaks('source', 'is empty');
  if (Object.values(fields).some((text) => text.includes('\0')))
    return breaks('source', 'no field beside it may hold U+0000');
  const { mediaType } = source;
  const type = MEDIA_TYPE.test(mediaType) ? mediaType.toLowerCase() : 'application/octet-stream';
  return { source: { ...source, mediaType: type }, fields };
}

/** A part: its headers with the blank line behind them, and what it holds. */
type Part = { head: Buffer; content: Buffer };

const MALFORMED = fault('bad_request', 'The body is not well-formed multipart/form-data.');

/** The parts by their delimiters (RFC 2046 §5.1.1), each found by one search from the last. */
async function partsOf({
  contentType,
  rawBody,
}: {
  contentType: string;
  rawBody: Buffer;
}): Promise<Part[] | Fault> {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return MALFORMED;
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const parts: Part[] = [];
  let lookalikes = 0;
  /** Where the next delimiter begins, at or after `from`; -1 when there is none. Looks at some of it at a time, and others have their turn. */
  const next = async (from: number): Promise<number> => {
    for (let at = from; at < rawBody.length; ) {
      const found = rawBody.subarray(at, at + WINDOW_BYTES).indexOf(delimiter);
      if (found < 0) {
        at += WINDOW_BYTES - delimiter.length;
        if (at < rawBody.length) await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      at += found;
      if (isDelimiter(rawBody, at + delimiter.length)) return at;
      if (++lookalikes > MOST_LOOKALIKES) return -1;
      at += 2;
    }
    return -1;
  };
  // The first may stand without the line that ends before it.
  const isFirst = rawBody.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2));
  for (let at = isFirst ? -2 : await next(0), until: number; at !== -1; at = until) {
    const after = at + delimiter.length;
    if (rawBody.subarray(after, after + 2).equals(DASHES)) return parts;
    const from = rawBody.indexOf('\r\n', after) + 2;
    const blank = rawBody.subarray(from, from + MOST_HEAD_BYTES).indexOf('\r\n\r\n');
    until = blank < 0 || from < 2 ? -1 : await next(from + blank + 2);
    if (until < 0 || parts.length === MOST_PARTS) return MALFORMED;
    const begins = from + blank + 4;
    parts.push({
      head: rawBody.subarray(from, begins),
      content: rawBody.subarray(begins, Math.max(begins, until)),
    });
  }
  return MALFORMED;
}

const DASHES = Buffer.from('--');

/** What follows a delimiter: the end, or blanks and the end of the line. */
function isDelimiter(body: Buffer, at: number): boolean {
  const [one, two] = [body[at], body[at + 1]];
  return (one === 13 && two === 10) || (one === 45 && two === 45) || one === 32 || one === 9;
}

/** What the parts are called, as the platform reads their headers; each holds its own number there. */
async function namesOf(
  contentType: string,
  parts: readonly Part[],
): Promise<{ name: string; file?: { name: string; type: string }; content: Buffer }[] | Fault> {
  const [, boundary] = /;\s*boundary=("[^"]*"|[^\s;]*)/i.exec(contentType)!;
  const line = Buffer.from(`--${boundary!.replaceAll('"', '')}`);
  const heads = parts.flatMap(({ head }, n) => [line, Buffer.from('\r\n'), head, Buffer.from(`${n}\r\n`)]);
  const headers = { 'content-type': contentType };
  try {
    const body = Buffer.concat([...heads, line, Buffer.from('--\r\n')]);
    const form = await new Response(new Uint8Array(body), { headers }).formData();
    const named = [...form].map(async ([name, value]) => {
      const content = parts[Number(typeof value === 'string' ? value : await value.text())]!.content;
      return typeof value === 'string'
        ? { name, content }
        : { name, file: { name: value.name, type: value.type }, content };
    });
    return await Promise.all(named);
  } catch {
    return MALFORMED;
  }
}
