/** What was posted and is taken away: said or still to be said. */
import { conversationsById, withMerged } from '../conversations/history.ts';
import { removeMessages } from '../conversations/removed.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { deletePosts, selectHeld } from './sql.ts';
import { findThreads } from './threads.ts';
import { typingTold } from './told.ts';

/**
 * Removes what was said in a conversation and those merged into it, and what is still to be said there: one thing or all; returns how many
 * messages there were. Holds the threads, as whoever says what is due does: what is removed was said before that, or never is. `atMs` is by
 * the workspace's clock.
 */
export async function removeSaid(
  tools: { queue: Pick<Queue, 'append'> },
  tx: Tx,
  of: { workspaceId: number; conversationId: number; atMs: number },
  messageId?: number,
): Promise<number> {
  const { workspaceId, conversationId, atMs } = of;
  const conversationIds = await withMerged(tx, conversationId);
  await findThreads(tx, workspaceId, conversationIds, true);
  const typed = await deletePosts(tx, conversationIds, messageId);
  const removed = await removeMessages(tools, tx, { conversationIds, atMs }, messageId);
  if (typed.some(({ typingMs }) => typingMs <= atMs)) await endTyping(tools, tx, of);
  return removed;
}

/** What was shown as being typed is no more, unless something else is being typed. */
async function endTyping(
  { queue }: { queue: Pick<Queue, 'append'> },
  tx: Tx,
  { workspaceId, conversationId, atMs }: { workspaceId: number; conversationId: number; atMs: number },
): Promise<void> {
  const [conversation] = await conversationsById(tx, workspaceId, [conversationId]);
  // Within a team nobody is shown it.
  if (!conversation) return;
  const held = await selectHeld(tx, workspaceId, [conversationId]);
  const on = held.some(({ typingMs }) => typingMs !== null && typingMs <= atMs);
  const { contactId } = conversation;
  await queue.append(tx, [typingTold({ workspaceId, contactId, conversationId }, on, atMs)]);
}
