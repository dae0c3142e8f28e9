/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { broadcastHandler } from './steps.ts';

/** Broadcasts. */
export function broadcastsRoom(deps: Parameters<typeof broadcastHandler>[0]): WorkingRoom {
  return {
    name: 'broadcasts',
    handlers: [broadcastHandler(deps)],
    personal: {
      broadcasts: 'names nobody',
      broadcast_lanes: 'names nobody',
      broadcast_retries: 'kept: ids of who was tried once more, of nobody who is there',
      tallies: 'names nobody',
    },
  };
}
