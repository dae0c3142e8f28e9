/** What the simulator asks: who is there, what comes due, and how far a move of the clock is. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { AdvancePage, AdvanceShown, ComingPage } from '../../contract/doors/console/clock.ts';
import type { DirectoryPage } from '../../contract/doors/console/simulator.ts';
import { call } from '../console/api/call.ts';
import { at, LOOK_MS } from '../console/api/queries.ts';

/** How often it is looked how far a move is, and what comes due. */
const MOVE_LOOK_MS = 400;
const COMING_LOOK_MS = 10_000;

/** People with what their devices got last, growing. What was found stays until something else is. */
export const directoryQuery = (ws: string, search: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'directory', search] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({ limit: '30' });
      if (search) asked.set('search', search);
      if (pageParam !== undefined) asked.set('before', pageParam);
      return call<DirectoryPage>('GET', at(ws, `/simulator/directory?${asked.toString()}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: LOOK_MS,
  });

/** What comes due next, growing. */
export const comingQuery = (ws: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'coming'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const after = pageParam === undefined ? '' : `&after=${encodeURIComponent(pageParam)}`;
      return call<ComingPage>('GET', at(ws, `/clock/coming?limit=20${after}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: COMING_LOOK_MS,
  });

/** A move of the clock, looked at until it is over. */
export const advanceQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'advance', id] as const,
    queryFn: ({ signal }) => call<AdvanceShown>('GET', at(ws, `/clock/advances/${id}`), { signal }),
    refetchInterval: ({ state: { data } }) => (data && data.state !== 'running' ? false : MOVE_LOOK_MS),
  });

/** The last moves. */
export const advancesQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'advances'] as const,
    queryFn: ({ signal }) => call<AdvancePage>('GET', at(ws, '/clock/advances?limit=5'), { signal }),
  });
