/** Rules that several inputs of this room share. Pure; each gives a Fault that names the field and the rule, or undefined. */
import { isStorable, UNSTORABLE } from '../base/storable.ts';
import { breaks, type Fault } from '../base/fault.ts';

/** Text of `min` to `max` characters that Postgres can store. */
export function checkText(value: unknown, field: string, min: number, max: number): Fault | undefined {
  if (typeof value !== 'string') return breaks(field, 'must be a string');
  const length = value.trim().length;
  if (length < min || value.length > max) return breaks(field, `needs ${min} to ${max} characters`);
  return isStorable(value) ? undefined : breaks(field, UNSTORABLE);
}
