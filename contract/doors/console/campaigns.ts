/** `…/campaigns`: what people set off, and what it changed. A campaign itself is `contract/campaign.ts`. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';

/** `POST …/campaigns`: a campaign, or the text of its file. */
export const NewCampaign = Type.Object({
  campaign: Type.Optional(AnyObject),
  file: Type.Optional(Type.String({ minLength: 1, maxLength: 262_144 })),
});
/** `POST …/campaigns/{id}/publish`: what becomes of those who are in it. */
export const PublishCampaign = Type.Object({ people: oneOf(['move', 'finish'] as const) });
/** `POST …/campaigns/{id}/pause`. */
export const PauseCampaign = Type.Object({ what: oneOf(['entering', 'all'] as const) });
/** `POST …/campaigns/{id}/resume`: what is overdue is spread over `over`. */
export const ResumeCampaign = Type.Object({
  mode: Type.Optional(oneOf(['shift', 'catch_up'] as const)),
  over: Type.Optional(Type.String({ maxLength: 20 })),
});
/** `POST …/campaigns/{id}/enter`. */
export const EnterCampaign = Type.Object({
  contactId: Id,
  key: Type.String({ minLength: 1, maxLength: 200 }),
  properties: Type.Optional(AnyObject),
});
/** Somebody is to enter. */
export const EnterTaken = Type.Object({ contactId: Id });

const campaign = {
  id: Id,
  key: Type.String(),
  name: Type.String(),
  state: oneOf(['draft', 'active', 'paused', 'ended'] as const),
  paused: orNull(oneOf(['entering', 'all'] as const)),
  epoch: Count,
  hasDraft: Type.Boolean(),
  createdAt: Time,
  changedAt: Time,
  startedAt: orNull(Time),
};
/** A campaign. */
export const CampaignShown = Type.Object(campaign);
export type CampaignShown = Static<typeof CampaignShown>;
/** A campaign with what is written: its draft, else the version by which who enters goes. */
export const CampaignWhole = Type.Object({
  ...campaign,
  campaign: orNull(AnyObject),
  version: orNull(Count),
});
/** Campaigns, newest first. */
export const CampaignPage = Type.Object({ campaigns: Type.Array(CampaignShown), next: orNull(Id) });
/** The file of a campaign. */
export const CampaignText = Type.Object({ file: orNull(Type.String()) });
/** Versions, newest first. */
export const CampaignVersions = Type.Object({
  versions: Type.Array(
    Type.Object({
      id: Id,
      number: Count,
      epoch: Count,
      isOpen: Type.Boolean(),
      publishedAt: Time,
      campaign: AnyObject,
    }),
  ),
});
/** What publishing would do: where people stand, and where each goes. */
export const CampaignPlan = Type.Object({
  number: Count,
  newEpoch: Type.Boolean(),
  steps: Type.Array(
    Type.Object({ step: Type.String(), version: Count, people: Count, goesTo: Type.String() }),
  ),
});

const interval = Type.Array(Type.Number(), { minItems: 2, maxItems: 2 });
const armOf = Type.Object({
  entries: Count,
  stillOpen: Count,
  converted: Count,
  rate: orNull(Type.Number()),
  interval,
  value: Type.Number(),
});
const goal = Type.Object({
  key: Type.String(),
  primary: Type.Boolean(),
  currency: orNull(Type.String()),
  treated: armOf,
  holdout: orNull(armOf),
  effect: orNull(
    Type.Object({
      difference: Type.Number(),
      verdict: oneOf(['too_early', 'split_broken', 'more', 'less', 'no_difference_yet'] as const),
      whileRunning: orNull(interval),
      atPlannedEnd: Type.Object({ interval, note: Type.String() }),
    }),
  ),
  valuePerEntry: orNull(
    Type.Object({
      treated: Type.Number(),
      holdout: Type.Number(),
      difference: Type.Number(),
      whileRunning: orNull(interval),
    }),
  ),
});
const counts = Type.Record(Type.String(), Type.Number());
/** What a campaign changed. Epochs are never added up. */
export const CampaignReport = Type.Object({
  epochs: Type.Array(
    Type.Object({
      epoch: Count,
      holdoutShare: Type.Number(),
      entered: Type.Object({ treated: Count, holdout: Count }),
      split: orNull(Type.Object({ chi2: Type.Number(), p: Type.Number(), isBroken: Type.Boolean() })),
      warnings: Type.Array(Type.String()),
      goals: Type.Array(goal),
    }),
  ),
  pooled: Type.Array(
    Type.Object({ key: Type.String(), epochs: Count, d: orNull(Type.Number()), interval: orNull(interval) }),
  ),
  funnel: Type.Record(Type.String(), counts),
  endings: counts,
});
export type CampaignReport = Static<typeof CampaignReport>;
const arm = oneOf(['treated', 'holdout'] as const);
/** What happened on each day, by arm. */
export const CampaignSeries = Type.Object({
  days: Type.Array(Type.Object({ day: Time, arm, entered: Count, ended: Count, converted: Count })),
});
/** Who entered, newest first. */
export const CampaignPeople = Type.Object({
  people: Type.Array(
    Type.Object({
      contactId: Id,
      arm,
      epoch: Count,
      enteredAt: Time,
      endedAt: orNull(Time),
      ending: orNull(Type.String()),
      step: orNull(Type.String()),
      dueAt: orNull(Time),
    }),
  ),
  next: orNull(Type.Object({ before: Id, beforeAt: Time })),
});
/** Whether campaigns keep what they promise; `breaks` in words, none when all adds up. */
export const CampaignsAudited = Type.Object({
  amiss: Type.Object({
    enrolmentsWithoutTimer: Count,
    timersWithoutEnrolment: Count,
    entriesWithoutEnd: Count,
  }),
  breaks: Type.Array(Type.String()),
  /** Counts with fewer rows: of people who were erased or merged. */
  fewer: Type.Array(Type.Object({ campaignId: Id, what: Type.String(), counted: Count, rows: Count })),
});
export type CampaignsAudited = Static<typeof CampaignsAudited>;
