/** Orders: told, changed, taken back; and what is sent about them. */
import type { Static } from 'typebox';
import { Id } from '../../../contract/doors/fields.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import {
  NewOrder,
  NewOrders,
  OrderPage,
  OrderPatch,
  OrderSettings,
  OrderSettingsPatch,
  OrderShown,
  OrdersTaken,
} from '../../../contract/doors/console/orders.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24, MAX_ID, readId, toHex24 } from '../../base/ids.ts';
import { msOf, readingsOf } from '../../base/microseconds.ts';
import { readTexts, writeText, ORDER_TEXTS } from '../../orders/alerts.ts';
import { readOrder, type OrderRead } from '../../orders/given.ts';
import { isCurrency, moneyText } from '../../orders/money.ts';
import { statusOf, type Order } from '../../orders/order.ts';
import {
  changeOrder,
  createOrders,
  findOrder,
  listOrders,
  removeOrder,
  type OrderName,
  type Telling,
} from '../../orders/orders.ts';
import { changeOrderSettings, orderSettings } from '../../orders/settings.ts';
import { givenIn, pathsIn, type OrderWords } from '../../orders/words.ts';
import { readStrictly } from './input.ts';
import {
  acts,
  idText,
  missing,
  queryId,
  readPage,
  reads,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
} from './route.ts';

/** A batch of orders with their lines. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** What stands before a reference in a path. */
const BY_REFERENCE = 'reference-';

const WORDS: OrderWords = {
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

const one = '/orders/:order';

/** `…/orders`. */
export const orderRoutes: readonly Route[] = [
  reads({
    path: '/orders',
    action: 'orders.read',
    does: 'Orders, newest first: all, or those of a contact.',
    query: { ...NEWEST_FIRST, contactId: Id },
    answer: OrderPage,
    handle: list,
  }),
  writes({
    path: '/orders',
    action: 'orders.write',
    does: 'Tells an order; its contact is found by phone number or address, or made.',
    body: NewOrder,
    answers: { 201: OrderShown },
    async handle(call) {
      const telling = await tellingOf(call);
      const read = readOrder(givenOf(call.body), { ...reading(call, telling), ...pathsIn(WORDS, '') });
      if (isFault(read)) return read;
      return async (tx) => {
        const [order] = await createOrders(call.ctx, tx, telling, [read]);
        return isFault(order!) ? order : told('create', 201, order!);
      };
    },
  }),
  writes({
    path: '/orders/batch',
    action: 'orders.write',
    does: 'Tells up to 1,000 orders; what is wrong with one is that one’s.',
    body: NewOrders,
    bodyBytes: BATCH_BYTES,
    answers: { 200: OrdersTaken },
    handle: batch,
  }),
  reads({
    path: '/orders/settings',
    action: 'orders.read',
    does: 'Whether companies may tell orders, the usual currency, and the texts to customers.',
    answer: OrderSettings,
    handle: async ({ ctx, workspace }) => ({
      ...(await orderSettings(ctx.sql, workspace.id)),
      ...(await readTexts(ctx.sql, workspace.id)),
    }),
  }),
  writes({
    method: 'PATCH',
    path: '/orders/settings',
    action: 'orders.manage',
    does: 'Changes them; a text is a campaign of the workspace.',
    body: OrderSettingsPatch,
    answers: { 200: OrderSettings },
    handle: configure,
  }),
  reads({
    path: one,
    action: 'orders.read',
    does: 'An order, by its id, or by reference-… and the reference it was told with.',
    answer: OrderShown,
    async handle(call) {
      const found = await findOrder(call.ctx.sql, { workspaceId: call.workspace.id }, nameOf(call));
      return found ? present(found) : missing('order');
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    action: 'orders.write',
    does: 'Changes what was told of an order; whose it is stays.',
    body: OrderPatch,
    answers: { 200: OrderShown },
    async handle(call) {
      const telling = await tellingOf(call);
      const read = readOrder(givenOf(call.body), { ...reading(call, telling), ...pathsIn(WORDS, '') });
      if (isFault(read)) return read;
      const which = { whose: { workspaceId: call.workspace.id }, name: nameOf(call) };
      return async (tx) => {
        const order = await changeOrder(call.ctx, tx, telling, which, read);
        return isFault(order) ? order : told('update', 200, order);
      };
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    action: 'orders.write',
    does: 'Takes an order back; a text that waits for it is not sent.',
    answers: { 200: OrderShown },
    async handle(call) {
      const { nowUs } = await tellingOf(call);
      const which = { whose: { workspaceId: call.workspace.id }, name: nameOf(call) };
      return async (tx) => {
        const order = await removeOrder(call.ctx, tx, { ...which, atUs: nowUs() });
        return isFault(order) ? order : told('delete', 200, order);
      };
    },
  }),
];

async function tellingOf({ ctx, workspace }: Call<unknown>): Promise<Telling> {
  const { currency } = await orderSettings(ctx.sql, workspace.id);
  return {
    workspaceId: workspace.id,
    clientId: 0,
    source: 'console',
    currency,
    referencesOnce: false,
    nowUs: readingsOf(ctx.clock, workspace.clockAheadMs),
    path: pathsIn(WORDS, '').path,
  };
}

function reading({ workspace }: Call<unknown>, { currency, nowUs }: Telling) {
  const { country, timeZone } = workspace;
  return { country, timeZone, currency, nowUs };
}

function givenOf(body: Readonly<Record<string, unknown>>) {
  const given = givenIn(WORDS, body);
  return typeof given.profileId === 'string'
    ? { ...given, profileId: fromHex24(given.profileId) ?? MAX_ID }
    : given;
}

function nameOf({ params }: Call<unknown>): OrderName {
  const text = params['order'] ?? '';
  return text.startsWith(BY_REFERENCE)
    ? { reference: text.slice(BY_REFERENCE.length) }
    : { id: readId(text) ?? 0 };
}

async function batch(call: Call<Static<typeof NewOrders>>) {
  const { orders, referencesOnce = false } = call.body;
  const telling = { ...(await tellingOf(call)), referencesOnce };
  const how = reading(call, telling);
  const given = orders.map((order, i): OrderRead | Fault => {
    const strict = readStrictly(NewOrder, order);
    if (isFault(strict)) return within(`orders[${i}]`, strict);
    return readOrder(givenOf(strict!), { ...how, ...pathsIn(WORDS, `orders[${i}].`) });
  });
  const good = given.flatMap((read, i) => (isFault(read) ? [] : [{ read, i }]));
  return async (tx: Parameters<typeof createOrders>[1]): Promise<Done<200, OrdersTaken>> => {
    const made = await createOrders(
      call.ctx,
      tx,
      telling,
      good.map(({ read }) => read),
    );
    const byPlace = new Map(good.map(({ i }, k) => [i, made[k]!]));
    const results = given.map((read, i) => {
      const came = isFault(read) ? read : byPlace.get(i)!;
      if (!isFault(came)) return { id: toHex24(came.id) };
      const { fault: code, message, field } = isFault(read) ? came : within(`orders[${i}]`, came);
      return { id: null, error: { code, message, ...(field === undefined ? {} : { field }) } };
    });
    const refused = results.filter(({ id }) => id === null).length;
    const body = { created: results.length - refused, refused, results };
    const detail = { created: body.created, refused };
    return { status: 200, body, audit: { action: 'order.batch', detail } };
  };
}

/** A fault of one of several. */
function within(at: string, found: Fault): Fault {
  const { field, message } = found;
  if (field === undefined) return { ...found, message: `${at}: ${message}` };
  return {
    ...found,
    field: `${at}.${field}`,
    message: message.startsWith(field) ? `${at}.${message}` : message,
  };
}

async function configure(call: Call<Static<typeof OrderSettingsPatch>>) {
  const { ctx, workspace, workspaceNowMs, body } = call;
  const { accepts, currency } = body;
  const code = currency?.toUpperCase();
  if (code !== undefined && !isCurrency(code))
    return breaks('currency', 'must be a currency of ISO 4217, such as USD');
  const change = {
    ...(accepts === undefined ? {} : { accepts }),
    ...(code === undefined ? {} : { currency: code }),
  };
  return async (tx: Parameters<typeof createOrders>[1]): Promise<Done<200, OrderSettings> | Fault> => {
    const settings = await changeOrderSettings(tx, workspace.id, change);
    for (const which of ORDER_TEXTS) {
      const texts = body[which];
      if (!texts) continue;
      const odd = await writeText(ctx, tx, workspace.id, which, texts, workspaceNowMs);
      if (odd) return odd;
    }
    const shown = { ...settings, ...(await readTexts(tx, workspace.id)) };
    return { status: 200, body: shown, audit: { action: 'orders.settings', detail: { ...body } } };
  };
}

async function list(call: Call): Promise<Static<typeof OrderPage> | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const contactId = queryId(call, 'contactId');
  if (isFault(contactId)) return contactId;
  const { limit, before = MAX_ID } = page;
  const found = await listOrders(
    call.ctx.sql,
    { workspaceId: call.workspace.id },
    { beforeId: before, limit: limit + 1, contactId },
  );
  const rows = found.slice(0, limit);
  return { orders: rows.map(present), next: found.length > limit ? toHex24(rows.at(-1)!.id) : null };
}

function told<S extends 200 | 201>(what: string, status: S, order: Order): Done<S, OrderShown> {
  const audit = { action: `order.${what}`, subject: `order:${order.id}` };
  return { status, body: present(order), audit };
}

function present(order: Order): OrderShown {
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
