/**
 * Finding what was said. The words are kept by a reader of the feed of its own (beside the inbox's: what fails here keeps no conversation
 * from being shown). Kept is what people said and what was said to them in conversations; not notifications, nor what campaigns and
 * broadcasts send to many, which would be the most of it and is found where it was sent.
 */
import { cutPage } from '../base/page.ts';
import { holdContacts } from '../contacts/held.ts';
import { plainText } from '../content/fallback.ts';
import type { MessageReceived } from '../conversations/conversations.ts';
import type { MessagesRemoved } from '../conversations/events.ts';
import { messagesById } from '../conversations/history.ts';
import type { Sql } from '../db/pool.ts';
import type { MessageAccepted } from '../ledger/events.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import {
  collectWords,
  deleteWordsOf,
  insertWords,
  newestWords,
  walkWords,
  type FoundMessage,
  type WordsLook,
} from './sql.words.ts';
import { wordsOf } from './words.ts';

export { askedIn, excerptOf, type SearchWords } from './words.ts';

/** A word that is in every tenth message fills a page from these, and its entries (it has many) are not gone through. */
const NEWEST = 1_000;
/** So many are sorted; where more have the words, the newest are walked through instead, this many at a time and this often. */
const MOST_COLLECTED = 5_000;
const STEP = 5_000;
const MOST_STEPS = 8;

/** The reader. */
export const wordsReader: FeedReader = {
  name: 'message_words',
  async read(tx, events) {
    const removed = events.flatMap(({ type, payload }) =>
      type === 'message.removed' ? (payload as MessagesRemoved).messageIds : [],
    );
    if (removed.length) await deleteWordsOf(tx, removed);
    const said = events.flatMap(({ type, workspaceId, payload }) => {
      const { messageId, contactId, ...rest } = payload as MessageReceived | MessageAccepted;
      const counts =
        type === 'message.received' ||
        (type === 'message.accepted' && (rest as MessageAccepted).kind === 'message');
      return counts ? [{ workspaceId, contactId, messageId }] : [];
    });
    for (const [workspaceId, list] of Map.groupBy(said, (one) => one.workspaceId)) {
      // Held, so that nobody is erased between the reading and the writing.
      list.sort((a, b) => a.contactId - b.contactId);
      await holdContacts(tx, list);
      const messages = await messagesById(
        tx,
        workspaceId,
        list.map(({ messageId }) => messageId),
      );
      const rows = messages
        .filter(({ source }) => source.type !== 'campaign')
        .map((message) => ({ ...message, words: wordsOf(plainText(message.content)) }))
        .filter(({ words }) => words.length);
      if (rows.length) await insertWords(tx, rows);
    }
  },
};

/** A page of messages that have the words, the newest first. `next` is the id below which to go on; undefined when there are no more. */
export async function findMessages(
  sql: Sql,
  look: WordsLook,
  limit: number,
): Promise<{ found: FoundMessage[]; next: number | undefined }> {
  const newest = await newestWords(sql, look, { among: NEWEST, limit: limit + 1 });
  if (newest.length > limit) return pageOf(newest, limit);
  const some = await sql.begin((tx) => collectWords(tx, look, MOST_COLLECTED));
  if (some.length < MOST_COLLECTED) {
    some.sort((a, b) => b.id - a.id);
    return pageOf(some, limit);
  }
  const found: FoundMessage[] = [];
  let belowId: number | undefined = look.belowId;
  for (let steps = 0; steps < MOST_STEPS && belowId !== undefined && found.length <= limit; steps++) {
    const walked = await walkWords(sql, { ...look, belowId }, STEP);
    found.push(...walked.found);
    belowId = walked.lastId;
  }
  return found.length > limit ? pageOf(found, limit) : { found, next: belowId };
}

function pageOf(all: FoundMessage[], limit: number): { found: FoundMessage[]; next: number | undefined } {
  const { rows, last } = cutPage(all, limit);
  return { found: rows, next: last?.id };
}
