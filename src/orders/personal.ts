/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import { idsOfPerson } from '../contacts/contacts.ts';
import type { Room } from '../db/room.ts';
import { dropReferences } from './references.ts';
import { deleteOrdersOf, moveOrders } from './sql.ts';

/** What the room declares. */
export const ordersPeople: Room = {
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
};
