/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { hoursReader } from './hours.ts';
import { forgetLinks, moveLinks, sweepLinks } from './people.ts';

/** Links. */
export const linksRoom = (deps: Parameters<typeof hoursReader>[0]): WorkingRoom => ({
  name: 'links',
  readers: [hoursReader(deps)],
  personal: {
    links: 'deleted',
    link_clicks: 'deleted',
    link_hours: 'names nobody: counts',
    auth_codes: 'deleted',
    link_requests: 'deleted',
    chat_sessions: 'deleted',
    chat_presence: 'deleted',
  },
  exports: {
    links: { by: 'contact', column: 'contact_id' },
    link_clicks: { by: 'contact', column: 'contact_id' },
    auth_codes: { not: 'a key, by its hash' },
    link_requests: { not: 'a key, by its hash' },
    chat_sessions: { not: 'a key, by its hash' },
    chat_presence: { by: 'contact', column: 'contact_id' },
  },
  erase: ({ tx, contactIds }) => forgetLinks(tx, contactIds),
  merge: ({ tx, workspaceId, discardedId, survivingId }) =>
    moveLinks(tx, { workspaceId, fromId: discardedId, toId: survivingId }),
  sweep: ({ sql, nowMs, retentionMs }) => sweepLinks(sql, nowMs, retentionMs),
});
