/** What the page of connected companies asks for. Connections are the operator's own, in whatever workspace. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { ConnectionHistory, ConnectionsShown } from '../../../../contract/doors/console/connect.ts';
import { call } from '../../api/call.ts';

/** The companies one is or was connected to. */
export const connectionsQuery = queryOptions({
  queryKey: ['me', 'connections'] as const,
  queryFn: ({ signal }) => call<Static<typeof ConnectionsShown>>('GET', '/me/connections', { signal }),
});

const PAGE = 10;

/** What one of them did, the newest first. */
export const historyQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['me', 'connections', id, 'history'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<Static<typeof ConnectionHistory>>(
        'GET',
        `/me/connections/${id}/history?limit=${PAGE}${pageParam ? `&before=${pageParam}` : ''}`,
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
