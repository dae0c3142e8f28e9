/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import { conversationsOf } from '../conversations/conversations.ts';
import type { Room } from '../db/room.ts';
import { forgetThreads } from './threads.ts';

/** What the room declares. */
export const threadsPeople: Room = {
  name: 'threads',
  personal: {
    threads: 'deleted',
    participants: 'deleted',
    posts: 'deleted',
  },
  exports: {
    threads: { by: 'conversation', column: 'id' },
    participants: { by: 'conversation', column: 'conversation_id' },
    posts: { by: 'conversation', column: 'conversation_id' },
  },
  async erase({ tx, contactIds }) {
    for (const { id } of (await conversationsOf(tx, contactIds)).values()) await forgetThreads(tx, id);
  },
};
