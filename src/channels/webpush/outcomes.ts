/** What a push service's answer means: one class per HTTP status. */
import type { ErrorClass } from '../../../contract/channels.ts';
import { retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import type { Outcome } from '../adapter.ts';
import { outcomeOf, plainDetail, unanswered } from '../kit/outcome.ts';

/** A row: status, class, and what it says in words. `message`: only this subscription is hit. */
type WebPushAnswer = readonly [status: number, meaning: ErrorClass, title: string, reach?: 'message'];

/** Answers that are not a success (RFC 8030 §5, §7.3, §8.4; RFC 8292 §4.2). */
export const WEBPUSH_ANSWERS: readonly WebPushAnswer[] = [
  [400, 'content', 'The request is not well formed'],
  [401, 'config', 'The VAPID signature is missing or not accepted'],
  [403, 'config', 'The subscription was made with another VAPID key', 'message'],
  [404, 'recipient', 'There is no such subscription'],
  [410, 'recipient', 'The subscription has ended'],
  [413, 'content', 'The message is too big'],
  [429, 'rate', 'Too many messages'],
  [500, 'transient', 'The push service has a fault'],
  [502, 'transient', 'The push service cannot be reached from its own front'],
  [503, 'transient', 'The push service is busy or stopped'],
];
const BY_STATUS = new Map(WEBPUSH_ANSWERS.map((row) => [row[0], row]));

/** The outcome of a push. */
export function webPushOutcome(call: HttpOutcome, nowMs: number, secrets: readonly string[]): Outcome {
  if (call.kind !== 'answer') {
    // The endpoint came from a browser: one that may not be called must not hold what goes to the others.
    if (call.kind === 'unsent' && /^not a URL|private address$/.test(call.reason))
      return {
        kind: 'refused',
        code: 'bad_address',
        class: 'recipient',
        detail: plainDetail(call.reason, secrets),
      };
    return unanswered(call, secrets);
  }
  const { status, headers } = call;
  const said = call.body.subarray(0, 1000).toString('utf8');
  const code = `http_${status}`;
  if (status >= 200 && status < 300) {
    const page = /^text\/html/i.test(String(headers['content-type'] ?? ''));
    if (page) return { kind: 'unclear', code, detail: 'a web page, not a push service, has answered' };
    const { location } = headers;
    return { kind: 'accepted', externalIds: typeof location === 'string' ? [location] : [], receipts: false };
  }
  const row = BY_STATUS.get(status);
  const detail = plainDetail(said && !/^\s*</.test(said) ? said : (row?.[2] ?? `HTTP ${status}`), secrets);
  const meaning = row?.[1] ?? classOfStatus(status);
  // Anybody can bring an endpoint that answers so; it says nothing about the others.
  const onlyThis = row?.[3] === 'message' || !row;
  const waitMs = retryAfterMs(headers, nowMs);
  return outcomeOf(
    { class: meaning, retryAfterMs: waitMs, ...(onlyThis ? { onlyThisMessage: true as const } : {}) },
    code,
    detail,
  );
}

/** Statuses that no push service documents. 3xx: a message is not sent on to another address. */
function classOfStatus(status: number): ErrorClass {
  if (status === 408) return 'transient';
  if (status >= 500) return status === 504 ? 'ambiguous' : 'transient';
  return status >= 400 ? 'content' : 'config';
}
