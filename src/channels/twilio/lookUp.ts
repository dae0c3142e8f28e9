/** Asks Twilio whether something was sent whose answer got lost: messages and calls, which list alike. */
import { formBody } from '../../base/http.ts';
import type { AdapterTools, Outcome } from '../adapter.ts';
import { jsonObject } from '../kit/outcome.ts';

/** Rows of a look-up; Twilio lists the newest first. */
const PAGE = 50;
/** Twilio's dates have whole seconds, and its clock is not ours. */
const CLOCK_SLACK_MS = 5_000;

/**
 * Twilio has no field to correlate by, so a message counts as ours when it is the only one to that number since then
 * with the same text. Others to that number leave it open: a Messaging Service may have replaced characters
 * (SmartEncoded), and calls do not tell their text.
 */
export async function lookUpTwilio(
  at: { tools: AdapterTools; endpoint: string; headers: Record<string, string>; list: 'messages' | 'calls' },
  { to, sinceMs, text }: { to: string; sinceMs: number; text?: string },
): Promise<Outcome | undefined> {
  const url = `${at.endpoint}?${formBody({ To: to, PageSize: String(PAGE) })}`;
  const { http, deadlineMs } = at.tools;
  const call = await http.call({ method: 'GET', url, headers: at.headers, deadlineMs });
  if (call.kind !== 'answer' || call.status !== 200) return undefined;
  const rows = jsonObject(call.body.toString('utf8'))?.[at.list];
  if (!Array.isArray(rows)) return undefined;
  const since = (rows as Record<string, unknown>[]).filter(
    ({ direction, date_created: created }) =>
      direction !== 'inbound' &&
      typeof created === 'string' &&
      Date.parse(created) >= sinceMs - CLOCK_SLACK_MS,
  );
  const same = since.filter((row) => text !== undefined && row.body === text);
  if (same.length === 1 && typeof same[0]!.sid === 'string')
    return { kind: 'accepted', externalIds: [same[0]!.sid], receipts: true };
  if (since.length > 0) return undefined;
  return {
    kind: 'deferred',
    code: 'not_found',
    class: 'transient',
    detail: `not among the ${at.list} at Twilio`,
  };
}
