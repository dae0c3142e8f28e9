/** Statements on what a person wrote, for what is sent in answer to it. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';

/** A mail that a person wrote, as its answer needs it. */
export type WrittenMail = {
  conversationId: number;
  externalId: string;
  references: string[];
  subject: string | null;
};

/** The mails that were written in conversations at a moment each; the last where there are several. Locks nothing. */
export async function selectMailsAt(
  db: Db,
  keys: readonly { conversationId: number; atMs: number }[],
): Promise<WrittenMail[]> {
  return await db<WrittenMail[]>`
    SELECT DISTINCT ON (m.conversation_id) m.conversation_id AS "conversationId", m.external_id AS "externalId",
      m.source -> 'mail' -> 'references' AS "references", m.content ->> 'subject' AS subject
    FROM unnest(${keys.map((k) => bucketOf(k.conversationId))}::smallint[], ${keys.map((k) => k.conversationId)}::bigint[],
      ${keys.map((k) => k.atMs)}::bigint[]) AS k (bucket, conversation_id, at_ms)
    JOIN messages m ON m.bucket = k.bucket AND m.conversation_id = k.conversation_id AND m.at_ms = k.at_ms
    WHERE m.direction = 'in' AND m.external_id IS NOT NULL AND m.source -> 'mail' -> 'references' IS NOT NULL
    ORDER BY m.conversation_id, m.id DESC`;
}

/** What a person wrote last, as its channel knows it. */
export type HeardLast = { conversationId: number; integrationId: number; externalId: string };

/** The last message that came in, in each of some conversations; those in which nothing came in, or whose last has no id, are left out. */
export async function selectHeardLast(db: Db, conversationIds: readonly number[]): Promise<HeardLast[]> {
  const rows = await onEachShard(
    db,
    conversationIds,
    bucketOf,
    async (some, buckets) =>
      await db<(Omit<HeardLast, 'externalId'> & { externalId: string | null })[]>`
        SELECT k.id AS "conversationId", (m.source ->> 'integrationId')::bigint AS "integrationId", m.external_id AS "externalId"
        FROM unnest(${some.map(bucketOf)}::smallint[], ${[...some]}::bigint[]) AS k (bucket, id)
        CROSS JOIN LATERAL (
          SELECT source, external_id FROM messages m
          WHERE m.bucket = k.bucket AND m.conversation_id = k.id AND m.direction = 'in' ${db.onShard('m.bucket', buckets)}
          ORDER BY m.at_ms DESC, m.id DESC LIMIT 1) m
        WHERE m.source -> 'integrationId' IS NOT NULL`,
  );
  return rows.filter((row): row is HeardLast => row.externalId !== null);
}
