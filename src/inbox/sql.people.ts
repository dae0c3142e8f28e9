/** The statements on inbox and what hangs on it where somebody becomes another, or is forgotten. */
import { bucketOf } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import type { InboxRow } from './sql.ts';

/** Puts the row of a contact who became another to the other's: what is later counts, it is open if one of them was, and as pressing. Locks it. */
export async function absorbRow(
  tx: Tx,
  to: { workspaceId: number; contactId: number; conversationId: number },
  row: InboxRow,
): Promise<void> {
  await tx`
    INSERT INTO inbox AS i (bucket, contact_id, workspace_id, conversation_id, closed, snoozed_until_ms, assignee_id, team_id, priority, channel,
      destination_id, last_message_id, last_ms, last_in_ms, last_out_ms, waiting_ms, read_ms)
    VALUES (${bucketOf(to.contactId)}, ${to.contactId}, ${to.workspaceId}, ${to.conversationId}, ${row.closed},
      ${row.snoozedUntilMs}, ${row.assigneeId}, ${row.teamId}, ${row.priority}, ${row.channel}, ${row.destinationId}, ${row.lastMessageId}, ${row.lastMs},
      ${row.lastInMs}, ${row.lastOutMs}, ${row.waitingMs}, ${row.readMs})
    ON CONFLICT (bucket, contact_id) DO UPDATE SET
      closed = i.closed AND EXCLUDED.closed,
      snoozed_until_ms = CASE WHEN i.closed THEN EXCLUDED.snoozed_until_ms WHEN EXCLUDED.closed THEN i.snoozed_until_ms
        WHEN i.snoozed_until_ms IS NOT NULL AND EXCLUDED.snoozed_until_ms IS NOT NULL
        THEN least(i.snoozed_until_ms, EXCLUDED.snoozed_until_ms) END,
      assignee_id = coalesce(i.assignee_id, EXCLUDED.assignee_id),
      team_id = coalesce(i.team_id, EXCLUDED.team_id),
      priority = least(i.priority, EXCLUDED.priority),
      channel = CASE WHEN EXCLUDED.last_in_ms > i.last_in_ms THEN EXCLUDED.channel ELSE i.channel END,
      destination_id = CASE WHEN EXCLUDED.last_in_ms > i.last_in_ms THEN EXCLUDED.destination_id ELSE i.destination_id END,
      last_message_id = CASE WHEN EXCLUDED.last_ms > i.last_ms THEN EXCLUDED.last_message_id ELSE i.last_message_id END,
      last_ms = greatest(i.last_ms, EXCLUDED.last_ms), last_in_ms = greatest(i.last_in_ms, EXCLUDED.last_in_ms),
      last_out_ms = greatest(i.last_out_ms, EXCLUDED.last_out_ms), waiting_ms = least(i.waiting_ms, EXCLUDED.waiting_ms),
      read_ms = least(i.read_ms, EXCLUDED.read_ms)`;
}

/** Says which message is the newest, where there is a row that knows of none that is newer; who waits does so still. Locks the row. */
export async function updateNewest(
  tx: Tx,
  contactId: number,
  { id, atMs }: { id: number; atMs: number },
): Promise<void> {
  await tx`
    UPDATE inbox SET last_message_id = ${id}, last_ms = ${atMs}
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND last_ms < ${atMs}`;
}

/** Forgets contacts: rows, notes, drafts and marks; returns whose rows there were. */
export async function deleteInbox(tx: Tx, contactIds: readonly number[]): Promise<number[]> {
  const of = tx`bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
  const [rows] = await Promise.all([
    tx<{ contactId: number }[]>`DELETE FROM inbox WHERE ${of} RETURNING contact_id AS "contactId"`,
    tx`DELETE FROM inbox_notes WHERE ${of}`,
    tx`DELETE FROM inbox_seats WHERE ${of}`,
  ]);
  return rows.map(({ contactId }) => contactId);
}
