/** Orders: told, changed, taken back; and what is sent about them. */
import { type Static, Type } from 'typebox';
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
import { fromHex24, isId, MAX_ID, readId, toHex24 } from '../../base/ids.ts';
import { readingsOf } from '../../base/microseconds.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { cutPage } from '../../base/page.ts';
import { actorOfCompany, type GrantKey } from '../../connect/grants.ts';
import type { Tx } from '../../db/pool.ts';
import { readTexts, writeText, ORDER_TEXTS } from '../../orders/alerts.ts';
import { readOrder, type OrderRead } from '../../orders/given.ts';
import { isCurrency } from '../../orders/money.ts';
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
  type OrderOwner,
} from '../../orders/orders.ts';
import { changeOrderSettings, orderSettings } from '../../orders/settings.ts';
import { givenIn, pathsIn } from '../../orders/words.ts';
import { holdAccount, workspaceOf, type ActingFor } from '../kit/onBehalf.ts';
import { readStrictly } from './input.ts';
import { TAKES_NONE, tellOrder } from './ordersCreate.ts';
import { ORDER_WORDS as WORDS, presentOrder as present } from './ordersShown.ts';
import {
  idText,
  acts,
  missing,
  queryId,
  readPage,
  reads,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from './route.ts';

/** A batch of orders with their lines. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** What stands before a reference in a path. */
const BY_REFERENCE = 'reference-';

const one = '/orders/:order';
/** A connected account in which the company acts: one of the two. */
const ACCOUNT = {
  connectId: Type.String({ minLength: 1, maxLength: 200 }),
  userId: Type.String({ pattern: '^[0-9]{1,16}$', rule: 'must be the number of an account' }),
} as const;

/** `…/orders`. */
export const orderRoutes: readonly Route[] = [
  reads({
    path: '/orders',
    action: 'orders.read',
    does: 'Orders, newest first: all, or those of a contact.',
    query: { ...NEWEST_FIRST, contactId: Id, ...ACCOUNT },
    answer: OrderPage,
    handle: list,
  }),
  writes({
    path: '/orders',
    action: 'orders.write',
    does: 'Tells an order; its contact is found by phone number or address, or made.',
    query: ACCOUNT,
    body: NewOrder,
    answers: { 201: OrderShown },
    async handle(call) {
      const account = await accountOf(call);
      if (isFault(account)) return account;
      const read = readOrder(givenOf(call.body), { ...reading(account), ...pathsIn(WORDS, '') });
      if (isFault(read)) return read;
      return tellOrder({ acting: account.acting, telling: account.telling, read });
    },
  }),
  writes({
    path: '/orders/batch',
    action: 'orders.write',
    does: 'Tells up to 1,000 orders; what is wrong with one is that one’s.',
    query: ACCOUNT,
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
    query: ACCOUNT,
    does: 'An order, by its id, or by reference-… and the reference it was told with.',
    answer: OrderShown,
    async handle(call) {
      const account = await accountOf(call);
      if (isFault(account)) return account;
      const found = await findOrder(call.ctx.sql, account.whose, nameOf(call));
      return found ? present(found) : missing('order');
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    action: 'orders.write',
    does: 'Changes what was told of an order; whose it is stays.',
    query: ACCOUNT,
    body: OrderPatch,
    answers: { 200: OrderShown },
    async handle(call) {
      const account = await accountOf(call);
      if (isFault(account)) return account;
      const read = readOrder(givenOf(call.body), { ...reading(account), ...pathsIn(WORDS, '') });
      if (isFault(read)) return read;
      const which = { whose: account.whose, name: nameOf(call) };
      return inAccount(account, async (tx) => {
        const order = await changeOrder(call.ctx, tx, account.telling, which, read);
        return isFault(order) ? order : told('update', order);
      });
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    action: 'orders.write',
    query: ACCOUNT,
    does: 'Takes an order back; a text that waits for it is not sent.',
    answers: { 200: OrderShown },
    async handle(call) {
      const account = await accountOf(call);
      if (isFault(account)) return account;
      const which = { whose: account.whose, name: nameOf(call) };
      return inAccount(account, async (tx) => {
        const order = await removeOrder(call.ctx, tx, { ...which, atUs: account.telling.nowUs() });
        return isFault(order) ? order : told('delete', order);
      });
    },
  }),
];

/** Whose orders: the workspace's own, or, where the query names an account, those that the company told there. */
type Account = {
  acting: ActingFor | undefined;
  workspace: Workspace;
  whose: OrderOwner;
  telling: Telling;
};

async function accountOf(call: Call<unknown>): Promise<Account | Fault> {
  const { ctx, query } = call;
  const who = whoIn(query);
  if (isFault(who)) return who;
  const acting: ActingFor | undefined = who && { companyId: call.workspace.id, who, ability: 'orders' };
  const workspace = acting ? await workspaceOf(ctx, acting) : call.workspace;
  if (isFault(workspace)) return workspace;
  const { currency } = await orderSettings(ctx.sql, workspace.id);
  const telling: Telling = {
    workspaceId: workspace.id,
    clientId: acting ? acting.companyId : 0,
    source: acting ? 'connect' : 'console',
    currency,
    referencesOnce: false,
    nowUs: readingsOf(ctx.clock, workspace.clockAheadMs),
    clockAheadMs: workspace.clockAheadMs,
    path: pathsIn(WORDS, '').path,
  };
  const whose: OrderOwner = { workspaceId: workspace.id, clientId: acting?.companyId };
  return { acting, workspace, whose, telling };
}

function whoIn({ connectId, userId }: Readonly<Record<string, string>>): GrantKey | undefined | Fault {
  if (connectId !== undefined && userId !== undefined)
    return breaks('connectId', 'give this or userId, not both');
  if (connectId !== undefined) return { connectId };
  if (userId === undefined) return undefined;
  const id = /^\d{1,16}$/.test(userId) ? Number(userId) : 0;
  return isId(id) ? { userId: id } : breaks('userId', 'must be the id of a user: a whole number above 0');
}

/** Does it in the account: while the grant is held, where it is another's, and noted in the account's log. */
function inAccount<S extends number, B>(
  { acting, workspace }: Account,
  work: (tx: Tx) => Promise<Done<S, B> | Fault>,
): Work<S, B> {
  if (!acting) return work;
  return async (tx) => {
    const lost = await holdAccount(tx, acting, workspace.id);
    if (lost) return lost;
    const done = await work(tx);
    if (isFault(done)) return done;
    const detail = { company: acting.companyId, ...done.audit.detail };
    const actor = actorOfCompany({ clientWorkspaceId: acting.companyId });
    return { ...done, audit: { ...done.audit, workspaceId: workspace.id, actor, detail } };
  };
}

async function takesOrders(tx: Tx, { acting, workspace }: Account): Promise<Fault | undefined> {
  if (!acting || (await orderSettings(tx, workspace.id)).accepts) return undefined;
  return TAKES_NONE;
}

function reading({ workspace: { country, timeZone }, telling: { currency, nowUs } }: Account) {
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
  const account = await accountOf(call);
  if (isFault(account)) return account;
  const telling = { ...account.telling, referencesOnce };
  const how = reading(account);
  const given = orders.map((order, i): OrderRead | Fault => {
    const strict = readStrictly(NewOrder, order);
    if (isFault(strict)) return within(`orders[${i}]`, strict);
    return readOrder(givenOf(strict!), { ...how, ...pathsIn(WORDS, `orders[${i}].`) });
  });
  const good = given.flatMap((read, i) => (isFault(read) ? [] : [{ read, i }]));
  return inAccount<200, OrdersTaken>(account, async (tx) => {
    const off = await takesOrders(tx, account);
    if (off) return off;
    const made = await createOrders(
      call.ctx,
      tx,
      good.map(({ read }) => ({ telling, read })),
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
  });
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
  return async (tx: Tx): Promise<Done<200, OrderSettings> | Fault> => {
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
  const account = await accountOf(call);
  if (isFault(account)) return account;
  const found = await listOrders(call.ctx.sql, account.whose, {
    beforeId: before,
    limit: limit + 1,
    contactId: account.acting ? undefined : contactId,
  });
  const { rows, last } = cutPage(found, limit);
  return { orders: rows.map(present), next: idText(last?.id) };
}

function told(what: string, order: Order): Done<200, OrderShown> {
  const audit = { action: `order.${what}`, subject: `order:${order.id}`, detail: notedOf(order) };
  return { status: 200, body: present(order), audit };
}
