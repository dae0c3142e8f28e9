/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { liveReader } from './reader.ts';
import { forgetLive } from './log.ts';

/** Live. */
export function liveRoom(notices: Parameters<typeof liveReader>[0]): WorkingRoom {
  return {
    name: 'live',
    readers: [liveReader(notices)],
    personal: {
      live_heads: 'deleted',
      live_log: 'deleted',
    },
    parts: {
      live_heads: { column: 'contact_id', of: 'contacts' },
      live_log: { column: 'contact_id', of: 'contacts' },
    },
    exports: {
      live_heads: { not: 'a number' },
      live_log: { not: 'which of the messages a page was shown, in order' },
    },
    erase: ({ tx, contactIds }) => forgetLive(tx, contactIds),
    merge: ({ tx, discardedId }) => forgetLive(tx, [discardedId]),
  };
}
