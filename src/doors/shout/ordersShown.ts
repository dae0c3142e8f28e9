/** How this door tells of orders (api/shout.md §C.3): all fields, and times on the wall of the account whose they are. */
import type { ShoutOrder } from '../../../contract/doors/shout/orders.ts';
import { moneyText } from '../../orders/money.ts';
import { isUnderWay, statusOf, type Dated, type Order } from '../../orders/order.ts';
import type { ActingPlace } from '../kit/onBehalf.ts';
import { inOrder, instantIn } from './present.ts';

/** An order as this door tells of it. */
export function present(
  order: Order,
  { id: companyId, timeZone }: Pick<ActingPlace, 'id' | 'timeZone'>,
): ShoutOrder {
  const { currency, totalCents, invoiced, paid, shipped, refunded, notifiedUs } = order;
  const time = (us: number) => instantIn(timeZone, us);
  const at = (dated: Dated) => dated && time(dated.us);
  const hasParcel = isUnderWay(order) || order.shippingState !== null || order.shippingSource !== null;
  return inOrder<ShoutOrder>({
    id: order.id,
    company_id: companyId,
    created_at: time(order.createdUs),
    description: order.description,
    dont_trigger_auto_actions: order.isQuiet,
    integration: 'connect',
    invoiced_at: at(invoiced),
    invoiced_source: invoiced?.source ?? null,
    line_items: order.lineItems.map((line) => ({
      each_price: moneyText(line.eachPriceCents, line.eachPriceCurrency),
      each_price_cents: line.eachPriceCents,
      each_price_currency: line.eachPriceCurrency,
      name: line.name,
      object: 'order_line_item',
      price: moneyText(line.priceCents, line.priceCurrency),
      price_cents: line.priceCents,
      price_currency: line.priceCurrency,
      quantity: line.quantity,
    })),
    metadata: order.metadata && { ...order.metadata },
    notified_profile_of_paid_invoice_at: notifiedUs === null ? null : time(notifiedUs),
    object: 'order',
    paid_at: at(paid),
    paid_source: paid?.source ?? null,
    profile_email: order.profileEmail,
    profile_id: order.contactId,
    profile_name: order.profileName,
    profile_phone_number: order.profilePhone,
    profile_shipping_address_raw: order.shippingAddress,
    reference_id: order.reference,
    refunded_at: at(refunded),
    refunded_source: refunded?.source ?? null,
    shipped_at: at(shipped),
    shipped_source: shipped?.source ?? null,
    ...(hasParcel
      ? {
          shipping_link: order.shippingLink,
          shipping_source: order.shippingSource,
          shipping_state: order.shippingState,
        }
      : {}),
    status: statusOf(order),
    total: totalCents === null ? null : moneyText(totalCents, currency),
    total_cents: totalCents,
    total_currency: currency,
    updated_at: time(order.updatedUs),
  });
}
