/**
 * Files that people send by MMS. Twilio gives them to nobody but the account ("Twilio enforces HTTP Basic Authentication for all
 * media URLs", Media subresource), and answers with the address of a store, which is good for a while and wants no credentials.
 */
import type { AdapterTools, FetchedMedia, Inbound } from '../adapter.ts';
import { repeatable, unanswered } from '../kit/outcome.ts';
import { twilioFailure } from './outcomes.ts';

const MOST_MEDIA = 10;
/** MMS has 5 MB; the numbers of WhatsApp at Twilio take 16. */
const LARGEST_BYTES = 16 * 1024 * 1024;

/** The files that a callback names. */
export function mediaIn(parameters: URLSearchParams): Inbound['media'] {
  const media: Inbound['media'] = [];
  for (let at = 0; at < MOST_MEDIA; at++) {
    const url = parameters.get(`MediaUrl${at}`);
    if (!url) break;
    const mediaType = parameters.get(`MediaContentType${at}`);
    media.push({ url, ...(mediaType ? { mediaType } : {}), isKept: true });
  }
  return media;
}

/** Fetches a file that a callback named. Calls that may be repeated. */
export async function fetchTwilioMedia(
  {
    tools,
    account,
    secrets,
  }: {
    tools: AdapterTools;
    account: { url: string; headers: Record<string, string> };
    secrets: readonly string[];
  },
  url: string,
): Promise<FetchedMedia> {
  if (!mayHaveKey(url, account.url))
    return { kind: 'refused', code: 'media', class: 'content', detail: 'the file is not kept at Twilio' };
  const request = { method: 'GET', deadlineMs: tools.deadlineMs, maxBytes: LARGEST_BYTES } as const;
  const { authorization } = account.headers as { authorization: string };
  let got = await tools.http.call({ ...request, url, headers: { authorization } });
  const elsewhere =
    got.kind === 'answer' && got.status >= 301 && got.status <= 308 && got.headers['location'];
  const address = typeof elsewhere === 'string' ? URL.parse(elsewhere, url)?.href : undefined;
  if (address) got = await tools.http.call({ ...request, url: address });
  if (got.kind !== 'answer') return repeatable(unanswered(got, secrets));
  if (got.status !== 200)
    return repeatable(twilioFailure(got, { nowMs: tools.nowMs(), secrets, ownSender: false }));
  const type = got.headers['content-type'];
  return { kind: 'fetched', bytes: got.body, mediaType: typeof type === 'string' ? type : undefined };
}

/** The key goes to Twilio's own hosts and to where the API itself is, nowhere else. */
function mayHaveKey(address: string, accountUrl: string): boolean {
  const url = URL.parse(address);
  if (!url) return false;
  return (
    url.origin === URL.parse(accountUrl)?.origin ||
    (url.protocol === 'https:' && /(?:^|\.)twilio\.com$/.test(url.hostname))
  );
}
