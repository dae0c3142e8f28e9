/** `…/clock`: the clock of a test workspace, what comes due by it, and the jobs that move it. */
import { type Static, Type } from 'typebox';
import { Id, oneOf, orNull, Time } from '../fields.ts';
import { pageOf } from './fields.ts';

/** `POST …/clock/advance`. */
export const Advance = Type.Object({
  byMs: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
});

/** The workspace's clock; `advancing` is the job that moves it at this moment. */
export const ClockShown = Type.Object({ now: Time, aheadMs: Type.Number(), advancing: orNull(Id) });
export type ClockShown = Static<typeof ClockShown>;

/** Sorts of what comes due; `entering`: the next of those who are let into a campaign, so many in a minute. */
export const COMING_KINDS = [
  'message',
  'campaign',
  'entering',
  'segment',
  'broadcast',
  'fallback',
  'post',
  'webhook',
  'receipt',
  'snooze',
] as const;

/** What something due belongs to. */
const Sender = orNull(
  Type.Object({
    type: oneOf(['campaign', 'broadcast'] as const),
    id: Id,
    /** Null where it is gone. */
    name: orNull(Type.String()),
  }),
);
const inMinute = {
  /** When the first of it is due, by the workspace's clock. */
  at: Time,
  kind: oneOf(COMING_KINDS),
  sender: Sender,
  count: Type.Number(),
  /** There may be more of it than were counted. */
  more: Type.Boolean(),
};

/** What comes due within a minute, of one sort and one sender; `who` names some of those whom it is about. */
const ComingShown = Type.Object({
  ...inMinute,
  who: Type.Array(Type.Object({ id: Id, name: orNull(Type.String()) })),
});
export type ComingShown = Static<typeof ComingShown>;
/** What comes due, the earliest first; `next` is asked for as `after`, and null where nothing more is due. */
export const ComingPage = pageOf('coming', ComingShown);
export type ComingPage = Static<typeof ComingPage>;

/** A move of the clock, and how far it is. */
export const AdvanceShown = Type.Object({
  id: Id,
  state: oneOf(['running', 'done', 'canceled'] as const),
  /** It ends with the step that it is in. */
  canceling: Type.Boolean(),
  from: Time,
  to: Time,
  byMs: Type.Number(),
  /** How far what is due has come forward. */
  doneMs: Type.Number(),
  /** What came due on the way, up to 100 groups. */
  happened: Type.Array(Type.Object(inMinute)),
  /** What was out of the ordinary. */
  note: orNull(Type.String()),
  createdAt: Time,
  endedAt: orNull(Time),
});
export type AdvanceShown = Static<typeof AdvanceShown>;
/** Moves of the clock, newest first. */
export const AdvancePage = pageOf('advances', AdvanceShown);
export type AdvancePage = Static<typeof AdvancePage>;

/** Whether all that is due by now is done. */
export const SettledShown = Type.Object({ settled: Type.Boolean() });
