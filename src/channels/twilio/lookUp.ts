/** Asks Twilio whether something was sent whose answer got lost: messages and calls, which list alike. */
import { formBody } from '../../base/http.ts';
import type { AdapterTools, AskedFor, Outcome } from '../adapter.ts';
import { jsonObject } from '../kit/outcome.ts';

/** Rows of a look-up; Twilio lists the newest first. */
const PAGE = 50;
/** Twilio's dates have whole seconds, and its clock is not ours. */
const CLOCK_SLACK_MS = 5_000;

/**
 * Twilio has no field to correlate by, so a message counts as ours when it is to that number since then, with the same text, and not known
 * as another's. Of several that are alike the oldest is taken: whose is which makes no difference, so long as each is only one's. Others
 * to that number leave it open: a Messaging Service may have replaced characters (SmartEncoded), and calls do not tell their text.
 */
export async function lookUpTwilio(
  at: { tools: AdapterTools; endpoint: string; headers: Record<string, string>; list: 'messages' | 'calls' },
  { to, sinceMs, text, known }: Omit<AskedFor, 'ref'>,
): Promise<Outcome | undefined> {
  const url = `${at.endpoint}?${formBody({ To: to, PageSize: String(PAGE) })}`;
  const { http, deadlineMs } = at.tools;
  const call = await http.call({ method: 'GET', url, headers: at.headers, deadlineMs });
  if (call.kind !== 'answer' || call.status !== 200) return undefined;
  const rows = jsonObject(call.body.toString('utf8'))?.[at.list];
  if (!Array.isArray(rows)) return undefined;
  const since = (rows as Record<string, unknown>[]).filter(
    ({ direction, sid, date_created: created }) =>
      direction !== 'inbound' &&
      typeof sid === 'string' &&
      known?.has(sid) !== true &&
      typeof created === 'string' &&
      Date.parse(created) >= sinceMs - CLOCK_SLACK_MS,
  );
  const oldest = since.findLast((row) => text !== undefined && row.body === text);
  if (oldest) return { kind: 'accepted', externalIds: [oldest.sid as string], receipts: true };
  if (since.length > 0) return undefined;
  return {
    kind: 'deferred',
    code: 'not_found',
    class: 'transient',
    detail: `not among the ${at.list} at Twilio`,
  };
}
