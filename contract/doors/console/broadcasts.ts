/** `…/broadcasts`: one message to an audience. */
import { type Static, Type } from 'typebox';
import { Content } from '../../content.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Address, Channel, Class, LifeMs, Name, pageOf, TimeGiven } from './fields.ts';
import { DELIVERY_STATES, RecipientShown } from './messages.ts';

const clauses = Type.Object({
  all: Type.Optional(Type.Literal(true)),
  lists: Type.Optional(Type.Array(Id, { maxItems: 1000 })),
  /** By id or by name. */
  tags: Type.Optional(Type.Array(Name, { maxItems: 1000 })),
  segments: Type.Optional(Type.Array(Id, { maxItems: 1000 })),
  contacts: Type.Optional(Type.Array(Id, { maxItems: 100_000 })),
  /** A condition (`contract/audience.ts`). */
  filter: Type.Optional(AnyObject),
});
/** Who a broadcast is for, with ids as this API writes them (contract/audience.ts). */
export const AudienceInput = Type.Object({ include: clauses, exclude: Type.Optional(clauses) });
export type AudienceInput = Static<typeof AudienceInput>;

const ratePerS = Type.Number({ minimum: 0.001, maximum: 1_000_000 });
const fields = {
  class: Type.Optional(Class),
  integrationId: Type.Optional(orNull(Id)),
  ratePerS: Type.Optional(orNull(ratePerS)),
  expiresAfterMs: Type.Optional(LifeMs),
};
/** `POST …/broadcasts`. */
export const NewBroadcast = Type.Object({
  name: Name,
  content: AnyObject,
  channel: Channel,
  audience: AudienceInput,
  ...fields,
});
/** `PATCH …/broadcasts/{id}`. */
export const BroadcastPatch = Type.Object({
  name: Type.Optional(Name),
  content: Type.Optional(AnyObject),
  channel: Type.Optional(Channel),
  audience: Type.Optional(AudienceInput),
  ...fields,
});
/** `POST …/broadcasts/forecast`: a draft that is not kept. */
export const PlannedBroadcast = Type.Object({
  name: Type.Optional(Name),
  content: AnyObject,
  channel: Channel,
  audience: AudienceInput,
  ...fields,
});
/** `POST …/broadcasts/people`: the same, and which of its people are meant, by the code of the forecast (`reached`: who gets it now). */
export const PlannedPeople = Type.Object({
  ...PlannedBroadcast.properties,
  code: Type.String({ minLength: 1, maxLength: 64 }),
  after: Type.Optional(Id),
});
/** `POST …/broadcasts/{id}/test`: to an address, as somebody would get it; as a made-up person where nobody is named. */
export const TestSend = Type.Object({ address: Address, as: Type.Optional(Id) });
/** `POST …/broadcasts/{id}/retry-failed`: only those who failed for one reason, where it is named. */
export const RetryFailed = Type.Object({
  code: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
});
/** `POST …/broadcasts/{id}/schedule`. */
export const Schedule = Type.Object({ at: TimeGiven });
/** `POST …/broadcasts/{id}/rate`. */
export const NewRate = Type.Object({ ratePerS: orNull(ratePerS) });

const broadcast = {
  id: Id,
  name: Type.String(),
  state: oneOf(['draft', 'scheduled', 'running', 'paused', 'done', 'canceled'] as const),
  note: orNull(Type.String()),
  channel: Channel,
  class: Class,
  integrationId: orNull(Id),
  content: Content,
  audience: AudienceInput,
  ratePerS: orNull(Type.Number()),
  expiresAfterMs: Type.Number(),
  scheduledAt: orNull(Time),
  startedAt: orNull(Time),
  finishedAt: orNull(Time),
  createdAt: Time,
  changedAt: Time,
  /** One more with every change of what it says, to whom or how. A change that names another one in If-Match is refused. */
  revision: Count,
};
/** A broadcast. */
export const BroadcastShown = Type.Object(broadcast);
export type BroadcastShown = Static<typeof BroadcastShown>;
/** A broadcast after a change; `problems` are names in its text that nobody has. */
export const BroadcastChanged = Type.Object({ ...broadcast, problems: Type.Array(Type.String()) });
export type BroadcastChanged = Static<typeof BroadcastChanged>;

/** The broadcast that tries people once more, and how many they are. `more`: there are more than one takes, ask again. */
export const Retried = Type.Object({ ...broadcast, people: Count, more: Type.Boolean() });
export type Retried = Static<typeof Retried>;

/** Recipients by state. */
export const BroadcastCounts = Type.Object({
  matched: Count,
  /** All recipients are counted. */
  fannedOut: Type.Boolean(),
  ...(Object.fromEntries(DELIVERY_STATES.map((state) => [state, Count])) as Record<
    (typeof DELIVERY_STATES)[number],
    typeof Count
  >),
});
const counted = { ...broadcast, counts: BroadcastCounts };
/** A broadcast, and what became of it so far. */
export const BroadcastCounted = Type.Object(counted);
/** A page of broadcasts, newest first. */
export const BroadcastPage = pageOf('broadcasts', BroadcastCounted);
export type BroadcastPage = Static<typeof BroadcastPage>;

const byCode = Type.Record(Type.String(), Count);
/** Who would get it now, who would wait, who would not and why. */
export const ForecastShown = Type.Object({
  matched: Count,
  /** Including those it waits for. */
  reachable: Count,
  held: byCode,
  /** Until when they wait, by the workspace's clock, for each code of `held`: the first of them, and the last. */
  heldUntil: Type.Record(Type.String(), Type.Object({ first: Time, last: Time })),
  unreachable: byCode,
  /** Of the reachable, those in countries where the name that it comes from must be registered with the provider first. */
  registration: Count,
  /** A sample of the audience, rendered. */
  rendering: Type.Object({ sampled: Count, failed: Count, problems: Type.Array(Type.String()) }),
  ratePerS: orNull(Type.Number()),
  durationMs: orNull(Type.Number()),
  /** How many text messages it is; null on other channels. */
  segments: orNull(
    Type.Object({
      encoding: oneOf(['GSM-7', 'UCS-2'] as const),
      each: Count,
      total: Count,
      varies: Type.Boolean(),
    }),
  ),
});
/** Recipients whose message went amiss. */
export const AmissPage = pageOf('recipients', RecipientShown);
export type AmissPage = Static<typeof AmissPage>;

/** People of an audience for whom the forecast says one thing. More may follow although the page is short: it is looked for a bounded while. */
export const PlannedPeoplePage = pageOf(
  'people',
  Type.Object({ contactId: Id, name: orNull(Type.String()), address: orNull(Type.String()) }),
);
export type PlannedPeoplePage = Static<typeof PlannedPeoplePage>;

/** Recipients in a state, with who they are. */
export const RecipientPage = pageOf(
  'recipients',
  Type.Object({ ...RecipientShown.properties, name: orNull(Type.String()) }),
);
export type RecipientPage = Static<typeof RecipientPage>;

/** What became of a broadcast in an hour: who is read was delivered, and who is delivered was sent. */
const HourShown = Type.Object({
  at: Time,
  sent: Count,
  delivered: Count,
  read: Count,
  failed: Count,
  /** Of all its links together. */
  clicks: Count,
  replied: Count,
  optedOut: Count,
});

/** How somebody may answer a broadcast. */
export const ANSWER_KINDS = ['replied', 'optedOut'] as const;
/** Who answered a broadcast in a way. */
export const AnswerPage = pageOf(
  'people',
  Type.Object({ contactId: Id, name: orNull(Type.String()), at: Time }),
);
export type AnswerPage = Static<typeof AnswerPage>;

/** `POST …/broadcasts/{id}/file`: of recipients in one state, or of all that were dealt with. */
export const NewRecipientsFile = Type.Object({ state: Type.Optional(oneOf(DELIVERY_STATES)) });
/** Where a CSV of recipients is fetched, for ten minutes, by whoever has it. */
export const RecipientsFile = Type.Object({ url: Type.String(), expiresAt: Time });
export type RecipientsFile = Static<typeof RecipientsFile>;

/** What a broadcast led to. */
export const ResultsShown = Type.Object({
  counts: BroadcastCounts,
  /** Why it did not arrive, the most frequent first, each with the words of one provider's answer. */
  failures: Type.Array(
    Type.Object({
      state: oneOf(DELIVERY_STATES),
      code: Type.String(),
      detail: orNull(Type.String()),
      n: Count,
    }),
  ),
  /** Failures were counted no further than this many. */
  failuresBounded: Type.Boolean(),
  links: Type.Array(Type.Object({ url: Type.String(), people: Count, clicks: Count })),
  /** Hours in which anything became of it, each by its beginning. */
  hours: Type.Array(HourShown),
  /** People who wrote within a week, with nothing else sent to them there in between, and who wanted no more. Null: it went before this was counted. */
  answers: orNull(Type.Object({ replied: Count, optedOut: Count })),
  /** Text messages that were paid for; null on other channels, and of one that went before this was counted. */
  segments: orNull(Count),
});
export type ResultsShown = Static<typeof ResultsShown>;
