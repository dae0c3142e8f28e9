/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { delayedPosts, heardByThreads } from './due.ts';

/** Threads. */
export function threadsRoom(deps: Parameters<typeof delayedPosts>[0]): WorkingRoom {
  return { name: 'threads', handlers: [delayedPosts(deps)], readers: [heardByThreads(deps)] };
}
