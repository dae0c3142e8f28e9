/** What the pages of lists, audiences and files ask for. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type {
  AttributesShown,
  AudienceCount,
  AudienceSample,
  BulkPage,
  BulkShown,
  ExportPage,
  PeopleFound,
  SetUses,
} from '../../../../contract/doors/console/audiences.ts';
import type { ContactPage } from '../../../../contract/doors/console/contacts.ts';
import type { EventNamesPage } from '../../../../contract/doors/console/events.ts';
import type { SegmentPage, SegmentShown } from '../../../../contract/doors/console/segments.ts';
import type { SetCounted } from '../../../../contract/doors/console/sets.ts';
import { call } from '../../api/call.ts';
import { at, isShort, untilOf } from '../../api/queries.ts';

/** How often a job that is under way is looked at. */
const LOOK_MS = 500;

/** A kind of set that people make. */
export type Kind = 'list' | 'tag';
/** A list or tag, and how many are in it. */
export type Named = Static<typeof SetCounted>;

/** All lists, or all tags. */
export const setsQuery = (ws: string, kind: Kind) =>
  queryOptions({
    queryKey: [ws, 'sets', kind] as const,
    queryFn: async ({ signal }) => {
      const all = await call<Record<string, Named[]>>('GET', at(ws, `/${kind}s`), { signal });
      return all[`${kind}s`]!;
    },
  });

/** One of them. */
export const setQuery = (ws: string, kind: Kind, id: string) =>
  queryOptions({
    queryKey: [ws, 'set', kind, id] as const,
    queryFn: ({ signal }) => call<Named>('GET', at(ws, `/${kind}s/${id}`), { signal }),
  });

/** What would miss it. */
export const usesQuery = (ws: string, kind: Kind, id: string) =>
  queryOptions({
    queryKey: [ws, 'uses', kind, id] as const,
    queryFn: ({ signal }) => call<SetUses>('GET', at(ws, `/${kind}s/${id}/uses`), { signal }),
    staleTime: 0,
  });

/** Who is in it, newest first. */
export const membersOfQuery = (ws: string, id: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'members of', id] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const before = pageParam === undefined ? '' : `&before=${pageParam}`;
      return call<ContactPage>('GET', at(ws, `/contacts?setId=${id}&limit=50${before}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** Segments, newest first. */
export const segmentsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'segments'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof SegmentPage>>('GET', at(ws, '/segments?limit=200'), { signal }),
    refetchInterval: ({ state }) =>
      state.data?.segments.some((one) => one.state === 'building') ? LOOK_MS * 2 : false,
  });

/** One segment. */
export const segmentQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'segment', id] as const,
    queryFn: ({ signal }) => call<SegmentShown>('GET', at(ws, `/segments/${id}`), { signal }),
  });

/** Attributes with their values, for pickers. */
export const attributesQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'attributes'] as const,
    queryFn: ({ signal }) => call<AttributesShown>('GET', at(ws, '/attributes'), { signal }),
    staleTime: 60_000,
  });

/** Names of events, for pickers. */
export const eventNamesQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'event names'] as const,
    queryFn: ({ signal }) => call<EventNamesPage>('GET', at(ws, '/events/names?limit=200'), { signal }),
    staleTime: 60_000,
  });

/** How many a rule holds of: at once about, and then counted as far as that goes. */
export const countQuery = (ws: string, rule: object | undefined, how: 'estimate' | 'count') =>
  queryOptions({
    queryKey: [ws, 'audience', 'count', how, rule] as const,
    queryFn: ({ signal }) =>
      call<AudienceCount>('POST', at(ws, '/audiences/count'), { body: { rule, how }, signal }),
    enabled: rule !== undefined,
    staleTime: 10_000,
    retry: false,
  });

/** Some of them, and why. */
export const sampleQuery = (ws: string, rule: object | undefined) =>
  queryOptions({
    queryKey: [ws, 'audience', 'sample', rule] as const,
    queryFn: ({ signal }) =>
      call<AudienceSample>('POST', at(ws, '/audiences/sample'), { body: { rule }, signal }),
    enabled: rule !== undefined,
    staleTime: 10_000,
    retry: false,
  });

/** All of them, page by page. */
export const foundQuery = (ws: string, rule: object) =>
  infiniteQueryOptions({
    queryKey: [ws, 'audience', 'people', rule] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: before, signal }) =>
      call<PeopleFound>('POST', at(ws, '/contacts/query'), {
        body: { rule, limit: 50, ...(before === undefined ? {} : { before }) },
        signal,
      }),
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** A change of many, looked at again while it is under way. */
export const bulkQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'bulk', id] as const,
    queryFn: ({ signal }) => call<BulkShown>('GET', at(ws, `/contacts/bulk/${id}`), { signal }),
    refetchInterval: ({ state }) => (state.data?.endedAt === null ? LOOK_MS : false),
  });

/** Changes of many, newest first; looked at again while one is under way. */
export const changesQuery = (ws: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'bulk', 'all'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const before = pageParam === undefined ? '' : `&before=${pageParam}`;
      return call<Static<typeof BulkPage>>('GET', at(ws, `/contacts/bulk?limit=30${before}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ changes }) => changes.some((one) => one.state === 'running'))
        ? LOOK_MS
        : false,
  });

/** Files of people, newest first. */
export const exportsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'exports'] as const,
    queryFn: ({ signal }) => call<Static<typeof ExportPage>>('GET', at(ws, '/exports?limit=50'), { signal }),
    refetchInterval: ({ state }) =>
      state.data?.exports.some((one) => one.state === 'running') ? LOOK_MS : false,
  });

/** A page of a list of people; `lookedTo` where they were looked through for a condition, and not to the end. */
export type PeoplePage = ContactPage & { lookedTo?: string | null };

type Narrowed = { search: string; day: string | undefined; where: readonly object[] };

/** Everybody, or those whom a search finds and of whom all conditions hold; newest first. */
export const peopleQuery = (ws: string, { search, day, where }: Narrowed) =>
  infiniteQueryOptions({
    queryKey: [ws, 'contacts', search, day, where] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: before, signal }): Promise<PeoplePage> => {
      const until = untilOf(day);
      if (where.length === 0) {
        const asked = Object.entries({ limit: '50', search: search || undefined, until, before });
        const given = asked.filter((entry): entry is [string, string] => entry[1] !== undefined);
        return await call<ContactPage>('GET', at(ws, `/contacts?${new URLSearchParams(given)}`), { signal });
      }
      return await call<PeopleFound>('POST', at(ws, '/contacts/query'), {
        body: {
          rule: { all: where },
          limit: 50,
          ...(search ? { search } : {}),
          ...(until === undefined ? {} : { until }),
          ...(before === undefined ? {} : { before }),
        },
        signal,
      });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchOnWindowFocus: isShort,
  });

/** So many are counted; of more it is said about how many there are. */
const COUNTED = 1_000;

/** How many there are of whom all conditions hold, or about. */
export const sizeQuery = (ws: string, where: readonly object[], enabled: boolean) =>
  queryOptions({
    queryKey: [ws, 'contacts size', where] as const,
    queryFn: ({ signal }) =>
      call<AudienceCount>('POST', at(ws, '/audiences/count'), {
        body: { ...(where.length ? { rule: { all: where } } : {}), most: COUNTED },
        signal,
      }),
    enabled,
    staleTime: 30_000,
    retry: false,
  });
