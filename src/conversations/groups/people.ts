/** What groups and the conversations of connected accounts have of people, let go of or moved to another. */
import type { Tx } from '../../db/pool.ts';
import { copyChats, deleteChats } from './sql.chats.ts';
import { copyMemberships, deleteMemberships } from './sql.groups.ts';
import { emptyPostsOf, moveAuthor } from './sql.posts.ts';

/** Where these tables can name a person (db/room.ts). */
export const groupsPersonal = {
  group_chats: 'names nobody',
  group_members: 'deleted',
  group_posts: 'emptied: what they said, and where they were named; the place stays',
  connect_chats: 'deleted',
  broadcast_posts: 'deleted',
  favorites: 'names nobody',
} as const;

/** What of these tables is exported of a person. */
export const groupsExports = {
  group_members: { by: 'contact', column: 'contact_id' },
  group_posts: { by: 'contact', column: 'author_id', hasBucket: false },
  connect_chats: { by: 'contact', column: 'contact_id' },
  broadcast_posts: { by: 'contact', column: 'contact_id' },
} as const;

/** Lets go of people. Safe to do twice. */
export async function forgetInGroups(
  tx: Tx,
  of: { workspaceId: number; contactIds: readonly number[]; atMs: number },
): Promise<void> {
  await deleteMemberships(tx, of.contactIds);
  await emptyPostsOf(tx, of.workspaceId, of.contactIds, of.atMs);
  await deleteChats(tx, of.contactIds);
}

/** Makes of two people one. */
export async function mergeInGroups(
  tx: Tx,
  { survivingId, discardedId }: { survivingId: number; discardedId: number },
): Promise<void> {
  await copyMemberships(tx, discardedId, survivingId);
  await deleteMemberships(tx, [discardedId]);
  await moveAuthor(tx, discardedId, survivingId);
  await copyChats(tx, discardedId, survivingId);
  await deleteChats(tx, [discardedId]);
}
