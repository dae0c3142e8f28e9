/**
 * Who is connected is in the announcements of the company, and nobody leaves them otherwise (S43, S44). Told by the feed, and decided by
 * how things stand when it is read: connected, disconnected and connected again within a second leaves one membership, in any order
 * and however often it is read.
 */
import { followConnection } from '../conversations/groups/groups.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import type { GrantTold } from './ending.ts';

/** The reader. */
export function announcementsReader(): FeedReader {
  return {
    name: 'announcements',
    async read(tx, events) {
      for (const { type, workspaceId, payload, atMs } of events)
        if (type === 'grant.created' || type === 'grant.deleted')
          await followConnection(tx, atMs, { workspaceId, contactId: (payload as GrantTold).contactId });
    },
  };
}
