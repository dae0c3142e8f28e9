/** `…/backtests`: a campaign tried over what people did. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';

/** `POST …/backtests`: a campaign or the text of its file, over so many days up to now, or from one time to another. */
export const NewBacktest = Type.Object({
  campaign: Type.Optional(AnyObject),
  file: Type.Optional(Type.String({ minLength: 1, maxLength: 262_144 })),
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: 400 })),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  /** In the order in which events were received, or as if each had been received when it was done. */
  orderedBy: Type.Optional(oneOf(['received', 'at'] as const)),
  /** Everybody, after the sample of one in 64. */
  all: Type.Optional(Type.Boolean()),
});

const estimate = Type.Object({ n: Type.Number(), error: Type.Number() });
const estimates = Type.Record(Type.String(), estimate);
/** What would have happened, for all people: at most `error` off, 19 times of 20; exact once everybody was tried. */
export const Tried = Type.Object({
  people: estimate,
  /** But for those who would have been held out. */
  entered: estimate,
  heldOut: estimate,
  refused: estimates,
  endings: estimates,
  sends: Type.Array(Type.Object({ step: Type.String(), day: Time, n: Type.Number(), error: Type.Number() })),
  /** Put off by the gate: in quiet hours, or under the frequency cap. */
  held: estimates,
  unsent: estimates,
  /** What was reached anyway, without the message: what happens by itself, and never an effect. */
  goals: Type.Record(
    Type.String(),
    Type.Object({ n: Type.Number(), error: Type.Number(), value: Type.Number() }),
  ),
});
export type Tried = Static<typeof Tried>;

/** A back-test. */
export const BacktestShown = Type.Object({
  id: Id,
  key: Type.String(),
  state: oneOf(['running', 'done', 'failed'] as const),
  /** Buckets of 4,096 that were tried, and that are to be. */
  tried: Count,
  wanted: Count,
  from: Time,
  to: Time,
  orderedBy: oneOf(['received', 'at'] as const),
  note: orNull(Type.String()),
  createdAt: Time,
  endedAt: orNull(Time),
  result: orNull(Tried),
  /** What of it is as of today, and not as of then. */
  asOfToday: Type.Array(Type.String()),
});
export type BacktestShown = Static<typeof BacktestShown>;
/** Back-tests, newest first. */
export const BacktestPage = Type.Object({ backtests: Type.Array(BacktestShown), next: orNull(Id) });
/** A page of a contact's way through a campaign that was tried, the oldest first: `limit` is of steps and sends together. */
export const BacktestPath = Type.Object({
  contactId: Id,
  steps: Type.Array(Type.Object({ at: Time, what: Type.String(), why: Type.String() })),
  sends: Type.Array(
    Type.Object({
      step: Type.String(),
      wantedAt: Time,
      sentAt: orNull(Time),
      code: orNull(Type.String()),
    }),
  ),
  /** What the next page is asked for with, as `after`. */
  next: orNull(Type.String()),
});
export type BacktestPath = Static<typeof BacktestPath>;
