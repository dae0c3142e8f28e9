/** What the audit log keeps of an order beside its id: what it is called by who told it, and whose it is. */
import { toHex24 } from '../base/ids.ts';
import type { Order } from './order.ts';

/** The part of an entry's detail. */
export function notedOf({ reference, contactId }: Order): { name?: string; contactId: string } {
  return { ...(reference === null ? {} : { name: reference }), contactId: toHex24(contactId) };
}
