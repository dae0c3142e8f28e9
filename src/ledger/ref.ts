/** The name of a delivery on the wire: providers carry it back with their receipts, so that no look-up table is needed. */
import { isId } from '../base/ids.ts';

/** The key of a delivery. */
export type DeliveryKey = { contactId: number; causeId: number; seq: number };

/** `cause.contact.seq`, base 36: at most 27 characters, safe in URLs and mail headers. */
export function toRef(key: DeliveryKey): string {
  return `${base36(key.causeId)}.${base36(key.contactId)}.${base36(key.seq)}`;
}

const PAIR = 36 * 36;
/** All of one or two digits, without and with a zero before them. */
const SHORT = Array.from({ length: PAIR }, (_, n) => n.toString(36));
const PAIRS = SHORT.map((text) => text.padStart(2, '0'));

/** `n.toString(36)` of a whole number that is not negative, two digits at a time: V8's own takes a microsecond for an id, as it would for a fraction. */
function base36(n: number): string {
  let rest = n;
  let text = '';
  while (rest >= PAIR) {
    const pair = rest % PAIR;
    text = PAIRS[pair]! + text;
    rest = (rest - pair) / PAIR;
  }
  return SHORT[rest]! + text;
}

/** The key behind a ref, or undefined when the text is none. */
export function fromRef(text: string): DeliveryKey | undefined {
  const parts = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,3})$/.exec(text);
  if (!parts) return undefined;
  const [causeId, contactId, seq] = parts.slice(1).map((part) => Number.parseInt(part, 36)) as [
    number,
    number,
    number,
  ];
  return isId(causeId) && isId(contactId) && seq < 32_768 ? { contactId, causeId, seq } : undefined;
}
