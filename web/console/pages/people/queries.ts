/** What the pages of people ask for. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { ImportFaults, ImportPage, ImportShown } from '../../../../contract/doors/console/imports.ts';
import type { MergeShown, TimelinePage } from '../../../../contract/doors/console/people.ts';
import type { TimelineKind } from '../../../../contract/timelineKinds.ts';
import { call } from '../../api/call.ts';
import { SHOWN_MS } from '../../../../contract/consoleLive.ts';
import { at, isShort, LOOK_MS, MOST_PAGES_AGAIN, untilOf } from '../../api/queries.ts';

/** How often a job that is under way is looked at. */
const JOB_MS = 500;
/** Who does not ask for so long is not told any more. */
const MOST_SELDOM_MS = SHOWN_MS - LOOK_MS;
const MOST_FAULTS = 200;

/** All that happened to or by a person; of all kinds when none is named. */
export const timelineQuery = (ws: string, contact: string, kinds: readonly TimelineKind[], day?: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'timeline', contact, day, ...kinds] as const,
    initialPageParam: untilOf(day),
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({
        limit: '30',
        ...(kinds.length > 0 ? { kinds: kinds.join(',') } : {}),
        ...(pageParam === undefined ? {} : { before: pageParam }),
      });
      return call<TimelinePage>('GET', at(ws, `/contacts/${contact}/timeline?${query}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    // The line tells what happens; what it does not tell of (what is entered, and what got lost) is found so. Of a long one more seldom.
    refetchInterval: ({ state: { data } }) =>
      Math.min(LOOK_MS * Math.ceil((data?.pages.length ?? 1) / MOST_PAGES_AGAIN), MOST_SELDOM_MS),
    refetchOnWindowFocus: isShort,
  });

/** What a merge would make. */
export const mergeQuery = (ws: string, survivingId: string, discardedId: string) =>
  queryOptions({
    queryKey: [ws, 'merge', survivingId, discardedId] as const,
    queryFn: ({ signal }) =>
      call<MergeShown>(
        'GET',
        at(ws, `/contacts/merge?survivingId=${survivingId}&discardedId=${discardedId}`),
        { signal },
      ),
    staleTime: 0,
  });

/** Imports, newest first. */
export const importsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'imports'] as const,
    queryFn: ({ signal }) => call<Static<typeof ImportPage>>('GET', at(ws, '/imports?limit=20'), { signal }),
    refetchInterval: ({ state }) =>
      state.data?.imports.some((one) => one.state === 'running') ? JOB_MS : false,
  });

/** One import, looked at again while it is under way. */
export const importQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'import', id] as const,
    queryFn: ({ signal }) => call<ImportShown>('GET', at(ws, `/imports/${id}`), { signal }),
    refetchInterval: ({ state }) =>
      state.data?.state === 'running' || state.data?.undo?.state === 'running' ? JOB_MS : false,
  });

/** Every reason why rows were rejected, page after page. */
export async function allFaults(ws: string, id: string): Promise<ImportFaults['faults']> {
  const all: ImportFaults['faults'] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: ImportFaults = await call(
      'GET',
      at(ws, `/imports/${id}/faults?limit=${MOST_FAULTS}&after=${after}`),
    );
    all.push(...page.faults);
    after = page.next;
  }
  return all;
}
