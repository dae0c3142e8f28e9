/** `…/broadcasts`: one message to an audience. */
import { type Static, Type } from 'typebox';
import { Content } from '../../content.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Channel, Class, LifeMs, Name, pageOf, TimeGiven } from './fields.ts';
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
};
/** A broadcast. */
export const BroadcastShown = Type.Object(broadcast);
export type BroadcastShown = Static<typeof BroadcastShown>;
/** A broadcast after a change; `problems` are names in its text that nobody has. */
export const BroadcastChanged = Type.Object({ ...broadcast, problems: Type.Array(Type.String()) });
export type BroadcastChanged = Static<typeof BroadcastChanged>;

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
  unreachable: byCode,
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
