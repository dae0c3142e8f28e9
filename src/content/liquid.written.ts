/**
 * What a template may write to somebody: a text, or a number that is one. An object is no text, and who divides by nothing has no number; a
 * person is not sent `[object Object]` or `Infinity`. It fails, as where a variable has no value. Pure.
 */

/** Ends rendering where a value would be written that says nothing. */
export function checkWritten(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(NO_NUMBER);
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) value.forEach(checkWritten);
  else if (isPlain(value)) throw new Error(NO_TEXT);
}

/** Ends rendering where a filter made no number of a number, or wrote an object into a text. */
export function checkMade(made: unknown, given: readonly unknown[]): void {
  if (typeof made === 'number') return checkWritten(made);
  if (typeof made !== 'string' || !made.includes(WRITTEN) || given.some(says)) return;
  throw new Error(NO_TEXT);
}

const NO_NUMBER = 'what is calculated is no number: it is divided by nothing';
const NO_TEXT = 'an object is no text: one of its values may be meant';
/** What JavaScript writes for an object. */
const WRITTEN = '[object Object]';

function says(value: unknown): boolean {
  return typeof value === 'string' && value.includes(WRITTEN);
}

/** What came as JSON: what the engine itself puts into a scope knows how it is written. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
