/**
 * `/orders`: orders in the account that one of the headers names (api/shout.md §C.3). Fields of an answer that nothing was told of are
 * null; those of a parcel (`shipping_link`, `shipping_source`, `shipping_state`) are there when something was.
 */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, oneOf, orNull } from '../fields.ts';
import { FaultShown, ShoutId, ShoutTime } from './fields.ts';

/** `POST /orders`, `PUT /orders/{id}`. What is within is read field by field (`orders/given.ts`), so that each fault names its own. */
export const OrderGiven = Type.Object({ order: AnyObject });
/** `POST /orders/batch`: each is taken or refused for itself. The two flags hold for those that say nothing of them. */
export const OrdersGiven = Type.Object({
  orders: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 1000 }),
  dont_trigger_auto_actions: Type.Optional(Type.Boolean()),
  fail_if_connect_orders_not_enabled: Type.Optional(Type.Boolean()),
});

const known = orNull(Type.String());
const time = orNull(ShoutTime);
const source = orNull(oneOf(['connect', 'console'] as const));

/** An order. */
export const ShoutOrder = Type.Object({
  id: ShoutId,
  company_id: ShoutId,
  created_at: ShoutTime,
  description: known,
  dont_trigger_auto_actions: Type.Boolean(),
  integration: Type.Literal('connect'),
  invoiced_at: time,
  invoiced_source: source,
  line_items: Type.Array(
    Type.Object({
      each_price: Type.String(),
      each_price_cents: Type.Integer(),
      each_price_currency: Type.String(),
      name: Type.String(),
      object: Type.Literal('order_line_item'),
      price: Type.String(),
      price_cents: Type.Integer(),
      price_currency: Type.String(),
      /** Printed with a decimal, `2.0`. */
      quantity: Type.Number(),
    }),
  ),
  metadata: orNull(AnyObject),
  notified_profile_of_paid_invoice_at: time,
  object: Type.Literal('order'),
  paid_at: time,
  paid_source: source,
  profile_email: known,
  profile_id: ShoutId,
  profile_name: known,
  profile_phone_number: known,
  profile_shipping_address_raw: known,
  reference_id: known,
  refunded_at: time,
  refunded_source: source,
  shipped_at: time,
  shipped_source: source,
  shipping_link: Type.Optional(known),
  shipping_source: Type.Optional(known),
  shipping_state: Type.Optional(known),
  status: oneOf(['refunded', 'shipped', 'paid', 'invoiced', 'pending'] as const),
  total: known,
  total_cents: orNull(Type.Integer()),
  total_currency: Type.String(),
  updated_at: ShoutTime,
});
export type ShoutOrder = Static<typeof ShoutOrder>;

/** The account takes no orders from companies, and the caller did not ask for that to be a fault. */
export const OrderSkipped = Type.Object({
  id: Type.Null(),
  object: Type.Literal('order'),
  reason: Type.Literal('connect_orders_not_enabled'),
  skipped: Type.Literal(true),
});

/** A page of orders, newest first; `next_before_id` is the `before_id` of the next page, null at the end. */
export const ShoutOrders = Type.Object({
  data: Type.Array(ShoutOrder),
  has_more: Type.Boolean(),
  next_before_id: orNull(ShoutId),
  object: Type.Literal('list'),
});
/** Rows of a page. */
export const ORDERS_PAGE = { usual: 100, most: 1000 } as const;

/** What came of each of a batch, in its order. */
export const OrdersTaken = Type.Object({
  created: Count,
  object: Type.Literal('order_batch'),
  refused: Count,
  results: Type.Array(
    Type.Object({
      id: orNull(ShoutId),
      error: Type.Optional(Type.Index(FaultShown, ['error'])),
      errors: Type.Optional(Type.Index(FaultShown, ['errors'])),
    }),
  ),
  skipped: Count,
});
export type OrdersTaken = Static<typeof OrdersTaken>;
