/** `…/campaigns`: what people set off, and what it changed. A campaign itself is `contract/campaign.ts`. */
import { type Static, Type } from 'typebox';
import { VERDICTS, type VerdictName } from '../../campaignWords.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { AudienceInput } from './broadcasts.ts';
import { pageOf } from './fields.ts';

/** `POST …/campaigns`: a campaign, or the text of its file. */
export const NewCampaign = Type.Object({
  campaign: Type.Optional(AnyObject),
  file: Type.Optional(Type.String({ minLength: 1, maxLength: 262_144 })),
});
/** `POST …/campaigns/validate`: whether it could be a draft, its file as it would be written, and what is wrong. */
export const CampaignChecked = Type.Object({
  valid: Type.Boolean(),
  problems: Type.Array(Type.Object({ field: orNull(Type.String()), message: Type.String() })),
  file: orNull(Type.String()),
});
/** Campaigns to start from. */
export const CampaignGallery = Type.Object({
  campaigns: Type.Array(
    Type.Object({ key: Type.String(), about: Type.String(), file: Type.String(), campaign: AnyObject }),
  ),
});
/**
 * `POST …/campaigns/rehearse`: what would be done with a contact who is in nothing, if it were set off now (by `properties`) and these
 * events came `after` so long. Nothing is written or sent.
 */
export const Rehearsal = Type.Object({
  campaign: Type.Optional(AnyObject),
  file: Type.Optional(Type.String({ minLength: 1, maxLength: 262_144 })),
  contactId: Id,
  properties: Type.Optional(AnyObject),
  events: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ minLength: 1, maxLength: 200 }),
        after: Type.String({ maxLength: 20 }),
        properties: Type.Optional(AnyObject),
      }),
      { maxItems: 50 },
    ),
  ),
});
const decisions = Type.Array(Type.Object({ at: Time, what: Type.String(), why: Type.String() }));
/** What would have been decided, and what sent. */
export const Rehearsed = Type.Object({
  steps: decisions,
  sends: Type.Array(
    Type.Object({ step: Type.String(), wantedAt: Time, sentAt: orNull(Time), code: orNull(Type.String()) }),
  ),
});
export type Rehearsed = Static<typeof Rehearsed>;
/** How many stand at each step of each version. */
export const CampaignPlaces = Type.Object({
  steps: Type.Array(Type.Object({ step: Type.String(), version: Count, people: Count })),
  /** False where they are so many that a part of them was counted: about how many, and a step at which few stand may be missing. */
  exact: Type.Boolean(),
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
/** `GET …/campaigns/{id}/resume`: how many are in it, and of how many something fell due by now, which `catch_up` would do. */
export const ResumeForecast = Type.Object({
  people: Count,
  overdue: Count,
  /** False where they are so many that a part of them was counted, and the numbers say about how many there are. */
  exact: Type.Boolean(),
});
/** `POST …/campaigns/{id}/enter`. */
export const EnterCampaign = Type.Object({
  contactId: Id,
  key: Type.String({ minLength: 1, maxLength: 200 }),
  properties: Type.Optional(AnyObject),
});
/** How many are let in in a minute of those who are meant, where nobody says how many. */
export const PER_MINUTE = 600;
const PerMinute = Type.Optional(Type.Integer({ minimum: 32, maximum: 100_000 }));
/** As of when those enter who did it before: now, or when they did it. */
export const SinceFrom = oneOf(['now', 'event'] as const);
/**
 * `POST …/campaigns/{id}/since`: those enter who did it since then, at most so many in a minute. `from`: as of when they enter. `event`: as of
 * when they did it, so that waits count from then, and what is too late for its `lateBy` is not sent.
 */
export const EnterSince = Type.Object({
  since: Type.String({ maxLength: 40 }),
  from: Type.Optional(SinceFrom),
  perMinute: PerMinute,
});
/**
 * About how many did it, from 64 of 4,096 parts; off by so much, two times in three. And of some who were asked how many would enter, and why
 * the others would not: of those who would, how many are out of it again by now (`over`), and how many messages would be sent at once (`sends`)
 * or are too late (`tooLate`).
 */
export const SinceForecast = Type.Object({
  about: Count,
  error: Count,
  from: SinceFrom,
  asked: Count,
  wouldEnter: Count,
  over: Count,
  sends: Count,
  tooLate: Count,
  refused: Type.Array(Type.Object({ reason: Type.String(), why: Type.String(), people: Count })),
});
/** `POST …/campaigns/{id}/hand`: an audience enters, at most so many in a minute, each once for a key. */
export const EnterByHand = Type.Object({
  audience: AudienceInput,
  key: Type.String({ minLength: 1, maxLength: 200 }),
  perMinute: PerMinute,
});
/** What would come of it: about how many are meant, and of some who were asked how many would enter and why the others would not. */
export const HandForecast = Type.Object({
  about: Count,
  error: Count,
  asked: Count,
  wouldEnter: Count,
  refused: Type.Array(Type.Object({ reason: Type.String(), why: Type.String(), people: Count })),
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
  /** Why it was stopped by itself. */
  note: orNull(Type.String()),
  /** One more with every change of what is written of it. A change that names another one in If-Match is refused. */
  revision: Count,
  /** The operator who changed that last. */
  changedBy: orNull(Id),
  archivedAt: orNull(Time),
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
export const CampaignVersions = pageOf(
  'versions',
  Type.Object({
    id: Id,
    number: Count,
    epoch: Count,
    isOpen: Type.Boolean(),
    publishedAt: Time,
    campaign: AnyObject,
  }),
);
/** What publishing would do: where people stand, and where each goes. */
export const CampaignPlan = Type.Object({
  number: Count,
  newEpoch: Type.Boolean(),
  steps: Type.Array(
    Type.Object({ step: Type.String(), version: Count, people: Count, goesTo: Type.String() }),
  ),
  /** As of `CampaignPlaces`. */
  exact: Type.Boolean(),
});

const interval = Type.Array(Type.Number(), { minItems: 2, maxItems: 2 });
const verdict = oneOf(Object.keys(VERDICTS) as VerdictName[]);
const armOf = {
  entries: Count,
  /** Who made them: intervals are as sure as people make them, however often each entered. */
  people: Count,
  stillOpen: Count,
  converted: Count,
  rate: orNull(Type.Number()),
  interval,
  value: Type.Number(),
};
const compared = {
  effect: orNull(
    Type.Object({
      /** Null where one of the two has nobody whose window is over. */
      difference: orNull(Type.Number()),
      verdict,
      whileRunning: orNull(interval),
      atPlannedEnd: Type.Object({ interval: orNull(interval), note: Type.String() }),
    }),
  ),
  /** Winsorised: what is worth more than `cap` counts as that much. */
  valuePerEntry: orNull(
    Type.Object({
      treated: orNull(Type.Number()),
      holdout: orNull(Type.Number()),
      difference: orNull(Type.Number()),
      whileRunning: orNull(interval),
      verdict,
      cap: orNull(Type.Number()),
    }),
  ),
};
const goal = Type.Object({
  key: Type.String(),
  primary: Type.Boolean(),
  currency: orNull(Type.String()),
  treated: Type.Object(armOf),
  holdout: orNull(Type.Object(armOf)),
  ...compared,
  /** Each against who is held out, or against the first where nobody is. */
  variants: Type.Array(Type.Object({ key: Type.String(), ...armOf, ...compared })),
  /** The treated against who is kept out of all campaigns of the workspace. */
  workspaceHoldout: orNull(Type.Object({ ...armOf, ...compared })),
  /** How many of its events are a goal of other campaigns too, after messages of theirs. */
  credited: Type.Object({ alsoToCampaigns: Count, events: Count }),
});
const counts = Type.Record(Type.String(), Type.Number());
const tested = orNull(Type.Object({ chi2: Type.Number(), p: Type.Number(), isBroken: Type.Boolean() }));
/** What a campaign changed. Epochs are never added up. */
export const CampaignReport = Type.Object({
  epochs: Type.Array(
    Type.Object({
      epoch: Count,
      beganAt: Time,
      holdoutShare: Type.Number(),
      workspaceHoldoutShare: Type.Number(),
      entered: Type.Object({ treated: Count, holdout: Count, workspaceHoldout: Count }),
      /** Whether entries have the shares that were planned, and whether as many of each arm came to the first message. */
      split: tested,
      walk: tested,
      warnings: Type.Array(Type.String()),
      goals: Type.Array(goal),
    }),
  ),
  pooled: Type.Array(
    Type.Object({
      key: Type.String(),
      epochs: Count,
      d: orNull(Type.Number()),
      interval: orNull(interval),
      whileRunning: orNull(interval),
    }),
  ),
  funnel: Type.Record(Type.String(), counts),
  /** By step, variant and version: of how many people or messages, and how often. */
  steps: Type.Array(
    Type.Object({
      step: Type.String(),
      variant: orNull(Type.String()),
      version: orNull(Count),
      counts: Type.Record(Type.String(), Type.Object({ unique: Count, total: Count })),
      goals: Type.Array(
        Type.Object({ goal: Type.String(), people: Count, times: Count, value: Type.Number() }),
      ),
    }),
  ),
  endings: counts,
  winsorisedAt: Type.Number(),
});
export type CampaignReport = Static<typeof CampaignReport>;
const arm = oneOf(['treated', 'holdout', 'workspace_holdout'] as const);
const variant = orNull(Type.String());
/** Where somebody stands who entered a campaign. */
const entry = {
  arm,
  variant,
  epoch: Count,
  enteredAt: Time,
  endedAt: orNull(Time),
  ending: orNull(Type.String()),
  step: orNull(Type.String()),
  dueAt: orNull(Time),
};
/** What happened on each day, by arm and variant; `converted` and `value` of one goal when it is named, else of any. */
export const CampaignSeries = Type.Object({
  days: Type.Array(
    Type.Object({
      day: Time,
      arm,
      variant,
      entered: Count,
      ended: Count,
      converted: Count,
      value: Type.Number(),
    }),
  ),
});
/** Who entered, newest first, with what they are called and an address of theirs, where there is one. */
export const CampaignPeople = Type.Object({
  people: Type.Array(
    Type.Object({
      contactId: Id,
      name: orNull(Type.String()),
      address: orNull(Type.String()),
      ...entry,
    }),
  ),
  next: orNull(Type.Object({ before: Id, beforeAt: Time, beforeKey: Id })),
});
/** A contact's entries, oldest first, each with what was decided; and why they did not enter, the last time they did not. */
export const CampaignTrail = Type.Object({
  entries: Type.Array(
    Type.Object({
      id: Id,
      ...entry,
      trail: decisions,
    }),
  ),
  refused: orNull(Type.Object({ at: Time, reason: Type.String(), why: Type.String() })),
});
/** `GET …/contacts/{id}/campaigns`: what a contact is in, then what they were in, each newest first, with where they stand and when it goes on. */
export const CampaignsOfContact = pageOf(
  'campaigns',
  Type.Object({
    /** Of the entry: one may enter a campaign again. */
    id: Id,
    campaign: Type.Object({ id: Id, name: Type.String(), state: campaign.state }),
    ...entry,
  }),
);
export type CampaignsOfContact = Static<typeof CampaignsOfContact>;
/** What was reached, newest first, and the step whose message it is credited to. */
export const CampaignConversions = Type.Object({
  conversions: Type.Array(
    Type.Object({
      contactId: Id,
      goal: Type.String(),
      arm,
      epoch: Count,
      at: Time,
      value: Type.Number(),
      step: orNull(Type.String()),
      messageId: orNull(Id),
    }),
  ),
  next: orNull(Type.Object({ before: Id, beforeAt: Time, beforeKey: Type.String() })),
});
/** How many entries it takes to see a difference, when `controlShare` of them is who the others are held against. */
export const EntriesNeeded = Type.Object({
  entries: Count,
  controlShare: Type.Number(),
  power: Type.Number(),
});
/** Who is kept out of all campaigns of the workspace, as a share. */
export const WorkspaceHoldout = Type.Object({
  share: Type.String({
    pattern: '^\\d{1,2}(\\.\\d{1,2})?%$',
    rule: 'must be a share from 0% to 50%, such as 5%',
  }),
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
