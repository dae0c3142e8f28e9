/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { forgetLive } from './log.ts';
import { liveReader } from './reader.ts';
import { shownReader } from './shown.ts';

/** Live. */
export function liveRoom(deps: Parameters<typeof shownReader>[0]): WorkingRoom {
  return {
    name: 'live',
    readers: [liveReader(deps.notices), shownReader(deps)],
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
