/** What Postgres stores of a text: neither `text` nor `jsonb` holds a NUL, nor half of a surrogate pair. */

/** The text as it can be stored: what cannot be is shown as the replacement character, so that nobody takes it for the whole. */
export function storable(text: string): string {
  return isStorable(text) ? text : text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}

/** True for a text that Postgres keeps as it is. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** How JSON.stringify writes a NUL and half of a pair (ECMA-262, QuoteJSONString); also how a text that holds these very signs may be. */
const MAY_NOT_BE = /\\u(?:0000|d[89a-f])/;

/** JSON text of a value whose strings can all be stored. */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Nearly always; to look into each string is three times as dear.
  if (!MAY_NOT_BE.test(text)) return text;
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? storable(inner) : inner));
}
