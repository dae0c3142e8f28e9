/** Text that is cut to a length. */

/** The beginning of a text, of at most so many UTF-16 units: never half a character. Of none, none. */
export function beginningOf<T extends string | undefined>(text: T, most: number): T {
  if (text === undefined || text.length <= most) return text;
  const code = text.charCodeAt(most - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? most - 1 : most) as T;
}
