/**
 * Links that wait for the person behind the address (api/sunshine.md §9.1): the first thing the person writes, or the yes or no to
 * what was asked, decides. Tells of it on the feed.
 */
import { takeAnswers, waitingAt, type PendingLink, type Word } from '../contacts/pending.ts';
import type { MessageReceived } from '../conversations/conversations.ts';
import { messagesById } from '../conversations/history.ts';
import type { Tx } from '../db/pool.ts';
import type { FeedReader, FeedEvent } from '../queue/feed/reader.ts';
import type { Queue } from '../queue/queue.ts';
import { linkFailures } from './failures.ts';
import { tellOfLinks, type LinkTold } from './told.ts';

/** The readers of the feed that follow links until they are made, or taken back. */
export function linkReaders(deps: { queue: Queue }): FeedReader[] {
  return [linkFailures, linkAnswers(deps)];
}

/** Takes what people write as answers. */
function linkAnswers(deps: { queue: Queue }): FeedReader {
  return {
    name: 'answered links',
    async read(tx, events) {
      const written = events.filter(
        ({ type, payload }) => type === 'message.received' && (payload as MessageReceived).destinationId > 0,
      );
      for (const [workspaceId, ofWorkspace] of Map.groupBy(written, (event) => event.workspaceId))
        await takeOf(deps, tx, workspaceId, ofWorkspace);
    },
  };
}

async function takeOf(
  deps: { queue: Queue },
  tx: Tx,
  workspaceId: number,
  events: readonly FeedEvent[],
): Promise<void> {
  const received = events.map(({ payload }) => payload as MessageReceived);
  const waiting = await waitingAt(tx, workspaceId, received);
  if (waiting.length === 0) return;
  const atMs = Math.max(...events.map((event) => event.atMs));
  const words = await wordsOf(tx, workspaceId, received);
  const { accepted, refused } = await takeAnswers(tx, atMs, waiting, words);
  await tellOfLinks(deps, tx, workspaceId, atMs, [...accepted.map(ofAccepted), ...refused.map(ofRefused)]);
}

async function wordsOf(tx: Tx, workspaceId: number, received: readonly MessageReceived[]): Promise<Word[]> {
  const messages = await messagesById(
    tx,
    workspaceId,
    received.map(({ messageId }) => messageId),
  );
  const texts = new Map(messages.map(({ id, content }) => [id, 'text' in content ? content.text : '']));
  return received.map(({ contactId, destinationId, messageId }) => ({
    contactId,
    destinationId,
    text: texts.get(messageId) ?? '',
  }));
}

function ofAccepted({ contactId, destinationId, told }: PendingLink): LinkTold {
  return { ...told, what: 'made', contactId, destinationId };
}

function ofRefused({ contactId, told }: PendingLink): LinkTold {
  return { ...told, what: 'failed', contactId, error: { code: 'forbidden', message: 'The user refused.' } };
}
