/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { deleteRetriesOf } from './sql.ts';
import { broadcastHandler } from './steps.ts';

/** Broadcasts. */
export function broadcastsRoom(deps: Parameters<typeof broadcastHandler>[0]): WorkingRoom {
  return {
    name: 'broadcasts',
    handlers: [broadcastHandler(deps)],
    personal: {
      broadcasts: 'names nobody',
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
    exports: { broadcast_retries: { by: 'contact', column: 'contact_id' } },
    erase: ({ tx, contactIds }) => deleteRetriesOf(tx, contactIds),
  };
}
