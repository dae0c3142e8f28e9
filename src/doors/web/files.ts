/**
 * The built pages, read once and kept: under a megabyte and a half, packed as they were built. A file is found by its path and by
 * nothing else, so no path leads anywhere else.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A file as it is sent. */
export type WebFile = {
  type: string;
  etag: string;
  /** Its name holds the hash of what is in it, so that it never changes. */
  isImmutable: boolean;
  bytes: Buffer;
  /** Packed forms, where they are smaller. */
  packed: Partial<Record<Encoding, Buffer>>;
};

/** Forms in which a file may be sent, the best first. */
export const ENCODINGS = ['br', 'gzip'] as const;
/** How a file is packed. */
type Encoding = (typeof ENCODINGS)[number];

const SUFFIX: Readonly<Record<string, Encoding>> = { '.br': 'br', '.gz': 'gzip' };
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
};

/** Reads all files of a build, by their path with a slash before it. */
export async function readWebFiles(dir: string): Promise<ReadonlyMap<string, WebFile>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const bytes = new Map<string, Buffer>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const full = path.join(entry.parentPath, entry.name);
    bytes.set(`/${path.relative(dir, full).replaceAll('\\', '/')}`, await readFile(full));
  }
  const files = new Map<string, WebFile>();
  for (const [name, content] of bytes) {
    const type = TYPES[path.extname(name)];
    if (type !== undefined) files.set(name, fileOf(name, type, content, bytes));
  }
  return files;
}

function fileOf(name: string, type: string, content: Buffer, all: ReadonlyMap<string, Buffer>): WebFile {
  const packed = Object.entries(SUFFIX).flatMap(([suffix, encoding]) => {
    const bytes = all.get(name + suffix);
    return bytes && bytes.length < content.length ? [[encoding, bytes] as const] : [];
  });
  return {
    type,
    etag: `"${createHash('sha256').update(content).digest('base64url').substring(0, 22)}"`,
    isImmutable: name.startsWith('/assets/'),
    bytes: content,
    packed: Object.fromEntries(packed),
  };
}
