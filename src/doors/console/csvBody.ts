/** The body of a request that is a file of rows, read as it arrives. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { isEncoding } from '../../base/csv.ts';
import { breaks, type Fault } from '../../base/fault.ts';

/** A sender that is silent for so long is gone. */
const SILENCE_MS = 60_000;
/** What a file of rows may be called. */
export const CSV_TYPES = /^(text\/(csv|plain|tab-separated-values)|application\/octet-stream)\b/i;

/** What a file is written in, by `?encoding=` or the charset of its type; undefined where neither says: UTF-8, or UTF-16 by its mark. */
export function encodingOf(type: string, named: unknown): { encoding?: string } | Fault {
  const charset = /;\s*charset\s*=\s*"?([\w.:+-]{1,40})"?/i.exec(type)?.[1];
  const encoding = named ?? charset;
  if (encoding === undefined) return {};
  return typeof encoding === 'string' && isEncoding(encoding)
    ? { encoding }
    : breaks('encoding', 'must be an encoding that is known, such as utf-8 or windows-1252');
}

/**
 * The body, apart from the request: what stops reading early destroys what it reads, and the connection must live to carry the
 * answer.
 */
export async function* bytesOf(
  raw: IncomingMessage,
  clock: Clock,
  took: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const chunks = raw.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const cancel = clock.after(SILENCE_MS, () => raw.destroy());
      const next = await chunks.next();
      cancel();
      if (next.done) return;
      const chunk = next.value as Uint8Array;
      took(chunk);
      yield chunk;
    }
  } finally {
    await chunks.return?.();
  }
}
