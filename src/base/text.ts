/** Text that can be kept and shown. Postgres keeps no U+0000, and its JSON no half of a surrogate pair. */

/** The text without U+0000; half a character becomes U+FFFD, as a browser shows it. */
export function keepable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '').toWellFormed() : text.toWellFormed();
}

/** The beginning of a text, of at most so many UTF-16 units: never half a character. Of none, none. */
export function beginningOf<T extends string | undefined>(text: T, most: number): T {
  if (text === undefined || text.length <= most) return text;
  const code = text.charCodeAt(most - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? most - 1 : most) as T;
}
