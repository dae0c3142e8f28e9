/** A contact as campaigns have it in hand for a turn: what is known, what they are in, what they were in. Holds types only. */
import type { Rule } from '../../../contract/campaign.ts';
import type { Facts, Seen } from '../match/facts.ts';
import type { DateTrigger } from '../steps/date.ts';
import type { Run } from '../steps/run.ts';
import type { Version } from '../steps/version.ts';
import type { Enrolments, Entries } from './held.ts';

/** A campaign that is live; `version` is the one by which who enters goes. */
export type Campaign = {
  id: number;
  workspaceId: number;
  key: string;
  epoch: number;
  salt: string;
  /** What a pause stops. */
  paused: 'entering' | 'all' | null;
  pausedMs: number | null;
  expectedPerHour?: number | null;
  /** Somebody has left it, at least once. */
  isLeft?: boolean;
  /** Who is kept out of all campaigns: a share in basis points, and their salt. */
  outside: { points: number; salt: string } | null;
  version: Version;
};

/** What events of one name may set off: the campaigns that a property decides on, by its path and value, and the others. */
export type SetOff = { others: Campaign[]; byValue: Map<string, Map<unknown, Campaign[]>> };
/** The same of all names (`triggers.ts`). */
export type Triggers = ReadonlyMap<string, SetOff>;

/** What is live in a workspace. */
export type Live = {
  campaigns: ReadonlyMap<number, Campaign>;
  versions: ReadonlyMap<number, Version>;
  /** What an event may set off. */
  triggers: Triggers;
  /** Goals are counted for campaigns with these names. */
  goals: ReadonlyMap<string, readonly Campaign[]>;
  /** How long after an entry they count, at most (ms). */
  goalsWithinMs: ReadonlyMap<string, number>;
  /** Campaigns in which events with these names may be waited for in vain. */
  waited: ReadonlyMap<string, readonly Campaign[]>;
  /** What is looked at of each contact: segments, and what triggers go by. */
  watches: readonly Watch[];
  /** What comes of it, by the id of the watch. */
  onWatch: ReadonlyMap<number, readonly { campaign: Campaign; on: 'entered' | 'left' }[]>;
};

/** Something that holds of a contact or does not, and is kept. */
export type Watch = {
  id: number;
  /** By which rules name it; null where it is a campaign's own. */
  key: string | null;
} & ({ kind: 'rule'; rule: Rule } | { kind: 'value'; path: string } | { kind: 'date'; date: DateTrigger });

/** Which arm. Held out by the campaign, and `outside`, held out of all, walk as shadows. */
export const ARM = { treated: 0, holdout: 1, outside: 2 } as const;
/** An arm. */
export type Arm = 0 | 1 | 2;

/** Somebody who is in a campaign. `arm` is null while it is not decided whether they enter. */
export type Enrolment = Run & {
  campaignId: number;
  versionId: number;
  entryKey: number;
  epoch: number;
  arm: Arm | null;
  /** Which of several messages; null when there are none, or nothing is sent. */
  variant: string | null;
};

/** What came of a goal for one entry. */
type Converted = { n: number; value: number; firstMs: number };

/** What was waited for in vain: by the name of the event, the step. `seq` counts on what was decided before. */
export type Missed = { seq: number; steps: Record<string, string> };

/** That somebody entered. */
export type Entry = {
  campaignId: number;
  entryKey: number;
  enrolmentId: number;
  versionId: number;
  epoch: number;
  arm: Arm;
  variant: string | null;
  /** When the first message was sent, or would have been. */
  reachedMs: number | null;
  enteredMs: number;
  endedMs: number | null;
  ending: string | null;
  trigger: Seen | null;
  converted: Record<string, Converted>;
  /** Of who has left. */
  missed: Missed | null;
};

/** An event as it is taken. */
export type Taken = Seen & { isHistory: boolean };

/** A contact in hand. `facts` see no event beyond `horizon` (an arrival's id). */
export type Member = {
  contactId: number;
  workspaceId: number;
  facts: Facts;
  horizon: number;
  enrolments: Enrolments;
  entries: Entries;
  /** Ids of watches that hold; of values, with their digest as it was kept. */
  inside: Map<number, { value: string | null }>;
  /** Of values that are watched, their digest now. */
  values: ReadonlyMap<number, string | null>;
  /** How many campaigns have led to each other to what steps changed of them and nobody has looked at yet (`chain.ts`). */
  depth: number;
  /** Nobody knows yet who it is but by an id of a device: enters nothing. */
  isAnonymous: boolean;
  /** Campaigns that they have left. */
  left: ReadonlySet<number>;
  /** Watches that this lane was not gone through for: nothing is known of them yet. */
  unknown: ReadonlySet<number>;
};
