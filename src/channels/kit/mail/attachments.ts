/**
 * Fetches attachments just before the call, through the guarded client, never by the mail library. What was
 * fetched is kept for a minute: a broadcast sends the same file to everybody.
 */
import type { RenderedMedia } from '../../../../contract/channels.ts';
import type { AdapterTools, Outcome } from '../../adapter.ts';
import { plainDetail } from '../outcome.ts';

/** An attachment as the mail library takes it. */
export type Attachment = { content: Buffer; filename: string; contentType?: string };

type Fetched = { body: Buffer; contentType?: string };

const KEPT_MS = 60_000;
const MOST_KEPT = 16;
const LARGEST_BYTES = 20 * 1024 * 1024;

/** A fetcher with its own store. */
export function attachmentFetcher(
  tools: AdapterTools,
): (media: readonly RenderedMedia[]) => Promise<Attachment[] | Outcome> {
  const kept = new Map<string, { untilMs: number; result: Promise<Fetched | Outcome> }>();
  const fetched = (url: string): Promise<Fetched | Outcome> => {
    const nowMs = tools.nowMs();
    const known = kept.get(url);
    if (known && known.untilMs > nowMs) return known.result;
    const result = fetchOne(url, tools).then((outcome) => {
      // A failure is not kept: the next message tries again.
      if ('kind' in outcome) kept.delete(url);
      return outcome;
    });
    kept.delete(url);
    kept.set(url, { untilMs: nowMs + KEPT_MS, result });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
    return result;
  };
  return async (media) => {
    const attachments: Attachment[] = [];
    for (const { url, mediaType, name } of media) {
      const file = await fetched(url);
      if ('kind' in file) return file;
      const contentType = mediaType ?? file.contentType;
      attachments.push({
        content: file.body,
        filename: name ?? nameIn(url),
        ...(contentType ? { contentType } : {}),
      });
    }
    return attachments;
  };
}

/** True for a picture that the mail itself shows: `<img src="cid:logo.png">` (RFC 2392). */
export function isShownIn(html: string | undefined, { filename }: Attachment): boolean {
  return html?.includes(`cid:${filename}`) === true;
}

async function fetchOne(url: string, { http, deadlineMs }: AdapterTools): Promise<Fetched | Outcome> {
  const call = await http.call({ method: 'GET', url, deadlineMs, maxBytes: LARGEST_BYTES });
  if (call.kind === 'answer' && call.status === 200) {
    const contentType = call.headers['content-type'];
    return typeof contentType === 'string' ? { body: call.body, contentType } : { body: call.body };
  }
  const gone = call.kind === 'answer' && call.status >= 400 && call.status < 500 && call.status !== 429;
  const reason = call.kind === 'answer' ? `HTTP ${call.status}` : call.reason;
  const detail = plainDetail(`attachment ${url} could not be fetched: ${reason}`, []);
  // Nothing was sent yet in either case.
  return gone
    ? { kind: 'refused', code: 'attachment', class: 'content', detail }
    : { kind: 'deferred', code: 'attachment', class: 'transient', detail };
}

function nameIn(url: string): string {
  return /\/([^/?#]+)(?:[?#].*)?$/.exec(url)?.[1] ?? 'attachment';
}
