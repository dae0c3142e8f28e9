/** `…/conversations`: the operators' inbox, one conversation, what was said in it, and what operators do with it. */
import { type Static, Type } from 'typebox';
import { CHANNELS } from '../../channels.ts';
import { Content } from '../../content.ts';
import { PRIORITIES, VIEWS } from '../../inboxViews.ts';
import { LIMITS } from '../../limits.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Channel, Class, CONSOLE_LIMITS, pageOf, TimeGiven } from './fields.ts';
import { DeliveryShown, MessageShown } from './messages.ts';

const named = Type.Object({ id: Id, name: Type.String() });

/** Words of the query of a list. */
export const VIEW = oneOf(VIEWS);
/** How urgent a conversation is. */
export const PRIORITY = oneOf(PRIORITIES);

/** How a conversation stands, as a list has it. */
export const ConversationShown = Type.Object({
  id: Id,
  contact: Type.Object({ id: Id, name: orNull(Type.String()), externalId: orNull(Type.String()) }),
  closed: Type.Boolean(),
  /** It sleeps while this lies ahead, by the workspace's clock. */
  snoozedUntil: orNull(Time),
  assignee: orNull(named),
  /** The team that it is with. */
  team: orNull(named),
  priority: PRIORITY,
  /** On which the contact was heard last. */
  channel: orNull(oneOf(CHANNELS)),
  lastAt: Time,
  /** Since when the contact waits for an answer. */
  waitingSince: orNull(Time),
  /** Nobody has looked at what the contact said last. */
  unread: Type.Boolean(),
  last: orNull(
    Type.Object({
      id: Id,
      direction: oneOf(['in', 'out'] as const),
      kind: oneOf(['message', 'notification', 'confirmation'] as const),
      /** The beginning of what it says. */
      text: Type.String(),
      at: Time,
    }),
  ),
});
export type ConversationShown = Static<typeof ConversationShown>;
/** A page of a view, in its order. */
export const ConversationPage = pageOf('conversations', ConversationShown);
export type ConversationPage = Static<typeof ConversationPage>;

/** How many conversations each view has, up to `MOST_COUNTED`. */
export const CountsShown = Type.Object({
  mine: Count,
  /** With teams that the caller is in. */
  teams: Count,
  unassigned: Count,
  all: Count,
  snoozed: Count,
  /** Of mine, those in which something is unread. */
  mineUnread: Count,
  /** Conversations in which the caller was mentioned since he has seen them. */
  mentioned: Count,
});
export type CountsShown = Static<typeof CountsShown>;

/** An address on which one may be answered, and why not where one may not. */
export const WayShown = Type.Object({
  destinationId: Id,
  channel: Channel,
  address: Type.String(),
  displayName: orNull(Type.String()),
  integrationId: orNull(Id),
  /** Null where it may be used. */
  reason: orNull(Type.String()),
  /** Free text may not be sent there any more, an approved template may (WhatsApp). */
  templateOnly: Type.Boolean(),
  /** Until when free text may be sent (WhatsApp). */
  windowEndsAt: orNull(Time),
});
export type WayShown = Static<typeof WayShown>;

/** A conversation with what is beside it. */
export const ConversationWhole = Type.Object({
  ...ConversationShown.properties,
  /** The first is the one the contact used last. */
  ways: Type.Array(WayShown),
  /** Why going on in the web chat cannot be offered; null where it can. */
  noWebchat: orNull(Type.String()),
  /** What the caller has begun to write. */
  draft: orNull(Type.Object({ text: Type.String(), destinationId: orNull(Id) })),
  /** Up to when each has seen it. */
  marks: Type.Array(Type.Object({ operator: named, readAt: Time })),
  contactReadAt: orNull(Time),
});
export type ConversationWhole = Static<typeof ConversationWhole>;

/** One thing in a conversation. */
export const ThreadEntry = Type.Union([
  Type.Object({
    type: Type.Literal('message'),
    id: Id,
    at: Time,
    message: MessageShown,
    deliveries: Type.Array(DeliveryShown),
    /** It offers, by a link of its person's own, to go on elsewhere as themselves; when they first did. Null where it offers nothing. */
    offer: orNull(Type.Object({ takenAt: orNull(Time) })),
  }),
  Type.Object({
    type: Type.Literal('note'),
    id: Id,
    at: Time,
    text: Type.String(),
    author: named,
    mentions: Type.Array(named),
  }),
  Type.Object({
    type: Type.Literal('broadcast'),
    id: Id,
    at: Time,
    broadcast: Type.Object({ id: Id, name: Type.String(), class: Class, content: Content }),
    deliveries: Type.Array(DeliveryShown),
  }),
]);
export type ThreadEntry = Static<typeof ThreadEntry>;
/** A place in a conversation: a time and an id. */
export const ThreadCursor = Type.String({
  pattern: '^[0-9]{1,16}[.][0-9a-f]{24}$',
  rule: 'must be `before` or `after` of a page',
});
/** Part of a conversation, oldest first; `before` and `after` ask for what is older and newer, null where there is nothing. */
export const ThreadPage = Type.Object({
  entries: Type.Array(ThreadEntry),
  before: orNull(Type.String()),
  after: orNull(Type.String()),
});
export type ThreadPage = Static<typeof ThreadPage>;

/** A name that a page gives to what it sends: sent twice under it, it is kept once. */
export const ClientId = Type.String({
  pattern: '^[A-Za-z0-9_-]{1,64}$',
  rule: 'must be 1 to 64 letters, digits, - or _',
});
/** `POST …/conversations/{id}/messages`. */
export const NewReply = Type.Object({
  clientId: ClientId,
  content: AnyObject,
  /** Where to; where the contact was heard last when left out. */
  destinationId: Type.Optional(Id),
  /** The time of the newest that the operator has seen: an answer after it is a conflict, which leaving this out overrides. */
  seenUpTo: Type.Optional(TimeGiven),
});
/** An answer was let in. */
export const ReplyAccepted = Type.Object({ messageId: Id, at: Time });
export type ReplyAccepted = Static<typeof ReplyAccepted>;
/** `POST …/conversations/{id}/link`: an offer to go on in the web chat. */
export const NewWebchatLink = Type.Object({
  clientId: ClientId,
  /** What is said with the link, in the words of who offers it. The link comes after it: it has no place in the words. */
  text: Type.Optional(Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.text })),
  /** What the link is called. */
  label: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.label })),
  destinationId: NewReply.properties.destinationId,
  seenUpTo: NewReply.properties.seenUpTo,
});
/** `POST …/conversations/{id}/notes`. */
export const NewNote = Type.Object({
  clientId: ClientId,
  text: Type.String({ minLength: 1, maxLength: 10_000 }),
  /** Members whom it is for: they are told. */
  mentions: Type.Optional(Type.Array(Id, { maxItems: 20 })),
});
/** A note was kept. */
export const NoteKept = Type.Object({ id: Id, at: Time });
/** `PATCH …/conversations/{id}`. */
export const ConversationPatch = Type.Object({
  assigneeId: Type.Optional(orNull(Id)),
  teamId: Type.Optional(orNull(Id)),
  closed: Type.Optional(Type.Boolean()),
  snoozedUntil: Type.Optional(orNull(TimeGiven)),
  priority: Type.Optional(PRIORITY),
  /** What the contact said last is as if nobody had seen it. */
  unread: Type.Optional(Type.Literal(true)),
});
export type ConversationPatch = Static<typeof ConversationPatch>;

/** Conversations in one change. */
export const MOST_IN_BULK = 200;
/** `POST …/conversations/bulk`: one change of many; what cannot be done with one is said of that one. */
export const BulkChange = Type.Object({
  ids: Type.Array(Id, { minItems: 1, maxItems: MOST_IN_BULK }),
  change: ConversationPatch,
});
export type BulkChange = Static<typeof BulkChange>;
/** What became of each, in the order asked; `before` is what takes it back. */
export const BulkChanged = Type.Object({
  results: Type.Array(
    Type.Object({
      id: Id,
      conversation: orNull(ConversationShown),
      before: orNull(
        Type.Object({
          assigneeId: orNull(Id),
          teamId: orNull(Id),
          closed: Type.Boolean(),
          snoozedUntil: orNull(Time),
          priority: PRIORITY,
        }),
      ),
      fault: orNull(Type.Object({ code: Type.String(), message: Type.String() })),
    }),
  ),
});
export type BulkChanged = Static<typeof BulkChanged>;
/** `POST …/conversations/{id}/read`. */
export const Seen = Type.Object({ upTo: TimeGiven });
/** `PUT …/conversations/{id}/draft`: an empty text takes it away. */
export const NewDraft = Type.Object({
  text: Type.String({ maxLength: 20_000 }),
  destinationId: Type.Optional(orNull(Id)),
});
