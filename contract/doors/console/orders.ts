/**
 * `…/orders`: what customers bought. Amounts are whole cents of their currency; what a number of a currency without cents means is the
 * currency's own unit.
 */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { FaultShown } from './fault.ts';
import { Address, TimeGiven } from './fields.ts';

const Cents = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
const Currency = Type.String({ minLength: 3, maxLength: 3 });
const optional = (most: number) => Type.Optional(orNull(Type.String({ maxLength: most })));
/** `now`, or a time by ISO 8601; without a zone it is on the workspace's wall. */
const date = Type.Optional(orNull(TimeGiven));

/** A line of an order; of the two prices one may be left out. */
const NewLine = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 1024 }),
  quantity: Type.Optional(Type.Number({ minimum: 0, maximum: 1e12 })),
  eachPriceCents: Type.Optional(orNull(Cents)),
  eachPriceCurrency: Type.Optional(orNull(Currency)),
  priceCents: Type.Optional(orNull(Cents)),
  priceCurrency: Type.Optional(orNull(Currency)),
});

const order = {
  invoicedAt: date,
  paidAt: date,
  shippedAt: date,
  refundedAt: date,
  reference: optional(255),
  description: optional(4096),
  currency: Type.Optional(orNull(Currency)),
  /** As told: not the sum of the lines. */
  totalCents: Type.Optional(orNull(Cents)),
  lineItems: Type.Optional(Type.Array(NewLine, { maxItems: 500 })),
  metadata: Type.Optional(orNull(AnyObject)),
  name: optional(255),
  shippingAddress: optional(1024),
  shippingLink: optional(2048),
  shippingState: optional(32),
  shippingSource: optional(255),
  /** It happened before it was told, and sets nothing off. */
  quiet: Type.Optional(Type.Boolean()),
};

/** `POST …/orders`: of a contact, or of whoever has the phone number or the address; nobody has it: a contact is made. */
export const NewOrder = Type.Object({
  ...order,
  contactId: Type.Optional(orNull(Id)),
  phone: Type.Optional(orNull(Address)),
  email: Type.Optional(orNull(Address)),
});
export type NewOrder = Static<typeof NewOrder>;

/** `POST …/orders/batch`: each is taken or refused for itself. */
export const NewOrders = Type.Object({
  orders: Type.Array(AnyObject, { minItems: 1, maxItems: 1000 }),
  /** An order whose reference another has is refused. */
  referencesOnce: Type.Optional(Type.Boolean()),
});

/** `PATCH …/orders/{id}`: what is not named stays, null takes away. Whose it is stays. */
export const OrderPatch = Type.Object(order);

const known = orNull(Type.String());
const source = orNull(oneOf(['connect', 'console'] as const));
/** An order. `companyId` is the company that told it; null: somebody of the workspace did. */
export const OrderShown = Type.Object({
  id: Id,
  contactId: Id,
  companyId: orNull(Id),
  status: oneOf(['refunded', 'shipped', 'paid', 'invoiced', 'pending'] as const),
  reference: known,
  description: known,
  currency: Type.String(),
  totalCents: orNull(Type.Integer()),
  total: known,
  lineItems: Type.Array(
    Type.Object({
      name: Type.String(),
      quantity: Type.Number(),
      eachPriceCents: Type.Integer(),
      eachPriceCurrency: Type.String(),
      eachPrice: Type.String(),
      priceCents: Type.Integer(),
      priceCurrency: Type.String(),
      price: Type.String(),
    }),
  ),
  metadata: orNull(AnyObject),
  name: known,
  email: known,
  phone: known,
  shippingAddress: known,
  shippingLink: known,
  shippingState: known,
  shippingSource: known,
  invoicedAt: orNull(Time),
  invoicedSource: source,
  paidAt: orNull(Time),
  paidSource: source,
  shippedAt: orNull(Time),
  shippedSource: source,
  refundedAt: orNull(Time),
  refundedSource: source,
  /** When the customer was told that it is paid. */
  notifiedAt: orNull(Time),
  quiet: Type.Boolean(),
  createdAt: Time,
  updatedAt: Time,
});
export type OrderShown = Static<typeof OrderShown>;

/** Orders, newest first. */
export const OrderPage = Type.Object({ orders: Type.Array(OrderShown), next: orNull(Id) });

/** What came of each of a batch, in its order. */
export const OrdersTaken = Type.Object({
  created: Count,
  refused: Count,
  results: Type.Array(
    Type.Object({ id: orNull(Id), error: Type.Optional(Type.Index(FaultShown, ['error'])) }),
  ),
});
export type OrdersTaken = Static<typeof OrdersTaken>;

const text = Type.Object({
  on: Type.Boolean(),
  /** Liquid: `{{ event.total_text }}`, `{{ contact.givenName }}`. */
  text: Type.String({ minLength: 1, maxLength: 1600 }),
  /** After the payment: `0m`, `2d`. */
  delay: Type.String({ minLength: 2, maxLength: 20 }),
});
/** `…/orders/settings`: whether companies may tell orders, the usual currency, and the texts to customers. */
export const OrderSettings = Type.Object({
  accepts: Type.Boolean(),
  currency: Currency,
  alert: text,
  followUp: text,
});
export type OrderSettings = Static<typeof OrderSettings>;
/** `PATCH …/orders/settings`. */
export const OrderSettingsPatch = Type.Object({
  accepts: Type.Optional(Type.Boolean()),
  currency: Type.Optional(Currency),
  alert: Type.Optional(Type.Partial(text)),
  followUp: Type.Optional(Type.Partial(text)),
});
