/** Events of threads on the feed: what was posted and what became of a conversation, said in the transaction that did it. */
import type { IdSource } from '../base/ids.ts';
import type { ConversationTyping } from '../conversations/events.ts';
import type { Tx } from '../db/pool.ts';
import type { NewEvent, Queue } from '../queue/queue.ts';

/** `thread.told`. */
export type ThreadTold = {
  /** posted: a message; create, update: the conversation; notify: somebody waits. */
  what: 'posted' | 'create' | 'update' | 'notify';
  conversationId: number;
  postId?: number;
  /** The channel that is told; the inbox when absent. */
  channelId?: string;
};

/** That the business has begun or stopped to type to a contact. */
export function typingTold(
  of: { workspaceId: number; contactId: number; conversationId: number },
  on: boolean,
  atMs: number,
): NewEvent {
  const { workspaceId, contactId, conversationId } = of;
  const payload: ConversationTyping = { contactId, conversationId, by: 'business', on };
  return { ownerId: contactId, workspaceId, type: 'conversation.typing', atMs, payload };
}

/** Tells of things, in their order; part of the transaction. */
export async function tellOfThreads(
  tools: { queue: Queue; ids: IdSource },
  tx: Tx,
  workspaceId: number,
  atMs: number,
  told: readonly ThreadTold[],
): Promise<void> {
  if (told.length === 0) return;
  await tools.queue.append(
    tx,
    told.map((payload) => ({
      ownerId: payload.conversationId,
      workspaceId,
      type: 'thread.told',
      atMs,
      payload,
    })),
  );
}
