/**
 * Orders on the feed, by their ids, and as events of the contact that campaigns go by. An order that is gone when its entry is read is told
 * of only as gone: nobody is written to about what was taken back.
 */
import type { Tx } from '../db/pool.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import { msOf } from '../base/microseconds.ts';
import { beginningOf } from '../base/text.ts';
import type { Names } from '../campaigns/events/names.ts';
import { tellOwn, type OwnTold } from '../campaigns/events/own.ts';
import type { FeedEvent, FeedReader } from '../queue/feed/reader.ts';
import type { Queue } from '../queue/queue.ts';
import { amountOf, moneyText } from './money.ts';
import { statusOf, type Order } from './order.ts';
import { selectOrdersById } from './sql.ts';

/** What became of an order. */
type OrderEvent = 'order.created' | 'order.updated' | 'order.deleted';

/** An order as an entry tells it; ids and no more, for entries outlive people. `paid`: that it is paid is new. */
type OrderTold = {
  orderId: number;
  contactId: number;
  clientId: number;
  isQuiet: boolean;
  paid: boolean;
  atUs: number;
};

/** What is on the feed: orders of one workspace, and of contacts of one lane. */
type OrdersTold = { orders: OrderTold[] };

/** Orders in one entry. */
const MOST_TOLD = 500;
/** UTF-16 units of the list of what was bought; a text message has room for less. */
const MOST_ITEMS_TEXT = 1_000;

/** Tells of orders; part of the transaction that made it so. */
export async function tellOrders(
  queue: Queue,
  tx: Tx,
  type: OrderEvent,
  orders: readonly { order: Order; paid: boolean; atUs: number }[],
): Promise<void> {
  const lanes = Map.groupBy(
    orders,
    ({ order }) => `${order.workspaceId} ${queue.laneOf(bucketOf(order.contactId))}`,
  );
  const parts = [...lanes.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / MOST_TOLD) }, (_, i) =>
      all.slice(i * MOST_TOLD, (i + 1) * MOST_TOLD),
    ),
  );
  await queue.append(
    tx,
    parts.map((part) => {
      const [{ order: first, atUs }] = part as [(typeof part)[number]];
      return {
        ownerId: first.contactId,
        workspaceId: first.workspaceId,
        type,
        atMs: msOf(atUs),
        payload: { orders: part.map(toldOf) } satisfies OrdersTold,
      };
    }),
  );
}

function toldOf({ order, paid, atUs }: { order: Order; paid: boolean; atUs: number }): OrderTold {
  const { id: orderId, contactId, clientId, isQuiet } = order;
  return { orderId, contactId, clientId, isQuiet, paid, atUs };
}

/** What campaigns know of an order: `{{ event.total_text }}` in what is said, `order` to tell one from another. */
function propertiesOf(order: Order): Record<string, unknown> {
  const { currency, totalCents, lineItems } = order;
  const known = {
    order: order.id,
    reference: order.reference,
    status: statusOf(order),
    description: order.description,
    name: order.profileName,
    currency,
    total_cents: totalCents,
    total: totalCents === null ? null : amountOf(totalCents, currency),
    total_text: totalCents === null ? null : moneyText(totalCents, currency),
    items: lineItems.length ? itemsText(order) : null,
    shipping_link: order.shippingLink,
    shipping_state: order.shippingState,
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
}

/** `2 × Tank Top, T-Shirt`. */
function itemsText({ lineItems }: Order): string {
  const texts = lineItems.map(({ name, quantity }) => (quantity === 1 ? name : `${quantity} × ${name}`));
  return beginningOf(texts.join(', '), MOST_ITEMS_TEXT);
}

/** What an entry of the feed is to the contact. What is quiet happened before it was told. */
const EVENTS = {
  'order.created': '$order_created',
  'order.updated': '$order_updated',
  'order.deleted': '$order_deleted',
} as const;

/** Reads the feed for orders: what happened to one is an event of its contact. Safe to do twice, by the key of each. */
export function ordersReader(deps: { queue: Queue; ids: IdSource; names: Names }): FeedReader {
  return {
    name: 'orders',
    async read(tx, events) {
      const told = events.flatMap(toldIn);
      if (!told.length) return;
      const there = told.filter(({ name }) => name !== '$order_deleted').map(({ orderId }) => orderId);
      const orders = new Map(
        (await selectOrdersById(tx, [...new Set(there)])).map((order) => [order.id, order]),
      );
      const own = told.flatMap((one) => eventsOf(one, orders.get(one.orderId)));
      if (own.length) await tellOwn(deps, tx, own);
    },
  };
}

type Told = OrderTold & { workspaceId: number; name: (typeof EVENTS)[OrderEvent] };

function toldIn({ type, workspaceId, payload }: FeedEvent): Told[] {
  const name = EVENTS[type as OrderEvent] as Told['name'] | undefined;
  return name ? (payload as OrdersTold).orders.map((told) => ({ ...told, workspaceId, name })) : [];
}

function eventsOf(told: Told, order: Order | undefined): OwnTold[] {
  const { workspaceId, orderId, isQuiet, paid, atUs, name } = told;
  if (name !== '$order_deleted' && !order) return [];
  const properties = order ? propertiesOf(order) : { order: orderId };
  const contactId = order?.contactId ?? told.contactId;
  const one = { workspaceId, contactId, atMs: msOf(atUs), properties, isHistory: isQuiet };
  const own: OwnTold[] = [{ ...one, name, key: `${orderId}.${name === '$order_updated' ? atUs : ''}` }];
  // Once in the life of an order: whoever is told of a payment is not told again because it was corrected.
  if (paid) own.push({ ...one, name: '$order_paid', key: `${orderId}.` });
  return own;
}
