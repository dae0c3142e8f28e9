/** `…/webhooks` and `…/webhook-calls`: the log of calls to customers, and making them again. */
import { type Static, Type } from 'typebox';
import { CALL_STATES } from '../../webhookCalls.ts';
import { Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { pageOf, TimeGiven } from './fields.ts';

const status = oneOf(['active', 'disabled'] as const);
/** `POST …/webhooks/{id}/replay-failed`. */
export const ReplayFailed = Type.Object({ since: TimeGiven });
const target = Type.String({ minLength: 1, maxLength: 2048 });
const triggers = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 200 });
/** `POST …/webhooks`: of a door whose things can be told of. */
export const NewWebhook = Type.Object({ door: oneOf(['sunshine', 'web1on1'] as const), target, triggers });
/** `PATCH …/webhooks/{id}`. */
export const WebhookPatch = Type.Object({
  status: Type.Optional(status),
  target: Type.Optional(target),
  triggers: Type.Optional(triggers),
});
/** `POST …/webhooks/{id}/replay`: some calls, whatever came of them. */
export const ReplaySome = Type.Object({ callIds: Type.Array(Id, { minItems: 1, maxItems: 1000 }) });

/** A webhook of any door, without its secret. */
export const WebhookShown = Type.Object({
  id: Id,
  door: Type.String(),
  target: Type.String(),
  triggers: Type.Array(Type.String()),
  status,
  /** Since when no call succeeded, while calls fail. */
  failingSince: orNull(Time),
  createdAt: Time,
});
export type WebhookShown = Static<typeof WebhookShown>;
/** A webhook whose secret is shown this once: it was made, or its secret is a new one. */
export const WebhookMade = Type.Object({ ...WebhookShown.properties, secret: Type.String() });
export type WebhookMade = Static<typeof WebhookMade>;
/** What webhooks of a door can be told of. */
export const TriggersShown = Type.Object({
  doors: Type.Array(Type.Object({ door: Type.String(), triggers: Type.Array(Type.String()) })),
});
/** The webhooks of a workspace. */
export const WebhooksShown = Type.Object({ webhooks: Type.Array(WebhookShown) });

const call = {
  id: Id,
  webhookId: Id,
  trigger: Type.String(),
  state: oneOf(CALL_STATES),
  attempts: Count,
  /** Status of the last answer. */
  lastStatus: orNull(Type.Number()),
  createdAt: Time,
  finishedAt: orNull(Time),
  replayOf: orNull(Id),
  replayedBy: orNull(Id),
  /** `webhook-id` on the wire. */
  messageId: Type.String(),
  /** When it is tried, or tried again; null when it is not. */
  nextAt: orNull(Time),
};
/** A call. */
export const WebhookCallShown = Type.Object(call);
export type WebhookCallShown = Static<typeof WebhookCallShown>;
/** A page of calls, newest first. */
export const WebhookCallPage = pageOf('calls', WebhookCallShown);
export type WebhookCallPage = Static<typeof WebhookCallPage>;
/** A call with what was sent and what came back; `target` is null once the webhook is deleted. */
export const WebhookCallWhole = Type.Object({
  ...call,
  target: orNull(Type.String()),
  body: Type.String(),
  lastAnswer: orNull(Type.String()),
  /** Attempts before the last, the first one first. */
  tried: Type.Array(Type.Object({ at: Time, status: orNull(Type.Number()), answer: orNull(Type.String()) })),
});
/** A call that is about to be made. */
export const WebhookCallBegun = Type.Object({ callId: Id });
/** How many calls are made again. */
export const Replayed = Type.Object({
  replayed: Count,
  /** There are more than are made again at a time: ask once more. */
  more: Type.Boolean(),
});
