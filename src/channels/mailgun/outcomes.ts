/** What Mailgun's answers and failed events mean. */
import { beginningOf } from '../../base/text.ts';
import type { ErrorClass } from '../../../contract/channels.ts';
import { retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import type { Outcome, Receipt } from '../adapter.ts';
import {
  jsonObject,
  outcomeOf,
  plainDetail,
  unanswered,
  type Failure,
  type CodeMeaning,
} from '../kit/outcome.ts';
import { meaningOfWords } from '../kit/mail/refusal.ts';
import { ENHANCED_CODES } from '../smtp/outcomes.ts';
import { objectIn, textIn, type Json } from '../kit/json.ts';

/** HTTP answers to a send. Mailgun has no codes of its own. */
export const MAILGUN_ANSWERS: readonly (readonly [status: number, meaning: ErrorClass, title: string])[] = [
  [400, 'content', 'A field is missing or not valid'],
  [401, 'config', 'The API key is wrong'],
  [402, 'config', 'The account has to be paid, or its plan does not allow this'],
  [403, 'config', 'The key may not send for this domain'],
  [404, 'config', 'No such domain: mostly the wrong region'],
  [413, 'content', 'The mail is larger than 25 MB'],
  [429, 'rate', 'Too much in a short time'],
  [500, 'ambiguous', 'Trouble at Mailgun'],
  [502, 'ambiguous', 'Trouble on the way to Mailgun'],
  [503, 'transient', 'Mailgun is busy or stopped'],
  [504, 'ambiguous', 'Mailgun took too long'],
];
const ANSWERS = new Map(MAILGUN_ANSWERS.map(([status, meaning]) => [status, meaning]));

/** Why a mail failed for good (`reason` of the event). For `bounce` and `generic` an enhanced code says it better. */
export const MAILGUN_REASONS: readonly (readonly [reason: string, meaning: ErrorClass, title: string])[] = [
  ['suppress-bounce', 'recipient', 'Mailgun knows the address as dead'],
  ['suppress-unsubscribe', 'optout', 'The person unsubscribed at Mailgun'],
  ['suppress-complaint', 'optout', 'The person called an earlier mail spam'],
  ['bounce', 'recipient', 'The other server refused the address'],
  ['old', 'expired', 'Mailgun gave up after its own retries'],
  ['espblock', 'blocked', 'The other server blocks mail of ours'],
  ['generic', 'transient', 'The other server refused, and it is not clear why'],
];
const REASONS = new Map(MAILGUN_REASONS.map(([reason, meaning]) => [reason, meaning]));
/** These say nothing that the other server's own code does not say better. */
const VAGUE: readonly (string | undefined)[] = ['bounce', 'generic', undefined];
const ENHANCED = new Map(ENHANCED_CODES.map(([code, meaning]) => [code, meaning]));

/** What an answer is judged with. */
type Judging = { nowMs: number; secrets: readonly string[]; ownSender: boolean };

/** The outcome of a send. */
export function mailgunOutcome(call: HttpOutcome, judging: Judging): Outcome {
  if (call.kind === 'answer' && call.status === 200) {
    const id = textIn(jsonObject(call.body.toString('utf8')), 'id')?.replace(/^<|>$/g, '');
    if (id) return { kind: 'accepted', externalIds: [id], receipts: true };
  }
  return mailgunFailure(call, judging);
}

/** The outcome of a call that is not a success. */
export function mailgunFailure(call: HttpOutcome, { nowMs, secrets, ownSender }: Judging): Failure {
  if (call.kind !== 'answer') return unanswered(call, secrets);
  const { status } = call;
  const said = call.body.toString('utf8');
  const message = textIn(jsonObject(said), 'message') ?? plainAnswer(said);
  const name = `http_${status}`;
  const detail = plainDetail(message ?? `HTTP ${status} without an explanation`, secrets);
  if (status < 300 || status === 408) return { kind: 'unclear', code: name, detail };
  const verdict = status === 400 ? fieldVerdict(message ?? '', ownSender) : { class: classOf(status) };
  const waitMs = retryAfterMs(call.headers, nowMs) ?? (status === 429 ? waitIn(message ?? '') : undefined);
  return outcomeOf({ ...verdict, retryAfterMs: waitMs }, name, detail);
}

function classOf(status: number): ErrorClass {
  const known = ANSWERS.get(status);
  if (known) return known;
  if (status >= 500) return 'ambiguous';
  // Not Mailgun's own words: a proxy in between, or a wrong base URL.
  return status < 400 || status === 405 ? 'config' : 'transient';
}

/** A 400 names its field in words only. */
function fieldVerdict(message: string, ownSender: boolean): CodeMeaning {
  if (/\bto'? parameter is not a valid address/i.test(message)) return { class: 'recipient' };
  if (/\bfrom'? parameter/i.test(message))
    return ownSender ? { class: 'config', onlyThisMessage: true } : { class: 'config' };
  if (/not allowed to send|is disabled|not (?:yet )?verified|unverified/i.test(message))
    return { class: 'config' };
  return { class: 'content' };
}

/** "…limit exceeded, try again after 120 seconds": the only place where the time is. */
function waitIn(message: string): number | undefined {
  const seconds = /try again (?:after|in) (\d{1,6}) second/i.exec(message)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** 401 is the bare word Forbidden, sometimes as a JSON text. */
function plainAnswer(text: string): string | undefined {
  const plain = text.replace(/^\s*"|"\s*$/g, '').trim();
  return plain === '' || /[<{]/.test(plain) ? undefined : plain;
}

/** What a `failed` event of severity permanent means. */
export function mailgunReason(event: Json): Pick<Receipt, 'code' | 'class' | 'detail'> {
  const status = objectIn(event, 'delivery-status');
  const reason = textIn(event, 'reason');
  const enhanced = enhancedOf(status);
  const said = textIn(status, 'message') ?? textIn(status, 'description') ?? reason ?? '';
  const better = VAGUE.includes(reason) ? betterThan(reason, status, enhanced) : undefined;
  const detail = plainDetail(said, []);
  const smtp = typeof status?.code === 'number' ? String(status.code) : undefined;
  return {
    code: beginningOf((VAGUE.includes(reason) ? (enhanced ?? smtp) : undefined) ?? reason ?? 'failed', 64),
    class: better ?? REASONS.get(reason ?? '') ?? 'transient',
    ...(detail ? { detail } : {}),
  };
}

/** What the other server's own words say, then its code; where it says something that is not understood, no address dies of it. */
function betterThan(
  reason: string | undefined,
  status: Json | undefined,
  enhanced: string | undefined,
): ErrorClass | undefined {
  const words = `${textIn(status, 'message') ?? ''} ${textIn(status, 'description') ?? ''}`.trim();
  const meaning = meaningOfWords(words) ?? (enhanced === undefined ? undefined : meaningOf(enhanced));
  return meaning ?? (reason === 'bounce' && words ? 'transient' : undefined);
}

function meaningOf(enhanced: string): ErrorClass | undefined {
  return ENHANCED.get(enhanced) ?? ENHANCED.get(enhanced.slice(0, enhanced.lastIndexOf('.')));
}

/** The field where it is given, else a telling code in the other server's words. */
function enhancedOf(status: Json | undefined): string | undefined {
  const field = textIn(status, 'enhanced-code');
  if (field && /^[45]\.\d{1,3}\.\d{1,3}$/.test(field)) return field;
  const words = `${textIn(status, 'message') ?? ''} ${textIn(status, 'description') ?? ''}`;
  const all = words.match(/(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])/g) ?? [];
  return all.find((code) => !code.endsWith('.0.0'));
}
