/** The statements by which an account sees what was said to it: messages of the contact's conversation, and broadcasts posted to it. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import type { ChatKind } from './sql.chats.ts';

/** Something that was said in one of the two conversations: a message, or a broadcast, by its id. */
export type SaidToAccount = { id: number; atMs: number; isMessage: boolean };

/** Whose, in which of their two conversations, and when: both times are inclusive. */
export type SaidIn = {
  contactId: number;
  /** The contact's conversation and those that were merged into it. */
  conversationIds: readonly number[];
  kind: ChatKind;
  fromMs: number;
  toMs: number;
};

/** The kind of message that each conversation holds. */
const MESSAGE_KIND: Readonly<Record<ChatKind, string>> = { direct: 'message', notices: 'notification' };

/** The newest before a place, newest first. */
export async function selectSaid(
  db: Db,
  of: SaidIn,
  page: { before?: { atMs: number; id: number } | undefined; limit: number },
): Promise<SaidToAccount[]> {
  const { atMs, id } = page.before ?? { atMs: of.toMs, id: Number.MAX_SAFE_INTEGER };
  const beforeMs = Math.min(atMs, of.toMs);
  return await db<SaidToAccount[]>`
    (SELECT m.id, m.at_ms AS "atMs", true AS "isMessage" FROM messages m
      WHERE m.bucket = ANY(${of.conversationIds.map(bucketOf)}::smallint[])
        AND m.conversation_id = ANY(${[...of.conversationIds]}::bigint[]) AND m.kind = ${MESSAGE_KIND[of.kind]}
        AND m.at_ms >= ${of.fromMs} AND (m.at_ms, m.id) < (${beforeMs}::bigint, ${id}::bigint)
      ORDER BY m.at_ms DESC, m.id DESC LIMIT ${page.limit})
    UNION ALL
    (SELECT b.broadcast_id, b.at_ms, false FROM broadcast_posts b
      WHERE b.bucket = ${bucketOf(of.contactId)} AND b.contact_id = ${of.contactId} AND b.kind = ${of.kind}
        AND b.at_ms >= ${of.fromMs} AND (b.at_ms, b.broadcast_id) < (${beforeMs}::bigint, ${id}::bigint)
      ORDER BY b.at_ms DESC, b.broadcast_id DESC LIMIT ${page.limit})
    ORDER BY 2 DESC, 1 DESC LIMIT ${page.limit}`;
}

/** When something was said in a conversation; undefined when it is none of it. */
export async function selectSaidAt(db: Db, of: SaidIn, id: number): Promise<number | undefined> {
  const [row] = await db<{ atMs: number }[]>`
    SELECT m.at_ms AS "atMs" FROM messages m
      WHERE m.bucket = ${bucketOf(id)} AND m.id = ${id} AND m.conversation_id = ANY(${[...of.conversationIds]}::bigint[])
        AND m.kind = ${MESSAGE_KIND[of.kind]} AND m.at_ms BETWEEN ${of.fromMs} AND ${of.toMs}
    UNION ALL
    SELECT b.at_ms FROM broadcast_posts b
      WHERE b.bucket = ${bucketOf(of.contactId)} AND b.contact_id = ${of.contactId} AND b.broadcast_id = ${id}
        AND b.kind = ${of.kind} AND b.at_ms BETWEEN ${of.fromMs} AND ${of.toMs}
    LIMIT 1`;
  return row?.atMs;
}

/** How much the business said in each conversation after a time; those in which it said nothing are left out. */
export async function countSaidAfter(
  db: Db,
  of: Pick<SaidIn, 'contactId' | 'conversationIds'>,
  after: readonly { kind: ChatKind; atMs: number }[],
): Promise<{ kind: ChatKind; n: number }[]> {
  const kinds = db`unnest(${after.map(({ kind }) => kind)}::text[], ${after.map(({ kind }) => MESSAGE_KIND[kind])}::text[],
    ${after.map(({ atMs }) => atMs)}::bigint[]) AS k (kind, message_kind, after_ms)`;
  const rows = await db<{ kind: ChatKind; n: number }[]>`
    SELECT k.kind, count(*) AS n FROM ${kinds} JOIN messages m ON m.kind = k.message_kind AND m.at_ms > k.after_ms
    WHERE m.bucket = ANY(${of.conversationIds.map(bucketOf)}::smallint[])
      AND m.conversation_id = ANY(${[...of.conversationIds]}::bigint[]) AND m.direction = 'out' GROUP BY k.kind
    UNION ALL
    SELECT k.kind, count(*) FROM ${kinds} JOIN broadcast_posts b ON b.kind = k.kind AND b.at_ms > k.after_ms
    WHERE b.bucket = ${bucketOf(of.contactId)} AND b.contact_id = ${of.contactId} GROUP BY k.kind`;
  return [...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, parts]) => ({
    kind,
    n: parts.reduce((sum, { n }) => sum + n, 0),
  }));
}
