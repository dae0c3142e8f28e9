/** What companies tell of orders, in this door's words (api/shout.md §C.3). */
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { Clock } from '../../base/clock.ts';
import { readingsOf } from '../../base/microseconds.ts';
import { beginningOf } from '../../base/text.ts';
import { readOrder, type OrderRead, type ReadingOrder } from '../../orders/given.ts';
import type { Telling } from '../../orders/orders.ts';
import type { ActingPlace } from '../kit/onBehalf.ts';
import { givenIn, pathsIn, type OrderWords } from '../../orders/words.ts';

/** This door's words. */
const ORDER_WORDS: OrderWords = {
  fields: {
    invoicedAt: 'invoiced_at',
    paidAt: 'paid_at',
    shippedAt: 'shipped_at',
    refundedAt: 'refunded_at',
    description: 'description',
    profileId: 'profile_id',
    profileName: 'profile_name',
    profileEmail: 'profile_email',
    profilePhone: 'profile_phone_number',
    shippingAddress: 'profile_shipping_address_raw',
    lineItems: 'line_items',
    totalCents: 'total_cents',
    currency: 'total_currency',
    isQuiet: 'dont_trigger_auto_actions',
    reference: 'reference_id',
    metadata: 'metadata',
    shippingLink: 'shipping_link',
    shippingState: 'shipping_state',
    shippingSource: 'shipping_source',
  },
  lines: {
    name: 'name',
    quantity: 'quantity',
    eachPriceCents: 'each_price_cents',
    eachPriceCurrency: 'each_price_currency',
    priceCents: 'price_cents',
    priceCurrency: 'price_currency',
  },
};

/** Whether an account that takes no orders is to be a fault. */
const FAILS = 'fail_if_connect_orders_not_enabled';

/** Fields of an answer, which somebody who changes an order may send back. */
const ANSWERED: ReadonlySet<string> = new Set([
  'id',
  'company_id',
  'created_at',
  'integration',
  'invoiced_source',
  'notified_profile_of_paid_invoice_at',
  'object',
  'paid_source',
  'refunded_source',
  'shipped_source',
  'status',
  'total',
  'updated_at',
]);
const LINE_ANSWERED: ReadonlySet<string> = new Set(['each_price', 'object', 'price']);
const FIELDS: ReadonlySet<string> = new Set([...Object.values(ORDER_WORDS.fields), FAILS]);
const LINE_FIELDS: ReadonlySet<string> = new Set(Object.values(ORDER_WORDS.lines));

/** An order as it was told; `fails` when the account must take orders. */
export type ToldOrder = { read: OrderRead; fails: boolean };

/** How a company tells orders in an account; `once`: a reference that another order has is a fault. */
export function tellingIn(
  clock: Clock,
  {
    companyId,
    place: { id: workspaceId, clockAheadMs },
    currency,
    once,
  }: { companyId: number; place: ActingPlace; currency: string; once: boolean },
): Telling {
  return {
    workspaceId,
    clientId: companyId,
    source: 'connect',
    currency,
    referencesOnce: once,
    nowUs: readingsOf(clock, clockAheadMs),
    clockAheadMs,
    path: pathsIn(ORDER_WORDS, 'order.').path,
  };
}

/** Reads an order that stands at a path of the body. */
export function readTold(
  order: unknown,
  at: string,
  how: Omit<ReadingOrder, 'path' | 'linePath' | 'lineName'>,
): ToldOrder | Fault {
  if (typeof order !== 'object' || order === null || Array.isArray(order))
    return fault('bad_request', `${at}: must be an object`, { field: at });
  const told = order as Record<string, unknown>;
  const odd = oddName(told, at);
  if (odd) return odd;
  const fails = told[FAILS] ?? false;
  if (typeof fails !== 'boolean')
    return fault('bad_request', `${at}.${FAILS}: must be true or false`, { field: `${at}.${FAILS}` });
  const read = readOrder(givenIn(ORDER_WORDS, told), { ...how, ...pathsIn(ORDER_WORDS, `${at}.`) });
  return isFault(read) ? read : { read, fails };
}

/** A misspelt field is not silently left out. */
function oddName(told: Record<string, unknown>, at: string): Fault | undefined {
  const odd = Object.keys(told).find((name) => !FIELDS.has(name) && !ANSWERED.has(name));
  if (odd !== undefined) return notKnown(`${at}.${beginningOf(odd, 64)}`);
  const lines = told['line_items'];
  if (!Array.isArray(lines)) return undefined;
  for (const [i, line] of lines.entries()) {
    if (typeof line !== 'object' || line === null) continue;
    const other = Object.keys(line).find((name) => !LINE_FIELDS.has(name) && !LINE_ANSWERED.has(name));
    if (other !== undefined) return notKnown(`${at}.line_items[${i}].${beginningOf(other, 64)}`);
  }
  return undefined;
}

function notKnown(field: string): Fault {
  return fault('bad_request', `${field}: is not known here`, { field });
}
