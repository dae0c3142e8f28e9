/** `GET …/event-stream`: what happened in a workspace, as its webhooks and pages were told of it. */
import { type Static, Type } from 'typebox';
import { AnyObject, Id, orNull, Time } from '../fields.ts';

/** What is told of, and in words. */
export const EVENT_TYPES = {
  'message.accepted': 'a message was let in',
  'message.received': 'somebody wrote',
  'message.removed': 'messages were removed',
  'delivery.changed': 'deliveries moved on',
  'conversation.started': 'a conversation began',
  'conversation.read': 'somebody read',
  'conversation.typing': 'somebody types',
  'consent.refused': 'somebody wants no more',
  'contact.gone': 'somebody was erased, or became another',
  'link.clicked': 'a link was opened',
  'link.told': 'a link to an address was made or taken back',
  'broadcast.changed': 'a broadcast moved on',
  'campaign.step': 'somebody took a step of a campaign',
  'grant.created': 'an account was connected',
  'post.shown': 'a post was shown',
  'thread.told': 'a thread changed',
  'sunshine.told': 'told by the Sunshine door alone',
  'parley.connect': 'told by Connect alone',
  'webhook.disabled': 'a webhook was switched off',
} as const;

/** One type. */
export const EventType = Type.String({
  pattern: '^[a-z]{1,32}\\.[a-z]{1,32}$',
  rule: 'must be a type of event, such as message.received',
});

const event = Type.Object({
  id: Id,
  type: Type.String(),
  /** By the workspace's clock. */
  at: Time,
  /** Ids of what it is about; lists are cut after twenty, and `…` says how many more there were. */
  payload: AnyObject,
  /** Whether somebody who is told failed on it, and will be told again. */
  failed: Type.Boolean(),
});

/**
 * Events, the newest first. `next` leads to older ones, and may be there though nothing was found: a bounded number is looked at.
 * `cursor` is where to go on from with `after`: events that were handed on late are told again, so look at their ids.
 */
export const EventStream = Type.Object({
  events: Type.Array(event),
  next: orNull(Id),
  cursor: Id,
  /** There were more after the cursor than fit: the newest are here. */
  skipped: Type.Boolean(),
});
export type EventStream = Static<typeof EventStream>;
