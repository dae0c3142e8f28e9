/** What a conversation remembers beside its messages: that it has begun, and how far each side has read. */
import type { Db, Tx } from '../db/pool.ts';
import { updateForIncoming, updateRead, updateSeenUpTo, updateStarted } from './sql.ts';
import { updateReadUpTo } from './sql.live.ts';

/** The conversation has begun, by the contact's doing; true for whoever began it. Locks it. */
export async function markStarted(tx: Tx, conversationId: number, atMs: number): Promise<boolean> {
  return await updateStarted(tx, conversationId, atMs);
}

/** The contact was there, and has read all there is. Locks the conversation. */
export async function markThere(tx: Tx, conversationId: number, atMs: number): Promise<void> {
  await updateForIncoming(tx, [{ conversationId, count: 0, atMs }]);
}

/** One side has read all there is. */
export async function markRead(
  db: Db,
  conversationId: number,
  by: 'contact' | 'business',
  atMs: number,
): Promise<void> {
  await updateRead(db, conversationId, by, atMs);
}

/** The contact has read up to a message; false, and nothing is changed, when it had read that far. Locks the conversation. */
export async function markReadUpTo(
  tx: Tx,
  upTo: { conversationId: number; messageId: number; atMs: number },
): Promise<boolean> {
  return await updateReadUpTo(tx, upTo);
}

/** The business has read up to a time; false, and nothing is changed, when it had read that far. Locks the conversation. */
export async function markSeenUpTo(tx: Tx, conversationId: number, atMs: number): Promise<boolean> {
  return await updateSeenUpTo(tx, conversationId, atMs);
}
