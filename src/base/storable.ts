/** What Postgres stores of a text: neither `text` nor `jsonb` holds a NUL, nor half of a surrogate pair. */
import { isObject } from './objects.ts';

/** What is said of a text that cannot be stored. */
export const UNSTORABLE = 'must not hold the character U+0000 or half a surrogate pair';

/** The text as it can be stored: what cannot be is shown as the replacement character, so that nobody takes it for the whole. */
export function storable(text: string): string {
  return isStorable(text) ? text : text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}

/** What somebody wrote, as it can be stored: without U+0000, which nobody can type; half a character becomes U+FFFD, as a browser shows it. */
export function keepable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '').toWellFormed() : text.toWellFormed();
}

/** True for a text that Postgres keeps as it is. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/**
 * Whether a text has so many signs, as Postgres counts them (`length`): a sign outside the first plane is one, and two units of UTF-16.
 */
export function hasSigns(text: string, least: number, most: number): boolean {
  // What is far too long is not gone through.
  if (text.length < least || text.length > 2 * most) return false;
  let signs = 0;
  for (const _ of text) signs++;
  return signs >= least && signs <= most;
}

/** How JSON.stringify writes a NUL and half of a pair (ECMA-262, QuoteJSONString): an escape that is not itself escaped. */
const ESCAPED = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

/** True for a value whose texts can all be stored, and the names in it. */
export function isStorableJson(value: unknown): boolean {
  return isStorableText(JSON.stringify(value));
}

/** Of a value as JSON; undefined is none. The first look is all that nearly every one costs. */
function isStorableText(json: string | undefined): boolean {
  return !json?.includes('\\u') || !ESCAPED.test(json);
}

/** JSON text of a value whose texts and names can all be stored. */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Nearly always; to look into each text is three times as dear.
  if (isStorableText(text)) return text;
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return storable(inner);
    return isObject(inner)
      ? Object.fromEntries(Object.entries(inner).map(([name, part]) => [storable(name), part]))
      : inner;
  });
}
