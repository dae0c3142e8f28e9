/** Ids that there are in a workspace, by the names that parameters have: for examples that can be run as they stand. */
import { queryOptions } from '@tanstack/react-query';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import type { Known } from './example.ts';

/** Where the first of each kind is found; what is not there, or not for one's role, has no id. */
const PLACES: readonly (readonly [string, string, string])[] = [
  ['contactId', '/contacts?limit=1', 'contacts'],
  ['setId', '/lists', 'lists'],
  ['integrationId', '/integrations', 'integrations'],
  ['broadcastId', '/broadcasts?limit=1', 'broadcasts'],
  ['conversationId', '/conversations?view=all&limit=1', 'conversations'],
  ['webhookId', '/webhooks', 'webhooks'],
  ['segmentId', '/segments?limit=1', 'segments'],
  ['campaignId', '/campaigns?limit=1', 'campaigns'],
];

type Found = Record<string, readonly { id: string }[] | undefined>;

/** The ids. */
export const knownQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'known ids'] as const,
    queryFn: async ({ signal }): Promise<Known> => {
      const found = await Promise.all(
        PLACES.map(async ([name, path, list]) => {
          try {
            const answer = await call<Found>('GET', at(ws, path), { signal });
            const id = answer[list]?.[0]?.id;
            return id === undefined ? [] : [[name, id] as const];
          } catch {
            return [];
          }
        }),
      );
      const known = Object.fromEntries(found.flat());
      // At the doors of others a workspace is an app, and a contact a user.
      return {
        ...known,
        workspaceId: ws,
        appId: ws,
        ...(known['contactId'] ? { userId: known['contactId'] } : {}),
      };
    },
    staleTime: 60_000,
  });
