/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { eraseEvents, mergeEvents } from './events/people.ts';

/** What the room declares. */
export const campaignsPeople: Room = {
  name: 'campaigns',
  personal: {
    event_arrivals: 'deleted',
    event_keys: 'deleted',
    contact_events: 'deleted',
    event_stats: 'deleted',
    event_names: 'names nobody',
  },
  erase: eraseEvents,
  merge: mergeEvents,
};
