/** `…/reconcile`: whether what was intended, attempted, taken by providers, receipted and told adds up. */
import { type Static, Type } from 'typebox';
import { ERROR_CLASSES } from '../../channels.ts';
import { Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { DELIVERY_STATES } from './messages.ts';

const counted = {
  /** Single messages that were accepted. */
  messages: Count,
  /** Of broadcasts, when each took its audience. */
  recipients: Count,
  /** Messages that are gone with whom they were for. */
  erased: Count,
  /** The first delivery of each: their sum is messages, recipients and erased. */
  states: Type.Object({
    queued: Count,
    held: Count,
    unknown: Count,
    accepted: Count,
    delivered: Count,
    read: Count,
    failed: Count,
    suppressed: Count,
    expired: Count,
    canceled: Count,
  }),
  /** Deliveries to further devices, and those that were fallen back to. */
  further: Count,
  attempted: Count,
  /** Taken by a provider. */
  taken: Count,
  /** Of which the provider told more: delivered, read or failed. */
  receipted: Count,
  /** Events that wait to be read, and those that a reader failed on. */
  events: Type.Object({ waiting: Count, failed: Count }),
  /** Webhook calls by state. */
  calls: Type.Record(Type.String(), Count),
};
/** What is counted. */
export const AuditCounts = Type.Object(counted);
export type AuditCounts = Static<typeof AuditCounts>;

const broken = {
  /** What is wrong: `docs/reconcile.md` lists the codes. */
  code: Type.String(),
  contactId: orNull(Id),
  messageId: orNull(Id),
  broadcastId: orNull(Id),
  seq: Count,
  state: orNull(oneOf(DELIVERY_STATES)),
  detail: Type.String(),
};
/** A row that breaks the proof. */
export const AuditBreak = Type.Object(broken);
export type AuditBreak = Static<typeof AuditBreak>;

/** A piece of the audit; `next` asks for the rest, until it is null. Whoever asks adds the pieces up. */
export const AuditShown = Type.Object({
  counts: AuditCounts,
  breaks: Type.Array(AuditBreak),
  /** There are more breaks than are told of. */
  more: Type.Boolean(),
  next: orNull(Type.String()),
});
export type AuditShown = Static<typeof AuditShown>;

/** Deliveries that providers took, to be held against their own lists. */
export const TakenShown = Type.Object({
  taken: Type.Array(
    Type.Object({
      contactId: Id,
      messageId: orNull(Id),
      broadcastId: orNull(Id),
      seq: Count,
      state: oneOf(DELIVERY_STATES),
      integrationId: orNull(Id),
      externalIds: Type.Array(Type.String()),
      sentAt: Time,
    }),
  ),
  next: orNull(Type.String()),
});
export type TakenShown = Static<typeof TakenShown>;

/**
 * A page of a provider's own list: `next` asks for the following one, until it is null. `to` is until when it was asked for. Where the
 * provider did not tell, why, and when it may be asked again; `deferred` can be asked again as it was.
 */
export const ListedShown = Type.Union([
  Type.Object({
    outcome: Type.Literal('listed'),
    messages: Type.Array(
      Type.Object({
        externalId: Type.String(),
        status: Type.String(),
        /** When the provider took it, where the row says so. */
        takenAt: orNull(Time),
      }),
    ),
    to: Time,
    next: orNull(Type.String()),
  }),
  Type.Object({
    outcome: oneOf(['refused', 'deferred'] as const),
    class: oneOf(ERROR_CLASSES),
    code: Type.String(),
    detail: Type.String(),
    retryAfterMs: orNull(Type.Number()),
  }),
]);
export type ListedShown = Static<typeof ListedShown>;
