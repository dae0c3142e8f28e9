/**
 * Grants as events of the contact that stands for the account in the company's workspace: campaigns may be set off by them. Read from the feed
 * in the transaction that hands it on; a repeat is the same event, by the grant.
 */
import type { Names } from '../campaigns/events/names.ts';
import { tellOwn } from '../campaigns/events/own.ts';
import type { IdSource } from '../base/ids.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import type { Queue } from '../queue/queue.ts';
import type { GrantTold } from './ending.ts';

const EVENTS = { 'grant.created': '$grant_created', 'grant.deleted': '$grant_deleted' } as const;

/** Reads the feed for grants. Safe to do twice. */
export function grantsReader(deps: { queue: Queue; ids: IdSource; names: Names }): FeedReader {
  return {
    name: 'connect',
    async read(tx, events) {
      const told = events.flatMap(({ type, workspaceId, atMs, payload }) => {
        const name = EVENTS[type as keyof typeof EVENTS] as (typeof EVENTS)[keyof typeof EVENTS] | undefined;
        if (!name) return [];
        const { grantId, contactId, connectId, userId } = payload as GrantTold;
        // Nothing is set off by who was erased.
        if (connectId === null) return [];
        const properties = { grant: grantId, connect_id: connectId, user_id: userId };
        return [{ workspaceId, contactId, name, atMs, key: String(grantId), properties, isHistory: false }];
      });
      if (told.length) await tellOwn(deps, tx, told);
    },
  };
}
