/**
 * Expected failures are values. A function that can fail for a reason a caller caused returns
 * `T | Fault`; exceptions mean a bug or a lost connection.
 */
import type { FaultCode } from '../../contract/errors.ts';

/** Why a request was not carried out: a code of the catalogue, the field at fault and the rule it broke. */
export type Fault = {
  readonly fault: FaultCode;
  /** Plain text for a person: names the field and the rule. */
  readonly message: string;
  /** Path of the field at fault, as the caller wrote it (`destination.destinationId`). */
  readonly field?: string;
  /** Seconds after which a retry makes sense (429 and 409 in flight). */
  readonly retryAfterS?: number;
};

/** Builds a fault. */
export function fault(
  code: FaultCode,
  message: string,
  more: { field?: string; retryAfterS?: number } = {},
): Fault {
  return { fault: code, message, ...more };
}

/** A fault for a field that breaks a rule, where no caller's schema could say so before. */
export function breaks(field: string, rule: string): Fault {
  return fault('bad_request', `${field}: ${rule}`, { field });
}

/** A fault for what is well formed, but cannot be done as things stand. */
export function refuses(field: string, rule: string): Fault {
  return fault('unprocessable', `${field}: ${rule}`, { field });
}

/** A fault for a change of a revision that is not the last one any more: which it is now, what was changed, and by whom where that is known. */
export function changedMeanwhile(
  revision: number,
  { what = 'it', who = 'somebody' }: { what?: string; who?: string | undefined } = {},
): Fault {
  return fault(
    'precondition_failed',
    `${who} has changed ${what} meanwhile: it is at revision ${revision} now`,
    { field: 'revision' },
  );
}

/** True when a value is a fault. */
export function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'fault' in value;
}
