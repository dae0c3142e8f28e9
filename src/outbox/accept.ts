/**
 * Accepted means committed: the message, its delivery, its due row and its event are written in one transaction, and only
 * then is there an answer. Everything a door lets in comes through here; what it takes is a batch.
 */
import type { ChannelName, MessageClass } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import type { Directory } from '../accounts/directory.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import { keepOutgoing } from '../conversations/conversations.ts';
import type { Author, Message, Source } from '../conversations/message.ts';
import { overtaken, type Tx } from '../db/pool.ts';
import { shortenMessages, type Links } from '../links/links.ts';
import type { Queue } from '../queue/queue.ts';
import type { MessageAccepted } from '../ledger/events.ts';
import { sendFirst } from '../ledger/onward.ts';

/** One message for one contact. */
export type Send = {
  workspaceId: number;
  contactId: number;
  conversationId: number;
  kind: Message['kind'];
  class: MessageClass;
  /** Checked content (content/check.ts). */
  content: Content;
  author: Author;
  source: Source;
  metadata?: Record<string, string | number | boolean>;
  /** Its id, where it was given out before; one of the contact's bucket. */
  messageId?: number;
  /** Its links were made short before, under that id. */
  isShort?: boolean;
  /** Send through this integration; the contact's destination on it is used. */
  integrationId?: number;
  /** Send to this destination. */
  destinationId?: number;
  /** On this channel only, where no destination is named: the devices of an account, not its phone number. */
  channel?: ChannelName;
  /** Its conversation was made for it in this transaction, and counts it already. */
  isCounted?: boolean;
  /** It is said, and nobody is told: its conversation is muted. */
  isQuiet?: boolean;
  /** How far the workspace's clock is ahead of ours; what is stored is by the workspace's. */
  aheadMs?: number;
  /** Not before this time, by the workspace's clock. */
  notBeforeMs?: number;
  /** In which its deliveries wait (queue/work/stream.ts); 0 where it is not said. */
  stream?: number;
  /** Give up after this time, by the workspace's clock. Default: 3 days. */
  expiresMs?: number;
};

/** A message nobody could deliver for three days is not worth delivering. */
const DEFAULT_LIFE_MS = 3 * 24 * 3600 * 1000;

/** What accepting needs. */
export type AcceptDeps = { queue: Queue; ids: IdSource; directory: Directory; links: Links };

/**
 * Accepts messages; part of the caller's transaction. `nowMs` is by our clock. Returns ids, times and contents, in order:
 * addresses that bring the person along are short in what is kept and sent, and whole in `longUri`.
 */
export async function accept(
  deps: AcceptDeps,
  tx: Tx,
  nowMs: number,
  sends: readonly Send[],
): Promise<{ messageId: number; atMs: number; content: Content }[]> {
  if (!sends.length) return [];
  const given = sends.map((send) => ({
    ...send,
    id: send.messageId ?? deps.ids.inBucket(bucketOf(send.contactId)),
    atMs: nowMs + (send.aheadMs ?? 0),
  }));
  const contents = await shortContents(deps, tx, given);
  const accepted = given.map((send, i) => ({
    ...send,
    content: contents[i]!,
    source: send.stream ? { ...send.source, stream: send.stream } : send.source,
  }));
  const told = accepted.filter(({ isQuiet }) => isQuiet !== true);
  // Sent without waiting for each other's answers: the driver pipelines them on the transaction's connection.
  const [areThere] = await Promise.all([
    keepOutgoing(tx, accepted),
    sendFirst(
      deps.queue,
      tx,
      told.map((send) => ({
        contactId: send.contactId,
        causeId: send.id,
        workspaceId: send.workspaceId,
        class: send.class,
        integrationId: send.integrationId ?? null,
        destinationId: send.destinationId ?? null,
        channel: send.channel ?? null,
        expiresMs: send.expiresMs ?? send.atMs + DEFAULT_LIFE_MS,
        // Who names where it is to go gets that and nothing else.
        mayFallBack: (send.integrationId ?? send.destinationId ?? send.channel) === undefined,
        atMs: send.atMs,
        stream: send.stream ?? 0,
        dueMs: Math.max(nowMs, (send.notBeforeMs ?? 0) - (send.aheadMs ?? 0)),
      })),
    ),
    deps.queue.append(
      tx,
      accepted.map((send) => ({
        ownerId: send.contactId,
        workspaceId: send.workspaceId,
        type: 'message.accepted',
        atMs: send.atMs,
        payload: {
          messageId: send.id,
          contactId: send.contactId,
          conversationId: send.conversationId,
          kind: send.kind,
        } satisfies MessageAccepted,
      })),
    ),
  ]);
  // Whose conversation it is was erased or merged meanwhile: what is said in it would be left over.
  if (!areThere) throw overtaken('a conversation was taken away meanwhile');
  return accepted.map(({ id, atMs, content }) => ({ messageId: id, atMs, content }));
}

async function shortContents(
  deps: AcceptDeps,
  tx: Tx,
  sends: readonly (Send & { id: number; atMs: number })[],
): Promise<Content[]> {
  const long = sends.filter(({ isShort }) => isShort !== true);
  const messages = await Promise.all(
    long.map(async ({ workspaceId, contactId, id: causeId, content, atMs }) => ({
      workspace: (await deps.directory.workspace(workspaceId)) ?? { id: workspaceId, name: '', settings: {} },
      contactId,
      causeId,
      content,
      atMs,
    })),
  );
  const shortened = (await shortenMessages(deps.links, tx, messages)).values();
  return sends.map(({ isShort, content }) => (isShort === true ? content : shortened.next().value!));
}
