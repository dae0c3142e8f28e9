/**
 * A campaign as people write it: what sets it off, for whom, what is done, and what it is to bring about. Durations are texts (`14d`,
 * `36h`, `1d12h`), names are names. `src/campaigns/steps/definition.ts` checks the rules. Holds types and limits only.
 */
import type { FieldName, Test } from './audience.ts';
import type { ChannelName, MessageClass } from './channels.ts';
import type { Content } from './content.ts';

/** Limits of a campaign. */
export const CAMPAIGN_LIMITS = {
  steps: 200,
  /** Nothing waits longer than this: every enrolment has a timer. */
  waitMs: 400 * 86_400_000,
  /** A cycle has a wait of at least this in it. */
  cycleWaitMs: 60_000,
  cyclePasses: 100,
  /** Steps in one turn. */
  instantSteps: 50,
  /** How far what one campaign does may set off others in one turn. */
  chain: 8,
  /** The newest events of a name that a count looks at. */
  counted: 1_000,
  goals: 20,
  exits: 20,
  branches: 20,
  variants: 10,
  conditions: 200,
  depth: 10,
  text: 1024,
} as const;

/** A value, or where to find it: in what set the campaign off, or among the contact's attributes. Paths are dotted. */
export type Value = string | number | boolean | { trigger: string } | { attribute: string };

/** A test of `contract/audience.ts` whose values may be looked up. */
export type RuleTest = Omit<Test, 'is' | 'isNot' | 'greaterThan' | 'lessThan'> & {
  is?: Value;
  isNot?: Value;
  greaterThan?: Value;
  lessThan?: Value;
};

/** What a property of an event must be. */
export type Where = { all: Where[] } | { any: Where[] } | { not: Where } | ({ property: string } & RuleTest);

/** How often and when. Without any of it: at least once, ever. */
export type Often = {
  where?: Where;
  atLeast?: number;
  atMost?: number;
  within?: string;
  since?: string;
  /** From the first of two times until before the second. */
  between?: readonly [string, string];
};

/** What must hold of a contact. */
export type Rule =
  | { all: Rule[] }
  | { any: Rule[] }
  | { not: Rule }
  | ({ attribute: string } & RuleTest)
  | ({ trigger: string } & RuleTest)
  | ({ field: FieldName } & RuleTest)
  | { createdBefore: string }
  | { createdAfter: string }
  /** Known for no longer than that: time alone ends it. */
  | { createdWithin: string }
  | { inList: string }
  | { tagged: string }
  | ({ did: string } & Often)
  | ({ did_not: string } & Omit<Often, 'atLeast' | 'atMost'>)
  | { message: MessageRule }
  /** By key. */
  | { inSegment: string }
  /** Has an address on the channel that can be written to. Asked of the store alone: by the pages of people, not by campaigns. */
  | { hasChannel: ChannelName };

/** What can be asked of messages that campaigns sent. */
export const MESSAGE_STATES = [
  'accepted',
  'delivered',
  'opened',
  'clicked',
  'replied',
  'failed',
  'suppressed',
] as const;

/** That a message of a campaign (any, where none is named; or that of one step) came to something. */
export type MessageRule = {
  state: (typeof MESSAGE_STATES)[number];
  of?: string;
  step?: string;
  atLeast?: number;
  atMost?: number;
  within?: string;
  since?: string;
  between?: readonly [string, string];
};

/** A change of being in something: one of the two. */
export type Crossing = { entered: string } | { left: string };

/** An event that is looked for: `match` names its property and the property of the trigger that must be equal. */
export type Looked = { event: string; where?: Where; match?: Readonly<Record<string, string>> };

/** What sets a campaign off. `api` and `hand`: somebody says so. */
export type Trigger =
  | { event: { did: string; where?: Where } }
  | { grant: { on: 'created' | 'deleted'; where?: Where } }
  | { order: { on: 'created' | 'deleted'; where?: Where } }
  /** A form was answered; any, where none is named. */
  | { form: { answered?: string; where?: Where } }
  /** The test of an attribute begins to hold; or its value changes. */
  | { attribute: { path: string } & (RuleTest | { changed: true }) }
  /** By key; by name. */
  | { segment: Crossing }
  | { list: Crossing }
  | { tag: Crossing }
  /** So long before (`-3d`) or after the date in an attribute, at that time of the contact's day. */
  | { date: { attribute: string; offset?: string; at?: string; yearly?: boolean } }
  | {
      event_without: {
        did: string;
        not: string;
        within: string;
        where?: Where;
        notWhere?: Where;
        match?: Readonly<Record<string, string>>;
      };
    }
  | { api: true }
  | { hand: true };

/** Edges that lead elsewhere than to the next step: by name, the key of a step or `end`. */
export type Edges = Readonly<Record<string, string>>;

/** One step; exactly one of its kinds. */
export type Step = { key: string; then?: Edges } & (
  | { send: SendStep }
  | { wait: WaitStep }
  | { wait_until: WindowStep | DateStep }
  | { wait_for: WaitForStep }
  | { branch: readonly { to: string; when: Rule }[] }
  | { split: Readonly<Record<string, number>> }
  | { set: Readonly<Record<string, unknown>> }
  | { tag: { add?: readonly string[]; remove?: readonly string[] } }
  /** What other rooms do: to a webhook by its id, and what each says of itself. */
  | { webhook: { to: string; body?: object } }
  | { group_chat: Readonly<Record<string, unknown>> }
  | { form: Readonly<Record<string, unknown>> }
  | { connect: Readonly<Record<string, unknown>> }
  /** The contact enters another campaign, by key. */
  | { start: { campaign: string } }
  | { stop: { reason: string } }
);

/** One of several messages, for this share (`50%`) of those who are treated; who gets which is drawn at entry. */
export type Variant = { key: string; share: string; template?: string; content?: Content };

/** A message. Exactly one of template, content and variants; `best` lets the contact's own channel be chosen. */
export type SendStep = {
  template?: string;
  content?: Content;
  /** The same keys and shares in every step that has any: who got one of them gets it throughout. */
  variants?: readonly Variant[];
  class?: MessageClass;
  channel?: string;
  await?: 'none' | 'accepted' | 'delivered';
  /** Not made when it would be later than this. */
  lateBy?: string;
  /** People come to it at one time and get it over so long, each at a time that is always theirs. */
  spread?: string;
  /** Who leaves the campaign before it is sent does not get it; so for marketing, unless it is said. */
  cancelOnExit?: boolean;
};

/** Exact time, and the next time of day after it when named. */
export type WaitStep = { for: string; thenAt?: string };

/** Until the wall of the contact is within these days and hours. */
export type WindowStep = { days?: readonly string[]; from: string; to: string; zone?: string };

/** Until so long before (`-3d`) or after the date in an attribute, at that time of the contact's day; edge `missed` where that is past, or no date. */
export type DateStep = { attribute: string; offset?: string; at?: string };

/** Until something is done, or a time is over. `of` binds what Parley tells (`$clicked`) to the send of that step. */
export type WaitForStep = Looked & {
  timeout: string;
  grace?: boolean;
  since?: 'trigger' | 'step' | { ago: string };
  of?: string;
  /** Attributes that are set to what the event says, by its properties: `{ shippingAddress: answers.address }`. */
  save?: Readonly<Record<string, string>>;
};

/** What a campaign is to bring about, counted from entry. */
export type Goal = Looked & {
  key: string;
  within: string;
  value?: string;
  currency?: string;
  primary?: boolean;
  /** Who reaches it leaves the campaign. */
  exit?: boolean;
};

/** A campaign. What is left out has its default. */
export type CampaignFile = {
  parley: 'campaign/1';
  key: string;
  name?: string;
  trigger: Trigger;
  filter?: Rule;
  checkFilter?: 'before_send' | 'never' | 'always';
  entry?: 'once' | 'every' | { per: string };
  cooldown?: string;
  whileActive?: 'ignore' | 'restart' | 'refresh' | 'alongside';
  /** What is done longer ago than this when it comes does not trigger; 72 hours. */
  triggersWithin?: string;
  holdout?: string;
  /** Entries after which the effect is to be judged. */
  planned?: number;
  goals?: readonly Goal[];
  exits?: readonly Looked[];
  steps: readonly Step[];
};

/** Names of the days of `wait_until`. */
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
