/** What the pages of developers ask for. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { KeysShown } from '../../../../contract/doors/console/keys.ts';
import type {
  TriggersShown,
  WebhookCallPage,
  WebhookCallWhole,
  WebhooksShown,
} from '../../../../contract/doors/console/webhooks.ts';
import { call } from '../../api/call.ts';
import { at, isShort, untilOf } from '../../api/queries.ts';

const LOOK_MS = 5_000;
const CALLS_LOOK_MS = 2_000;

/** Keys, without their secrets. */
export const keysQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'keys'] as const,
    queryFn: ({ signal }) => call<Static<typeof KeysShown>>('GET', at(ws, '/keys'), { signal }),
  });

/** Webhooks of every door. */
export const webhooksQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'webhooks'] as const,
    queryFn: ({ signal }) => call<Static<typeof WebhooksShown>>('GET', at(ws, '/webhooks'), { signal }),
    refetchInterval: LOOK_MS,
  });

/** What webhooks can be told of, by door. */
export const triggersQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'webhook triggers'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof TriggersShown>>('GET', at(ws, '/webhooks/triggers'), { signal }),
    staleTime: Infinity,
  });

/** What narrows the log of a webhook. */
export type CallFilter = { state?: string; trigger?: string; message?: string; day?: string };

/** Calls of a webhook, the newest first. */
export const callsQuery = (ws: string, webhook: string, { state, trigger, message, day }: CallFilter) =>
  infiniteQueryOptions({
    queryKey: [ws, 'webhook', webhook, 'calls', state, trigger, message, day] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const asked = { limit: '50', state, trigger, message, until: untilOf(day), before: pageParam };
      const given = Object.entries(asked).filter((one): one is [string, string] => !!one[1]);
      return call<WebhookCallPage>(
        'GET',
        at(ws, `/webhooks/${webhook}/calls?${new URLSearchParams(given)}`),
        { signal },
      );
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: (query) => isShort(query) && CALLS_LOOK_MS,
  });

/** A call with what was sent and every attempt. */
export const callQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'webhook call', id] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof WebhookCallWhole>>('GET', at(ws, `/webhook-calls/${id}`), { signal }),
    refetchInterval: ({ state: { data } }) => (data?.state === 'pending' ? CALLS_LOOK_MS : false),
  });
