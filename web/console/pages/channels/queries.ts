/** What the pages of channels ask for. */
import { queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type {
  AllHealthShown,
  CallbacksShown,
  HealthShown,
  IntegrationShown,
  IntegrationsShown,
  ProvidersShown,
} from '../../../../contract/doors/console/integrations.ts';
import type { MessageWhole } from '../../../../contract/doors/console/messages.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';

const HEALTH_LOOK_MS = 10_000;
const SET_UP_LOOK_MS = 2_000;

/** Integrations, without their secrets. */
export const integrationsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'integrations'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof IntegrationsShown>>('GET', at(ws, '/integrations'), { signal }),
  });

/** How all fare, in one question. */
export const allHealthQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'health'] as const,
    queryFn: ({ signal }) => call<AllHealthShown>('GET', at(ws, '/integrations/health'), { signal }),
    refetchInterval: HEALTH_LOOK_MS,
  });

/** One integration. */
export const integrationQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'integration', id] as const,
    queryFn: ({ signal }) => call<IntegrationShown>('GET', at(ws, `/integrations/${id}`), { signal }),
  });

/** How one fares, often: somebody sets it up. */
export const healthQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'health', id] as const,
    queryFn: ({ signal }) => call<HealthShown>('GET', at(ws, `/integrations/${id}/health`), { signal }),
    refetchInterval: SET_UP_LOOK_MS,
  });

/** Where its provider calls us back; a fault where it never does. */
export const callbacksQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'callbacks', id] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof CallbacksShown>>('GET', at(ws, `/integrations/${id}/callbacks`), { signal }),
    retry: false,
    staleTime: Infinity,
  });

/** Providers there are, with the settings each takes. */
export const providersQuery = queryOptions({
  queryKey: ['providers'] as const,
  queryFn: ({ signal }) => call<Static<typeof ProvidersShown>>('GET', '/providers', { signal }),
  staleTime: Infinity,
});

/** A message that was sent to try it, followed. */
export const messageQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'message', id] as const,
    queryFn: ({ signal }) => call<Static<typeof MessageWhole>>('GET', at(ws, `/messages/${id}`), { signal }),
    refetchInterval: SET_UP_LOOK_MS / 2,
  });
