/** What this room declares. */
import type { Room } from '../db/room.ts';

/** Connect. */
export const connectRoom: Room = { name: 'connect' };
