/** Orders in the words of the console's API. */
import type { OrderShown } from '../../../contract/doors/console/orders.ts';
import { toHex24 } from '../../base/ids.ts';
import { msOf } from '../../base/microseconds.ts';
import { moneyText } from '../../orders/money.ts';
import { statusOf, type Order } from '../../orders/order.ts';
import type { OrderWords } from '../../orders/words.ts';
import { idText, timeText } from './route.ts';

/** This API's words. */
export const ORDER_WORDS: OrderWords = {
  fields: {
    invoicedAt: 'invoicedAt',
    paidAt: 'paidAt',
    shippedAt: 'shippedAt',
    refundedAt: 'refundedAt',
    description: 'description',
    profileId: 'contactId',
    profileName: 'name',
    profileEmail: 'email',
    profilePhone: 'phone',
    shippingAddress: 'shippingAddress',
    lineItems: 'lineItems',
    totalCents: 'totalCents',
    currency: 'currency',
    isQuiet: 'quiet',
    reference: 'reference',
    metadata: 'metadata',
    shippingLink: 'shippingLink',
    shippingState: 'shippingState',
    shippingSource: 'shippingSource',
  },
  lines: {
    name: 'name',
    quantity: 'quantity',
    eachPriceCents: 'eachPriceCents',
    eachPriceCurrency: 'eachPriceCurrency',
    priceCents: 'priceCents',
    priceCurrency: 'priceCurrency',
  },
};

/** An order. */
export function presentOrder(order: Order): OrderShown {
  const { id, contactId, clientId, currency, totalCents, lineItems, invoiced, paid, shipped, refunded } =
    order;
  const at = (us: number | null | undefined) => timeText(typeof us === 'number' ? msOf(us) : null);
  return {
    id: toHex24(id),
    contactId: toHex24(contactId),
    companyId: idText(clientId || null),
    status: statusOf(order),
    reference: order.reference,
    description: order.description,
    currency,
    totalCents,
    total: totalCents === null ? null : moneyText(totalCents, currency),
    lineItems: lineItems.map((line) => ({
      ...line,
      eachPrice: moneyText(line.eachPriceCents, line.eachPriceCurrency),
      price: moneyText(line.priceCents, line.priceCurrency),
    })),
    metadata: order.metadata && { ...order.metadata },
    name: order.profileName,
    email: order.profileEmail,
    phone: order.profilePhone,
    shippingAddress: order.shippingAddress,
    shippingLink: order.shippingLink,
    shippingState: order.shippingState,
    shippingSource: order.shippingSource,
    invoicedAt: at(invoiced?.us),
    invoicedSource: invoiced?.source ?? null,
    paidAt: at(paid?.us),
    paidSource: paid?.source ?? null,
    shippedAt: at(shipped?.us),
    shippedSource: shipped?.source ?? null,
    refundedAt: at(refunded?.us),
    refundedSource: refunded?.source ?? null,
    notifiedAt: at(order.notifiedUs),
    quiet: order.isQuiet,
    createdAt: timeText(msOf(order.createdUs)),
    updatedAt: timeText(msOf(order.updatedUs)),
  };
}
