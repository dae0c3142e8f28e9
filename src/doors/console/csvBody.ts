/** The body of a request that is a file of rows, read as it arrives. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.ts';

/** A sender that is silent for so long is gone. */
const SILENCE_MS = 60_000;
/** What a file of rows may be called. */
export const CSV_TYPES = /^(text\/(csv|plain|tab-separated-values)|application\/octet-stream)\b/i;

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
