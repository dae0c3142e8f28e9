/** Twilio's own list of messages, for the audit: what of it left in a stretch of time, a page at a time. */
import { formBody } from '../../base/http.ts';
import type { AdapterTools, ListAsked, ListedMessage, ListedPage } from '../adapter.ts';
import { jsonObject, repeatable, unanswered } from '../kit/outcome.ts';
import { objectsIn, textIn, type Json } from '../kit/json.ts';
import { twilioFailure } from './outcomes.ts';

/** Rows of a page. A row with a text of 1,600 characters that are escaped has 11 kB: Twilio would give 1,000. */
const PAGE = 200;
const MOST_BYTES = 4 * 1024 * 1024;
/** The list is by when a message left, which may be so long after it was taken (`ValidityPeriod`, at most 36,000 s). */
const MOST_WAITED_MS = 36_000_000;

/**
 * Asks for a page of `Messages` (twilio_api_v2010, `ListMessage`): by `DateSent>` and `DateSent<`, both inclusive, and from there on by
 * `next_page_uri`, of which the query is followed and nothing else.
 */
export async function listTwilio(
  at: {
    tools: AdapterTools;
    account: { url: string; headers: Record<string, string> };
    secrets: readonly string[];
  },
  { fromMs, toMs, next }: ListAsked,
): Promise<ListedPage> {
  const { tools, account, secrets } = at;
  const first = {
    PageSize: String(PAGE),
    'DateSent>': timeText(fromMs),
    'DateSent<': timeText(toMs + MOST_WAITED_MS),
  };
  const query = next === undefined ? formBody(first) : new URLSearchParams(next).toString();
  const call = await tools.http.call({
    method: 'GET',
    url: `${account.url}/Messages.json?${query}`,
    headers: account.headers,
    deadlineMs: tools.deadlineMs,
    maxBytes: MOST_BYTES,
  });
  if (call.kind !== 'answer') return repeatable(unanswered(call, secrets));
  const answer = call.status === 200 ? jsonObject(call.body.toString('utf8')) : undefined;
  if (!Array.isArray(answer?.messages))
    return repeatable(twilioFailure(call, { nowMs: tools.nowMs(), secrets, ownSender: false }));
  const following = textIn(answer, 'next_page_uri')?.split('?')[1];
  return {
    kind: 'listed',
    rows: objectsIn(answer, 'messages').flatMap(listed),
    ...(following ? { next: following } : {}),
  };
}

/** What came in is in the same list. */
function listed(row: Json): ListedMessage[] {
  const [externalId, status] = [textIn(row, 'sid'), textIn(row, 'status')];
  if (!externalId || !status || textIn(row, 'direction') === 'inbound') return [];
  const takenMs = Date.parse(textIn(row, 'date_created') ?? '');
  return [{ externalId, status, ...(Number.isNaN(takenMs) ? {} : { takenMs }) }];
}

/** As Twilio's own libraries write a time: whole seconds, UTC. */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
