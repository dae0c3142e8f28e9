/**
 * From an error class to an outcome, the same for every provider, and the text that may go with it.
 * Says nothing about retries: that is `outbox`.
 */
import type { ErrorClass } from '../../../contract/channels.ts';
import { parseLenient } from '../../base/exactJson.ts';
import { beginningOf } from '../../base/text.ts';
import type { Outcome } from '../adapter.ts';

/** An outcome other than `accepted`. */
export type Failure = Exclude<Outcome, { kind: 'accepted' }>;

/** What a provider's code means. */
export type CodeMeaning = {
  class: ErrorClass;
  /**
   * Only this message is hit (its country, its sender id): refuse it instead of holding everything until an
   * operator has acted. Meant for `config`, where the whole integration is held otherwise.
   */
  onlyThisMessage?: true;
  /** Not before this many milliseconds. */
  retryAfterMs?: number | undefined;
};

/** The outcome of an answered call with that verdict. */
export function outcomeOf(verdict: CodeMeaning, code: string, detail: string): Failure {
  const { class: kind, retryAfterMs } = verdict;
  switch (kind) {
    case 'ambiguous':
      return { kind: 'unclear', code, detail };
    case 'recipient':
    case 'optout':
    case 'blocked':
    case 'content':
    case 'window':
    case 'expired':
      return { kind: 'refused', code, class: kind, detail };
    case 'config':
      if (verdict.onlyThisMessage) return { kind: 'refused', code, class: kind, detail };
      return { kind: 'deferred', code, class: kind, detail };
    case 'rate':
    case 'transient':
    case 'refresh_token':
    case 'hold_24h':
    case 'template_paused':
    case 'sender_paused':
    case 'provider_retrying':
      return retryAfterMs === undefined
        ? { kind: 'deferred', code, class: kind, detail }
        : { kind: 'deferred', code, class: kind, detail, retryAfterMs };
  }
}

/** A failure of a call that only read: what is unclear can be done again. */
export function repeatable(failure: Failure): Exclude<Failure, { kind: 'unclear' }> {
  return failure.kind === 'unclear' ? { ...failure, kind: 'deferred', class: 'transient' } : failure;
}

const LONGEST_DETAIL = 300;

/**
 * A provider's words as they may be stored and shown: one line, at most 300 characters, without the secrets.
 * Providers do repeat what they were given ("invalid key abc").
 */
export function plainDetail(text: string, secrets: readonly string[]): string {
  let plain = text;
  for (const secret of secrets) if (secret) plain = plain.replaceAll(secret, '***');
  plain = plain.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return plain.length > LONGEST_DETAIL ? `${beginningOf(plain, LONGEST_DETAIL - 1)}…` : plain;
}

/** The object in a JSON text; undefined when it is not JSON or not an object. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseLenient(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A setting as text; undefined when absent or empty. */
export function textSetting(settings: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = settings[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The values of the secret settings, to be kept out of details. */
export function secretsOf(
  table: Readonly<Record<string, { secret: boolean }>>,
  settings: Readonly<Record<string, unknown>>,
): string[] {
  return Object.keys(table).flatMap((name) =>
    table[name]!.secret ? (textSetting(settings, name) ?? []) : [],
  );
}

/**
 * The outcome of a call that was answered by nobody. `unsent` can be repeated; after `unclear` the provider may
 * have acted. An address that cannot be called at all is for an operator to put right.
 */
export function unanswered(
  call: { kind: 'unsent' | 'unclear'; reason: string },
  secrets: readonly string[],
): Failure {
  const detail = plainDetail(call.reason, secrets);
  if (call.kind === 'unclear') return { kind: 'unclear', code: 'no_answer', detail };
  const config = /^not a URL|private address$/.test(call.reason);
  return { kind: 'deferred', code: 'unreachable', class: config ? 'config' : 'transient', detail };
}
