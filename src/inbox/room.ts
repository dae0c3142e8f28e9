/** What this room declares. */
import type { Notices } from '../live/notices.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { inboxReader } from './reader.ts';

/** The inbox. */
export function inboxRoom(notices: Pick<Notices, 'send'>): WorkingRoom {
  return { name: 'inbox', readers: [inboxReader(notices)] };
}
