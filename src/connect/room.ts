/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { announcementsReader } from './announcements.ts';
import { disconnectErased } from './grants.ts';
import { moveGrants } from './sql.ts';
import { grantsReader } from './told.ts';

/** Connect. The account's own list of companies keeps that there was a grant, and that the company erased its contact. */
export function connectRoom(deps: Parameters<typeof grantsReader>[0]): WorkingRoom {
  return {
    name: 'connect',
    personal: {
      connect_clients: 'names nobody',
      connect_grants: 'ended, and emptied of the contact and its connect_id',
      shared_actions: 'names nobody',
      offered_actions: 'names nobody',
    },
    exports: {
      connect_grants: { by: 'contact', column: 'contact_id', hasBucket: false },
    },
    erase: ({ tx, workspaceId, contactIds, atMs }) =>
      disconnectErased(deps, tx, { workspaceId, contactIds, atMs }),
    merge: ({ tx, workspaceId, discardedId, survivingId }) =>
      moveGrants(tx, { workspaceId, discardedId, survivingId }),
    readers: [grantsReader(deps), announcementsReader()],
  };
}
