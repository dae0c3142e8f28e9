/** What this room declares. */
import type { IdSource } from '../base/ids.ts';
import type { Names } from '../campaigns/events/names.ts';
import type { Queue } from '../queue/queue.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { announcementsReader } from './announcements.ts';
import { grantsReader } from './told.ts';
import { forgetContacts, moveGrants } from './sql.ts';

/** Connect. The account's own list of companies keeps that there was a grant, and that the company erased its contact. */
export function connectRoom(deps: { queue: Queue; ids: IdSource; names: Names }): WorkingRoom {
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
    readers: [announcementsReader(), grantsReader(deps)],
    erase: ({ tx, workspaceId, contactIds, atMs }) => forgetContacts(tx, workspaceId, contactIds, atMs),
    merge: ({ tx, workspaceId, discardedId, survivingId }) =>
      moveGrants(tx, { workspaceId, discardedId, survivingId }),
  };
}
