/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';

/** What the room declares. */
export const contentPeople: Room = {
  name: 'content',
  personal: {
    templates: 'names nobody',
  },
};
