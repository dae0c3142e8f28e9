/**
 * What was said in conversations, as other rooms read and mark it. Writes nothing that is said: `outbox/accept` and
 * `receiveMessages` do.
 */
import type { Db } from '../db/pool.ts';
import { selectMergedFrom } from './sql.ts';

export {
  deleteConversation,
  deleteInboundSeen,
  deleteMessages,
  insertInboundSeen,
  insertMessages,
  markRead,
  markSeenUpTo,
  markStarted,
  noteIncoming,
  noteOutgoing,
  selectBegun,
  selectFileTexts,
  selectMessages,
  selectNotificationsSinceLastReply,
  selectPage,
  selectPostbacks,
  selectThread,
  type ThreadPlace,
  type Page,
} from './sql.ts';
export { markReadUpTo, selectSeenMessage } from './sql.live.ts';

/** A conversation and those that were merged into it. */
export async function withMerged(db: Db, conversationId: number): Promise<number[]> {
  return [conversationId, ...(await selectMergedFrom(db, conversationId))];
}
