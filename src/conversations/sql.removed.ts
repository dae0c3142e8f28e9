/** Every statement on removed_messages, and those on what is left where messages were taken away. */
import { bucketOf } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { NewMessage } from './message.ts';
import { inConversations } from './sql.ts';

/** A message that was taken away. */
type Taken = {
  id: number;
  contactId: number;
  workspaceId: number;
  direction: 'in' | 'out';
  kind: NewMessage['kind'];
  atMs: number;
};

/** Takes messages of conversations away, one or all of them; returns them in order. That something was sent is noted, for those who audit. */
export async function takeMessages(
  tx: Tx,
  conversationIds: readonly number[],
  messageId: number | undefined,
): Promise<Taken[]> {
  const taken = await tx<Taken[]>`
    DELETE FROM messages
    WHERE ${inConversations(tx, conversationIds)} ${messageId === undefined ? tx`` : tx`AND id = ${messageId}`}
    RETURNING id, contact_id AS "contactId", workspace_id AS "workspaceId", direction, kind, at_ms AS "atMs"`;
  const sent = taken.filter(({ direction }) => direction === 'out');
  if (sent.length)
    await tx`
      INSERT INTO removed_messages (bucket, id, workspace_id)
      SELECT * FROM unnest(${sent.map(({ id }) => bucketOf(id))}::smallint[], ${sent.map(({ id }) => id)}::bigint[],
        ${sent.map((one) => one.workspaceId)}::bigint[])
      ON CONFLICT DO NOTHING`;
  return taken.toSorted((a, b) => a.id - b.id);
}

/** Counts of a conversation without some messages: `sentMs` are the times of those that the contact may not have read. Locks the row. */
export async function updateForRemoved(
  tx: Tx,
  conversationId: number,
  { count, sentMs }: { count: number; sentMs: readonly number[] },
): Promise<void> {
  await tx`
    UPDATE conversations SET message_count = greatest(0, message_count - ${count}::integer),
      unread_count = greatest(0, unread_count
        - (SELECT count(*) FROM unnest(${[...sentMs]}::bigint[]) AS sent (at_ms) WHERE at_ms > coalesce(contact_read_ms, 0)))
    WHERE bucket = ${bucketOf(conversationId)} AND id = ${conversationId}`;
}

/** Forgets that messages were removed whose ids are below one. */
export async function deleteRemoved(db: Db, beforeId: number): Promise<void> {
  await db`DELETE FROM removed_messages WHERE id < ${beforeId}`;
}

/** The end of what was said: the newest of all and of each side, and the first of the contact's that nothing of the business's follows. */
export type Last = {
  messageId: number | null;
  atMs: number | null;
  inMs: number | null;
  outMs: number | null;
  waitingMs: number | null;
};

/** The end of what was said in some conversations up to a moment. Confirmations are nothing said. A probe of the index for each column. */
export async function selectLast(db: Db, ids: readonly number[], untilMs: number): Promise<Last> {
  const said = db`messages
    WHERE ${inConversations(db, ids)} AND kind <> 'confirmation' AND at_ms <= ${untilMs}::bigint`;
  const newest = db`ORDER BY at_ms DESC, id DESC LIMIT 1`;
  const [row] = await db<Last[]>`
    SELECT l.id AS "messageId", l.at_ms AS "atMs", i.at_ms AS "inMs", o.at_ms AS "outMs", w.at_ms AS "waitingMs"
    FROM (SELECT 1) once
    LEFT JOIN LATERAL (SELECT id, at_ms FROM ${said} ${newest}) l ON true
    LEFT JOIN LATERAL (SELECT at_ms FROM ${said} AND direction = 'in' ${newest}) i ON true
    LEFT JOIN LATERAL (SELECT at_ms FROM ${said} AND direction = 'out' ${newest}) o ON true
    LEFT JOIN LATERAL (
      SELECT at_ms FROM ${said} AND direction = 'in' AND at_ms > coalesce(o.at_ms, 0)
      ORDER BY at_ms, id LIMIT 1) w ON true`;
  return row!;
}
