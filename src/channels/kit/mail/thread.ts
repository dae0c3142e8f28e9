/** Where a mail stands among others (RFC 5322 §3.6.4), whoever brings it. */
import type { Header } from './automatic.ts';

/** Of a longer thread the last mails say enough. */
const MOST_IDS = 200;

/** The ids of the mails before one in its thread, oldest first, without brackets. */
export function earlierIn(header: Header): string[] {
  const ids = `${header('references') ?? ''} ${header('in-reply-to') ?? ''}`.match(/<[^<>\s]{1,250}>/g) ?? [];
  // Once each, at its last place: the mail that is answered is mostly among the references, too.
  return [
    ...new Set(
      ids
        .slice(-MOST_IDS)
        .map((id) => id.slice(1, -1))
        .reverse(),
    ),
  ].reverse();
}
