/** multipart/form-data (RFC 7578, names escaped as browsers do it), both ways. Whole bodies in memory; nothing streams. */
import { randomToken } from '../../base/crypto.ts';

/** One part: a field, or a file. */
export type FormPart =
  | { name: string; value: string }
  | { name: string; filename: string; mediaType: string; content: Uint8Array };

/** The parts as one body. */
export function encodeMultipart(parts: readonly FormPart[]): { contentType: string; body: Buffer } {
  // 144 random bits: no content has them by chance or by will.
  const boundary = `parley-${randomToken(18)}`;
  const chunks: Uint8Array[] = [];
  for (const part of parts) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(part.name)}"`;
    if ('value' in part) {
      chunks.push(Buffer.from(`${head}\r\n\r\n${part.value}\r\n`));
    } else {
      const type = /^[\x20-\x7e]+$/.test(part.mediaType) ? part.mediaType : 'application/octet-stream';
      const file = `${head}; filename="${escaped(part.filename)}"\r\nContent-Type: ${type}\r\n\r\n`;
      chunks.push(Buffer.from(file), part.content, NEWLINE);
    }
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(chunks) };
}

const NEWLINE = Buffer.from('\r\n');

function escaped(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}

/** More parts than any mail has headers and files; what has more is not taken. */
const MOST_PARTS = 5000;

/** The parts of a body; undefined when it is not one. Files share the body's memory. */
export function decodeMultipart(contentType: string, body: Buffer): FormPart[] | undefined {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (!boundary || !/^multipart\/form-data/i.test(contentType)) return undefined;
  const first = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // Text before the first part is allowed, and means nothing (RFC 2046 §5.1.1).
  let at = body.subarray(0, first.length).equals(first) ? 0 : body.indexOf(delimiter) + 2;
  if (at === 1) return undefined;
  const parts: FormPart[] = [];
  for (;;) {
    at += first.length;
    if (body.subarray(at, at + 2).toString('latin1') === '--') return parts;
    const start = body.indexOf(NEWLINE, at) + 2;
    const end = body.indexOf(delimiter, start - 2);
    if (start === 1 || end === -1 || parts.length === MOST_PARTS) return undefined;
    const part = partOf(body.subarray(start, end));
    if (!part) return undefined;
    parts.push(part);
    at = end + 2;
  }
}

function partOf(bytes: Buffer): FormPart | undefined {
  const split = bytes.indexOf('\r\n\r\n');
  if (split === -1) return undefined;
  const head = bytes.subarray(0, split).toString('utf8');
  const content = bytes.subarray(split + 4);
  const disposition = headerIn(head, 'content-disposition') ?? '';
  const name = parameterIn(disposition, 'name');
  if (name === undefined) return undefined;
  const filename = parameterIn(disposition, 'filename') ?? extendedIn(disposition);
  if (filename === undefined) return { name, value: content.toString('utf8') };
  const mediaType = headerIn(head, 'content-type') ?? 'application/octet-stream';
  return { name, filename, mediaType, content };
}

/** `filename*=utf-8''%e2%82%ac.pdf` (RFC 5987), which some libraries write though RFC 7578 says not to. */
function extendedIn(disposition: string): string | undefined {
  const encoded = /;\s*filename\*=utf-8'[^']*'([^\s;]+)/i.exec(disposition)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function headerIn(head: string, name: string): string | undefined {
  const line = head.split('\r\n').find((text) => text.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function parameterIn(header: string, name: string): string | undefined {
  const [, quoted, plain] =
    new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i').exec(header) ?? [];
  const value = quoted?.replace(/\\(["\\])/g, '$1') ?? plain;
  return value?.replace(/%0D/gi, '\r').replace(/%0A/gi, '\n').replaceAll('%22', '"');
}
