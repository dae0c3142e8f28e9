/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { forgetContacts, moveGrants } from './sql.ts';

/** What the room declares. The account's own list of companies keeps that there was a grant, and that the company erased its contact. */
export const connectPeople: Room = {
  name: 'connect',
  personal: {
    connect_clients: 'names nobody',
    connect_grants: 'ended, and emptied of the contact and its connect_id',
  },
  exports: {
    connect_grants: { by: 'contact', column: 'contact_id', hasBucket: false },
  },
  erase: ({ tx, workspaceId, contactIds, atMs }) => forgetContacts(tx, workspaceId, contactIds, atMs),
  merge: ({ tx, ...merge }) => moveGrants(tx, merge),
};
