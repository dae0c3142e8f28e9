/**
 * An order that a company tells alone. What is told at one moment goes together, in whatever accounts: their grants are held in one
 * statement, and the orders are one batch (`orders/orders.ts`), in which who is refused hurts nobody.
 */
import type { Static } from 'typebox';
import type { OrderGiven, OrderSkipped, ShoutOrder } from '../../../contract/doors/shout/orders.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { actorOfCompany, type GrantKey } from '../../connect/grants.ts';
import type { Tx } from '../../db/pool.ts';
import { notedOf } from '../../orders/noted.ts';
import type { Order } from '../../orders/order.ts';
import { createOrders, type NewOrder } from '../../orders/orders.ts';
import { orderSettingsOf, type OrderSettings } from '../../orders/settings.ts';
import { join, type Done, type Joined, type Way } from '../kit/change.ts';
import type { HttpContext } from '../kit/context.ts';
import { holdAccounts, type ActingPlace } from '../kit/onBehalf.ts';
import { readTold, tellingIn } from './ordersRead.ts';
import { present } from './ordersShown.ts';
import { readFlag, readHeaders } from './read.ts';
import type { Call } from './route.ts';

/** What one call asks for. */
type Asked = { companyId: number; who: GrantKey; once: boolean; order: unknown };
/** What it is, with the account known: nothing is made where the account takes none. */
type ReadIn = NewOrder & { place: ActingPlace; accepts: boolean };

/** The work of a call that tells an order. */
export async function createOrder(call: Call<Static<typeof OrderGiven>>): Promise<Joined | Fault> {
  const who = readHeaders(call.query);
  if (isFault(who)) return who;
  const once = readFlag(call.query.failsOnDuplicate, 'X-Fail-Creation-On-Duplicate-Reference-Id');
  if (isFault(once)) return once;
  return join(CREATING, { companyId: call.workspace.id, who, once, order: call.body.order });
}

const CREATING: Way<Asked> = {
  refused: 'wrote nothing',
  async together(ctx, tx, _nowMs, all) {
    const read = await readAll(ctx, tx, all);
    const good = read.filter((one): one is ReadIn => !isFault(one) && one.accepts);
    const made = await createOrders(ctx, tx, good, all.length > 1 ? 'undoes all' : 'stands');
    const came = new Map(good.map((one, i) => [one, made[i]!]));
    return read.map((one, i): Done | Fault => {
      if (isFault(one)) return one;
      const order = came.get(one) ?? SKIPPED;
      return isFault(order) ? order : answer(all[i]!.companyId, one.place, order);
    });
  },
};

async function readAll(ctx: HttpContext, tx: Tx, all: readonly Asked[]): Promise<(ReadIn | Fault)[]> {
  const { companyId } = all[0]!;
  const places = await holdAccounts(
    tx,
    { companyId, ability: 'orders' },
    all.map(({ who }) => who),
  );
  const ids = new Set(places.flatMap((place) => (isFault(place) ? [] : place.id)));
  const settings = await orderSettingsOf(tx, [...ids]);
  return all.map((asked, i) => {
    const place = places[i]!;
    return isFault(place) ? place : readIn(ctx, asked, place, settings.get(place.id)!);
  });
}

function readIn(
  { clock }: HttpContext,
  { companyId, once, order }: Asked,
  place: ActingPlace,
  { accepts, currency }: OrderSettings,
): ReadIn | Fault {
  const telling = tellingIn(clock, { companyId, place, currency, once });
  const { country, timeZone } = place;
  const told = readTold(order, 'order', { country, timeZone, currency, nowUs: telling.nowUs });
  if (isFault(told)) return told;
  return !accepts && told.fails ? notAccepted('order') : { telling, read: told.read, place, accepts };
}

const SKIPPED = { id: null, object: 'order', reason: 'connect_orders_not_enabled', skipped: true } as const;

function answer(companyId: number, place: ActingPlace, order: Order | typeof SKIPPED): Done {
  const isMade = order.id !== null;
  const audit = {
    action: 'order.create',
    workspaceId: place.id,
    actor: actorOfCompany({ clientWorkspaceId: companyId }),
    ...(isMade ? { subject: `order:${order.id}` } : {}),
    detail: { company: companyId, ...(isMade ? notedOf(order) : {}) },
  };
  return isMade
    ? { status: 201, body: present(order, place) satisfies ShoutOrder, audit }
    : { status: 200, body: order satisfies Static<typeof OrderSkipped>, audit };
}

/** Why an order is refused where it was to be, if the account takes none. */
export function notAccepted(at: string): Fault {
  const field = `${at}.fail_if_connect_orders_not_enabled`;
  return fault('unprocessable', `${field}: the account does not take orders from companies`, { field });
}
