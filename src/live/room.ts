/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { liveReader } from './reader.ts';

/** Live. */
export function liveRoom(notices: Parameters<typeof liveReader>[0]): WorkingRoom {
  return { name: 'live', readers: [liveReader(notices)] };
}
