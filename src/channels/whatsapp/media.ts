/**
 * Files that people send. A callback only names a file; it is asked for with the access token, first its address, which
 * is good for five minutes, then its bytes (Cloud API, "Media"). Meta keeps a file for 30 days.
 */
import type { HttpRequest } from '../../base/http.ts';
import type { AdapterTools, FetchedMedia, Settings } from '../adapter.ts';
import { jsonObject, repeatable, secretsOf, textSetting } from '../kit/outcome.ts';
import { textIn } from '../kit/json.ts';
import { whatsappFailure } from './outcomes.ts';
import { WHATSAPP_SETTINGS, whatsappUrl } from './settings.ts';

const SCHEME = 'whatsapp-media:';
/** WhatsApp's largest: a document. */
const LARGEST_BYTES = 100 * 1024 * 1024;

/** How a file is named in `Inbound.media`, until somebody has fetched it. */
export function mediaUrl(id: string): string {
  return `${SCHEME}${id}`;
}

/** The call that asks for a file's address; undefined when the URL names no file of WhatsApp. */
export function mediaRequest(
  settings: Settings,
  url: string,
): Pick<HttpRequest, 'method' | 'url' | 'headers'> | undefined {
  const id = url.startsWith(SCHEME) ? url.slice(SCHEME.length) : '';
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(id)) return undefined;
  const number = encodeURIComponent(textSetting(settings, 'phoneNumberId') ?? '');
  return {
    method: 'GET',
    url: `${whatsappUrl(settings)}/${id}?phone_number_id=${number}`,
    headers: headersOf(settings),
  };
}

/** Fetches a file that a callback named. Two calls that may be repeated. */
export async function fetchMedia(
  settings: Settings,
  tools: AdapterTools,
  url: string,
): Promise<FetchedMedia> {
  const request = mediaRequest(settings, url);
  if (!request) return { kind: 'refused', code: 'media', class: 'content', detail: `not a media id: ${url}` };
  const { http, deadlineMs } = tools;
  const judging = { nowMs: tools.nowMs(), secrets: secretsOf(WHATSAPP_SETTINGS, settings) };
  const asked = await http.call({ ...request, deadlineMs });
  const answer =
    asked.kind === 'answer' && asked.status === 200 ? jsonObject(asked.body.toString('utf8')) : undefined;
  const address = textIn(answer, 'url');
  if (!address) return repeatable(whatsappFailure(asked, judging));
  if (!mayHaveToken(address, whatsappUrl(settings)))
    return { kind: 'refused', code: 'media', class: 'config', detail: 'the file is not kept at Meta' };
  const headers = headersOf(settings);
  const got = await http.call({ method: 'GET', url: address, headers, deadlineMs, maxBytes: LARGEST_BYTES });
  if (got.kind !== 'answer' || got.status !== 200) return repeatable(whatsappFailure(got, judging));
  const type = got.headers['content-type'];
  return {
    kind: 'fetched',
    bytes: got.body,
    mediaType: textIn(answer, 'mime_type') ?? (typeof type === 'string' ? type : undefined),
  };
}

function headersOf(settings: Settings): Record<string, string> {
  // Meta's file servers refuse calls without a user agent.
  return { authorization: `Bearer ${textSetting(settings, 'accessToken') ?? ''}`, 'user-agent': 'Parley' };
}

/** The token goes to Meta's own hosts and to where the API itself is, nowhere else. */
function mayHaveToken(address: string, base: string): boolean {
  const url = URL.parse(address);
  if (!url) return false;
  if (url.origin === URL.parse(base)?.origin) return true;
  return (
    url.protocol === 'https:' &&
    /(^|\.)(fbsbx\.com|facebook\.com|whatsapp\.net|fbcdn\.net)$/.test(url.hostname)
  );
}
