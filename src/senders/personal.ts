/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';

/** What the room declares. */
export const sendersPeople: Room = {
  name: 'senders',
  personal: {
    integration_health: 'names nobody',
    integration_minutes: 'names nobody',
  },
};
