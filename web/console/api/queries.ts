/** What pages ask for, and under which key it is kept. Keys begin with the workspace, so that all of one can be asked for again. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { ContactWhole } from '../../../contract/doors/console/contacts.ts';
import type {
  ConversationPage,
  ConversationWhole,
  CountsShown,
  ThreadPage,
} from '../../../contract/doors/console/inbox.ts';
import type { SavedRepliesShown } from '../../../contract/doors/console/savedReplies.ts';
import type { SavedViewsShown } from '../../../contract/doors/console/savedViews.ts';
import type { WhyShown } from '../../../contract/doors/console/messages.ts';
import type { Bootstrap } from '../../../contract/doors/console/sessions.ts';
import type { ClockShown } from '../../../contract/doors/console/clock.ts';
import type { DevicePage } from '../../../contract/doors/console/simulator.ts';
import type { MembersShown } from '../../../contract/doors/console/workspaces.ts';
import type { AvailabilitiesShown, TeamsShown } from '../../../contract/doors/console/teams.ts';
import type { View } from '../../../contract/inboxViews.ts';
import { dayEndsMs } from '../../shared/days.ts';
import type { Narrowed } from '../live/apply.ts';
import { call } from './call.ts';

/** A lost notice is found by looking again this often, while the page is seen. */
export const LOOK_MS = 30_000;
/** Looking again asks for every page that is there: who has scrolled far does not ask for all of them twice a minute, as the line tells. */
export const MOST_PAGES_AGAIN = 4;
/** Whether what was loaded of a list is little enough to be asked for again. */
export const isShort = ({ state: { data } }: { state: { data?: unknown } }): boolean =>
  ((data as { pages?: readonly unknown[] } | undefined)?.pages?.length ?? 0) <= MOST_PAGES_AGAIN;
const lookAgain = {
  refetchInterval: (query: Parameters<typeof isShort>[0]) => isShort(query) && LOOK_MS,
  refetchOnWindowFocus: isShort,
};

/** The path of a workspace's part of the API. */
export const at = (ws: string, path: string): string => `/workspaces/${ws}${path}`;

const query = (given: Readonly<Record<string, string | number | undefined>>): string => {
  const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== '');
  return set.length ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : '';
};

/** Before which moment it was, for who goes to a day in a list that has the newest first. */
export const untilOf = (day: string | undefined): string | undefined =>
  day === undefined ? undefined : new Date(dayEndsMs(day)).toISOString();

/** Who is signed in, and where he may be. */
export const bootstrapQuery = queryOptions({
  queryKey: ['bootstrap'],
  queryFn: ({ signal }) => call<Bootstrap>('GET', '/bootstrap', { signal }),
  staleTime: 60_000,
});

/** A view of the inbox, growing. */
export const conversationsQuery = (ws: string, view: View, filter: Narrowed) =>
  infiniteQueryOptions({
    queryKey: [ws, 'conversations', view, filter] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<ConversationPage>(
        'GET',
        at(ws, '/conversations') +
          query({
            view,
            q: filter.q,
            channel: filter.channel,
            assignee: filter.assignee,
            team: filter.team,
            tag: filter.tag,
            priority: filter.priority,
            sort: filter.q ? undefined : filter.sort,
            unread: filter.unread ? 'true' : undefined,
            until: untilOf(filter.day),
            after: pageParam,
          }),
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
    ...lookAgain,
  });

/** How many each view has. */
export const countsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'counts'] as const,
    queryFn: ({ signal }) => call<CountsShown>('GET', at(ws, '/conversations/counts'), { signal }),
    refetchInterval: LOOK_MS,
  });

/** Views of the inbox that are kept. */
export const savedViewsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'saved-views'] as const,
    queryFn: ({ signal }) => call<SavedViewsShown>('GET', at(ws, '/saved-views'), { signal }),
    staleTime: LOOK_MS,
    // Others change what everybody has.
    refetchInterval: LOOK_MS,
  });

/** One conversation. */
export const conversationQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'conversation', id] as const,
    queryFn: ({ signal }) => call<ConversationWhole>('GET', at(ws, `/conversations/${id}`), { signal }),
  });

/** What was said in it: the end first, older pages before it. */
export const threadQuery = (ws: string, id: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'thread', id] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<ThreadPage>(
        'GET',
        at(ws, `/conversations/${id}/messages`) + query({ limit: 50, before: pageParam }),
        {
          signal,
        },
      ),
    getNextPageParam: ({ before }) => before ?? undefined,
    ...lookAgain,
  });

/** How an address names why somebody got a broadcast, or did not; a message is named by its id. */
export const whyOfBroadcast = (broadcast: string, contact: string): string => `${broadcast}-${contact}`;

/** Why a message was sent, or was not; or a broadcast to somebody. */
export const whyQuery = (ws: string, why: string) =>
  queryOptions({
    queryKey: [ws, 'why', why] as const,
    queryFn: ({ signal }) => {
      const [id, contact] = why.split('-');
      const asked = contact === undefined ? { message: id } : { broadcast: id, contact };
      return call<WhyShown>('GET', at(ws, '/why') + query(asked), { signal });
    },
  });

/** Who is a member. */
export const membersQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'members'] as const,
    queryFn: ({ signal }) => call<Static<typeof MembersShown>>('GET', at(ws, '/members'), { signal }),
    staleTime: 60_000,
  });

/** The teams of operators. */
export const teamsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'teams'] as const,
    queryFn: ({ signal }) => call<TeamsShown>('GET', at(ws, '/teams'), { signal }),
    staleTime: 60_000,
  });

/** Who of the members is there. That somebody has gone is told by nothing but time. */
export const availabilityQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'availability'] as const,
    queryFn: ({ signal }) => call<AvailabilitiesShown>('GET', at(ws, '/availability'), { signal }),
    staleTime: LOOK_MS,
    refetchInterval: LOOK_MS,
  });

/** The answers that are kept ready. */
export const savedRepliesQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'saved-replies'] as const,
    queryFn: ({ signal }) => call<SavedRepliesShown>('GET', at(ws, '/saved-replies'), { signal }),
  });

/** The workspace's clock. */
export const clockQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'clock'] as const,
    queryFn: ({ signal }) => call<ClockShown>('GET', at(ws, '/clock'), { signal }),
    // Others move it too, and while it moves pages follow.
    refetchInterval: ({ state: { data } }) => (data?.advancing ? 1_000 : LOOK_MS),
  });

/** One person with addresses and lists. */
export const contactQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'contact', id] as const,
    queryFn: ({ signal }) => call<Static<typeof ContactWhole>>('GET', at(ws, `/contacts/${id}`), { signal }),
  });

/** What is on a simulated device. */
export const deviceQuery = (ws: string, channel: string, address: string) =>
  queryOptions({
    queryKey: [ws, 'device', channel, address] as const,
    queryFn: ({ signal }) =>
      call<DevicePage>('GET', at(ws, '/simulator/messages') + query({ channel, address, limit: 100 }), {
        signal,
      }),
    refetchInterval: LOOK_MS,
  });
