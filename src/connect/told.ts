/** Grants as events of the contact as whom an account stands in the company's workspace: what onboarding and offboarding go by. */
import type { IdSource } from '../base/ids.ts';
import type { Names } from '../campaigns/events/names.ts';
import { tellOwn, type OwnTold } from '../campaigns/events/own.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import type { Queue } from '../queue/queue.ts';
import type { GrantTold } from './grants.ts';

const EVENTS = { 'grant.created': '$grant_created', 'grant.deleted': '$grant_deleted' } as const;

/** Reads the feed for them. Safe to do twice, by the grant. */
export function grantsReader(deps: { queue: Queue; ids: IdSource; names: Names }): FeedReader {
  return {
    name: 'connect campaigns',
    async read(tx, events) {
      const told = events.flatMap(({ type, workspaceId, atMs, payload }): OwnTold[] => {
        if (!(type in EVENTS)) return [];
        const { grantId, connectId, userId, contactId } = payload as GrantTold;
        const name = EVENTS[type as keyof typeof EVENTS];
        const properties = { grant: grantId, connect_id: connectId, user_id: userId };
        return [{ workspaceId, contactId, name, atMs, key: String(grantId), properties, isHistory: false }];
      });
      if (told.length) await tellOwn(deps, tx, told);
    },
  };
}
