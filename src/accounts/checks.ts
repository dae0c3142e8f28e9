/** Rules that several inputs of this room share. Pure; each gives a Fault that names the field and the rule, or undefined. */
import { fault, type Fault } from '../base/fault.ts';

/** A fault of a field: its path, a colon, the rule. */
export function breaks(field: string, rule: string): Fault {
  return fault('bad_request', `${field}: ${rule}`, { field });
}

/** Text of `min` to `max` characters that Postgres can store. */
export function checkText(value: unknown, field: string, min: number, max: number): Fault | undefined {
  if (typeof value !== 'string') return breaks(field, 'must be a string');
  const length = value.trim().length;
  if (length < min || value.length > max) return breaks(field, `needs ${min} to ${max} characters`);
  return isStorable(value)
    ? undefined
    : breaks(field, 'must not hold the character U+0000 or half a surrogate pair');
}

/** Postgres refuses U+0000 in text, and a lone surrogate in jsonb. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** True for a plain object, as JSON has them. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
