/**
 * What the Cloud API's error codes mean, for answers and for `failed` statuses alike. Meta asks to build on `code` and
 * `error_data.details`, never on the title or the HTTP status (Cloud API, "Error codes").
 */
import type { ErrorClass } from '../../../contract/channels.ts';
import { retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import type { Outcome } from '../adapter.ts';
import {
  jsonObject,
  outcomeOf,
  plainDetail,
  unanswered,
  type Failure,
  type CodeMeaning,
} from '../kit/outcome.ts';
import { objectIn, objectsIn, textIn } from '../kit/json.ts';

/**
 * A row: code, class, title, and `message` where a `config` fault hangs on this recipient or template and says nothing
 * about the others. Code 200 stands for 200 to 299.
 */
type WhatsAppCode = readonly [code: number, meaning: ErrorClass, title: string, reach?: 'message'];

/** Every known code. */
export const WHATSAPP_CODES: readonly WhatsAppCode[] = [
  [0, 'config', 'The access token could not be checked'],
  [1, 'transient', 'Unknown trouble at Meta, or a request it does not understand'],
  [2, 'transient', 'The API is down for the moment'],
  [3, 'config', 'The app may not use this'],
  [4, 'rate', 'Too many calls by this app'],
  [10, 'config', 'A permission is missing'],
  [33, 'config', 'The business number was deleted'],
  [100, 'content', 'A parameter is not valid'],
  [190, 'config', 'The access token has expired'],
  [200, 'config', 'A permission is missing (200 to 299)'],
  [368, 'config', 'Blocked for a time for breaking a policy'],
  [80007, 'rate', 'Too many calls for this business account'],
  [130429, 'rate', 'Too many messages a second from this number'],
  [130472, 'hold_24h', 'The person is part of an experiment of Meta'],
  [130497, 'config', 'This business may not write to people in that country', 'message'],
  [131000, 'transient', 'Something went wrong at Meta'],
  [131005, 'config', 'Access denied'],
  [131008, 'content', 'A parameter is missing'],
  [131009, 'content', 'The value of a parameter is not valid'],
  [131016, 'transient', 'A service of Meta is down for the moment'],
  [131021, 'recipient', 'The recipient is the sender'],
  [131026, 'recipient', 'The message cannot be delivered: no WhatsApp, or an app too old'],
  [131030, 'config', 'The recipient is not in the list of a test number', 'message'],
  [131031, 'config', 'The account is locked'],
  [131037, 'config', 'The display name of the number is not approved'],
  [131042, 'config', 'Something is wrong with the payment method'],
  [131044, 'config', 'Something is wrong with the payment method (calls)'],
  [131045, 'config', 'The number is not registered, or its certificate is wrong'],
  [131047, 'window', 'More than 24 hours since the person last wrote'],
  [131048, 'sender_paused', 'Too many people blocked or reported this number'],
  [131049, 'hold_24h', 'Meta holds marketing back from this person'],
  [131050, 'optout', 'The person stopped marketing messages from you'],
  [131051, 'content', 'Not a type of message that is supported'],
  [131052, 'content', 'The file of the person could not be fetched'],
  [131053, 'content', 'Our file could not be taken'],
  [131056, 'rate', 'Too many messages to this one person'],
  [131057, 'transient', 'The account is in maintenance'],
  [131062, 'config', 'This message cannot go to a user id, only to a number', 'message'],
  [131063, 'config', 'Marketing templates are switched off for this API', 'message'],
  [131064, 'rate', 'Limited for a time because templates were in the wrong category'],
  [132000, 'content', 'The number of parameters is not that of the template'],
  [132001, 'content', 'No such template in that language, or not approved'],
  [132005, 'content', 'The template is too long with its parameters'],
  [132007, 'content', 'The template breaks a policy'],
  [132008, 'content', 'The value of a template parameter is not valid'],
  [132012, 'content', 'A template parameter has another format'],
  [132015, 'template_paused', 'The template is paused for low quality'],
  [132016, 'content', 'The template is switched off for good'],
  [132068, 'content', 'The flow is blocked'],
  [132069, 'template_paused', 'The flow is slowed down'],
  [133010, 'config', 'The number is not registered'],
  [133016, 'rate', 'The number was registered too often'],
  [135000, 'transient', 'The message could not be sent, Meta does not say why'],
  [137000, 'content', 'The person has a new identity key'],
];
const BY_CODE = new Map(WHATSAPP_CODES.map((row) => [row[0], row]));

/** One message to one person in 6 seconds; a burst may borrow from the time after it (Cloud API, "Pair rate limits"). */
const PAIR_PAUSE_MS = 6000;
/** With code 100: the id in the path, that is our phone number id, does not exist or may not be used (Graph API). */
const NO_SUCH_OBJECT = 33;

/** What a code means. An unknown one is judged by its range. */
export function whatsappVerdict(code: number, subcode?: number): CodeMeaning {
  if (code === 100 && subcode === NO_SUCH_OBJECT) return { class: 'config' };
  const row = BY_CODE.get(code >= 200 && code < 300 ? 200 : code);
  if (!row) return { class: classOfRange(code) };
  if (code === 131056) return { class: 'rate', retryAfterMs: PAIR_PAUSE_MS };
  return row[3] === 'message' ? { class: row[1], onlyThisMessage: true } : { class: row[1] };
}

/** Our title of a code, for people. */
export function whatsappTitle(code: number): string | undefined {
  return BY_CODE.get(code)?.[2];
}

function classOfRange(code: number): ErrorClass {
  if (code >= 133_000 && code < 134_000) return 'config';
  return code >= 130_000 && code < 140_000 ? 'content' : 'transient';
}

/** What an answer is judged with. */
type Judging = { nowMs: number; secrets: readonly string[] };

/** The outcome of a send. */
export function whatsappOutcome(call: HttpOutcome, judging: Judging): Outcome {
  if (call.kind === 'answer' && call.status >= 200 && call.status < 300) {
    const answer = jsonObject(call.body.toString('utf8'));
    const messages: unknown = answer?.messages;
    const id = Array.isArray(messages)
      ? textIn(messages[0] as Record<string, unknown> | undefined, 'id')
      : undefined;
    // `message_status` may say that the message is held for a check of its template: a status tells what became of it.
    if (id) return { kind: 'accepted', externalIds: [id], receipts: true, ...knownAs(answer) };
  }
  return whatsappFailure(call, judging);
}

/** `wa_id` is the number by which the person joined, and by which they are named when they write. */
function knownAs(answer: Record<string, unknown> | undefined): { knownAs?: string } {
  const [contact] = objectsIn(answer, 'contacts');
  const [input, waId] = [textIn(contact, 'input')?.replaceAll(/\D/g, ''), textIn(contact, 'wa_id')];
  return waId !== undefined && waId !== input && /^[1-9]\d{6,14}$/.test(waId) ? { knownAs: `+${waId}` } : {};
}

/** The outcome of a call that is not a success. */
export function whatsappFailure(call: HttpOutcome, { nowMs, secrets }: Judging): Failure {
  if (call.kind !== 'answer') return unanswered(call, secrets);
  const { status } = call;
  const error = objectIn(jsonObject(call.body.toString('utf8')), 'error');
  const code = error?.code;
  const detail = plainDetail(detailOf(error) ?? `HTTP ${status} without an explanation`, secrets);
  const waitMs = retryAfterMs(call.headers, nowMs);
  if (typeof code === 'number' && status >= 300) {
    const verdict = judged(code, status, error!);
    return outcomeOf({ ...verdict, retryAfterMs: waitMs ?? verdict.retryAfterMs }, String(code), detail);
  }
  const name = `http_${status}`;
  if (status === 429) return outcomeOf({ class: 'rate', retryAfterMs: waitMs }, name, detail);
  // No idempotency key: what was taken without a clear answer may have been sent.
  if (status >= 500 || status < 300 || status === 408) return { kind: 'unclear', code: name, detail };
  // Not Meta's own words: a proxy in between, or a wrong base URL.
  const config = status < 400 || status === 401 || status === 403 || status === 404;
  return outcomeOf({ class: config ? 'config' : 'transient' }, name, detail);
}

function judged(code: number, status: number, error: Record<string, unknown>): CodeMeaning {
  const subcode = typeof error.error_subcode === 'number' ? error.error_subcode : undefined;
  if (whatsappTitle(code) !== undefined || (code >= 200 && code < 300)) return whatsappVerdict(code, subcode);
  if (status === 429) return { class: 'rate' };
  if (status >= 500) return { class: 'ambiguous' };
  return error.is_transient === true ? { class: 'transient' } : whatsappVerdict(code, subcode);
}

/** What Meta says of an error, in the order in which it is worth reading. */
export function detailOf(error: Record<string, unknown> | undefined): string | undefined {
  const details = textIn(objectIn(error, 'error_data'), 'details') ?? textIn(error, 'error_user_msg');
  const message = textIn(error, 'message') ?? textIn(error, 'title');
  if (!details || !message) return details ?? message;
  return message.includes(details) ? message : `${message}: ${details}`;
}
