/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { forgetLive } from './log.ts';

/** What the room declares. */
export const livePeople: Room = {
  name: 'live',
  personal: {
    live_heads: 'deleted',
    live_log: 'deleted',
  },
  exports: {
    live_heads: { not: 'a number' },
    live_log: { not: 'which of the messages a page was shown, in order' },
  },
  erase: ({ tx, contactIds }) => forgetLive(tx, contactIds),
  merge: ({ tx, discardedId }) => forgetLive(tx, [discardedId]),
};
