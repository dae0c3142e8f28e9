/** `…/groups`, `…/announcements`: group chats, who is in them, what is said there. */
import { type Static, Type } from 'typebox';
import { Content } from '../../content.ts';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { AudienceInput } from './broadcasts.ts';
import { CONSOLE_LIMITS, Name, pageOf, TimeGiven } from './fields.ts';

const url = Type.String({
  pattern: '^https?://[^\\s]+$',
  maxLength: 2048,
  rule: 'must be an address that begins with http:// or https://',
});
const description = Type.String({ maxLength: CONSOLE_LIMITS.text });
/** Who may post besides the business. */
const posting = oneOf(['members', 'admins', 'business'] as const);
const role = oneOf(['owner', 'admin', 'member'] as const);
/** What a member is told of. */
export const NotifySetting = oneOf(['all', 'mentions', 'none'] as const);

const looks = {
  description: Type.Optional(orNull(description)),
  photoUrl: Type.Optional(orNull(url)),
  coverUrl: Type.Optional(orNull(url)),
  settings: Type.Optional(Type.Object({ posting: Type.Optional(posting) })),
};
/** `POST …/groups`. */
export const NewGroup = Type.Object({ name: Name, ...looks });
/** `PATCH …/groups/{id}`. */
export const GroupPatch = Type.Object({
  name: Type.Optional(Name),
  ...looks,
  closed: Type.Optional(Type.Boolean()),
});
/** `PUT …/announcements`. `enabled: false` closes them. */
export const AnnouncementsPut = Type.Object({
  name: Type.Optional(Name),
  ...looks,
  enabled: Type.Optional(Type.Boolean()),
});

const group = {
  id: Id,
  kind: oneOf(['group', 'announcements'] as const),
  name: Type.String(),
  description: orNull(Type.String()),
  photoUrl: orNull(Type.String()),
  coverUrl: orNull(Type.String()),
  settings: Type.Object({ posting: Type.Optional(posting) }),
  /** The place of the last post. */
  position: Count,
  closedAt: orNull(Time),
  createdAt: Time,
  changedAt: Time,
};
/** A group. */
export const GroupShown = Type.Object(group);
export type GroupShown = Static<typeof GroupShown>;
/** A group, and how many are in it. */
export const GroupCounted = Type.Object({ ...group, members: Count });
/** A page of groups. */
export const GroupPage = pageOf('groups', GroupCounted);
export type GroupPage = Static<typeof GroupPage>;

/** `POST …/groups/{id}/members`. */
export const MembersChange = Type.Object({
  add: Type.Optional(Type.Array(Id, { maxItems: CONSOLE_LIMITS.members })),
  remove: Type.Optional(Type.Array(Id, { maxItems: CONSOLE_LIMITS.members })),
  role: Type.Optional(role),
});
/** `PATCH …/groups/{id}/members/{contactId}`. */
export const MemberPatch = Type.Object({
  role: Type.Optional(role),
  notify: Type.Optional(NotifySetting),
  mutedUntil: Type.Optional(orNull(TimeGiven)),
});
/** Somebody in a group. */
export const MemberShown = Type.Object({
  contactId: Id,
  role,
  notify: NotifySetting,
  mutedUntil: orNull(Time),
  readPosition: Count,
  joinedAt: Time,
});
export type MemberShown = Static<typeof MemberShown>;
/** A page of members. */
export const MemberPage = pageOf('members', MemberShown);
export type MemberPage = Static<typeof MemberPage>;

/** `POST …/groups/{id}/posts`. `mentions` names contacts, or everybody. */
export const NewPost = Type.Object({
  content: AnyObject,
  mentions: Type.Optional(Type.Array(Id, { maxItems: 200 })),
  mentionsAll: Type.Optional(Type.Boolean()),
  sendAt: Type.Optional(TimeGiven),
});
/** One thing said in a group. */
export const PostShown = Type.Object({
  id: Id,
  groupId: Id,
  /** Null: it is to be said later. */
  position: orNull(Count),
  /** The member who said it; null: the business. */
  authorId: orNull(Id),
  content: Content,
  mentions: Type.Array(Id),
  mentionsAll: Type.Boolean(),
  favoritedAt: orNull(Time),
  deletedAt: orNull(Time),
  at: Time,
});
export type PostShown = Static<typeof PostShown>;
/** A page of posts, newest first. `next` is the place to go on before. */
export const PostPage = pageOf('posts', PostShown);
export type PostPage = Static<typeof PostPage>;
/** `POST …/favorites/{messageId}`. */
export const FavoritePut = Type.Object({ favorite: Type.Boolean() });
/** Whether something is marked. */
export const FavoriteShown = Type.Object({ favorite: Type.Boolean() });

const chat = oneOf(['direct', 'notices'] as const);
/** `POST …/accounts/{contactId}/messages`: to one connected account. */
export const NewAccountMessage = Type.Object({ kind: chat, content: AnyObject });
/** What was said to an account. */
export const AccountMessage = Type.Object({ messageId: Id, conversationId: Id, contactId: Id, at: Time });
/** `POST …/accounts/broadcasts`: to the conversation of each connected account of an audience. */
export const NewAccountBroadcast = Type.Object({
  kind: chat,
  content: AnyObject,
  audience: AudienceInput,
  sendAt: Type.Optional(TimeGiven),
});
/** What was said to many accounts. */
export const AccountBroadcast = Type.Object({
  broadcastId: Id,
  state: Type.String(),
  sendAt: orNull(Time),
});
