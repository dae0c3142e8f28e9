/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { delayedPosts, heardByThreads } from './due.ts';
import { conversationsOf } from '../conversations/conversations.ts';
import { forgetThreads } from './threads.ts';

/** Threads. */
export function threadsRoom(deps: Parameters<typeof delayedPosts>[0]): WorkingRoom {
  return {
    name: 'threads',
    handlers: [delayedPosts(deps)],
    readers: [heardByThreads(deps)],
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
}
