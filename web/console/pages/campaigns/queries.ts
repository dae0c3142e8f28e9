/** What the pages of campaigns ask for. Numbers of one that runs are asked for again by themselves. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type {
  CampaignGallery,
  CampaignPage,
  CampaignPlaces,
  CampaignPlan,
  CampaignReport,
  CampaignSeries,
  CampaignText,
  CampaignWhole,
  ResumeForecast,
} from '../../../../contract/doors/console/campaigns.ts';
import { call } from '../../api/call.ts';
import { at, LOOK_MS } from '../../api/queries.ts';

/** A campaign in a list. */
export type Listed = Static<typeof CampaignPage>['campaigns'][number];
/** A campaign, and what is written of it. */
export type Campaign = Static<typeof CampaignWhole>;
/** A goal of an epoch as it is reported. */
export type GoalShown = CampaignReport['epochs'][number]['goals'][number];
/** What was counted of its messages. */
export type StepCounts = CampaignReport['steps'][number];

/** Where the browser keeps what was written of one and is not saved yet: while it is there, what would be published is not what one sees. */
export const unsavedKey = (id: string): string => `parley.campaign.${id}`;

/** How often numbers are looked at while somebody looks. */
const NUMBERS_MS = 10_000;

/** All of them, the newest first; or those that were put aside. */
export const campaignsQuery = (ws: string, aside: boolean) =>
  infiniteQueryOptions({
    queryKey: [ws, 'campaigns', aside] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<Static<typeof CampaignPage>>(
        'GET',
        at(
          ws,
          `/campaigns?limit=50${aside ? '&archived=true' : ''}${pageParam ? `&before=${pageParam}` : ''}`,
        ),
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: LOOK_MS,
  });

/** Campaigns to start from. */
export const galleryQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, 'campaign gallery'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof CampaignGallery>>('GET', at(ws, '/campaigns/gallery'), { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** One. The brake stops it while one looks. */
export const campaignQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'campaign', id] as const,
    queryFn: ({ signal }) => call<Campaign>('GET', at(ws, `/campaigns/${id}`), { signal }),
    refetchInterval: NUMBERS_MS,
  });

/** Its file. */
export const fileQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'campaign', id, 'file'] as const,
    // The revision is asked for first: of a change in between saving is told, and nothing is written over.
    queryFn: async ({ signal }) => {
      const { revision } = await call<Campaign>('GET', at(ws, `/campaigns/${id}`), { signal });
      const path = at(ws, `/campaigns/${id}/file`);
      const { file } = await call<Static<typeof CampaignText>>('GET', path, { signal });
      return { revision, file: file ?? '' };
    },
  });

/** What it changed. */
export const reportQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'campaign', id, 'report'] as const,
    queryFn: ({ signal }) => call<CampaignReport>('GET', at(ws, `/campaigns/${id}/report`), { signal }),
    refetchInterval: NUMBERS_MS,
  });

/** What happened on each day. */
export const seriesQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'campaign', id, 'series'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof CampaignSeries>>('GET', at(ws, `/campaigns/${id}/series`), { signal }),
    refetchInterval: NUMBERS_MS,
  });

/** Who stands where. */
export const placesQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'campaign', id, 'steps'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof CampaignPlaces>>('GET', at(ws, `/campaigns/${id}/steps`), { signal }),
    refetchInterval: NUMBERS_MS,
  });

/** What publishing the draft would do. */
export const planQuery = (ws: string, { id, revision }: Listed) =>
  queryOptions({
    queryKey: [ws, 'campaign', id, 'plan', revision] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof CampaignPlan>>('GET', at(ws, `/campaigns/${id}/plan`), { signal }),
    staleTime: 0,
  });

/** What going on would go on with. */
export const standingQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'campaign', id, 'resume'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof ResumeForecast>>('GET', at(ws, `/campaigns/${id}/resume`), { signal }),
    staleTime: 0,
  });
