/**
 * What Twilio's codes mean, for SMS and calls: one class per code, and from an answer to an outcome.
 * The codes are those of Twilio's error dictionary. Twilio splits codes into finer ones without notice
 * (changelog 2024-07-10), so an unknown code is judged by its range and never throws.
 */
import type { ErrorClass } from '../../../contract/channels.ts';
import type { HttpOutcome } from '../../base/http.ts';
import { retryAfterMs } from '../../base/http.ts';
import type { Outcome } from '../adapter.ts';
import {
  jsonObject,
  outcomeOf,
  plainDetail,
  unanswered,
  type Failure,
  type CodeMeaning,
} from '../kit/outcome.ts';

/**
 * A row: code, class, Twilio's title, and how far a `config` fault reaches: `message` when it hangs on this
 * destination or content, `sender` when on the number or sender id; the whole account when absent.
 */
type TwilioCode = readonly [code: number, meaning: ErrorClass, title: string, reach?: 'message' | 'sender'];

/** Every known code. */
export const TWILIO_CODES: readonly TwilioCode[] = [
  [11200, 'transient', 'HTTP retrieval failure'],
  [12100, 'content', 'Document parse failure'],
  [13224, 'recipient', 'Dial: Twilio does not support calling this number or the number is invalid'],
  [14107, 'rate', 'SMS send rate limit exceeded'],
  [20003, 'config', 'Permission Denied'],
  [20005, 'config', 'Account not active'],
  [20006, 'config', 'Access Denied'],
  [20010, 'config', 'Action disabled for account'],
  [20429, 'rate', 'Too Many Requests'],
  [21202, 'recipient', 'Called number is a premium number'],
  [21203, 'config', 'International calling not enabled', 'message'],
  [21210, 'config', "'From' phone number not verified", 'sender'],
  [21211, 'recipient', "Invalid 'To' Phone Number"],
  [21212, 'config', 'Invalid From Number (caller ID)', 'sender'],
  [21214, 'recipient', "'To' phone number cannot be reached"],
  [21215, 'config', 'Geo Permission configuration is not permitting call', 'message'],
  [21216, 'config', 'API: Call blocked by Twilio blocklist', 'message'],
  [21217, 'recipient', 'Phone number does not appear to be valid'],
  [21219, 'config', "'To' phone number not verified", 'message'],
  [21401, 'config', 'Invalid Phone Number'],
  [
    21408,
    'config',
    "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    'message',
  ],
  [21601, 'config', 'Phone number is not a valid SMS-capable inbound phone number', 'sender'],
  [21602, 'content', 'Message body is required'],
  [21603, 'config', "A 'From' or 'MessagingServiceSid' parameter is required to send a message", 'sender'],
  [21604, 'config', "The destination 'To' phone number is required to send an SMS", 'message'],
  [21605, 'content', 'Maximum body length is 160 characters (old API endpoint)'],
  [
    21606,
    'config',
    "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination",
    'message',
  ],
  [21607, 'config', "The 'from' phone number must be the sandbox phone number for trial accounts", 'sender'],
  [21608, 'config', "The 'to' phone number provided is not yet verified for this account", 'message'],
  [21609, 'config', "Invalid 'StatusCallback'"],
  [21610, 'optout', 'Attempt to send to unsubscribed recipient'],
  [21611, 'rate', "This 'From' number has exceeded the maximum number of queued messages"],
  [21612, 'config', "The 'To' phone number is not currently reachable via SMS", 'message'],
  [21614, 'recipient', "'To' number is not a valid mobile number"],
  [21617, 'content', 'The concatenated message body exceeds the 1600 character limit'],
  [21618, 'content', 'The message body cannot be sent'],
  [21620, 'content', 'Invalid media URL(s)'],
  [21621, 'config', "The 'From' number has not been enabled for MMS", 'message'],
  [21622, 'config', 'MMS has not been enabled for your account', 'message'],
  [21623, 'content', 'Number of media files exceeds allowed limit'],
  [21652, 'content', 'Maximum subject length is 40 characters'],
  [21654, 'content', 'ContentSid Required'],
  [21655, 'config', 'The ContentSid is Invalid', 'message'],
  [21656, 'config', 'The ContentVariables Parameter is invalid', 'message'],
  [21657, 'config', 'The Sender ID is invalid', 'sender'],
  [21658, 'content', 'Parameter exceeded character limit'],
  [21659, 'config', "'From' is not a Twilio phone number or short code country mismatch", 'sender'],
  [21660, 'config', "Mismatch between the 'From' number and the account", 'sender'],
  [21661, 'config', "'From' number is not SMS-capable", 'sender'],
  [21701, 'config', 'The Messaging Service does not exist'],
  [21702, 'config', 'The Messaging Service is not available to send new messages'],
  [21703, 'config', 'The Messaging Service does not have a phone number available to send a message'],
  [21704, 'config', 'The Messaging Service contains no phone numbers'],
  [21705, 'config', 'The Messaging Service is invalid'],
  [21709, 'config', 'Alpha Sender ID is Invalid or Not Authorized for this Messaging Service', 'sender'],
  [21730, 'transient', 'System under maintenance'],
  [30001, 'rate', 'Queue overflow'],
  [30002, 'config', 'Account suspended'],
  [30003, 'transient', 'Unreachable destination handset'],
  [30004, 'blocked', 'Message blocked'],
  [30005, 'recipient', 'Unknown destination handset'],
  [30006, 'recipient', 'Landline or unreachable carrier'],
  [30007, 'content', 'Message filtered'],
  [30008, 'transient', 'Unknown error'],
  [30009, 'transient', 'Missing inbound segment'],
  [30017, 'transient', 'Carrier network congestion'],
  [30018, 'config', 'Destination carrier requires sender ID pre-registration'],
  [30019, 'content', 'Content size exceeds carrier limit'],
  [30020, 'transient', 'Internal Failure with Message Scheduling'],
  [30021, 'transient', 'Internal Failure with messaging service orchestrator'],
  [30022, 'rate', 'US A2P 10DLC - Rate Limits Exceeded'],
  [30023, 'rate', 'US A2P 10DLC - Daily Message Cap Reached'],
  [30024, 'config', 'Numeric Sender ID Not Provisioned on Carrier'],
  [30027, 'rate', 'US A2P 10DLC - T-Mobile Daily Message Limit Reached'],
  [30032, 'config', 'Toll-Free Number Has Not Been Verified'],
  [30033, 'config', 'US A2P 10DLC - Campaign Suspended'],
  [30034, 'config', 'US A2P 10DLC - Message from an Unregistered Number'],
  [30035, 'config', 'US A2P 10DLC - Message from a number still being configured'],
  [30036, 'expired', 'Validity period expired'],
  [30410, 'ambiguous', 'Provider Timeout Error'],
  [30450, 'blocked', 'Message delivery blocked'],
  [63001, 'config', 'Channel could not authenticate the request'],
  [63002, 'config', 'Channel could not find the From address', 'sender'],
  [63003, 'recipient', 'Channel could not find To address'],
  [63005, 'content', 'Channel did not accept given content'],
  [63006, 'content', 'Could not format given content for the channel'],
  [63007, 'config', 'Twilio could not find a Channel with the specified From address', 'sender'],
  [63008, 'config', 'Could not execute the request because the channel module has been misconfigured'],
  [63009, 'transient', 'Channel provider returned an internal service error (HTTP 5xx)'],
  [63010, 'transient', "Twilio's platform encountered an internal error processing this message"],
  [63012, 'transient', 'Channel provider returned an internal service error'],
  [63013, 'content', 'Channel policy violation'],
  [63014, 'optout', 'Channel message blocked by user action'],
  [
    63015,
    'config',
    'Channel Sandbox can only send messages to phone numbers that have joined the Sandbox',
    'message',
  ],
  [63016, 'window', 'Failed to send freeform message because you are outside the allowed window'],
  [63017, 'rate', 'Rate limit exceeded'],
  [63018, 'rate', 'Rate limit exceeded for Channel'],
  [63021, 'content', 'Channel invalid content error'],
  [63024, 'recipient', 'Invalid message recipient'],
  [63026, 'content', 'Channel sender content flagged as spam'],
  [63027, 'content', 'Template does not exist for a language and locale'],
  [63028, 'content', 'Number of parameters provided does not match the expected number of parameters'],
  [63029, 'content', 'The receiver failed to download the template'],
  [63030, 'content', 'Unsupported parameter for type of channels message'],
  [63032, 'recipient', 'We cannot send this message to this user because of a WhatsApp limitation'],
  [63033, 'optout', 'Recipient blocked to receive message'],
  [63034, 'content', 'Media exceeds size limit'],
  [63036, 'recipient', 'The specified phone number cannot be reached by RBM at this time'],
  [63038, 'rate', 'Account exceeded the daily messages limit'],
  [63040, 'config', 'Template Rejected', 'message'],
  [63041, 'config', 'Template paused', 'message'],
  [63042, 'config', 'Template disabled', 'message'],
  [63051, 'config', 'WhatsApp Business Account is Locked'],
];

const BY_CODE = new Map(TWILIO_CODES.map((row) => [row[0], row]));

/** What a code means. `ownSender` says that this message brought its own sender id. */
export function twilioVerdict(code: number, ownSender = false): CodeMeaning {
  const row = BY_CODE.get(code);
  if (!row) return { class: classOfRange(code) };
  const onlyThis = row[3] === 'message' || (row[3] === 'sender' && ownSender);
  return onlyThis ? { class: row[1], onlyThisMessage: true } : { class: row[1] };
}

/** Twilio's title of a code, for people. */
export function twilioTitle(code: number): string | undefined {
  return BY_CODE.get(code)?.[2];
}

function classOfRange(code: number): ErrorClass {
  if (code >= 20_000 && code < 21_000) return 'config';
  if (code >= 30_000 && code < 31_000) return 'transient';
  if (code >= 63_000 && code < 64_000) return 'transient';
  return 'content';
}

/** What an answer is judged with. */
type Judging = { nowMs: number; secrets: readonly string[]; ownSender: boolean };

/** `"sid": "SM…"`: cannot stand in a text value, where quotes are escaped. An answer cut off behind it still counts. */
const SID = /"sid"\s*:\s*"([A-Z]{2}[0-9a-fA-F]{32})"/;

/**
 * The outcome of a create call (Messages, Calls). A 5xx is ambiguous: Twilio takes no idempotency key and may
 * have sent. 429 "is never processed and is always safe to retry" (Twilio, API error handling).
 */
export function twilioOutcome(call: HttpOutcome, judging: Judging): Outcome {
  if (call.kind !== 'answer') return unanswered(call, judging.secrets);
  if (call.status === 201 || call.status === 200) {
    const sid = SID.exec(call.body.toString('latin1'))?.[1];
    if (sid) return { kind: 'accepted', externalIds: [sid], receipts: true };
  }
  return twilioFailure(call, judging);
}

/** The outcome of an answer that is not a success. */
export function twilioFailure(
  { status, headers, body }: Extract<HttpOutcome, { kind: 'answer' }>,
  judging: Judging,
): Failure {
  return notCreated(status, body.toString('utf8'), retryAfterMs(headers, judging.nowMs), judging);
}

function notCreated(
  status: number,
  body: string,
  waitMs: number | undefined,
  { secrets, ownSender }: Judging,
): Failure {
  const error = jsonObject(body);
  const code = typeof error?.code === 'number' ? error.code : undefined;
  const name = code === undefined ? `http_${status}` : String(code);
  const message =
    typeof error?.message === 'string' ? error.message : `HTTP ${status} without an explanation`;
  const detail = plainDetail(message, secrets);
  if (status === 429) return outcomeOf({ class: 'rate', retryAfterMs: waitMs }, name, detail);
  // 2xx without a sid and 408 too: the request was taken, what became of it is not known.
  if (status >= 500 || status < 300 || status === 408) return { kind: 'unclear', code: name, detail };
  if (code !== undefined)
    return outcomeOf({ ...twilioVerdict(code, ownSender), retryAfterMs: waitMs }, name, detail);
  // Not Twilio's own words: a proxy in between, or a wrong base URL.
  const config = status < 400 || status === 401 || status === 403 || status === 404;
  return outcomeOf({ class: config ? 'config' : 'transient' }, name, detail);
}
