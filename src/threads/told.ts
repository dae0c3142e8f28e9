/** Events of threads on the feed: what was posted and what became of a conversation, said in the transaction that did it. */
import type { IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';

/** `thread.told`. */
export type ThreadTold = {
  /** posted: a message; create, update: the conversation; notify: somebody waits. */
  what: 'posted' | 'create' | 'update' | 'notify';
  conversationId: number;
  postId?: number;
  /** The channel that is told; the inbox when absent. */
  channelId?: string;
};

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
