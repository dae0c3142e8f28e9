/** What this room declares. */
import type { IdSource } from '../base/ids.ts';
import type { Names } from '../campaigns/events/names.ts';
import { idsOfPerson } from '../contacts/contacts.ts';
import type { Queue } from '../queue/queue.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { notifiedReader } from './notified.ts';
import { dropReferences } from './references.ts';
import { deleteOrdersOf, moveOrders } from './sql.ts';
import { ordersReader } from './told.ts';

/** Orders. */
export function ordersRoom(deps: { queue: Queue; ids: IdSource; names: Names }): WorkingRoom {
  return {
    name: 'orders',
    personal: {
      orders: 'deleted',
      order_references: 'deleted with the orders they name',
      order_settings: 'names nobody',
    },
    exports: {
      orders: { by: 'contact', column: 'contact_id' },
      order_references: { not: 'the references stand with the orders' },
    },
    async erase({ tx, workspaceId, contactIds }) {
      await dropReferences(tx, await deleteOrdersOf(tx, workspaceId, contactIds));
    },
    async merge({ tx, workspaceId, survivingId, discardedId }) {
      const everIds = [discardedId, ...((await idsOfPerson(tx, workspaceId, survivingId)) ?? [])];
      await moveOrders(tx, { workspaceId, fromId: discardedId, toId: survivingId, everIds });
    },
    readers: [ordersReader(deps), notifiedReader()],
  };
}
