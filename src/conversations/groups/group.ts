/** Group chats: what one is, who is in it, what is said there. Holds types only. */
import type { Content } from '../../../contract/content.ts';
import type { Author } from '../message.ts';

/** What a member is told of: everything, what names them, nothing. */
export type Notify = 'all' | 'mentions' | 'none';

/** What a member may do: owners and admins run the group. */
export type Role = 'owner' | 'admin' | 'member';

/** Who may post besides the business: everybody in the group, those who run it, nobody. */
type Posting = 'members' | 'admins' | 'business';

/** What can be set of a group. */
export type GroupSettings = { posting?: Posting };

/**
 * A group chat. `announcements` is the one of a connect client, whose members are its connected accounts. `position` is the place of
 * the last post; times are by the workspace's clock.
 */
export type Group = {
  id: number;
  workspaceId: number;
  kind: 'group' | 'announcements';
  name: string;
  description: string | null;
  photoUrl: string | null;
  coverUrl: string | null;
  settings: GroupSettings;
  position: number;
  /** Nothing is posted in it any more. */
  closedMs: number | null;
  createdMs: number;
  changedMs: number;
};

/** Somebody in a group. What stands after `readPosition` is unread. */
export type Membership = {
  groupId: number;
  contactId: number;
  role: Role;
  notify: Notify;
  mutedUntilMs: number | null;
  readPosition: number;
  joinedMs: number;
};

/** One thing said in a group. Kept once, whoever is in it. */
export type Post = {
  id: number;
  groupId: number;
  workspaceId: number;
  /** Null: it is to be said later. */
  position: number | null;
  /** The member who said it; null: the business. */
  authorId: number | null;
  author: Author;
  content: Content;
  mentions: number[];
  mentionsAll: boolean;
  atMs: number;
  deletedMs: number | null;
};

/** A post to be written down. */
export type NewPost = Omit<Post, 'position' | 'deletedMs'>;
