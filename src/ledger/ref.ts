/** The name of a delivery on the wire: providers carry it back with their receipts, so that no look-up table is needed. */
import { isId } from '../base/ids.ts';

/** The key of a delivery. */
export type DeliveryKey = { contactId: number; causeId: number; seq: number };

/** `cause.contact.seq`, base 36: at most 27 characters, safe in URLs and mail headers. */
export function toRef(key: DeliveryKey): string {
  return `${key.causeId.toString(36)}.${key.contactId.toString(36)}.${key.seq.toString(36)}`;
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
