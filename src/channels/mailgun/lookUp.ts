/** Asks Mailgun's event log whether a mail whose call was not answered was taken: it is found by the id that we gave it. */
import type { AdapterTools, Outcome, Settings } from '../adapter.ts';
import { jsonObject, plainDetail } from '../kit/outcome.ts';
import { objectIn, objectsIn, textIn } from '../kit/json.ts';
import { mailgunAccount, messageIdOf } from './settings.ts';

/** Clocks differ, and an event is dated by Mailgun. */
const MARGIN_S = 60;

/** What became of it; undefined when there is no event: the log is late at times, so that its silence says nothing. */
export async function lookUpMailgun(
  settings: Settings,
  { http, deadlineMs }: AdapterTools,
  { ref, sinceMs }: { ref: string; sinceMs: number },
): Promise<Outcome | undefined> {
  const { url, domain, headers } = mailgunAccount(settings);
  const id = messageIdOf(ref, domain);
  const query = new URLSearchParams({
    'message-id': id,
    begin: String(Math.floor(sinceMs / 1000) - MARGIN_S),
    ascending: 'yes',
    limit: '25',
  });
  const call = await http.call({
    method: 'GET',
    url: `${url}/events?${query.toString()}`,
    headers,
    deadlineMs,
  });
  if (call.kind !== 'answer' || call.status !== 200) return undefined;
  const events = objectsIn(jsonObject(call.body.toString('utf8')), 'items').filter(
    (event) => textIn(objectIn(objectIn(event, 'message'), 'headers'), 'message-id') === id,
  );
  const rejected = events.find(({ event }) => event === 'rejected');
  if (rejected) {
    const why = textIn(objectIn(rejected, 'reject'), 'reason') ?? 'rejected by Mailgun';
    return { kind: 'refused', code: 'rejected', class: 'config', detail: plainDetail(why, []) };
  }
  return events.length ? { kind: 'accepted', externalIds: [id], receipts: true } : undefined;
}
