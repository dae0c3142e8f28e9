/**
 * Orders on behalf: in the account that `X-Shout-Connect-ID` or `X-Shout-User-Id` names, as long as it is connected. A company reaches
 * the orders that it told and no others.
 */
import { type Static, Type } from 'typebox';
import { ShoutId } from '../../../contract/doors/shout/fields.ts';
import {
  OrderGiven,
  ORDERS_PAGE,
  OrderSkipped,
  OrdersGiven,
  OrdersTaken,
  ShoutOrder,
  ShoutOrders,
} from '../../../contract/doors/shout/orders.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { MAX_ID } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import { actorOfCompany } from '../../connect/grants.ts';
import type { Tx } from '../../db/pool.ts';
import { notedOf } from '../../orders/noted.ts';
import type { Order } from '../../orders/order.ts';
import {
  changeOrder,
  createOrders,
  findOrder,
  listOrders,
  removeOrder,
  type OrderName,
  type Telling,
} from '../../orders/orders.ts';
import { orderSettings } from '../../orders/settings.ts';
import type { Note } from '../kit/change.ts';
import { holdAccount, workspaceOf, type ActingFor } from '../kit/onBehalf.ts';
import { readLimit } from '../kit/query.ts';
import { createOrder, notAccepted } from './ordersCreate.ts';
import { readTold, tellingIn, type ToldOrder } from './ordersRead.ts';
import { present } from './ordersShown.ts';
import { readFlag, readHeaders, readUserId } from './read.ts';
import { acts, reads, writes, type Call, type Route } from './route.ts';

/** A batch of orders with their lines. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** What stands before a reference in a path. */
const BY_REFERENCE = 'reference_id-';

const one = '/orders/:order';

/** `/orders`. */
export const orderRoutes: readonly Route[] = [
  reads({
    path: '/orders',
    does: 'The orders that the company told in an account, newest first.',
    action: 'orders.read',
    query: {
      before_id: ShoutId,
      limit: Type.Integer({ minimum: 1, maximum: ORDERS_PAGE.most, default: ORDERS_PAGE.usual }),
    },
    answers: { 200: ShoutOrders },
    handle: list,
  }),
  writes({
    path: '/orders',
    does: 'Tells an order in an account; its customer is found by phone number or address, or made.',
    action: 'orders.write',
    body: OrderGiven,
    answers: { 200: OrderSkipped, 201: ShoutOrder },
    handle: createOrder,
  }),
  writes({
    path: '/orders/batch',
    does: 'Tells up to 1,000 orders in an account; what is wrong with one is that one’s.',
    action: 'orders.write',
    body: OrdersGiven,
    bodyBytes: BATCH_BYTES,
    answers: { 200: OrdersTaken },
    handle: batch,
  }),
  reads({
    path: one,
    does: 'An order, by its id, or by reference_id-… and the reference it was told with.',
    action: 'orders.read',
    answers: { 200: ShoutOrder },
    async handle(call) {
      const account = await accountOf(call);
      if (isFault(account)) return account;
      const found = await findOrder(call.ctx.sql, account.whose, nameOf(call));
      return found ? { status: 200, body: present(found, account.workspace) } : NO_ORDER;
    },
  }),
  writes({
    method: 'PUT',
    path: one,
    does: 'Changes what was told of an order; what is not named stays, and whose it is.',
    action: 'orders.write',
    body: OrderGiven,
    answers: { 200: ShoutOrder },
    handle: change,
  }),
  acts({
    method: 'DELETE',
    path: one,
    does: 'Takes an order back; a text that waits for it is not sent.',
    action: 'orders.write',
    answers: { 200: ShoutOrder },
    async handle(call) {
      const account = await accountOf(call);
      if (isFault(account)) return account;
      const { workspace, whose, telling } = account;
      const which = { whose, name: nameOf(call) };
      return onBehalf(call, account, 'delete', async (tx) => {
        const order = await removeOrder(call.ctx, tx, { ...which, atUs: telling.nowUs() });
        return isFault(order)
          ? order
          : { answer: { status: 200 as const, body: present(order, workspace) }, order };
      });
    },
  }),
];

const NO_ORDER = fault('not_found', 'There is no such order.');

/** The account that is meant, as it is before the transaction: how it reads numbers, times and money. */
type Account = {
  acting: ActingFor;
  workspace: Workspace;
  whose: { workspaceId: number; clientId: number };
  telling: Telling;
};

async function accountOf(call: Call<unknown>): Promise<Account | Fault> {
  const { ctx, query } = call;
  const who = readHeaders(query);
  if (isFault(who)) return who;
  const acting: ActingFor = { companyId: call.workspace.id, who, ability: 'orders' };
  const workspace = await workspaceOf(ctx, acting);
  if (isFault(workspace)) return workspace;
  const once = readFlag(query.failsOnDuplicate, 'X-Fail-Creation-On-Duplicate-Reference-Id');
  if (isFault(once)) return once;
  const { currency } = await orderSettings(ctx.sql, workspace.id);
  const whose = { workspaceId: workspace.id, clientId: call.workspace.id };
  const telling = tellingIn(ctx.clock, { companyId: call.workspace.id, place: workspace, currency, once });
  return { acting, workspace, whose, telling };
}

function howToRead({ workspace: { country, timeZone }, telling: { currency, nowUs } }: Account) {
  return { country, timeZone, currency, nowUs };
}

function nameOf({ params }: Call<unknown>): OrderName {
  const text = params['order'] ?? '';
  if (text.startsWith(BY_REFERENCE)) return { reference: text.slice(BY_REFERENCE.length) };
  return { id: /^\d{1,16}$/.test(text) ? Number(text) : 0 };
}

/** What is done in an account: the answer, and what its log is told of. */
type DoneThere<A> = { answer: A; order?: Order; detail?: object };

/** Does it while the grant is held: what is done is done before a disconnect, or not at all. It is noted in the account's log. */
function onBehalf<A extends { status: number; body: unknown }>(
  call: Call<unknown>,
  { acting, workspace }: Account,
  what: string,
  work: (tx: Tx) => Promise<DoneThere<A> | Fault>,
) {
  return async (tx: Tx): Promise<(A & { audit: Note }) | Fault> => {
    const lost = await holdAccount(tx, acting, workspace.id);
    if (lost) return lost;
    const done = await work(tx);
    if (isFault(done)) return done;
    const { answer, order, detail } = done;
    const audit: Note = {
      action: `order.${what}`,
      workspaceId: workspace.id,
      actor: actorOfCompany({ clientWorkspaceId: acting.companyId }),
      ...(order ? { subject: `order:${order.id}` } : {}),
      detail: { company: call.workspace.id, ...(order ? notedOf(order) : {}), ...detail },
    };
    return { ...answer, audit };
  };
}

async function change(call: Call<Static<typeof OrderGiven>>) {
  const account = await accountOf(call);
  if (isFault(account)) return account;
  const told = readTold(call.body.order, 'order', howToRead(account));
  if (isFault(told)) return told;
  const { workspace, whose, telling } = account;
  const which = { whose, name: nameOf(call) };
  return onBehalf(call, account, 'update', async (tx) => {
    const order = await changeOrder(call.ctx, tx, telling, which, told.read);
    return isFault(order)
      ? order
      : { answer: { status: 200 as const, body: present(order, workspace) }, order };
  });
}

type Result = OrdersTaken['results'][number];

async function batch(call: Call<Static<typeof OrdersGiven>>) {
  const account = await accountOf(call);
  if (isFault(account)) return account;
  const { orders, ...usual } = call.body;
  const how = howToRead(account);
  const told = orders.map((order, i) => {
    const isOrder = typeof order === 'object' && order !== null && !Array.isArray(order);
    return readTold(isOrder ? { ...usual, ...order } : order, `orders[${i}]`, how);
  });
  const { workspace, telling } = account;
  return onBehalf(call, account, 'batch', async (tx) => {
    const { accepts } = await orderSettings(tx, workspace.id);
    const good = told.flatMap((one, i) => (isFault(one) || !accepts ? [] : [{ i, read: one.read }]));
    const made = await createOrders(
      call.ctx,
      tx,
      good.map(({ read }) => ({ telling, read })),
    );
    const came = new Map(good.map(({ i }, k) => [i, made[k]!]));
    const results = told.map((one, i) => resultOf(one, came.get(i), `orders[${i}]`));
    const created = made.filter((order) => !isFault(order)).length;
    const refused = results.filter(({ error }) => error !== undefined).length;
    const skipped = results.length - created - refused;
    const body: OrdersTaken = { created, object: 'order_batch', refused, results, skipped };
    return { answer: { status: 200 as const, body }, detail: { created, refused, skipped } };
  });
}

/** Without an order there was none to be made: the account takes none. */
function resultOf(told: ToldOrder | Fault, came: Order | Fault | undefined, at: string): Result {
  if (isFault(told)) return faultOf(told);
  if (came === undefined) return told.fails ? faultOf(notAccepted(at)) : { id: null };
  if (!isFault(came)) return { id: came.id };
  // Of one order it is `order.…`, here it is one of several.
  const field = came.field?.replace(/^order\./, `${at}.`);
  const message = came.message.replace(/\border\.(?=[a-z])/g, `${at}.`);
  return faultOf({ ...came, message, ...(field === undefined ? {} : { field }) });
}

function faultOf({ message, field }: Fault): Result {
  const rule =
    field !== undefined && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
  return { id: null, error: message, errors: field === undefined ? {} : { [field]: [rule] } };
}

async function list(call: Call) {
  const account = await accountOf(call);
  if (isFault(account)) return account;
  const { query } = call.query;
  const limit = readLimit(query['limit'], ORDERS_PAGE);
  if (isFault(limit)) return limit;
  const beforeId = query['before_id'] === undefined ? MAX_ID : readUserId(query['before_id'], 'before_id');
  if (isFault(beforeId)) return beforeId;
  const found = await listOrders(call.ctx.sql, account.whose, { beforeId, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  const body = {
    data: rows.map((order) => present(order, account.workspace)),
    has_more: last !== undefined,
    next_before_id: last?.id ?? null,
    object: 'list',
  } as const;
  return { status: 200 as const, body };
}
