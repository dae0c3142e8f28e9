/** What Postgres stores of a text: neither `text` nor `jsonb` holds a NUL, nor half of a surrogate pair. */

/** The text as it can be stored: what cannot be is shown as the replacement character, so that nobody takes it for the whole. */
export function storable(text: string): string {
  return isStorable(text) ? text : text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}

/** True for a text that Postgres keeps as it is. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** JSON text of a value whose strings can all be stored. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? storable(inner) : inner));
}
