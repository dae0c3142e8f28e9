/** What the pages of broadcasts ask for. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type {
  BroadcastCounted,
  BroadcastPage,
  ForecastShown,
  ResultsShown,
} from '../../../../contract/doors/console/broadcasts.ts';
import type { SegmentPage } from '../../../../contract/doors/console/segments.ts';
import type { ListsShown, TagsShown } from '../../../../contract/doors/console/sets.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';

/** A broadcast with its counts. */
export type Broadcast = Static<typeof BroadcastCounted>;
/** What would happen. */
export type Forecast = Static<typeof ForecastShown>;

/** How often what is under way is looked at. */
const LOOK_MS = 1_000;
const IDLE_MS = 15_000;

const moves = ({ state }: Pick<Broadcast, 'state'>) => state === 'running' || state === 'scheduled';

/** All of them, the newest first. */
export const broadcastsQuery = (ws: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'broadcasts'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<BroadcastPage>('GET', at(ws, `/broadcasts?limit=30${pageParam ? `&before=${pageParam}` : ''}`), {
        signal,
      }),
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some(({ broadcasts }) => broadcasts.some(moves)) ? LOOK_MS : IDLE_MS,
  });

/** One. What has been taken is told of for a while after it is done. */
export const broadcastQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'broadcast', id] as const,
    queryFn: ({ signal }) => call<Broadcast>('GET', at(ws, `/broadcasts/${id}`), { signal }),
    refetchInterval: ({ state: { data } }) =>
      data === undefined || data.state === 'draft' ? false : moves(data) || isYoung(data) ? LOOK_MS : IDLE_MS,
  });

/** Receipts come after the last was sent. */
function isYoung({ counts }: Broadcast): boolean {
  return counts.accepted + counts.unknown + counts.held > 0;
}

/** What it led to. */
export const resultsQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'broadcast', id, 'results'] as const,
    queryFn: ({ signal }) => call<ResultsShown>('GET', at(ws, `/broadcasts/${id}/results`), { signal }),
    refetchInterval: IDLE_MS,
  });

/** What would happen if it started now. */
export const forecastQuery = (ws: string, broadcast: Pick<Broadcast, 'id' | 'revision'>) =>
  queryOptions({
    queryKey: [ws, 'broadcast', broadcast.id, 'forecast', broadcast.revision] as const,
    queryFn: ({ signal }) =>
      call<Forecast>('GET', at(ws, `/broadcasts/${broadcast.id}/forecast`), { signal }),
    staleTime: 10_000,
  });

/** What an audience may name. */
export const namedQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'audience names'] as const,
    queryFn: async ({ signal }) => {
      const [{ lists }, { tags }, { segments }] = await Promise.all([
        call<Static<typeof ListsShown>>('GET', at(ws, '/lists'), { signal }),
        call<Static<typeof TagsShown>>('GET', at(ws, '/tags'), { signal }),
        call<Static<typeof SegmentPage>>('GET', at(ws, '/segments?limit=200'), { signal }),
      ]);
      return { lists, tags, segments };
    },
    staleTime: 30_000,
  });
