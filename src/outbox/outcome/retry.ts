/** All retry policy. Pure. */
import type { ErrorClass, MessageClass } from '../../../contract/channels.ts';
import { hash32 } from '../../base/crypto.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 15 * MINUTE_MS;
/** A receipt often tells within seconds what the call did not; then nothing has to be sent again. */
const UNKNOWN_WAIT_MS = 10_000;

/** From 0 to 1, by which what is put off is spread over time. */
export type Spread = (contactId: number) => number;

/**
 * The same for all that is put off for one contact, and as good as chance between contacts: of two messages to somebody that are put
 * off together, as when a worker died before either began, the later one must not come back first.
 */
export const spreadOf: Spread = (contactId) => (hash32(String(contactId)) >>> 0) / 2 ** 32;

/**
 * How long to wait before try number `attempt` + 1. Exponential from two seconds, doubled each time up to a quarter of an
 * hour, with jitter of a half either way, so that a provider that comes back is not met by everything at once. What the
 * provider asks for goes first. `spread` is from 0 to 1.
 */
export function retryDelayMs(
  attempt: number,
  errorClass: ErrorClass,
  askedMs: number | undefined,
  spread: number,
): number {
  if (askedMs !== undefined) return Math.max(1, askedMs);
  if (errorClass === 'hold_24h') return 24 * HOUR_MS;
  // Somebody has to mend the integration; asking often helps nobody, and the answer is quick when it is mended (see senders).
  if (errorClass === 'config' || errorClass === 'sender_paused' || errorClass === 'template_paused')
    return MINUTE_MS * (0.5 + spread);
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 20)) * (0.5 + spread);
}

/** True when a deferral does not count as an attempt: it says nothing about the message. */
export function isBlameless(errorClass: ErrorClass): boolean {
  return (
    errorClass === 'rate' ||
    errorClass === 'config' ||
    errorClass === 'refresh_token' ||
    errorClass === 'sender_paused'
  );
}

/** The code of an outcome of which its provider, when asked, can tell nothing. */
export const CANNOT_TELL = 'cannot_tell';
/** Asking again what a provider cannot tell: its list may be late. */
export const MOST_ASKED_IN_VAIN = 3;
/** Asking again one that cannot be reached: for an hour or two, by `retryDelayMs`. */
const MOST_ASKED = 12;

/**
 * What to do about a send whose outcome is not known. A provider that recognises a repeat is asked again; one that can tell is asked
 * before anything is sent; else the class of the message decides: what a person waits for is sent again (twice is better than
 * never), marketing never is.
 */
export function afterUnclear(
  messageClass: MessageClass,
  provider: { idempotent: boolean; canTell: boolean },
  { attempt, code }: { attempt: number; code: string },
  spread: number,
): { resend: false } | { resend: true; afterMs: number } {
  const delayMs = retryDelayMs(attempt, 'transient', undefined, spread);
  if (provider.idempotent) return { resend: true, afterMs: delayMs };
  const mayAsk = provider.canTell && attempt < (code === CANNOT_TELL ? MOST_ASKED_IN_VAIN : MOST_ASKED);
  if (messageClass === 'marketing' && !mayAsk) return { resend: false };
  return { resend: true, afterMs: Math.max(UNKNOWN_WAIT_MS, delayMs) };
}
