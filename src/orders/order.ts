/**
 * What an order is: what somebody bought of a workspace, when it was invoiced, paid, shipped and refunded, and who said so. Pure.
 */

/** Who told an order, or one of its dates: a company that is connected to the workspace, or somebody of the workspace itself. */
export type OrderSource = 'connect' | 'console';

/** The dates of an order, the furthest first: the first that is set is its status. */
export const ORDER_DATES = ['refunded', 'shipped', 'paid', 'invoiced'] as const;
/** One of them. */
export type OrderDate = (typeof ORDER_DATES)[number];

/** How far an order is. */
type OrderStatus = OrderDate | 'pending';

/** How far a parcel is, in the words of those who track parcels. */
export const SHIPPING_STATES = [
  'unknown',
  'pre_transit',
  'in_transit',
  'out_for_delivery',
  'available_for_pickup',
  'delivered',
  'return_to_sender',
  'failure',
  'cancelled',
  'error',
] as const;
export type ShippingState = (typeof SHIPPING_STATES)[number];

/** States in which nothing is under way yet. */
const NOT_SHIPPED: ReadonlySet<string> = new Set(['unknown', 'pre_transit']);

/** One line of an order. Prices in cents of their currency. */
export type LineItem = {
  name: string;
  quantity: number;
  eachPriceCents: number;
  eachPriceCurrency: string;
  priceCents: number;
  priceCurrency: string;
};

/** An instant, and who said that it was then; unix microseconds by the workspace's clock. */
export type Dated = { us: number; source: OrderSource } | null;

/** An order. */
export type Order = {
  id: number;
  workspaceId: number;
  contactId: number;
  /** The workspace of the company that told it; 0 when the workspace itself did. */
  clientId: number;
  reference: string | null;
  description: string | null;
  currency: string;
  /** As told: not the sum of the lines. */
  totalCents: number | null;
  lineItems: readonly LineItem[];
  metadata: Readonly<Record<string, unknown>> | null;
  profileName: string | null;
  profileEmail: string | null;
  /** E.164. */
  profilePhone: string | null;
  shippingAddress: string | null;
  shippingLink: string | null;
  shippingState: ShippingState | null;
  shippingSource: string | null;
  invoiced: Dated;
  paid: Dated;
  shipped: Dated;
  refunded: Dated;
  notifiedUs: number | null;
  /** It happened before it was told, and sets nothing off. */
  isQuiet: boolean;
  createdUs: number;
  updatedUs: number;
};

/** Limits of an order; lengths in UTF-16 units. */
export const ORDER_LIMITS = {
  reference: 255,
  description: 4096,
  name: 255,
  address: 1024,
  link: 2048,
  shippingSource: 255,
  lineItems: 500,
  itemName: 1024,
  metadataBytes: 16_384,
  /** Orders in one call. */
  batch: 1_000,
  /** Orders of one reference. */
  sameReference: 100,
} as const;

/** How far an order is: by the furthest date that is set. */
export function statusOf(order: Readonly<Record<OrderDate, Dated>>): OrderStatus {
  return ORDER_DATES.find((date) => order[date] !== null) ?? 'pending';
}

/** True when what is known of the parcel says that it is on its way. */
export function isUnderWay({
  shippingLink,
  shippingState,
}: {
  shippingLink?: string | null | undefined;
  shippingState?: string | null | undefined;
}): boolean {
  return Boolean(shippingLink) || (Boolean(shippingState) && !NOT_SHIPPED.has(shippingState!));
}
