/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from './room.ts';

/** What the room declares. */
export const dbPeople: Room = {
  name: 'db',
  personal: {
    migrations: 'names nobody',
    placements: 'names nobody',
    id_places: 'names nobody',
  },
};
