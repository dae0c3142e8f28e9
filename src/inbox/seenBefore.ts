/** What operators have seen of a conversation before it had a row: whoever writes the row takes it over. */
import type { Tx } from '../db/pool.ts';
import { lockUnheard, updateSeenBefore } from './sql.notes.ts';

/**
 * Takes over, of rows that this transaction has written, up to when somebody had seen them before. Who sees one at this very moment finds
 * no row yet, and is not found yet either: he is waited for, or waits (`noteSeen`). In one write.
 */
export async function takeOverSeen(tx: Tx, contactIds: readonly number[]): Promise<void> {
  if (contactIds.length) await Promise.all([lockUnheard(tx, contactIds), updateSeenBefore(tx, contactIds)]);
}
