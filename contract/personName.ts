/** A person's name of its two parts, and back: the same wherever it is shown, said or kept. Pure. */

/** What is known of a name. */
type NameParts = { givenName?: string | null | undefined; surname?: string | null | undefined };

/** The whole name; null where no part of it is known. */
export function fullName(person: NameParts | undefined): string | null {
  return [person?.givenName, person?.surname].filter(Boolean).join(' ') || null;
}

/** The parts of a whole name: the first word is the given name, and all that follows the surname. */
export function namePartsOf(name: string): { givenName?: string; surname?: string } {
  const [givenName, ...rest] = name.trim().split(/\s+/);
  const surname = rest.join(' ');
  return { ...(givenName ? { givenName } : {}), ...(surname ? { surname } : {}) };
}
