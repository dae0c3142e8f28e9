/** Completes a Twilio integration that names its number only by sid, as Sunshine's API does. */
import { formBody } from '../../base/http.ts';
import type { AdapterTools, Connected, Settings } from '../adapter.ts';
import { jsonObject, textSetting, unanswered } from '../kit/outcome.ts';
import { twilioFailure } from './outcomes.ts';

/**
 * Registers `inboundUrl` at the number and reads which number it is, in one call that may be repeated. Without a
 * phoneNumberSid there is nothing to do.
 */
export async function connectNumber(
  settings: Settings,
  at: {
    tools: AdapterTools;
    account: { url: string; headers: Record<string, string> };
    secrets: readonly string[];
  },
  inboundUrl: string,
): Promise<Connected> {
  const numberSid = textSetting(settings, 'phoneNumberSid');
  if (!numberSid) return { kind: 'connected', settings };
  const { tools, account, secrets } = at;
  const call = await tools.http.call({
    method: 'POST',
    url: `${account.url}/IncomingPhoneNumbers/${encodeURIComponent(numberSid)}.json`,
    headers: account.headers,
    body: formBody({ SmsUrl: inboundUrl, SmsMethod: 'POST' }),
    deadlineMs: tools.deadlineMs,
  });
  if (call.kind !== 'answer') return unanswered(call, secrets);
  const phoneNumber = call.status === 200 ? jsonObject(call.body.toString('utf8'))?.phone_number : undefined;
  if (typeof phoneNumber !== 'string' || !phoneNumber)
    return twilioFailure(call, { nowMs: tools.nowMs(), secrets, ownSender: false });
  return { kind: 'connected', settings: { ...settings, phoneNumber } };
}
