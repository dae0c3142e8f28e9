/** Every statement on message_words: the words of what was said, for who looks for it. */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { SearchWords } from './words.ts';

/** A message with its words. */
type Worded = {
  id: number;
  contactId: number;
  conversationId: number;
  workspaceId: number;
  words: readonly string[];
};

/** A message that was found. */
export type FoundMessage = { id: number; contactId: number };

/** What is looked for, and below which id. */
export type WordsLook = { workspaceId: number; asked: SearchWords; belowId: number };

/** Keeps words. Repeating it changes nothing. */
export async function insertWords(db: Db, rows: readonly Worded[]): Promise<void> {
  await db`
    INSERT INTO message_words (bucket, id, contact_id, conversation_id, workspace_id, words)
    SELECT bucket, id, contact_id, conversation_id, workspace_id, array_to_tsvector(string_to_array(words, ' ')) FROM unnest(
      ${column(rows, ({ id }) => bucketOf(id))}::smallint[], ${column(rows, ({ id }) => id)}::bigint[],
      ${column(rows, ({ contactId }) => contactId)}::bigint[], ${column(rows, ({ conversationId }) => conversationId)}::bigint[],
      ${column(rows, ({ workspaceId }) => workspaceId)}::bigint[],
      ${column(rows, ({ workspaceId, words }) => words.map((word) => lexeme(workspaceId, word)).join(' '))}::text[])
      AS m (bucket, id, contact_id, conversation_id, workspace_id, words)
    ON CONFLICT (bucket, id) DO NOTHING`;
}

/**
 * Messages that have the words, any `most` of them, through the index of words alone: where fewer are found, these are all. Costs what
 * the words have entries, and no other workspace's. Locks nothing.
 */
export async function collectWords(tx: Tx, look: WordsLook, most: number): Promise<FoundMessage[]> {
  // What is known of how often words come together is a guess, and a plan by a wrong one reads the whole table.
  await tx.unsafe('SET LOCAL enable_seqscan = off');
  await tx.unsafe('SET LOCAL enable_indexscan = off');
  return await tx<FoundMessage[]>`
    SELECT id, contact_id AS "contactId" FROM message_words
    WHERE words @@ ${queryOf(look)}::tsquery AND id < ${look.belowId} LIMIT ${most}`;
}

/** Of the newest `among` messages of a workspace below an id, the newest `limit` that have the words: reads no more than it takes. */
export async function newestWords(
  db: Db,
  look: WordsLook,
  { among, limit }: { among: number; limit: number },
): Promise<FoundMessage[]> {
  return await db<FoundMessage[]>`
    SELECT id, contact_id AS "contactId" FROM (
      SELECT id, contact_id, words FROM message_words
      WHERE workspace_id = ${look.workspaceId} AND id < ${look.belowId} ORDER BY id DESC LIMIT ${among}) AS newest
    WHERE words @@ ${queryOf(look)}::tsquery ORDER BY id DESC LIMIT ${limit}`;
}

/**
 * Of the newest `step` messages of a workspace below an id, those that have the words; `lastId` is the oldest that was looked at, undefined
 * when there were no more. Locks nothing.
 */
export async function walkWords(
  db: Db,
  look: WordsLook,
  step: number,
): Promise<{ found: FoundMessage[]; lastId: number | undefined }> {
  const [row] = await db<{ found: FoundMessage[] | null; lastId: number | null; n: number }[]>`
    WITH newest AS MATERIALIZED (
      SELECT id, contact_id, words FROM message_words
      WHERE workspace_id = ${look.workspaceId} AND id < ${look.belowId} ORDER BY id DESC LIMIT ${step})
    SELECT json_agg(json_build_object('id', id, 'contactId', contact_id) ORDER BY id DESC)
        FILTER (WHERE words @@ ${queryOf(look)}::tsquery) AS found,
      min(id) AS "lastId", count(*)::integer AS n
    FROM newest`;
  const { found, lastId, n } = row!;
  return { found: found ?? [], lastId: n < step ? undefined : lastId! };
}

/** Forgets what people said and what was said to them. */
export async function deleteWords(tx: Tx, contactIds: readonly number[]): Promise<void> {
  await tx`
    DELETE FROM message_words
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** Forgets the words of messages. */
export async function deleteWordsOf(tx: Tx, messageIds: readonly number[]): Promise<void> {
  await tx`
    DELETE FROM message_words m USING unnest(${messageIds.map(bucketOf)}::smallint[], ${[...messageIds]}::bigint[]) AS k (bucket, id)
    WHERE m.bucket = k.bucket AND m.id = k.id`;
}

/** A word of a workspace. */
function lexeme(workspaceId: number, word: string): string {
  return `${workspaceId.toString(16)}:${word}`;
}

/** Words hold nothing that a query has a meaning for (words.ts). */
function queryOf({ workspaceId, asked: { whole, begun } }: WordsLook): string {
  return [...whole.map((word) => `'${lexeme(workspaceId, word)}'`), `'${lexeme(workspaceId, begun)}':*`].join(
    ' & ',
  );
}
