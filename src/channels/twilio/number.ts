/**
 * Twilio Lookup v2: whether a number can be somebody's, who serves it and what kind of line it is. A product of its own at
 * Twilio, with a host of its own, but the account's credentials. The kind of line is charged for ("Line Type Intelligence").
 */
import type { ErrorClass, LineType } from '../../../contract/channels.ts';
import { formBody } from '../../base/http.ts';
import type { AdapterTools, NumberLookUp } from '../adapter.ts';
import {
  jsonObject,
  outcomeOf,
  plainDetail,
  repeatable,
  unanswered,
  type CodeMeaning,
} from '../kit/outcome.ts';
import { twilioFailure, twilioVerdict } from './outcomes.ts';
import { entryOf } from '../kit/json.ts';

/**
 * Codes of look-ups, which come as the answer or within it (`line_type_intelligence.error_code`). 20404 means another
 * thing here than elsewhere: the number is what was not found. `number`: only this number is hit, not the account.
 */
export const LOOK_UP_CODES: readonly (readonly [
  code: number,
  meaning: ErrorClass,
  title: string,
  reach?: 'number',
])[] = [
  [20404, 'recipient', 'Not found: not a phone number'],
  [60600, 'recipient', 'Unprovisioned or out of coverage'],
  [60601, 'config', 'Authorization required for Canada lookups', 'number'],
  [60606, 'config', 'Lookup package is not enabled'],
  [60607, 'config', 'Lookup unsupported country', 'number'],
  [60608, 'transient', 'Lookup error: the source of the facts replied with an error'],
  [60610, 'recipient', 'Phone number outside of coverage'],
  [60614, 'config', 'Lookup request must be completed in different Twilio region', 'number'],
  [60619, 'config', 'Lookup request cannot be completed in Twilio region', 'number'],
];
const BY_CODE = new Map(LOOK_UP_CODES.map((row) => [row[0], row]));

/** `type` of Line Type Intelligence; `unknown` is absent, as is what Twilio may add. */
const LINES: Readonly<Record<string, LineType>> = {
  mobile: 'mobile',
  landline: 'landline',
  fixedVoip: 'voip',
  nonFixedVoip: 'voip',
  tollFree: 'toll_free',
  premium: 'premium',
  personal: 'other',
  sharedCost: 'other',
  uan: 'other',
  voicemail: 'other',
  pager: 'other',
};

/** Asks Twilio about a number. */
export async function lookUpNumber(
  at: {
    tools: AdapterTools;
    account: { lookUpUrl: string; headers: Record<string, string> };
    secrets: readonly string[];
  },
  number: string,
): Promise<NumberLookUp> {
  const { tools, account, secrets } = at;
  const call = await tools.http.call({
    method: 'GET',
    url: `${account.lookUpUrl}/v2/PhoneNumbers/${encodeURIComponent(number)}?${formBody({ Fields: 'line_type_intelligence' })}`,
    headers: account.headers,
    deadlineMs: tools.deadlineMs,
  });
  if (call.kind !== 'answer') return repeatable(unanswered(call, secrets));
  const answer = jsonObject(call.body.toString('utf8'));
  const line = answer?.line_type_intelligence as Record<string, unknown> | null | undefined;
  const known = call.status === 200 && typeof answer?.valid === 'boolean';
  const code = known ? line?.error_code : answer?.code;
  if (typeof code === 'number' && call.status !== 429 && (known || isOfLookUps(code)))
    return failed(code, typeof answer?.message === 'string' ? answer.message : undefined, secrets);
  if (!known) return repeatable(twilioFailure(call, { nowMs: tools.nowMs(), secrets, ownSender: false }));
  return found(answer, line ?? {});
}

function isOfLookUps(code: number): boolean {
  return BY_CODE.has(code) || Math.floor(code / 1000) === 60;
}

function failed(code: number, message: string | undefined, secrets: readonly string[]): NumberLookUp {
  const title = BY_CODE.get(code)?.[2] ?? 'Twilio could not tell the kind of line';
  return repeatable(outcomeOf(verdictOf(code), String(code), plainDetail(message ?? title, secrets)));
}

/** A code of look-ups that is not known yet says nothing against the number. */
function verdictOf(code: number): CodeMeaning {
  const row = BY_CODE.get(code);
  if (!row) return isOfLookUps(code) ? { class: 'transient' } : twilioVerdict(code);
  return row[3] === 'number' ? { class: row[1], onlyThisMessage: true } : { class: row[1] };
}

function found(answer: Record<string, unknown>, line: Record<string, unknown>): NumberLookUp {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const country = text(answer.country_code);
  const lineType = entryOf(LINES, text(line.type) ?? '');
  const carrier = text(line.carrier_name);
  const [mcc, mnc] = [text(line.mobile_country_code), text(line.mobile_network_code)];
  return {
    kind: 'found',
    valid: answer.valid === true,
    ...(country ? { country } : {}),
    ...(lineType ? { lineType } : {}),
    ...(carrier ? { carrier: plainDetail(carrier, []) } : {}),
    ...(mcc && mnc ? { network: `${mcc}${mnc}` } : {}),
  };
}
