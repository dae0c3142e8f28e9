/** `/me/connections/{id}/conversations`: what an account sees of its conversations with a company, and does in them. */
import { type Static, Type } from 'typebox';
import { Content } from '../../content.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { pageOf, TimeGiven } from './fields.ts';
import { NotifySetting } from './groups.ts';

/** One conversation with a company. */
export const AccountChatShown = Type.Object({
  id: Id,
  kind: oneOf(['direct', 'notices', 'announcements', 'group'] as const),
  name: Type.String(),
  description: orNull(Type.String()),
  photoUrl: orNull(Type.String()),
  coverUrl: orNull(Type.String()),
  /** How much the other side said that is not read. */
  unread: Count,
  /** What one is told of on devices. */
  notify: NotifySetting,
  mutedUntil: orNull(Time),
  /** Since when nothing is said in it any more. */
  closedAt: orNull(Time),
});
export type AccountChatShown = Static<typeof AccountChatShown>;
/** All of them. */
export const AccountChatsShown = Type.Object({ conversations: Type.Array(AccountChatShown) });

/** `PATCH …/conversations/{id}`: what is left out stays. `mentions` is for groups. */
export const AccountChatPatch = Type.Object({
  notify: Type.Optional(NotifySetting),
  mutedUntil: Type.Optional(orNull(TimeGiven)),
});
/** What an account is told of in a conversation. */
export const AccountChatSetting = Type.Object({ notify: NotifySetting, mutedUntil: orNull(Time) });

/** `POST …/conversations/{id}/read`: up to something that was said, by its id, or all of it. */
export const AccountChatRead = Type.Object({ upTo: Type.Optional(Id) });

/** `POST …/conversations/{id}/messages`. `mentions` names members of a group. */
export const NewAccountSaying = Type.Object({
  content: AnyObject,
  mentions: Type.Optional(Type.Array(Id, { maxItems: 200 })),
});
export type NewAccountSaying = Static<typeof NewAccountSaying>;
/** One thing said. */
export const AccountSaying = Type.Object({
  id: Id,
  /** Whether it is the account that said it. */
  own: Type.Boolean(),
  /** Who said it; null where it is the company, or has no name. */
  author: orNull(Type.String()),
  content: Content,
  deletedAt: orNull(Time),
  at: Time,
});
export type AccountSaying = Static<typeof AccountSaying>;
/** A page of what was said, newest first. */
export const AccountSayings = pageOf('messages', AccountSaying);
export type AccountSayings = Static<typeof AccountSayings>;
