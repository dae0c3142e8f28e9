/** What the inbox says of a conversation in which something is not kept any more. */
import { holdContacts } from '../contacts/held.ts';
import { lastSaid } from '../conversations/removed.ts';
import type { Tx } from '../db/pool.ts';
import { lockRows, takeRow, updateLast } from './sql.ts';

/**
 * Looks again at how the conversations of contacts end. Only back: what was said since is told of by an event of its own. Nothing is left
 * to show where nothing is left that was said; notes stay. Who has become another has it all in the other's conversation. Locks the rows.
 */
export async function takeBack(
  tx: Tx,
  contacts: readonly { workspaceId: number; contactId: number }[],
): Promise<void> {
  const { present, became } = await holdContacts(tx, contacts);
  const now = contacts.map(({ workspaceId, contactId }) => ({
    workspaceId,
    contactId: present.has(contactId) ? contactId : (became.get(contactId) ?? contactId),
  }));
  for (const [workspaceId, own] of Map.groupBy(now, (one) => one.workspaceId)) {
    const ids = [...new Set(own.map(({ contactId }) => contactId))];
    for (const row of await lockRows(tx, workspaceId, ids)) {
      const last = await lastSaid(tx, row.conversationId, row.lastMs);
      const { messageId, atMs } = last;
      if (messageId === null || atMs === null) await takeRow(tx, row.contactId);
      else
        await updateLast(tx, row.contactId, {
          messageId,
          atMs,
          inMs: Math.min(row.lastInMs, last.inMs ?? 0),
          outMs: Math.min(row.lastOutMs, last.outMs ?? 0),
          waitingMs: last.waitingMs,
        });
    }
  }
}
