/**
 * An order that is told alone, in the workspace or in an account it is connected to. What is told at one moment goes together: the
 * accounts' grants are held in one statement, and the orders are one batch (`orders/orders.ts`), in which who is refused hurts nobody.
 */
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { actorOfCompany } from '../../connect/grants.ts';
import type { Tx } from '../../db/pool.ts';
import { notedOf } from '../../orders/noted.ts';
import { createOrders, type NewOrder } from '../../orders/orders.ts';
import { orderSettingsOf } from '../../orders/settings.ts';
import { join, type Done, type Joined, type Way } from '../kit/change.ts';
import { CONNECTED_ANEW, holdAccounts, type ActingFor } from '../kit/onBehalf.ts';
import { presentOrder as present } from './ordersShown.ts';

/** An order that was read; `acting`: in an account of somebody else's. */
type Asked = NewOrder & { acting: ActingFor | undefined };

/** The work of a call that tells an order. */
export function tellOrder(asked: Asked): Joined {
  return join(TELLING, asked);
}

/** Said where the account takes no orders. */
export const TAKES_NONE = fault('unprocessable', 'The account does not take orders from companies.');

const TELLING: Way<Asked> = {
  refused: 'wrote nothing',
  async together(ctx, tx, _nowMs, all) {
    const refused = await refusedIn(tx, all);
    const good = all.filter((one) => !refused.has(one));
    const made = await createOrders(ctx, tx, good, all.length > 1 ? 'undoes all' : 'stands');
    const came = new Map(good.map((one, i) => [one, made[i]!]));
    return all.map((one): Done | Fault => {
      const order = refused.get(one) ?? came.get(one)!;
      if (isFault(order)) return order;
      const subject = `order:${order.id}`;
      const { detail, ...where } = inAccount(one);
      const audit = { action: 'order.create', subject, ...where, detail: { ...detail, ...notedOf(order) } };
      return { status: 201, body: present(order), audit };
    });
  },
};

/** Why accounts take none: the grant is over, or they say so. Holds the grants until the transaction ends. */
async function refusedIn(tx: Tx, all: readonly Asked[]): Promise<Map<Asked, Fault>> {
  const refused = new Map<Asked, Fault>();
  const acting = all.flatMap((asked) => (asked.acting ? [{ asked, ...asked.acting }] : []));
  const [first] = acting;
  if (!first) return refused;
  // All are of one workspace, which is the company.
  const { companyId, ability } = first;
  const places = await holdAccounts(
    tx,
    { companyId, ability },
    acting.map(({ who }) => who),
  );
  const settings = await orderSettingsOf(tx, [
    ...new Set(acting.map(({ asked }) => asked.telling.workspaceId)),
  ]);
  for (const [i, { asked }] of acting.entries()) {
    const place = places[i]!;
    const { workspaceId } = asked.telling;
    if (isFault(place)) refused.set(asked, place);
    else if (place.id !== workspaceId) refused.set(asked, CONNECTED_ANEW);
    else if (!settings.get(workspaceId)!.accepts) refused.set(asked, TAKES_NONE);
  }
  return refused;
}

/** What is done in an account is noted in its log. */
function inAccount({ acting, telling: { workspaceId } }: Asked) {
  if (!acting) return {};
  const { companyId } = acting;
  const actor = actorOfCompany({ clientWorkspaceId: companyId });
  return { workspaceId, actor, detail: { company: companyId } };
}
