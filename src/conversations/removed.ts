/** What was said and is taken away again, by who said it or who answers for it: it goes from all places where it is shown, found or counted. */
import type { Db, Tx } from '../db/pool.ts';
import type { NewEvent, Queue } from '../queue/queue.ts';
import { isSaid } from './conversations.ts';
import type { MessagesRemoved } from './events.ts';
import { withMerged } from './history.ts';
import { selectLast, takeMessages, updateForRemoved, type Last } from './sql.removed.ts';

/** So many ids are told in one event, at most. */
const REMOVED_AT_ONCE = 500;

/**
 * Removes what was said in conversations, one message or all, and tells each contact whose it is or was of it: who has become another is
 * told as whom they were. Returns how many messages there were.
 */
export async function removeMessages(
  { queue }: { queue: Pick<Queue, 'append'> },
  tx: Tx,
  { conversationIds, atMs }: { conversationIds: readonly number[]; atMs: number },
  messageId?: number,
): Promise<number> {
  const taken = await takeMessages(tx, conversationIds, messageId);
  const events: NewEvent[] = [];
  for (const [contactId, own] of Map.groupBy(taken, (one) => one.contactId))
    for (let from = 0; from < own.length; from += REMOVED_AT_ONCE) {
      const messageIds = own.slice(from, from + REMOVED_AT_ONCE).map(({ id }) => id);
      const payload: MessagesRemoved = { contactId, messageIds };
      events.push({
        ownerId: contactId,
        workspaceId: own[0]!.workspaceId,
        type: 'message.removed',
        atMs,
        payload,
      });
    }
  const counted = taken.filter(({ kind }) => isSaid(kind));
  const sentMs = counted.flatMap(({ direction, atMs: at }) => (direction === 'out' ? [at] : []));
  if (counted.length) await updateForRemoved(tx, conversationIds[0]!, { count: counted.length, sentMs });
  if (events.length) await queue.append(tx, events);
  return taken.length;
}

/** How a conversation ends, with those that were merged into it, of what was said up to a moment by the workspace's clock. */
export async function lastSaid(db: Db, conversationId: number, untilMs: number): Promise<Last> {
  return await selectLast(db, await withMerged(db, conversationId), untilMs);
}
