/**
 * Pairs of braces that a program wrote as `%7B%7B`: editors of HTML and builders of mails encode what stands in an address, and with it what is to be
 * filled in there. Left so, everybody is sent the words of the template. Pure.
 */

const ENCODED = /%7B(?:%7B|%25)[^\s"'<>{}]{1,500}?(?:%7D|%25)%7D/gi;

/** The text with such pairs as they were written, and what stands between them. */
export function withBraces(text: string): string {
  return text.includes('%7') ? text.replaceAll(ENCODED, plain) : text;
}

function plain(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
