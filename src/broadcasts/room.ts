/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { forgetPosted } from './posted.ts';
import { deleteRetriesOf } from './sql.ts';
import { broadcastHandler } from './steps.ts';

/** Broadcasts. */
export function broadcastsRoom(deps: Parameters<typeof broadcastHandler>[0]): WorkingRoom {
  return {
    name: 'broadcasts',
    handlers: [broadcastHandler(deps)],
    personal: {
      broadcasts: 'emptied: what they said in a group, as devices are told of it',
      broadcast_lanes: 'names nobody',
      broadcast_retries: 'deleted',
      tallies: 'names nobody',
    },
    parts: {
      broadcast_lanes: { column: 'run_id', of: 'broadcasts', by: 'run_id' },
      broadcast_posts: { column: 'broadcast_id', of: 'broadcasts' },
      broadcast_retries: { column: 'broadcast_id', of: 'broadcasts' },
      tallies: { column: 'cause_id', of: 'broadcasts', by: 'run_id' },
    },
    exports: {
      broadcasts: { not: 'what they said in a group is told with the group' },
      broadcast_retries: { by: 'contact', column: 'contact_id' },
    },
    // While it is known who said what: groups let go of that themselves. A step of the broadcast locks it before a contact.
    eraseFirst: forgetPosted,
    erase: ({ tx, contactIds }) => deleteRetriesOf(tx, contactIds),
  };
}
