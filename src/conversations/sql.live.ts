/** Statements on conversations and inbound messages that the live channel needs: what a person has read, what was said before. */
import { bucketOf } from '../base/ids.ts';
import { hash32 } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';

/**
 * The contact has read up to a message: what came after it stays unread. Returns false, and changes nothing, when it had read
 * that far; of messages of one millisecond, when as few were left. Locks the conversation.
 */
export async function updateReadUpTo(
  db: Db,
  upTo: { conversationId: number; messageId: number; atMs: number },
): Promise<boolean> {
  const bucket = bucketOf(upTo.conversationId);
  const rows = await db`
    UPDATE conversations SET contact_read_ms = greatest(contact_read_ms, ${upTo.atMs}::bigint), unread_count = after.n
    FROM (
      SELECT count(*) AS n FROM messages WHERE bucket = ${bucket} AND conversation_id = ${upTo.conversationId}
        AND direction = 'out' AND kind <> 'confirmation' AND (at_ms, id) > (${upTo.atMs}::bigint, ${upTo.messageId}::bigint)) AS after
    WHERE bucket = ${bucket} AND id = ${upTo.conversationId}
      AND (contact_read_ms IS NULL OR contact_read_ms < ${upTo.atMs}::bigint
        OR (contact_read_ms = ${upTo.atMs}::bigint AND unread_count > after.n)) RETURNING 1`;
  return rows.length > 0;
}

/** The message that was kept for an id of the provider's. */
export async function selectSeenMessage(
  db: Db,
  integrationId: number,
  externalId: string,
): Promise<number | undefined> {
  const [row] = await db<{ id: number }[]>`
    SELECT message_id AS id FROM inbound_seen WHERE hash = ${hash32(`${integrationId}|${externalId}`)}
      AND integration_id = ${integrationId} AND external_id = ${externalId}`;
  return row?.id;
}
