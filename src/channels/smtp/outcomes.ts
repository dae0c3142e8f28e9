/**
 * What a mail server's replies mean. Its words decide where they say something (`refusal.ts`), then the enhanced code (RFC 3463), then
 * the step at which the reply came, then its first digit. Nothing here knows the mail library but for the names of its error codes.
 */
import { beginningOf } from '../../base/text.ts';
import type { ErrorClass } from '../../../contract/channels.ts';
import type { Outcome, Receipt } from '../adapter.ts';
import { meaningOfWords } from '../kit/mail/refusal.ts';
import { outcomeOf, plainDetail, type CodeMeaning } from '../kit/outcome.ts';

/** Enhanced codes, longest match first: `5.7.26`, then `5.7`. */
export const ENHANCED_CODES: readonly (readonly [code: string, meaning: ErrorClass, title: string])[] = [
  ['5.1.1', 'recipient', 'No such mailbox'],
  ['5.1.2', 'recipient', 'No such domain'],
  ['5.1.3', 'recipient', 'The address is not well formed'],
  ['5.1.6', 'recipient', 'The mailbox has moved'],
  ['5.1.7', 'config', 'The sender address is not well formed'],
  ['5.1.8', 'config', 'The domain of the sender does not exist'],
  ['5.1.10', 'recipient', 'The domain takes no mail (null MX)'],
  ['5.2.1', 'recipient', 'The mailbox is disabled'],
  ['5.2.2', 'transient', 'The mailbox is full'],
  ['5.2.3', 'content', 'The message is too big for the mailbox'],
  ['5.3.4', 'content', 'The message is too big for the server'],
  ['5.3', 'transient', 'Trouble at the recipient’s server'],
  ['5.4.1', 'recipient', 'The domain does not answer for this address'],
  ['5.4.4', 'recipient', 'There is no route to the domain'],
  ['5.4.7', 'expired', 'The server gave up after its own retries'],
  ['5.4', 'transient', 'Trouble on the way to the recipient’s server'],
  ['5.5', 'config', 'The server does not take the command as we send it'],
  ['5.6', 'content', 'The message is not well formed'],
  ['5.7.0', 'config', 'The server wants a login or encryption first'],
  ['5.7.1', 'blocked', 'Policy of the recipient’s server'],
  ['5.7.8', 'config', 'User or password is wrong'],
  ['5.7.9', 'blocked', 'Policy: authentication of the mail too weak'],
  ['5.7.25', 'blocked', 'The sending server has no reverse DNS name'],
  ['5.7.26', 'blocked', 'The mail passes neither SPF nor DKIM, or fails DMARC'],
  ['5.7', 'blocked', 'Another policy of the recipient’s server'],
];

/** Replies that mean the same at every step. */
export const REPLY_CODES: readonly (readonly [reply: number, meaning: ErrorClass, title: string])[] = [
  [421, 'rate', 'The server closes the connection: too many, or it stops'],
  [450, 'transient', 'The mailbox is busy, or greylisting'],
  [451, 'transient', 'Trouble at the server, or throttling'],
  [452, 'transient', 'The server or the mailbox is full'],
  [454, 'transient', 'Login or encryption does not work just now'],
  [530, 'config', 'The server wants a login or encryption first'],
  [534, 'config', 'The server does not take this way to log in'],
  [535, 'config', 'User or password is wrong'],
  [538, 'config', 'The server wants encryption before the login'],
];

const ENHANCED = new Map(ENHANCED_CODES.map(([code, meaning]) => [code, meaning]));
const REPLY = new Map(REPLY_CODES.map(([reply, meaning]) => [reply, meaning]));

/** What went wrong, in the words of the mail library. */
export type SmtpFailure = {
  /** `EAUTH`, `EENVELOPE`, `ECONNECTION` … */
  code?: string | undefined;
  /** `MAIL FROM`, `RCPT TO`, `DATA`; `CONN` when the connection broke; `API` when nothing was sent. */
  command?: string | undefined;
  response?: string | undefined;
  responseCode?: number | undefined;
  message: string;
};

/** The outcome of a failed delivery. `left` says that the whole message had been handed over. */
export function smtpOutcome(failure: SmtpFailure, left: boolean, secrets: readonly string[]): Outcome {
  const detail = plainDetail(failure.response ?? failure.message, secrets);
  const reply = failure.responseCode ?? 0;
  const answered = reply >= 400 && reply < 600;
  // Behind the final dot only a reply tells; a connection that broke there leaves it open (RFC 5321 §4.2.5, §6.1).
  if (left && (!answered || failure.command === 'CONN'))
    return { kind: 'unclear', code: failure.code ?? 'no_reply', detail };
  if (!answered) return outcomeOf(unansweredVerdict(failure), failure.code ?? 'unknown', detail);
  const enhanced = enhancedOf(failure.response ?? '');
  const step = stepOf(failure);
  const verdict = replyVerdict({ reply, enhanced, words: failure.response ?? '' }, step);
  return outcomeOf(verdict, enhanced ?? String(reply), detail);
}

type Step = 'session' | 'sender' | 'recipient' | 'message';

function stepOf({ code, command }: SmtpFailure): Step {
  if (command === 'RCPT TO') return 'recipient';
  if (command === 'MAIL FROM') return 'sender';
  if (command === 'DATA') return code === 'EMESSAGE' ? 'message' : 'recipient';
  return 'session';
}

type Reply = { reply: number; enhanced: string | undefined; words: string };

function replyVerdict({ reply, enhanced, words }: Reply, step: Step): CodeMeaning {
  if (reply < 500) return { class: REPLY.get(reply) ?? 'transient' };
  // A greeting, EHLO or login that is refused says nothing about this message: hold, do not lose it.
  if (step === 'session') return { class: 'config' };
  const meaning = enhanced === undefined ? undefined : meaningOf(enhanced);
  const known =
    step === 'sender'
      ? (meaning ?? REPLY.get(reply) ?? 'config')
      : (inWords(words) ?? meaning ?? REPLY.get(reply) ?? meaningOfStep(reply, step));
  // What is said of the sender is no fault of an address.
  if (step === 'sender' && known === 'recipient') return { class: 'config' };
  // Some servers say 5.5.0 for a mailbox that is not there: that must not hold everything else.
  return known === 'config' && step !== 'sender' ? { class: known, onlyThisMessage: true } : { class: known };
}

/** What a reply says in words. "Timed out" is said of the server's own trouble there: its code tells more. */
function inWords(words: string): ErrorClass | undefined {
  const meaning = meaningOfWords(words);
  return meaning === 'expired' ? undefined : meaning;
}

function meaningOf(enhanced: string): ErrorClass | undefined {
  return ENHANCED.get(enhanced) ?? ENHANCED.get(enhanced.slice(0, enhanced.lastIndexOf('.')));
}

/**
 * 5xx without a telling code or word. 552 is a full mailbox before the message and a too big one behind it. What is not understood is
 * no reason to take an address for dead.
 */
function meaningOfStep(reply: number, step: Step): ErrorClass {
  if (step === 'message') return 'content';
  return reply === 552 ? 'transient' : 'blocked';
}

/** The enhanced code; where it is only `5.0.0`, a telling one further on in the text (Exim does that). */
function enhancedOf(response: string): string | undefined {
  const all = response.match(/(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])/g) ?? [];
  return all.find((code) => !code.endsWith('.0.0')) ?? all[0];
}

const CONFIG_CODES: readonly (string | undefined)[] = ['EAUTH', 'ENOAUTH', 'ETLS', 'EREQUIRETLS', 'ECONFIG'];

function unansweredVerdict({ code, command, message }: SmtpFailure): CodeMeaning {
  // A certificate that does not verify comes as a socket error.
  if (CONFIG_CODES.includes(code) || /certificate|altname/i.test(message)) return { class: 'config' };
  // The library itself refused: an address that cannot be put into a command.
  if (code === 'EENVELOPE')
    return /sender/i.test(message) ? { class: 'config', onlyThisMessage: true } : { class: 'recipient' };
  // Larger than the server announced that it takes.
  if (code === 'EMESSAGE' && command === 'MAIL FROM') return { class: 'content' };
  return { class: 'transient' };
}

/** What the server of the recipient said in a bounce, in the order in which it is believed. */
type BounceWords = {
  /** `Status`, an enhanced code. */
  status?: string | undefined;
  /** `Diagnostic-Code`, without its type. */
  diagnostic?: string | undefined;
  /** The part that is meant for people, from where it speaks of the address. */
  text?: string | undefined;
  /** All of that part. */
  whole?: string | undefined;
};

/** As much of a bounce's words as is looked at. */
const WORDS_LENGTH = 4000;

/**
 * Why a mail came back. What the other server said in words decides (`refusal.ts`), its own reply before what is written for people;
 * then a code that tells something (Exim gives 5.0.0 for all). A 4xx in a bounce means that the server gave up. What is not understood
 * is transient: the delivery has failed, and the address lives.
 */
export function bounceReason(words: BounceWords): Pick<Receipt, 'code' | 'class' | 'detail'> {
  const { status = '', diagnostic = '', text = '', whole = '' } = words;
  const said = [status, diagnostic, text].map((one) => beginningOf(one, WORDS_LENGTH));
  const codes = said.flatMap((one) => enhancedOf(one) ?? []);
  const enhanced = codes.find((code) => !code.endsWith('.0.0'));
  const reply = /(?<![\d.])([45]\d\d)(?=[\s-])/.exec(said[1]!)?.[1];
  // The reply's own code, where it contradicts the status that was put beside it.
  const replied = enhancedOf(said[1]!);
  const telling = replied?.endsWith('.0.0') === false ? replied : reply?.startsWith('4') ? '4.0.0' : enhanced;
  const meaning = telling === undefined ? undefined : bounceMeaning(telling);
  const detail = plainDetail(said[1]! || said[2]! || said[0]!, []);
  return {
    code: enhanced ?? reply ?? codes[0] ?? 'bounced',
    class:
      (isSaidOfTheMail(text) ? meaningOfWords(text) : undefined) ??
      meaningOfWords(diagnostic) ??
      meaningOfWords(commentOf(status)) ??
      meaningOfWords(text) ??
      meaning ??
      meaningOfWords(whole) ??
      'transient',
    ...(detail ? { detail } : {}),
  };
}

/** Whether the words for people say what the diagnostic does not: that the reply came once all of the mail was there. */
function isSaidOfTheMail(text: string): boolean {
  return (
    /\bdocomo\.ne\.jp\b/i.test(text) && /\bin reply to end of data\b/i.test(text.replaceAll(/\s+/g, ' '))
  );
}

/** `4.2.2 (Over quota)`. */
function commentOf(status: string): string {
  return /\(([^()]{1,400})\)/.exec(beginningOf(status, 500))?.[1] ?? '';
}

function bounceMeaning(enhanced: string): ErrorClass | undefined {
  return enhanced.startsWith('4.') ? 'expired' : meaningOf(enhanced);
}
