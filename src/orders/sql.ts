/** Every statement on orders, order_references and order_settings. */
import { hash32 } from '../base/crypto.ts';
import { bucketOf, inKeyOrder } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';
import { ORDER_DATES, type Dated, type Order, type OrderSource } from './order.ts';

type Row = Omit<Order, 'invoiced' | 'paid' | 'shipped' | 'refunded'> &
  Record<`${(typeof ORDER_DATES)[number]}Us`, number | null> &
  Record<`${(typeof ORDER_DATES)[number]}Source`, OrderSource | null>;

const COLUMNS = (db: Db) => db`
  o.id, o.workspace_id AS "workspaceId", o.contact_id AS "contactId", o.client_id AS "clientId", o.reference, o.description,
  o.currency, o.total_cents AS "totalCents", o.line_items AS "lineItems", o.metadata, o.profile_name AS "profileName",
  o.profile_email AS "profileEmail", o.profile_phone AS "profilePhone", o.shipping_address AS "shippingAddress",
  o.shipping_link AS "shippingLink", o.shipping_state AS "shippingState", o.shipping_source AS "shippingSource",
  o.invoiced_us AS "invoicedUs", o.invoiced_source AS "invoicedSource", o.paid_us AS "paidUs", o.paid_source AS "paidSource",
  o.shipped_us AS "shippedUs", o.shipped_source AS "shippedSource", o.refunded_us AS "refundedUs",
  o.refunded_source AS "refundedSource", o.notified_us AS "notifiedUs", o.is_quiet AS "isQuiet",
  o.created_us AS "createdUs", o.updated_us AS "updatedUs"`;

function orderOf({
  invoicedUs,
  invoicedSource,
  paidUs,
  paidSource,
  shippedUs,
  shippedSource,
  refundedUs,
  refundedSource,
  ...rest
}: Row): Order {
  const dated = (us: number | null, source: OrderSource | null): Dated =>
    us === null ? null : { us, source: source! };
  return {
    ...rest,
    invoiced: dated(invoicedUs, invoicedSource),
    paid: dated(paidUs, paidSource),
    shipped: dated(shippedUs, shippedSource),
    refunded: dated(refundedUs, refundedSource),
  };
}

/** Whose orders: of a workspace, and of those only what one company told when it is named. */
export type OrderOwner = { workspaceId: number; clientId?: number | undefined };

const of = (db: Db, { workspaceId, clientId }: OrderOwner) =>
  clientId === undefined
    ? db`o.workspace_id = ${workspaceId}`
    : db`o.workspace_id = ${workspaceId} AND o.client_id = ${clientId}`;

/** Writes orders. Locks nothing but the new rows. */
export async function insertOrders(db: Db, orders: readonly Order[]): Promise<void> {
  const rows = inKeyOrder(orders, ({ id }) => id);
  const dates = (date: (typeof ORDER_DATES)[number]) => db`
    ${column(rows, (o) => o[date]?.us ?? null)}::bigint[], ${column(rows, (o) => o[date]?.source ?? null)}::text[]`;
  await db`
    INSERT INTO orders (bucket, id, workspace_id, contact_id, client_id, reference, description, currency, total_cents, line_items,
      metadata, profile_name, profile_email, profile_phone, shipping_address, shipping_link, shipping_state, shipping_source,
      invoiced_us, invoiced_source, paid_us, paid_source, shipped_us, shipped_source, refunded_us, refunded_source, is_quiet,
      created_us, updated_us)
    SELECT n.bucket, n.id, n.workspace_id, n.contact_id, n.client_id, n.reference, n.description, n.currency, n.total_cents,
      n.line_items::jsonb, n.metadata::jsonb, n.profile_name, n.profile_email, n.profile_phone, n.shipping_address,
      n.shipping_link, n.shipping_state, n.shipping_source, n.invoiced_us, n.invoiced_source, n.paid_us, n.paid_source,
      n.shipped_us, n.shipped_source, n.refunded_us, n.refunded_source, n.is_quiet, n.created_us, n.created_us
    FROM unnest(${column(rows, (o) => bucketOf(o.id))}::smallint[], ${column(rows, (o) => o.id)}::bigint[],
      ${column(rows, (o) => o.workspaceId)}::bigint[], ${column(rows, (o) => o.contactId)}::bigint[],
      ${column(rows, (o) => o.clientId)}::bigint[], ${column(rows, (o) => o.reference)}::text[],
      ${column(rows, (o) => o.description)}::text[], ${column(rows, (o) => o.currency)}::text[],
      ${column(rows, (o) => o.totalCents)}::bigint[], ${column(rows, (o) => JSON.stringify(o.lineItems))}::text[],
      ${column(rows, (o) => o.metadata && JSON.stringify(o.metadata))}::text[], ${column(rows, (o) => o.profileName)}::text[],
      ${column(rows, (o) => o.profileEmail)}::text[], ${column(rows, (o) => o.profilePhone)}::text[],
      ${column(rows, (o) => o.shippingAddress)}::text[], ${column(rows, (o) => o.shippingLink)}::text[],
      ${column(rows, (o) => o.shippingState)}::text[], ${column(rows, (o) => o.shippingSource)}::text[],
      ${dates('invoiced')}, ${dates('paid')}, ${dates('shipped')}, ${dates('refunded')},
      ${column(rows, (o) => o.isQuiet)}::boolean[], ${column(rows, (o) => o.createdUs)}::bigint[])
      AS n (bucket, id, workspace_id, contact_id, client_id, reference, description, currency, total_cents, line_items, metadata,
        profile_name, profile_email, profile_phone, shipping_address, shipping_link, shipping_state, shipping_source, invoiced_us,
        invoiced_source, paid_us, paid_source, shipped_us, shipped_source, refunded_us, refunded_source, is_quiet, created_us)`;
}

/** An order by its id. `lock`: locks its row until the transaction ends, to change it. */
export async function selectOrder(
  db: Db,
  whose: OrderOwner,
  id: number,
  lock = false,
): Promise<Order | undefined> {
  const [row] = await db<Row[]>`
    SELECT ${COLUMNS(db)} FROM orders o WHERE o.bucket = ${bucketOf(id)} AND o.id = ${id} AND ${of(db, whose)}
    ${lock ? db`FOR UPDATE` : db``}`;
  return row && orderOf(row);
}

/** Those of some orders that are there, of whatever workspace. Locks nothing. */
export async function selectOrdersById(db: Db, ids: readonly number[]): Promise<Order[]> {
  if (!ids.length) return [];
  const rows = await db<Row[]>`
    SELECT ${COLUMNS(db)} FROM unnest(${ids.map(bucketOf)}::smallint[], ${[...ids]}::bigint[]) AS k (bucket, id)
    JOIN orders o ON o.bucket = k.bucket AND o.id = k.id`;
  return rows.map(orderOf);
}

/** A page of orders, newest first. Locks nothing. */
export async function selectOrders(
  db: Db,
  whose: OrderOwner,
  page: { beforeId: number; limit: number },
): Promise<Order[]> {
  const rows = await db<Row[]>`
    SELECT ${COLUMNS(db)} FROM orders o WHERE ${of(db, whose)} AND o.id < ${page.beforeId} ORDER BY o.id DESC LIMIT ${page.limit}`;
  return rows.map(orderOf);
}

/** A page of the orders of a person, by the ids they have had, newest first. Locks nothing. */
export async function selectOrdersOf(
  db: Db,
  whose: OrderOwner,
  contactIds: readonly number[],
  page: { beforeId: number; limit: number },
): Promise<Order[]> {
  const rows = await db<Row[]>`
    SELECT ${COLUMNS(db)} FROM orders o
    WHERE o.bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND o.contact_id = ANY(${[...contactIds]}::bigint[])
      AND ${of(db, whose)} AND o.id < ${page.beforeId} ORDER BY o.id DESC LIMIT ${page.limit}`;
  return rows.map(orderOf);
}

/** Writes what may change of an order whose row is locked. */
export async function updateOrder(db: Db, o: Order): Promise<void> {
  await db`
    UPDATE orders SET reference = ${o.reference}, description = ${o.description}, currency = ${o.currency},
      total_cents = ${o.totalCents}, line_items = ${JSON.stringify(o.lineItems)}::text::jsonb,
      metadata = ${o.metadata && JSON.stringify(o.metadata)}::text::jsonb, profile_name = ${o.profileName},
      shipping_address = ${o.shippingAddress}, shipping_link = ${o.shippingLink}, shipping_state = ${o.shippingState},
      shipping_source = ${o.shippingSource}, invoiced_us = ${o.invoiced?.us ?? null}, invoiced_source = ${o.invoiced?.source ?? null},
      paid_us = ${o.paid?.us ?? null}, paid_source = ${o.paid?.source ?? null}, shipped_us = ${o.shipped?.us ?? null},
      shipped_source = ${o.shipped?.source ?? null}, refunded_us = ${o.refunded?.us ?? null},
      refunded_source = ${o.refunded?.source ?? null}, is_quiet = ${o.isQuiet}, updated_us = ${o.updatedUs}
    WHERE bucket = ${bucketOf(o.id)} AND id = ${o.id}`;
}

/** Deletes an order whose row is locked. */
export async function deleteOrder(db: Db, id: number): Promise<void> {
  await db`DELETE FROM orders WHERE bucket = ${bucketOf(id)} AND id = ${id}`;
}

/** Deletes the orders of contacts, and returns what their references are released by. Locks the rows. */
export async function deleteOrdersOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Reference[]> {
  const rows = await db<(Omit<Reference, 'reference'> & { reference: string | null })[]>`
    DELETE FROM orders WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId}
    RETURNING workspace_id AS "workspaceId", client_id AS "clientId", reference, id AS "orderId"`;
  return rows.filter((row): row is Reference => row.reference !== null);
}

/** The orders of a contact that goes are those of the one that stays; their ids, and so their buckets, stay. `everIds`: of
 * all who became the one that stays, whose buckets those orders may be in. Locks the rows. */
export async function moveOrders(
  db: Db,
  merge: { workspaceId: number; fromId: number; toId: number; everIds: readonly number[] },
): Promise<void> {
  await db`
    UPDATE orders SET contact_id = ${merge.toId}
    WHERE bucket = ANY(${[...new Set(merge.everIds.map(bucketOf))]}::smallint[])
      AND contact_id = ${merge.fromId} AND workspace_id = ${merge.workspaceId}`;
}

/** Says when the customers of orders were told of their payment: once, the first time. Locks the rows, in the order of their keys. */
export async function noteNotified(
  db: Db,
  rows: readonly { orderId: number; workspaceId: number; us: number }[],
): Promise<void> {
  const sorted = inKeyOrder(rows, ({ orderId }) => orderId);
  await db`
    UPDATE orders o SET notified_us = k.us, updated_us = greatest(o.updated_us, k.us)
    FROM unnest(${column(sorted, (r) => bucketOf(r.orderId))}::smallint[], ${column(sorted, (r) => r.orderId)}::bigint[],
      ${column(sorted, (r) => r.workspaceId)}::bigint[], ${column(sorted, (r) => r.us)}::bigint[]) AS k (bucket, id, workspace_id, us)
    WHERE o.bucket = k.bucket AND o.id = k.id AND o.workspace_id = k.workspace_id AND o.notified_us IS NULL`;
}

/** A reference that an order has, in the words of who told it. */
export type Reference = { workspaceId: number; clientId: number; reference: string; orderId: number };
type Named = Omit<Reference, 'orderId'>;

const hashOf = ({ workspaceId, clientId, reference }: Named) =>
  hash32(`${workspaceId}|${clientId}|${reference}`);
const inOrder = <T extends Named>(rows: readonly T[]): T[] =>
  rows.toSorted((a, b) => hashOf(a) - hashOf(b) || (a.reference < b.reference ? -1 : 1));
const keys = (db: Db, rows: readonly Named[]) => db`
  ${column(rows, hashOf)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
  ${column(rows, (r) => r.clientId)}::bigint[], ${column(rows, (r) => r.reference)}::text[]`;

/** The orders that references name now; those that name none are left out. Locks nothing. */
export async function selectReferences(db: Db, named: readonly Named[]): Promise<Reference[]> {
  return await db<Reference[]>`
    SELECT r.workspace_id AS "workspaceId", r.client_id AS "clientId", r.reference, r.order_id AS "orderId"
    FROM unnest(${keys(db, named)}) AS k (hash, workspace_id, client_id, reference)
    JOIN order_references r ON r.hash = k.hash AND r.workspace_id = k.workspace_id AND r.client_id = k.client_id
      AND r.reference = k.reference`;
}

/**
 * Gives references to orders, each only once in a call. `alone`: only where no other order has it. Returns the ids of the orders that
 * have theirs now. Whoever gives the same one at this moment is waited for; locks the rows, in the order of their keys.
 */
export async function claimReferences(
  db: Db,
  claims: readonly Reference[],
  { alone }: { alone: boolean },
): Promise<Set<number>> {
  const rows = inOrder(claims);
  const done = await db<{ orderId: number }[]>`
    INSERT INTO order_references AS r (hash, workspace_id, client_id, reference, order_id)
    SELECT k.hash, k.workspace_id, k.client_id, k.reference, k.order_id
    FROM unnest(${keys(db, rows)}, ${column(rows, (r) => r.orderId)}::bigint[])
      AS k (hash, workspace_id, client_id, reference, order_id)
    ON CONFLICT (hash, workspace_id, client_id, reference) ${
      alone
        ? db`DO NOTHING`
        : // Of 100 (ORDER_LIMITS.sameReference) but the last; here, Citus takes no parameter.
          db`DO UPDATE SET order_id = excluded.order_id, earlier = array_append(r.earlier, r.order_id)
             WHERE cardinality(r.earlier) < 99`
    }
    RETURNING r.order_id AS "orderId"`;
  return new Set(done.map(({ orderId }) => orderId));
}

/**
 * Locks references until the transaction ends, and tells which orders have had each, the newest last. By writing them as they are: rows of
 * several shards cannot be locked otherwise on Citus.
 */
export async function lockReferences(
  db: Db,
  named: readonly Named[],
): Promise<(Named & { orderIds: number[] })[]> {
  const rows = inOrder(named);
  return await db<(Named & { orderIds: number[] })[]>`
    UPDATE order_references r SET order_id = r.order_id
    FROM unnest(${keys(db, rows)}) AS k (hash, workspace_id, client_id, reference)
    WHERE r.hash = k.hash AND r.workspace_id = k.workspace_id AND r.client_id = k.client_id AND r.reference = k.reference
    RETURNING r.workspace_id AS "workspaceId", r.client_id AS "clientId", r.reference,
      array_append(r.earlier, r.order_id) AS "orderIds"`;
}

/** Says which orders have had references that are locked; one that none has any more is gone. */
export async function writeReferences(
  db: Db,
  rows: readonly (Named & { orderIds: readonly number[] })[],
): Promise<void> {
  const gone = rows.filter(({ orderIds }) => orderIds.length === 0);
  const left = rows.filter(({ orderIds }) => orderIds.length > 0);
  if (gone.length)
    await db`
      DELETE FROM order_references r USING unnest(${keys(db, gone)}) AS k (hash, workspace_id, client_id, reference)
      WHERE r.hash = k.hash AND r.workspace_id = k.workspace_id AND r.client_id = k.client_id AND r.reference = k.reference`;
  if (left.length)
    await db`
      UPDATE order_references r SET order_id = k.order_id, earlier = string_to_array(k.earlier, ',')::bigint[]
      FROM unnest(${keys(db, left)}, ${column(left, (r) => r.orderIds.at(-1)!)}::bigint[],
        ${column(left, (r) => r.orderIds.slice(0, -1).join(','))}::text[])
        AS k (hash, workspace_id, client_id, reference, order_id, earlier)
      WHERE r.hash = k.hash AND r.workspace_id = k.workspace_id AND r.client_id = k.client_id AND r.reference = k.reference`;
}

/** What a workspace has decided about orders. */
export type OrderSettings = { accepts: boolean; currency: string };

/** The settings of workspaces; those that have decided nothing are left out. Locks nothing. */
export async function selectSettings(
  db: Db,
  workspaceIds: readonly number[],
): Promise<(OrderSettings & { workspaceId: number })[]> {
  return await db<(OrderSettings & { workspaceId: number })[]>`
    SELECT workspace_id AS "workspaceId", accepts, currency FROM order_settings
    WHERE workspace_id = ANY(${[...workspaceIds]}::bigint[])`;
}

/** Writes the settings of a workspace. Locks the row. */
export async function upsertSettings(db: Db, workspaceId: number, settings: OrderSettings): Promise<void> {
  await db`
    INSERT INTO order_settings (workspace_id, accepts, currency) VALUES (${workspaceId}, ${settings.accepts}, ${settings.currency})
    ON CONFLICT (workspace_id) DO UPDATE SET accepts = excluded.accepts, currency = excluded.currency`;
}
