/** What this room declares. */
import type { Room } from '../db/room.ts';

/** Content. */
export const contentRoom: Room = {
  name: 'content',
  personal: {
    templates: 'names nobody',
    template_versions: 'names nobody',
  },
};
