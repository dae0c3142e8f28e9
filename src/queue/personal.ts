/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { deleteEvents } from './feed/sql.ts';

/** Events that hold more of a person than ids: the Sunshine door's own, and those of links. */
const TELLING_MORE = ['sunshine.told', 'link.told'];

/** What the room declares. */
export const queuePeople: Room = {
  name: 'queue',
  personal: {
    'feed_log.payload': 'ids; events that hold more are deleted',
    feed_log: 'kept: ids',
    feed: 'kept: as events, until they are told',
    feed_failures:
      'kept: as events, until they are read after all; those that hold more than ids are deleted',
    due: 'names nobody',
    lanes: 'names nobody',
    workers: 'names nobody',
    flights: 'names nobody',
    flight_steps: 'names nobody: what a provider answered, until the batch is settled',
    streams: 'names nobody',
  },
  exports: {
    feed_log: { not: 'what happened, by ids: what it happened to is here' },
    feed: { not: 'as feed_log' },
    feed_failures: { not: 'as feed_log' },
  },
  async erase({ tx, workspaceId, contactIds }) {
    for (const type of TELLING_MORE)
      await deleteEvents(tx, workspaceId, { type, name: 'contactId', ids: contactIds });
  },
};
