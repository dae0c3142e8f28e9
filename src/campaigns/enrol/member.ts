/** A contact as campaigns have it in hand for a turn: what is known, what they are in, what they were in. Holds types only. */
import type { Goal, Rule } from '../../../contract/campaign.ts';
import type { Facts, Seen } from '../match/facts.ts';
import type { DateTrigger } from '../steps/date.ts';
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
  /** When it was published first: what came before sets nothing off. None where it is taken as if it had been live all along. */
  startedMs?: number | null;
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
  /** Goals are counted for campaigns with these names, also where they are over. */
  goals: ReadonlyMap<string, readonly Pick<Campaign, 'id'>[]>;
  /** Goals of campaigns that are over, by the version that somebody entered by: they count until their windows are. */
  goalsLeft: ReadonlyMap<number, readonly Goal[]>;
  /** How long after an entry they count, at most (ms). */
  goalsWithinMs: ReadonlyMap<string, number>;
  /** Campaigns in which events with these names may be waited for in vain. */
  waited: ReadonlyMap<string, readonly Campaign[]>;
  /** What is looked at of each contact: segments, and what triggers go by. */
  watches: readonly Watch[];
  /** Whether any filter or branch asks for a segment. */
  asksSegments: boolean;
  /** What comes of it, by the id of the watch. */
  onWatch: ReadonlyMap<number, readonly { campaign: Campaign; on: 'entered' | 'left' }[]>;
};

/** Something that holds of a contact or does not, and is kept. */
export type Watch = {
  id: number;
  /** By which rules name it; null where it is a campaign's own. */
  key: string | null;
} & ({ kind: 'rule'; rule: Rule } | { kind: 'value'; path: string } | { kind: 'date'; date: DateTrigger });

/** An event as it is taken. */
export type Taken = Seen & { isHistory: boolean };

/** A contact in hand. `facts` see no event beyond `horizon` (an arrival's id). */
export type Member = {
  contactId: number;
  workspaceId: number;
  facts: Facts;
  horizon: number;
  /** How long ago what is taken of theirs came, or was due, where that is not now: all that waited while nobody took turns (ms). */
  lateMs: number;
  enrolments: Enrolments;
  entries: Entries;
  /** Where somebody is taken through what they did before (`past.ts`): what else they are in and entered, which hears of none of it. */
  standing?: Pick<Member, 'enrolments' | 'entries'>;
  /** Ids of watches that hold; of values, with their digest as it was kept. */
  inside: Map<number, { value: string | null }>;
  /** Of values that are watched, their digest now. */
  values: ReadonlyMap<number, string | null>;
  /** How many campaigns have led to each other to what steps changed of them and nobody has looked at yet (`chain.ts`). */
  depth: number;
  /** Nobody knows yet who it is but by an id of a device: enters nothing. */
  isAnonymous: boolean;
  /** Goals that an event has reached before, of what comes again (`recall.ts`). */
  reached: Set<string>;
  /** Campaigns that they have left. */
  left: ReadonlySet<number>;
  /** Watches that this lane was not gone through for: nothing is known of them yet. */
  unknown: ReadonlySet<number>;
};
